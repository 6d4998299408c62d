// Messages on their way to a client. Knows where one ends, and nothing of what it says.
using System;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>
/// A queue of whole messages. Each begins with a call of its own to the kernel: QEMU closes a connection when a read of it
/// ends within a header, and a header at the start of a call is never divided.
/// </summary>
internal sealed class SendBuffer
{
    private const int FirstCapacity = 16 * 1024;

    private byte[] _bytes = new byte[FirstCapacity];
    private int _first;
    private int _end;

    // Bytes that are left of the message at _first, once part of it was sent.
    private int _left;

    /// <summary>Bytes that wait.</summary>
    public int Pending => _end - _first;

    /// <summary>Appends a message.</summary>
    /// <returns>Its place, until the next <see cref="TrySend"/>.</returns>
    public int Append(int bytes)
    {
        if (bytes > _bytes.Length - _end)
        {
            MakeRoom(bytes);
        }

        int place = Pending;
        _end += bytes;
        return place;
    }

    /// <summary>The bytes of a message that was appended.</summary>
    public Span<byte> At(int place, int bytes) => _bytes.AsSpan(_first + place, bytes);

    /// <summary>Sends what there is room for.</summary>
    /// <param name="sent">Bytes that went.</param>
    /// <returns>0, or the error that ends the connection.</returns>
    public int TrySend(int socket, out int sent)
    {
        sent = 0;
        while (_first != _end)
        {
            if (_left == 0)
            {
                _left = (int)VfioUserHeader.MessageSize(_bytes.AsSpan(_first, VfioUserHeader.Bytes));
            }

            int result = UnixStream.Send(socket, _bytes.AsSpan(_first, _left));
            if (result < 0)
            {
                return result is -Errno.TryAgain or -Errno.Interrupted ? 0 : -result;
            }

            sent += result;
            _first += result;
            _left -= result;
        }

        _first = 0;
        _end = 0;
        return 0;
    }

    /// <summary>Forgets what waits, and gives back what long messages took: until then the room is kept for the next of them.</summary>
    public void Reset()
    {
        _first = 0;
        _end = 0;
        _left = 0;
        if (_bytes.Length > FirstCapacity)
        {
            _bytes = new byte[FirstCapacity];
        }
    }

    private void MakeRoom(int bytes)
    {
        int pending = Pending;
        byte[] from = _bytes;
        if (pending + bytes > _bytes.Length)
        {
            _bytes = new byte[Math.Max(pending + bytes, _bytes.Length * 2)];
        }

        Array.Copy(from, _first, _bytes, 0, pending);
        _first = 0;
        _end = pending;
    }
}
