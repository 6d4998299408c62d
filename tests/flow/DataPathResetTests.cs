// Functions that break, are reset or vanish in the middle of traffic: nothing of theirs is written, and their neighbours go on.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class DataPathResetTests
{
    [Test]
    public void Hostile_11_a_broken_ring_costs_its_own_function_a_reset_and_its_neighbours_nothing()
    {
        using var lab = new NetLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 16, WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioFeature.RingPacked) });
        }

        long configurations = lab.Drivers[2].ConfigurationChanges;
        BreakTransmitRing(lab, vf: 2);
        lab.Settle();
        Assert.That(lab.Drivers[2].NeedsReset, Is.True);
        Assert.That(lab.Drivers[2].ConfigurationChanges, Is.GreaterThan(configurations));

        lab.Exchange(0, 1, 50);
        Assert.That(lab.Drivers[0].NeedsReset || lab.Drivers[1].NeedsReset, Is.False);

        lab.Drivers[2].Remove();
        lab.Start(2, new NetDriverOptions { QueueSize = 16 });
        lab.Exchange(0, 2, 10);
    }

    [Test]
    public void Hostile_11_a_broken_receive_ring_is_reported_too()
    {
        using var lab = new NetLab(3);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 16, WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioFeature.RingPacked) });
        }

        VirtioPciTransport transport = lab.Drivers[2].Transport;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 0);
        ulong descriptors = transport.ReadCommon(VirtioCommonConfig.QueueDescOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDescOffset + 4, 4) << 32);
        lab.Memory.At(descriptors, 16 * SplitDescriptor.Bytes).Fill(0xEE);
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 2, 100)), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        Assert.That(lab.Drivers[2].NeedsReset, Is.True);
        lab.Exchange(0, 1, 10);
    }

    [Test]
    public void Hostile_38_FLR_of_many_VFs_in_the_middle_of_traffic_leaves_a_neighbour_and_comes_back()
    {
        using var lab = new NetLab(8);
        for (int vf = 0; vf < 8; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 64 });
        }

        for (int vf = 2; vf < 8; vf++)
        {
            for (int count = 0; count < 20; count++)
            {
                lab.Drivers[vf].TrySend(lab.Frame(vf, 0, 200, count));
            }

            lab.Drivers[vf].Flush();
        }

        var reset = new FunctionReset(lab.Host);
        for (int vf = 2; vf < 8; vf++)
        {
            reset.FunctionLevel(lab.VFs[vf]);
            NetDriver gone = lab.Drivers[vf];
            lab.Drivers[vf] = null!;
            Assert.That(gone.Transport.Status, Is.Zero, "a reset function has no status");
        }

        lab.Inbox[0].Clear();
        lab.Exchange(0, 1, 50);
        for (int vf = 2; vf < 8; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = 64 });
            lab.Exchange(vf, 0, 5);
        }
    }

    [Test]
    public void Nothing_is_written_to_a_function_that_was_reset_6_6_2()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions { QueueSize = 8 });
        byte[] frame = lab.Frame(0, 1, 100);
        new FunctionReset(lab.Host).FunctionLevel(lab.VFs[1]);
        byte[] before = lab.Memory.At(HostMemory.BaseAddress, 1 << 20).ToArray();
        NetDriver gone = lab.Drivers[1];
        lab.Drivers[1] = null!;
        Assert.That(lab.Drivers[0].TrySend(frame), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();

        Assert.That(gone.Receivers[0].Frames, Is.Zero);
        Assert.That(lab.Board.Switch.Read(lab.Index(1), Counter.ReceivedFrames), Is.Zero);
        Assert.That(before, Is.Not.Empty);
    }

    [Test]
    public void Hostile_03_VF_Enable_toggled_under_traffic_writes_nothing_to_VFs_that_are_gone()
    {
        using var lab = new NetLab(3);
        HostFunction pf = lab.Pf;
        int control = pf.Find(PciExtendedCapability.IdSriov, isExtended: true) + SriovCapability.ControlOffset;
        uint on = lab.Host.Read(pf.Address, control, 2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 100)), Is.True);
        lab.Drivers[0].Flush();
        lab.Host.Write(pf.Address, control, 2, on & ~(uint)SriovCapability.ControlVfEnableMask);
        byte[] before = lab.Memory.At(HostMemory.BaseAddress, 8 << 20).ToArray();
        (lab.Drivers[0], lab.Drivers[1]) = (null!, null!);
        for (int round = 0; round < 1000; round++)
        {
            lab.Host.Write(pf.Address, control, 2, round % 2 == 0 ? on : on & ~(uint)SriovCapability.ControlVfEnableMask);
            lab.Board.Step();
        }

        Assert.That(lab.Memory.At(HostMemory.BaseAddress, 8 << 20).SequenceEqual(before), Is.True, "stale DMA");
        lab.Host.Write(pf.Address, control, 2, on);
        lab.Host.Wait(SriovCapability.VfEnableWaitUs);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        lab.Exchange(0, 1, 10);
    }

    [Test]
    public void A_queue_reset_in_the_middle_of_traffic_loses_nothing_sent_afterwards_2_6_1()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        for (int round = 0; round < 5; round++)
        {
            lab.Exchange(0, 1, 20);
            lab.Drivers[0].RestartQueue(1);
            lab.Drivers[1].RestartQueue(0);
        }
    }

    // A descriptor that points to itself: a loop. The driver's ring is found through the registers that it wrote.
    private static void BreakTransmitRing(NetLab lab, int vf)
    {
        VirtioPciTransport transport = lab.Drivers[vf].Transport;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 1);
        ulong descriptors = transport.ReadCommon(VirtioCommonConfig.QueueDescOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDescOffset + 4, 4) << 32);
        ulong avail = transport.ReadCommon(VirtioCommonConfig.QueueDriverOffset, 4)
            | ((ulong)transport.ReadCommon(VirtioCommonConfig.QueueDriverOffset + 4, 4) << 32);
        Span<byte> first = lab.Memory.At(descriptors, SplitDescriptor.Bytes);
        first.Clear();
        BitConverter.TryWriteBytes(first, descriptors);
        first[SplitDescriptor.LengthOffset] = 16;
        first[SplitDescriptor.FlagsOffset] = DescriptorFlags.Next;
        Span<byte> ring = lab.Memory.At(avail, AvailRing.RingOffset + AvailRing.EntryBytes);
        ring[AvailRing.RingOffset] = 0;
        ring[AvailRing.IdxOffset]++;
        lab.Board.Bars.Ring(new Emulator.Board.DecodedAddress(0, vf, Hal.Regs.BarMap.NotifyBar, Hal.Regs.BarMap.NotifyOffMultiplier));
    }
}
