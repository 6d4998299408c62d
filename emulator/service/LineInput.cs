// Standard input as a source of the loop: whole lines, for whoever stands beside the machine. Knows no command.
using System;
using System.ComponentModel;
using System.Text;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.Service;

/// <summary>Reads lines without waiting. Input that cannot be waited for (a file, /dev/null) is left alone.</summary>
internal sealed unsafe class LineInput : ILoopSource, IDisposable
{
    private const int StandardInput = 0;

    // A longer line is no command of ours.
    private const int MaxLineBytes = 256;

    private readonly Action<string> _line;
    private readonly LoopRegistration? _registration;
    private readonly byte[] _bytes = new byte[MaxLineBytes];
    private int _count;
    private bool _isTooLong;

    /// <summary>Watches standard input.</summary>
    /// <param name="line">Called with each line, without its end, on the loop's thread.</param>
    public LineInput(ControllerLoop loop, Action<string> line)
    {
        _line = line;
        try
        {
            _registration = loop.Add(StandardInput, this, LoopEvents.Readable);
        }
        catch (Win32Exception)
        {
            // Nobody can type there.
        }
    }

    /// <inheritdoc/>
    public void Ready(LoopEvents events)
    {
        byte* buffer = stackalloc byte[MaxLineBytes];
        nint count = LibC.Read(StandardInput, buffer, MaxLineBytes);
        if (count <= 0)
        {
            // The end of the input is not the end of the service.
            _registration!.Remove();
            return;
        }

        for (nint index = 0; index < count; index++)
        {
            Take(buffer[index]);
        }
    }

    /// <summary>Leaves standard input alone.</summary>
    public void Dispose() => _registration?.Remove();

    private void Take(byte value)
    {
        if (value != '\n')
        {
            _isTooLong |= _count == MaxLineBytes;
            _bytes[_isTooLong ? 0 : _count++] = value;
            return;
        }

        string line = _isTooLong ? "" : Encoding.UTF8.GetString(_bytes, 0, _count).Trim();
        _count = 0;
        _isTooLong = false;
        if (line.Length > 0)
        {
            _line(line);
        }
    }
}
