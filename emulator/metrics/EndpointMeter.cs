// The counters as instruments of .NET, for whoever listens in the process or attaches to it. Knows no listener.
using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Threading.Tasks;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>
/// Observable counters named <c>sriov.vf.rx_bytes</c> and so on: an exporter that follows OpenTelemetry's rules for Prometheus makes the very
/// names of <see cref="Exposition"/> of them. Nothing is read while nobody listens.
/// </summary>
internal sealed class EndpointMeter : IDisposable
{
    /// <summary>Name of the meter, for listeners.</summary>
    public const string Name = "SmartNicFw.Endpoint";

    // A board that does not answer in this time is told of no more until the next look.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CounterReader _reader;
    private readonly Meter _meter = new(Name);

    /// <summary>Makes the instruments.</summary>
    public EndpointMeter(CounterReader reader)
    {
        _reader = reader;
        foreach ((OwnerKind kind, string owner, CounterFamily[] families) in CounterFamilies.All)
        {
            foreach (CounterFamily family in families)
            {
                _ = _meter.CreateObservableCounter($"sriov.{owner}.{family.Name}", () => Measure(kind, family), family.Unit, family.Help);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    // Instruments carry no ulong; what is above 2^63 is out of reach.
    private List<Measurement<long>> Measure(OwnerKind kind, CounterFamily family)
    {
        List<Measurement<long>> measured = [];
        foreach (CounterRow row in Rows())
        {
            if (row.Kind != kind)
            {
                continue;
            }

            foreach (CounterSeries series in family.Series)
            {
                List<KeyValuePair<string, object?>> labels = [new("endpoint", row.Endpoint)];
                if (row.Function is not null)
                {
                    labels.Add(new("function", row.Function));
                }

                if (series.Cause is not null)
                {
                    labels.Add(new("cause", series.Cause));
                }

                measured.Add(new Measurement<long>((long)row.Values[series.Column], labels));
            }
        }

        return measured;
    }

    private IReadOnlyList<CounterRow> Rows()
    {
        Task<CounterReading> reading = _reader.ReadAsync();
        try
        {
            return reading.Wait(Patience) ? reading.Result.Rows : [];
        }
        catch (AggregateException)
        {
            // The endpoints are going.
            return [];
        }
    }
}
