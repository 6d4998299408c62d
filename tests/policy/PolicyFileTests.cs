// Policy files, right and wrong: what a wrong one is told, all of it at once and in its place.
using System;
using System.Linq;
using System.Text;
using NUnit.Framework;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;

namespace SmartNicFw.Tests.Policy;

public sealed class PolicyFileTests
{
    private const string Right = """
        # comment
        version: 1
        port:
          tx_max: 9gbit
        groups:
          gold:
            tx_share: 2gbit
            tx_max: 4gbit
            tx_priority: 5
            tx_weight: 3
          inner: {parent: gold, tx_max: 100}
        functions:
          pf0:
          vf0-7:
            group: inner
            max_tx_rate: 100mbit
            adaptive: true
          vf3: {mac: '02:00:5E:10:00:01', vlan: 100, qos: 3, proto: 802.1ad, spoofchk: off, trust: on, state: disable, queues: 2, msix: 5}
          pf1vf2: {min_tx_rate: 0.1gbit, weight: 1000, interrupts: 20000}
        """;

    [Test]
    public void A_right_file_has_every_setting_where_it_belongs()
    {
        PolicyDocument document = Read(Right, out string[] faults);

        Assert.That(faults, Is.Empty);
        Assert.That(document.Port[PolicyKey.PortMax]?.Value, Is.EqualTo(9000));
        Assert.That(document.Groups.Select(group => group.Name), Is.EqualTo(new[] { "gold", "inner" }));
        Assert.That(document.Groups[1].Settings[PolicyKey.Parent]?.Text, Is.EqualTo("gold"));
        var pieces = document.Pieces().ToList();
        Assert.That(pieces.Select(piece => $"{piece.Range}"), Is.EqualTo(new[] { "pf0", "vf0-2", "vf3", "vf4-7", "pf1vf2" }));
        Assert.That(pieces[1].Settings[PolicyKey.Trust], Is.Null);
        PolicySettings vf3 = pieces[2].Settings;
        Assert.That(vf3[PolicyKey.Mac]?.Value, Is.EqualTo(0x0100105E0002ul));
        Assert.That(vf3[PolicyKey.MaxTxRate]?.Value, Is.EqualTo(100), "named by the wider name");
        Assert.That(vf3[PolicyKey.Protocol]?.Value, Is.EqualTo(0x88A8));
        Assert.That(vf3[PolicyKey.State]?.Value, Is.EqualTo(2));
        Assert.That(vf3[PolicyKey.Mac]?.Position, Is.EqualTo(new TextPosition(18, 14)));
        Assert.That(pieces[4].Settings[PolicyKey.MinTxRate]?.Value, Is.EqualTo(100));
    }

    [TestCase("", "1:1 the file is empty; the least policy is 'version: 1'")]
    [TestCase("# only this\n", "1:1 the file is empty; the least policy is 'version: 1'")]
    [TestCase("functions: {}\n", "1:1 'version' is missing; allowed: version: 1")]
    [TestCase("version: 2\n", "1:10 version is '2'; allowed: 1")]
    [TestCase("version: \"1\"\n", "1:10 version is '1'; allowed: 1")]
    [TestCase("version:\n", "1:9 version has no value")]
    [TestCase("version: [1]\n", "1:10 version takes one value, not a list")]
    [TestCase("[1, 2]\n", "1:1 a policy takes keys with values here, not a list")]
    [TestCase("hello\n", "1:1 a policy takes keys with values here, not 'hello'")]
    [TestCase("version: 1\nfunction: {}\n", "2:1 'function' is no key of a policy; did you mean functions?")]
    [TestCase("version: 1\nx: {}\n", "2:1 'x' is no key of a policy; allowed: version, port, groups, functions")]
    [TestCase("version: 1\nversion: 1\n", "2:1 'version' is there already, in line 1")]
    [TestCase("version: 1\n---\nversion: 1\n", "2:1 another document begins here; a policy is one")]
    [TestCase("version: 1\nport: &a {tx_max: 1}\n", "2:7 anchor '&a' is not taken; write each value where it belongs")]
    [TestCase("version: 1\nport: {tx_max: *a}\n", "2:16 alias '*a' is not taken; write what it stands for")]
    [TestCase("version: 1\nport: !!map {}\n", "2:7 a tag is not taken; write the value alone")]
    [TestCase("version: 1\n<<: {}\n", "2:1 '<<' is no key of a policy; allowed: version, port, groups, functions")]
    [TestCase("version: 1\n? [a]\n: 1\n", "2:3 a key is a word")]
    [TestCase("version: 1\nport:\n\ttx_max: 1\n", "3:1 a tab indents; YAML takes spaces only")]
    [TestCase("version: 1\nport: [[[[[[[[[[[[[[[[[[\n", "2:22 mappings and lists are more than 16 deep here")]
    [TestCase("version: 1\nport: {tx_min: 1}\n", "2:8 'tx_min' is no key of the port; did you mean tx_max?")]
    [TestCase("version: 1\nport: {tx_max: 1.5}\n", "2:16 tx_max is '1.5'; allowed: a whole number of Mbit/s, or a number with kbit, mbit, gbit or tbit, as in 2.5gbit; 0 for none")]
    [TestCase("version: 1\nport: {tx_max: 1.5kbit}\n", "2:16 tx_max is '1.5kbit'; allowed: whole numbers of Mbit/s, 0 to 4294967295")]
    [TestCase("version: 1\nport: {tx_max: 2tbit}\n", "2:16 tx_max is '2tbit'; allowed: 0 to 1000000 Mbit/s")]
    [TestCase("version: 1\nport: {tx_max: '100'}\n", "2:16 tx_max is '100'; allowed: a whole number of Mbit/s, or a number with kbit, mbit, gbit or tbit, as in 2.5gbit; 0 for none")]
    [TestCase("version: 1\nport: {tx_max: -1}\n", "2:16 tx_max is '-1'; allowed: a whole number of Mbit/s, or a number with kbit, mbit, gbit or tbit, as in 2.5gbit; 0 for none")]
    [TestCase("version: 1\ngroups: {port: {}}\n", "2:10 'port' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("version: 1\ngroups: {'a b': {}}\n", "2:10 'a b' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("version: 1\ngroups: {a2345678901234567: {}}\n", "2:10 'a2345678901234567' cannot be a group's name; allowed: 1 to 16 printable letters without a space, not a number, not port or none")]
    [TestCase("version: 1\ngroups: {255: {}}\n", "2:10 '255' cannot be a group's name; allowed as the number of a group without a name: 1 to 254")]
    [TestCase("version: 1\ngroups: {a: {tx_weight: 0}}\n", "2:25 tx_weight is '0'; allowed: 1 to 1000")]
    [TestCase("version: 1\ngroups: {a: {tx_priority: 8}}\n", "2:27 tx_priority is '8'; allowed: 0 to 7")]
    [TestCase("version: 1\ngroups: {a: {parent: a}}\n", "2:22 groups are within themselves: a in a")]
    [TestCase("version: 1\ngroups: {a: {parent: b}, b: {parent: c}, c: {parent: b}}\n", "2:22 groups are within themselves: b in c in b")]
    [TestCase("version: 1\ngroups: {gold: {parent: god}}\n", "2:25 there is no group 'god'; did you mean gold?")]
    [TestCase("version: 1\ngroups: {a: {tx_share: 5, tx_max: 4}}\n", "2:24 group a is guaranteed 5 Mbit/s and limited to 4")]
    [TestCase("version: 1\ngroups: {a: {tx_max: 4}, b: {parent: a, tx_share: 5}}\n", "2:22 guarantees in group a add up to 5 Mbit/s; it may send 4")]
    [TestCase("version: 1\ngroups: {a: {tx_max: 99}}\nfunctions: {vf0-9: {group: a, min_tx_rate: 10}}\n", "2:22 guarantees in group a add up to 100 Mbit/s; it may send 99")]
    [TestCase("version: 1\nport: {tx_max: 99}\nfunctions: {vf0-9: {min_tx_rate: 10}}\n", "2:16 guarantees add up to 100 Mbit/s; the port may send 99")]
    [TestCase("version: 1\nfunctions: {eth0: {}}\n", "2:13 'eth0' names no function; allowed: pfP, vfN (of pf0), pfPvfN, and several VFs as vfN-M, pfPvfN-M")]
    [TestCase("version: 1\nfunctions: {vf9-8: {}}\n", "2:13 'vf9-8' names no function; allowed: pfP, vfN (of pf0), pfPvfN, and several VFs as vfN-M, pfPvfN-M")]
    [TestCase("version: 1\nfunctions: {\"vf0\\n\": {}}\n", "2:13 'vf0?' names no function; allowed: pfP, vfN (of pf0), pfPvfN, and several VFs as vfN-M, pfPvfN-M")]
    [TestCase("version: 1\nfunctions: {vf0: {}, pf0vf0: {}}\n", "2:22 vf0 is there already, in line 2")]
    [TestCase("version: 1\nfunctions: {vf0-5: {}, vf4-9: {}}\n", "2:24 vf4-9 and vf0-5 of line 2 have functions in common and neither contains the other")]
    [TestCase("version: 1\nfunctions: {vf0: {max_rate: 1}}\n", "2:19 'max_rate' is no key of vf0; did you mean max_tx_rate?")]
    [TestCase("version: 1\nfunctions: {pf0: {queues: 1}}\n", "2:19 'queues' is no key of pf0; allowed: mac, vlan, qos, proto, max_tx_rate, min_tx_rate, spoofchk, state, weight, group, interrupts, adaptive")]
    [TestCase("version: 1\nfunctions: {vf0: {mac: 02:00:00:00:00}}\n", "2:24 mac is '02:00:00:00:00'; allowed: six bytes as in 02:00:00:00:00:01")]
    [TestCase("version: 1\nfunctions: {vf0: {mac: 01:00:00:00:00:01}}\n", "2:24 mac is '01:00:00:00:00:01'; allowed: the address of one station; this is a group's")]
    [TestCase("version: 1\nfunctions: {vf0: {mac: 00:00:00:00:00:00}}\n", "2:24 mac is '00:00:00:00:00:00'; allowed: an address that is not zero")]
    [TestCase("version: 1\nfunctions: {vf0: {mac: 02:00:00:00:00:0a}, vf1: {mac: 02:00:00:00:00:0A}}\n", "2:55 mac 02:00:00:00:00:0a is that of vf0 already, in line 2")]
    [TestCase("version: 1\nfunctions: {vf0-1: {mac: 02:00:00:00:00:0a}}\n", "2:26 mac is of one function; vf0-1 are 2")]
    [TestCase("version: 1\nfunctions: {vf0: {vlan: 4095}}\n", "2:25 vlan is '4095'; allowed: 0 to 4094")]
    [TestCase("version: 1\nfunctions: {vf0: {vlan: 0x10}}\n", "2:25 vlan is '0x10'; allowed: 0 to 4094")]
    [TestCase("version: 1\nfunctions: {vf0: {proto: 802.1Q}}\n", "2:26 proto is of a VLAN; vf0 has no vlan")]
    [TestCase("version: 1\nfunctions: {vf0: {proto: 802.1Q, vlan: x}}\n", "2:40 vlan is 'x'; allowed: 0 to 4094")]
    [TestCase("version: 1\nfunctions: {vf0: {vlan: 5, proto: 802.1q}}\n", "2:35 proto is '802.1q'; allowed: 802.1Q, 802.1ad")]
    [TestCase("version: 1\nfunctions: {vf0: {spoofchk: yes}}\n", "2:29 spoofchk is 'yes'; allowed: on, off")]
    [TestCase("version: 1\nfunctions: {vf0: {state: up}}\n", "2:26 state is 'up'; allowed: auto, enable, disable")]
    [TestCase("version: 1\nfunctions: {vf0: {group: gold}}\n", "2:26 there is no group 'gold'; name it under 'groups'")]
    [TestCase("version: 1\nfunctions: {vf0: {min_tx_rate: 20, max_tx_rate: 10}}\n", "2:32 vf0 would be guaranteed 20 Mbit/s and limited to 10")]
    [TestCase("version: 1\nfunctions: {vf0: 5}\n", "2:18 vf0 takes keys with values here, not '5'")]
    [TestCase("version: 1\nfunctions: [vf0]\n", "2:12 functions takes keys with values here, not a list")]
    public void A_wrong_file_is_told_what_is_wrong_and_where(string text, string fault)
    {
        _ = Read(text, out string[] faults);

        Assert.That(faults, Is.EqualTo(new[] { fault }));
    }

    [TestCase("version: 1\nport: {tx_max: 1\n")]
    [TestCase("version: 1\n a: b: c\n")]
    [TestCase("version: 1\nport: 'x\n")]
    [TestCase("version: 1\nport: @x\n")]
    [TestCase("%FOO\n--- 1 2\n: :\n")]
    [TestCase("a: \"\\xzz\"\n")]
    [TestCase("a:\n - 1\n b: 2\n")]
    [TestCase("{a: b")]
    [TestCase("- !<\n")]
    public void What_is_no_YAML_is_one_fault_that_says_so(string text)
    {
        _ = Read(text, out string[] faults);

        Assert.That(faults, Has.Length.EqualTo(1));
        Assert.That(faults[0], Does.Match("^[0-9]+:[0-9]+ this is not YAML: [^\n]+[^.]$"));
    }

    [Test]
    public void Every_fault_is_said_at_once_in_the_order_of_the_text()
    {
        _ = Read(
            """
            port: {tx_max: fast}
            groups:
              a: {parent: b, tx_weight: 1001}
              b: {parent: a}
            functions:
              vf1: {mac: 02:00:00:00:00:01, wieght: 3}
              vf0: {mac: 02:00:00:00:00:01, trust: maybe, group: c}
            """,
            out string[] faults);

        Assert.That(faults.Select(fault => fault.Split(' ')[0]), Is.EqualTo(new[] { "1:1", "1:16", "3:15", "3:29", "6:33", "7:14", "7:40", "7:54" }));
    }

    [Test]
    public void Bytes_that_are_no_text_are_refused_in_their_place()
    {
        Assert.That(Faults([.. "version: 1\nport"u8, 0xC3, 0x28]), Is.EqualTo(new[] { "2:5 byte C3h is not UTF-8 here" }));
        Assert.That(Faults([0xFF, 0xFE, 0x76, 0x00]), Is.EqualTo(new[] { "1:1 byte FFh is not UTF-8 here" }));
        Assert.That(Faults("version: 1\n\0port: {}\n"u8), Is.EqualTo(new[] { "2:1 character 0000h cannot be in a policy" }));
        Assert.That(Faults("version: 1 # \u0085x\n"u8), Is.EqualTo(new[] { "1:14 character 0085h cannot be in a policy" }));
        Assert.That(Faults([0xEF, 0xBB, 0xBF, .. "version: 1\r\n"u8]), Is.Empty, "a byte order mark, and lines as Windows ends them");
    }

    [Test]
    public void A_file_is_read_up_to_its_bound_and_no_further()
    {
        byte[] most = Encoding.UTF8.GetBytes("version: 1\n#".PadRight(PolicyText.MaxBytes, 'x'));
        using var endless = new System.IO.MemoryStream([.. most, .. most]);

        Assert.That(Faults(most), Is.Empty);
        Assert.That(PolicyText.Read(endless), Has.Length.EqualTo(PolicyText.MaxBytes + 1));
        Assert.That(Faults([.. most, 0x20]), Is.EqualTo(new[] { "1:1 the file is larger than 1048576 bytes, which is the most that is read" }));
    }

    [Test]
    public void Files_made_to_take_long_are_refused_soon()
    {
        string groups = "version: 1\ngroups:\n" + string.Concat(Enumerable.Range(0, 60000).Select(group => $"  g{group}: {{}}\n"));
        string functions = "version: 1\nfunctions:\n" + string.Concat(Enumerable.Range(0, 9000).Select(vf => $"  vf{vf}: {{}}\n"));
        string wrong = "version: 1\nfunctions:\n" + string.Concat(Enumerable.Range(0, 50000).Select(vf => $"  x{vf}: {{}}\n"));

        Assert.That(Faults(Encoding.UTF8.GetBytes(groups)), Is.EqualTo(new[] { "257:3 60000 groups are named; allowed: 254" }));
        Assert.That(Faults(Encoding.UTF8.GetBytes(functions)), Is.EqualTo(new[] { "8195:3 9000 names of functions; allowed: 8192" }));
        Assert.That(Faults(Encoding.UTF8.GetBytes(wrong)), Has.Length.EqualTo(PolicyFaults.MaxKept));
        Assert.That(Faults(Encoding.UTF8.GetBytes("a: " + new string('[', 900000))), Has.Length.EqualTo(1));
        Assert.That(Faults(Encoding.UTF8.GetBytes("a: &a [" + string.Concat(Enumerable.Repeat("*a,", 300000)) + "]")), Has.Length.EqualTo(PolicyFaults.MaxKept));
    }

    private static PolicyDocument Read(string text, out string[] faults)
    {
        var found = new PolicyFaults();
        PolicyDocument document = PolicyReader.Read(Encoding.UTF8.GetBytes(text), found);
        faults = Lines(found);
        return document;
    }

    private static string[] Faults(ReadOnlySpan<byte> bytes)
    {
        var found = new PolicyFaults();
        _ = PolicyReader.Read(bytes, found);
        return Lines(found);
    }

    private static string[] Lines(PolicyFaults faults) =>
        [.. faults.Sorted.Select(fault => $"{fault.Position.Line}:{fault.Position.Column} {fault.Message}")];
}
