// Chromium without a window, told what to do over its DevTools protocol. Knows no page of ours.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SmartNicFw.Tests.Web;

/// <summary>A browser process with one page. Source: Chrome DevTools Protocol, domains Page, Runtime, Log, Network, Emulation, Input, Accessibility.</summary>
internal sealed class Browser : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-browser-");
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly List<JsonNode> _events = [];
    private string? _session;
    private int _number;

    private Browser() => _process = Process.Start(new ProcessStartInfo(
        WebTools.Browser,
        ["--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-background-networking", "--remote-debugging-port=0", $"--user-data-dir={_folder.FullName}", "about:blank"])
    {
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>What pages complained of: exceptions, refusals of their policy, answers that are errors.</summary>
    public IEnumerable<string> Complaints => _events
        .Where(told => (string?)told["method"] is "Runtime.exceptionThrown" or "Log.entryAdded" or "Audits.issueAdded")
        .Select(told => told["params"]!.ToJsonString());

    /// <summary>What pages asked for.</summary>
    public IEnumerable<string> Requests => _events
        .Where(told => (string?)told["method"] is "Network.requestWillBeSent").Select(told => (string)told["params"]!["request"]!["url"]!);

    /// <summary>Starts a browser; a test that asks where there is none is skipped.</summary>
    public static async Task<Browser> StartAsync()
    {
        var browser = new Browser();
        try
        {
            await browser.AttachAsync();
            return browser;
        }
        catch
        {
            browser.Dispose();
            throw;
        }
    }

    /// <summary>Forgets what pages complained of and asked for.</summary>
    public void Forget() => _events.Clear();

    /// <summary>Opens an address with a window of a size.</summary>
    public async Task OpenAsync(string address, int width = 1600, int height = 900, bool isDark = false)
    {
        await SetWindowAsync(width, height, isDark);
        await DoAsync("Page.navigate", new JsonObject { ["url"] = address });
        await AwaitAsync("document.body && document.readyState === 'complete'");
    }

    /// <summary>Gives the window a size and a colour scheme.</summary>
    public async Task SetWindowAsync(int width, int height, bool isDark)
    {
        await DoAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await DoAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }),
        });
    }

    /// <summary>What an expression is in the page, as JSON has it.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode answer = await DoAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } thrown ? throw new InvalidOperationException(thrown.ToJsonString()) : answer["result"]!["value"];
    }

    /// <summary>Text of the first element that a selector finds.</summary>
    public async Task<string> TextAsync(string selector) =>
        (string?)await EvaluateAsync($"document.querySelector({JsonSerializer.Serialize(selector)})?.textContent ?? ''") ?? "";

    /// <summary>Waits until an expression is true in the page.</summary>
    public async Task AwaitAsync(string expression)
    {
        long start = Stopwatch.GetTimestamp();
        while ((await EvaluateAsync($"Boolean({expression})"))!.GetValue<bool>() is false)
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
            {
                Assert.Fail($"never true in the page: {expression}; complaints: {string.Join('\n', Complaints)}; it shows: {await EvaluateAsync("document.body.innerText")}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Presses a key.</summary>
    public async Task PressAsync(string key, int code, string text = "")
    {
        foreach (string type in new[] { "keyDown", "keyUp" })
        {
            await DoAsync("Input.dispatchKeyEvent", new JsonObject
            {
                ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code, ["text"] = type == "keyDown" ? text : "",
            });
        }
    }

    /// <summary>A picture of the whole page, PNG.</summary>
    public async Task<byte[]> PictureAsync()
    {
        JsonNode answer = await DoAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true });
        return Convert.FromBase64String((string)answer["data"]!);
    }

    /// <summary>What a screen reader is told: role and name of each node that is not left out.</summary>
    public async Task<(string Role, string Name)[]> AccessibleAsync()
    {
        JsonNode answer = await DoAsync("Accessibility.getFullAXTree", []);
        return
        [
            .. answer["nodes"]!.AsArray().Where(node => node!["ignored"]?.GetValue<bool>() is not true)
                .Select(node => ((string?)node!["role"]?["value"] ?? "", (string?)node["name"]?["value"] ?? "")),
        ];
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    public async Task<JsonNode> DoAsync(string method, JsonObject parameters)
    {
        int number = ++_number;
        var command = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
        {
            command["sessionId"] = _session;
        }

        using var limit = new CancellationTokenSource(Limit);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(command.ToJsonString()), WebSocketMessageType.Text, true, limit.Token);
        while (true)
        {
            JsonNode told = await ReceiveAsync(limit.Token);
            if ((int?)told["id"] == number)
            {
                return told["error"] is { } refused ? throw new InvalidOperationException($"{method}: {refused.ToJsonString()}") : told["result"]!;
            }

            if (told["method"] is not null)
            {
                _events.Add(told);
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();

        // Helpers of the browser may still write while they end.
        for (int attempt = 0; attempt < 20 && Directory.Exists(_folder.FullName); attempt++)
        {
            try
            {
                _folder.Delete(recursive: true);
            }
            catch (IOException)
            {
                Thread.Sleep(50);
            }
        }
    }

    private async Task AttachAsync()
    {
        // It writes its port and the path of the socket there, when it listens.
        string file = Path.Combine(_folder.FullName, "DevToolsActivePort");
        long start = Stopwatch.GetTimestamp();
        string[] lines = [];
        while (lines.Length < 2)
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > Limit)
            {
                Assert.Fail($"the browser does not start: {(_process.HasExited ? await _process.StandardError.ReadToEndAsync() : "no port")}");
            }

            await Task.Delay(20);
            lines = File.Exists(file) ? await File.ReadAllLinesAsync(file) : [];
        }

        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(Limit);
        await _socket.ConnectAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{lines[0]}{lines[1]}")), limit.Token);
        JsonNode target = await DoAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" });
        JsonNode attached = await DoAsync("Target.attachToTarget", new JsonObject { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true });
        _session = (string)attached["sessionId"]!;
        foreach (string domain in new[] { "Page", "Runtime", "Log", "Network", "Audits" })
        {
            await DoAsync($"{domain}.enable", []);
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken limit)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 << 10];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, limit);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }
}
