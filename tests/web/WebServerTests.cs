// The page of the endpoints as clients of HTTP meet it, those that mean harm among them.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Http;
using SmartNicFw.Emulator.Web;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Web;

public sealed class WebServerTests
{
    [Test]
    public void Endpoints_are_told_with_what_was_sent_and_what_was_decided()
    {
        using TrafficLab lab = new(8, 4, firmware =>
        {
            Set(firmware.DataPath.Arbitration.AddGroup(1));
            Set(firmware.DataPath.Arbitration.SetGroupRates(1, 0, 600));
            Set(firmware.DataPath.Arbitration.SetGroup(1, 1));
            Set(firmware.DataPath.Arbitration.SetWeight(1, 3));
            Set(firmware.DataPath.Arbitration.SetRates(2, 50, 100));
        }, new Sender(0), new Sender(1, To: 0), new Sender(3, Mbps: 5, IsForger: true));
        lab.Board.Firmware.DataPath.Events.Add(4, ManagementEventKind.CompleterAbort, 0);
        lab.Send(20);
        lab.Board.Firmware.DataPath.State.Status[3] |= VirtioDeviceStatus.DeviceNeedsReset;
        lab.Board.Firmware.DataPath.Health.Add(3, ManagementHealth.ReasonsNeedsResetMask);
        JsonNode told = JsonNode.Parse(lab.Reader.Read().Json)!;
        JsonNode endpoint = told["endpoints"]![0]!;
        string[] columns = [.. told["columns"]!.AsArray().Select(name => (string)name!)];
        long Count(int function, string column) => (long)endpoint["functions"]![function]!["counts"]![Array.IndexOf(columns, column)]!;

        Assert.That(endpoint["functions"]!.AsArray().Select(function => (string)function!["name"]!), Is.EqualTo(new[] { "pf0", "pf0vf0", "pf0vf1", "pf0vf2", "pf0vf3" }));
        Assert.That(endpoint["functions"]!.AsArray().Select(function => (string)function!["state"]!), Is.EqualTo(new[] { "absent", "running", "running", "needs_reset", "running" }));
        Assert.That(Count(1, "tx_frames"), Is.GreaterThan(100).And.EqualTo((long)lab.Board.Switch.Read(1, Hal.Contracts.Counter.TransmittedFrames)));
        Assert.That((long)endpoint["functions"]![1]!["line"]!, Is.EqualTo(Count(1, "tx_bytes") + (24 * Count(1, "tx_frames"))));
        Assert.That(Count(1, "rx_frames"), Is.EqualTo(Count(2, "tx_frames")).Within(64));
        Assert.That(Count(4, "spoofed"), Is.Positive);
        Assert.That(told["causes"]!.AsArray().Select(cause => (string)cause!["name"]!), Is.SubsetOf(columns));
        Assert.That(told["causes"]!.AsArray(), Has.Count.EqualTo(8));
        Assert.That((long)endpoint["port"]!["counts"]![0]!, Is.EqualTo(Count(1, "tx_frames")).Within(64), "went out to the wire");
        Assert.That(endpoint["groups"]!.ToJsonString(), Is.EqualTo("""[{"id":1,"name":"1","parent":0,"weight":1,"max_tx_rate":75000000,"min_tx_rate":0}]"""));
        Assert.That(((int)endpoint["functions"]![1]!["group"]!, (int)endpoint["functions"]![1]!["weight"]!), Is.EqualTo((1, 3)));
        Assert.That(((long)endpoint["functions"]![2]!["max_tx_rate"]!, (long)endpoint["functions"]![2]!["min_tx_rate"]!), Is.EqualTo((12_500_000L, 6_250_000L)));
        Assert.That((string)endpoint["functions"]![1]!["mac"]!, Does.Match("^02(:[0-9a-f]{2}){5}$"));
        Assert.That(endpoint["health"]!.ToJsonString(), Does.StartWith("""{"state":"degraded","reasons":[{"function":"pf0vf2","""));
        Assert.That(endpoint["events"]!.ToJsonString(), Does.Contain("\"times\":1,\"function\":\"pf0vf3\",\"text\":\"a read was answered Completer Abort\""));
        Assert.That(((long)endpoint["port"]!["speed"]!, (bool)endpoint["port"]!["is_up"]!, (int)endpoint["total_vfs"]!), Is.EqualTo((125_000_000L, true, 8)));
    }

    [Test]
    public void Ill_functions_are_named_up_to_a_bound_and_counted_beyond_it()
    {
        using TrafficLab lab = new(16, 16, null);
        for (int function = 1; function <= 16; function++)
        {
            lab.Board.Firmware.DataPath.Health.Add(function, ManagementHealth.ReasonsDmaFaultMask);
        }

        EndpointPicture told = lab.Reader.Read().Endpoints[0];
        Assert.That(told.Reasons, Has.Count.EqualTo(6));
        Assert.That(told.Reasons[5].Text, Is.EqualTo("11 more functions are not well"));

        lab.Board.PowerOff();
        Assert.That(lab.Reader.Read().Endpoints[0].Health, Is.EqualTo("failed"));
    }

    [Test]
    public async Task Every_answer_forbids_what_the_page_does_not_need_and_only_reading_is_allowed()
    {
        using var lab = new TrafficLab(2, 1, null, new Sender(0));
        lab.Run();
        using var client = new HttpClient { BaseAddress = new Uri(lab.Address) };
        foreach (string path in new[] { "/", "/page.css", "/page.js", "/icon.svg", "/endpoints.json", "/nothing" })
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.That(answer.StatusCode, Is.EqualTo(path == "/nothing" ? HttpStatusCode.NotFound : HttpStatusCode.OK), path);
            Assert.That(answer.Headers.GetValues("Content-Security-Policy").Single(), Does.StartWith("default-src 'none'; script-src 'self';").And.Not.Contain("unsafe"));
            Assert.That(answer.Headers.GetValues("X-Content-Type-Options").Single(), Is.EqualTo("nosniff"));
            using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            Assert.That((head.StatusCode, (await head.Content.ReadAsByteArrayAsync()).Length), Is.EqualTo((answer.StatusCode, 0)));
            foreach (HttpMethod method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options })
            {
                using HttpResponseMessage refused = await client.SendAsync(new HttpRequestMessage(method, path));
                Assert.That(refused.StatusCode, Is.EqualTo(path == "/nothing" ? HttpStatusCode.NotFound : HttpStatusCode.MethodNotAllowed), path);
            }
        }

        string page = await client.GetStringAsync(new Uri("/", UriKind.Relative));
        Assert.That(page, Does.Not.Match("(?i)\\son[a-z]+=|<style|style=|https?://"), "nothing inline, nothing from elsewhere");
    }

    [TestCase("evil.example", 421)]
    [TestCase("evil.example:8080", 421)]
    [TestCase("127.0.0.1.evil.example", 421)]
    [TestCase("localhost.evil.example", 421)]
    [TestCase("192.0.2.7", 421)]
    [TestCase("localhost", 200)]
    [TestCase("LOCALHOST:9999", 200)]
    [TestCase("127.0.0.1:80", 200)]
    [TestCase("[::1]:80", 200)]
    public async Task A_name_that_is_not_ours_is_refused_so_that_no_page_of_elsewhere_reads_ours(string host, int status)
    {
        using var lab = new TrafficLab(2, 0, null);
        lab.Run();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, lab.Address + "/endpoints.json") { Headers = { Host = host } };
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.That((int)answer.StatusCode, Is.EqualTo(status));
    }

    [TestCase("192.0.2.1", false, "192.0.2.1:80", true)]
    [TestCase("192.0.2.1", false, "192.0.2.2", false)]
    [TestCase("192.0.2.1", false, "card.example", false)]
    [TestCase("192.0.2.1", true, "card.example", true)]
    [TestCase("127.0.0.1", true, "card.example", false)]
    [TestCase("::1", true, "card.example", false)]
    [TestCase("2001:db8::1", false, "[2001:db8::1]:9100", true)]
    [TestCase("0.0.0.0", false, "192.0.2.2:80", true)]
    [TestCase("::", false, "[2001:db8::2]", true)]
    [TestCase("0.0.0.0", false, "card.example", false)]
    [TestCase("127.0.0.1", false, null, true)]
    [TestCase("127.0.0.1", false, "[", false)]
    [TestCase("127.0.0.1", false, ":", false)]
    public void Names_of_a_server_are_its_address_and_those_of_the_machine_alone(string bound, bool isKnownByName, string? host, bool isOurs) =>
        Assert.That(new HostNames(IPAddress.Parse(bound), isKnownByName).IsOurs(host), Is.EqualTo(isOurs));

    [Test]
    public async Task However_many_browsers_look_the_boards_are_read_as_for_one()
    {
        using var lab = new TrafficLab(2, 1, null, new Sender(0));
        lab.Run();
        long start = Stopwatch.GetTimestamp();
        HashSet<PictureReading> readings = new(ReferenceEqualityComparer.Instance);
        for (int asked = 0; asked < 5_000; asked++)
        {
            readings.Add(await lab.Reader.ReadAsync());
        }

        Assert.That(readings, Has.Count.InRange(1, 1 + (int)(Stopwatch.GetElapsedTime(start) / PictureReader.Freshness)));
    }

    private static void Set(string? refusal) => Assert.That(refusal, Is.Null);
}
