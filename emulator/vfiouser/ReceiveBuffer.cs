// Messages that have come from a client, and the descriptors that came with each. Knows a message's size, and no command.
using System;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>
/// Takes the stream in as it comes, cut anywhere, and hands out whole messages in order. Bounded by the longest message. All
/// descriptors that arrive are handed out with a message or closed.
/// </summary>
internal sealed class ReceiveBuffer
{
    private const int FirstCapacity = 64 * 1024;

    private readonly DescriptorSet _front = new();
    private readonly DescriptorSet _behind = new();

    private byte[] _bytes = new byte[FirstCapacity];
    private int _first;
    private int _end;

    // Where the message begins whose bytes came last.
    private int _last;

    /// <summary>What the last <see cref="Receive"/> found.</summary>
    public enum Result
    {
        /// <summary>Bytes came.</summary>
        Some,

        /// <summary>Nothing is there now.</summary>
        None,

        /// <summary>The client has closed its end, or the connection is broken.</summary>
        End,

        /// <summary>There is no room until messages are taken.</summary>
        Full,
    }

    /// <summary>Whether the front message can never be taken: its size is below a header's or above the longest.</summary>
    public bool IsBroken => _end - _first >= VfioUserHeader.Bytes && !IsPossible(SizeAt(_first));

    /// <summary>Whether part of a message is there, and not all of it.</summary>
    public bool IsPartial => _end != _first && !TryFind(_first, out _);

    /// <summary>Whether descriptors have come that nobody has taken yet.</summary>
    public bool HasDescriptors => !_front.IsEmpty || !_behind.IsEmpty;

    /// <summary>Receives once.</summary>
    public Result Receive(int socket)
    {
        if (!MakeRoom())
        {
            return Result.Full;
        }

        Span<int> descriptors = stackalloc int[UnixStream.MaxDescriptors];
        int result = UnixStream.Receive(socket, _bytes.AsSpan(_end), descriptors, out int count, out bool isTruncated);
        if (result <= 0)
        {
            return result is -Errno.TryAgain or -Errno.Interrupted ? Result.None : Result.End;
        }

        _end += result;

        // Descriptors come with the last bytes of a call, and a client sends them with the first bytes of a message:
        // they belong to the message that began last.
        while (TryFind(_last, out int size) && _last + size < _end)
        {
            _last += size;
        }

        if (count > 0 || isTruncated)
        {
            DescriptorSet set = _front.IsEmpty || _front.At == _last ? _front : _behind;
            set.Add(_last, descriptors[..count], isTruncated);
        }

        return Result.Some;
    }

    /// <summary>Looks at the next whole message, from an offset on of those that wait.</summary>
    /// <param name="offset">0 for the front message; then the sizes of those before.</param>
    public bool TryPeek(int offset, out ReadOnlySpan<byte> message)
    {
        bool isWhole = TryFind(_first + offset, out int size);
        message = isWhole ? _bytes.AsSpan(_first + offset, size) : default;
        return isWhole;
    }

    /// <summary>Takes the front message's descriptors: they are the caller's to close.</summary>
    /// <param name="descriptors">Receives up to <see cref="UnixStream.MaxDescriptors"/>.</param>
    /// <param name="isTruncated">Some were lost on the way.</param>
    public int TakeDescriptors(Span<int> descriptors, out bool isTruncated)
    {
        DescriptorSet set = !_front.IsEmpty && _front.At == _first ? _front : _behind;
        isTruncated = false;
        return !set.IsEmpty && set.At == _first ? set.Take(descriptors, out isTruncated) : 0;
    }

    /// <summary>Drops the front message, of which <see cref="TryPeek"/> told.</summary>
    public void Advance()
    {
        _first += (int)SizeAt(_first);
        _last = Math.Max(_last, _first);
        if (_first == _end)
        {
            Rewind();
        }
    }

    /// <summary>Closes all descriptors, forgets all bytes, gives back what long messages took: until then the room is kept.</summary>
    public void Reset()
    {
        _front.Close();
        _behind.Close();
        Rewind();
        if (_bytes.Length > FirstCapacity)
        {
            _bytes = new byte[FirstCapacity];
        }
    }

    private static bool IsPossible(uint size) => size is >= VfioUserHeader.Bytes and <= VfioUserLimits.MaxMessageBytes;

    private uint SizeAt(int at) => VfioUserHeader.MessageSize(_bytes.AsSpan(at, VfioUserHeader.Bytes));

    private bool TryFind(int at, out int size)
    {
        size = 0;
        if (_end - at < VfioUserHeader.Bytes)
        {
            return false;
        }

        uint bytes = SizeAt(at);
        size = (int)bytes;
        return IsPossible(bytes) && bytes <= (uint)(_end - at);
    }

    private void Rewind()
    {
        _first = 0;
        _end = 0;
        _last = 0;
    }

    private bool MakeRoom()
    {
        int wanted = _end - _first >= VfioUserHeader.Bytes && IsPossible(SizeAt(_first)) ? (int)SizeAt(_first) : 0;
        if (_end == _bytes.Length || _first + wanted > _bytes.Length)
        {
            byte[] from = _bytes;
            if (wanted > _bytes.Length)
            {
                _bytes = new byte[wanted];
            }

            Array.Copy(from, _first, _bytes, 0, _end - _first);
            _front.At -= _first;
            _behind.At -= _first;
            _last -= _first;
            _end -= _first;
            _first = 0;
        }

        return _end != _bytes.Length;
    }

    // Descriptors of one message.
    private sealed class DescriptorSet
    {
        private readonly int[] _descriptors = new int[UnixStream.MaxDescriptors];
        private int _count;
        private bool _isTruncated;

        public int At { get; set; }

        public bool IsEmpty => _count == 0 && !_isTruncated;

        public void Add(int at, ReadOnlySpan<int> descriptors, bool isTruncated)
        {
            if (!IsEmpty && At != at)
            {
                // Of a message that nobody took: there is none such while messages are taken in order.
                Close();
            }

            At = at;
            _isTruncated |= isTruncated;
            foreach (int descriptor in descriptors)
            {
                if (_count < _descriptors.Length)
                {
                    _descriptors[_count++] = descriptor;
                }
                else
                {
                    _isTruncated = true;
                    _ = LibC.Close(descriptor);
                }
            }
        }

        public int Take(Span<int> descriptors, out bool isTruncated)
        {
            int count = _count;
            _descriptors.AsSpan(0, count).CopyTo(descriptors);
            isTruncated = _isTruncated;
            _count = 0;
            _isTruncated = false;
            return count;
        }

        public void Close()
        {
            foreach (int descriptor in _descriptors.AsSpan(0, _count))
            {
                _ = LibC.Close(descriptor);
            }

            _count = 0;
            _isTruncated = false;
        }
    }
}
