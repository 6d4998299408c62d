// The commands of smartnic at a real endpoint: what is set is what is read, in text and in JSON that its schema judges.
using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

/// <summary>One endpoint with two PFs and eight VFs each, four of them enabled. Each test has functions of its own.</summary>
public sealed class CommandTests
{
    private const int PhysicalFunctions = 2;
    private const int TotalVFs = 8;
    private RunningEmulator _emulator = null!;

    [OneTimeSetUp]
    public void Start() => _emulator = new RunningEmulator("--pfs", "2", "--vfs", "4", "--total-vfs", "8");

    [OneTimeTearDown]
    public void Stop() => _emulator.Dispose();

    // As a process, where a command is what is tested; within this process, where it only looks what became of it.
    private ToolRun Tool => ToolRun.At(_emulator.Socket);

    private ToolRun Here => ToolRun.Here(_emulator.Socket);

    [Test]
    public void Show_has_the_endpoint_and_a_line_for_every_function_that_is_there()
    {
        string[] lines = Tool.Text("show").TrimEnd('\n').Split('\n');
        Assert.That(lines[0], Does.StartWith($"{_emulator.Socket}:  firmware ").And.Contain("link up  25 Gbit/s  mtu 9000"));
        Assert.That(lines[0], Does.EndWith("2 PFs  up to 8 VFs each"));
        Assert.That(lines[1], Does.Match("^NAME +DRIVER +LINK +MAC "));
        Assert.That(lines[2], Does.Match("^pf0 +none +up +02:00:00:00:00:01 "));
        Assert.That(lines.Skip(2).Select(line => line.Split(' ')[0]).Take(3), Is.EqualTo(new[] { "pf0", "pf1", "vf0" }));

        JsonElement shown = Tool.Json("show", "show");
        Assert.That(shown.GetProperty("endpoint").GetProperty("speed").GetUInt64(), Is.EqualTo(25_000 * 125_000UL), "bytes a second");
        Assert.That(shown.GetProperty("functions").EnumerateArray().All(function => function.GetProperty("enabled").GetBoolean()), Is.True);
        JsonElement all = Tool.Json("show", "show --all");
        Assert.That(all.GetProperty("functions").GetArrayLength(), Is.EqualTo(PhysicalFunctions * (1 + TotalVFs)));
        Assert.That(all.GetProperty("functions").EnumerateArray().Last().GetProperty("name").GetString(), Is.EqualTo("pf1vf7"));
    }

    [TestCase("mac", "02:00:00:00:01:99", "mac", "02:00:00:00:01:99")]
    [TestCase("vlan", "100", "vlan", "100")]
    [TestCase("max_tx_rate", "2.5gbit", "max_tx_rate", "312500000")]
    [TestCase("max_tx_rate", "500", "max_tx_rate", "62500000")]
    [TestCase("max_tx_rate", "0", "max_tx_rate", "0")]
    [TestCase("min_tx_rate", "10mbit", "min_tx_rate", "1250000")]
    [TestCase("spoofchk", "off", "spoofchk", "False")]
    [TestCase("trust", "on", "trust", "True")]
    [TestCase("state", "disable", "state", "disable")]
    [TestCase("state", "enable", "state", "enable")]
    [TestCase("weight", "17", "weight", "17")]
    [TestCase("queues", "1", "queues", "1")]
    [TestCase("msix", "5", "msix", "5")]
    [TestCase("interrupts", "20000", "interrupts", "20000")]
    [TestCase("adaptive", "on", "adaptive", "True")]
    public void An_attribute_that_is_set_is_read_back(string attribute, string typed, string name, string value)
    {
        JsonElement set = Here.Json("vf-set", $"vf pf1vf0 set {attribute} {typed}");
        Assert.That(set.GetProperty("function").GetString(), Is.EqualTo("pf1vf0"));
        Assert.That(set.GetProperty("set").GetProperty(attribute).GetString(), Is.EqualTo(typed));
        Assert.That(Of("pf1vf0", name), Is.EqualTo(value));
    }

    [Test]
    public void Several_attributes_are_set_together()
    {
        Assert.That(
            Tool.Text("vf 0 set mac 02:00:00:00:01:00 vlan 7 qos 5 proto 802.1ad max_tx_rate 900 min_tx_rate 20 trust on weight 3"),
            Is.EqualTo("vf0  mac 02:00:00:00:01:00  vlan 7  qos 5  proto 802.1ad  max_tx_rate 900  min_tx_rate 20  trust on  weight 3\n"));
        string text = Tool.Text("vf vf0 show");
        string[] expected =
        [
            "mac          02:00:00:00:01:00 (set by the operator)", "vlan         7 qos 5 802.1ad", "max_tx_rate  900 Mbit/s",
            "min_tx_rate  20 Mbit/s", "trust        on", "weight       3",
        ];
        Assert.That(expected.Except(text.Split('\n')), Is.Empty, text);

        Tool.Text("vf 0 set qos 2");
        Assert.That((Of("vf0", "vlan"), Of("vf0", "qos"), Of("vf0", "proto")), Is.EqualTo(("7", "2", "802.1ad")), "qos alone leaves the others");
        Tool.Text("vf 0 set vlan 8");
        Assert.That((Of("vf0", "vlan"), Of("vf0", "qos"), Of("vf0", "proto")), Is.EqualTo(("8", "0", "802.1Q")), "as ip link has it");
        Tool.Text("vf 0 set vlan 0");
        Assert.That((Of("vf0", "vlan"), Of("vf0", "proto")), Is.EqualTo(("0", "")));
        Assert.That(Here.Failure("vf 0 set qos 3"), Is.EqualTo("there is no port VLAN that qos or proto could change; set it too: vlan ID qos Q proto P"));
    }

    [Test]
    public void Of_several_attributes_none_is_set_when_one_cannot_be()
    {
        string neighbour = Of("pf1", "mac");
        string before = Of("vf1", "weight");
        string failure = Here.Failure($"vf 1 set weight 99 trust on mac {neighbour}");
        Assert.That(failure, Does.StartWith($"the device at {_emulator.Socket} refused: ").And.EndsWith("; nothing was changed"));
        Assert.That((Of("vf1", "weight"), Of("vf1", "trust")), Is.EqualTo((before, "False")));

        JsonElement error = ToolRun.Judge("error", Tool.Run($"-j vf 1 set weight 99 trust on mac {neighbour}").Output).GetProperty("error");
        Assert.That(error.GetProperty("status").GetString(), Is.EqualTo("bad_argument"));
        Assert.That(error.GetProperty("reason").GetString(), Is.EqualTo("unusable_mac"));
        Assert.That(error.GetProperty("change").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public void A_function_that_is_not_there_is_named_with_those_that_are()
    {
        Assert.That(Here.Failure("vf 8 show"), Is.EqualTo("there is no vf8; there are pf0 to pf1, each with vf0 to vf7"));
        Assert.That(Here.Failure("vf pf2vf0 reset"), Is.EqualTo("there is no pf2vf0; there are pf0 to pf1, each with vf0 to vf7"));
        Assert.That(Here.Failure("numvfs 1 --pf pf2"), Is.EqualTo("there is no pf2; there are pf0 to pf1, each with vf0 to vf7"));
    }

    [Test]
    public void The_number_of_VFs_changes_and_may_change_from_one_number_to_another()
    {
        Assert.That(Tool.Text("numvfs 6 --pf pf1"), Is.EqualTo("pf1 has 6 VFs\n"));
        Assert.That(Of("pf1vf5", "enabled"), Is.EqualTo("True"));
        JsonElement changed = Tool.Json("numvfs", "numvfs 4 --pf pf1");
        Assert.That(changed.GetProperty("num_vfs").GetInt32(), Is.EqualTo(4));
        Assert.That(Of("pf1vf5", "enabled"), Is.EqualTo("False"));
        Assert.That(Here.Failure("numvfs 9 --pf pf1"), Does.StartWith($"the device at {_emulator.Socket} refused: ").And.Contain("0 to 8"));
    }

    [Test]
    public void A_VF_is_reset_when_it_is_enabled()
    {
        Assert.That(Tool.Text("vf 2 reset"), Is.EqualTo("vf2 is being reset\n"));
        Assert.That(Tool.Json("vf-reset", "vf 2 reset").GetProperty("function").GetString(), Is.EqualTo("vf2"));
        Assert.That(Here.Failure("vf 7 reset"), Does.EndWith("enable it first: smartnic numvfs N"));
        Assert.That(Here.Failure("vf pf0 reset"), Does.StartWith($"the device at {_emulator.Socket} "));
    }

    [Test]
    public void Counters_have_the_names_of_the_metrics()
    {
        Assert.That(Tool.Text("vf 2 stats"), Does.Match("(?m)^sriov_vf_rx_bytes +[0-9]+  bytes received$"));
        Assert.That(Tool.Json("vf-stats", "vf pf0 stats").GetProperty("statistics").GetProperty("sriov_pf_tx_frames").GetUInt64(), Is.Zero);
        JsonElement queue = Tool.Json("vf-stats-queue", "vf 2 stats --queue 1");
        Assert.That(queue.GetProperty("kind").GetString(), Is.EqualTo("transmit"));
        Assert.That(queue.GetProperty("enabled").GetBoolean(), Is.False);
        Assert.That(Tool.Text("vf 2 stats --queue 0"), Does.StartWith("vf2 queue 0: receive, is not enabled\n"));
        Assert.That(Here.Failure("vf 2 stats --queue 99"), Does.Contain("no such queue"));
    }

    [Test]
    public void Rate_groups_are_added_changed_used_and_deleted_by_name()
    {
        Assert.That(Tool.Text("rate group add tenants tx_max 2gbit tx_share 500"), Is.EqualTo("rate group tenants added  tx_max 2gbit  tx_share 500\n"));
        JsonElement added = Tool.Json("rate-group-change", "rate group add web parent tenants tx_weight 3");
        Tool.Text("rate group set web tx_priority 4");
        Tool.Text("vf 3 set group web");
        Assert.That(Of("vf3", "group"), Is.EqualTo("web"));
        Assert.That(Tool.Text("vf 3 show"), Does.Contain("group        web\n"));

        JsonElement web = Tool.Json("rate-group-show", "rate group show web").GetProperty("groups")[0];
        Assert.That(web.GetProperty("number").GetInt32(), Is.EqualTo(added.GetProperty("number").GetInt32()));
        Assert.That(web.GetProperty("parent").GetString(), Is.EqualTo("tenants"));
        Assert.That((web.GetProperty("tx_weight").GetInt32(), web.GetProperty("tx_priority").GetInt32()), Is.EqualTo((3, 4)));
        JsonElement tenants = Tool.Json("rate-group-show", "rate group show tenants").GetProperty("groups")[0];
        Assert.That(tenants.GetProperty("tx_max").GetUInt64(), Is.EqualTo(250_000_000));
        Assert.That(tenants.GetProperty("tx_share").GetUInt64(), Is.EqualTo(62_500_000));

        Assert.That(Here.Failure("rate group add web"), Is.EqualTo("there is a rate group web already; smartnic rate group set web changes it"));
        Assert.That(Here.Failure("rate group del tenants"), Does.EndWith("take out what is in it first: smartnic vf N set group none"));
        Assert.That(Here.Failure("rate group set wbe tx_max 1"), Is.EqualTo("there is no rate group wbe; did you mean web? there are: tenants, web"));
        Tool.Text("vf 3 set group none");
        Assert.That(Of("vf3", "group"), Is.EqualTo("port"));
        Tool.Text("rate group del web");
        Tool.Text($"rate group del {tenants.GetProperty("number").GetInt32()}");
        Assert.That(Tool.Text("rate group show"), Does.Not.Contain("tenants"));
    }

    [TestCase("pf0")]
    [TestCase("vf3")]
    [TestCase("pf1vf1")]
    public void A_dump_is_what_the_emulator_s_own_host_reads(string function)
    {
        ProgramRun own = ProgramRun.OfProduct("emulator", "config", "dump", function, "--pfs", "2", "--vfs", "4", "--total-vfs", "8");
        Assert.That(Tool.Text($"config dump {function}"), Is.EqualTo(own.Output));
    }

    [Test]
    public void A_dump_of_all_is_what_lspci_reads()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, Tool.Text("config dump all"));
        ProgramRun lspci = ProgramRun.Of("lspci", "-vvv", "-F", file);
        File.Delete(file);
        Assert.That(lspci.ExitCode, Is.Zero, lspci.Errors);
        Assert.That(lspci.Output, Does.Contain("Single Root I/O Virtualization").And.Contain("01:01.0 Ethernet controller").And.Not.Contain("<chain"));

        JsonElement raw = Tool.Json("config-dump", "config dump vf0 --raw").GetProperty("functions")[0];
        Assert.That(raw.GetProperty("config").GetString(), Does.StartWith("ffffffff"), "a VF's own IDs");
        Assert.That(raw.GetProperty("address").GetString(), Is.EqualTo("01:00.2"));
        Assert.That(Here.Failure("config dump vf7"), Does.EndWith("enable it first: smartnic numvfs N"));
    }

    [Test]
    public void A_walk_decodes_every_capability()
    {
        JsonElement pf = Tool.Json("config-walk", "config walk pf0").GetProperty("functions")[0];
        string[] names = [.. pf.GetProperty("capabilities").EnumerateArray().Select(found => found.GetProperty("name").GetString()!)];
        Assert.That(names, Does.Contain("pci_express").And.Contain("msix").And.Contain("sriov").And.Contain("aer").And.Not.Contain("unknown"));
        JsonElement sriov = Fields(pf, "sriov");
        Assert.That((sriov.GetProperty("vf_enable").GetBoolean(), sriov.GetProperty("total_vfs").GetInt32()), Is.EqualTo((true, TotalVFs)));
        Assert.That(Fields(pf, "pci_express").GetProperty("max_payload_supported").GetInt32(), Is.EqualTo(512));
        Assert.That(pf.GetProperty("fault").ValueKind, Is.EqualTo(JsonValueKind.Null));

        JsonElement vf = Tool.Json("config-walk", "config walk vf3").GetProperty("functions")[0];
        Assert.That(vf.GetProperty("header").GetProperty("vendor_id").GetInt32(), Is.EqualTo(0x1AF4), "as host software gives it");
        Assert.That(Fields(vf, "msix").GetProperty("table_size").GetInt32(), Is.EqualTo(16));
        Assert.That(Tool.Text("config walk vf3"), Does.StartWith("vf3: 1af4:1041\n  000 header  vendor_id 1af4").And.Contain("  flr+  "));
    }

    [TestCase(40)]
    [TestCase(80)]
    [TestCase(200)]
    public void Whatever_the_width_no_line_is_longer_and_nothing_is_lost(int width)
    {
        ToolRun narrow = Tool.With("COLUMNS", width.ToString(CultureInfo.InvariantCulture));
        foreach (string line in new[] { "show", "vf pf0 show", "vf pf0 stats", "rate group show", "config walk pf0", "vf 2 stats --queue 0" })
        {
            string text = narrow.Text(line).Replace(_emulator.Socket, "SOCKET", StringComparison.Ordinal);
            Assert.That(text.Split('\n').Where(row => row.Length > width), Is.Empty, $"{line} at {width}");
            string wide = Here.Text(line).Replace(_emulator.Socket, "SOCKET", StringComparison.Ordinal);
            string[] values = [.. wide.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.Any(char.IsDigit))];
            Assert.That(values.Except(text.Split([' ', '\n'])), Is.Empty, $"{line} at {width}");
        }
    }

    [Test]
    public void Nothing_but_text_is_printed_where_no_person_looks()
    {
        foreach (string line in new[] { "show", "vf 2 show", "rate group show", "config walk vf0", "version", "completion bash" })
        {
            Assert.That(Tool.Text(line), Does.Not.Contain('\u001b').And.Not.Contain('\r'), line);
        }
    }

    [Test]
    public void Version_asks_the_device_that_is_named()
    {
        JsonElement version = Tool.Json("version", "version");
        Assert.That(version.GetProperty("firmware").GetString(), Does.Match("^[0-9]+\\.[0-9]+\\.[0-9]+$"));
        Assert.That(version.GetProperty("device").GetString(), Is.EqualTo(_emulator.Socket));
    }

    [Test]
    public void The_device_may_be_named_by_the_environment_and_the_option_counts_more()
    {
        using var nothing = new FakeSysfs();
        Assert.That(ToolRun.On(nothing).With("SMARTNIC_DEVICE", _emulator.Socket).Text("show"), Does.StartWith(_emulator.Socket));
        Assert.That(Tool.With("SMARTNIC_DEVICE", "/nowhere").Text("show"), Does.StartWith(_emulator.Socket));
    }

    private static JsonElement Fields(JsonElement function, string capability) => function.GetProperty("capabilities").EnumerateArray()
        .First(found => found.GetProperty("name").GetString() == capability).GetProperty("fields");

    private string Of(string function, string name) =>
        Here.Json("vf-show", $"vf {function} show").GetProperty("function").GetProperty(name).ToString();
}
