// Writes captures: what both formats share, and the choice between them. Knows no port.
using System;
using System.IO;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>A capture that is being written. What was written is in the file when the writer is closed.</summary>
public abstract class CaptureWriter : IDisposable
{
    /// <summary>Begins to write.</summary>
    /// <param name="stream">An empty file; closed with the writer.</param>
    protected CaptureWriter(Stream stream) => Stream = new BufferedStream(stream, 1 << 16);

    /// <summary>Frames written so far.</summary>
    public long FramesWritten { get; protected set; }

    /// <summary>Where to write.</summary>
    protected Stream Stream { get; }

    /// <summary>Creates a file: pcap if its name ends in .pcap, pcapng otherwise.</summary>
    /// <exception cref="CaptureException">It cannot be created.</exception>
    public static CaptureWriter Create(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
            return path.EndsWith(".pcap", StringComparison.OrdinalIgnoreCase) ? new PcapWriter(file) : new PcapngWriter(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CaptureException(path, 0, "cannot be created: " + problem.Message);
        }
    }

    /// <summary>Announces an interface; before the first frame of it.</summary>
    /// <param name="name">Its name; pcap has no place for it.</param>
    /// <returns>Its number.</returns>
    public abstract int AddInterface(string name);

    /// <summary>Writes a frame.</summary>
    /// <param name="interfaceId">Number of its interface.</param>
    /// <param name="frame">The frame, without check sequence.</param>
    /// <param name="timestampNs">Nanoseconds since 1970, 0 upwards.</param>
    public abstract void Write(int interfaceId, ReadOnlySpan<byte> frame, long timestampNs);

    /// <summary>Hands what was written to the operating system, so that readers see it.</summary>
    public void Flush() => Stream.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        GC.SuppressFinalize(this);
    }
}
