// One endpoint that real hosts attach to: a board with its wire, and the sockets at which it can be reached.
using System;
using System.Collections.Generic;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Management;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware;

namespace SmartNicFw.Emulator.Service;

/// <summary>Everything of one endpoint, on the thread of one loop. Each endpoint has a board of its own and shares nothing.</summary>
internal sealed class RunningEndpoint : ILoopSource, IDisposable
{
    // Errors in a row that mean that the wire is gone: a refused datagram is one, an interface that was removed has no end.
    private const int MaxWireErrors = 64;

    private readonly ControllerLoop _loop;
    private readonly ILogger _log;
    private readonly NetworkPort _port;
    private readonly FileStore? _store;
    private readonly LoopRegistration? _wire;
    private readonly List<IDisposable> _sockets = [];
    private readonly LoopTimer _alarm;
    private long _alarmUs = long.MaxValue;
    private bool _isWireReady;
    private int _wireErrors;

    /// <summary>Powers a board on and connects its wire.</summary>
    /// <param name="port">The wire; belongs to the endpoint from then on.</param>
    /// <param name="store">Where policy is kept, or null; belongs to the endpoint from then on.</param>
    /// <exception cref="ArgumentException">The firmware refuses the configuration; the message is its line.</exception>
    public RunningEndpoint(EndpointConfiguration configuration, NetworkPort port, ControllerLoop loop, ILogger log, FileStore? store = null)
    {
        _loop = loop;
        _log = log;
        _port = port;
        Board = new EmulatedBoard(configuration, log, new RunningClock(), store: store);
        _store = store;
        Board.Engine.Port = port;
        _alarm = new LoopTimer(loop, () => _alarmUs = long.MaxValue);
        if (port.Descriptor >= 0)
        {
            _wire = loop.Add(port.Descriptor, this, LoopEvents.Readable);
        }
    }

    /// <summary>The board.</summary>
    public EmulatedBoard Board { get; }

    /// <summary>The controller in front of it, when it is reached by a hierarchy.</summary>
    public VmdController? Controller { get; private set; }

    /// <summary>Its functions, when each is reached by a socket of its own.</summary>
    public FunctionFolder? Functions { get; private set; }

    /// <summary>True when another step has something to do.</summary>
    public bool HasWork => _isWireReady || Board.HasWork;

    /// <summary>Lets hosts attach to the endpoint's whole hierarchy.</summary>
    /// <exception cref="SocketPathException">The path cannot be had; the message says why.</exception>
    public void OpenHierarchy(string path, VmdOptions options)
    {
        Controller = new VmdController(Board, options);
        _sockets.Add(VfioUserServer.Open(path, Controller, _loop, _log));
    }

    /// <summary>Lets a host in this process own the endpoint, and others attach to its functions one by one.</summary>
    /// <param name="folder">Where the sockets are.</param>
    /// <param name="vfs">VFs that are enabled on each PF, 0 to TotalVFs.</param>
    /// <exception cref="System.IO.IOException">The folder or a socket cannot be had; the message says why.</exception>
    public void OpenFunctions(string folder, int vfs)
    {
        Functions = new FunctionFolder(Board, folder, _loop, _log);
        _sockets.Add(Functions);
        Functions.SetVFs(vfs);
    }

    /// <summary>Lets operators on this machine manage the endpoint. To be called when it is open to hosts.</summary>
    /// <exception cref="SocketPathException">The path cannot be had; the message says why.</exception>
    public void OpenManagement(string path) =>
        _sockets.Insert(0, ManagementServer.Open(path, Board.Management, _loop, Functions is null ? null : new FunctionHost(Functions), _log));

    /// <summary>Does one bounded step, if there is something to do.</summary>
    /// <returns>True when there is more.</returns>
    public bool Step()
    {
        if (HasWork)
        {
            _isWireReady = false;
            Board.Step();
        }

        bool hasWork = HasWork;
        if (!hasWork)
        {
            SetAlarm(Board.IsPowered ? Board.Firmware.NextTimerUs : long.MaxValue);
        }

        return hasWork;
    }

    /// <summary>Frames have arrived: the next step takes them.</summary>
    public void Ready(LoopEvents events)
    {
        _wireErrors = (events & LoopEvents.HungUp) != 0 ? _wireErrors + 1 : 0;
        if (_wireErrors > MaxWireErrors)
        {
            _wire!.Remove();
        }
        else if (Board.IsPowered)
        {
            _isWireReady = true;
        }
        else
        {
            // Nobody takes them: hearing of them again and again would keep the loop from sleeping.
            _wire!.Await(LoopEvents.None);
        }
    }

    /// <summary>Pulls the endpoint out of the slot of its root port.</summary>
    /// <returns>False when it is out, or in no slot.</returns>
    public bool Unplug() => Controller is { } controller && controller.Slot.Unplug();

    /// <summary>Puts the endpoint into the slot of its root port.</summary>
    /// <returns>False when it is in, or there is no slot.</returns>
    public bool Plug()
    {
        if (Controller is not { } controller || !controller.Slot.Plug())
        {
            return false;
        }

        _wire?.Await(LoopEvents.Readable);
        return true;
    }

    /// <summary>Detaches the hosts, removes the sockets, lets go of the wire.</summary>
    public void Dispose()
    {
        foreach (IDisposable socket in _sockets)
        {
            socket.Dispose();
        }

        _alarm.Disarm();
        _wire?.Remove();
        _port.Dispose();
        _store?.Dispose();
    }

    // The loop sleeps no longer than until firmware's next timer; it steps every board when it wakes.
    private void SetAlarm(long dueUs)
    {
        if (dueUs == _alarmUs)
        {
            return;
        }

        _alarmUs = dueUs;
        if (dueUs == long.MaxValue)
        {
            _alarm.Disarm();
        }
        else
        {
            _alarm.Arm(TimeSpan.FromMicroseconds(dueUs - Board.Clock.NowUs));
        }
    }
}
