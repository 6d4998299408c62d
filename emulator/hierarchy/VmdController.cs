// A VMD controller behind a vfio-user socket: a host's accesses to its regions become requests to the hierarchy behind it,
// and messages from there become the host's interrupts. Knows no wire format and no register of the endpoint.
using System;
using System.Buffers.Binary;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Hierarchy;

/// <summary>
/// One endpoint with its root port at 00:01.0 of a PCI domain of its own. Linux's vmd driver takes CFGBAR as the domain's
/// configuration space (PCI Express Base Specification 5.0, 7.2.2) and the MEMBARs as its memory.
/// </summary>
public sealed class VmdController : IVfioUserDevice, IInterruptSink
{
    // Addresses of the MEMBARs for the devices behind while the shadow registers tell them: any that differ from the host's.
    private const ulong ShadowBar1 = 0xC000_0000;
    private const ulong ShadowBar2 = 0x80_0000_0000;

    // No BAR of a function is smaller, nor aligned to less: what answers the first byte of a page answers all of it.
    private const uint PageBytes = 0x1000;
    private const int MessageBytes = 4;

    private readonly EmulatedBoard _board;
    private readonly VmdOptions _options;
    private readonly VmdConfigSpace _space;
    private readonly GuestMemory _nothing = new();
    private IVfioUserHost? _host;

    /// <summary>Puts a board behind a controller.</summary>
    public VmdController(EmulatedBoard board, VmdOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(board);
        _board = board;
        _options = options ?? new VmdOptions();
        _space = new VmdConfigSpace(board.Configuration, _options);
        Slot = new EndpointSlot(board, RootComplex.RootPortAddress, slotNumber: _options.SlotNumber);
        Slot.Port.Interrupts = this;
        board.Interrupts = this;
    }

    /// <summary>The root port and the endpoint in its slot.</summary>
    public EndpointSlot Slot { get; }

    /// <summary>Whether a host is attached.</summary>
    public bool IsAttached => _host is not null;

    /// <summary>Messages that were passed on to a host, or raised a vector of the controller.</summary>
    public long Interrupts { get; private set; }

    /// <summary>
    /// Messages that name no interrupt and were dropped: their address is outside the range of x86 interrupt messages, or they
    /// name a vector that the controller has not. A function's message cannot become a write to the host's memory.
    /// </summary>
    public long StrayMessages { get; private set; }

    /// <inheritdoc/>
    public ulong RegionBytes(int region) => region switch
    {
        VmdRegisters.ConfigurationBar => VmdConfigSpace.ConfigurationBarBytes,
        VmdRegisters.MemoryBar1 => VmdConfigSpace.MemoryBar1Bytes,
        VmdRegisters.MemoryBar2 => _space.MemoryBar2Bytes,
        VfioRegion.Config => VmdConfigSpace.Bytes,
        _ => 0,
    };

    /// <inheritdoc/>
    public int IrqCount(int index) => index == VfioIrq.Msix ? VmdOptions.Vectors : 0;

    /// <inheritdoc/>
    public void Read(int region, ulong offset, Span<byte> data)
    {
        switch (region)
        {
            case VfioRegion.Config:
            case VmdRegisters.ConfigurationBar:
                ReadWords(region, (uint)offset, data);
                break;
            case VmdRegisters.MemoryBar1:
            case VmdRegisters.MemoryBar2:
                ReadMemory(region, offset, data);
                break;
            default:
                data.Fill(0xFF);
                break;
        }
    }

    /// <inheritdoc/>
    public void Write(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        switch (region)
        {
            case VfioRegion.Config:
            case VmdRegisters.ConfigurationBar:
                WriteWords(region, (uint)offset, data);
                break;
            case VmdRegisters.MemoryBar1:
            case VmdRegisters.MemoryBar2:
                WriteMemory(region, offset, data);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _space.Reset();
        Slot.Reset();
    }

    /// <inheritdoc/>
    public void Attach(IVfioUserHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        Reset();
        _host = host;
        _board.Memory = host.Memory;
    }

    /// <inheritdoc/>
    public void Detach()
    {
        Reset();
        _board.Memory = _nothing;
        _host = null;
    }

    /// <inheritdoc/>
    public void SetEventfds(int index, int first, int count, bool isThere)
    {
        // The vectors are the controller's own, and the host masks them.
    }

    /// <inheritdoc/>
    public void Unmapping(ulong iova, ulong size)
    {
        // Between two turns nothing native is kept: a queue looks its areas up again when memory has changed.
    }

    /// <inheritdoc/>
    public void Deliver(ulong address, uint data)
    {
        if (address < InterruptController.FirstAddress || address >= InterruptController.EndAddress)
        {
            StrayMessages++;
            return;
        }

        if (_space.PassesInterrupts)
        {
            Span<byte> message = stackalloc byte[MessageBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(message, data);
            Interrupts++;
            _host?.WriteMessage(address & ~3UL, message);
            return;
        }

        int vector = (int)(address >> VmdRegisters.MessageVectorShift) & VmdRegisters.MessageVectorMask;
        if (vector >= VmdOptions.Vectors)
        {
            StrayMessages++;
            return;
        }

        Interrupts++;
        _host?.Trigger(VfioIrq.Msix, vector);
    }

    // Accesses of any size, one doubleword after the other.
    private void ReadWords(int region, uint offset, Span<byte> data)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        while (data.Length > 0)
        {
            int first = (int)(offset & 3);
            int bytes = Math.Min(sizeof(uint) - first, data.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(word, ReadWord(region, offset & ~3u, ByteEnables(first, bytes)));
            word.Slice(first, bytes).CopyTo(data);
            data = data[bytes..];
            offset += (uint)bytes;
        }
    }

    private void WriteWords(int region, uint offset, ReadOnlySpan<byte> data)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        while (data.Length > 0)
        {
            int first = (int)(offset & 3);
            int bytes = Math.Min(sizeof(uint) - first, data.Length);
            word.Clear();
            data[..bytes].CopyTo(word[first..]);
            WriteWord(region, offset & ~3u, ByteEnables(first, bytes), BinaryPrimitives.ReadUInt32LittleEndian(word));
            data = data[bytes..];
            offset += (uint)bytes;
        }
    }

    private uint ReadWord(int region, uint offset, int byteEnables) => region == VfioRegion.Config
        ? _space.Read((int)offset)
        : Slot.Transact(FunctionAt(offset), RegisterAt(offset), byteEnables, isWrite: false, 0);

    private void WriteWord(int region, uint offset, int byteEnables, uint data)
    {
        if (region == VfioRegion.Config)
        {
            _space.Write((int)offset, data, byteEnables);
        }
        else
        {
            Slot.Transact(FunctionAt(offset), RegisterAt(offset), byteEnables, isWrite: true, data);
        }
    }

    private void ReadMemory(int bar, ulong offset, Span<byte> data)
    {
        while (data.Length > 0)
        {
            // Up to the end of the page: all of it is answered by one function, or by nobody.
            int run = (int)Math.Min((uint)data.Length, PageBytes - ((uint)offset & (PageBytes - 1)));
            if (IsOwn(bar, offset))
            {
                run = (int)Math.Min((ulong)run, VmdRegisters.OwnBytes - offset);
                ReadOwn(offset, data[..run]);
            }
            else if (Slot.Decode(AddressOf(bar, offset)) is { } target)
            {
                ReadFunction(target, data[..run]);
            }
            else
            {
                // What no function answers reads zero where the port would have forwarded it: Linux's virtio driver lets go of a
                // device that was pulled out only when its status reads zero, and waits for that without limit (vp_reset).
                data[..run].Fill(Slot.Port.IsInWindow(AddressOf(bar, offset)) ? (byte)0 : (byte)0xFF);
            }

            data = data[run..];
            offset += (uint)run;
        }
    }

    private void WriteMemory(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            // Decoded anew for each piece: the one before may have moved what it is for.
            int bytes = RegionPieces.Bytes(offset, data.Length);
            if (!IsOwn(bar, offset) && Slot.Decode(AddressOf(bar, offset)) is { } target)
            {
                _board.Write(target, bytes, RegionPieces.Get(data[..bytes]));
            }

            data = data[bytes..];
            offset += (uint)bytes;
        }
    }

    private void ReadFunction(DecodedAddress target, Span<byte> data)
    {
        while (data.Length > 0)
        {
            int bytes = RegionPieces.Bytes(target.Offset, data.Length);
            RegionPieces.Put(data[..bytes], _board.Read(target, bytes));
            data = data[bytes..];
            target = target with { Offset = target.Offset + (uint)bytes };
        }
    }

    // The MSI-X table and pending bits are the host's own copy (they read zero here); behind them are the shadow registers.
    private void ReadOwn(ulong offset, Span<byte> data)
    {
        data.Clear();
        if (!_options.OffersRemap)
        {
            return;
        }

        Span<byte> shadow = stackalloc byte[VmdRegisters.OwnBytes - VmdRegisters.ShadowOffset];
        BinaryPrimitives.WriteUInt64LittleEndian(shadow, ShadowBar1);
        BinaryPrimitives.WriteUInt64LittleEndian(shadow[sizeof(ulong)..], ShadowBar2);
        for (int index = 0; index < data.Length; index++)
        {
            ulong at = offset + (uint)index;
            data[index] = at >= VmdRegisters.ShadowOffset ? shadow[(int)(at - VmdRegisters.ShadowOffset)] : (byte)0;
        }
    }

    private ulong AddressOf(int bar, ulong offset)
    {
        ulong first = !_options.OffersRemap ? _space.BarAddress(bar) : bar == VmdRegisters.MemoryBar1 ? ShadowBar1 : ShadowBar2;
        return first + offset;
    }

    private static bool IsOwn(int bar, ulong offset) => bar == VmdRegisters.MemoryBar2 && offset < VmdRegisters.OwnBytes;

    private static PciAddress FunctionAt(uint offset) => new((int)(offset >> VmdRegisters.FunctionShift));

    private static int RegisterAt(uint offset) => (int)offset & (PciExtendedCapability.RegionEnd - 1);

    private static int ByteEnables(int first, int bytes) => ((1 << bytes) - 1) << first;
}
