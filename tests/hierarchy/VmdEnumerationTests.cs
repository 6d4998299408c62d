// What a kernel finds behind a VMD controller, through the regions of its socket.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Hierarchy;

public sealed class VmdEnumerationTests
{
    [Test]
    public void The_controller_is_what_the_vmd_driver_binds_to()
    {
        using var host = new VmdHost();
        Assert.That(host.ReadConfig(PciConfigHeader.VendorIdOffset, 4), Is.EqualTo(0x28C0_8086));
        Assert.That(host.ReadConfig(PciConfigHeader.RevisionIdOffset, 4) >> 8, Is.EqualTo(0x010400));
        Assert.That(host.ReadConfig(0x40, 2), Is.Zero, "VMCAP: buses start at 0");
        Assert.That(host.ReadConfig(0x70, 4), Is.Zero, "VMLOCK: no shadow registers");
        Assert.That(host.Vmd.RegionBytes(VfioRegion.Config), Is.EqualTo(4096));
        Assert.That(host.Vmd.IrqCount(VfioIrq.Msix), Is.EqualTo(32));
        Assert.That(host.Vmd.IrqCount(VfioIrq.Intx), Is.Zero);
        int[] others = [1, 3, VfioRegion.Bar5, VfioRegion.Rom, VfioRegion.Vga];
        Assert.That(others.Select(region => host.Vmd.RegionBytes(region)), Is.All.Zero);
    }

    [Test]
    public void BARs_are_sized_as_the_regions_are_7_5_1_2_1()
    {
        using var host = new VmdHost();
        (int Bar, uint Type)[] bars = [(0, 0xC), (2, 0x0), (4, 0xC)];
        foreach ((int bar, uint type) in bars)
        {
            int offset = PciConfigHeader.Bar0Offset + (bar * 4);
            host.WriteConfig(offset, 4, 0xFFFFFFFF);
            uint lower = host.ReadConfig(offset, 4);
            Assert.That(lower & 0xF, Is.EqualTo(type));
            Assert.That(~(lower & 0xFFFFFFF0) + 1, Is.EqualTo(host.Vmd.RegionBytes(bar)));
        }
    }

    [TestCase(1, 64, 32)]
    [TestCase(4, 64, 32)]
    [TestCase(4, 256, 64)]
    [TestCase(4, 1024, 128)]
    public void MEMBAR2_has_room_for_every_function(int pfs, int totalVFs, int megabytes)
    {
        using var host = new VmdHost(new EndpointConfiguration { PhysicalFunctions = pfs, TotalVFs = totalVFs });
        Assert.That(host.Vmd.RegionBytes(VmdHost.MemoryBar2), Is.EqualTo((ulong)megabytes << 20));
        host.Enumerate();
        Assert.That(host.Found.EndAddress, Is.LessThanOrEqualTo(VmdHost.Bar2Address + host.Vmd.RegionBytes(VmdHost.MemoryBar2)));
        Assert.That(host.Found.PhysicalFunctions, Has.Count.EqualTo(pfs));
    }

    [TestCase(1, 8)]
    [TestCase(1, 64)]
    [TestCase(4, 64)]
    public void VFs_of_every_PF_are_enabled_and_answer_in_configuration_and_memory(int pfs, int vfs)
    {
        using var host = new VmdHost(new EndpointConfiguration { PhysicalFunctions = pfs, TotalVFs = 64 });
        host.Enumerate();
        foreach (HostFunction pf in host.Found.PhysicalFunctions)
        {
            host.Found.EnableVFs(pf, vfs);
        }

        var addresses = new HashSet<PciAddress>();
        foreach (HostFunction vf in host.Found.PhysicalFunctions.SelectMany(pf => pf.Sriov!.VFs))
        {
            Assert.That(addresses.Add(vf.Address), $"{vf.Address} twice");
            Assert.That(host.Root.Read(vf.Address, PciConfigHeader.RevisionIdOffset, 4) >> 8, Is.EqualTo(0x020000), vf.Name);
            ulong common = vf.Bars[0].Address + BarMap.CommonConfigOffset;
            Assert.That(host.ReadMemory(common + VirtioCommonConfig.NumQueuesOffset, 2), Is.EqualTo(5), vf.Name);
            host.WriteMemory(common + VirtioCommonConfig.DeviceStatusOffset, 1, 1);
            Assert.That(host.ReadMemory(common + VirtioCommonConfig.DeviceStatusOffset, 1), Is.EqualTo(1), vf.Name);
        }

        Assert.That(addresses, Has.Count.EqualTo(pfs * vfs));
    }

    [Test]
    public void ECAM_of_functions_that_are_not_there_reads_all_ones_and_drops_writes()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        HashSet<PciAddress> there = [RootComplex.RootPortAddress, .. host.Found.Functions.Select(function => function.Address)];
        for (int routingId = 0; routingId < 32 << 8; routingId++)
        {
            var address = new PciAddress(routingId);
            bool isThere = there.Contains(address);
            uint header = host.ReadConfiguration(address, PciConfigHeader.RevisionIdOffset, 4);
            Assert.That(header == 0xFFFFFFFF, Is.EqualTo(!isThere), $"{address}");
            if (!isThere)
            {
                host.WriteConfiguration(address, PciConfigHeader.CommandOffset, 4, 0xFFFFFFFF);
            }
        }

        Assert.That(host.Found.Functions.Count(), Is.EqualTo(9));
        Assert.That(host.Root.Read(host.Pf.Address, PciConfigHeader.CommandOffset, 2), Is.EqualTo(6), "nobody's write hit the PF");
    }

    [Test]
    public void Reads_of_any_size_and_place_in_configuration_space_are_the_same_bytes()
    {
        using var host = new VmdHost();
        host.Enumerate();
        foreach ((int region, ulong first) in new[] { (VfioRegion.Config, 0UL), (VmdHost.ConfigurationBar, VmdHost.Ecam(host.Pf.Address, 0)) })
        {
            var whole = new byte[0x1000];
            host.Vmd.Read(region, first, whole);
            for (int offset = 0; offset < 0x200; offset++)
            {
                for (int bytes = 1; bytes <= 9; bytes++)
                {
                    var piece = new byte[bytes];
                    host.Vmd.Read(region, first + (uint)offset, piece);
                    Assert.That(piece, Is.EqualTo(whole.AsSpan(offset, bytes).ToArray()), $"{bytes} bytes at {offset:x}");
                }
            }
        }
    }

    [Test]
    public void A_frame_goes_from_VF_to_VF_with_interrupts_as_messages_and_the_board_rests_afterwards()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        List<byte[]> inbox = [];
        using NetDriver first = host.StartDriver(host.VFs[0], []);
        using NetDriver second = host.StartDriver(host.VFs[7], inbox);
        host.Settle();
        byte[] frame = [.. second.MacAddress, .. first.MacAddress, 0x88, 0xB5, .. Enumerable.Range(0, 100).Select(value => (byte)value)];
        int messages = host.Messages.Count;
        Assert.That(first.TrySend(frame), Is.True);
        first.Flush();
        Assert.That(host.Board.HasWork, Is.True, "a doorbell waits");
        host.Settle();
        second.Poll();
        Assert.That(inbox.Select(Convert.ToHexString), Is.EqualTo(new[] { Convert.ToHexString(frame) }));
        Assert.That(host.Messages, Has.Count.GreaterThan(messages));
        Assert.That(host.Messages.Select(message => message.Address >> 20), Is.All.EqualTo(0xFEE));
        Assert.That(host.Interrupts.Strays, Is.Zero);
        host.Settle();
        Assert.That(host.Board.HasWork, Is.False, "eight idle VFs leave nothing to do");
    }

    [Test]
    public void With_remapping_messages_name_vectors_and_addresses_are_those_of_the_shadow_registers()
    {
        using var host = new VmdHost(offersRemap: true);
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        Assert.That(host.Pf.Bars[0].Address, Is.Not.InRange(VmdHost.Bar2Address, VmdHost.Bar2Address + (32 << 20)));
        List<byte[]> inbox = [];
        using NetDriver first = host.StartDriver(host.VFs[0], []);
        using NetDriver second = host.StartDriver(host.VFs[1], inbox);
        byte[] frame = [.. second.MacAddress, .. first.MacAddress, 0x88, 0xB5, .. new byte[50]];
        Assert.That(first.TrySend(frame), Is.True);
        first.Flush();
        host.Settle();
        second.Poll();
        Assert.That(inbox, Has.Count.EqualTo(1));
        Assert.That(host.Triggered[0], Is.GreaterThan(0));
        Assert.That(host.Messages, Is.Empty);
    }

    [Test]
    public void VMCONFIG_decides_where_interrupts_go_and_what_names_none_is_dropped_and_counted()
    {
        using var host = new VmdHost();
        host.Vmd.Deliver(0xFEE0_5000, 1);
        Assert.That(host.Triggered[5], Is.EqualTo(1), "remapped until the driver says otherwise");
        host.Vmd.Deliver(0xFEE2_0000, 1);
        Assert.That(host.Vmd.StrayMessages, Is.EqualTo(1), "vector 32 of 32");
        host.WriteConfig(VmdHost.VmConfigOffset, 2, VmdHost.BypassMask);
        host.Vmd.Deliver(0xFEE2_0000, 0x4041);
        Assert.That(host.Messages, Is.EqualTo(new[] { (0xFEE2_0000UL, 0x4041u) }));
        foreach (ulong address in new ulong[] { 0, 0xFEDF_FFFC, 0xFEF0_0000, 0x1_FEE0_0000, ulong.MaxValue, HostMemory.BaseAddress })
        {
            host.Vmd.Deliver(address, 7);
        }

        Assert.That(host.Vmd.StrayMessages, Is.EqualTo(7), "no message becomes a write to memory");
        Assert.That(host.Messages, Has.Count.EqualTo(1));
    }
}
