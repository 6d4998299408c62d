// The whole way from bytes to a policy: text, nodes, keys and values, then rules that need no device. Finds all that is wrong at once.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy.Reading;

/// <summary>Reads a policy file. A document with faults is not to be used.</summary>
internal sealed class PolicyReader
{
    private const string VersionKey = "version";
    private const string PortKey = "port";
    private const string GroupsKey = "groups";
    private const string FunctionsKey = "functions";
    private static readonly string[] Keys = [VersionKey, PortKey, GroupsKey, FunctionsKey];

    private readonly PolicyFaults _faults;
    private readonly PolicyDocument _document = new();

    private PolicyReader(PolicyFaults faults) => _faults = faults;

    /// <summary>Reads a policy.</summary>
    /// <param name="bytes">The file, as <see cref="PolicyText.Read"/> gives it.</param>
    /// <param name="faults">Receives all that is wrong.</param>
    public static PolicyDocument Read(ReadOnlySpan<byte> bytes, PolicyFaults faults)
    {
        var reader = new PolicyReader(faults);
        string text = PolicyText.Decode(bytes, faults);
        PolicyNode? root = faults.IsEmpty ? PolicyTree.Read(text, faults) : null;
        if (root is not null)
        {
            reader.ReadRoot(root);
            PolicyRules.Check(reader._document, faults);
        }

        return reader._document;
    }

    private void ReadRoot(PolicyNode root)
    {
        if (Mapping(root, "a policy") is not { } mapping)
        {
            return;
        }

        bool hasVersion = false;
        foreach ((PolicyWord key, PolicyNode value) in mapping.Entries)
        {
            switch (key.Text)
            {
                case VersionKey:
                    hasVersion = true;
                    ReadVersion(value);
                    break;
                case PortKey:
                    _document.Port = Settings("the port", key.Position, value, PolicyKey.OfPort);
                    break;
                case GroupsKey:
                    ReadGroups(value);
                    break;
                case FunctionsKey:
                    ReadFunctions(value);
                    break;
                default:
                    Unknown(key, "a policy", Keys);
                    break;
            }
        }

        if (!hasVersion)
        {
            _faults.Add(root.Position, $"'{VersionKey}' is missing; allowed: {VersionKey}: {PolicyKey.Version}");
        }
    }

    private void ReadVersion(PolicyNode value)
    {
        if (Word(value, VersionKey) is { } word && (word.IsQuoted || word.Text != $"{PolicyKey.Version}"))
        {
            _faults.Add(word.Position, $"{VersionKey} is '{PolicyTree.Short(word.Text)}'; allowed: {PolicyKey.Version}");
        }
    }

    private void ReadGroups(PolicyNode value)
    {
        foreach ((PolicyWord key, PolicyNode settings) in Mapping(value, GroupsKey)?.Entries ?? [])
        {
            if (WhyNoName(key.Text) is { } allowed)
            {
                _faults.Add(key.Position, $"'{PolicyTree.Short(key.Text)}' cannot be a group's name; {allowed}");
            }

            _document.Groups.Add((key.Text, Settings($"group {PolicyTree.Short(key.Text)}", key.Position, settings, PolicyKey.OfGroup)));
        }
    }

    // A number is that of a group that has no name.
    private static string? WhyNoName(string name)
    {
        if (PolicyTarget.IsNumber(name, out int number))
        {
            return number is > 0 and <= PolicyKey.MaxGroups ? null : $"allowed as the number of a group without a name: 1 to {PolicyKey.MaxGroups}";
        }

        try
        {
            RateGroupName.CheckNew(name);
            return null;
        }
        catch (UsageException wrong)
        {
            return wrong.Advice;
        }
    }

    private void ReadFunctions(PolicyNode value)
    {
        foreach ((PolicyWord key, PolicyNode settings) in Mapping(value, FunctionsKey)?.Entries ?? [])
        {
            if (!FunctionRange.TryRead(key.Text, out FunctionRange range))
            {
                _faults.Add(key.Position, $"'{PolicyTree.Short(key.Text)}' names no function; allowed: {FunctionRange.Forms}");
                range = default;
                _ = Settings(key.Text, key.Position, settings, PolicyKey.OfVf);
                continue;
            }

            _document.Functions.Add((range, Settings(key.Text, key.Position, settings, range.IsPf ? PolicyKey.OfPf : PolicyKey.OfVf)));
        }
    }

    private PolicySettings Settings(string owner, TextPosition position, PolicyNode value, IReadOnlyList<PolicyKey> keys)
    {
        var settings = new PolicySettings(position);
        foreach ((PolicyWord key, PolicyNode node) in Mapping(value, owner)?.Entries ?? [])
        {
            PolicyKey? found = keys.FirstOrDefault(known => known.Name == key.Text);
            if (found is null)
            {
                Unknown(key, owner, keys.Select(known => known.Name));
            }
            else if (Word(node, found.Name) is { } word)
            {
                ReadSetting(settings, found, word);
            }
        }

        return settings;
    }

    private void ReadSetting(PolicySettings settings, PolicyKey key, PolicyWord word)
    {
        if (key.Form == PolicyValueForm.Group)
        {
            settings[key] = new PolicySetting(0, word.Text, word.Position);
        }
        else if (PolicyValue.Read(key, word.Text, word.IsQuoted, out ulong value) is { } allowed)
        {
            _faults.Add(word.Position, $"{key.Name} is '{PolicyTree.Short(word.Text)}'; {allowed}");
            _ = settings.Broken.Add(key);
        }
        else
        {
            settings[key] = new PolicySetting(value, null, word.Position);
        }
    }

    // An owner without settings may be written with nothing behind its colon.
    private PolicyMapping? Mapping(PolicyNode node, string owner)
    {
        bool isNothing = node is PolicyWord { IsQuoted: false, Text: "" or "~" or "null" };
        if (node is PolicyMapping || isNothing || node.GetType() == typeof(PolicyNode))
        {
            return node as PolicyMapping;
        }

        _faults.Add(node.Position, $"{PolicyTree.Short(owner)} takes keys with values here, not {KindOf(node)}");
        return null;
    }

    private PolicyWord? Word(PolicyNode node, string key)
    {
        if (node is PolicyWord { IsQuoted: false, Text: "" or "~" or "null" })
        {
            _faults.Add(node.Position, $"{key} has no value");
            return null;
        }

        if (node is not PolicyWord && node.GetType() != typeof(PolicyNode))
        {
            _faults.Add(node.Position, $"{key} takes one value, not {KindOf(node)}");
        }

        return node as PolicyWord;
    }

    private static string KindOf(PolicyNode node) => node switch
    {
        PolicyMapping => "keys with values",
        PolicySequence => "a list",
        PolicyWord word => $"'{PolicyTree.Short(word.Text)}'",
        _ => "this",
    };

    private void Unknown(PolicyWord key, string owner, IEnumerable<string> known)
    {
        string hint = Nearest.Of(key.Text, known) is { } nearest ? $"did you mean {nearest}?" : $"allowed: {string.Join(", ", known)}";
        _faults.Add(key.Position, $"'{PolicyTree.Short(key.Text)}' is no key of {PolicyTree.Short(owner)}; {hint}");
    }
}
