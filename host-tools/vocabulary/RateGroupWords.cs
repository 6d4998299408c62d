// What a rate group can have, in devlink's words, and what that is in the protocol. Sends nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>tx_share is the guarantee, tx_max the limit, as devlink-rate(8) names them.</summary>
internal static class RateGroupWords
{
    /// <summary>Name of the group above.</summary>
    public const string Parent = "parent";

    /// <summary>Largest 802.1p priority.</summary>
    public const uint LargestPriority = 7;

    /// <summary>Largest weight.</summary>
    public const uint LargestWeight = 1000;

    /// <summary>All words, with what each may be.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["tx_share"] = Units.RateForms,
        ["tx_max"] = Units.RateForms,
        ["tx_priority"] = $"0 to {LargestPriority}",
        ["tx_weight"] = $"1 to {LargestWeight}",
        [Parent] = "name or number of a rate group; none or port to be in none",
    };

    /// <summary>Reads "WORD VALUE WORD VALUE ...".</summary>
    /// <param name="change">What is changed already; the words are added.</param>
    /// <param name="groups">Asks for the rate groups: only where one is named. Null while only the words are judged.</param>
    /// <exception cref="UsageException">One is not understood.</exception>
    public static RateGroupChange Parse(RateGroupChange change, IReadOnlyList<string> words, Func<IReadOnlyList<RateGroupInfo>>? groups)
    {
        var seen = new HashSet<string>();
        for (int at = 0; at < words.Count; at += 2)
        {
            string word = words[at];
            if (!All.TryGetValue(word, out string? allowed))
            {
                throw new UsageException($"a rate group has no '{word}'", Nearest.Advice(word, [.. All.Keys]));
            }

            if (at + 1 == words.Count)
            {
                throw new UsageException($"{word} takes a value", $"allowed: {allowed}");
            }

            if (!seen.Add(word))
            {
                throw new UsageException($"{word} is there twice", "each word once");
            }

            change = With(change, word, words[at + 1], groups);
        }

        return change;
    }

    private static RateGroupChange With(RateGroupChange change, string word, string text, Func<IReadOnlyList<RateGroupInfo>>? groups) => word switch
    {
        "tx_share" => change with { MinTxRate = Units.ParseRate(word, text) },
        "tx_max" => change with { MaxTxRate = Units.ParseRate(word, text) },
        "tx_priority" => change with { Priority = (int)Units.ParseNumber(word, text, 0, LargestPriority) },
        "tx_weight" => change with { Weight = (int)Units.ParseNumber(word, text, 1, LargestWeight) },
        _ => change with { Parent = groups is null ? 0 : RateGroupName.Resolve(text, groups()) },
    };
}
