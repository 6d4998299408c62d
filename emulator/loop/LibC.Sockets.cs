// The calls of the C library for unix sockets and the descriptors that travel over them.
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Loop;

internal static unsafe partial class LibC
{
    public const int FamilyUnix = 1;
    public const int SocketStream = 1;
    public const int SocketLevel = 1;
    public const int PeerCredentials = 17;
    public const int Rights = 1;

    public const int MessagePeek = 0x2;
    public const int MessageControlTruncated = 0x8;
    public const int MessageDontWait = 0x40;
    public const int MessageNoSignal = 0x4000;
    public const int MessageCloseOnExec = 0x40000000;

    /// <summary>Bytes of a path in struct sockaddr_un, the zero at its end included. Source: unix(7).</summary>
    public const int SocketPathBytes = 108;

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, SocketPath* address, uint bytes);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, SocketPath* address, uint bytes);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int socket, int backlog);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int socket, void* address, void* bytes, int flags);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int socket, int level, int option, void* value, uint* bytes);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int socket, void* buffer, nuint bytes, int flags);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(int socket, MessageHeader* message, int flags);

    /// <summary>struct sockaddr_un. Source: unix(7).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SocketPath
    {
        public ushort Family;
        public fixed byte Path[SocketPathBytes];
    }

    /// <summary>struct iovec. Source: readv(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Segment
    {
        public void* Address;
        public nuint Bytes;
    }

    /// <summary>struct msghdr of 64-bit Linux. Source: recvmsg(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameBytes;
        public Segment* Segments;
        public nuint SegmentCount;
        public void* Control;
        public nuint ControlBytes;
        public int Flags;
    }

    /// <summary>struct cmsghdr of 64-bit Linux; its data follow. Source: cmsg(3).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Bytes;
        public int Level;
        public int Type;
    }

    /// <summary>struct ucred. Source: unix(7), SO_PEERCRED.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Credentials
    {
        public int Process;
        public uint User;
        public uint Group;
    }
}
