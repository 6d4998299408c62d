// The page of counters as scrapers meet it, those that mean harm among them, while a loop's thread owns the board.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Http;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Metrics;

public sealed class MetricsServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_scrape_is_the_text_of_the_counters_and_anything_else_is_refused()
    {
        using var page = new PageUnderTest(vfs: 2);
        page.Lab.Exchange(0, 1, 4);
        page.Run();
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(page.Address);
        var text = new MetricsText(await answer.Content.ReadAsStringAsync());

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(answer.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/plain; version=0.0.4; charset=utf-8"));
        Assert.That(text.Of("sriov_vf_rx_frames_total", "pf0vf1"), Is.EqualTo(4));

        using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, page.Address));
        Assert.That((head.StatusCode, head.Content.Headers.ContentLength), Is.EqualTo((HttpStatusCode.OK, answer.Content.Headers.ContentLength)));
        using HttpResponseMessage post = await client.PostAsync(page.Address, new StringContent("x"));
        Assert.That(post.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(post.Content.Headers.Allow, Is.EqualTo(new[] { "GET", "HEAD" }));
        using HttpResponseMessage elsewhere = await client.GetAsync(new Uri(page.Address, "/metrics/"));
        Assert.That(elsewhere.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    // Listeners hear of every meter of a name in the process.
    [Test]
    [NonParallelizable]
    public async Task Instruments_measure_what_the_text_says()
    {
        using var page = new PageUnderTest(vfs: 2);
        page.Lab.Exchange(0, 1, 4);
        page.Lab.Board.Switch.CountDropped(page.Lab.Index(1), Hal.Contracts.Counter.DroppedVlan, 9);
        page.Run();
        using var meter = new EndpointMeter(page.Reader);
        var measured = new Dictionary<string, ulong>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == "SmartNicFw.Endpoint")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, labels, _) => measured.Add(
            MetricsText.Key($"{instrument.Name.Replace('.', '_')}_total", labels.ToArray().Select(label => (label.Key, (string)label.Value!))),
            (ulong)value));
        listener.Start();
        listener.RecordObservableInstruments();
        using var client = new HttpClient();

        Assert.That(measured, Is.EqualTo(new MetricsText(await client.GetStringAsync(page.Address)).Samples));
        Assert.That(measured[MetricsText.Key("sriov_vf_dropped_frames_total", [("cause", "vlan"), ("endpoint", "1"), ("function", "pf0vf1")])], Is.EqualTo(9));
    }

    [TestCase("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ", 1 << 20, "431")]
    [TestCase("GET /", 1 << 20, "414")]
    [TestCase("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n", 1 << 20, "405")]
    [TestCase("\0\u0001\u0002\r\n\r\n", 0, "400")]
    public async Task A_request_without_bounds_or_sense_is_refused_and_its_connection_closed(string start, int more, string status)
    {
        using var page = new PageUnderTest(vfs: 1);
        page.Run();
        using NetworkStream hostile = page.Connect();
        string answer = await Task.Run(() => Talk(hostile, Encoding.Latin1.GetBytes(start + new string('x', more)))).WaitAsync(Limit);

        // A client that goes on sending may be cut off before it has read why.
        Assert.That(answer, more > 0 ? Is.Empty.Or.StartsWith($"HTTP/1.1 {status}") : Does.StartWith($"HTTP/1.1 {status}"));
        await page.RequireScrape();
    }

    [Test]
    public async Task One_connection_more_than_there_may_be_is_closed_without_an_answer()
    {
        var limits = new PageLimits { Connections = 3, IdleTime = TimeSpan.FromHours(1) };
        using var page = new PageUnderTest(vfs: 1, limits);
        page.Run();
        NetworkStream[] silent = [.. Enumerable.Range(0, limits.Connections).Select(_ => page.Connect())];
        using (NetworkStream late = page.Connect())
        {
            Assert.That(await Task.Run(() => Talk(late, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray())).WaitAsync(Limit), Is.Empty);
        }

        foreach (NetworkStream client in silent)
        {
            client.Dispose();
        }

        await page.AwaitScrape();
    }

    [TestCase("", 1, TestName = "Scrapers_that_say_nothing_are_shut_out_in_time_and_hold_up_nobody")]
    [TestCase("GET /metrics HTTP/1.1\r\nHo", 1, TestName = "Scrapers_that_ask_by_half_are_shut_out_in_time_and_hold_up_nobody")]
    [TestCase("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, TestName = "Scrapers_that_never_read_are_shut_out_in_time_and_hold_up_nobody")]
    public async Task Scrapers_that_hang(string request, int times)
    {
        using var page = new PageUnderTest(vfs: 64, new PageLimits
        {
            Connections = 3,
            RequestTime = TimeSpan.FromSeconds(1),
            AnswerTime = TimeSpan.FromSeconds(1),
            IdleTime = TimeSpan.FromSeconds(1),
        });
        page.Run();
        NetworkStream[] hostile = [.. Enumerable.Range(0, 3).Select(_ => page.Connect())];
        try
        {
            foreach (NetworkStream client in hostile)
            {
                client.Write(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(request, times))));
            }

            page.Loop!.Do(() => page.Lab.Exchange(0, 1, 10));

            // They let go of nothing, and yet there is room again, and theirs is closed.
            await page.AwaitScrape();
            foreach (NetworkStream client in hostile)
            {
                await Task.Run(() => Talk(client, [])).WaitAsync(Limit);
            }
        }
        finally
        {
            foreach (NetworkStream client in hostile)
            {
                client.Dispose();
            }
        }
    }

    [Test]
    public async Task However_often_it_is_asked_the_board_is_read_ten_times_a_second_at_the_most()
    {
        using var page = new PageUnderTest(vfs: 1);
        page.Run();
        long start = Stopwatch.GetTimestamp();
        var readings = new HashSet<CounterReading>(ReferenceEqualityComparer.Instance);
        for (int asked = 0; asked < 20_000; asked++)
        {
            readings.Add(await page.Reader.ReadAsync());
        }

        Assert.That(readings, Has.Count.InRange(1, 1 + (int)(Stopwatch.GetElapsedTime(start) / CounterReader.Freshness)));
    }

    [Test]
    public async Task A_board_that_does_not_answer_is_an_error_of_the_page_and_not_a_wait_without_end()
    {
        using var page = new PageUnderTest(vfs: 1, new PageLimits { Patience = TimeSpan.FromMilliseconds(200) });
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(page.Address);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));

        page.Run();
        await page.AwaitScrape();
        page.Loop!.Do(page.Reader.Dispose);
        Assert.That(async () => await page.Reader.ReadAsync(), Throws.InstanceOf<OperationCanceledException>());
        using HttpResponseMessage ended = await client.GetAsync(page.Address);
        Assert.That(ended.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    // Everything that comes back until the far side closes; what is sent need not arrive.
    private static string Talk(NetworkStream client, byte[] request)
    {
        var answer = new MemoryStream();
        try
        {
            client.Write(request);
        }
        catch (IOException)
        {
            // Closed while we sent; there may be an answer nevertheless.
        }

        try
        {
            client.CopyTo(answer);
        }
        catch (IOException)
        {
            // Reset: it has been closed.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    // A page of a lab with drivers on two VFs. Until Run, the test's thread owns the board and the loop stands still.
    private sealed class PageUnderTest : IDisposable
    {
        private readonly ControllerLoop _loop = new(() => false);
        private readonly PageServer _server;

        public PageUnderTest(int vfs, PageLimits? limits = null)
        {
            Lab = new NetLab(vfs);
            for (int vf = 0; vf < Math.Min(vfs, 2); vf++)
            {
                Lab.Start(vf, new NetDriverOptions());
            }

            Reader = new CounterReader(_loop, [Lab.Board]);
            _server = PageServer.Open("metrics", new IPEndPoint(IPAddress.Loopback, 0), new MetricsPage(Reader), limits);
        }

        public NetLab Lab { get; }

        public CounterReader Reader { get; }

        public LoopThread? Loop { get; private set; }

        public Uri Address => new(_server.Address + MetricsPage.Path);

        public void Run() => Loop = new LoopThread(_loop);

        public NetworkStream Connect()
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            socket.Connect(IPAddress.Loopback, Address.Port);
            return new NetworkStream(socket, ownsSocket: true);
        }

        public async Task RequireScrape() => Assert.That(await TryScrape(), Is.True);

        public async Task AwaitScrape()
        {
            long start = Stopwatch.GetTimestamp();
            while (!await TryScrape())
            {
                Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Limit), "nothing is served any more");
                await Task.Delay(100);
            }
        }

        public void Dispose()
        {
            _server.Dispose();
            Loop?.Dispose();
            Reader.Dispose();
            _loop.Dispose();
            Loop?.ThrowIfDead();
            Lab.Dispose();
        }

        private async Task<bool> TryScrape()
        {
            using var client = new HttpClient();
            try
            {
                return new MetricsText(await client.GetStringAsync(Address)).Families.Count > 0;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }
}
