// One function of the endpoint as a virtual machine has it: what Linux's vfio-pci shows of a function, behind a vfio-user socket.
using System;
using Microsoft.Extensions.Logging;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Functions;

/// <summary>
/// A PF or VF that the root complex of this process owns and a client uses. The client's memory is the function's only while the
/// client is there, and the function is reset whenever it comes or goes.
/// </summary>
internal sealed class FunctionDevice : IVfioUserDevice, IDisposable
{
    private readonly EmulatedBoard _board;
    private readonly HostFunction _function;
    private readonly FunctionConfigView _view;
    private readonly FunctionVectors _vectors;
    private readonly FunctionReset _reset;
    private readonly ILogger _log;
    private readonly int _index;
    private readonly GuestMemory _nothing = new();
    private IVfioUserHost? _host;

    /// <summary>Takes a function out of its host's hands.</summary>
    /// <param name="root">The root complex that owns it.</param>
    /// <exception cref="HostException">The function cannot be handed out; the message says why.</exception>
    public FunctionDevice(EmulatedBoard board, RootComplex root, HostFunction function, ILogger log)
    {
        _board = board;
        _function = function;
        _log = log;
        _view = new FunctionConfigView(root, function);
        _vectors = new FunctionVectors(root, function, vector => _host?.Trigger(VfioIrq.Msix, vector));
        _reset = new FunctionReset(root);
        FunctionNumbering numbering = board.Firmware.Numbering;
        _index = function.PhysicalFunction is { } physical
            ? numbering.VirtualFunction(physical.Number, function.Number)
            : function.Number;
        board.SetInterrupts(_index, _vectors);
        board.Engine.SetMemory(_index, _nothing);
    }

    /// <summary>Index of the function, as firmware numbers functions.</summary>
    public int Index => _index;

    /// <summary>Whether a client is there.</summary>
    public bool IsAttached => _host is not null;

    /// <summary>Messages of the function that are no vector's and were dropped.</summary>
    public long StrayMessages => _vectors.Strays;

    /// <inheritdoc/>
    public ulong RegionBytes(int region)
    {
        if (region == VfioRegion.Config)
        {
            return PciExtendedCapability.RegionEnd;
        }

        foreach (HostBar bar in _function.Bars)
        {
            if (bar.Index == region)
            {
                return bar.Bytes;
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public int IrqCount(int index) => index == VfioIrq.Msix ? _vectors.Count : 0;

    /// <inheritdoc/>
    public void Read(int region, ulong offset, Span<byte> data)
    {
        while (data.Length > 0)
        {
            int bytes;
            if (region == VfioRegion.Config)
            {
                bytes = RegionPieces.Bytes(offset, data.Length, sizeof(uint));
                RegionPieces.Put(data[..bytes], _view.Read((int)offset & ~3) >> (((int)offset & 3) * 8));
            }
            else
            {
                bytes = RegionPieces.Bytes(offset, data.Length);
                bool answers = _view.DecodesMemory && !IsTable(region, offset, bytes);
                RegionPieces.Put(data[..bytes], answers ? _board.Read(Target(region, offset), bytes) : ulong.MaxValue);
            }

            data = data[bytes..];
            offset += (uint)bytes;
        }
    }

    /// <inheritdoc/>
    public void Write(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            int bytes;
            if (region == VfioRegion.Config)
            {
                bytes = RegionPieces.Bytes(offset, data.Length, sizeof(uint));
                if (_view.Write((int)offset, bytes, (uint)RegionPieces.Get(data[..bytes])))
                {
                    Reset();
                }
            }
            else
            {
                bytes = RegionPieces.Bytes(offset, data.Length);
                if (_view.DecodesMemory && !IsTable(region, offset, bytes))
                {
                    _board.Write(Target(region, offset), bytes, RegionPieces.Get(data[..bytes]));
                }
            }

            data = data[bytes..];
            offset += (uint)bytes;
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        // No bus master first: from here on the function neither reads nor writes memory, whatever the reset takes.
        _view.Revoke();
        if (_function.Sriov is { VFs.Count: > 0 })
        {
            ResetDriverState();
        }
        else
        {
            ResetFunction();
        }

        _view.Reset();
        _vectors.Restore();
    }

    /// <inheritdoc/>
    public void Attach(IVfioUserHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        Reset();
        _board.Engine.SetMemory(_index, host.Memory);
        _host = host;
    }

    /// <inheritdoc/>
    public void Detach()
    {
        _host = null;
        _vectors.Disable();
        Reset();
        _board.Engine.SetMemory(_index, _nothing);
    }

    /// <inheritdoc/>
    public void Unmapping(ulong iova, ulong size)
    {
        // Between two turns nothing native is kept: a queue looks its areas up again when memory has changed.
    }

    /// <inheritdoc/>
    public void SetEventfds(int index, int first, int count, bool isThere)
    {
        if (index != VfioIrq.Msix)
        {
            return;
        }

        if (count == 0)
        {
            _vectors.Disable();
        }
        else
        {
            _vectors.Set(first, count, isThere);
        }
    }

    /// <summary>The function goes back to its host, or goes away; its socket is closed.</summary>
    public void Dispose() => _board.SetInterrupts(_index, null);

    private void ResetFunction()
    {
        try
        {
            _reset.FunctionLevel(_function);
        }
        catch (HostException failure)
        {
            // It is no bus master, and answers nobody.
            FunctionLog.NotReset(_log, _function.Name, failure.Message);
        }
    }

    // A function level reset of a PF takes its VFs away, and they are other machines' (PCI Express Base Specification 5.0, 9.2.2.2):
    // while it has any, its driver's state ends by the reset that VIRTIO has (VIRTIO 1.4, 2.4), and nothing else of it changes.
    private void ResetDriverState()
    {
        const int MostSteps = 1000;
        DecodedAddress status = Target(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset);
        _board.Write(status, 1, 0);
        for (int step = 0; step < MostSteps && _board.Read(status, 1) != 0; step++)
        {
            _board.Step();
        }
    }

    private DecodedAddress Target(int bar, ulong offset) => _function.PhysicalFunction is { } physical
        ? new DecodedAddress(physical.Number, _function.Number, bar, offset)
        : new DecodedAddress(_function.Number, -1, bar, offset);

    // The table is the host's, as with vfio: what a client writes there it would write past the interrupts that it has set.
    private bool IsTable(int bar, ulong offset, int bytes) =>
        bar == _vectors.TableBar && offset < _vectors.TableOffset + _vectors.TableBytes && offset + (uint)bytes > _vectors.TableOffset;
}
