// The decorator of the data flow: hands every call on, and tells of turns, queues and reports while a trace is open.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Trace;

/// <summary>Turns as they are granted, refused and reported; queues as they start and stop.</summary>
internal sealed class TracedQueueEngine : IQueueEngine
{
    private readonly IQueueEngine _engine;
    private readonly BoardTrace _trace;

    public TracedQueueEngine(IQueueEngine engine, BoardTrace trace)
    {
        _engine = engine;
        _trace = trace;
    }

    /// <inheritdoc/>
    public void SetBusMaster(int function, bool isBusMaster)
    {
        if (_trace.IsOn)
        {
            _trace.BusMaster(function, isBusMaster);
        }

        _engine.SetBusMaster(function, isBusMaster);
    }

    /// <inheritdoc/>
    public HalStatus Start(QueueSetup setup)
    {
        HalStatus status = _engine.Start(setup);
        if (_trace.IsOn)
        {
            _trace.QueueStart(setup, status);
        }

        return status;
    }

    /// <inheritdoc/>
    public void Stop(int function, int queue)
    {
        if (_trace.IsOn)
        {
            _trace.QueueStop(function, queue);
        }

        _engine.Stop(function, queue);
    }

    /// <inheritdoc/>
    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes)
    {
        // Told before the engine is asked: the turn's frames come after it.
        bool isTold = _trace.IsOn;
        if (isTold)
        {
            _trace.TurnGranted(function, queue, frames, bytes);
        }

        HalStatus status = _engine.SubmitTurn(function, queue, frames, bytes);
        if (isTold && status != HalStatus.Ok)
        {
            _trace.TurnRefused(function, queue, status);
        }

        return status;
    }

    /// <inheritdoc/>
    public void HoldNotification(int function, int queue, bool isHeld) => _engine.HoldNotification(function, queue, isHeld);

    /// <inheritdoc/>
    public bool WantsNotification(int function, int queue) => _engine.WantsNotification(function, queue);

    /// <inheritdoc/>
    public bool TryTake(QueueEvent queueEvent)
    {
        bool isTaken = _engine.TryTake(queueEvent);
        if (isTaken && _trace.IsOn)
        {
            _trace.QueueReport(queueEvent);
        }

        return isTaken;
    }

    /// <inheritdoc/>
    public ulong ReadQueue(int function, int queue, int counter) => _engine.ReadQueue(function, queue, counter);
}
