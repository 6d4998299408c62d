// A virtual machine that has one function: what QEMU's vfio-user client does, and the driver of its guest.
using System;
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Functions;

/// <summary>
/// Memory of its own, an interrupt controller of its own. Every access of its driver becomes one to a region of the device; the
/// MSI-X table is the machine's own, and vectors that its driver unmasks get an eventfd.
/// </summary>
internal sealed unsafe class FunctionMachine : IVfioUserHost, IHostBridge, IDisposable
{
    private const ulong FirstBarAddress = 0x20_0000_0000;

    private static readonly PciAddress Address = new(0, 3 << RoutingId.DeviceShift);

    private readonly byte[] _table = new byte[64 * MsixTableEntry.Bytes];
    private int _msix;

    public FunctionMachine(EmulatedBoard board, FunctionDevice device, int memoryBytes)
    {
        Device = device;
        Ram = new HostMemory(memoryBytes);
        Root = new RootComplex(board, new EndpointSlot(board, RootComplex.RootPortAddress), this);
    }

    public FunctionDevice Device { get; }

    public HostMemory Ram { get; private set; }

    public GuestMemory Memory { get; private set; } = new();

    public RootComplex Root { get; }

    public InterruptController Interrupts { get; private set; } = new();

    /// <summary>The function as the machine has found it.</summary>
    public HostFunction Function { get; private set; } = null!;

    /// <summary>Its driver; null while none runs.</summary>
    public NetDriver? Driver { get; private set; }

    public List<byte[]> Inbox { get; } = [];

    /// <summary>Vectors that have an eventfd.</summary>
    public HashSet<int> Opened { get; } = [];

    /// <summary>Times that each vector was triggered.</summary>
    public int[] Triggered { get; } = new int[64];

    /// <summary>Connects, maps its memory, and looks at the function as firmware and kernel do.</summary>
    public void Attach()
    {
        Memory = new GuestMemory();
        Interrupts = new InterruptController();
        Memory.Map(HostMemory.BaseAddress, Ram.Start, (ulong)Ram.Bytes);
        Device.Attach(this);
        Probe();
    }

    /// <summary>Disconnects. What the driver had is lost with it.</summary>
    public void Detach()
    {
        Device.Detach();
        Driver = null;
        Opened.Clear();
        Array.Clear(_table);
    }

    /// <summary>Begins anew, as after power on: memory is empty, and no driver knows anything.</summary>
    public void Renew()
    {
        int bytes = (int)Ram.Bytes;
        Ram.Dispose();
        Ram = new HostMemory(bytes);
    }

    /// <summary>Brings a driver up.</summary>
    public NetDriver Start(NetDriverOptions? options = null)
    {
        WriteConfig(
            PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask);
        Driver = new NetDriver(Root, Function, Ram, Interrupts, options ?? new NetDriverOptions { QueueSize = 64 })
        {
            FrameHandler = (in ReceivedFrame frame) => Inbox.Add(frame.Payload.ToArray()),
        };
        Driver.Start();
        return Driver;
    }

    /// <summary>Forgets the driver without a word to the device, as after a reset behind its back.</summary>
    public void Abandon()
    {
        Driver = null;
        Renew();
        Memory.Unmap(HostMemory.BaseAddress, (ulong)Ram.Bytes);
        Memory.Map(HostMemory.BaseAddress, Ram.Start, (ulong)Ram.Bytes);
    }

    public int Poll() => Driver is { IsRunning: true } driver ? driver.Poll() : 0;

    /// <summary>Sends a frame with a number to another machine.</summary>
    public void Send(FunctionMachine to, int number, int bytes = 200)
    {
        if (!Driver!.TrySend(Frame(to, number, bytes)))
        {
            throw new InvalidOperationException("the ring is full");
        }

        Driver.Flush();
    }

    /// <summary>The frame that <see cref="Send"/> sends.</summary>
    public byte[] Frame(FunctionMachine to, int number, int bytes = 200)
    {
        var frame = new byte[bytes];
        ExperimentalFrame.WriteHeader(frame, to.Driver!.MacAddress, Driver!.MacAddress);
        BitConverter.TryWriteBytes(frame.AsSpan(14), number);
        for (int index = 18; index < bytes; index++)
        {
            frame[index] = (byte)((index * 7) + number);
        }

        return frame;
    }

    public byte[] RamBytes() => Ram.At(HostMemory.BaseAddress, (int)Ram.Bytes).ToArray();

    public uint ReadConfig(int offset, int bytes) => (uint)ReadRegion(VfioRegion.Config, (ulong)offset, bytes);

    public void WriteConfig(int offset, int bytes, uint value) => WriteRegion(VfioRegion.Config, (ulong)offset, bytes, value);

    public ulong ReadRegion(int region, ulong offset, int bytes)
    {
        Span<byte> data = stackalloc byte[8];
        data.Clear();
        Device.Read(region, offset, data[..bytes]);
        return BitConverter.ToUInt64(data);
    }

    public void WriteRegion(int region, ulong offset, int bytes, ulong value) =>
        Device.Write(region, offset, BitConverter.GetBytes(value).AsSpan(0, bytes));

    /// <inheritdoc/>
    public void Trigger(int index, int vector)
    {
        if (index != VfioIrq.Msix || !Opened.Contains(vector))
        {
            throw new InvalidOperationException($"interrupt {index}, {vector} has no eventfd");
        }

        Triggered[vector]++;
        ReadOnlySpan<byte> entry = _table.AsSpan(vector * MsixTableEntry.Bytes);
        Interrupts.Deliver(BitConverter.ToUInt64(entry), BitConverter.ToUInt32(entry[MsixTableEntry.DataOffset..]));
    }

    /// <inheritdoc/>
    public void WriteMessage(ulong address, ReadOnlySpan<byte> data) => throw new InvalidOperationException("a function writes no message");

    /// <summary>Gives vectors an eventfd, or takes it away.</summary>
    public void SetEventfds(int first, int count, bool isThere)
    {
        for (int vector = first; vector < first + count; vector++)
        {
            _ = isThere ? Opened.Add(vector) : Opened.Remove(vector);
        }

        if (count == 0)
        {
            Opened.Clear();
        }

        Device.SetEventfds(VfioIrq.Msix, first, count, isThere);
    }

    public uint ReadConfiguration(PciAddress address, int offset, int bytes) => ReadConfig(offset, bytes);

    public void WriteConfiguration(PciAddress address, int offset, int bytes, uint value)
    {
        WriteConfig(offset, bytes, value);
        bool isControl = _msix != 0 && offset == _msix + MsixCapability.MessageControlOffset && bytes == 2;
        if (isControl && (value & MsixCapability.MessageControlEnableMask) == 0 && Opened.Count > 0)
        {
            SetEventfds(0, 0, false);
        }
    }

    public ulong ReadMemory(ulong address, int bytes)
    {
        (int bar, ulong offset) = Locate(address);
        return IsTable(bar, offset) ? BitConverter.ToUInt32(_table, (int)offset) : ReadRegion(bar, offset, bytes);
    }

    public void WriteMemory(ulong address, int bytes, ulong value)
    {
        (int bar, ulong offset) = Locate(address);
        if (!IsTable(bar, offset))
        {
            WriteRegion(bar, offset, bytes, value);
            return;
        }

        BitConverter.TryWriteBytes(_table.AsSpan((int)offset), (uint)value);
        int vector = (int)offset / MsixTableEntry.Bytes;
        bool isControl = (int)offset % MsixTableEntry.Bytes == MsixTableEntry.VectorControlOffset;
        if (isControl && (value & MsixTableEntry.VectorControlMaskBitMask) == 0 && !Opened.Contains(vector))
        {
            SetEventfds(vector, 1, true);
        }
    }

    public void Dispose()
    {
        if (Device.IsAttached)
        {
            Device.Detach();
        }

        Device.Dispose();
        Ram.Dispose();
    }

    private void Probe()
    {
        uint ids = ReadConfig(PciConfigHeader.VendorIdOffset, 4);
        Function = new HostFunction
        {
            Address = Address,
            VendorId = (int)(ids & 0xFFFF),
            DeviceId = (int)(ids >> 16),
            ClassCode = 0x020000,
            Revision = 1,
            Capabilities = ConfigProbe.Capabilities(Root, Address),
            Bars = ConfigProbe.SizeBars(Root, Address, PciConfigHeader.Bar0Offset),
            Number = 0,
        };
        ulong next = FirstBarAddress;
        foreach (HostBar bar in Function.Bars.OrderByDescending(bar => bar.Bytes))
        {
            bar.Address = next;
            next += bar.Bytes;
            ConfigProbe.WriteBar(Root, Address, PciConfigHeader.Bar0Offset, bar);
        }

        _msix = Function.Find(PciCapability.IdMsix, isExtended: false);
    }

    // The table is at the beginning of its BAR.
    private bool IsTable(int bar, ulong offset) =>
        bar == (int)(ReadConfig(_msix + MsixCapability.TableOffset, 4) & MsixCapability.TableBirMask)
        && offset < (ulong)(Device.IrqCount(VfioIrq.Msix) * MsixTableEntry.Bytes);

    private (int Bar, ulong Offset) Locate(ulong address)
    {
        HostBar bar = Function.Bars.Single(candidate => address - candidate.Address < candidate.Bytes);
        return (bar.Index, address - bar.Address);
    }
}
