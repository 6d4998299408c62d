// A host behind a vfio-user socket: accesses of the host model become messages, as QEMU sends them. Knows no measurement.
using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Threading;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Benchmarks;

/// <summary>Reads wait for their reply, writes to memory are posted; interrupts are the DMA_WRITE messages of bypassing.</summary>
internal sealed unsafe partial class SocketHost : IHostBridge, IDisposable
{
    private const int RegionRead = 9;
    private const int RegionWrite = 10;
    private const int DmaWrite = 12;
    private const int AccessBytes = 16;
    private const int RamBytes = 64 << 20;
    private const int VmConfigOffset = 0x44;
    private const int BypassMask = 2;
    private const uint ConfigRegion = 7;
    private const uint ConfigurationBar = 0;
    private const uint MemoryBar1 = 2;
    private const uint MemoryBar2 = 4;
    private const uint Bar1Address = 0xE000_0000;
    private const ulong Bar2Address = 0x7C_0000_0000;
    private const ulong BarBytes = 32 << 20;
    private const ulong FirstWindow = 1 << 20;

    private readonly RawClient _client;

    // The host model looks at buses and forwarding of its root port in a copy of the port's registers.
    private readonly EndpointSlot _slot;

    /// <summary>Attaches with memory that is shared, and enumerates what is behind the controller.</summary>
    public SocketHost(string socket)
    {
        _client = RawClient.Attached(socket);
        int file = RawSystem.MemoryFile(RamBytes);

        // In place of the block that the model of the RAM took: it has no other way to get one from outside.
        if (MapFixed(Ram.Start, RamBytes, ReadWrite, SharedFixed, file, 0) != Ram.Start)
        {
            throw new InvalidOperationException("the memory file cannot be mapped");
        }

        Require(_client.MapDma(HostMemory.BaseAddress, RamBytes, file));
        _ = RawSystem.Close(file);

        // The model of the host needs a board to let time pass; this one has no other use.
        var board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = 0 }, clock: new SleepingClock());
        _slot = new EndpointSlot(board, RootComplex.RootPortAddress);
        Root = new RootComplex(board, _slot, this);
        WriteConfig(PciConfigHeader.Bar0Offset, 0, 0x78, Bar1Address);
        WriteConfig(PciConfigHeader.Bar0Offset + 16, unchecked((uint)Bar2Address), (uint)(Bar2Address >> 32));
        WriteConfig(PciConfigHeader.CommandOffset, 6);
        WriteConfig(VmConfigOffset, BypassMask);
        Found = new PciEnumerator(Root, Bar2Address + FirstWindow);
        Found.Enumerate();
    }

    /// <summary>RAM, shared with the server.</summary>
    public HostMemory Ram { get; } = new(RamBytes);

    /// <summary>The host's accesses.</summary>
    public RootComplex Root { get; }

    /// <summary>What is behind the controller.</summary>
    public PciEnumerator Found { get; }

    /// <summary>Where messages become interrupts.</summary>
    public InterruptController Interrupts { get; } = new();

    /// <summary>Waits for the next interrupt and delivers it.</summary>
    public void AwaitInterrupt()
    {
        long before = Interrupts.Delivered;
        while (Interrupts.Delivered == before)
        {
            Take(_client.Receive());
        }
    }

    /// <inheritdoc/>
    public uint ReadConfiguration(PciAddress address, int offset, int bytes) =>
        (uint)Read(ConfigurationBar, ((ulong)address.Value << 12) | (uint)offset, bytes);

    /// <inheritdoc/>
    public void WriteConfiguration(PciAddress address, int offset, int bytes, uint value)
    {
        Write(ConfigurationBar, ((ulong)address.Value << 12) | (uint)offset, bytes, value, isPosted: false);
        if (address == RootComplex.RootPortAddress)
        {
            int first = offset & 3;
            _slot.Transact(address, offset & ~3, ((1 << bytes) - 1) << first, isWrite: true, value << (first * 8));
        }
    }

    /// <inheritdoc/>
    public ulong ReadMemory(ulong address, int bytes)
    {
        (uint bar, ulong offset) = Locate(address);
        return Read(bar, offset, bytes);
    }

    /// <inheritdoc/>
    public void WriteMemory(ulong address, int bytes, ulong value)
    {
        (uint bar, ulong offset) = Locate(address);
        Write(bar, offset, bytes, value, isPosted: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static void Require(RawReply reply)
    {
        if (reply.IsError)
        {
            throw new InvalidOperationException($"the server refuses command {reply.Command} with {reply.Error}");
        }
    }

    private static (uint Bar, ulong Offset) Locate(ulong address) =>
        address - Bar2Address < BarBytes ? (MemoryBar2, address - Bar2Address) : (MemoryBar1, address - Bar1Address);

    private void WriteConfig(int offset, params uint[] values)
    {
        foreach (uint value in values)
        {
            Write(ConfigRegion, (ulong)offset, sizeof(uint), value, isPosted: false);
            offset += sizeof(uint);
        }
    }

    private ulong Read(uint region, ulong offset, int bytes)
    {
        _client.Send(_client.Message(RegionRead, RawClient.Body(offset, region, bytes)));
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        AwaitReply().Body.AsSpan(AccessBytes, bytes).CopyTo(value);
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    private void Write(uint region, ulong offset, int bytes, ulong value, bool isPosted)
    {
        byte[] data = BitConverter.GetBytes(value)[..bytes];
        byte[] body = RawClient.Body(offset, region, bytes, data);
        if (isPosted)
        {
            _client.Post(RegionWrite, body);
        }
        else
        {
            _client.Send(_client.Message(RegionWrite, body));
            AwaitReply();
        }
    }

    // What the device sends of its own accord may come first.
    private RawReply AwaitReply()
    {
        while (true)
        {
            RawReply message = _client.Receive();
            if (message.IsReply)
            {
                Require(message);
                return message;
            }

            Take(message);
        }
    }

    private void Take(RawReply message)
    {
        if (message.Command != DmaWrite)
        {
            throw new InvalidOperationException($"the server sends command {message.Command}");
        }

        Interrupts.Deliver(
            BinaryPrimitives.ReadUInt64LittleEndian(message.Body), BinaryPrimitives.ReadUInt32LittleEndian(message.Body.AsSpan(AccessBytes)));
    }

    private const int ReadWrite = 3;
    private const int SharedFixed = 0x11;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* MapFixed(byte* address, nuint bytes, int protection, int flags, int descriptor, nint offset);

    // Time that passes for the device too, which is elsewhere.
    private sealed class SleepingClock : BoardClock
    {
        private readonly RunningClock _world = new();

        public override long NowUs => _world.NowUs;

        public override void Pass(long us) => Thread.Sleep(TimeSpan.FromMicroseconds(us));
    }
}
