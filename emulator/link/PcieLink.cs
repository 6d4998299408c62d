// A PCI Express link: its generation and lanes, and the bandwidth that is left for TLPs. Knows no transaction.
using System;
using System.Globalization;

namespace SmartNicFw.Emulator.Link;

/// <summary>
/// Bandwidth of a link in one direction.
/// <para>Physical layer: lanes x GT/s x 8/10 up to 5 GT/s, x 128/130 from 8 GT/s on.
/// Source: PCI Express Base Specification 5.0, 4.2.1 and 4.2.2.</para>
/// <para>TLP layer: less what Acks, flow-control updates and SKP ordered sets take, each sent as often as the specification recommends:
/// TLP = physical x (1 - 8/L - 8/L - 4/1538), where L is the latency limit in symbol times (<see cref="AckLimit"/>) and 8 the bytes
/// of a DLLP with its framing. Source: Base Specification 5.0, 2.6.1.2, 3.6.3 and 4.2.7; Neugebauer et al., "Understanding PCIe
/// performance for end host networking", SIGCOMM 2018, and the model published with it.</para>
/// </summary>
public sealed record PcieLink
{
    /// <summary>What <see cref="TryParse"/> takes.</summary>
    public const string Allowed = "gen1 to gen5, then x1, x2, x4, x8 or x16, as in gen4x8";

    private const string GenerationPrefix = "gen";
    private const int FirstWithLongBlocks = 3;
    private const double DllpBytes = 8;
    private const double SkipBytes = 4;
    private const double SkipInterval = 1538;

    private static readonly double[] TransfersGhz = [2.5, 5, 8, 16, 32];
    private static readonly int[] InternalDelays = [19, 70, 115, 115, 115];

    private PcieLink(int generation, int lanes)
    {
        Generation = generation;
        Lanes = lanes;
    }

    /// <summary>Generation, 1 to 5.</summary>
    public int Generation { get; }

    /// <summary>Lanes: 1, 2, 4, 8 or 16.</summary>
    public int Lanes { get; }

    /// <summary>Bandwidth of the physical layer after encoding, Gbit/s.</summary>
    public double PhysicalGbps =>
        TransfersGhz[Generation - 1] * Lanes * (Generation < FirstWithLongBlocks ? 8.0 / 10 : 128.0 / 130);

    /// <summary>Reads a link as a person writes it.</summary>
    /// <param name="text">For example gen4x8; see <see cref="Allowed"/>.</param>
    /// <param name="link">The link; null when there is none such.</param>
    /// <returns>False when <paramref name="text"/> names no link.</returns>
    public static bool TryParse(string? text, out PcieLink? link)
    {
        link = null;
        int cross = text?.IndexOf('x', StringComparison.Ordinal) ?? -1;
        if (cross < 0 || !text!.StartsWith(GenerationPrefix, StringComparison.Ordinal)
            || !TryNumber(text.AsSpan(GenerationPrefix.Length, Math.Max(0, cross - GenerationPrefix.Length)), out int generation)
            || !TryNumber(text.AsSpan(cross + 1), out int lanes)
            || generation < 1 || generation > TransfersGhz.Length || lanes is not (1 or 2 or 4 or 8 or 16))
        {
            return false;
        }

        link = new PcieLink(generation, lanes);
        return true;
    }

    /// <summary>
    /// Symbol times within which a received TLP is to be acknowledged, and credits are to be returned:
    /// (Max Payload + 28) x AckFactor / lanes + internal delay (19, 70 or 115 symbol times for 2.5, 5 and 8 GT/s or more), rounded down.
    /// Source: PCI Express Base Specification 5.0, 3.6.3.1 and 2.6.1.2.
    /// </summary>
    /// <param name="maxPayload">Max_Payload_Size, 128 to 4096 bytes.</param>
    public int AckLimit(int maxPayload) =>
        (int)((maxPayload + 28) * AckFactor(maxPayload) / Lanes) + InternalDelays[Generation - 1];

    /// <summary>Bandwidth that TLPs can use, with their headers, sequence numbers, LCRC and framing, Gbit/s.</summary>
    /// <param name="maxPayload">Max_Payload_Size, 128 to 4096 bytes.</param>
    public double TlpGbps(int maxPayload) =>
        PhysicalGbps * (1 - (2 * DllpBytes / AckLimit(maxPayload)) - (SkipBytes / SkipInterval));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{GenerationPrefix}{Generation}x{Lanes}");

    private static bool TryNumber(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    // AckFactor by lanes, for payloads up to 256 bytes and above.
    private double AckFactor(int maxPayload) => Lanes switch
    {
        8 => maxPayload <= 256 ? 2.5 : 1.0,
        16 => maxPayload <= 256 ? 3.0 : 2.0,
        _ => maxPayload <= 256 ? 1.4 : 1.0,
    };
}
