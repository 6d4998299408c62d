// A queue's areas where they lie in remote memory: fetched before the device looks, sent after it has written. Knows no layout but
// which side writes an area.
using System;
using SmartNicFw.Emulator.Memory;

namespace SmartNicFw.Emulator.Virtio;

/// <summary>
/// Rings are shared by two writers; of remote memory the device has a copy. What the device wrote is what differs from the copy as
/// it was last agreed on, and only that is sent: whole words, so that a word of the driver is never overwritten with an old one.
/// </summary>
internal sealed unsafe class RingMirror
{
    // Both sides write aligned words of 8 bytes: a used element, length, ID and flags of a descriptor, an index with its flags.
    private const int WordBytes = sizeof(ulong);

    private readonly GuestMemory _memory;
    private readonly byte* _area;
    private readonly ulong[] _agreed;
    private readonly int _bytes;

    /// <summary>Mirrors an area.</summary>
    /// <param name="area">Native memory that stands for it, aligned as its layout asks.</param>
    /// <param name="bytes">Its bytes.</param>
    public RingMirror(GuestMemory memory, byte* area, int bytes)
    {
        _memory = memory;
        _area = area;
        _bytes = bytes;
        _agreed = new ulong[(bytes + WordBytes - 1) / WordBytes];
        Agree();
    }

    /// <summary>Gets what the driver wrote. What the device wrote and has not sent is sent before.</summary>
    /// <returns>False when the area is as it was: the memory is busy, or gone.</returns>
    public bool Fetch()
    {
        Send();
        for (int done = 0; done < _bytes; done += (int)Shadow.MaxFetchBytes)
        {
            if (!_memory.Fetch(_area + done, (uint)Math.Min(_bytes - done, (int)Shadow.MaxFetchBytes)))
            {
                Restore();
                return false;
            }
        }

        Agree();
        return true;
    }

    /// <summary>
    /// Sends what the device wrote, the last words first: of a split queue's used ring the index, which is in the first, comes after
    /// the elements.
    /// </summary>
    public void Send()
    {
        int word = _agreed.Length - 1;
        while (word >= 0)
        {
            if (Word(word) == _agreed[word])
            {
                word--;
                continue;
            }

            int end = word + 1;
            while (word > 1 && Word(word - 1) != _agreed[word - 1])
            {
                word--;
            }

            int first = word * WordBytes;
            _memory.Send(_area + first, (uint)(Math.Min(end * WordBytes, _bytes) - first));
            for (int sent = word; sent < end; sent++)
            {
                _agreed[sent] = Word(sent);
            }

            word--;
        }
    }

    private void Agree()
    {
        for (int word = 0; word < _agreed.Length; word++)
        {
            _agreed[word] = Word(word);
        }
    }

    // A fetch that was cut short left some of it newer than the rest: all as it was agreed on.
    private void Restore()
    {
        for (int word = 0; word < _agreed.Length; word++)
        {
            for (int at = 0; at < WordBytes && (word * WordBytes) + at < _bytes; at++)
            {
                _area[(word * WordBytes) + at] = (byte)(_agreed[word] >> (8 * at));
            }
        }
    }

    private ulong Word(int word)
    {
        int bytes = Math.Min(WordBytes, _bytes - (word * WordBytes));
        ulong value = 0;
        for (int at = bytes - 1; at >= 0; at--)
        {
            value = (value << 8) | _area[(word * WordBytes) + at];
        }

        return value;
    }
}
