// Memory accesses of a host on their way to the firmware of this process: BAR accesses one at a time, doorbells collected.
using System;
using System.Collections.Generic;
using System.Numerics;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// What lies behind the address comparators. A write to the doorbell BAR sets one bit a queue and returns, however often
/// it is rung; every other access waits for the firmware. Functions that rang take turns, with one doorbell each.
/// </summary>
public sealed class MemoryLink : IBarPort, IDoorbellPort
{
    private const int DoorbellsPerFunction = BarMap.NotifyBytes / BarMap.NotifyOffMultiplier;
    private const int WordBits = 64;
    private const int WordsPerFunction = DoorbellsPerFunction / WordBits;

    private readonly int _physicalFunctions;
    private readonly int _totalVFs;
    private readonly ulong[] _isRinging;

    // By function: which of its words are not 0.
    private readonly ushort[] _words;

    // Functions of which a doorbell waits, each once; how many of each wait, and from which on the next is looked for.
    private readonly Queue<int> _ringing;
    private readonly ushort[] _bells;
    private readonly ushort[] _next;
    private BarRequest? _waiting;
    private bool _isTaken;
    private ulong? _completion;

    /// <summary>Makes the link of an endpoint.</summary>
    public MemoryLink(EndpointConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _physicalFunctions = configuration.PhysicalFunctions;
        _totalVFs = configuration.TotalVFs;
        int functions = _physicalFunctions * (1 + _totalVFs);
        _isRinging = new ulong[functions * WordsPerFunction];
        _ringing = new Queue<int>(functions);
        _words = new ushort[functions];
        _bells = new ushort[functions];
        _next = new ushort[functions];
    }

    /// <summary>Doorbells that hosts rang.</summary>
    public long Doorbells { get; private set; }

    /// <summary>True while an access or a doorbell waits for the firmware.</summary>
    public bool IsPending => _waiting is not null || _ringing.Count > 0;

    /// <summary>True while the firmware has not taken the access sent last.</summary>
    public bool IsBusy => _waiting is not null || _isTaken;

    /// <summary>Puts an access to a BAR other than the doorbells on the link.</summary>
    /// <exception cref="InvalidOperationException">The one before it has not been taken.</exception>
    public void Send(BarRequest request)
    {
        if (IsBusy)
        {
            throw new InvalidOperationException("a BAR access is still outstanding");
        }

        _completion = null;
        _waiting = request;
    }

    /// <summary>Takes the data of the read sent last.</summary>
    /// <returns>False while the firmware has not completed it.</returns>
    public bool TryTakeCompletion(out ulong data)
    {
        data = _completion.GetValueOrDefault();
        bool isThere = _completion.HasValue;
        _completion = null;
        return isThere;
    }

    /// <summary>Rings the doorbell at an offset of a function's doorbell BAR.</summary>
    public void Ring(DecodedAddress target)
    {
        Doorbells++;
        int queue = (int)(target.Offset / BarMap.NotifyOffMultiplier);
        Ring(
            target.Vf < 0 ? target.PhysicalFunction : _physicalFunctions + (target.PhysicalFunction * _totalVFs) + target.Vf,
            queue);
    }

    /// <summary>Rings a doorbell on nobody's behalf: something else has changed for the queue.</summary>
    /// <param name="function">Index of the function: PFs first, then the VFs of each.</param>
    /// <param name="queue">Number of the queue; one that has no doorbell is not rung.</param>
    public void Ring(int function, int queue)
    {
        if (queue >= DoorbellsPerFunction)
        {
            return;
        }

        ref ulong word = ref _isRinging[(function * WordsPerFunction) + (queue / WordBits)];
        ulong bit = 1UL << (queue % WordBits);
        if ((word & bit) == 0)
        {
            word |= bit;
            _words[function] |= (ushort)(1 << (queue / WordBits));
            if (_bells[function]++ == 0)
            {
                _ringing.Enqueue(function);
            }
        }
    }

    /// <inheritdoc/>
    public bool TryTake(Doorbell doorbell)
    {
        ArgumentNullException.ThrowIfNull(doorbell);
        if (!_ringing.TryDequeue(out int function))
        {
            return false;
        }

        doorbell.Queue = TakeBell(function);
        if (--_bells[function] > 0)
        {
            _ringing.Enqueue(function);
        }

        bool isVirtual = function >= _physicalFunctions;
        doorbell.PhysicalFunction = isVirtual ? (function - _physicalFunctions) / _totalVFs : function;
        doorbell.Vf = isVirtual ? (function - _physicalFunctions) % _totalVFs : -1;
        return true;
    }

    /// <inheritdoc/>
    public bool TryTake(BarRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_waiting is null)
        {
            return false;
        }

        request.IsWrite = _waiting.IsWrite;
        request.PhysicalFunction = _waiting.PhysicalFunction;
        request.Vf = _waiting.Vf;
        request.Bar = _waiting.Bar;
        request.Offset = _waiting.Offset;
        request.Bytes = _waiting.Bytes;
        request.Data = _waiting.Data;
        _isTaken = !_waiting.IsWrite;
        _waiting = null;
        return true;
    }

    /// <inheritdoc/>
    public void Complete(ulong data)
    {
        if (!_isTaken)
        {
            throw new InvalidOperationException("firmware completed a BAR read that it had not taken");
        }

        _isTaken = false;
        _completion = data;
    }

    // One of a function's doorbells that wait: the first at or after its place, going round.
    private int TakeBell(int function)
    {
        Span<ulong> words = _isRinging.AsSpan(function * WordsPerFunction, WordsPerFunction);
        int index = _next[function] / WordBits;
        ulong waiting = words[index] & (ulong.MaxValue << (_next[function] % WordBits));
        if (waiting == 0)
        {
            int later = _words[function] & (~1 << index);
            index = BitOperations.TrailingZeroCount(later != 0 ? later : _words[function]);
            waiting = words[index];
        }

        int bit = BitOperations.TrailingZeroCount(waiting);
        words[index] &= ~(1UL << bit);
        if (words[index] == 0)
        {
            _words[function] &= (ushort)~(1 << index);
        }

        int bell = (index * WordBits) + bit;
        _next[function] = (ushort)((bell + 1) % DoorbellsPerFunction);
        return bell;
    }
}
