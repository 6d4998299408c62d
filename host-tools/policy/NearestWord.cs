// The known word that an unknown one was most likely meant to be. Knows no key.
using System;
using System.Collections.Generic;

namespace SmartNicFw.HostTools.Policy;

/// <summary>Counts how many letters have to be put in, left out, exchanged, or swapped with their neighbour.</summary>
internal static class NearestWord
{
    private const int MaxLength = 40;

    /// <summary>Finds the nearest word.</summary>
    /// <returns>Null when none is near: more than a third of the letters, or two where it is short, would differ.</returns>
    public static string? Of(string word, IEnumerable<string> known)
    {
        string? nearest = null;
        int least = Math.Max(2, word.Length / 3) + 1;
        if (word.Length > MaxLength)
        {
            return null;
        }

        foreach (string candidate in known)
        {
            int distance = Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < least && distance < candidate.Length)
            {
                (nearest, least) = (candidate, distance);
            }
        }

        return nearest;
    }

    private static int Distance(string from, string to)
    {
        int[,] steps = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                steps[i, j] = i == 0 || j == 0 ? i + j : Least(steps, from, to, i, j);
            }
        }

        return steps[from.Length, to.Length];
    }

    private static int Least(int[,] steps, string from, string to, int i, int j)
    {
        int exchange = from[i - 1] == to[j - 1] ? 0 : 1;
        int least = Math.Min(Math.Min(steps[i - 1, j] + 1, steps[i, j - 1] + 1), steps[i - 1, j - 1] + exchange);
        bool isSwap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
        return isSwap ? Math.Min(least, steps[i - 2, j - 2] + 1) : least;
    }
}
