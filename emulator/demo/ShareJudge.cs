// Whether VFs got what was set for them, by the rules as an operator would state them. Knows no scheduler.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Emulator.Demo;

/// <summary>
/// Three rules, each to within one percent: a limit is reached and not exceeded; a guarantee is had at least; what limits and guarantees
/// leave of the port is divided by weights among all that have no limit, on top of what they are guaranteed. All of the port is used.
/// </summary>
/// <param name="shares">What the VFs were to have.</param>
/// <param name="run">What they got.</param>
internal sealed class ShareJudge(IReadOnlyList<SenderShare> shares, ShareRun run)
{
    /// <summary>How far a rate may be off, as a part of it.</summary>
    public const double Tolerance = 0.01;

    /// <summary>Line rate of a VF's frames that arrived, Mbit/s.</summary>
    public double MeasuredMbps(int vf) => run.ElapsedUs == 0 ? 0 : run.Senders[vf].LineBytes * 8.0 / run.ElapsedUs;

    /// <summary>Line rate of all of them, Mbit/s.</summary>
    public double PortMbps => shares.Select((_, vf) => MeasuredMbps(vf)).Sum();

    /// <summary>What a VF should have: its limit, or its guarantee and its part of what limits and guarantees leave.</summary>
    public double ExpectedMbps(int vf) => shares[vf] is { LimitMbps: > 0 } limited
        ? limited.LimitMbps
        : shares[vf].GuaranteeMbps + (LeftMbps * shares[vf].Weight / shares.Where(IsByWeight).Sum(share => share.Weight));

    /// <summary>Every VF without a limit has its guarantee and its part of what is left.</summary>
    public bool AreWeightsKept => shares.Select((share, vf) => !IsByWeight(share) || IsClose(MeasuredMbps(vf), ExpectedMbps(vf))).All(isKept => isKept);

    /// <summary>Every VF with a limit sends that much.</summary>
    public bool AreLimitsKept => Holds(share => share.LimitMbps, IsClose);

    /// <summary>Every VF with a guarantee sends at least that much.</summary>
    public bool AreGuaranteesKept => Holds(share => share.GuaranteeMbps, (measured, wanted) => measured >= wanted * (1 - Tolerance));

    /// <summary>Every queue had work all the time, all of it arrived in order, and the port was full: only then shares say something.</summary>
    public bool IsSaturated => run is { RanDry: 0, Wrong: 0 } && IsClose(PortMbps, ShareRun.PortMbps);

    /// <summary>All of these.</summary>
    public bool IsRight => IsSaturated && AreWeightsKept && AreLimitsKept && AreGuaranteesKept;

    /// <summary>How far the VF without a limit that is farthest off is from what it should have, as a part of that.</summary>
    public double WorstWeight => shares.Select((share, vf) => IsByWeight(share) ? Math.Abs((MeasuredMbps(vf) / ExpectedMbps(vf)) - 1) : 0).Max();

    private double LeftMbps => ShareRun.PortMbps - shares.Sum(share => share.LimitMbps + share.GuaranteeMbps);

    private static bool IsByWeight(SenderShare share) => share.LimitMbps == 0;

    private static bool IsClose(double measured, double wanted) => Math.Abs(measured - wanted) <= wanted * Tolerance;

    private bool Holds(Func<SenderShare, int> rateOf, Func<double, double, bool> isKept) =>
        shares.Select((share, vf) => rateOf(share) == 0 || isKept(MeasuredMbps(vf), rateOf(share))).All(holds => holds);
}
