// What each resource of a link permits to a load: bytes of both directions, tags, credits. Knows no engine and no clock.
using System;

namespace SmartNicFw.Emulator.Link;

/// <summary>A resource that can bound a load.</summary>
public enum LinkResource
{
    Upstream = 0,
    Downstream = 1,
    Tags = 2,
    PostedHeaders = 3,
    PostedData = 4,
    NonPostedHeaders = 5,
}

/// <summary>What one unit of a load, a frame for example, asks of the link.</summary>
/// <param name="UpstreamBytes">Bytes of TLPs towards the host: writes and read requests.</param>
/// <param name="DownstreamBytes">Bytes of TLPs towards the endpoint: completions and doorbells.</param>
/// <param name="ReadRequests">Read requests: a tag and a non-posted header credit each.</param>
/// <param name="Writes">Writes towards the host: a posted header credit each.</param>
/// <param name="WriteDataCredits">Posted data credits of 16 bytes. Source: PCI Express Base Specification 5.0, 2.6.1.</param>
public readonly record struct LinkLoad(
    double UpstreamBytes, double DownstreamBytes, double ReadRequests, double Writes, double WriteDataCredits)
{
    /// <summary>A load of one write.</summary>
    public static LinkLoad Write(TransactionRules rules, ulong address, int length)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return new LinkLoad(
            rules.WriteBytes(address, length), 0, 0, rules.WriteCount(address, length), rules.WriteDataCredits(address, length));
    }

    /// <summary>A load of one read.</summary>
    public static LinkLoad Read(TransactionRules rules, ulong address, int length)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return new LinkLoad(
            rules.RequestBytes(address, length), rules.CompletionBytes(address, length), rules.RequestCount(address, length), 0, 0);
    }

    /// <summary>Both loads.</summary>
    public static LinkLoad operator +(LinkLoad left, LinkLoad right) => Add(left, right);

    /// <summary>Both loads.</summary>
    public static LinkLoad Add(LinkLoad left, LinkLoad right) => new(
        left.UpstreamBytes + right.UpstreamBytes, left.DownstreamBytes + right.DownstreamBytes,
        left.ReadRequests + right.ReadRequests, left.Writes + right.Writes, left.WriteDataCredits + right.WriteDataCredits);
}

/// <summary>
/// Units a second that each resource permits: TLP bandwidth / bytes of a unit for the two directions; outstanding / (need of a unit x
/// round-trip time) for what is held for a round trip, by Little's law. The smallest binds. Endpoints hold completion credits
/// for every read they issue, so that completions are never short of credits.
/// Source: PCI Express Base Specification 5.0, 2.2.6.2 (tags) and 2.6.1 (credits; 0 stands for infinite).
/// </summary>
/// <param name="Link">The link.</param>
/// <param name="Rules">How transactions are cut.</param>
/// <param name="RoundTripNs">From a request to its completion, and from a write to the return of its credits; ns, 1 upwards.</param>
/// <param name="Tags">Read requests that may be outstanding, 1 to 768.</param>
/// <param name="PostedHeaders">Posted header credits that the host gives; 0 for infinite.</param>
/// <param name="PostedData">Posted data credits that the host gives, 16 bytes each; 0 for infinite.</param>
/// <param name="NonPostedHeaders">Non-posted header credits that the host gives; 0 for infinite.</param>
public sealed record LinkBounds(
    PcieLink Link, TransactionRules Rules, double RoundTripNs, int Tags,
    int PostedHeaders = 0, int PostedData = 0, int NonPostedHeaders = 0)
{
    private const double BitsPerByte = 8;
    private const double Giga = 1e9;

    /// <summary>Units a second that a resource permits; infinity when the load does not need it.</summary>
    public double UnitsPerSecond(LinkResource resource, LinkLoad load)
    {
        double bytesPerSecond = Link.TlpGbps(Rules.MaxPayload) * Giga / BitsPerByte;
        return resource switch
        {
            LinkResource.Upstream => Quotient(bytesPerSecond, load.UpstreamBytes),
            LinkResource.Downstream => Quotient(bytesPerSecond, load.DownstreamBytes),
            LinkResource.Tags => Held(Tags, load.ReadRequests),
            LinkResource.PostedHeaders => Held(PostedHeaders, load.Writes),
            LinkResource.PostedData => Held(PostedData, load.WriteDataCredits),
            LinkResource.NonPostedHeaders => Held(NonPostedHeaders, load.ReadRequests),
            _ => throw new ArgumentOutOfRangeException(nameof(resource)),
        };
    }

    /// <summary>The resource that permits the fewest units; of equals the first.</summary>
    public LinkResource Binding(LinkLoad load)
    {
        LinkResource binding = LinkResource.Upstream;
        foreach (LinkResource resource in Enum.GetValues<LinkResource>())
        {
            if (UnitsPerSecond(resource, load) < UnitsPerSecond(binding, load))
            {
                binding = resource;
            }
        }

        return binding;
    }

    private static double Quotient(double available, double need) => need > 0 ? available / need : double.PositiveInfinity;

    private double Held(int outstanding, double need) =>
        outstanding == 0 ? double.PositiveInfinity : Quotient(outstanding * Giga / RoundTripNs, need);
}
