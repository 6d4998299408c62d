// Error numbers of Linux that the emulator tells apart or answers with. Knows no call.
namespace SmartNicFw.Emulator.Loop;

/// <summary>Source: Linux, include/uapi/asm-generic/errno-base.h and errno.h.</summary>
internal static class Errno
{
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int BadDescriptor = 9;
    public const int TryAgain = 11;
    public const int NoMemory = 12;
    public const int Fault = 14;
    public const int Exists = 17;
    public const int Invalid = 22;
    public const int TooManyFilesOfSystem = 23;
    public const int TooManyFiles = 24;
    public const int NoSpace = 28;
    public const int NotSupported = 95;
    public const int AddressInUse = 98;
    public const int NoBuffers = 105;
    public const int ConnectionRefused = 111;
}
