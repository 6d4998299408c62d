// The system calls of a client and what it shares with a server: memory files, eventfds, descriptors. Knows no message.
using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace SmartNicFw.Tests.VfioUser;

/// <summary>Calls of the C library, from the client's side.</summary>
internal static unsafe partial class RawSystem
{
    public const int SealShrink = 0x2;
    public const int SealGrow = 0x4;
    private const int AddSeals = 1033;
    private const int AllowSealing = 2;
    private const int CloseOnExec = 1;

    /// <summary>A file of memory, as memory-backend-memfd of QEMU makes it: sealed unless told otherwise.</summary>
    public static int MemoryFile(long bytes, int seals = SealShrink | SealGrow)
    {
        int descriptor = Ok(MemfdCreate("guest", AllowSealing | CloseOnExec));
        Ok(Truncate(descriptor, (nint)bytes));
        if (seals != 0)
        {
            Ok(FileControl(descriptor, AddSeals, seals));
        }

        return descriptor;
    }

    public static int Eventfd() => Ok(EventfdCreate(0, 0x80800));

    /// <summary>Reads an eventfd's counter and sets it to zero; 0 when it was.</summary>
    public static ulong ReadEventfd(int descriptor)
    {
        ulong value = 0;
        return Read(descriptor, &value, 8) == 8 ? value : 0;
    }

    public static byte* MapShared(int descriptor, long bytes)
    {
        byte* address = Map(null, (nuint)bytes, 3, 1, descriptor, 0);
        return address == (byte*)-1 ? throw new IOException("mmap") : address;
    }

    public static int Ok(int result) =>
        result >= 0 ? result : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));

    /// <summary>Descriptors of this process of the kinds that clients are and bring. Those of the runtime come and go.</summary>
    public static int OpenDescriptors() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(entry =>
        new FileInfo(entry).LinkTarget is { } target
        && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("/memfd:guest", StringComparison.Ordinal)
            || target == "anon_inode:[eventfd]"));

    /// <summary>Mappings of this process that name a memory file of <see cref="MemoryFile"/>.</summary>
    public static int GuestMappings() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("memfd:guest", StringComparison.Ordinal));

    /// <summary>Resident memory in bytes.</summary>
    public static long ResidentBytes() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], null) * 4096;

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int descriptor, nint bytes);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventfdCreate(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    public static partial int Pipe(int* ends);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* Map(void* address, nuint bytes, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint bytes);

    /// <summary>Leaves a socket's path without a server, as one that was killed does.</summary>
    public static void LeaveSocket(string path)
    {
        int socket = Ok(Socket(1, 1, 0));
        byte[] address = new byte[110];
        address[0] = 1;
        System.Text.Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        fixed (byte* first = address)
        {
            Ok(Bind(socket, first, (uint)address.Length));
        }

        _ = Close(socket);
    }

    /// <summary>The kernel's setresuid, which is of the calling thread alone; -1 leaves one as it is.</summary>
    public static nint SetUser(nint real, nint effective, nint saved) =>
        SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 117 : 147, real, effective, saved);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, byte* address, uint bytes);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, byte* address, uint bytes);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int socket, int level, int option, void* value, uint bytes);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int socket, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int socket, void* buffer, nuint bytes, int flags);
}
