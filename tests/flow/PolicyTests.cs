// What an operator decides, as the driver of a function and the switch get to know of it; and what drivers may not do.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class PolicyTests
{
    private const ulong First = 0x02_00_00_00_AA_02;
    private const ulong Second = 0x04_00_00_00_AA_02;
    private static readonly byte[] Ok = [VirtioNetControl.Ok];
    private static readonly byte[] Error = [VirtioNetControl.Error];

    [Test]
    public void Two_addresses_are_exchanged_in_a_transaction_and_each_driver_is_told_once()
    {
        DataPathUnderTest nic = Brought();
        PolicyControl control = nic.Firmware.DataPath.Control;
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Mac, Second), Is.Zero);
        nic.Ports.Messages.Clear();
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Mac, Second), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That((control.FaultReason, control.FaultText), Is.EqualTo((ManagementReason.UnusableMac, "VF 0 would have the MAC address of VF 1")));
        Assert.That(nic.Ports.Messages, Is.Empty);

        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Mac, Second), Is.Zero);
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(First), "not before the commit");
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.Commit(transaction, 2, false), Is.Zero);
        Assert.That((nic.Switch.Mac[Vf0], nic.Switch.Mac[Vf1]), Is.EqualTo((Second, First)));
        Assert.That(nic.Ports.Messages.Select(message => message.Function), Is.EquivalentTo(new[] { Vf0, Vf1 }));
        Assert.That((nic.State.Mac[Vf0], nic.State.Mac[Vf1]), Is.EqualTo((Second, First)));
    }

    [Test]
    public void Only_what_differs_is_told_to_the_switch()
    {
        DataPathUnderTest nic = Brought();
        PolicyControl control = nic.Firmware.DataPath.Control;
        nic.Switch.PortVlan.Clear();
        nic.Switch.SpoofCheck.Clear();
        nic.Switch.LinkUp.Clear();
        nic.Switch.Trusted.Clear();
        nic.Switch.Mac.Clear();
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.SpoofCheck, 1), Is.Zero, "as it is");
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 7), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Vlan, 0x88A8_A064), Is.Zero);
        Assert.That(control.Commit(transaction, 3, false), Is.Zero);
        Assert.That(nic.Switch.PortVlan, Has.Count.EqualTo(1));
        Assert.That((nic.Switch.PortVlan[Vf1], nic.Switch.Protocol[Vf1]), Is.EqualTo(((100, 5), 0x88A8)));
        Assert.That(nic.Switch.SpoofCheck.Count + nic.Switch.LinkUp.Count + nic.Switch.Trusted.Count + nic.Switch.Mac.Count, Is.Zero);
        Assert.That(nic.Ports.Messages, Is.Empty, "no driver has anything to read");
    }

    [Test]
    public void The_change_at_fault_is_named()
    {
        PolicyControl control = new DataPathUnderTest().Firmware.DataPath.Control;
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.MinTxRate, 20_000), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.MinTxRate, 20_000), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Weight, 5), Is.Zero);
        Assert.That(control.Commit(transaction, 4, true), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That((control.FaultReason, control.FaultChange), Is.EqualTo((ManagementReason.GuaranteeTooLarge, 2u)));
        Assert.That(control.FaultText, Is.EqualTo("guarantees in the port would add up to 40000 Mbit/s; it may send 25000"));

        Assert.That(control.Begin(out transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Weight, 5), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.Trust, 1), Is.Zero);
        Assert.That(control.Commit(transaction, 4, false), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That((control.FaultReason, control.FaultChange), Is.EqualTo((ManagementReason.UnusableMac, 0u)), "VF 0 is judged before VF 1");
        Assert.That(control.Table.Weight[Vf1], Is.EqualTo(1));
    }

    [Test]
    public void Changes_that_are_missing_and_more_than_there_is_room_for_are_refused()
    {
        PolicyControl control = new DataPathUnderTest().Firmware.DataPath.Control;
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 5), Is.Zero);
        Assert.That(control.Commit(transaction + 1, 1, false), Is.EqualTo(ManagementStatus.WrongState));
        Assert.That(control.Commit(transaction, 2, false), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That((control.FaultReason, control.Table.Weight[Vf0], control.Transaction), Is.EqualTo((ManagementReason.ChangesMissing, 1, 0u)));

        Assert.That(control.Begin(out transaction), Is.Zero);
        uint changes = 0;
        while (changes < PolicyControl.MaxChanges && control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 1 + (changes % 9)) == 0)
        {
            changes++;
        }

        Assert.That(control.FaultReason, Is.EqualTo(ManagementReason.TooManyChanges));
        Assert.That(changes, Is.EqualTo((9 * ManagementAttributeKind.Last) + (2 * 17)), "functions and groups of this endpoint");
        Assert.That(control.Commit(transaction, changes, false), Is.Zero);
        Assert.That(control.Table.Weight[Vf0], Is.EqualTo(1 + ((changes - 1) % 9)));
    }

    [Test]
    public void A_transaction_that_nobody_goes_on_with_is_forgotten_after_two_seconds()
    {
        var nic = new DataPathUnderTest();
        PolicyControl control = nic.Firmware.DataPath.Control;
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(nic.Firmware.DataPath.Arbitration.SetWeight(Vf0, 9), Is.EqualTo("another transaction is open"));
        nic.Step();
        nic.Clock.Advance(PolicyControl.IdleUs - 1);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 5), Is.Zero);
        nic.Step();
        nic.Clock.Advance(PolicyControl.IdleUs - 1);
        nic.Step();
        Assert.That(control.Transaction, Is.EqualTo(transaction));
        Assert.That(nic.Firmware.NextTimerUs, Is.LessThanOrEqualTo(nic.Clock.NowUs + 1), "a controller that sleeps wakes for it");
        nic.Clock.Advance(1);
        nic.Step();
        Assert.That((control.Transaction, control.Table.Weight[Vf0]), Is.EqualTo((0u, 1)));
        Assert.That(control.Commit(transaction, 1, false), Is.EqualTo(ManagementStatus.WrongState));
        Assert.That(nic.Firmware.DataPath.Arbitration.SetWeight(Vf0, 9), Is.Null);
    }

    [Test]
    public void A_link_state_is_what_the_driver_reads_and_hears_of_and_the_switch_does()
    {
        DataPathUnderTest nic = Brought();
        VfPolicy policy = nic.Firmware.DataPath.Policy;
        Assert.That((Link(nic, Vf0), nic.Switch.LinkUp[Vf0]), Is.EqualTo((1UL, true)));
        Assert.That(policy.SetLinkState(Vf0, ManagementLinkState.Enable), Is.Null);
        Assert.That(nic.Ports.Messages, Is.Empty, "it was up, and is");
        Assert.That(policy.SetLinkState(Vf0, ManagementLinkState.Disable), Is.Null);
        Assert.That((Link(nic, Vf0), nic.Switch.LinkUp[Vf0]), Is.EqualTo((0UL, false)));
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0u) }));

        // It outlives a reset.
        nic.InitiateFlr(Vf0);
        nic.Settle();
        nic.Switch.LinkUp.Clear();
        nic.Bring(Vf0);
        Assert.That((Link(nic, Vf0), nic.Switch.LinkUp[Vf0]), Is.EqualTo((0UL, false)));
        Assert.That(policy.SetLinkState(Vf0, ManagementLinkState.Enable), Is.Null);
        nic.Ports.Messages.Clear();
        nic.Ports.IsLinkUp = false;
        nic.Step();
        Assert.That((Link(nic, Vf0), nic.Switch.LinkUp[Vf0]), Is.EqualTo((1UL, true)), "whatever the port's is");
        Assert.That((Link(nic, Vf1), nic.Switch.LinkUp[Vf1]), Is.EqualTo((0UL, false)), "as the port's");
        Assert.That(nic.Ports.Messages.Select(message => message.Function), Is.EqualTo(new[] { Pf, Vf1 }), "who is not concerned is not told");
        Assert.That(policy.SetLinkState(Vf1, 3), Is.EqualTo("a link state is 0 to 2, not 3"));
    }

    [Test]
    public void Hostile_20_what_a_VF_that_is_not_trusted_may_not_do_is_answered_counted_and_recorded_once()
    {
        DataPathUnderTest nic = Brought();
        DataPath path = nic.Firmware.DataPath;
        ulong own = path.Policy.Mac(Vf0);
        ulong other = path.Policy.Mac(Vf1);
        Assert.That(nic.Command(Vf0, SetMac(First)), Is.EqualTo(Ok), "nobody has given it one");
        Assert.That(path.Control.SetAttribute(Vf0, ManagementAttributeKind.Mac, own), Is.Zero);
        int events = path.Events.Count;
        uint denied = 0;
        foreach (byte[] command in new[] { [0, 0, 1], [0, 1, 1], SetMac(First), SetMac(other), Table(other), Many(65, 0), Many(0, 65) })
        {
            Assert.That(nic.Command(Vf0, command), Is.EqualTo(Error));
            Assert.That(path.Counters.DeniedCommands[Vf0], Is.EqualTo(++denied));
        }

        Assert.That(nic.Switch.Mode[Vf0], Is.Zero);
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(own));
        Assert.That(nic.Switch.Filter, Is.Empty);
        Assert.That(path.Events.Count, Is.EqualTo(events + 1), "a flood takes one place");
        Assert.That(
            (path.Events.Kind(events), path.Events.Function(events), path.Events.Times(events), path.Events.Detail(events)),
            Is.EqualTo((ManagementEventKind.RequestDenied, Vf0, denied, ManagementEventKind.DeniedCommand + 0x100)));
        foreach (byte[] command in new[] { [0, 0, 0], [0, 1, 0], SetMac(own), Table(First), Many(64, 64) })
        {
            Assert.That(nic.Command(Vf0, command), Is.EqualTo(Ok));
        }

        Assert.That(path.Counters.DeniedCommands[Vf0], Is.EqualTo(denied));
        Assert.That(path.Counters.DeniedCommands[Vf1], Is.Zero);
    }

    [Test]
    public void Who_is_trusted_may_until_it_no_longer_is()
    {
        DataPathUnderTest nic = Brought();
        DataPath path = nic.Firmware.DataPath;
        ulong own = path.Policy.Mac(Vf0);
        Assert.That(path.Control.SetAttribute(Vf0, ManagementAttributeKind.Mac, own), Is.Zero);
        Assert.That(path.Policy.SetTrust(Vf0, true), Is.Null);
        Assert.That(nic.Switch.Trusted[Vf0], Is.True);
        foreach (byte[] command in new[] { [0, 0, 1], [0, 1, 1], SetMac(First), Table(path.Policy.Mac(Vf1)) })
        {
            Assert.That(nic.Command(Vf0, command), Is.EqualTo(Ok));
        }

        Assert.That(nic.Command(Vf0, SetMac(path.Policy.Mac(Vf1))), Is.EqualTo(Error), "an address has one owner");
        Assert.That(nic.Switch.Mac[Vf0], Is.EqualTo(First));
        Assert.That(path.Control.SetAttribute(Vf1, ManagementAttributeKind.Mac, First), Is.EqualTo(ManagementStatus.BadArgument), "taken");
        Assert.That(path.Policy.SetTrust(Vf0, false), Is.Null);
        Assert.That((nic.Switch.Mode[Vf0], nic.Switch.Trusted[Vf0], nic.Switch.Mac[Vf0]), Is.EqualTo((0, false, own)));
        Assert.That(path.Control.SetAttribute(Vf1, ManagementAttributeKind.Mac, First), Is.Zero);

        Assert.That(nic.Command(Pf, [0, 0, 1]), Is.EqualTo(Ok), "a PF always");
        Assert.That(path.Policy.SetTrust(Pf, false), Is.EqualTo("trust, queue pairs and MSI-X vectors are of VFs, not of PF 0"));
    }

    [Test]
    public void Policy_outlives_VFs_that_are_disabled_and_enabled()
    {
        DataPathUnderTest nic = Brought();
        PolicyControl control = nic.Firmware.DataPath.Control;
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Mac, First), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Vlan, 0x8100_6007), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Trust, 1), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.SpoofCheck, 0), Is.Zero);
        int sriov = nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset;
        uint enabled = nic.ConfigRead(Pf, sriov) & 0xFFFF;
        nic.ConfigWrite(Pf, sriov, enabled & ~(uint)SriovCapability.ControlVfEnableMask, 2);
        nic.Settle();
        nic.Switch.PortVlan.Clear();
        nic.ConfigWrite(Pf, sriov, enabled, 2);
        nic.Settle();
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.Bring(Vf0);
        Assert.That(
            (nic.Switch.Mac[Vf0], nic.Switch.PortVlan[Vf0], nic.Switch.Trusted[Vf0], nic.Switch.SpoofCheck[Vf0]),
            Is.EqualTo((First, (7, 3), true, false)));
    }

    [Test]
    public void Queue_pairs_and_vectors_move_between_VFs_that_stand_still_and_the_next_driver_sees_them()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 4, MaxVfQueuePairs = 4, MaxVfMsixVectors = 32 });
        PolicyControl control = nic.Firmware.DataPath.Control;
        int table = nic.Offsets(Vf0).Msix + MsixCapability.MessageControlOffset;
        nic.Bring(Vf1);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.QueuePairs, 4), Is.EqualTo(ManagementStatus.BadArgument));
        Assert.That(control.FaultReason, Is.EqualTo(ManagementReason.NoneFree));
        Assert.That(control.SetAttribute(Vf1, ManagementAttributeKind.QueuePairs, 1), Is.EqualTo(ManagementStatus.WrongState));
        Assert.That((control.FaultReason, control.FaultText), Is.EqualTo((ManagementReason.FunctionRuns, "a driver runs VF 1: its queue pairs cannot be changed")));

        Assert.That(control.Begin(out uint transaction), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.QueuePairs, 4), Is.Zero);
        Assert.That(control.SetAttribute(3, ManagementAttributeKind.QueuePairs, 1), Is.Zero);
        Assert.That(control.SetAttribute(4, ManagementAttributeKind.QueuePairs, 1), Is.Zero);
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.MsixVectors, 20), Is.Zero);
        Assert.That(control.SetAttribute(3, ManagementAttributeKind.MsixVectors, 12), Is.Zero);
        Assert.That(control.Commit(transaction, 5, false), Is.Zero, control.FaultText);
        for (int round = 0; round < 2; round++)
        {
            Assert.That(nic.ConfigRead(Vf0, table & ~3) >> 16 & MsixCapability.MessageControlTableSizeMask, Is.EqualTo(19u));
            Assert.That(nic.ConfigRead(3, table & ~3) >> 16 & MsixCapability.MessageControlTableSizeMask, Is.EqualTo(11u));
            nic.Bring(Vf0);
            Assert.That(nic.Common(Vf0, VirtioCommonConfig.NumQueuesOffset, 2), Is.EqualTo(9UL));
            Assert.That(
                nic.Read(Vf0, BarMap.ControlBar, BarMap.DeviceConfigOffset + VirtioNetConfig.MaxVirtqueuePairsOffset, 2), Is.EqualTo(4UL));
            Assert.That(nic.Common(3, VirtioCommonConfig.NumQueuesOffset, 2), Is.EqualTo(3UL));
            Assert.That(nic.Read(3, BarMap.MsixBar, 12 * MsixTableEntry.Bytes, 4), Is.EqualTo(0xFFFFFFFFUL), "no thirteenth vector");
            nic.InitiateFlr(Vf0);
            nic.Settle();
            nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
            nic.MessageControl(Vf0, MsixCapability.MessageControlEnableMask);
        }
    }

    private static DataPathUnderTest Brought()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        return nic;
    }

    private static ulong Link(DataPathUnderTest nic, int function) =>
        nic.Read(function, BarMap.ControlBar, BarMap.DeviceConfigOffset + VirtioNetConfig.StatusOffset, 2);

    private static byte[] Bytes(ulong mac) => System.BitConverter.GetBytes(mac)[..6];

    private static byte[] SetMac(ulong mac) => [1, 1, .. Bytes(mac)];

    private static byte[] Table(ulong mac) => [1, 0, 1, 0, 0, 0, .. Bytes(mac), 0, 0, 0, 0];

    private static byte[] Many(int unicast, int multicast) =>
    [
        1, 0, (byte)unicast, 0, 0, 0, .. Enumerable.Range(0, unicast).SelectMany(number => Bytes(0x7702 + ((ulong)number << 40))),
        (byte)multicast, 0, 0, 0, .. Enumerable.Range(0, multicast).SelectMany(number => Bytes(0x7733 + ((ulong)number << 40))),
    ];
}
