// The page that Prometheus scrapes. Knows no connection and no counter.
using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using SmartNicFw.Emulator.Http;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>One path, and behind it the text of a reading.</summary>
internal sealed class MetricsPage(CounterReader reader) : IPageSource
{
    /// <summary>The only path there is.</summary>
    public const string Path = "/metrics";

    /// <inheritdoc/>
    public string Paths => Path;

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string Value)> Headers { get; } = [("X-Content-Type-Options", "nosniff")];

    /// <summary>Scrapers of a network know their targets by name.</summary>
    public bool IsKnownByName => true;

    /// <inheritdoc/>
    public bool Has(string path) => path == Path;

    /// <inheritdoc/>
    public async Task<Page> ReadAsync(string path)
    {
        CounterReading reading = await reader.ReadAsync().ConfigureAwait(false);
        return new Page(Exposition.ContentType, reading.Text);
    }
}
