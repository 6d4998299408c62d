// Runs a board until it has come to rest. Knows nothing of who drives it.
using System;
using SmartNicFw.Emulator.Board;

namespace SmartNicFw.Tests.Fakes;

/// <summary>A board is at rest when three rounds in a row moved nothing and left no work; a bound ends one that never is.</summary>
internal static class Rest
{
    private const int RoundsAtRest = 3;
    private const int MaxRounds = 10_000;

    /// <summary>Steps and polls until nothing moves any more.</summary>
    /// <param name="poll">Lets drivers work after each step; returns how much they moved.</param>
    public static void Settle(this EmulatedBoard board, Func<int> poll)
    {
        int idle = 0;
        for (int round = 0; idle < RoundsAtRest && round < MaxRounds; round++)
        {
            long turns = board.Engine.Turns;
            board.Step();
            int moved = poll();
            idle = moved == 0 && turns == board.Engine.Turns && !board.HasWork ? idle + 1 : 0;
        }
    }
}
