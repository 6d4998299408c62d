// The calls of the C library for descriptors, files and memory. Knows what a call is named and takes, not what it is for.
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Loop;

/// <summary>
/// Calls as the C library has them, blittable: minus one (or <see cref="MapFailed"/>) and the last system error on failure.
/// Numbers are those of Linux on 64-bit x86 and Arm. Sources: Linux man pages, section 2; include/uapi.
/// </summary>
internal static unsafe partial class LibC
{
    public const int GetDescriptorFlags = 1;
    public const int GetStatusFlags = 3;
    public const int SetStatusFlags = 4;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    // fcntl F_GET_SEALS, F_SEAL_SHRINK: include/uapi/linux/fcntl.h.
    public const int AddSeals = 1033;
    public const int GetSeals = 1034;
    public const int SealShrink = 2;

    public const int ProtectRead = 1;
    public const int ProtectWrite = 2;
    public const int MapShared = 1;

    // statx: include/uapi/linux/stat.h and fcntl.h.
    public const int AtWorkingFolder = -100;
    public const int AtNoFollow = 0x100;
    public const int AtEmptyPath = 0x1000;
    public const uint StatType = 0x0001;
    public const uint StatInode = 0x0100;
    public const uint StatSize = 0x0200;
    public const int ModeTypeMask = 0xF000;
    public const int ModeSocket = 0xC000;

    private const string Library = "libc";

    public static byte* MapFailed => (byte*)-1;

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint bytes);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint bytes);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    public static partial byte* Map(void* address, nuint bytes, int protection, int flags, int descriptor, nint offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    public static partial int Stat(int folder, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport(Library, EntryPoint = "readlink", SetLastError = true)]
    public static partial nint ReadLink(byte* path, byte* buffer, nuint bytes);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int descriptor, int mode);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true)]
    public static partial int Unlink(byte* path);

    /// <summary>struct statx, as far as it is read here. Source: Linux, include/uapi/linux/stat.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
