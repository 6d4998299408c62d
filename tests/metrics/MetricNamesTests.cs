// The table of names in emulator/metrics, held to what is served.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Tests.Gates;

namespace SmartNicFw.Tests.Metrics;

public sealed class MetricNamesTests
{
    [Test]
    public void The_table_of_names_is_what_is_served()
    {
        string file = Repository.File("emulator", "metrics", "README.md");
        string text = File.ReadAllText(file);
        int start = text.IndexOf("| name |", StringComparison.Ordinal);
        int end = text.LastIndexOf("|\n", StringComparison.Ordinal) + 2;
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, text[..start] + Table() + text[end..]);
            return;
        }

        Assert.That(text[start..end], Is.EqualTo(Table()), "UPDATE_GOLDEN=1 writes it anew");
    }

    [Test]
    public void Names_are_those_that_Prometheus_allows_and_counters_end_with_total()
    {
        string[] names = [.. Names().Select(name => name.Name)];
        Assert.That(names, Is.Unique.And.All.Match("^sriov_(vf|pf|port|endpoint)_[a-z]+(_[a-z]+)*_total$"));
        Assert.That(names, Does.Contain("sriov_vf_rx_bytes_total").And.Contain("sriov_port_dropped_frames_total"));
    }

    private static IEnumerable<(string Name, string Instrument, CounterFamily Family)> Names() =>
        CounterFamilies.All.SelectMany(told => told.Families.Select(family => ($"sriov_{told.Name}_{family.Name}_total", $"sriov.{told.Name}.{family.Name}", family)));

    private static string Table()
    {
        var table = new StringBuilder("| name | instrument, unit | what it counts |\n|---|---|---|\n");
        foreach ((string name, string instrument, CounterFamily family) in Names())
        {
            string causes = family.Series.Length > 1 ? $" Causes: {string.Join(", ", family.Series.Select(series => $"`{series.Cause}`"))}." : "";
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{name}` | `{instrument}`, {family.Unit} | {family.Help}{causes} |\n");
        }

        return table.ToString();
    }
}
