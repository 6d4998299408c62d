// The one error that a capture file can cause. Knows no format.
using System;

namespace SmartNicFw.Emulator.Net.Capture;

/// <summary>A capture that is damaged, cut short, or of a kind that is not read. The message is one line: file, byte, what is wrong.</summary>
public sealed class CaptureException : Exception
{
    /// <summary>Says what is wrong.</summary>
    /// <param name="file">Name of the file as the user gave it.</param>
    /// <param name="offset">Offset of the block or record at fault, bytes from the beginning of the file.</param>
    /// <param name="problem">What is wrong with it.</param>
    public CaptureException(string file, long offset, string problem)
        : base($"{file}: byte {offset}: {problem}")
    {
        File = file;
        Offset = offset;
    }

    /// <summary>Name of the file.</summary>
    public string File { get; }

    /// <summary>Offset of the block or record at fault.</summary>
    public long Offset { get; }
}
