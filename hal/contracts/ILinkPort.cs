// What the link and the slot signal besides packets.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>A reset that reaches the whole endpoint. Source: PCI Express Base Specification 5.0, 6.6.1.</summary>
    public enum LinkEvent
    {
        /// <summary>Nothing happened.</summary>
        None = 0,

        /// <summary>Fundamental reset: power came on, or PERST# was asserted. Sticky registers lose their values too.</summary>
        FundamentalReset = 1,

        /// <summary>Hot reset over the link, or the link went down. Sticky registers keep their values.</summary>
        HotReset = 2,
    }

    /// <summary>
    /// Events of the link, polled. At most one is pending, the one that reaches furthest, and every configuration request
    /// that the port hands out after it was sent after it.
    /// </summary>
    public interface ILinkPort
    {
        /// <summary>Takes the pending event.</summary>
        /// <returns><see cref="LinkEvent.None"/> when there is none.</returns>
        LinkEvent Take();
    }
}
