// The schema of policy files, for editors: made from the keys that the program knows, and in agreement with it.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;
using NUnit.Framework;
using SmartNicFw.HostTools.Policy;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.Tests.Gates;
using YamlDotNet.RepresentationModel;

namespace SmartNicFw.Tests.Policy;

public sealed class PolicySchemaTests
{
    private const string UpdateVariable = "UPDATE_GOLDEN";
    private static readonly string FilePath = Repository.File("host-tools", "schemas", "policy.schema.json");

    // What no schema can judge: rules between settings, and places.
    private static readonly string[] Documents =
    [
        "version: 1",
        "version: 2",
        "version: '1'",
        "port: {tx_max: 1}",
        "version: 1\nport: {tx_max: 9gbit}",
        "version: 1\nport: {tx_max: 9 gbit}",
        "version: 1\nport: {tx_max: 1000001}",
        "version: 1\nport: {tx_max: '100'}",
        "version: 1\nport: {tx_max: -1}",
        "version: 1\nport: {tx_max: 2.5gbit}",
        "version: 1\nport: {tx_max: 1, tx_min: 1}",
        "version: 1\nport:",
        "version: 1\nport: []",
        "version: 1\nports: {}",
        "version: 1\ngroups: {gold: {tx_share: 1gbit, tx_max: 2000, tx_priority: 7, tx_weight: 1000, parent: port}}",
        "version: 1\ngroups: {gold: {tx_priority: 8}}",
        "version: 1\ngroups: {gold: {tx_weight: 0}}",
        "version: 1\ngroups: {gold: {weight: 1}}",
        "version: 1\ngroups: {gold: 5}",
        "version: 1\ngroups: {gold: }",
        "version: 1\ngroups: {'go ld': {}}",
        "version: 1\ngroups: {a2345678901234567: {}}",
        "version: 1\ngroups: {port: {}}",
        "version: 1\ngroups: {none: {}}",
        "version: 1\ngroups: {254: {}}",
        "version: 1\ngroups: {255: {}}",
        "version: 1\ngroups: {0: {}}",
        "version: 1\nfunctions: {vf0: {mac: '02:00:00:00:00:01'}}",
        "version: 1\nfunctions: {vf0: {mac: 02-00-00-00-00-01}}",
        "version: 1\nfunctions: {vf0: {mac: 02-00-00-00-00:01}}",
        "version: 1\nfunctions: {vf0: {mac: 2:0:0:0:0:1}}",
        "version: 1\nfunctions: {vf0: {vlan: 4094, qos: 7, proto: 802.1ad}}",
        "version: 1\nfunctions: {vf0: {vlan: 4095}}",
        "version: 1\nfunctions: {vf0: {vlan: ten}}",
        "version: 1\nfunctions: {vf0: {qos: 8}}",
        "version: 1\nfunctions: {vf0: {vlan: 1, proto: 802.1x}}",
        "version: 1\nfunctions: {vf0: {max_tx_rate: 100mbit, min_tx_rate: 50}}",
        "version: 1\nfunctions: {vf0: {spoofchk: off, trust: on, adaptive: true}}",
        "version: 1\nfunctions: {vf0: {spoofchk: 1}}",
        "version: 1\nfunctions: {vf0: {state: auto}}",
        "version: 1\nfunctions: {vf0: {state: up}}",
        "version: 1\nfunctions: {vf0: {weight: 1001}}",
        "version: 1\nfunctions: {vf0: {queues: 2, msix: 5, interrupts: 1000000}}",
        "version: 1\nfunctions: {vf0: {queues: 0}}",
        "version: 1\nfunctions: {vf0: {msix: 2049}}",
        "version: 1\nfunctions: {vf0: {interrupts: 1000001}}",
        "version: 1\nfunctions: {vf0: {group: port}}",
        "version: 1\nfunctions: {vf0: {group: [a]}}",
        "version: 1\nfunctions: {vf0: {speed: 5}}",
        "version: 1\nfunctions: {pf0: {weight: 5}, pf1vf3: {}, vf8-63: {}, pf1vf0-7: {}}",
        "version: 1\nfunctions: {pf0: {queues: 5}}",
        "version: 1\nfunctions: {pf0: {trust: on}}",
        "version: 1\nfunctions: {eth0: {}}",
        "version: 1\nfunctions: {vf01: {}}",
        "version: 1\nfunctions: {pf0-1: {}}",
        "version: 1\nfunctions: [vf0]",
        "[]",
    ];

    [Test]
    public void The_schema_is_made_from_the_keys()
    {
        string made = Made().ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            File.WriteAllText(FilePath, made);
        }

        Assert.That(File.ReadAllText(FilePath), Is.EqualTo(made), $"{UpdateVariable}=1 writes it");
    }

    [TestCaseSource(nameof(Documents))]
    public void The_schema_and_the_program_agree(string text)
    {
        JsonSchema schema = JsonSchema.FromJsonAsync(File.ReadAllText(FilePath)).GetAwaiter().GetResult();
        string json = Json(text);
        string[] bySchema = [.. schema.Validate(json).Select(error => error.ToString())];
        var faults = new PolicyFaults();
        _ = PolicyReader.Read(Encoding.UTF8.GetBytes(text), faults);

        Assert.That(
            bySchema.Length == 0, Is.EqualTo(faults.IsEmpty),
            $"{json}\nschema: {string.Join("; ", bySchema)}\nprogram: {string.Join("; ", faults.Sorted.Select(fault => fault.Message))}");
    }

    private static JsonObject Made() => new()
    {
        ["$schema"] = "http://json-schema.org/draft-07/schema#",
        ["title"] = "A policy file of smartnic apply",
        ["description"] = "The whole policy of an endpoint; what is not named is as it is after the first start.",
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["version"] = new JsonObject { ["type"] = "integer", ["enum"] = new JsonArray(PolicyKey.Version) },
            ["port"] = Owner("The Ethernet port.", PolicyKey.OfPort),
            ["groups"] = new JsonObject
            {
                ["type"] = new JsonArray("object", "null"),
                ["description"] = $"Rate groups by name; a number is that of a group without a name, 1 to {PolicyKey.MaxGroups}.",
                ["patternProperties"] = new JsonObject { [GroupName] = Owner("A rate group.", PolicyKey.OfGroup) },
                ["additionalProperties"] = false,
            },
            ["functions"] = new JsonObject
            {
                ["type"] = new JsonArray("object", "null"),
                ["description"] = $"Functions by name: {FunctionRange.Forms}. Of two names that share a function one contains the other, and the narrower one goes before.",
                ["patternProperties"] = new JsonObject
                {
                    [FunctionRange.PfPattern] = Owner("A physical function.", PolicyKey.OfPf),
                    [FunctionRange.VfPattern] = Owner("Virtual functions.", PolicyKey.OfVf),
                },
                ["additionalProperties"] = false,
            },
        },
        ["required"] = new JsonArray("version"),
        ["additionalProperties"] = false,
    };

    // No word that means the port, and no number but 1 to 254.
    private static string GroupName => "^(?!(port|none)$)(?![0-9]+$)[!-~]{1,16}$|^([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-4])$";

    private static JsonObject Owner(string meaning, IReadOnlyList<PolicyKey> keys) => new()
    {
        ["type"] = new JsonArray("object", "null"),
        ["description"] = meaning,
        ["properties"] = new JsonObject(keys.Select(key => KeyValuePair.Create(key.Name, (JsonNode?)Key(key)))),
        ["additionalProperties"] = false,
    };

    private static JsonObject Key(PolicyKey key)
    {
        JsonObject schema = key.Form switch
        {
            PolicyValueForm.Number => Number(key),
            PolicyValueForm.Rate => new JsonObject { ["oneOf"] = new JsonArray(Number(key), Pattern(RateText.Pattern)) },
            PolicyValueForm.Switch => new JsonObject { ["enum"] = new JsonArray("on", "off", true, false) },
            PolicyValueForm.Mac => Pattern("^([0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5})$"),
            PolicyValueForm.VlanProtocol => new JsonObject { ["enum"] = new JsonArray("802.1Q", "802.1ad") },
            PolicyValueForm.LinkState => new JsonObject { ["enum"] = new JsonArray("auto", "enable", "disable") },
            _ => new JsonObject { ["type"] = new JsonArray("string", "integer") },
        };
        schema["description"] = key.Meaning;
        return schema;
    }

    private static JsonObject Number(PolicyKey key) => new() { ["type"] = "integer", ["minimum"] = key.Least, ["maximum"] = key.Most };

    private static JsonObject Pattern(string pattern) => new() { ["type"] = "string", ["pattern"] = pattern };

    // As an editor reads YAML 1.2: plain words are numbers, true, false and null where they look so.
    private static string Json(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return Node(stream.Documents[0].RootNode)?.ToJsonString() ?? "null";
    }

    private static JsonNode? Node(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Node(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Node)]),
        YamlScalarNode { Style: not YamlDotNet.Core.ScalarStyle.Plain } quoted => JsonValue.Create(quoted.Value),
        YamlScalarNode { Value: "" or "~" or "null" or null } => null,
        YamlScalarNode { Value: "true" or "false" } truth => JsonValue.Create(truth.Value == "true"),
        YamlScalarNode plain => long.TryParse(plain.Value, System.Globalization.CultureInfo.InvariantCulture, out long number)
            ? JsonValue.Create(number)
            : JsonValue.Create(plain.Value),
        _ => throw new ArgumentException("no such node"),
    };
}
