// A root complex with one root port: turns configuration accesses of host software into requests on the link.
using System;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>Bus, device and function of a host's configuration access.</summary>
/// <param name="Value">Routing ID, 0 to FFFFh.</param>
public readonly record struct PciAddress(int Value)
{
    /// <summary>Makes an address of its parts; with ARI, device and function are one number.</summary>
    public PciAddress(int bus, int devfn)
        : this((bus << RoutingId.BusShift) | devfn)
    {
    }

    /// <summary>Bus number, 0 to 255.</summary>
    public int Bus => Value >> RoutingId.BusShift;

    /// <summary>Device and function number, or ARI function number, 0 to 255.</summary>
    public int Devfn => Value & RoutingId.DevfnMask;

    /// <summary>The address as lspci prints it: bus:device.function.</summary>
    public override string ToString() => $"{Bus:x2}:{Devfn >> RoutingId.DeviceShift:x2}.{Devfn % RoutingId.FunctionsPerDevice:x}";
}

/// <summary>
/// What a host's accesses pass through when its endpoint hangs behind the registers of another device, as a VMD controller.
/// Sizes and alignment are those that <see cref="RootComplex"/> allows.
/// </summary>
public interface IHostBridge
{
    /// <summary>Reads configuration space behind the bridge.</summary>
    uint ReadConfiguration(PciAddress address, int offset, int bytes);

    /// <summary>Writes configuration space behind the bridge.</summary>
    void WriteConfiguration(PciAddress address, int offset, int bytes, uint value);

    /// <summary>Reads memory at a bus address behind the bridge.</summary>
    ulong ReadMemory(ulong address, int bytes);

    /// <summary>Writes memory at a bus address behind the bridge.</summary>
    void WriteMemory(ulong address, int bytes, ulong value);
}

/// <summary>
/// The hardware side of a host: all that host software can do to the endpoint is a configuration or memory access made
/// here. Bus 0 holds the root port at 00:01.0; what lies behind it is one endpoint.
/// <see cref="EndpointSlot"/> routes it.
/// </summary>
public sealed class RootComplex
{
    /// <summary>Where the root port is.</summary>
    public static readonly PciAddress RootPortAddress = new(0, 1 << RoutingId.DeviceShift);

    private readonly EmulatedBoard _board;
    private readonly IEndpointMemory? _memory;
    private readonly EndpointSlot _slot;
    private readonly IHostBridge? _bridge;

    /// <summary>Connects a root port to a board.</summary>
    /// <param name="supportsAri">Whether the root port can forward to more than eight functions.</param>
    /// <param name="memory">What answers memory accesses; null: the board itself when it can, else nobody.</param>
    public RootComplex(EmulatedBoard board, bool supportsAri = true, IEndpointMemory? memory = null)
    {
        ArgumentNullException.ThrowIfNull(board);
        _board = board;
        _memory = memory ?? (object)board as IEndpointMemory;
        _slot = new EndpointSlot(board, RootPortAddress, supportsAri);
    }

    /// <summary>Connects a host to an endpoint that it reaches through something else's registers.</summary>
    /// <param name="slot">The slot behind it, with the root port at <see cref="RootPortAddress"/>.</param>
    public RootComplex(EmulatedBoard board, EndpointSlot slot, IHostBridge bridge)
    {
        ArgumentNullException.ThrowIfNull(board);
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(bridge);
        _board = board;
        _slot = slot;
        _bridge = bridge;
    }

    /// <summary>The root port.</summary>
    public RootPort Port => _slot.Port;

    /// <summary>Configuration accesses made so far.</summary>
    public long Accesses { get; private set; }

    /// <summary>Memory accesses made so far.</summary>
    public long MemoryAccesses { get; private set; }

    /// <summary>Requests that had to be sent again because the function answered with retry status.</summary>
    public long Retries => _slot.Retries;

    /// <summary>The host's time, microseconds: the board's too.</summary>
    public long NowUs => _board.Clock.NowUs;

    /// <summary>Reads 1, 2 or 4 bytes of configuration space at a multiple of their number.</summary>
    /// <returns>All ones when nothing answers.</returns>
    public uint Read(PciAddress address, int offset, int bytes)
    {
        int byteEnables = ByteEnables(offset, bytes);
        if (_bridge is not null)
        {
            Accesses++;
            return _bridge.ReadConfiguration(address, offset, bytes);
        }

        uint data = Transact(address, offset & ~3, byteEnables, isWrite: false, 0) >> ((offset & 3) * 8);
        return bytes == 4 ? data : data & ((1u << (bytes * 8)) - 1);
    }

    /// <summary>Writes 1, 2 or 4 bytes of configuration space at a multiple of their number.</summary>
    public void Write(PciAddress address, int offset, int bytes, uint value)
    {
        int byteEnables = ByteEnables(offset, bytes);
        if (_bridge is not null)
        {
            Accesses++;
            _bridge.WriteConfiguration(address, offset, bytes, value);
            return;
        }

        Transact(address, offset & ~3, byteEnables, isWrite: true, value << ((offset & 3) * 8));
    }

    /// <summary>Lets time pass, with the endpoint at work.</summary>
    /// <param name="us">Microseconds.</param>
    public void Wait(long us)
    {
        const long SliceUs = 1000;
        for (long left = us; left > 0; left -= SliceUs)
        {
            _board.Step();
            _board.Clock.Pass(Math.Min(left, SliceUs));
        }
    }

    /// <summary>
    /// Has the endpoint change how many VFs of a PF there are while the others go on: a way of its own beside PCI, for NumVFs cannot be
    /// written while VF Enable is set (PCI Express Base Specification 5.0, 9.3.3.7).
    /// </summary>
    /// <returns>False when it cannot; nothing has changed then.</returns>
    public bool TryResizeVFs(int physicalFunction, int count) => _board.Firmware.TryResizeVFs(physicalFunction, count);

    /// <summary>Finds the function that a memory address reaches through the root port.</summary>
    /// <returns>Null when the port does not forward it or no function answers.</returns>
    public DecodedAddress? Decode(ulong address) => _slot.Decode(address);

    /// <summary>Reads 1, 2, 4 or 8 bytes of a function's memory at a multiple of their number.</summary>
    /// <returns>All ones, as wide as the access, when nobody answers.</returns>
    public ulong ReadMemory(ulong address, int bytes)
    {
        CheckMemoryAccess(address, bytes);
        ulong mask = ulong.MaxValue >> (64 - (bytes * 8));
        if (_bridge is not null)
        {
            return _bridge.ReadMemory(address, bytes);
        }

        return _memory is { } memory && Decode(address) is { } target ? memory.Read(target, bytes) & mask : mask;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes of a function's memory at a multiple of their number.</summary>
    public void WriteMemory(ulong address, int bytes, ulong value)
    {
        CheckMemoryAccess(address, bytes);
        if (_bridge is not null)
        {
            _bridge.WriteMemory(address, bytes, value);
        }
        else if (_memory is { } memory && Decode(address) is { } target)
        {
            memory.Write(target, bytes, value & (ulong.MaxValue >> (64 - (bytes * 8))));
        }
    }

    private void CheckMemoryAccess(ulong address, int bytes)
    {
        MemoryAccesses++;
        if (bytes is not (1 or 2 or 4 or 8) || (address & (ulong)(bytes - 1)) != 0)
        {
            throw new ArgumentException(
                $"memory accesses are 1, 2, 4 or 8 bytes at a multiple of their size, not {bytes} at 0x{address:x}");
        }
    }

    private static int ByteEnables(int offset, int bytes)
    {
        if (bytes is not (1 or 2 or 4) || offset % bytes != 0 || offset < 0 || offset >= PciExtendedCapability.RegionEnd)
        {
            throw new ArgumentException(
                $"configuration accesses are 1, 2 or 4 bytes at a multiple of their size below 0x1000, not {bytes} at 0x{offset:x}");
        }

        return ((1 << bytes) - 1) << (offset & 3);
    }

    private uint Transact(PciAddress address, int offset, int byteEnables, bool isWrite, uint data)
    {
        Accesses++;
        return _slot.Transact(address, offset, byteEnables, isWrite, data);
    }
}
