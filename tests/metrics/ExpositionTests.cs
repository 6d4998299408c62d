// What is told of an endpoint, in the text that Prometheus reads, against what was done with it.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Metrics;

public sealed class ExpositionTests
{
    private static readonly string[] Causes = ["no_buffer", "spoofed", "vlan", "malformed", "control_frame", "no_destination", "too_large", "link_down"];

    [Test]
    public void Traffic_between_VFs_is_told_frame_by_frame_and_byte_by_byte()
    {
        using NetLab lab = Started(vfs: 2);
        var reader = new EndpointCounters(1, lab.Board);
        lab.Exchange(0, 1, 5);
        MetricsText text = Read(reader);

        Assert.That(text.Of("sriov_vf_tx_frames_total", "pf0vf0"), Is.EqualTo(5));
        Assert.That(text.Of("sriov_vf_tx_bytes_total", "pf0vf0"), Is.EqualTo((5 * 60) + (11 * 10)), "60, 71, 82, 93, 104");
        Assert.That(text.Of("sriov_vf_rx_frames_total", "pf0vf1"), Is.EqualTo(5));
        Assert.That(text.Of("sriov_vf_rx_bytes_total", "pf0vf1"), Is.EqualTo((5 * 60) + (11 * 10)));
        Assert.That(text.Of("sriov_vf_rx_frames_total", "pf0vf0"), Is.Zero);
        Assert.That(text.Of("sriov_vf_turns_total", "pf0vf0"), Is.GreaterThanOrEqualTo(5), "each was flushed for itself");
        Assert.That(text.Of("sriov_vf_notifications_total", "pf0vf0"), Is.GreaterThanOrEqualTo(5));
        Assert.That(Causes.Sum(cause => (long)text.Of("sriov_vf_dropped_frames_total", "pf0vf0", cause)), Is.Zero);
        Assert.That(text.Of("sriov_pf_tx_frames_total", "pf0"), Is.Zero);
        Assert.That(text.Of("sriov_endpoint_stray_notifications_total"), Is.EqualTo((ulong)lab.Board.Firmware.DataPath.Counters.StrayNotifications));

        lab.Exchange(1, 0, 3);
        MetricsText later = Read(reader);
        Assert.That(later.Of("sriov_vf_rx_frames_total", "pf0vf0"), Is.EqualTo(3));
        Assert.That(later.Of("sriov_vf_tx_frames_total", "pf0vf0"), Is.EqualTo(5));
    }

    [Test]
    public void A_forged_sender_is_told_by_its_cause_and_of_nobody_else()
    {
        using NetLab lab = Started(vfs: 2);
        byte[] forged = lab.Frame(0, 1, 60);
        forged[11] ^= 0x55;
        Assert.That(lab.Drivers[0].TrySend(forged), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();
        MetricsText text = Read(new EndpointCounters(1, lab.Board));

        Assert.That(Causes.Select(cause => text.Of("sriov_vf_dropped_frames_total", "pf0vf0", cause)), Is.EqualTo(new ulong[] { 0, 1, 0, 0, 0, 0, 0, 0 }));
        Assert.That(text.Samples.Where(sample => sample.Key.Contains("dropped", StringComparison.Ordinal)).Sum(sample => (long)sample.Value), Is.EqualTo(1));
    }

    [Test]
    public void Each_counter_of_the_hardware_and_of_firmware_has_a_series_of_its_own()
    {
        using NetLab lab = Started(vfs: 1);
        int vf = lab.Index(0);
        Counters counters = lab.Board.Firmware.DataPath.Counters;
        uint[][] ofFirmware =
        [
            counters.Turns, counters.Interrupts, counters.DeferredInterrupts, counters.LimitedInterrupts, counters.UnwantedInterrupts,
            counters.Notifications, counters.Broken, counters.DmaFaults,
        ];
        for (int index = 0; index < ofFirmware.Length; index++)
        {
            ofFirmware[index][vf] = (uint)(1000 + index);
        }

        for (int cause = 0; cause < Causes.Length; cause++)
        {
            lab.Board.Switch.CountDropped(vf, Counter.DroppedNoBuffer + cause, 2000 + cause);
        }

        MetricsText text = Read(new EndpointCounters(1, lab.Board));
        string[] names = ["turns", "interrupts", "interrupts_deferred", "interrupts_limited", "interrupts_unwanted", "notifications", "broken", "dma_faults"];
        Assert.That(names.Select(name => text.Of($"sriov_vf_{name}_total", "pf0vf0")), Is.EqualTo(Enumerable.Range(1000, 8)));
        Assert.That(Causes.Select(cause => text.Of("sriov_vf_dropped_frames_total", "pf0vf0", cause)), Is.EqualTo(Enumerable.Range(2000, 8)));
    }

    [Test]
    public void What_comes_in_from_the_wire_is_received_by_the_port()
    {
        using NetLab lab = Started(vfs: 1);
        lab.Board.Switch.CountTransmitted(Emulator.Net.PacketSwitch.Port, 3, 300, 300);
        lab.Board.Switch.CountReceived(Emulator.Net.PacketSwitch.Port, 2, 222);
        MetricsText text = Read(new EndpointCounters(1, lab.Board));

        Assert.That(text.Of("sriov_port_rx_frames_total"), Is.EqualTo(3));
        Assert.That(text.Of("sriov_port_rx_bytes_total"), Is.EqualTo(300));
        Assert.That(text.Of("sriov_port_tx_frames_total"), Is.EqualTo(2));
        Assert.That(text.Of("sriov_port_tx_bytes_total"), Is.EqualTo(222));
    }

    [Test]
    public void A_counter_that_wraps_in_firmware_goes_on_growing_in_the_text()
    {
        using NetLab lab = Started(vfs: 1);
        uint[] turns = lab.Board.Firmware.DataPath.Counters.Turns;
        var reader = new EndpointCounters(1, lab.Board);
        var told = new List<ulong>();
        foreach (uint shown in new[] { 0xFFFF_FFFE, 0xFFFF_FFFF, 0u, 5u, 5u, 4u })
        {
            turns[lab.Index(0)] = shown;
            told.Add(Read(reader).Of("sriov_vf_turns_total", "pf0vf0"));
        }

        Assert.That(told, Is.EqualTo(new ulong[] { 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0005, 0x1_0000_0005, 0x2_0000_0004 }));
    }

    [Test]
    public void Events_lost_are_extended_too()
    {
        using NetLab lab = Started(vfs: 1);
        var reader = new EndpointCounters(1, lab.Board);
        int more = EventRing.Size + 7 - lab.Board.Firmware.DataPath.Events.Count;
        for (int number = 0; number < more; number++)
        {
            lab.Board.Firmware.DataPath.Events.Add(number, ManagementEventKind.PoisonedCompletion, 0);
        }

        Assert.That(Read(reader).Of("sriov_endpoint_events_lost_total"), Is.EqualTo(7));
    }

    [Test]
    public void A_VF_is_told_of_once_a_host_enabled_it_and_from_then_on()
    {
        using var lab = new NetLab(4);
        var reader = new EndpointCounters(1, lab.Board);
        Assert.That(Functions(Read(reader)), Is.EqualTo(new[] { "pf0", "pf0vf0", "pf0vf1", "pf0vf2", "pf0vf3" }));

        lab.Board.Reset(LinkEvent.FundamentalReset);
        Assert.That(lab.Board.Firmware.Sriov.VisibleVFs(0), Is.Zero);
        Assert.That(Functions(Read(reader)), Has.Length.EqualTo(5), "no series ends");
        Assert.That(Functions(Read(new EndpointCounters(1, lab.Board))), Is.EqualTo(new[] { "pf0" }), "nothing is told of what never was");

        lab.Board.Switch.CountDropped(lab.Index(2), Counter.DroppedVlan);
        Assert.That(Functions(Read(new EndpointCounters(1, lab.Board))), Is.EqualTo(new[] { "pf0", "pf0vf2" }), "it was there between two looks");
    }

    [Test]
    public void Every_column_of_a_kind_is_told_once()
    {
        Assert.That(CounterFamilies.All.Select(told => told.Kind), Is.EquivalentTo(Enum.GetValues<OwnerKind>()));
        foreach ((OwnerKind kind, string name, CounterFamily[] families) in CounterFamilies.All)
        {
            Assert.That(
                families.SelectMany(family => family.Series).Select(series => series.Column).Order(),
                Is.EqualTo(Enumerable.Range(0, CounterFamilies.Columns(kind))), name);
            Assert.That(families.Select(family => family.Name), Is.Unique, name);
            Assert.That(families.Where(family => family.Series.Length > 1).SelectMany(family => family.Series), Has.None.Property("Cause").Null, name);
        }
    }

    [Test]
    public void Labels_are_escaped_and_endpoints_told_apart()
    {
        const string Odd = "a\\b\"c\nd";
        var values = new ulong[CounterFamilies.EndpointColumns];
        values[0] = ulong.MaxValue;
        string text = Exposition.Write(
            [new CounterRow(OwnerKind.Endpoint, Odd, null, values), new CounterRow(OwnerKind.Endpoint, "2", null, new ulong[CounterFamilies.EndpointColumns])]);

        Assert.That(text, Does.StartWith(
            "# HELP sriov_endpoint_stray_notifications_total Doorbells of queues that are not there or do not run.\n"
            + "# TYPE sriov_endpoint_stray_notifications_total counter\n"
            + "sriov_endpoint_stray_notifications_total{endpoint=\"a\\\\b\\\"c\\nd\"} 18446744073709551615\n"
            + "sriov_endpoint_stray_notifications_total{endpoint=\"2\"} 0\n"));
        Assert.That(new MetricsText(text).Samples, Does.ContainKey(MetricsText.Key("sriov_endpoint_stray_notifications_total", [("endpoint", Odd)])));
        Assert.That(Exposition.EscapeHelp("a\\b\"c\nd"), Is.EqualTo("a\\\\b\"c\\nd"));
    }

    [TestCase("a 1\n", TestName = "A_sample_without_HELP_and_TYPE_is_refused")]
    [TestCase("# HELP a A.\n# TYPE a counter\na 1\na 1\n", TestName = "A_series_twice_is_refused")]
    [TestCase("# HELP a A.\n# TYPE a counter\na 1\n# HELP b B.\n# TYPE b counter\nb 1\na{c=\"d\"} 1\n", TestName = "A_family_in_two_places_is_refused")]
    [TestCase("# HELP a A.\n# TYPE a counter\na{c=\"d\"e\"} 1\n", TestName = "A_quotation_mark_in_a_label_is_refused")]
    [TestCase("# HELP a A.\n# TYPE a counter\na 1", TestName = "A_text_without_end_is_refused")]
    public void The_reader_of_these_tests_refuses(string text) => Assert.That(() => new MetricsText(text), Throws.InstanceOf<FormatException>());

    private static NetLab Started(int vfs)
    {
        var lab = new NetLab(vfs);
        for (int vf = 0; vf < vfs; vf++)
        {
            lab.Start(vf, new NetDriverOptions());
        }

        return lab;
    }

    private static MetricsText Read(EndpointCounters reader)
    {
        List<CounterRow> rows = [];
        reader.Read(rows);
        return new MetricsText(Exposition.Write(rows));
    }

    private static string[] Functions(MetricsText text) =>
        [.. text.Samples.Keys.Where(key => key.Contains("_rx_frames_total", StringComparison.Ordinal) && key.Contains("function=", StringComparison.Ordinal))
            .Select(key => key[(key.IndexOf("function=", StringComparison.Ordinal) + "function=".Length)..]).Order(StringComparer.Ordinal)];
}
