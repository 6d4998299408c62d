// The page of the endpoints as a person sees it, in a real browser, while VFs send.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Http;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Emulator.Web;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Web;

public sealed class WebPageTests
{
    private const string Live = "document.body.className === 'live'";

    // Where pictures of the page are kept for a person; none are when it is not set.
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("SMARTNIC_PICTURES");

    private Browser? _browser;

    private Browser Page => _browser!;

    [OneTimeSetUp]
    public async Task StartBrowser() => _browser = await Browser.StartAsync();

    [OneTimeTearDown]
    public void EndBrowser() => _browser?.Dispose();

    // The page of the test before asks no more, and nothing that it complained of is this one's.
    [SetUp]
    public async Task Forget()
    {
        await Page.OpenAsync("about:blank");
        Page.Forget();
    }

    [TestCase(640, false)]
    [TestCase(640, true)]
    [TestCase(1600, false)]
    [TestCase(1600, true)]
    public async Task Throughput_shares_limits_drops_and_events_are_seen_at_every_width(int width, bool isDark)
    {
        using TrafficLab lab = Busy();
        lab.Run();
        await Page.OpenAsync(lab.Address, width, 900, isDark);
        await Page.AwaitAsync("document.querySelectorAll('.tree tbody tr.function').length === 8 && document.querySelectorAll('.tree tr.function .expected:not([hidden])').length >= 4");
        await Page.AwaitAsync("/needs reset/.test(document.querySelector('.tree').textContent) && document.querySelector('.events td')");
        await Task.Delay(Pictures is null ? 0 : 12_000);
        await KeepAsync($"traffic-{width}-{(isDark ? "dark" : "light")}");

        // Of 1,000 Mbit/s 200 are guaranteed to vf3, vf2 has 100 at the most, vf4 sends 20 and no more: 680 are left, for the group of vf0
        // and vf1 and for vf3 by weights of 4 to 2, and in the group by 3 to 1.
        Assert.That(await RateAsync("pf0vf0"), Is.EqualTo(340).Within(20));
        Assert.That(await RateAsync("pf0vf1"), Is.EqualTo(113).Within(8));
        Assert.That(await RateAsync("group 1"), Is.EqualTo(453).Within(25));
        Assert.That(await RateAsync("pf0vf2"), Is.EqualTo(100).Within(9));
        Assert.That(await RateAsync("pf0vf3"), Is.EqualTo(427).Within(25));
        Assert.That(await RateAsync("pf0vf4"), Is.EqualTo(20).Within(2));
        Assert.That(await CellAsync("pf0vf0", ".part > .number"), Does.Match("^3[2-6]\\.[0-9]\u00a0%$"));
        Assert.That(await CellAsync("pf0vf0", ".policy"), Is.EqualTo("weight 3"));
        Assert.That(await CellAsync("pf0vf2", ".policy"), Is.EqualTo("weight 1, at most 100\u00a0Mbit/s"));
        Assert.That(await CellAsync("pf0vf3", ".policy"), Is.EqualTo("weight 2, at least 200\u00a0Mbit/s"));
        Assert.That(await Page.TextAsync(".fold button"), Is.EqualTo("17 still VFs"));
        Assert.That(await Page.TextAsync(".badge"), Is.EqualTo("degraded"));
        Assert.That(await Page.TextAsync(".reasons"), Does.StartWith("pf0vf6: its driver broke it"));
        Assert.That(await Page.TextAsync(".events tbody"), Does.Contain("pf0vf6a read was answered Completer Abort"));
        Assert.That((await Page.EvaluateAsync("[...document.querySelectorAll('.causes tr')].find(tr => tr.firstChild.textContent === 'spoofed').children[1].textContent"))!.GetValue<string>(), Is.EqualTo("pf0vf5"));

        // Marks lie where the numbers are: what is expected is what is sent.
        foreach (string function in new[] { "group 1", "pf0vf0", "pf0vf1", "pf0vf2", "pf0vf3", "pf0vf4" })
        {
            double[] parts = [.. (await Page.EvaluateAsync($"[{Row(function)}.querySelector('.fill').style.width, {Row(function)}.querySelector('.expected').style.left].map(parseFloat)"))!
                .AsArray().Select(value => value!.GetValue<double>())];
            Assert.That(parts[0], Is.EqualTo(parts[1]).Within(1.5), function);
        }

        await RequireSoundAsync(lab.Address, width);
    }

    [Test]
    public async Task Of_256_VFs_the_still_ones_are_folded_and_a_keyboard_unfolds_them()
    {
        using TrafficLab lab = new(256, 256, null, new Sender(7, Mbps: 50), new Sender(200, Mbps: 25));
        lab.Run();
        await Page.OpenAsync(lab.Address);
        await Page.AwaitAsync("document.querySelector('.fold button')?.textContent === '254 still VFs'");
        Assert.That((int)(await Page.EvaluateAsync("document.querySelectorAll('.tree tbody tr').length"))!, Is.EqualTo(5), "port, pf0, two that send, the fold");

        await Page.EvaluateAsync("document.querySelector('.tree .scroll').focus()");
        await Page.PressAsync("Tab", 9);
        Assert.That((string?)await Page.EvaluateAsync("document.activeElement.getAttribute('aria-expanded')"), Is.EqualTo("false"));
        await Page.PressAsync("Enter", 13, "\r");
        await Page.AwaitAsync("document.querySelectorAll('.tree tbody tr').length === 259 && document.activeElement.getAttribute('aria-expanded') === 'true'");
        await Page.AwaitAsync($"{Row("pf0vf255")} !== undefined");
        await Page.PressAsync("Enter", 13, "\r");
        await Page.AwaitAsync("document.querySelectorAll('.tree tbody tr').length === 5");
        await RequireSoundAsync(lab.Address, 1600);

        // Both send what they have and no more: nobody takes from the other what its weight would give.
        await Page.AwaitAsync($"Math.abs(parseFloat({Row("pf0vf7")}.querySelector('.expected').style.left) - 66.7) < 2");
        await KeepAsync("256");
    }

    [Test]
    public async Task Without_VFs_the_page_says_so_and_those_that_come_and_go_are_followed()
    {
        using TrafficLab lab = new(8, 0, null);
        lab.Run();
        await Page.OpenAsync(lab.Address);
        await Page.AwaitAsync($"{Live} && document.querySelector('.tree .none:not([hidden])')");
        Assert.That(await Page.TextAsync(".tree .none"), Does.StartWith("No VF is enabled"));
        await RequireSoundAsync(lab.Address, 1600);
    }

    [Test]
    public async Task An_emulator_that_is_gone_is_told_and_found_again_by_itself()
    {
        using TrafficLab lab = Busy();
        lab.Run();
        await Page.OpenAsync(lab.Address);
        await Page.AwaitAsync(Live);
        lab.Close();
        await Page.AwaitAsync("document.body.className === 'lost' && document.getElementById('link').textContent === 'The emulator is gone; trying again'");
        Assert.That(await Page.EvaluateAsync("document.querySelectorAll('.tree tr.function').length > 0"), Is.Not.Null, "what was last heard stays");
        await KeepAsync("lost");
        lab.Reopen();
        await Page.AwaitAsync(Live);
    }

    [Test]
    public async Task Another_emulator_at_the_same_address_begins_anew()
    {
        var first = new PictureReading("1", [Endpoint(1, "a"), Endpoint(2, "b")]);
        PictureReading told = first;
        using PageServer server = Serve(() => told);
        await Page.OpenAsync(server.Address);
        await Page.AwaitAsync("document.querySelectorAll('.endpoint').length === 2");
        Assert.That(await Page.TextAsync("#jump"), Is.EqualTo("Endpoint 1Endpoint 2"));
        told = new PictureReading("2", [Endpoint(1, "c")]);
        await Page.AwaitAsync("document.querySelectorAll('.endpoint').length === 1 && document.getElementById('jump').hidden && document.querySelector('.tree').textContent.includes('group c')");
    }

    [TestCase("<img src=x onerror=\"document.title='taken'\">")]
    [TestCase("</script><script>document.title='taken'</script>")]
    [TestCase("\"'`${document.title='taken'}\u202e\u0000\ud800")]
    public async Task What_an_operator_calls_things_is_text_and_never_markup(string name)
    {
        using PageServer server = Serve(() => new PictureReading("1", [Endpoint(1, name)]));
        await Page.OpenAsync(server.Address);
        await Page.AwaitAsync("document.querySelectorAll('.tree tr.group').length === 1");
        string shown = (await Page.EvaluateAsync("document.querySelector('.tree tr.group .name').textContent"))!.GetValue<string>();
        Assert.That(shown, Is.EqualTo("group " + name.Replace('\ud800', '\ufffd')));
        Assert.That(await Page.TextAsync(".where"), Does.Contain(name.Replace('\ud800', '\ufffd')));
        Assert.That(await Page.TextAsync(".reasons"), Does.Contain(name.Replace('\ud800', '\ufffd')));
        Assert.That((string)(await Page.EvaluateAsync("document.title"))!, Is.EqualTo("SmartNicFw: endpoints"));
        Assert.That((int)(await Page.EvaluateAsync("document.querySelectorAll('main script, main img').length"))!, Is.Zero);
        Assert.That(await CellAsync("pf0vf0", ".policy"), Is.EqualTo("weight 1, VLAN 5 (802.1ad), trusted, no spoof check, link disabled"));
        Assert.That(await Page.TextAsync(".events .number"), Is.EqualTo("12 times"));
        await RequireSoundAsync(server.Address, 1600);
    }

    [Test]
    public async Task Markup_made_of_text_is_refused_by_the_browser_itself()
    {
        using PageServer server = Serve(() => new PictureReading("1", [Endpoint(1, "a")]));
        await Page.OpenAsync(server.Address);
        await Page.AwaitAsync(Live);
        Assert.That((string)(await Page.EvaluateAsync("(() => { try { document.body.innerHTML = '<b>x'; return 'taken'; } catch (refused) { return refused.name; } })()"))!, Is.EqualTo("TypeError"));
        Page.Forget();
    }

    [Test]
    public async Task The_page_is_told_to_a_screen_reader_and_can_be_read_in_both_schemes()
    {
        using TrafficLab lab = Busy();
        lab.Run();
        await Page.OpenAsync(lab.Address);
        await Page.AwaitAsync("document.querySelectorAll('.tree tbody tr.function').length === 8");
        (string Role, string Name)[] told = await Page.AccessibleAsync();
        Assert.That(told, Does.Contain(("table", "Port, groups and functions with their throughput, share, drops and interrupts")));
        Assert.That(told, Does.Contain(("columnheader", "Share")).And.Contain(("heading", "Endpoint 1")).And.Contain(("button", "17 still VFs")));
        Assert.That(told.Count(node => node.Role == "rowheader" && node.Name.StartsWith("pf0vf0", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(told.Select(node => node.Role), Does.Contain("status").And.Contain("main").And.Contain("contentinfo"));
        foreach (bool isDark in new[] { false, true })
        {
            await Page.SetWindowAsync(1600, 900, isDark);
            JsonArray poor = (await Page.EvaluateAsync(PoorContrast))!.AsArray();
            Assert.That(poor.Select(each => each!.ToJsonString()), Is.Empty, isDark ? "dark" : "light");
        }
    }

    [Test]
    public async Task Nothing_moves_while_numbers_change()
    {
        using TrafficLab lab = Busy();
        lab.Run();
        await Page.OpenAsync(lab.Address);
        await Page.AwaitAsync("document.querySelectorAll('.tree tr.function .expected:not([hidden])').length >= 4");
        const string Boxes = "JSON.stringify([...document.querySelectorAll('.tree th, .tree td, .tiles div, .card')].map(each => each.getBoundingClientRect()).map(box => [box.left, box.top, box.width, box.height].map(Math.round)))";
        string before = (await Page.EvaluateAsync(Boxes))!.GetValue<string>();
        string numbers = await Page.TextAsync(".tiles");
        await Page.AwaitAsync($"document.querySelector('.tiles').textContent !== {System.Text.Json.JsonSerializer.Serialize(numbers)}");
        Assert.That((await Page.EvaluateAsync(Boxes))!.GetValue<string>(), Is.EqualTo(before));
    }

    // Text and what is behind it, WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 when it is large.
    private const string PoorContrast = """
        (() => {
            const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
            const light = color => color.slice(0, 3).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
                .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
            const behind = node => { for (let each = node; each; each = each.parentElement) { const color = rgba(getComputedStyle(each).backgroundColor); if (color[3] > 250) return color; } return [255, 255, 255, 255]; };
            const poor = [];
            for (const node of document.querySelectorAll('body *')) {
                if (![...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()) || !node.checkVisibility() || getComputedStyle(node).fontSize === '0px' || node.closest('template, noscript, script')) continue;
                const style = getComputedStyle(node), a = light(rgba(style.color)), b = light(behind(node));
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) poor.push([node.className || node.tagName, node.textContent.slice(0, 30), ratio.toFixed(2)]);
            }
            return poor;
        })()
        """;

    private static TrafficLab Busy()
    {
        var lab = new TrafficLab(
            64, 24, Decide, new Sender(0), new Sender(1), new Sender(2), new Sender(3), new Sender(4, Mbps: 20, To: 0, Bytes: 300), new Sender(5, Mbps: 10, Bytes: 200, IsForger: true));
        lab.Board.Firmware.DataPath.Events.Add(7, ManagementEventKind.CompleterAbort, 0);
        lab.Board.Firmware.DataPath.Events.Add(7, ManagementEventKind.DrainCutShort, 0);
        lab.Board.Firmware.DataPath.Events.Add(7, ManagementEventKind.DrainCutShort, 0);
        lab.Board.Firmware.DataPath.Health.Add(7, ManagementHealth.ReasonsNeedsResetMask);
        lab.Board.Firmware.DataPath.State.Status[7] = Hal.Spec.VirtioDeviceStatus.DeviceNeedsReset;
        return lab;
    }

    private static void Decide(FirmwareRuntime firmware)
    {
        ArbitrationPolicy policy = firmware.DataPath.Arbitration;
        string?[] refusals =
        [
            policy.AddGroup(1), policy.SetGroupRates(1, 0, 600), policy.SetGroupWeight(1, 4), policy.SetGroup(1, 1), policy.SetGroup(2, 1), policy.SetWeight(1, 3),
            policy.SetRates(3, 0, 100), policy.SetRates(4, 200, 0), policy.SetWeight(4, 2),
        ];
        Assert.That(refusals, Is.All.Null);
    }

    private static PageServer Serve(Func<PictureReading> read) =>
        PageServer.Open("web", new IPEndPoint(IPAddress.Loopback, 0), new WebPages(() => Task.FromResult(read())));

    private static EndpointPicture Endpoint(int number, string name) => new()
    {
        Number = number,
        Title = new EndpointTitle(name, name),
        TimeUs = 1_000_000,
        TotalVFs = 4,
        IsLinkUp = true,
        PortMbps = 1000,
        PortLimitMbps = 0,
        PortCounts = new ulong[CounterFamilies.PortColumns],
        Health = "degraded",
        Reasons = [new HealthReason("pf0vf0", name)],
        Groups = [new GroupPicture(1, name, 0, new SharePicture(1, 100, 50))],
        Functions =
        [
            new FunctionPicture("pf0", false, FunctionState.Absent, 2, default, 0, 0, 0, new SharePicture(1, 0, 0), false, 0, new ulong[CounterFamilies.FunctionColumns]),
            new FunctionPicture("pf0vf0", true, FunctionState.Running, 2, new NetworkPicture(5, true, false, true, 2), 1, 0, 0, new SharePicture(1, 0, 0), false, 0, new ulong[CounterFamilies.FunctionColumns]),
        ],
        Events = [new EventPicture(0, 5, 12, "pf0vf0", name)],
    };

    private static string Row(string label) =>
        $"[...document.querySelectorAll('.tree tbody tr')].find(tr => tr.querySelector('.name span')?.textContent === '{label}')";

    private async Task<string> CellAsync(string label, string selector) =>
        (await Page.EvaluateAsync($"{Row(label)}.querySelector('{selector}').textContent"))!.GetValue<string>();

    // In Mbit/s.
    private async Task<double> RateAsync(string label)
    {
        string[] words = (await CellAsync(label, ".value")).Split('\u00a0');
        return double.Parse(words[0], CultureInfo.InvariantCulture) * (words[1] switch { "Gbit/s" => 1000, "Mbit/s" => 1, "kbit/s" => 0.001, _ => 0 });
    }

    // No complaint, nothing asked for elsewhere, nothing wider than the window.
    private async Task RequireSoundAsync(string address, int width)
    {
        Assert.That(Page.Complaints, Is.Empty);
        Assert.That(Page.Requests, Is.Not.Empty.And.All.StartsWith(address));
        Assert.That((int)(await Page.EvaluateAsync("document.documentElement.scrollWidth"))!, Is.LessThanOrEqualTo(width));
    }

    private async Task KeepAsync(string name)
    {
        if (Pictures is not null)
        {
            Directory.CreateDirectory(Pictures);
            await File.WriteAllBytesAsync(Path.Combine(Pictures, name + ".png"), await Page.PictureAsync());
        }
    }
}
