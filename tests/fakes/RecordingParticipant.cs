// A data path that only notes what the reset door asks of it.
using System.Collections.Generic;
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Tests.Fakes;

internal sealed class RecordingParticipant : IResetParticipant
{
    /// <summary>What was asked, in order: "stop FIRST+COUNT" and "clear FUNCTION".</summary>
    public List<string> Calls { get; } = [];

    public void Stop(int firstFunction, int count) => Calls.Add($"stop {firstFunction}+{count}");

    public void Clear(int function) => Calls.Add($"clear {function}");
}
