// Whether VFs got what was set for them, by the rules as an operator would state them. Knows no scheduler.
using System;
using System.Collections.Generic;
using System.Linq;

namespace SmartNicFw.Emulator.Demo;

/// <summary>
/// Three rules, each to within one percent: a limit is reached and not exceeded, a guarantee is had at least, and what is left of the
/// port is divided by weights among those that have neither. All of the port is used.
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

    /// <summary>What a VF should have: its limit, its guarantee at least, or its part of what these leave.</summary>
    public double ExpectedMbps(int vf) => shares[vf] switch
    {
        { LimitMbps: > 0 } limited => limited.LimitMbps,
        { GuaranteeMbps: > 0 } guaranteed => guaranteed.GuaranteeMbps,
        { } byWeight => LeftMbps * byWeight.Weight / shares.Where(share => share.IsByWeight).Sum(share => share.Weight),
    };

    /// <summary>Every VF with a weight only has its part of what is left.</summary>
    public bool AreWeightsKept => Holds(share => share.IsByWeight, IsClose);

    /// <summary>Every VF with a limit sends that much.</summary>
    public bool AreLimitsKept => Holds(share => share.LimitMbps > 0, IsClose);

    /// <summary>Every VF with a guarantee sends at least that much.</summary>
    public bool AreGuaranteesKept => Holds(share => share.GuaranteeMbps > 0, (measured, wanted) => measured >= wanted * (1 - Tolerance));

    /// <summary>Every queue had work all the time, all of it arrived in order, and the port was full: only then shares say something.</summary>
    public bool IsSaturated => run is { RanDry: 0, Wrong: 0 } && IsClose(PortMbps, ShareRun.PortMbps);

    /// <summary>All of these.</summary>
    public bool IsRight => IsSaturated && AreWeightsKept && AreLimitsKept && AreGuaranteesKept;

    /// <summary>How far the VF that is farthest off is from its part by weight, as a part of it.</summary>
    public double WorstWeight => shares.Select((share, vf) => share.IsByWeight ? Math.Abs((MeasuredMbps(vf) / ExpectedMbps(vf)) - 1) : 0).Max();

    private double LeftMbps => ShareRun.PortMbps - shares.Select((share, vf) => share.IsByWeight ? 0 : MeasuredMbps(vf)).Sum();

    private static bool IsClose(double measured, double wanted) => Math.Abs(measured - wanted) <= wanted * Tolerance;

    private bool Holds(Func<SenderShare, bool> concerns, Func<double, double, bool> isRight) =>
        shares.Select((share, vf) => !concerns(share) || isRight(MeasuredMbps(vf), ExpectedMbps(vf))).All(holds => holds);
}
