// What the vfio-user server drives, and what a device can do to the host behind the socket. Knows no message and no register.
using System;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>Indexes of regions. Source: vfio-user specification, VFIO region info; Linux vfio.h, VFIO_PCI_*_REGION_INDEX.</summary>
public static class VfioRegion
{
    public const int Bar0 = 0;
    public const int Bar5 = 5;
    public const int Rom = 6;
    public const int Config = 7;
    public const int Vga = 8;
    public const int Count = 9;
}

/// <summary>Indexes of interrupts. Source: Linux vfio.h, VFIO_PCI_*_IRQ_INDEX.</summary>
public static class VfioIrq
{
    public const int Intx = 0;
    public const int Msi = 1;
    public const int Msix = 2;
    public const int Error = 3;
    public const int Request = 4;
    public const int Count = 5;
}

/// <summary>
/// A PCI device behind one vfio-user socket. All calls come from the thread that owns the board. Nothing a client sends
/// makes a call throw; offsets and lengths are within the region when a call is made.
/// </summary>
public interface IVfioUserDevice
{
    /// <summary>Bytes of a region; 0 when the device has none of that index.</summary>
    ulong RegionBytes(int region);

    /// <summary>Interrupts of an index of <see cref="VfioIrq"/>; 0 when the device has none.</summary>
    int IrqCount(int index);

    /// <summary>Reads a region.</summary>
    /// <param name="data">Receives the bytes, 1 upwards; all ones where nothing answers.</param>
    void Read(int region, ulong offset, Span<byte> data);

    /// <summary>Writes a region; dropped where nothing answers.</summary>
    void Write(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>Resets the device, as VFIO_USER_DEVICE_RESET asks.</summary>
    void Reset();

    /// <summary>A client has attached. The host stays valid until <see cref="Detach"/> returns.</summary>
    void Attach(IVfioUserHost host);

    /// <summary>The client is about to be gone: after the return nothing of its memory is touched.</summary>
    void Detach();

    /// <summary>The client has given interrupts their eventfds, or taken them away.</summary>
    /// <param name="index">Of <see cref="VfioIrq"/>.</param>
    /// <param name="first">First interrupt.</param>
    /// <param name="count">Number of interrupts, within <see cref="IrqCount"/>; 0: all of the index are disabled.</param>
    /// <param name="isThere">Whether they have eventfds now.</param>
    void SetEventfds(int index, int first, int count, bool isThere);

    /// <summary>A range of the host's memory is about to be unmapped: after the return no native pointer into it is kept or used.</summary>
    void Unmapping(ulong iova, ulong size);
}

/// <summary>The host behind a socket, as a device reaches it.</summary>
public interface IVfioUserHost
{
    /// <summary>Memory that the client has mapped.</summary>
    GuestMemory Memory { get; }

    /// <summary>Signals the eventfd of an interrupt; nothing when the client has set none.</summary>
    void Trigger(int index, int vector);

    /// <summary>
    /// Writes to a bus address that may lie outside mapped memory, such as that of an interrupt message: a DMA_WRITE message
    /// without reply. Dropped and counted when the client does not read.
    /// </summary>
    void WriteMessage(ulong address, ReadOnlySpan<byte> data);
}
