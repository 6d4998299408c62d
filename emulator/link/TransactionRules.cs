// What a memory transaction costs on a link: the TLPs that it is cut into, and their bytes. Knows no bandwidth and no time.
using System;

namespace SmartNicFw.Emulator.Link;

/// <summary>
/// Cuts writes and reads as a requester and a completer must. Bytes count everything from STP to the last byte of LCRC.
/// <para>MWr and MRd with 64-bit address: 2 framing + 2 sequence number + 4 LCRC + 16 header = 24 bytes; CplD: 8 + 12 = 20 bytes; 4 more
/// with ECRC. Source: PCI Express Base Specification 5.0, 2.2.4.1, 2.2.9, 2.7.1, 3.6.1 and 4.2.2; the model published with
/// Neugebauer et al., SIGCOMM 2018: B_tx = MWr_Hdr x ceil(sz/MPS) + sz for writes; for reads B_tx = MRd_Hdr x ceil(sz/MRRS) and
/// B_rx = CplD_Hdr x ceil(sz/MPS) + sz. Those hold for aligned starts; here a start may be anywhere.</para>
/// </summary>
/// <param name="MaxPayload">Max_Payload_Size, bytes: a power of two, 128 to 4096.</param>
/// <param name="MaxReadRequest">Max_Read_Request_Size, bytes: a power of two, 128 to 4096.</param>
/// <param name="ReadCompletionBoundary">Read Completion Boundary, bytes: 64 or 128.</param>
/// <param name="HasEcrc">True when every TLP ends in a digest.</param>
public sealed record TransactionRules(int MaxPayload, int MaxReadRequest, int ReadCompletionBoundary, bool HasEcrc = false)
{
    /// <summary>No request crosses a multiple of this. Source: Base Specification 5.0, 2.2.7.</summary>
    public const int PageBytes = 4096;

    private const int CreditBytes = 16;
    private const int LinkBytes = 8;
    private const int RequestHeaderBytes = 16;
    private const int CompletionHeaderBytes = 12;
    private const int DigestBytes = 4;

    /// <summary>Bytes of an MWr without its payload.</summary>
    public int WriteOverhead => LinkBytes + RequestHeaderBytes + (HasEcrc ? DigestBytes : 0);

    /// <summary>Bytes of an MRd.</summary>
    public int ReadRequestBytes => WriteOverhead;

    /// <summary>Bytes of a CplD without its payload.</summary>
    public int CompletionOverhead => LinkBytes + CompletionHeaderBytes + (HasEcrc ? DigestBytes : 0);

    /// <summary>Why these rules cannot be; null when they can.</summary>
    public string? Wrong =>
        !IsSize(MaxPayload) ? $"MPS is {MaxPayload}; allowed: 128, 256, 512, 1024, 2048, 4096"
        : !IsSize(MaxReadRequest) ? $"MRRS is {MaxReadRequest}; allowed: 128, 256, 512, 1024, 2048, 4096"
        : ReadCompletionBoundary is not (64 or 128) ? $"RCB is {ReadCompletionBoundary}; allowed: 64, 128"
        : null;

    /// <summary>TLPs of a write.</summary>
    /// <param name="address">Bus address of its first byte.</param>
    /// <param name="length">Bytes, 0 upwards.</param>
    public int WriteCount(ulong address, int length) => Pieces(address, length, MaxPayload);

    /// <summary>Bytes that a write puts on the link, in its own direction.</summary>
    public long WriteBytes(ulong address, int length) => ((long)WriteCount(address, length) * WriteOverhead) + length;

    /// <summary>
    /// Posted data credits that a write takes: each TLP rounds its payload up to whole credits of 16 bytes.
    /// Source: Base Specification 5.0, 2.6.1.
    /// </summary>
    public int WriteDataCredits(ulong address, int length)
    {
        int credits = 0;
        for (int left = length; left > 0;)
        {
            int piece = Piece(address, left, MaxPayload);
            credits += (piece + CreditBytes - 1) / CreditBytes;
            left -= piece;
            address += (ulong)piece;
        }

        return credits;
    }

    /// <summary>Read requests of a read; each holds a tag until its last completion.</summary>
    public int RequestCount(ulong address, int length) => Pieces(address, length, MaxReadRequest);

    /// <summary>Bytes that the requests of a read put on the link.</summary>
    public long RequestBytes(ulong address, int length) => (long)RequestCount(address, length) * ReadRequestBytes;

    /// <summary>
    /// Completions of a read: all but the last of a request end at a multiple of the Read Completion Boundary, none carries
    /// more than Max Payload. Source: Base Specification 5.0, 2.3.1.1.
    /// </summary>
    public int CompletionCount(ulong address, int length)
    {
        int completions = 0;
        ulong at = address;
        for (int left = length; left > 0;)
        {
            int request = Piece(at, left, MaxReadRequest);
            left -= request;
            for (int rest = request; rest > 0; completions++)
            {
                int past = (int)(at % (ulong)ReadCompletionBoundary);
                int piece = rest <= MaxPayload ? rest : MaxPayload - past;
                rest -= piece;
                at += (ulong)piece;
            }
        }

        return completions;
    }

    /// <summary>Bytes that the completions of a read put on the link, against the direction of the requests.</summary>
    public long CompletionBytes(ulong address, int length) => ((long)CompletionCount(address, length) * CompletionOverhead) + length;

    private static bool IsSize(int bytes) => bytes is 128 or 256 or 512 or 1024 or 2048 or 4096;

    private static int Pieces(ulong address, int length, int limit)
    {
        int pieces = 0;
        for (int left = length; left > 0; pieces++)
        {
            int piece = Piece(address, left, limit);
            left -= piece;
            address += (ulong)piece;
        }

        return pieces;
    }

    private static int Piece(ulong address, int left, int limit) =>
        Math.Min(Math.Min(left, limit), PageBytes - (int)(address % PageBytes));
}
