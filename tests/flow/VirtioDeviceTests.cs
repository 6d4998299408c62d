// A driver brings functions up through BAR accesses: what reaches the engine, the switch and the wire of interrupts.
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class VirtioDeviceTests
{
    private const int UpToFeaturesOk = VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver | VirtioDeviceStatus.FeaturesOk;
    private const ulong Basic = FeatureOffer.Version1;

    [Test]
    public void A_driver_reaches_DRIVER_OK_and_its_queues_reach_the_engine_as_they_were_set_up()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);

        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(5));
        QueueSetup transmit = nic.Engine.Running[(Vf0, 3)];
        Assert.That(transmit.Role, Is.EqualTo(QueueRole.Transmit));
        Assert.That(transmit.Size, Is.EqualTo(256));
        Assert.That(transmit.DescriptorArea, Is.EqualTo(Area(Vf0, 3)));
        Assert.That(transmit.DriverArea, Is.EqualTo(Area(Vf0, 3) + 0x1000));
        Assert.That(transmit.DeviceArea, Is.EqualTo(Area(Vf0, 3) + 0x2000));
        Assert.That(transmit.Features, Is.EqualTo(AllOffered));
        Assert.That(
            Enumerable.Range(0, 5).Select(queue => nic.Engine.Running[(Vf0, queue)].Role),
            Is.EqualTo(new[] { QueueRole.Receive, QueueRole.Transmit, QueueRole.Receive, QueueRole.Transmit, QueueRole.Control }));
        Assert.That(nic.Switch.Enabled, Is.EquivalentTo(new[] { Vf0 }));
        Assert.That(nic.Switch.SpoofCheck[Vf0], Is.True);
        Assert.That(nic.Switch.VlanFiltering[Vf0], Is.True);
    }

    [Test]
    public void Nothing_runs_before_DRIVER_OK_3_1_1()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, AllOffered);
        nic.SetUpQueue(Pf, 0);
        nic.Notify(Pf, 0);
        nic.Step();

        Assert.That(nic.Engine.Running, Is.Empty);
        Assert.That(nic.Engine.TurnCount, Is.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);
        Assert.That(nic.Firmware.DataPath.Counters.StrayNotifications, Is.EqualTo(1));
    }

    [Test]
    public void A_doorbell_becomes_a_turn_and_used_buffers_become_the_queue_s_message()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Notify(Pf, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.EqualTo(new[] { (Pf, 1, TransmitScheduler.FramesPerTurn, TransmitScheduler.BytesPerTurn) }));

        nic.Engine.Report(QueueEventKind.Used, Pf, 1);
        nic.Engine.EndTurns();
        nic.Step();
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Pf, Address(Pf), 2u) }));
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty, "the queue was found empty");
    }

    [Test]
    public void A_queue_with_more_stands_behind_the_others_and_a_doorbell_during_its_turn_is_not_lost()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.Notify(Vf0, 1);
        nic.Step();
        nic.Notify(Vf0, 1);
        nic.Notify(Vf1, 1);
        nic.Engine.EndTurns();
        nic.Step();
        nic.Step();
        Assert.That(
            nic.Engine.Turns.Select(turn => turn.Function), Is.EqualTo(new[] { Vf1, Vf0 }),
            "the second doorbell came during the turn and leads to one more");
    }

    [Test]
    public void An_engine_without_room_keeps_the_queue_waiting()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Engine.TurnStatus = HalStatus.Busy;
        nic.Notify(Pf, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        nic.Engine.TurnStatus = HalStatus.Ok;
        nic.Step();
        Assert.That(nic.Engine.Turns, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_control_queue_is_number_2_without_MQ_and_RSS_and_the_last_with_either_5_1_2()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf, Basic | FeatureOffer.CtrlVq);
        Assert.That(nic.Engine.Running.Keys.Select(key => key.Queue), Is.EquivalentTo(new[] { 0, 1, 2 }));
        Assert.That(nic.Engine.Running[(Pf, 2)].Role, Is.EqualTo(QueueRole.Control));
        nic.Select(Pf, 3);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.Zero, "not there without MQ");

        nic.Bring(Pf, Basic | FeatureOffer.CtrlVq | FeatureOffer.Rss);
        Assert.That(nic.Engine.Running[(Pf, 8)].Role, Is.EqualTo(QueueRole.Control));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(9));
    }

    [Test]
    public void SR_IOV_is_offered_by_a_PF_only()
    {
        var nic = new DataPathUnderTest();
        Assert.That(Offered(nic, Pf), Is.EqualTo(AllOffered | (1UL << VirtioFeature.Sriov)));
        Assert.That(Offered(nic, Vf0), Is.EqualTo(AllOffered));
        nic.Common(Pf, VirtioCommonConfig.DeviceFeatureSelectOffset, 4, 2);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.DeviceFeatureOffset, 4), Is.Zero);
    }

    [Test]
    public void Packed_virtqueues_are_not_offered_where_the_configuration_takes_them_away()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 8, OffersPackedRings = false });
        ulong split = AllOffered & ~(1UL << VirtioFeature.RingPacked);

        Assert.That(Offered(nic, Pf), Is.EqualTo(split | (1UL << VirtioFeature.Sriov)));
        Assert.That(Offered(nic, Vf0), Is.EqualTo(split));
    }

    [TestCase(0UL, TestName = "Hostile_10_without_VERSION_1_FEATURES_OK_is_refused")]
    [TestCase(Basic | (1UL << 12), TestName = "Hostile_10_HOST_TSO6_without_CSUM_is_refused")]
    [TestCase(Basic | (1UL << 7), TestName = "Hostile_10_GUEST_TSO4_without_GUEST_CSUM_is_refused")]
    [TestCase(Basic | (1UL << 22), TestName = "Hostile_10_MQ_without_CTRL_VQ_is_refused")]
    [TestCase(Basic | (1UL << 20), TestName = "Hostile_10_a_feature_that_is_not_offered_is_refused")]
    [TestCase(Basic | (1UL << 37), TestName = "Hostile_10_SR_IOV_on_a_VF_is_refused")]
    public void Hostile_10_features(ulong features)
    {
        var nic = new DataPathUnderTest();
        Assert.That(nic.Negotiate(Vf0, features), Is.EqualTo(VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver));
        Assert.That(nic.State.Features[Vf0] & ~AllOffered, Is.Zero, "what is not offered is kept nowhere");
        nic.Status(Vf0, 0x0F);
        Assert.That(nic.Status(Vf0) & VirtioDeviceStatus.DriverOk, Is.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);

        nic.Features(Vf0, Basic);
        nic.Status(Vf0, UpToFeaturesOk);
        Assert.That(nic.Status(Vf0), Is.EqualTo(UpToFeaturesOk), "mended");
    }

    [Test]
    public void Hostile_10_features_word_beyond_the_offer_is_refused()
    {
        var nic = new DataPathUnderTest();
        nic.Status(Pf, 3);
        nic.Features(Pf, Basic);
        nic.Common(Pf, VirtioCommonConfig.DriverFeatureSelectOffset, 4, 0xFFFFFFFF);
        nic.Common(Pf, VirtioCommonConfig.DriverFeatureOffset, 4, 1);
        nic.Status(Pf, UpToFeaturesOk);
        Assert.That(nic.Status(Pf), Is.EqualTo(3));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.DriverFeatureOffset, 4), Is.Zero);
    }

    [Test]
    public void Hostile_10_status_out_of_order_and_features_after_FEATURES_OK_are_refused()
    {
        var nic = new DataPathUnderTest();
        nic.Status(Pf, VirtioDeviceStatus.DriverOk | VirtioDeviceStatus.Driver);
        Assert.That(nic.Status(Pf), Is.Zero);
        nic.Status(Pf, VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.DriverOk | VirtioDeviceStatus.DeviceNeedsReset);
        Assert.That(nic.Status(Pf), Is.EqualTo(VirtioDeviceStatus.Acknowledge));
        nic.Negotiate(Pf, Basic);
        nic.Features(Pf, AllOffered);
        Assert.That(nic.State.Features[Pf], Is.EqualTo(Basic));
        nic.Status(Pf, VirtioDeviceStatus.Acknowledge);
        Assert.That(nic.Status(Pf), Is.EqualTo(UpToFeaturesOk), "a driver clears no bit but by a reset");
    }

    [Test]
    public void Hostile_06_a_queue_that_is_not_there_reads_0_everywhere_and_takes_no_write()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Vf0, AllOffered);
        foreach (int queue in new[] { 0xFFFF, 5, 0x8000 })
        {
            nic.SetUpQueue(Vf0, queue);
            for (int offset = VirtioCommonConfig.QueueSizeOffset; offset < VirtioCommonConfig.QueueDescOffset; offset += 2)
            {
                Assert.That(nic.Common(Vf0, offset, 2), Is.Zero, $"queue {queue:x}, {offset:x2}");
            }

            for (int offset = VirtioCommonConfig.QueueDescOffset; offset < VirtioCommonConfig.QueueNotifConfigDataOffset; offset += 4)
            {
                Assert.That(nic.Common(Vf0, offset, 4), Is.Zero, $"queue {queue:x}, {offset:x2}");
            }

            nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2, 1);
            Assert.That(nic.Common(Vf0, VirtioCommonConfig.QueueResetOffset, 2), Is.Zero);
        }

        Assert.That(nic.Common(Vf0, VirtioCommonConfig.QueueSelectOffset, 2), Is.EqualTo(0x8000));
    }

    [Test]
    public void Hostile_09_a_queue_of_a_size_that_cannot_be_or_without_addresses_is_not_enabled(
        [Values(0, 3, 96, 512, 65535)] int size)
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, Basic);
        nic.SetUpQueue(Pf, 0, size);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(new EndpointConfiguration().MaxQueueSize), "0 or a power of two");
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2, 1);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero, "before its addresses");
        nic.SetUpQueue(Pf, 0, 64);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1), "mended");
    }

    [Test]
    public void A_packed_queue_may_have_any_size_2_8_10_1()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, Basic | FeatureOffer.RingPacked);
        nic.SetUpQueue(Pf, 0, 96);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(96));
    }

    [Test]
    public void Registers_of_an_enabled_queue_stay_as_they_are()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2, 8);
        nic.Common(Pf, VirtioCommonConfig.QueueDescOffset, 8, 0);
        nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2, 0);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.EqualTo(256));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueDescOffset, 8), Is.EqualTo(Area(Pf, 1)));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueDescOffset + 4, 4), Is.EqualTo(Area(Pf, 1) >> 32));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.EqualTo(1));
    }

    [Test]
    public void Queue_reset_stops_one_queue_and_it_can_be_enabled_anew_2_6_1()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.Notify(Pf, 1);
        nic.Step();
        nic.Select(Pf, 1);
        nic.Common(Pf, VirtioCommonConfig.QueueResetOffset, 2, 1);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueResetOffset, 2), Is.Zero);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero);
        Assert.That(nic.Engine.Running.Keys, Has.No.Member((Pf, 1)));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(8));

        nic.Engine.StartStatus = HalStatus.BadArgument;
        nic.SetUpQueue(Pf, 1, 32);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueEnableOffset, 2), Is.Zero, "the engine refused");
        nic.Engine.StartStatus = HalStatus.Ok;
        nic.SetUpQueue(Pf, 1, 32);
        Assert.That(nic.Engine.Running[(Pf, 1)].Size, Is.EqualTo(32));
        Assert.That(nic.Status(Pf), Is.EqualTo(0x0F));
    }

    [Test]
    public void Hostile_11_a_broken_ring_needs_a_reset_and_no_neighbour_notices()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.Notify(Vf0, 1);
        nic.Notify(Vf1, 1);
        nic.Step();
        nic.Engine.Report(QueueEventKind.Broken, Vf0, 1);
        nic.Step();

        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F | VirtioDeviceStatus.DeviceNeedsReset));
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0u) }), "the configuration interrupt");
        Assert.That(nic.Engine.Running.Keys.Select(key => key.Function), Is.All.EqualTo(Vf1));
        Assert.That(nic.Switch.Enabled, Is.EquivalentTo(new[] { Vf1 }));
        Assert.That(nic.Status(Vf1), Is.EqualTo(0x0F));

        nic.Engine.Report(QueueEventKind.Broken, Vf0, 0);
        nic.Step();
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1), "once");
        nic.Bring(Vf0);
        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(10));
    }

    [Test]
    public void A_queue_that_the_engine_refuses_at_DRIVER_OK_breaks_the_function()
    {
        var nic = new DataPathUnderTest();
        nic.Engine.StartStatus = HalStatus.BadArgument;
        nic.Bring(Vf0);
        Assert.That(nic.Status(Vf0) & VirtioDeviceStatus.DeviceNeedsReset, Is.Not.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);
    }

    [Test]
    public void Hostile_38_resets_of_every_kind_in_the_middle_of_a_turn_leave_nothing_running()
    {
        foreach (string kind in new[] { "device", "flr", "vfs", "hot" })
        {
            var nic = new DataPathUnderTest();
            nic.Bring(Vf0);
            nic.Bring(Pf);
            nic.Notify(Vf0, 1);
            nic.Notify(Vf0, 3);
            nic.Step();
            Assert.That(nic.Engine.Turns, Has.Count.EqualTo(2));
            switch (kind)
            {
                case "device":
                    nic.Status(Vf0, 0);
                    break;
                case "flr":
                    nic.InitiateFlr(Vf0);
                    break;
                case "vfs":
                    nic.ConfigWrite(Pf, nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset, 0, 2);
                    break;
                default:
                    nic.Signal(LinkEvent.HotReset);
                    nic.Step();
                    break;
            }

            if (kind == "flr")
            {
                // What is under way may end by itself, and until then the function answers nobody.
                Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.True);
                nic.Engine.EndTurns(hasMore: true);
                nic.Step();
            }

            Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False, kind);
            Assert.That(nic.Switch.Enabled.Contains(Vf0), Is.False, kind);
            Assert.That(nic.Switch.Enabled.Contains(Pf), Is.EqualTo(kind != "hot"), kind);
            nic.Engine.Report(QueueEventKind.Used, Vf0, 1);
            nic.Engine.EndTurns(hasMore: true);
            nic.Ports.IsLinkUp = false;
            nic.Settle();
            nic.Step();
            Assert.That(nic.Engine.Turns, Is.Empty, kind);
            Assert.That(nic.Ports.Messages.Any(message => message.Function == Vf0), Is.False, kind);
            Assert.That(nic.State.Status[Vf0], Is.Zero, kind);
            if (kind is "device" or "flr")
            {
                Assert.That(nic.Status(Vf0), Is.Zero, kind);
            }
        }
    }

    [Test]
    public void A_function_in_D3hot_or_without_bus_mastering_starts_nothing_and_goes_on_afterwards()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        int power = nic.Offsets(Pf).PowerManagement + PowerManagementCapability.ControlStatusOffset;
        nic.ConfigWrite(Pf, power, PowerManagementCapability.PowerStateD3Hot, 2);
        Assert.That(nic.Common(Vf0, VirtioCommonConfig.DeviceStatusOffset, 1), Is.Zero, "reads zero");
        nic.Status(Vf0, 0);
        nic.Notify(Vf0, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        nic.ConfigWrite(Pf, power, 0, 2);
        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F), "the write was ignored");
        nic.Quiet();

        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, 0, 2);
        nic.Notify(Vf0, 1);
        nic.Engine.Report(QueueEventKind.Used, Vf0, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty);
        Assert.That(nic.Ports.Messages, Is.Empty);
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Queue), Has.Member(1));
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 2u) }));
    }

    [Test]
    public void Hostile_08_a_flood_of_doorbells_is_one_turn_and_one_for_a_queue_not_there_is_counted()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        for (int ring = 0; ring < 1000; ring++)
        {
            nic.Notify(Vf0, 1);
        }

        nic.Ports.Ring(0, 0, 5);
        nic.Ports.Ring(0, 0, 1023);
        nic.Ports.Ring(0, 7, 0);
        nic.Ports.Ring(3, -1, 0);
        nic.Ports.Ring(-1, -5, -1);
        nic.Notify(Vf1, 1);
        long before = nic.Firmware.DataPath.Counters.StrayNotifications;
        for (int step = 0; step < 20; step++)
        {
            nic.Step();
        }

        Assert.That(nic.Engine.Turns.Select(turn => (turn.Function, turn.Queue)), Is.EqualTo(new[] { (Vf0, 1), (Vf1, 1) }));
        Assert.That(nic.Firmware.DataPath.Counters.StrayNotifications - before, Is.EqualTo(5));
    }

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

    [Test]
    public void The_wire_gets_one_turn_a_step_while_frames_wait()
    {
        var nic = new DataPathUnderTest();
        nic.Step();
        Assert.That(nic.Ports.PortTurns, Is.Zero);
        nic.Ports.HasReceived = true;
        nic.Step();
        nic.Step();
        Assert.That(nic.Ports.PortTurns, Is.EqualTo(1));
    }

    private static ulong Offered(DataPathUnderTest nic, int function)
    {
        ulong offered = 0;
        for (int select = 0; select < 2; select++)
        {
            nic.Common(function, VirtioCommonConfig.DeviceFeatureSelectOffset, 4, (ulong)select);
            offered |= nic.Common(function, VirtioCommonConfig.DeviceFeatureOffset, 4) << (32 * select);
        }

        return offered;
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
