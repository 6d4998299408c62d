// Device configuration, registers that are not there, and the configuration access capability.
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class VirtioRegisterTests
{
    [Test]
    public void Device_configuration_tells_address_link_pairs_and_limits_and_the_generation_counts_changes_when_they_are_seen()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        ulong mac = Net(nic, VirtioNetConfig.MacOffset, 4) | (Net(nic, VirtioNetConfig.MacOffset + 4, 2) << 32);
        Assert.That(mac, Is.EqualTo(0x0200_0000_0002UL), "02:00:00:00:00:02: the serial number plus the function");
        Assert.That(Net(nic, VirtioNetConfig.StatusOffset, 2), Is.EqualTo(1));
        Assert.That(Net(nic, VirtioNetConfig.MaxVirtqueuePairsOffset, 2), Is.EqualTo(2));
        Assert.That(Net(nic, VirtioNetConfig.MtuOffset, 2), Is.EqualTo(9000));
        Assert.That(Net(nic, VirtioNetConfig.SpeedOffset, 4), Is.EqualTo(25000));
        Assert.That(Net(nic, VirtioNetConfig.DuplexOffset, 1), Is.EqualTo(1));
        Assert.That(Net(nic, VirtioNetConfig.RssMaxKeySizeOffset, 1), Is.EqualTo(40));
        Assert.That(Net(nic, VirtioNetConfig.RssMaxIndirectionTableLengthOffset, 2), Is.EqualTo(128));
        Assert.That(Net(nic, VirtioNetConfig.SupportedHashTypesOffset, 4), Is.EqualTo(0x3F));
        Assert.That(Net(nic, VirtioNetConfig.SupportedTunnelTypesOffset, 4), Is.Zero);

        ulong generation = nic.Common(Vf0, VirtioCommonConfig.ConfigGenerationOffset, 1);
        nic.Ports.IsLinkUp = false;
        nic.Step();
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0u) }));
        Assert.That(nic.Common(Vf0, VirtioCommonConfig.ConfigGenerationOffset, 1), Is.EqualTo(generation));
        Assert.That(Net(nic, VirtioNetConfig.StatusOffset, 2), Is.Zero);
        Assert.That(nic.Common(Vf0, VirtioCommonConfig.ConfigGenerationOffset, 1), Is.EqualTo(generation + 1));
        Assert.That(nic.Read(Vf0, BarMap.ControlBar, BarMap.IsrOffset, 1), Is.EqualTo(VirtioIsr.Configuration));
        Assert.That(nic.Read(Vf0, BarMap.ControlBar, BarMap.IsrOffset, 1), Is.Zero, "reading clears");
    }

    [Test]
    public void Accesses_that_no_register_answers_read_ones_or_are_dropped_and_never_throw()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        long before = nic.Firmware.DataPath.Counters.UnsuitableAccesses;
        var odd = new List<(int Bar, int Offset, int Bytes)>
        {
            (0, 1, 4), (0, 0, 3), (0, 0, 0), (0, -4, 4), (0, int.MaxValue, 1), (0, BarMap.ControlBytes, 4), (0, 0x14, 4), (0, 0x18, 4),
            (0, 0x3E, 4), (0, 0x40, 4), (0, 0x1800, 4), (0, 0x3000, 8), (1, 0, 4), (7, 0, 4), (-1, 0, 4), (0, 0, 8), (0, 0x20, 2), (4, 0x1000, 4),
        };
        foreach ((int bar, int offset, int bytes) in odd)
        {
            ulong ones = bytes is < 1 or > 7 ? ulong.MaxValue : (1UL << (8 * bytes)) - 1;
            Assert.That(nic.Read(Pf, bar, offset, bytes), Is.EqualTo(ones), $"BAR {bar}, {offset:x}, {bytes} bytes");
            nic.Write(Pf, bar, offset, bytes, 0);
        }

        Assert.That(nic.Firmware.DataPath.Counters.UnsuitableAccesses - before, Is.EqualTo(2 * odd.Count));
        Assert.That(nic.Status(Pf), Is.EqualTo(0x0F), "nothing was written");
    }

    [Test]
    public void The_configuration_access_capability_reaches_registers_and_doorbells_4_1_4_9()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        Window(nic, BarMap.ControlBar, VirtioCommonConfig.DeviceStatusOffset, 1);
        int data = nic.Offsets(Vf0).VirtioPciCfg + VirtioPciCapability.PciCfgDataOffset;
        Assert.That(nic.ConfigRead(Vf0, data), Is.EqualTo(0x0F));
        Window(nic, BarMap.NotifyBar, BarMap.NotifyOffMultiplier * 3, 4);
        nic.ConfigWrite(Vf0, data, 3);
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Queue), Is.EqualTo(new[] { 3 }));
        foreach ((uint bar, uint offset, uint length) in new[] { (0u, 0x14u, 3u), (0u, 0x15u, 2u), (9u, 0u, 4u), (0u, 0xFFFFFFFC, 4u), (0u, 0x4000u, 4u), (0u, 0u, 0u) })
        {
            Window(nic, bar, offset, length);
            Assert.That(nic.ConfigRead(Vf0, data), Is.Zero);
            nic.ConfigWrite(Vf0, data, 0);
        }

        Window(nic, BarMap.ControlBar, VirtioCommonConfig.DeviceStatusOffset, 1);
        nic.ConfigWrite(Vf0, data, 0, 1);
        Assert.That(nic.Status(Vf0), Is.Zero, "reset through the window");
    }

    private static ulong Net(DataPathUnderTest nic, int offset, int bytes) =>
        nic.Read(Vf0, BarMap.ControlBar, BarMap.DeviceConfigOffset + offset, bytes);

    private static void Window(DataPathUnderTest nic, uint bar, uint offset, uint length)
    {
        int window = nic.Offsets(Vf0).VirtioPciCfg;
        nic.ConfigWrite(Vf0, window + VirtioPciCapability.BarOffset, bar, 1);
        nic.ConfigWrite(Vf0, window + VirtioPciCapability.OffsetOffset, offset);
        nic.ConfigWrite(Vf0, window + VirtioPciCapability.LengthOffset, length);
    }
}
