// Memory that keeps its content, in a file: two slots one behind the other. Knows nothing of what it keeps.
using System;
using System.IO;
using Microsoft.Win32.SafeHandles;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// What was flushed is in the file when the process, or the machine, is killed. Only one process has the file open for writing.
/// An error of the file is an answer, and no exception: the firmware reports it.
/// </summary>
public sealed class FileStore : INonVolatileStore, IDisposable
{
    private readonly SafeFileHandle _file;

    private FileStore(SafeFileHandle file) => _file = file;

    /// <inheritdoc/>
    public int SlotBytes => 1 << 20;

    /// <summary>Opens the file, or makes it: empty, and for its owner alone.</summary>
    /// <exception cref="IOException">It cannot be had; the message says why.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read and written.</exception>
    public static FileStore Open(string path)
    {
        bool isNew = !File.Exists(path);
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        if (isNew && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new FileStore(file);
    }

    /// <inheritdoc/>
    public HalStatus Read(int slot, int offset, byte[] buffer, int count) => Try(() =>
    {
        Span<byte> target = buffer.AsSpan(0, count);
        int read = 0;
        while (read < count)
        {
            int some = RandomAccess.Read(_file, target[read..], At(slot, offset + read));
            if (some == 0)
            {
                break;
            }

            read += some;
        }

        target[read..].Clear();
    });

    /// <inheritdoc/>
    public HalStatus Write(int slot, int offset, byte[] buffer, int count) =>
        Try(() => RandomAccess.Write(_file, buffer.AsSpan(0, count), At(slot, offset)));

    /// <inheritdoc/>
    public HalStatus Flush() => Try(() => RandomAccess.FlushToDisk(_file));

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static HalStatus Try(Action action)
    {
        try
        {
            action();
            return HalStatus.Ok;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return HalStatus.BadArgument;
        }
    }

    private long At(int slot, int offset) => ((long)slot * SlotBytes) + offset;
}
