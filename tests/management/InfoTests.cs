// What there is, by the management protocol: the endpoint, its functions, their configuration spaces and resets; over port and window.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

[TestFixture(Port)]
[TestFixture(0)]
public sealed class InfoTests(int way)
{
    [Test]
    public void The_endpoint_says_what_it_is_and_has()
    {
        var lab = new ManagementLab(new EndpointConfiguration
        {
            PhysicalFunctions = 2, TotalVFs = 5, RateGroups = 9, Mtu = 1500, EthernetMbps = 40000, SerialNumber = 0x0123_4567_89AB_CDEF,
            SubsystemVendorId = 0x1234, SubsystemId = 0x5678, PfQueuePairs = 3, VfQueuePairs = 2, PfMsixVectors = 300, VfMsixVectors = 7,
            LinkSpeed = 3, LinkWidth = 4, MaxPayloadBytes = 256,
        });
        lab.Clock.Advance(123_456_789);

        Answer info = lab.Ask(way, ManagementOpcode.EndpointInfo);

        Assert.That(info.Status, Is.EqualTo(ManagementStatus.Ok));
        Assert.That(info.Payload, Is.EqualTo(Fields(
            FirmwareVersion.Major, FirmwareVersion.Minor, FirmwareVersion.Patch, 1, 0x0123_4567_89AB_CDEFUL, 0x1234, 0x5678, 2, 5, 9, 1500,
            40000u, 3, 2, 300, 7, (byte)3, (byte)4, 256, 0u, (ulong)lab.Clock.NowUs)));
    }

    [Test]
    public void The_version_of_the_firmware_is_that_of_the_product()
    {
        Assert.That(
            typeof(FirmwareRuntime).Assembly.GetName().Version,
            Is.EqualTo(new Version(FirmwareVersion.Major, FirmwareVersion.Minor, FirmwareVersion.Patch, 0)));
    }

    [Test]
    public void Functions_are_listed_with_where_they_are_whether_they_are_there_and_how_they_are_set()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });
        lab.Endpoint.EnableVFs(3, pf: 1);
        lab.Endpoint.Settle();
        Set(lab, 7, ManagementAttributeKind.Mac, 0x0605_0403_0212);
        Set(lab, 7, ManagementAttributeKind.Vlan, 0x8100_6064);
        Set(lab, 7, ManagementAttributeKind.MaxTxRate, 900);
        Set(lab, 7, ManagementAttributeKind.MinTxRate, 100);
        Set(lab, 7, ManagementAttributeKind.SpoofCheck, 0);
        Set(lab, 7, ManagementAttributeKind.Weight, 999);
        Set(lab, 7, ManagementAttributeKind.InterruptCeiling, 5000);
        Set(lab, 7, ManagementAttributeKind.Adaptive, 1);

        Answer list = lab.Ask(way, ManagementOpcode.FunctionInfo, 0, 0);

        Assert.That((list.U16(0), list.U16(2), list.U16(4), list.U16(6), list.Payload.Length), Is.EqualTo((0, 10, 10, 40, 8 + (10 * 40))));
        int[] distances = [0, 1, 2, 4, 6, 8, 3, 5, 7, 9];
        for (int function = 0; function < 10; function++)
        {
            int at = 8 + (40 * function);
            bool isVf = function > 1;
            int pf = isVf ? (function - 2) / 4 : function;
            bool isEnabled = !isVf || (pf == 1 && (function - 2) % 4 < 3);
            Assert.That(
                (list.U16(at), list.U16(at + 2), list.U16(at + 4)), Is.EqualTo((function, pf, isVf ? (function - 2) % 4 : 0xFFFF)));
            Assert.That(
                list.U16(at + 6), Is.EqualTo(isVf ? pf == 0 ? distances[function] : distances[function] - 1 : 0), $"{function} routing");
            Assert.That((list.U16(at + 8) & ManagementFunction.FlagsEnabledMask) != 0, Is.EqualTo(isEnabled), $"{function} enabled");
            Assert.That((list.U16(at + 0x24), list.U16(at + 0x26)), Is.EqualTo(isVf ? (2, 16) : (4, 64)));
            Assert.That(list.Payload[at + 0x0B], Is.Zero);
        }

        int vf = 8 + (40 * 7);
        Assert.That(list.Payload[(vf + 0x0C)..(vf + 0x12)], Is.EqualTo(new byte[] { 0x12, 0x02, 0x03, 0x04, 0x05, 0x06 }));
        Assert.That((list.U16(vf + 0x12), list.U32(vf + 0x14), list.U32(vf + 0x18), list.U32(vf + 0x1C), list.U32(vf + 0x20)),
            Is.EqualTo((999, 0x8100_6064u, 900u, 100u, 5000u)));
        Assert.That(list.U16(vf + 8), Is.EqualTo(
            ManagementFunction.FlagsEnabledMask | ManagementFunction.FlagsLinkUpMask | ManagementFunction.FlagsMacPinnedMask
            | ManagementFunction.FlagsAdaptiveMask));
        Assert.That(list.U16(8 + (40 * 6) + 8) & ManagementFunction.FlagsSpoofCheckMask, Is.Not.Zero, "of a VF nobody has set");
    }

    [TestCase(0, 0, 24)]
    [TestCase(0, 5, 5)]
    [TestCase(0, 0xFFFF, 24)]
    [TestCase(10, 0, 24)]
    [TestCase(50, 0, 15)]
    [TestCase(64, 3, 1)]
    [TestCase(65, 3, 0)]
    [TestCase(0xFFFF, 0, 0)]
    public void A_list_begins_and_ends_where_it_is_told_to(int first, int wanted, int count)
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 64 });
        Answer list = lab.Ask(way, ManagementOpcode.FunctionInfo, first, wanted);
        Assert.That((list.Status, list.U16(0), list.U16(2), list.U16(4)), Is.EqualTo((0, first, count, 65)));
        Assert.That(list.Payload, Has.Length.EqualTo(8 + (40 * count)));
        Assert.That(Enumerable.Range(0, count).Select(entry => list.U16(8 + (40 * entry))), Is.EqualTo(Enumerable.Range(first, count)));
    }

    [Test]
    public void States_of_a_driver_are_seen()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsBusMasterMask, Is.Not.Zero);
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsDriverOkMask, Is.Zero);
        nic.Bring(DataPathUnderTest.Vf0);
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsDriverOkMask, Is.Not.Zero);
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsNeedsResetMask, Is.Zero);
        nic.Engine.Report(Hal.Contracts.QueueEventKind.Broken, DataPathUnderTest.Vf0, 1);
        nic.Step();
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsNeedsResetMask, Is.Not.Zero);
        Assert.That(Flags(lab, 2) & (ManagementFunction.FlagsNeedsResetMask | ManagementFunction.FlagsDriverOkMask), Is.Zero);
        Assert.That(Flags(lab, 2) & ManagementFunction.FlagsLinkUpMask, Is.Not.Zero);
        Set(lab, 3, ManagementAttributeKind.LinkState, ManagementLinkState.Disable);
        Assert.That(Flags(lab, 3) & ManagementFunction.FlagsLinkUpMask, Is.Zero, "its own, whatever the port's is");
        Assert.That(lab.Ask(way, ManagementOpcode.EndpointInfo).U16(6), Is.EqualTo(1));
        nic.Ports.IsLinkUp = false;
        Assert.That(lab.Ask(way, ManagementOpcode.EndpointInfo).U16(6), Is.Zero);
        Assert.That(Flags(lab, 2) & ManagementFunction.FlagsLinkUpMask, Is.Zero);
    }

    [Test]
    public void Configuration_space_is_read_as_the_host_reads_it()
    {
        var lab = new ManagementLab();
        lab.Endpoint.EnableVFs(3);
        lab.Endpoint.Settle();
        foreach ((int function, int id) in new[] { (0, EndpointUnderTest.PfId()), (3, lab.Endpoint.VfId(2)) })
        {
            for (int register = 0; register < 0x1000; register += 512)
            {
                Answer piece = lab.Ask(way, ManagementOpcode.ReadConfig, function, register, 512, 0);
                Assert.That((piece.Status, piece.U16(0), piece.U16(2), piece.U16(4), piece.U16(6)), Is.EqualTo((0, function, register, 512, 0)));
                for (int at = 0; at < 512; at += 4)
                {
                    Assert.That(piece.U32(8 + at), Is.EqualTo(lab.Endpoint.Read32(id, register + at)), $"{function} {register + at:x3}");
                }
            }
        }

        Assert.That(lab.Ask(way, ManagementOpcode.ReadConfig, 0, 0xFFC, 4, 0).Status, Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void Reading_pci_cfg_data_reaches_no_BAR()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(DataPathUnderTest.Vf0);
        int window = nic.Offsets(1).VirtioPciCfg;
        nic.ConfigWrite(1, window + VirtioPciCapability.BarOffset, BarMap.ControlBar, 1);
        nic.ConfigWrite(1, window + VirtioPciCapability.OffsetOffset, BarMap.IsrOffset);
        nic.ConfigWrite(1, window + VirtioPciCapability.LengthOffset, 1);
        nic.State.Isr[1] = 2;
        Answer piece = lab.Ask(way, ManagementOpcode.ReadConfig, 1, window, 20, 0);
        Assert.That(piece.Status, Is.EqualTo(ManagementStatus.Ok));
        Assert.That(nic.State.Isr[1], Is.EqualTo(2), "a read of the ISR would clear it");
        Assert.That(nic.ConfigRead(1, window + 16) & 0xFF, Is.EqualTo(2), "the host's read does reach it");
        Assert.That(nic.State.Isr[1], Is.Zero);
    }

    [TestCase(17, 0, 4, 0, ManagementStatus.BadArgument, ManagementReason.NoSuchFunction)]
    [TestCase(0xFFFF, 0, 4, 0, ManagementStatus.BadArgument, ManagementReason.NoSuchFunction)]
    [TestCase(1, 0, 4, 0, ManagementStatus.WrongState, ManagementReason.NotEnabled)]
    [TestCase(0, 0, 4, 1, ManagementStatus.BadArgument, ManagementReason.ReservedNotZero)]
    [TestCase(0, 2, 4, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0, 6, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0, 0, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0, 516, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0, 0xFFFC, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0x1000, 4, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0xFFC, 8, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    [TestCase(0, 0xFFFC, 4, 0, ManagementStatus.BadArgument, ManagementReason.OutOfRange)]
    public void Each_piece_that_cannot_be_is_refused_with_its_reason(int function, int register, int length, int reserved, int status, int reason)
    {
        var lab = new ManagementLab();
        Answer refusal = lab.Ask(way, ManagementOpcode.ReadConfig, function, register, length, reserved);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((status, reason)));
        Assert.That(refusal.Text, Is.Not.Empty);
    }

    [Test]
    public void A_VF_is_reset_as_by_a_function_level_reset_and_its_neighbour_is_not()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(DataPathUnderTest.Vf0);
        nic.Bring(DataPathUnderTest.Vf1);
        Assert.That(lab.Ask(way, ManagementOpcode.ResetVf, 1, 0).Payload, Is.Empty);
        nic.Settle();
        Assert.That((nic.Status(1), nic.Status(2)), Is.EqualTo((0, 0x0F)));
        Assert.That(nic.ConfigRead(1, PciConfigHeader.CommandOffset) & PciConfigHeader.CommandBusMasterEnableMask, Is.Zero);
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == 1), Is.False);
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == 2), Is.True);
    }

    [Test]
    public void While_a_reset_is_under_way_another_and_reading_are_busy()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(DataPathUnderTest.Vf0);
        nic.Notify(1, 1);
        nic.Step();
        Assert.That(nic.Firmware.DataPath.Turns.Total, Is.Positive, "a turn that does not end");
        Assert.That(lab.Ask(way, ManagementOpcode.ResetVf, 1, 0).Status, Is.EqualTo(ManagementStatus.Ok));
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsResettingMask, Is.Not.Zero);
        Assert.That(lab.Ask(way, ManagementOpcode.ResetVf, 1, 0).Status, Is.EqualTo(ManagementStatus.Busy));
        Assert.That(lab.Ask(way, ManagementOpcode.ReadConfig, 1, 0, 4, 0).Status, Is.EqualTo(ManagementStatus.Busy));
        nic.Engine.EndTurn(1, 1);
        nic.Settle();
        Assert.That(lab.Ask(way, ManagementOpcode.ReadConfig, 1, 0, 4, 0).Status, Is.EqualTo(ManagementStatus.Ok));
        Assert.That(Flags(lab, 1) & ManagementFunction.FlagsResettingMask, Is.Zero);
    }

    [TestCase(0, 0, ManagementStatus.BadArgument, ManagementReason.WrongKindOfFunction)]
    [TestCase(17, 0, ManagementStatus.BadArgument, ManagementReason.NoSuchFunction)]
    [TestCase(0xFFFF, 0, ManagementStatus.BadArgument, ManagementReason.NoSuchFunction)]
    [TestCase(1, 1, ManagementStatus.BadArgument, ManagementReason.ReservedNotZero)]
    [TestCase(1, 0, ManagementStatus.WrongState, ManagementReason.NotEnabled)]
    public void Each_reset_that_cannot_be_is_refused_with_its_reason(int function, int reserved, int status, int reason)
    {
        var lab = new ManagementLab();
        long resets = lab.Firmware.Resets.Completed;
        Answer refusal = lab.Ask(way, ManagementOpcode.ResetVf, function, reserved);
        lab.Endpoint.Settle();
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((status, reason)));
        Assert.That(lab.Firmware.Resets.Completed, Is.EqualTo(resets));
    }

    [Test]
    public void NumVFs_is_the_host_s_to_write_and_whoever_asks_is_denied()
    {
        var lab = new ManagementLab();
        Answer refusal = lab.Ask(way, ManagementOpcode.SetNumVFs, 0, 4);
        Assert.That((refusal.Status, refusal.Reason), Is.EqualTo((ManagementStatus.Denied, ManagementReason.None)));
        Assert.That(refusal.Text, Does.Contain("sriov_numvfs"));
        Assert.That(lab.Firmware.Sriov.VisibleVFs(0), Is.Zero);
    }

    private static int Flags(ManagementLab lab, int function) => lab.Ask(Port, ManagementOpcode.FunctionInfo, function, 1).U16(8 + 8);

    private static void Set(ManagementLab lab, int function, int attribute, ulong value) => Assert.That(
        lab.Ask(Port, ManagementOpcode.SetAttribute, function, attribute, 0u, value).Status, Is.EqualTo(ManagementStatus.Ok), $"attribute {attribute}");
}
