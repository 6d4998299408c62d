// DMA from the firmware's side: credits, turns that never end or end badly, and resets that wait for those under way.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class DmaTests
{
    private const int DefaultTimeoutUs = 50_000;

    [Test]
    public void Hostile_39_a_turn_that_never_ends_is_a_completion_time_out_of_its_function_alone()
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1);
        nic.Clock.Advance(DefaultTimeoutUs + DmaScheduler.TransferUs - 1);
        nic.Engine.EndTurn(Vf1, 1);
        nic.Step();
        Assert.That(NeedsReset(nic, Vf0), Is.False, "not before its time");
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(nic.Clock.NowUs + 1), "and nobody need look before");

        nic.Clock.Advance(1);
        Assert.That(nic.Firmware.HasWork, Is.True);
        nic.Step();
        Assert.That(NeedsReset(nic, Vf0), Is.True);
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False, "contained: nothing of it runs");
        int aer = nic.Offsets(Vf0).Aer;
        Assert.That(
            nic.ConfigRead(Vf0, aer + AerCapability.UncorrectableStatusOffset), Is.EqualTo(AerCapability.UncorrectableCompletionTimeoutMask));
        Assert.That(
            nic.ConfigRead(Vf0, aer + AerCapability.ControlOffset) & AerCapability.ControlFirstErrorPointerMask, Is.EqualTo(14));
        Assert.That(DeviceStatus(nic, Vf0) & PciExpressCapability.DeviceStatusNonFatalDetectedMask, Is.Not.Zero);
        EventRing events = nic.Firmware.DataPath.Events;
        Assert.That(
            Kinds(nic), Is.EqualTo(new[] { ManagementEventKind.VFsChanged, ManagementEventKind.CompletionTimeout, ManagementEventKind.DeviceBroken }));
        Assert.That((events.Function(1), events.TimeUs(1)), Is.EqualTo((Vf0, nic.Clock.NowUs)));
        Assert.That(nic.Ports.Messages, Has.Some.Matches<(int Function, ulong Address, uint Data)>(
            message => message.Function == Vf0 && message.Data == 0), "its driver hears of it");
        Assert.That(nic.Firmware.DataPath.Turns.Total, Is.Zero);
        AssertUntouched(nic, Vf1);
    }

    [Test]
    public void A_completion_time_out_is_as_long_as_the_PF_s_Device_Control_2_says_7_5_3_16()
    {
        DataPathUnderTest nic = new();
        int control = nic.Offsets(Pf).PciExpress + PciExpressCapability.DeviceControl2Offset;
        nic.ConfigWrite(Pf, control, 0x1, 2);
        nic.Bring(Vf0);
        Begin(nic, Vf0);
        nic.Clock.Advance(100 + DmaScheduler.TransferUs);
        nic.Step();
        Assert.That(NeedsReset(nic, Vf0), Is.True, "range A: 50 to 100 us");

        nic.ConfigWrite(Pf, control, PciExpressCapability.DeviceControl2CompletionTimeoutDisableMask, 2);
        nic.Bring(Vf0);
        Begin(nic, Vf0);
        nic.Clock.Advance(1L << 40);
        nic.Step();
        Assert.That(NeedsReset(nic, Vf0), Is.False, "switched off");
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(long.MaxValue));
    }

    [TestCase(DmaFault.PoisonedCompletion, ManagementEventKind.PoisonedCompletion)]
    [TestCase(DmaFault.UnsupportedRequest, ManagementEventKind.UnsupportedRequest)]
    [TestCase(DmaFault.CompleterAbort, ManagementEventKind.CompleterAbort)]
    [TestCase(DmaFault.CompletionTimeout, ManagementEventKind.CompletionTimeout)]
    public void Hostile_39_a_fault_stands_in_the_registers_and_contains_its_function(DmaFault fault, int kind)
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1);
        nic.Engine.Fault(Vf0, 1, fault);
        nic.Step();
        Assert.That(NeedsReset(nic, Vf0), Is.True);
        Assert.That(Kinds(nic), Does.Contain(kind));
        Assert.That(nic.Firmware.DataPath.Counters.DmaFaults[Vf0], Is.EqualTo(1));
        int status = (int)(nic.ConfigRead(Vf0, PciConfigHeader.CommandOffset) >> 16);
        uint aer = nic.ConfigRead(Vf0, nic.Offsets(Vf0).Aer + AerCapability.UncorrectableStatusOffset);
        (int expectedStatus, uint expectedAer) = fault switch
        {
            DmaFault.PoisonedCompletion => (PciConfigHeader.StatusDetectedParityErrorMask, AerCapability.UncorrectablePoisonedTlpMask),
            DmaFault.UnsupportedRequest => (PciConfigHeader.StatusReceivedMasterAbortMask, 0u),
            DmaFault.CompleterAbort => (PciConfigHeader.StatusReceivedTargetAbortMask, 0u),
            _ => (0, AerCapability.UncorrectableCompletionTimeoutMask),
        };
        const int Errors = PciConfigHeader.StatusDetectedParityErrorMask | PciConfigHeader.StatusReceivedMasterAbortMask
            | PciConfigHeader.StatusReceivedTargetAbortMask | PciConfigHeader.StatusMasterDataParityErrorMask;
        Assert.That((status & Errors, aer), Is.EqualTo((expectedStatus, expectedAer)));
        AssertUntouched(nic, Vf1);

        // A reset of the device is all that its driver needs.
        nic.Bring(Vf0);
        Begin(nic, Vf0);
    }

    [Test]
    public void A_report_of_a_turn_that_is_not_under_way_is_counted_and_changes_nothing()
    {
        DataPathUnderTest nic = WithTurns(Vf0);
        nic.Engine.EndTurn(Vf0, 1);
        nic.Step();
        nic.Engine.Report(QueueEventKind.TurnOver, Vf0, 1, hasMore: true);
        nic.Engine.Report(QueueEventKind.TurnOver, Vf0, 3, hasMore: true);
        nic.Step();
        Assert.That(nic.Firmware.DataPath.Counters.UnexpectedReports, Is.EqualTo(2));
        Assert.That(nic.Engine.Turns, Is.Empty);
        Assert.That(nic.Firmware.DataPath.Pending.IsEmpty, Is.True);
    }

    [Test]
    public void A_function_holds_half_of_the_credits_and_its_neighbours_have_the_rest()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 8, VfQueuePairs = 16, VfMsixVectors = 64 });
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        int before = nic.Engine.TurnCount;
        for (int pair = 0; pair < 16; pair++)
        {
            nic.Notify(Vf0, (2 * pair) + 1);
        }

        nic.Step();
        nic.Step();
        Assert.That(nic.Engine.Turns, Has.Count.EqualTo(DmaCredits.TurnsOfAChannel / 2));
        Assert.That(nic.Firmware.HasWork, Is.False, "the rest waits for a report, not in a loop");
        nic.Notify(Vf1, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns.Count(turn => turn.Function == Vf1), Is.EqualTo(1));

        // Each that ends lets one in, and in the end everybody had a turn.
        for (int round = 0; round < 16; round++)
        {
            (int function, int queue, _, _) = nic.Engine.Turns[0];
            nic.Engine.EndTurn(function, queue);
            nic.Step();
        }

        Assert.That(nic.Engine.TurnCount - before, Is.EqualTo(17));
    }

    [Test]
    public void Full_channels_wait_for_a_report_and_lose_no_queue()
    {
        var nic = new DataPathUnderTest(
            new EndpointConfiguration { TotalVFs = 8, DmaOutstandingBytes = EndpointConfiguration.MinDmaBytes, DmaTags = 16 });
        for (int function = Vf0; function < Vf0 + 4; function++)
        {
            nic.Bring(function);
        }

        int before = nic.Engine.TurnCount;
        for (int function = Vf0; function < Vf0 + 4; function++)
        {
            for (int queue = 0; queue < 4; queue++)
            {
                nic.Notify(function, queue);
            }
        }

        for (int round = 0; round < 40 && nic.Engine.TurnCount - before < 16; round++)
        {
            nic.Step();
            nic.Step();
            Assert.That(nic.Firmware.DataPath.Turns.Total, Is.LessThanOrEqualTo(DmaCredits.TurnsOfAChannel));
            if (nic.Engine.Turns.Count > 0)
            {
                nic.Engine.EndTurn(nic.Engine.Turns[0].Function, nic.Engine.Turns[0].Queue);
            }
        }

        Assert.That(nic.Engine.TurnCount - before, Is.EqualTo(16));
    }

    [Test]
    public void Hostile_39_who_fills_the_window_and_hangs_holds_up_the_others_for_a_millisecond_and_no_more()
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1);
        TurnsUnderWay turns = nic.Firmware.DataPath.Turns;
        nic.Engine.EndTurn(Vf1, 1, hasMore: true);
        nic.Engine.EndTurn(Vf0, 1, hasMore: true);
        nic.Step();
        nic.Step();
        Assert.That(turns.Count(Vf0), Is.GreaterThan(1), "one that had more has several turns at a time");
        Assert.That(turns.Total, Is.InRange(4, TurnsUnderWay.WindowTurns), "and all of them fill the window");
        Assert.That(nic.Firmware.HasWork, Is.False, "until a report comes or a turn is late");
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(nic.Clock.NowUs + TurnsUnderWay.LateUs));

        // The others' turns end as ever, and VF 0's do not: sooner or later the window is full of them.
        int before = nic.Engine.TurnCount;
        for (int step = 0; step < 2000; step++)
        {
            nic.Engine.EndTurn(Vf1, 1, hasMore: true);
            nic.Step();
        }

        Assert.That(turns.Count(Vf1), Is.LessThanOrEqualTo(1));
        int stalled = nic.Engine.TurnCount;
        Assert.That(stalled, Is.GreaterThan(before));
        nic.Step();
        Assert.That(nic.Engine.TurnCount, Is.EqualTo(stalled), "nothing is granted beyond the window");

        nic.Clock.Advance(TurnsUnderWay.LateUs);
        nic.Step();
        Assert.That(nic.Engine.TurnCount, Is.GreaterThan(stalled));
        for (int step = 0; step < 100; step++)
        {
            nic.Engine.EndTurn(Vf1, 1, hasMore: true);
            nic.Step();
        }

        Assert.That(nic.Engine.TurnCount - stalled, Is.GreaterThanOrEqualTo(100), "late turns have no place in the window any more");
        Assert.That(turns.Count(Vf0), Is.LessThanOrEqualTo(DmaCredits.TurnsOfAChannelAtMost / 2));
        AssertUntouched(nic, Vf1);
    }

    [Test]
    public void A_late_turn_whose_place_nobody_waits_for_any_more_keeps_no_board_awake()
    {
        DataPathUnderTest nic = WithTurns(Vf0);
        nic.Engine.EndTurn(Vf0, 1, hasMore: true);
        nic.Step();
        nic.Step();
        Assert.That(nic.Firmware.NextTimerUs, Is.EqualTo(nic.Clock.NowUs + TurnsUnderWay.LateUs), "the window is full, and one waits");

        // Who waited may issue no requests any more, and what the engine works on does not end.
        nic.ConfigWrite(Vf0, PciConfigHeader.CommandOffset, 0, 2);
        nic.Step();
        Assert.That(nic.Firmware.DataPath.Pending.IsEmpty, Is.True);
        nic.Clock.Advance(TurnsUnderWay.LateUs);
        nic.Step();
        nic.Step();
        Assert.That(nic.Firmware.HasWork, Is.False);
        Assert.That(nic.Firmware.NextTimerUs, Is.GreaterThan(nic.Clock.NowUs));
    }

    [Test]
    public void A_doorbell_is_not_forgotten_when_reports_of_older_turns_come_before_the_next_is_granted()
    {
        DataPathUnderTest nic = WithTurns(Vf0);
        nic.Engine.EndTurn(Vf0, 1, hasMore: true);
        nic.Step();
        nic.Step();
        int underWay = nic.Engine.Turns.Count;
        Assert.That(underWay, Is.GreaterThan(2));

        // The last of them has found the ring empty; then the driver adds a frame.
        nic.Notify(Vf0, 1);
        nic.Step();
        for (int turn = 0; turn < underWay; turn++)
        {
            nic.Engine.EndTurn(Vf0, 1, hasMore: turn == 0);
        }

        nic.Step();
        nic.Step();
        Assert.That(nic.Engine.Turns, Has.Count.GreaterThan(0), "a turn that begins after the doorbell");
        nic.Engine.EndTurns();
        nic.Step();
        nic.Step();
        Assert.That(nic.Engine.Turns, Is.Empty, "and no further one");
    }

    [Test]
    public void Hostile_38_an_FLR_waits_for_turns_under_way_and_grants_none()
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1);
        nic.InitiateFlr(Vf0);
        nic.Notify(Vf0, 3);
        nic.Step();
        Assert.That(nic.Firmware.Resets.IsReady(Vf0), Is.False);
        Assert.That(nic.Config(Vf0, 0).Status, Is.EqualTo(CompletionStatus.ConfigurationRequestRetry));
        Assert.That(nic.Engine.Running.ContainsKey((Vf0, 1)), Is.True, "its turn may end by itself");
        Assert.That(nic.Engine.Turns, Has.Count.EqualTo(2));

        nic.Engine.Report(QueueEventKind.Used, Vf0, 1);
        nic.Engine.EndTurn(Vf0, 1, hasMore: true);
        nic.Step();
        Assert.That(nic.Firmware.Resets.IsReady(Vf0), Is.True);
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False);
        Assert.That(nic.Ports.Messages.Any(message => message.Function == Vf0), Is.False);
        Assert.That(Kinds(nic), Does.Not.Contain(ManagementEventKind.DrainCutShort));
        AssertUntouched(nic, Vf1);
    }

    [Test]
    public void Hostile_38_a_drain_is_cut_short_after_so_many_turns_of_others()
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1);
        nic.InitiateFlr(Vf0);
        int before = nic.Engine.TurnCount;
        int turns = 0;
        while (!nic.Firmware.Resets.IsReady(Vf0))
        {
            nic.Engine.EndTurn(Vf1, 1, hasMore: true);
            nic.Step();
            turns++;
            Assert.That(turns, Is.LessThanOrEqualTo(DeviceLifecycle.DrainTurns + 1));
        }

        Assert.That(nic.Engine.TurnCount - before, Is.InRange(DeviceLifecycle.DrainTurns, DeviceLifecycle.DrainTurns + DmaCredits.TurnsOfAChannel));
        Assert.That(Kinds(nic), Does.Contain(ManagementEventKind.DrainCutShort));
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False);
        Assert.That(nic.Firmware.DataPath.Turns.Count(Vf0), Is.Zero);
    }

    [Test]
    public void Hostile_38_resets_of_all_VFs_at_once_with_an_engine_that_hangs_are_over_within_100_ms()
    {
        DataPathUnderTest nic = WithTurns(Vf0, Vf1, 3, 4);
        for (int function = Vf0; function <= 4; function++)
        {
            nic.InitiateFlr(function);
        }

        Assert.That(nic.Firmware.Resets.IsIdle, Is.False);
        nic.Clock.Advance(DeviceLifecycle.DrainUs);
        nic.Step();
        Assert.That(nic.Firmware.Resets.IsIdle, Is.True);
        Assert.That(nic.Firmware.Resets.WorstReadyUs, Is.LessThan(PciExpressCapability.FunctionLevelResetWaitUs));
        Assert.That(nic.Engine.Running, Is.Empty);
        Assert.That(nic.Firmware.DataPath.Turns.Total, Is.Zero);
    }

    [Test]
    public void VFs_that_are_disabled_while_one_drains_are_gone_at_once()
    {
        DataPathUnderTest nic = WithTurns(Vf0);
        nic.InitiateFlr(Vf0);
        nic.ConfigWrite(Pf, nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset, 0, 2);
        Assert.That(nic.Engine.Running.Keys.Any(key => key.Function == Vf0), Is.False);
        Assert.That(nic.Firmware.DataPath.Turns.Total, Is.Zero);
        nic.Settle();
        Assert.That(nic.Firmware.Resets.IsReady(Vf0), Is.False);
    }

    [Test]
    public void Requests_are_counted_by_size_and_4_KB_boundaries_2_2_7()
    {
        // Against every way a run can lie.
        foreach (int most in new[] { 128, 256, 512, 4096 })
        {
            foreach (int bytes in new[] { 1, 2, 127, 128, 129, 4095, 4096, 4097, 9000, 65550 })
            {
                int worst = 0;
                for (int start = 0; start < TransferRules.BoundaryBytes; start++)
                {
                    worst = int.Max(worst, Requests(start, bytes, most));
                }

                Assert.That(TransferRules.WorstRequests(bytes, most), Is.GreaterThanOrEqualTo(worst), $"{bytes} by {most}");
                Assert.That(TransferRules.WorstRequests(bytes, most), Is.LessThanOrEqualTo(worst + 1 + (bytes / 4096)), $"{bytes} by {most}");
            }
        }
    }

    private static int[] Kinds(DataPathUnderTest nic) =>
        [.. Enumerable.Range(0, nic.Firmware.DataPath.Events.Count).Select(nic.Firmware.DataPath.Events.Kind)];

    private static int Requests(int start, int bytes, int most)
    {
        int requests = 0;
        int end = start + bytes;
        while (start < end)
        {
            int boundary = (start | (TransferRules.BoundaryBytes - 1)) + 1;
            start = int.Min(int.Min(start + most, boundary), end);
            requests++;
        }

        return requests;
    }

    private static bool NeedsReset(DataPathUnderTest nic, int function) =>
        (nic.State.Status[function] & VirtioDeviceStatus.DeviceNeedsReset) != 0;

    private static int DeviceStatus(DataPathUnderTest nic, int function) => (int)(nic.ConfigRead(
        function, nic.Offsets(function).PciExpress + PciExpressCapability.DeviceControlOffset) >> 16);

    // A turn of queue 1 of each is under way.
    private static DataPathUnderTest WithTurns(params int[] functions)
    {
        var nic = new DataPathUnderTest();
        foreach (int function in functions)
        {
            nic.Bring(function);
        }

        foreach (int function in functions)
        {
            Begin(nic, function);
        }

        return nic;
    }

    private static void Begin(DataPathUnderTest nic, int function)
    {
        nic.Notify(function, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns.Any(turn => turn.Function == function && turn.Queue == 1), Is.True);
    }

    private static void AssertUntouched(DataPathUnderTest nic, int function)
    {
        Assert.That(nic.State.IsLive(function), Is.True);
        Assert.That(nic.Firmware.DataPath.Counters.DmaFaults[function], Is.Zero);
        if (!nic.Firmware.DataPath.Turns.IsUnderWay(nic.State.IndexOf(function, 1)))
        {
            Begin(nic, function);
        }
    }
}
