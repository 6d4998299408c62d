// All endpoints of a process on one loop, from ready to stopped. Knows no option and no register.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.Service;

/// <summary>
/// The thread that calls <see cref="Run"/> is the controller core of every endpoint: it steps the boards while there is work
/// and sleeps while there is none.
/// </summary>
internal sealed class EndpointService : IDisposable
{
    private readonly List<RunningEndpoint> _endpoints = [];

    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    /// <summary>Makes a service without endpoints. From then on SIGINT and SIGTERM stop it, and not the process.</summary>
    public EndpointService()
    {
        Loop = new ControllerLoop(Step);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    /// <summary>The loop that the endpoints run on.</summary>
    public ControllerLoop Loop { get; }

    /// <summary>The endpoints, in the order in which they were added.</summary>
    public IReadOnlyList<RunningEndpoint> Endpoints => _endpoints;

    /// <summary>Adds an endpoint, which is disposed with the service.</summary>
    public void Add(RunningEndpoint endpoint) => _endpoints.Add(endpoint);

    /// <summary>Runs until <see cref="ControllerLoop.Stop"/>, SIGINT or SIGTERM.</summary>
    public void Run() => Loop.Run();

    /// <summary>Ends every endpoint, then the loop.</summary>
    public void Dispose()
    {
        foreach (RunningEndpoint endpoint in _endpoints)
        {
            endpoint.Dispose();
        }

        _interrupt.Dispose();
        _terminate.Dispose();
        Loop.Dispose();
    }

    private bool Step()
    {
        bool hasMore = false;
        foreach (RunningEndpoint endpoint in _endpoints)
        {
            hasMore |= endpoint.Step();
        }

        return hasMore;
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        Loop.Stop();
    }
}
