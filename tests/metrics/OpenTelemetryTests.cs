// The instruments as OpenTelemetry exports them, against the text that Prometheus reads.
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using NUnit.Framework;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Metrics;

public sealed class OpenTelemetryTests
{
    private const int ExportMs = 20_000;

    // Listeners hear of every meter of a name in the process.
    [Test]
    [NonParallelizable]
    public async Task OpenTelemetry_exports_every_counter_as_a_sum_that_only_grows()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        lab.Exchange(0, 1, 4);
        lab.Board.Switch.CountDropped(lab.Index(1), Hal.Contracts.Counter.DroppedVlan, 9);
        using var loop = new ControllerLoop(() => false);
        using var reader = new CounterReader(loop, [lab.Board]);
        using var thread = new LoopThread(loop);
        using var meter = new EndpointMeter(reader);
        List<Metric> exported = [];
        using MeterProvider provider = Sdk.CreateMeterProviderBuilder().AddMeter("SmartNicFw.Endpoint").AddInMemoryExporter(exported).Build();
        Assert.That(provider.ForceFlush(ExportMs), Is.True);

        Dictionary<string, ulong> sums = [];
        foreach (Metric metric in exported)
        {
            Assert.That((metric.MetricType, metric.Temporality), Is.EqualTo((MetricType.LongSum, AggregationTemporality.Cumulative)), metric.Name);
            foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
            {
                List<(string, string)> labels = [];
                foreach (KeyValuePair<string, object?> tag in point.Tags)
                {
                    labels.Add((tag.Key, (string)tag.Value!));
                }

                sums.Add(MetricsText.Key($"{metric.Name.Replace('.', '_')}_total", labels), (ulong)point.GetSumLong());
            }
        }

        CounterReading reading = await reader.ReadAsync();
        Assert.That(sums, Is.EqualTo(new MetricsText(Exposition.Write(reading.Rows)).Samples));
        Assert.That(sums[MetricsText.Key("sriov_vf_dropped_frames_total", [("cause", "vlan"), ("endpoint", "1"), ("function", "pf0vf1")])], Is.EqualTo(9));
        Assert.That(exported.Select(metric => metric.Unit).Distinct(), Does.Contain("By").And.Contain("{frame}"));
    }
}
