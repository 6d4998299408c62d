// Which of a function's receive queues a frame goes to. Knows headers and FlowSteering, no queue.
using System;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Net;

/// <content>Steering.</content>
public sealed partial class PacketSwitch
{
    // Null: one pair, no hash.
    private readonly FlowSteering?[] _steering;

    /// <inheritdoc/>
    public void SetSteering(SteeringSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ForgetPlain();
        _steering[setup.Function] = setup.Pairs <= 1 && setup.HashTypes == 0 ? null : new FlowSteering(setup);
    }

    /// <summary>Whether <see cref="SelectPair(int, in FrameHeader, out uint, out int)"/> looks at the frame at all.</summary>
    public bool IsSteered(int function) => _steering[function] is not null;

    /// <summary>Chooses the queue pair for a frame.</summary>
    /// <param name="function">The receiver.</param>
    /// <param name="header">Headers of the frame, parsed as far as the transport.</param>
    /// <param name="hash">Value for hash_value; 0 when no enabled hash type covers the frame.</param>
    /// <param name="hashReport">Value for hash_report, of <see cref="VirtioNetHash"/>.</param>
    /// <returns>Number of the pair, as the steering has it.</returns>
    public int SelectPair(int function, in FrameHeader header, out uint hash, out int hashReport)
    {
        FlowSteering? steering = _steering[function];
        if (steering is not null)
        {
            return steering.Select(header, out hash, out hashReport);
        }

        hash = 0;
        hashReport = VirtioNetHash.ReportNone;
        return 0;
    }

    /// <summary>Chooses the queue pair for a frame, and parses its headers only when that depends on them.</summary>
    /// <param name="function">The receiver.</param>
    /// <param name="headerPrefix">The first bytes of the frame, up to <see cref="FrameHeader.MaxPrefixBytes"/>.</param>
    /// <param name="hash">As above.</param>
    /// <param name="hashReport">As above.</param>
    public int SelectPair(int function, ReadOnlySpan<byte> headerPrefix, out uint hash, out int hashReport)
    {
        if (_steering[function] is null)
        {
            hash = 0;
            hashReport = VirtioNetHash.ReportNone;
            return 0;
        }

        FrameHeader.Parse(headerPrefix, out FrameHeader header);
        return SelectPair(function, header, out hash, out hashReport);
    }
}
