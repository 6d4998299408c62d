// What no driver does to a VMD controller: accesses of any size at any place, closed windows, messages from nowhere.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Hierarchy;

public sealed class VmdHostileTests
{
    private static readonly PciAddress Port = RootComplex.RootPortAddress;
    private static readonly int[] Regions = [0, 2, 4, VfioRegion.Config];

    [TestCaseSource(nameof(Regions))]
    public void Accesses_of_any_size_at_the_edges_of_a_region_neither_throw_nor_leave_bytes_unset(int region)
    {
        using var host = new VmdHost();
        host.Enumerate();
        ulong size = host.Vmd.RegionBytes(region);
        ulong[] edges = [0, 1, 0xFFC, 0xFFF, 0x1000, 0x1FFF, 0x2000, 0x2007, 0x200F, 0x2010, 0xF_FFFF, 0x10_0000, size / 2, size - 16, size - 3, size - 1];
        foreach (ulong edge in edges.Where(edge => edge < size))
        {
            foreach (int bytes in new[] { 0, 1, 2, 3, 4, 5, 7, 8, 9, 64, 4097 }.Where(bytes => edge + (ulong)bytes <= size))
            {
                var first = new byte[bytes];
                var second = new byte[bytes];
                Array.Fill(second, (byte)0xA5);
                host.Vmd.Read(region, edge, first);
                host.Vmd.Read(region, edge, second);
                Assert.That(second, Is.EqualTo(first), $"{bytes} bytes at {edge:x}");
                host.Vmd.Write(region, edge, new byte[bytes]);
            }
        }
    }

    [Test]
    public void Random_accesses_everywhere_leave_an_endpoint_that_a_host_can_still_use()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        var random = new Random(4);
        var data = new byte[16];
        for (int count = 0; count < 50_000; count++)
        {
            int region = Regions[random.Next(Regions.Length)];
            int bytes = random.Next(1, 17);

            // Mostly where something is: the first functions, the BARs.
            ulong limit = Math.Min(host.Vmd.RegionBytes(region), random.Next(4) == 0 ? ulong.MaxValue : 4UL << 20);
            ulong offset = (ulong)random.NextInt64((long)limit - bytes);
            random.NextBytes(data);
            if (random.Next(2) == 0)
            {
                host.Vmd.Read(region, offset, data.AsSpan(0, bytes));
            }
            else
            {
                host.Vmd.Write(region, offset, data.AsSpan(0, bytes));
            }
        }

        host.Settle();
        host.Vmd.Reset();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        Assert.That(host.VFs, Has.Count.EqualTo(8));
    }

    [Test]
    public void Closed_windows_and_BARs_that_are_not_set_reach_nobody()
    {
        using var host = new VmdHost();
        host.Enumerate();
        ulong status = host.Pf.Bars[0].Address + VirtioCommonConfig.DeviceStatusOffset;
        host.WriteMemory(status, 1, 1);
        Assert.That(host.ReadMemory(status, 1), Is.EqualTo(1));

        uint command = host.Root.Read(Port, PciConfigHeader.CommandOffset, 2);
        host.Root.Write(Port, PciConfigHeader.CommandOffset, 2, command & ~(uint)PciConfigHeader.CommandMemorySpaceEnableMask);
        Assert.That(host.ReadMemory(status, 1), Is.EqualTo(0xFF), "the port decodes no memory");
        host.Root.Write(Port, PciConfigHeader.CommandOffset, 2, command);

        uint limit = host.Root.Read(Port, PciBridgeHeader.PrefetchableLimitOffset, 2);
        host.Root.Write(Port, PciBridgeHeader.PrefetchableLimitOffset, 2, 0);
        Assert.That(host.ReadMemory(status, 1), Is.EqualTo(0xFF), "limit below base");
        host.Root.Write(Port, PciBridgeHeader.PrefetchableLimitOffset, 2, limit);

        host.WriteConfig(PciConfigHeader.Bar0Offset + 16, 4, 0);
        host.WriteConfig(PciConfigHeader.Bar0Offset + 20, 4, 0);
        Assert.That(host.ReadMemory(status, 1), Is.EqualTo(0xFF), "MEMBAR2 is elsewhere now");
        host.WriteMemory(status, 1, 0);
        host.PlaceBars();
        Assert.That(host.ReadMemory(status, 1), Is.EqualTo(1), "no write went astray");
    }

    [Test]
    public void The_controllers_own_part_of_MEMBAR2_is_no_functions_wherever_its_BARs_are()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Root.Write(Port, PciBridgeHeader.PrefetchableBaseOffset, 2, unchecked((uint)(VmdHost.Bar2Address >> 16)) & 0xFFF0);
        ConfigProbe.WriteBar(host.Root, host.Pf.Address, PciConfigHeader.Bar0Offset, new HostBar(0, BarMap.ControlBytes, true, true) { Address = VmdHost.Bar2Address });
        ConfigProbe.WriteBar(host.Root, host.Pf.Address, PciConfigHeader.Bar0Offset, new HostBar(4, BarMap.NotifyBytes, true, true) { Address = VmdHost.Bar2Address + 0x8000 });
        Assert.That(host.ReadMemory(VmdHost.Bar2Address + VirtioCommonConfig.NumQueuesOffset, 2), Is.Zero);
        Assert.That(host.ReadMemory(VmdHost.Bar2Address + 0x2008, 8), Is.Zero, "no shadow without remapping");
        Assert.That(host.ReadMemory(VmdHost.Bar2Address + 0x2010, 4), Is.EqualTo(host.Board.Read(new(0, -1, 0, 0x2010), 4)));
    }

    [Test]
    public void A_burst_over_many_pages_reads_what_single_accesses_read()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 2);
        ulong first = host.Pf.Bars[0].Address - VmdHost.Bar2Address - 0x1000;
        var burst = new byte[0x9003];
        host.Vmd.Read(VmdHost.MemoryBar2, first + 1, burst);
        for (int index = 7; index + 8 < burst.Length; index += 8)
        {
            ulong single = host.ReadRegion(VmdHost.MemoryBar2, first + 1 + (uint)index, 8);
            Assert.That(BitConverter.ToUInt64(burst, index), Is.EqualTo(single), $"at {index:x}");
        }
    }

    [Test]
    public void Hostile_39_a_reset_in_the_middle_of_everything_leaves_no_function_half_alive()
    {
        using var host = new VmdHost();
        for (int round = 0; round < 20; round++)
        {
            host.Enumerate();
            host.Found.EnableVFs(host.Pf, 8);
            List<byte[]> inbox = [];
            NetDriver first = host.StartDriver(host.VFs[0], []);
            NetDriver second = host.StartDriver(host.VFs[round % 7 + 1], inbox);
            for (int count = 0; count < round; count++)
            {
                first.TrySend([.. second.MacAddress, .. first.MacAddress, 0x88, 0xB5, .. new byte[64]]);
            }

            first.Flush();
            host.Board.Step();
            host.Vmd.Reset();
            Assert.That(host.Board.Firmware.Resets.IsIdle, Is.True);
            Assert.That(
                Enumerable.Range(0, host.Board.Firmware.Numbering.Count).Where(host.Board.Firmware.DataPath.State.IsLive), Is.Empty);
            Assert.That(host.Board.HasWork, Is.False);
        }
    }

    [Test]
    public void A_controller_without_a_host_takes_accesses_and_messages_and_tells_nobody()
    {
        using var host = new VmdHost();
        host.Vmd.Detach();
        host.Vmd.Detach();
        host.Vmd.Deliver(0xFEE0_0000, 1);
        host.WriteConfig(VmdHost.VmConfigOffset, 2, VmdHost.BypassMask);
        host.Vmd.Deliver(0xFEE0_0000, 1);
        host.Vmd.Unmapping(0, ulong.MaxValue);
        Assert.That(host.Messages, Is.Empty);
        Assert.That(host.Triggered, Is.All.Zero);
        Assert.That(host.Vmd.IsAttached, Is.False);
    }
}
