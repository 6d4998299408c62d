// The bytes of one frame, wherever they lie: in a sender's chain or in one piece of our own. Knows no ring and no switch.
using System;
using System.Runtime.Intrinsics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;

namespace SmartNicFw.Emulator.Engine;

/// <summary>
/// A frame to be copied once, straight from where its sender put it. Reused for every frame; made once.
/// </summary>
internal sealed unsafe class FrameView
{
    private readonly byte[] _head = new byte[Vector128<byte>.Count];
    private DescriptorChain? _chain;
    private int _skip;
    private byte* _linear;
    private byte[] _judged = [];
    private int _judgedLength;

    /// <summary>Bytes of the frame.</summary>
    public int Length { get; private set; }

    /// <summary>The frame is what follows a header in a chain.</summary>
    public void Set(DescriptorChain chain, int headerBytes, int length)
    {
        _judgedLength = 0;
        _chain = chain;
        _skip = headerBytes;
        Length = length;
    }

    /// <summary>The frame lies in one piece, valid until the next Set.</summary>
    public void Set(byte* frame, int length)
    {
        _judgedLength = 0;
        _chain = null;
        _linear = frame;
        Length = length;
    }

    /// <summary>The frame lies in one piece, valid until the next Set, and its first bytes were judged already.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="length">Its bytes, as many as there are in <paramref name="judged"/> or more.</param>
    /// <param name="judged">What is delivered of the first bytes, whatever the guest does to them meanwhile.</param>
    public void Set(byte* frame, int length, Vector128<byte> judged)
    {
        Set(frame, length);
        judged.CopyTo(_head);
        _judged = _head;
        _judgedLength = Vector128<byte>.Count;
    }

    /// <summary>
    /// Copies the first bytes of the frame, and serves them from this copy ever after: what was judged is what is delivered,
    /// whatever the guest does to the frame meanwhile.
    /// </summary>
    /// <param name="snapshot">Stays as it is until the next Set.</param>
    /// <param name="bytes">Bytes to copy; of a shorter frame all.</param>
    /// <returns>The bytes copied.</returns>
    public ReadOnlySpan<byte> Judge(byte[] snapshot, int bytes)
    {
        int length = Math.Min(bytes, Length);
        Read(0, snapshot.AsSpan(0, length));
        _judged = snapshot;
        _judgedLength = length;
        return snapshot.AsSpan(0, length);
    }

    /// <summary>Copies the first bytes of the frame, to look at only.</summary>
    /// <returns>The bytes copied: as many as there is room for, or all of a shorter frame.</returns>
    public ReadOnlySpan<byte> Glance(Span<byte> buffer)
    {
        Span<byte> glance = buffer[..Math.Min(buffer.Length, Length)];
        Read(0, glance);
        return glance;
    }

    /// <summary>Copies bytes of the frame into a chain of a receiver.</summary>
    public void CopyTo(int offset, DescriptorChain to, uint toOffset, uint length)
    {
        if (offset < _judgedLength)
        {
            uint judged = Math.Min(length, (uint)(_judgedLength - offset));
            ChainBytes.Write(to, toOffset, _judged.AsSpan(offset, (int)judged));
            offset += (int)judged;
            toOffset += judged;
            length -= judged;
        }

        if (length == 0)
        {
            return;
        }

        if (_chain is not null)
        {
            ChainBytes.Copy(_chain, (uint)(_skip + offset), to, toOffset, length);
        }
        else
        {
            ChainBytes.Write(to, toOffset, new ReadOnlySpan<byte>(_linear + offset, (int)length));
        }
    }

    /// <summary>Copies the frame into one piece, with an edit of its VLAN tag.</summary>
    /// <returns>Bytes written.</returns>
    public int CopyTo(Span<byte> target, VlanEdit edit, uint tag)
    {
        int at = Math.Min(Ethernet.TypeOffset, Length);
        int rest = edit == VlanEdit.Strip ? at + Ethernet.TagBytes : at;
        Read(0, target[..at]);
        if (edit == VlanEdit.Insert)
        {
            VlanTag.Write(target[at..], tag);
            at += Ethernet.TagBytes;
        }

        Read(rest, target.Slice(at, Length - rest));
        return at + Length - rest;
    }

    private void Read(int offset, Span<byte> target)
    {
        if (offset < _judgedLength)
        {
            int judged = Math.Min(target.Length, _judgedLength - offset);
            _judged.AsSpan(offset, judged).CopyTo(target);
            offset += judged;
            target = target[judged..];
        }

        if (target.IsEmpty)
        {
            return;
        }

        if (_chain is not null)
        {
            ChainBytes.Read(_chain, (uint)(_skip + offset), target);
        }
        else
        {
            new ReadOnlySpan<byte>(_linear + offset, target.Length).CopyTo(target);
        }
    }
}
