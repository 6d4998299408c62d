// A data path that only notes what the reset door asks of it.
using System.Collections.Generic;
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Tests.Fakes;

internal sealed class RecordingParticipant : IResetParticipant
{
    /// <summary>What was asked, in order: "stop FIRST+COUNT", "quiesce FUNCTION" and "clear FUNCTION".</summary>
    public List<string> Calls { get; } = [];

    public void Stop(int firstFunction, int count) => Calls.Add($"stop {firstFunction}+{count}");

    public void Quiesce(int function) => Calls.Add($"quiesce {function}");

    /// <summary>False: what is under way does not end by itself.</summary>
    public bool Quiet { get; set; } = true;

    public bool IsQuiet(int function) => Quiet;

    public void Clear(int function) => Calls.Add($"clear {function}");
}
