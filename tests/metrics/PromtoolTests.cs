// The text of the counters, judged by Prometheus' own tool. Knows no rule of the format.
using System.Collections.Generic;
using System.Diagnostics;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.Web;

namespace SmartNicFw.Tests.Metrics;

public sealed class PromtoolTests
{
    [Test]
    public void Promtool_has_nothing_against_the_text_of_an_endpoint()
    {
        using var lab = new NetLab(2);
        lab.Start(0, new NetDriverOptions());
        lab.Start(1, new NetDriverOptions());
        lab.Exchange(0, 1, 5);
        List<CounterRow> rows = [];
        new EndpointCounters(1, lab.Board).Read(rows);

        Assert.That(Check(Exposition.Write(rows)), Is.EqualTo((0, "")));
    }

    [TestCase("sriov_x_total{a=\"b\"} 1\n", 3, TestName = "Promtool_minds_a_name_without_help")]
    [TestCase("# HELP x_total X.\n# TYPE x_total counter\nx_total{a=\"b} 1\n", 1, TestName = "Promtool_minds_a_label_without_end")]
    public void Promtool_minds(string text, int exitCode) => Assert.That(Check(text).ExitCode, Is.EqualTo(exitCode));

    private static (int ExitCode, string Said) Check(string text)
    {
        using Process promtool = Process.Start(new ProcessStartInfo(WebTools.Promtool, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        promtool.StandardInput.Write(text);
        promtool.StandardInput.Close();
        string said = promtool.StandardError.ReadToEnd();
        promtool.WaitForExit();
        return (promtool.ExitCode, said);
    }
}
