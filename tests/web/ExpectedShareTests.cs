// What the page's script expects of weights, limits and guarantees, against the fluid that arbitration promises.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Emulator.Http;
using SmartNicFw.Emulator.Web;
using SmartNicFw.Tests.Properties.Arbitration;

namespace SmartNicFw.Tests.Web;

public sealed class ExpectedShareTests
{
    private const int Trees = 1000;
    private const int PortMbps = 10_000;

    [Test]
    public async Task The_script_expects_what_the_fluid_gives_in_any_tree()
    {
        using var browser = await Browser.StartAsync();
        using PageServer server = PageServer.Open(
            "web", new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), new WebPages(() => Task.FromResult(new PictureReading("1", []))));
        await browser.OpenAsync(server.Address);
        var random = new Random(1);
        JsonArray questions = [];
        List<double[]> answers = [];
        for (int number = 0; number < Trees; number++)
        {
            questions.Add(Question(random, out double[] rates));
            answers.Add(rates);
        }

        JsonArray told = (await browser.EvaluateAsync(
            $"{questions.ToJsonString()}.map(tree => {{ const shares = expect(tree, name => tree.sent[name], () => true); return tree.names.map(name => shares.get(name) ?? 0); }})"))!.AsArray();
        for (int number = 0; number < Trees; number++)
        {
            Assert.That(told[number]!.AsArray().Select(rate => rate!.GetValue<double>()), Is.EqualTo(answers[number]).Within(0.001 * PortMbps), questions[number]!.ToJsonString());
        }
    }

    [Test]
    public async Task Who_has_nothing_waiting_is_expected_to_send_what_it_sends_and_leaves_the_rest_to_others()
    {
        using var browser = await Browser.StartAsync();
        using PageServer server = PageServer.Open(
            "web", new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), new WebPages(() => Task.FromResult(new PictureReading("1", []))));
        await browser.OpenAsync(server.Address);
        JsonNode told = (await browser.EvaluateAsync("""
            (() => {
                const function_ = (name, weight, priorityClass) => ({ name, group: 0, class: priorityClass, weight, max_tx_rate: 0, min_tx_rate: 0 });
                const tree = { groups: [], functions: [function_("a", 1, 0), function_("b", 3, 0), function_("c", 1, 0), function_("d", 1, 2)] };
                const sent = { a: 20, b: 680, c: 300, d: 500 };
                return Object.fromEntries(expect(tree, name => sent[name], name => name !== "a"));
            })()
            """))!;
        Assert.That(new[] { "a", "b", "c", "d" }.Select(name => told[name]!.GetValue<double>()), Is.EqualTo(new double[] { 20, 735, 245, 500 }).Within(0.01), "980 by 3 to 1; another class is another matter");
    }

    // Rates are those of the fluid, as if all of it had been sent.
    private static JsonObject Question(Random random, out double[] rates)
    {
        ArbitrationTree tree = ArbitrationTree.Random(random, random.Next(1, 9), random.Next(0, 5), 1);
        bool[] isActive = [.. Enumerable.Range(0, tree.Functions).Select(_ => random.Next(4) > 0)];
        var guarantees = new double[tree.Functions + tree.Groups];
        var limits = new double[tree.Functions + tree.Groups];
        for (int owner = 0; owner < guarantees.Length; owner++)
        {
            if (owner != tree.Functions)
            {
                guarantees[owner] = random.Next(3) == 0 ? random.Next(PortMbps / (2 * guarantees.Length)) : 0;
                limits[owner] = random.Next(3) == 0 ? random.Next(PortMbps / 2, PortMbps) / (owner < tree.Functions ? 4 : 1) : 0;
            }
        }

        double[] all = new FluidRates(tree, guarantees, limits, function => isActive[function]).Of(PortMbps);
        JsonArray functions = [.. Enumerable.Range(0, tree.Functions).Select(function => (JsonNode)new JsonObject
        {
            ["name"] = $"f{function}", ["group"] = tree.Group[function], ["class"] = 0, ["weight"] = tree.Weight[function],
            ["max_tx_rate"] = limits[function], ["min_tx_rate"] = guarantees[function],
        })];
        JsonArray groups = [.. Enumerable.Range(1, tree.Groups - 1).Select(group => (JsonNode)new JsonObject
        {
            ["id"] = group, ["parent"] = tree.Parent[group], ["weight"] = tree.GroupWeight[group],
            ["max_tx_rate"] = limits[tree.Functions + group], ["min_tx_rate"] = guarantees[tree.Functions + group],
        })];
        string[] names = [.. Enumerable.Range(0, tree.Functions).Select(function => $"f{function}"), .. Enumerable.Range(1, tree.Groups - 1).Select(group => $"group {group}")];
        double[] shown = [.. all[..tree.Functions].Select((rate, function) => isActive[function] ? rate : 0), .. all[(tree.Functions + 1)..]];
        var sent = new JsonObject();
        for (int function = 0; function < tree.Functions; function++)
        {
            sent[$"f{function}"] = shown[function];
        }

        rates = shown;
        return new JsonObject { ["functions"] = functions, ["groups"] = groups, ["sent"] = sent, ["names"] = new JsonArray([.. names.Select(name => (JsonNode)name)]) };
    }
}
