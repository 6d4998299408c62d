// A port whose far side is the Linux kernel: a TAP interface. Knows the calls of the C library that this takes, and no more.
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Reads and writes frames of a TAP interface, without packet information and without waiting. Whoever opens one needs
/// CAP_NET_ADMIN, or an interface that was made for them (<c>ip tuntap add dev NAME mode tap user USER</c>).
/// Source: Linux, Documentation/networking/tuntap.rst.
/// </summary>
public sealed partial class TapPort : NetworkPort
{
    private const int OpenReadWrite = 2;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const nuint TunSetIff = 0x400454CA;
    private const int InterfaceRequestBytes = 40;
    private const int InterfaceNameBytes = 16;
    private const short Tap = 0x0002;
    private const short NoPacketInformation = 0x1000;

    private int _descriptor;

    private TapPort(int descriptor, string name)
    {
        _descriptor = descriptor;
        Name = name;
    }

    // A literal in UTF-8 is followed by a zero.
    private static ReadOnlySpan<byte> Device => "/dev/net/tun"u8;

    /// <summary>Name of the interface, as the kernel has it.</summary>
    public string Name { get; }

    /// <summary>Opens an interface, and makes it if there is none of the name.</summary>
    /// <param name="name">Up to 15 bytes; "tap%d" lets the kernel choose a number.</param>
    /// <exception cref="PortException">It cannot be opened; the message says why.</exception>
    public static TapPort Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!OperatingSystem.IsLinux())
        {
            throw new PortException($"tap port {name}: TAP interfaces are a thing of Linux");
        }

        byte[] request = new byte[InterfaceRequestBytes];
        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes is 0 or >= InterfaceNameBytes)
        {
            throw new PortException($"tap port {name}: a name has 1 to {InterfaceNameBytes - 1} bytes");
        }

        Encoding.UTF8.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(InterfaceNameBytes), (short)(Tap | NoPacketInformation));
        int descriptor = OpenFile(ref MemoryMarshal.GetReference(Device), OpenReadWrite | OpenNonBlocking | OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw Refusal(name, "/dev/net/tun cannot be opened");
        }

        if (Control(descriptor, TunSetIff, ref request[0]) < 0)
        {
            PortException refusal = Refusal(name, "the kernel does not give the interface");
            _ = CloseFile(descriptor);
            throw refusal;
        }

        int end = Array.IndexOf(request, (byte)0);
        return new TapPort(descriptor, Encoding.UTF8.GetString(request, 0, end));
    }

    /// <inheritdoc/>
    public override int Descriptor => _descriptor;

    /// <inheritdoc/>
    public override bool TryReceive(Span<byte> buffer, out int length)
    {
        // Nothing there, or the interface is down: both are no frame.
        nint read = _descriptor < 0 ? -1 : ReadFile(_descriptor, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
        length = (int)Math.Max(0, read);
        return read > 0;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame)
    {
        if (_descriptor < 0 || WriteFile(_descriptor, ref MemoryMarshal.GetReference(frame), (nuint)frame.Length) != frame.Length)
        {
            Lost++;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = CloseFile(_descriptor);
            _descriptor = -1;
        }
    }

    private static PortException Refusal(string name, string what) =>
        new($"tap port {name}: {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    // All arguments are blittable: nothing is marshalled. open and ioctl have variable arguments in C; on the Linux ABIs that
    // .NET runs on, integers and pointers go into the same registers either way.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFile(ref byte path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, ref byte argument);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadFile(int descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint WriteFile(int descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
