// The link of a benchmarked endpoint: as little hardware as the contracts allow, so that the time is the firmware's.
using System;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>Where a configuration request goes.</summary>
/// <param name="RoutingId">The function's.</param>
/// <param name="IsType1">True when its bus is not the one that the endpoint has captured.</param>
/// <param name="Offset">Offset of the doubleword, bytes.</param>
internal readonly record struct ConfigTarget(int RoutingId, bool IsType1, int Offset);

/// <summary>
/// Sends one request after the other to a ring of targets. Allocates nothing; completions are checked by counting
/// those that are not successful.
/// </summary>
internal sealed class RequestSource : IConfigPort, ILinkPort
{
    private ConfigTarget[] _targets = [];
    private int _next;
    private int _waiting;
    private bool _isWrite;
    private int _byteEnables;
    private uint _data;
    private uint _dataStep;
    private long _refused;

    /// <summary>Data of the completion that came last.</summary>
    public uint Completed { get; private set; }

    /// <summary>The following requests are reads.</summary>
    public void Read(ConfigTarget[] targets)
    {
        _targets = targets;
        _next = 0;
        _isWrite = false;
        _byteEnables = 0xF;
    }

    /// <summary>The following requests are writes.</summary>
    /// <param name="dataStep">What each write adds to the data of the one before it.</param>
    public void Write(ConfigTarget[] targets, int byteEnables, uint data, uint dataStep)
    {
        _targets = targets;
        _next = 0;
        _isWrite = true;
        _byteEnables = byteEnables;
        _data = data;
        _dataStep = dataStep;
    }

    /// <summary>Puts requests on the link.</summary>
    public void Send(int count) => _waiting = count;

    /// <summary>Throws if a request was not taken or not completed successfully: the figure would be of something else.</summary>
    public void RequireSuccess()
    {
        if (_waiting != 0 || _refused != 0)
        {
            throw new InvalidOperationException(
                $"{_waiting} requests were not taken, {_refused} not completed successfully");
        }
    }

    /// <inheritdoc/>
    public bool TryTake(ConfigRequest request)
    {
        if (_waiting == 0)
        {
            return false;
        }

        _waiting--;
        ConfigTarget target = _targets[_next];
        _next = _next + 1 == _targets.Length ? 0 : _next + 1;
        request.IsWrite = _isWrite;
        request.IsType1 = target.IsType1;
        request.IsPoisoned = false;
        request.RoutingId = target.RoutingId;
        request.RequesterId = 0;
        request.Tag = 0;
        request.RegisterOffset = target.Offset;
        request.ByteEnables = _byteEnables;
        request.Data = _data;
        _data += _dataStep;
        return true;
    }

    /// <inheritdoc/>
    public void Complete(int completionStatus, uint data)
    {
        Completed = data;
        if (completionStatus != CompletionStatus.Successful)
        {
            _refused++;
        }
    }

    /// <inheritdoc/>
    public LinkEvent Take() => LinkEvent.None;
}
