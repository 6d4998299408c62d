// Configuration requests and link events on their way between a host and the firmware of this process.
using System;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>How a configuration request ended.</summary>
/// <param name="Status">A value of <see cref="Hal.Spec.CompletionStatus"/>.</param>
/// <param name="Data">The doubleword of a successful read.</param>
public readonly record struct ConfigCompletion(int Status, uint Data);

/// <summary>
/// The link as firmware polls it. Configuration requests are non-posted and the host model sends one at a time, so
/// there is one place for a request and one for its completion.
/// </summary>
public sealed class ConfigLink : IConfigPort, ILinkPort
{
    private LinkEvent _event;
    private ConfigRequest? _waiting;
    private bool _isTaken;
    private ConfigCompletion? _completion;

    /// <summary>True while an event or a request waits for the firmware.</summary>
    public bool IsPending => _event is not LinkEvent.None || _waiting is not null;

    /// <summary>Puts a request on the link.</summary>
    /// <exception cref="InvalidOperationException">The one before it has not been completed.</exception>
    public void Send(ConfigRequest request)
    {
        if (_waiting is not null || _isTaken)
        {
            throw new InvalidOperationException("a configuration request is still outstanding");
        }

        _completion = null;
        _waiting = request;
    }

    /// <summary>Takes the completion of the request sent last.</summary>
    /// <returns>False while the firmware has not completed it.</returns>
    public bool TryTakeCompletion(out ConfigCompletion completion)
    {
        completion = _completion.GetValueOrDefault();
        bool isThere = _completion.HasValue;
        _completion = null;
        return isThere;
    }

    /// <summary>Signals an event of the link or the slot. While one is pending, the one that reaches further stays.</summary>
    public void Signal(LinkEvent linkEvent)
    {
        if (_event is LinkEvent.None || linkEvent is LinkEvent.FundamentalReset)
        {
            _event = linkEvent;
        }
    }

    /// <inheritdoc/>
    public bool TryTake(ConfigRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_waiting is null)
        {
            return false;
        }

        request.IsWrite = _waiting.IsWrite;
        request.IsType1 = _waiting.IsType1;
        request.IsPoisoned = _waiting.IsPoisoned;
        request.RoutingId = _waiting.RoutingId;
        request.RequesterId = _waiting.RequesterId;
        request.Tag = _waiting.Tag;
        request.RegisterOffset = _waiting.RegisterOffset;
        request.ByteEnables = _waiting.ByteEnables;
        request.Data = _waiting.Data;
        _waiting = null;
        _isTaken = true;
        return true;
    }

    /// <inheritdoc/>
    public void Complete(int completionStatus, uint data)
    {
        if (!_isTaken)
        {
            throw new InvalidOperationException("firmware completed a configuration request that it had not taken");
        }

        _isTaken = false;
        _completion = new ConfigCompletion(completionStatus, data);
    }

    /// <inheritdoc/>
    public LinkEvent Take()
    {
        LinkEvent taken = _event;
        _event = LinkEvent.None;
        return taken;
    }
}
