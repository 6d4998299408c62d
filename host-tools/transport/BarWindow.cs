// The window in a PF's BAR as it lies mapped in this process: registers and buffer, doubleword by doubleword. Judges no frame.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>
/// Every access is one aligned 32-bit access and none is left out or moved: the window is registers, not memory. The kernel maps
/// resourceN uncached (Linux, Documentation/PCI/sysfs-pci.rst), so that the doorbell arrives behind the buffer.
/// </summary>
internal sealed unsafe class BarWindow : IDisposable
{
    private const int WordBytes = sizeof(uint);

    // The window is the page behind the pending bit array's.
    private const int PbaPageBytes = BarMap.MinBytes;
    private const int PointerMask = 0xFC;
    private const int MaxCapabilities = (PciCapability.RegionEnd - PciCapability.FirstOffset) / WordBytes;

    private readonly int _descriptor;
    private byte* _page;

    private BarWindow(int descriptor, byte* page)
    {
        _descriptor = descriptor;
        _page = page;
    }

    /// <summary>Finds and maps the window of a PF.</summary>
    /// <returns>Null when the function has none: another device, or firmware without this protocol.</returns>
    /// <exception cref="ToolException">It may not be mapped; the message says what the kernel holds against it.</exception>
    public static BarWindow? TryOpen(SysfsFunction function)
    {
        if (Find(function) is not { } found)
        {
            return null;
        }

        string path = Path.Combine(function.Folder, $"resource{found.Bar}");
        if (!File.Exists(path) || new FileInfo(path).Length < found.Offset + BarMap.ManagementBytes)
        {
            return null;
        }

        int descriptor = LibC.Open(path, LibC.ReadWrite | LibC.CloseOnExec);
        if (descriptor < 0)
        {
            throw MappingFailure.Of(function, path, Marshal.GetLastPInvokeError());
        }

        byte* page = LibC.Map(null, BarMap.ManagementBytes, LibC.ProtectRead | LibC.ProtectWrite, LibC.MapShared, descriptor, (nint)found.Offset);
        if (page == LibC.MapFailed)
        {
            int error = Marshal.GetLastPInvokeError();
            _ = LibC.Close(descriptor);
            throw MappingFailure.Of(function, path, error);
        }

        var window = new BarWindow(descriptor, page);
        if (window.Read(ManagementWindow.SignatureOffset) == ManagementFrame.Signature)
        {
            return window;
        }

        window.Dispose();
        return null;
    }

    /// <summary>Reads a register.</summary>
    public uint Read(int offset) => Volatile.Read(ref *(uint*)(_page + offset));

    /// <summary>Writes a register.</summary>
    public void Write(int offset, uint value) => Volatile.Write(ref *(uint*)(_page + offset), value);

    /// <summary>Puts a request into the buffer; what is behind its end in the last doubleword becomes zero.</summary>
    public void WriteBuffer(ReadOnlySpan<byte> bytes)
    {
        Span<byte> word = stackalloc byte[WordBytes];
        for (int at = 0; at < bytes.Length; at += WordBytes)
        {
            word.Clear();
            bytes.Slice(at, Math.Min(WordBytes, bytes.Length - at)).CopyTo(word);
            Write(ManagementWindow.BufferOffset + at, MemoryMarshal.Read<uint>(word));
        }
    }

    /// <summary>Takes a response out of the buffer.</summary>
    public void ReadBuffer(Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[WordBytes];
        for (int at = 0; at < bytes.Length; at += WordBytes)
        {
            MemoryMarshal.Write(word, Read(ManagementWindow.BufferOffset + at));
            word[..Math.Min(WordBytes, bytes.Length - at)].CopyTo(bytes[at..]);
        }
    }

    /// <summary>Tries to keep other programs out of the window, by a lock on the file that all of them open.</summary>
    public bool TryLock() => LibC.Lock(_descriptor, LibC.LockExclusive | LibC.LockNonBlocking) == 0;

    /// <summary>Lets other programs in.</summary>
    public void Unlock() => _ = LibC.Lock(_descriptor, LibC.Unlock);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_page != null)
        {
            _ = LibC.Unmap(_page, BarMap.ManagementBytes);
            _ = LibC.Close(_descriptor);
            _page = null;
        }
    }

    // The BAR and the offset of the page behind the PBA's, from the MSI-X capability; null when there is none.
    private static (int Bar, long Offset)? Find(SysfsFunction function)
    {
        byte[] config = function.ReadConfig();
        if (config.Length < PciCapability.RegionEnd)
        {
            throw new ToolException(
                $"the configuration space of {function.Address} is not to be read by this user", "run as root: sudo smartnic ...");
        }

        int at = config[PciConfigHeader.CapabilitiesPointerOffset] & PointerMask;
        for (int hops = 0; at >= PciCapability.FirstOffset && hops < MaxCapabilities; hops++)
        {
            if (config[at + PciCapability.IdOffset] == PciCapability.IdMsix && at + MsixCapability.Bytes <= config.Length)
            {
                uint pba = LittleEndian.ReadU32(config, at + MsixCapability.PbaOffset);
                long offset = pba & MsixCapability.PbaPbaOffsetMask;
                return offset % PbaPageBytes == 0 ? ((int)(pba & MsixCapability.PbaBirMask), offset + PbaPageBytes) : null;
            }

            at = config[at + PciCapability.NextOffset] & PointerMask;
        }

        return null;
    }
}
