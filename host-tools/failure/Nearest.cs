// The known word that a mistyped one was probably meant to be. Knows words, not what they are for.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.HostTools.Failure;

/// <summary>Distance is letters typed wrong, too many, too few, or two in the wrong order.</summary>
internal static class Nearest
{
    // A word in which a third of the letters are wrong is another word.
    private const int LettersPerMistake = 3;
    private const int LongestWord = 64;

    /// <summary>The nearest word, or null when none is near.</summary>
    public static string? Of(string typed, IEnumerable<string> known) => typed.Length > LongestWord ? null : known
        .Select(word => (Word: word, Distance: Distance(typed.ToLowerInvariant(), word.ToLowerInvariant())))
        .Where(candidate => candidate.Distance <= Math.Max(1, Math.Max(typed.Length, candidate.Word.Length) / LettersPerMistake))
        .OrderBy(candidate => candidate.Distance).Select(candidate => candidate.Word).FirstOrDefault();

    /// <summary>What a message says of a word that is not known: the nearest one, and all that are allowed.</summary>
    public static string Advice(string typed, IReadOnlyCollection<string> known)
    {
        string allowed = "allowed: " + string.Join(", ", known);
        return Of(typed, known) is { } near ? $"did you mean {near}? {allowed}" : allowed;
    }

    private static int Distance(string left, string right)
    {
        var before = new int[right.Length + 1];
        int[] above = [.. Enumerable.Range(0, right.Length + 1)];
        for (int row = 1; row <= left.Length; row++)
        {
            var here = new int[right.Length + 1];
            here[0] = row;
            for (int column = 1; column <= right.Length; column++)
            {
                int cost = left[row - 1] == right[column - 1] ? 0 : 1;
                here[column] = Math.Min(Math.Min(here[column - 1] + 1, above[column] + 1), above[column - 1] + cost);
                if (row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1])
                {
                    here[column] = Math.Min(here[column], before[column - 2] + 1);
                }
            }

            (before, above) = (above, here);
        }

        return above[right.Length];
    }
}
