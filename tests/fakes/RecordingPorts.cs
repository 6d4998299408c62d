// BARs, doorbells, messages and a wire in the test's hand.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Fakes;

internal sealed class RecordingPorts : IBarPort, IDoorbellPort, IMsixPort, IEthernetPort, ICounterPort
{
    private readonly Queue<(int Pf, int Vf, int Queue)> _doorbells = new();
    private BarRequest? _request;
    private ulong _data;

    /// <summary>Messages that were sent, in order.</summary>
    public List<(int Function, ulong Address, uint Data)> Messages { get; } = [];

    public bool IsLinkUp { get; set; } = true;

    public bool HasReceived { get; set; }

    /// <summary>Turns that the wire was granted.</summary>
    public int PortTurns { get; private set; }

    /// <summary>The access that arrives next.</summary>
    public void Send(BarRequest request) => _request = request;

    /// <summary>Data of the read completed last.</summary>
    public ulong Data => _data;

    /// <summary>A doorbell that the hardware collected.</summary>
    public void Ring(int pf, int vf, int queue) => _doorbells.Enqueue((pf, vf, queue));

    public bool TryTake(BarRequest request)
    {
        if (_request is null)
        {
            return false;
        }

        request.IsWrite = _request.IsWrite;
        request.PhysicalFunction = _request.PhysicalFunction;
        request.Vf = _request.Vf;
        request.Bar = _request.Bar;
        request.Offset = _request.Offset;
        request.Bytes = _request.Bytes;
        request.Data = _request.Data;
        _request = null;
        return true;
    }

    public void Complete(ulong data) => _data = data;

    public bool TryTake(Doorbell doorbell)
    {
        if (!_doorbells.TryDequeue(out (int Pf, int Vf, int Queue) next))
        {
            return false;
        }

        (doorbell.PhysicalFunction, doorbell.Vf, doorbell.Queue) = next;
        return true;
    }

    public void Send(int function, ulong address, uint data) => Messages.Add((function, address, data));

    public int SubmitTurn(int frames)
    {
        PortTurns++;
        HasReceived = false;
        return frames;
    }

    /// <summary>What the hardware has counted.</summary>
    public Func<int, int, ulong> Counter { get; set; } = (_, _) => 0;

    public ulong Read(int function, int counter) => Counter(function, counter);
}
