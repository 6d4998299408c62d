// Decorators of the configuration and the control flow: hand every call on, and tell of it while a trace is open.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Trace;

/// <summary>Configuration requests and their completions.</summary>
internal sealed class TracedConfigPort : IConfigPort
{
    private readonly IConfigPort _port;
    private readonly BoardTrace _trace;

    // Ours: the one that is lent is not kept.
    private readonly ConfigRequest _taken = new();
    private int _function = TraceRecord.None;
    private bool _isTold;

    public TracedConfigPort(IConfigPort port, BoardTrace trace)
    {
        _port = port;
        _trace = trace;
    }

    /// <inheritdoc/>
    public bool TryTake(ConfigRequest request)
    {
        bool isTaken = _port.TryTake(request);
        if (isTaken && _trace.IsOn)
        {
            _function = _trace.ConfigRequest(request);
            _taken.IsWrite = request.IsWrite;
            _taken.IsType1 = request.IsType1;
            _taken.IsPoisoned = request.IsPoisoned;
            _taken.RoutingId = request.RoutingId;
            _taken.RequesterId = request.RequesterId;
            _taken.Tag = request.Tag;
            _taken.RegisterOffset = request.RegisterOffset;
            _isTold = true;
        }

        return isTaken;
    }

    /// <inheritdoc/>
    public void Complete(int completionStatus, uint data)
    {
        if (_isTold)
        {
            _isTold = false;
            _trace.ConfigCompletion(_taken, _function, completionStatus, data);
        }

        _port.Complete(completionStatus, data);
    }
}

/// <summary>Resets over the link.</summary>
internal sealed class TracedLinkPort : ILinkPort
{
    private readonly ILinkPort _port;
    private readonly BoardTrace _trace;

    public TracedLinkPort(ILinkPort port, BoardTrace trace)
    {
        _port = port;
        _trace = trace;
    }

    /// <inheritdoc/>
    public LinkEvent Take()
    {
        LinkEvent taken = _port.Take();
        if (taken != LinkEvent.None && _trace.IsOn)
        {
            _trace.LinkEvent(taken);
        }

        return taken;
    }
}

/// <summary>BAR accesses and their completions.</summary>
internal sealed class TracedBarPort : IBarPort
{
    private readonly IBarPort _port;
    private readonly BoardTrace _trace;
    private readonly BarRequest _taken = new();
    private bool _isTold;

    public TracedBarPort(IBarPort port, BoardTrace trace)
    {
        _port = port;
        _trace = trace;
    }

    /// <inheritdoc/>
    public bool TryTake(BarRequest request)
    {
        bool isTaken = _port.TryTake(request);
        if (isTaken && _trace.IsOn)
        {
            _trace.BarRequest(request);
            _taken.PhysicalFunction = request.PhysicalFunction;
            _taken.Vf = request.Vf;
            _taken.Bar = request.Bar;
            _taken.Offset = request.Offset;
            _taken.Bytes = request.Bytes;
            _isTold = !request.IsWrite;
        }

        return isTaken;
    }

    /// <inheritdoc/>
    public void Complete(ulong data)
    {
        if (_isTold)
        {
            _isTold = false;
            _trace.BarCompletion(_taken, data);
        }

        _port.Complete(data);
    }
}

/// <summary>Doorbells as firmware takes them.</summary>
internal sealed class TracedDoorbellPort : IDoorbellPort
{
    private readonly IDoorbellPort _port;
    private readonly BoardTrace _trace;

    public TracedDoorbellPort(IDoorbellPort port, BoardTrace trace)
    {
        _port = port;
        _trace = trace;
    }

    /// <inheritdoc/>
    public bool TryTake(Doorbell doorbell)
    {
        bool isTaken = _port.TryTake(doorbell);
        if (isTaken && _trace.IsOn)
        {
            _trace.Doorbell(doorbell);
        }

        return isTaken;
    }
}

/// <summary>MSI-X messages.</summary>
internal sealed class TracedMsixPort : IMsixPort
{
    private readonly IMsixPort _port;
    private readonly BoardTrace _trace;

    public TracedMsixPort(IMsixPort port, BoardTrace trace)
    {
        _port = port;
        _trace = trace;
    }

    /// <inheritdoc/>
    public void Send(int function, ulong address, uint data)
    {
        if (_trace.IsOn)
        {
            _trace.MsixMessage(function, address, data);
        }

        _port.Send(function, address, data);
    }
}
