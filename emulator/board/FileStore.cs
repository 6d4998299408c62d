// Memory that keeps its content, in a file: two slots one behind the other, behind a line that says what it is. Knows nothing of what it keeps.
using System;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// What was flushed is in the file when the process, or the machine, is killed. Only one process has the file open at a time.
/// An error of the file is an answer, and no exception: the firmware reports it.
/// </summary>
public sealed class FileStore : INonVolatileStore, IDisposable
{
    // Room for the line at the beginning, so that a file of something else is not taken for a store and written over.
    private const int HeadBytes = 4096;

    private static readonly byte[] Head = Encoding.ASCII.GetBytes("SmartNicFw store of a policy\n");

    private readonly SafeFileHandle _file;

    private FileStore(SafeFileHandle file) => _file = file;

    /// <inheritdoc/>
    public int SlotBytes => 1 << 20;

    /// <summary>Opens the file, or makes it: without content, and for its owner alone. An empty one is as one that is made.</summary>
    /// <exception cref="IOException">It cannot be had, or is a file of something else; the message says why.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read and written.</exception>
    public static FileStore Open(string path)
    {
        bool isNew = !File.Exists(path);
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            CheckHead(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }

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

    private static void CheckHead(SafeFileHandle file, string path)
    {
        if (RandomAccess.GetLength(file) == 0)
        {
            RandomAccess.Write(file, Head, 0);
            return;
        }

        var head = new byte[Head.Length];
        if (RandomAccess.Read(file, head, 0) != head.Length || !head.AsSpan().SequenceEqual(Head))
        {
            throw new IOException($"{path} is a file of something else, not a store of a policy: it stays as it is; name another, or none that is there");
        }
    }

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

    private long At(int slot, int offset) => HeadBytes + ((long)slot * SlotBytes) + offset;
}
