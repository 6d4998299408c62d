// Attributes that one function is to have, as they were typed, and what that is in the protocol. Sends nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>
/// Each attribute at most once. As with ip link, vlan without qos and proto sets those to 0 and 802.1Q; qos or proto alone change the
/// port VLAN that there is.
/// </summary>
internal sealed class AttributeChanges
{
    private readonly List<(AttributeWord Word, string Text)> _words = [];

    private AttributeChanges()
    {
    }

    /// <summary>Names and values as they were typed.</summary>
    public IEnumerable<(string Name, string Text)> Words => _words.Select(word => (word.Word.Name, word.Text));

    /// <summary>Reads "NAME VALUE NAME VALUE ...". Every name and value is judged before a device is asked.</summary>
    /// <exception cref="UsageException">One is not understood.</exception>
    public static AttributeChanges Parse(IReadOnlyList<string> words)
    {
        if (words.Count == 0)
        {
            throw new UsageException("name an attribute and its value", $"allowed: {string.Join(", ", AttributeWord.Names)}");
        }

        var changes = new AttributeChanges();
        for (int at = 0; at < words.Count; at += 2)
        {
            AttributeWord word = AttributeWord.Find(words[at]);
            if (at + 1 == words.Count)
            {
                throw new UsageException($"{word.Name} takes a value", $"allowed: {word.Values}");
            }

            if (changes._words.Exists(earlier => earlier.Word == word))
            {
                throw new UsageException($"{word.Name} is there twice", "each attribute once");
            }

            word.Parse?.Invoke(words[at + 1]);
            changes._words.Add((word, words[at + 1]));
        }

        return changes;
    }

    /// <summary>The changes as the protocol has them.</summary>
    /// <param name="currentVlan">Asks for the function's port VLAN: only where qos or proto change it.</param>
    /// <param name="groups">Asks for the rate groups: only where one is named.</param>
    public IReadOnlyList<(int Kind, ulong Value)> Resolve(Func<uint> currentVlan, Func<IReadOnlyList<RateGroupInfo>> groups)
    {
        var values = new List<(int Kind, ulong Value)>();
        foreach ((AttributeWord word, string text) in _words)
        {
            if (word.Kind != ManagementAttributeKind.Vlan)
            {
                values.Add((word.Kind, word.Parse is { } parse ? parse(text) : (ulong)RateGroupName.Resolve(text, groups())));
            }
            else if (!values.Exists(value => value.Kind == ManagementAttributeKind.Vlan))
            {
                values.Add((word.Kind, Vlan(currentVlan)));
            }
        }

        return values;
    }

    private uint Vlan(Func<uint> current)
    {
        uint? id = Value(AttributeWord.Vlan);
        uint before = id is null ? current() : 0;
        if (id is null && before == 0)
        {
            // A protocol or a priority of no VLAN would be forgotten without a word.
            throw new RefusedException("there is no port VLAN that qos or proto could change", "set it too: vlan ID qos Q proto P");
        }

        uint number = id ?? before & ManagementVlan.IdMask;
        uint priority = Value(AttributeWord.Qos) ?? (before & ManagementVlan.PriorityMask) >> ManagementVlan.PriorityShift;
        uint protocol = Value(AttributeWord.Proto) ?? (before != 0 ? before >> ManagementVlan.ProtocolShift : ManagementVlan.Ieee8021Q);
        return number == 0
            ? priority << ManagementVlan.PriorityShift
            : number | (priority << ManagementVlan.PriorityShift) | (protocol << ManagementVlan.ProtocolShift);
    }

    private uint? Value(string name)
    {
        (AttributeWord Word, string Text) found = _words.FirstOrDefault(word => word.Word.Name == name);
        return found.Word is null ? null : (uint)found.Word.Parse!(found.Text);
    }
}
