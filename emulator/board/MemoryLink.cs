// Memory accesses of a host on their way to the firmware of this process: BAR accesses one at a time, doorbells collected.
using System;
using System.Collections.Generic;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// What lies behind the address comparators. A write to the doorbell BAR sets one bit a queue and returns, however often
/// it is rung; every other access waits for the firmware.
/// </summary>
public sealed class MemoryLink : IBarPort, IDoorbellPort
{
    private const int DoorbellsPerFunction = BarMap.NotifyBytes / BarMap.NotifyOffMultiplier;

    private readonly int _physicalFunctions;
    private readonly int _totalVFs;
    private readonly ulong[] _isRinging;
    private readonly Queue<int> _ringing;
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
        _isRinging = new ulong[functions * DoorbellsPerFunction / 64];
        _ringing = new Queue<int>();
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
        int bell = (function * DoorbellsPerFunction) + queue;
        ulong bit = 1UL << (bell & 63);
        if (queue < DoorbellsPerFunction && (_isRinging[bell >> 6] & bit) == 0)
        {
            _isRinging[bell >> 6] |= bit;
            _ringing.Enqueue(bell);
        }
    }

    /// <inheritdoc/>
    public bool TryTake(Doorbell doorbell)
    {
        ArgumentNullException.ThrowIfNull(doorbell);
        if (!_ringing.TryDequeue(out int bell))
        {
            return false;
        }

        _isRinging[bell >> 6] &= ~(1UL << (bell & 63));
        (int function, doorbell.Queue) = Math.DivRem(bell, DoorbellsPerFunction);
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
}
