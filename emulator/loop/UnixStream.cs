// One end of a connected unix stream socket: bytes, and descriptors that travel with them. Knows no message.
using System;
using System.Runtime.InteropServices;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Calls that never wait. A result below zero is a negated <see cref="Errno"/>.</summary>
internal static unsafe class UnixStream
{
    /// <summary>Descriptors that one call takes at the most; the kernel closes what is above.</summary>
    public const int MaxDescriptors = 16;

    private const int ControlBytes = 16 + (MaxDescriptors * sizeof(int));

    /// <summary>Receives what has arrived. The kernel ends a call with the bytes that descriptors came with.</summary>
    /// <param name="buffer">Receives the bytes; not empty.</param>
    /// <param name="descriptors">Receives up to <see cref="MaxDescriptors"/>; they are the caller's to close.</param>
    /// <param name="count">Descriptors received.</param>
    /// <param name="isTruncated">There were more than could be taken, or the process has no room for them.</param>
    /// <returns>Bytes; 0 at the end of the stream.</returns>
    public static int Receive(int socket, Span<byte> buffer, Span<int> descriptors, out int count, out bool isTruncated)
    {
        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* bytes = buffer)
        {
            LibC.Segment segment = new() { Address = bytes, Bytes = (nuint)buffer.Length };
            LibC.MessageHeader message = new() { Segments = &segment, SegmentCount = 1, Control = control, ControlBytes = ControlBytes };
            nint received = LibC.ReceiveMessage(socket, &message, LibC.MessageDontWait | LibC.MessageCloseOnExec);
            count = 0;
            isTruncated = false;
            if (received < 0)
            {
                return -Marshal.GetLastPInvokeError();
            }

            isTruncated = (message.Flags & LibC.MessageControlTruncated) != 0;
            if (message.ControlBytes >= (nuint)sizeof(LibC.ControlHeader))
            {
                count = Take((LibC.ControlHeader*)control, message.ControlBytes, descriptors);
            }

            return (int)received;
        }
    }

    /// <summary>Sends as much as there is room for.</summary>
    public static int Send(int socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            nint sent = LibC.Send(socket, first, (nuint)bytes.Length, LibC.MessageDontWait | LibC.MessageNoSignal);
            return sent < 0 ? -Marshal.GetLastPInvokeError() : (int)sent;
        }
    }

    /// <summary>Waits until there is something to receive, or the time is over.</summary>
    public static bool AwaitReadable(int socket, int milliseconds) => Await(socket, LibC.EventIn, milliseconds);

    /// <summary>Waits until there is room to send, or the time is over.</summary>
    public static bool AwaitWritable(int socket, int milliseconds) => Await(socket, LibC.EventOut, milliseconds);

    /// <summary>Whether the far side has closed its end, whatever is left to receive.</summary>
    public static bool IsHungUp(int socket)
    {
        LibC.PollEntry entry = new() { Descriptor = socket };
        return LibC.Poll(&entry, 1, 0) > 0;
    }

    /// <summary>Process that connected; 0 when the kernel does not say.</summary>
    public static int PeerProcess(int socket) => TryPeer(socket, out LibC.Credentials credentials) ? credentials.Process : 0;

    /// <summary>User that the process which connected acted as.</summary>
    /// <returns>False when the kernel does not say.</returns>
    public static bool TryPeerUser(int socket, out uint user)
    {
        bool isKnown = TryPeer(socket, out LibC.Credentials credentials);
        user = credentials.User;
        return isKnown;
    }

    private static bool TryPeer(int socket, out LibC.Credentials credentials)
    {
        uint bytes = (uint)sizeof(LibC.Credentials);
        fixed (LibC.Credentials* place = &credentials)
        {
            return LibC.GetOption(socket, LibC.SocketLevel, LibC.PeerCredentials, place, &bytes) == 0;
        }
    }

    private static int Take(LibC.ControlHeader* header, nuint controlBytes, Span<int> descriptors)
    {
        // Rights are the only kind that this socket is told of, and the kernel puts them into one header.
        if (header->Level != LibC.SocketLevel || header->Type != LibC.Rights || header->Bytes > controlBytes)
        {
            return 0;
        }

        int count = (int)(header->Bytes - (nuint)sizeof(LibC.ControlHeader)) / sizeof(int);
        new ReadOnlySpan<int>(header + 1, count).CopyTo(descriptors);
        return count;
    }

    private static bool Await(int socket, uint events, int milliseconds)
    {
        LibC.PollEntry entry = new() { Descriptor = socket, Wanted = (short)events };
        return LibC.Poll(&entry, 1, milliseconds) > 0;
    }
}
