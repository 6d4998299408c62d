// A policy as its file says it: what is named, with the place where it is named. Knows no device.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Policy.Reading;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.HostTools.Policy;

/// <summary>A value that the file names.</summary>
/// <param name="Value">As the device keeps it; 0 for a group's name.</param>
/// <param name="Text">A group's name; else null.</param>
internal readonly record struct PolicySetting(ulong Value, string? Text, TextPosition Position);

/// <summary>What the file names of one owner: the port, a group, or functions.</summary>
internal sealed class PolicySettings(TextPosition position)
{
    private readonly Dictionary<PolicyKey, PolicySetting> _settings = [];

    /// <summary>Where the owner is named.</summary>
    public TextPosition Position { get; } = position;

    /// <summary>A key that is named with a value that cannot be: what would follow from it is not to be said too.</summary>
    public HashSet<PolicyKey> Broken { get; } = [];

    /// <summary>What a key is set to, or null when it is not named.</summary>
    public PolicySetting? this[PolicyKey key]
    {
        get => _settings.TryGetValue(key, out PolicySetting setting) ? setting : null;
        set => _settings[key] = value!.Value;
    }

    /// <summary>The number of a key, or another one when it is not named.</summary>
    public ulong ValueOf(PolicyKey key, ulong otherwise) => this[key]?.Value ?? otherwise;

    /// <summary>Where a key is named; the owner's place when it is not.</summary>
    public TextPosition PositionOf(PolicyKey key) => this[key]?.Position ?? Position;

    /// <summary>Takes over what another one names and this one does not.</summary>
    public void Inherit(PolicySettings wider)
    {
        foreach ((PolicyKey key, PolicySetting setting) in wider._settings)
        {
            _ = _settings.TryAdd(key, setting);
        }

        Broken.UnionWith(wider.Broken);
    }
}

/// <summary>The whole file. What it does not name is as it is after the first start of a device.</summary>
internal sealed class PolicyDocument
{
    /// <summary>The port's.</summary>
    public PolicySettings Port { get; set; } = new(TextPosition.Start);

    /// <summary>Rate groups by name, in the order of the file.</summary>
    public List<(string Name, PolicySettings Settings)> Groups { get; } = [];

    /// <summary>
    /// Functions in the order of the file. Of two names that have a function in common one contains the other, and its settings go
    /// before the wider one's, key by key.
    /// </summary>
    public List<(FunctionRange Range, PolicySettings Settings)> Functions { get; } = [];

    /// <summary>The parent of each group by its name; null for the port.</summary>
    public Dictionary<string, string?> Parents() => Groups.ToDictionary(
        group => group.Name,
        group => group.Settings[PolicyKey.Parent]?.Text is { } parent and not (RateGroupName.Port or RateGroupName.None) ? parent : null,
        StringComparer.Ordinal);

    /// <summary>
    /// The functions' settings with what wider names say of them: runs without a function in common, in the order of PFs and numbers.
    /// </summary>
    public IEnumerable<(FunctionRange Range, PolicySettings Settings)> Pieces()
    {
        foreach (var pf in Functions.GroupBy(function => (function.Range.Pf, function.Range.IsPf))
                     .OrderBy(run => run.Key.Pf).ThenByDescending(run => run.Key.IsPf))
        {
            int[] edges = [.. pf.SelectMany(function => new[] { function.Range.First, function.Range.Last + 1 }).Distinct().Order()];
            var narrowestFirst = pf.OrderBy(function => function.Range.Count).ToList();
            for (int at = 0; at + 1 < edges.Length; at++)
            {
                var piece = new FunctionRange(pf.Key.Pf, edges[at], edges[at + 1] - 1);
                PolicySettings? merged = null;
                foreach ((FunctionRange range, PolicySettings settings) in narrowestFirst)
                {
                    if (range.First <= piece.First && range.Last >= piece.Last)
                    {
                        merged ??= new PolicySettings(settings.Position);
                        merged.Inherit(settings);
                    }
                }

                if (merged is not null)
                {
                    yield return (piece, merged);
                }
            }
        }
    }
}
