// How long a host behind a vfio-user socket waits for an access, a frame and an interrupt, and what an idle emulator costs.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>
/// <c>emulator run</c> as a process of its own, this process as the host: two wake-ups of the kernel are in every figure.
/// The emulator sleeps before each access, as it does between those of a guest.
/// </summary>
internal static class SocketLatency
{
    private const int VFs = 8;
    private const int Warmups = 2_000;
    private const int Accesses = 10_000;
    private const int Frames = 5_000;
    private const int FrameBytes = 64;
    private const double IdleAim = 1.0;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    /// <summary>All figures, against an endpoint whose VFs all have a driver.</summary>
    public static IEnumerable<Result> Measure()
    {
        using var emulator = new EmulatorRun("--vfs", "8");
        using var host = new SocketHost(emulator.Socket);
        HostFunction pf = host.Found.PhysicalFunctions[0];
        host.Found.EnableVFs(pf, VFs);

        // The first two poll and want no interrupts.
        NetDriver[] drivers = [.. pf.Sriov!.VFs.Select((vf, number) => Start(host, vf, interruptAfter: number < 2 ? 0 : 1))];
        return
        [
            .. Row("socket_config_read", "configuration read through a socket", Time(Accesses, () => host.Root.Read(pf.Sriov.VFs[0].Address, PciConfigHeader.CommandOffset, 2))),
            .. Row("socket_mmio_read", "device status read through a socket", Time(Accesses, () => _ = drivers[0].Transport.Status)),
            .. Row("socket_frame", "doorbell through a socket until the frame is seen", Deliver(drivers[0], drivers[1], () => { })),
            .. Row("socket_interrupt", "doorbell through a socket until its interrupt message", Deliver(drivers[2], drivers[3], host.AwaitInterrupt)),
            new Result("socket_idle", $"processor time of an emulator with {VFs} idle VFs", IdleShare(emulator), "%", IdleAim),
        ];
    }

    private static NetDriver Start(SocketHost host, HostFunction vf, int interruptAfter)
    {
        host.Root.Write(
            vf.Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        var options = new NetDriverOptions { TransmitFrameBytes = FrameBytes, InterruptAfter = interruptAfter };
        var driver = new NetDriver(host.Root, vf, host.Ram, host.Interrupts, options);
        driver.Start();
        return driver;
    }

    private static Result[] Row(string name, string title, double[] microseconds) =>
    [
        new Result($"{name}_p50", $"{title}, median", Percentiles.Median(microseconds), "us"),
        new Result($"{name}_p99", $"{title}, 99 of 100 within", Percentiles.Of(microseconds, 99), "us"),
    ];

    private static double[] Time(int count, Action action)
    {
        double[] times = new double[count];
        for (int index = -Warmups; index < count; index++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            double time = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (index >= 0)
            {
                times[index] = time;
            }
        }

        return times;
    }

    // From the doorbell, not from before it: the driver's own work is in the ring by then.
    private static double[] Deliver(NetDriver sender, NetDriver receiver, Action awaitInterrupt)
    {
        byte[] frame = new byte[FrameBytes];
        ExperimentalFrame.WriteHeader(frame, receiver.MacAddress, sender.MacAddress);
        int seen = 0;
        receiver.FrameHandler = (in ReceivedFrame _) => seen++;
        return Time(Frames, () =>
        {
            int before = seen;
            sender.TrySend(frame);
            sender.Flush();
            awaitInterrupt();
            while (seen == before)
            {
                receiver.Poll();
            }

            sender.Poll();
        });
    }

    private static double IdleShare(EmulatorRun emulator)
    {
        Thread.Sleep(TimeSpan.FromSeconds(1));
        TimeSpan before = emulator.ProcessorTime;
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(Idle);
        return 100 * (emulator.ProcessorTime - before) / Stopwatch.GetElapsedTime(start);
    }
}
