// Blocks that wait for a reader, in a bounded piece of memory. Knows no format and no reader.
using System;

namespace SmartNicFw.Emulator.Trace;

/// <summary>
/// A ring in which every block lies in one piece. What has no room is refused: the writer goes on, and nothing grows.
/// </summary>
internal sealed class TraceBuffer
{
    private readonly byte[] _bytes;
    private int _first;
    private int _end;

    // Where the blocks before the wrap end; -1 while there is none.
    private int _wrap = -1;

    // Whether the room that was reserved last begins anew, before the oldest bytes.
    private bool _isWrapping;

    /// <param name="capacity">Bytes.</param>
    public TraceBuffer(int capacity) => _bytes = GC.AllocateUninitializedArray<byte>(capacity);

    /// <summary>Bytes that there is room for.</summary>
    public int Capacity => _bytes.Length;

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => _first == _end && _wrap < 0;

    /// <summary>The oldest bytes, as far as they lie in one piece.</summary>
    public ReadOnlySpan<byte> Oldest => _bytes.AsSpan(_first, (_wrap < 0 ? _end : _wrap) - _first);

    /// <summary>Finds room for bytes in one piece, of which <see cref="Add"/> takes what was written.</summary>
    /// <returns>Empty when there is none.</returns>
    public Span<byte> Reserve(int bytes)
    {
        _isWrapping = false;
        if (_wrap >= 0)
        {
            // One byte stays free: a full ring is no empty one.
            return _first - _end > bytes ? _bytes.AsSpan(_end, bytes) : [];
        }

        if (_first == _end)
        {
            _first = 0;
            _end = 0;
        }

        if (_bytes.Length - _end >= bytes)
        {
            return _bytes.AsSpan(_end, bytes);
        }

        _isWrapping = _first > bytes;
        return _isWrapping ? _bytes.AsSpan(0, bytes) : [];
    }

    /// <summary>Adds the first bytes of the room that <see cref="Reserve"/> found last.</summary>
    /// <param name="bytes">Bytes, 1 up to those that were reserved.</param>
    public void Add(int bytes)
    {
        if (_isWrapping)
        {
            _isWrapping = false;
            _wrap = _end;
            _end = 0;
        }

        _end += bytes;
    }

    /// <summary>Takes away the oldest bytes.</summary>
    /// <param name="bytes">Up to as many as <see cref="Oldest"/> has.</param>
    public void Remove(int bytes)
    {
        _first += bytes;
        if (_first == _wrap)
        {
            _first = 0;
            _wrap = -1;
        }
    }
}
