// Which features the functions offer, and which sets of them a driver may choose. Holds no state.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Feature masks, bit n for feature n. Source: VIRTIO 1.4, 2.2, 5.1.3 and 6.</summary>
    public sealed class FeatureOffer
    {
        public const ulong Version1 = 1UL << VirtioFeature.Version1;
        public const ulong RingPacked = 1UL << VirtioFeature.RingPacked;
        public const ulong RingReset = 1UL << VirtioFeature.RingReset;
        public const ulong CtrlVq = 1UL << VirtioNetFeature.CtrlVq;
        public const ulong CtrlRx = 1UL << VirtioNetFeature.CtrlRx;
        public const ulong CtrlVlan = 1UL << VirtioNetFeature.CtrlVlan;
        public const ulong CtrlMacAddr = 1UL << VirtioNetFeature.CtrlMacAddr;
        public const ulong Mq = 1UL << VirtioNetFeature.Mq;
        public const ulong Rss = 1UL << VirtioNetFeature.Rss;
        public const ulong HashReport = 1UL << VirtioNetFeature.HashReport;
        public const ulong VqNotfCoal = 1UL << VirtioNetFeature.VqNotfCoal;
        public const ulong NotfCoal = 1UL << VirtioNetFeature.NotfCoal;
        public const ulong DeviceStats = 1UL << VirtioNetFeature.DeviceStats;

        private const ulong Csum = 1UL << VirtioNetFeature.Csum;
        private const ulong GuestCsum = 1UL << VirtioNetFeature.GuestCsum;

        // 5.1.3.1: what needs which.
        private const ulong NeedCsum = (1UL << VirtioNetFeature.HostTso4) | (1UL << VirtioNetFeature.HostTso6)
            | (1UL << VirtioNetFeature.HostUso);

        private const ulong NeedGuestCsum = (1UL << VirtioNetFeature.GuestTso4) | (1UL << VirtioNetFeature.GuestTso6)
            | (1UL << VirtioNetFeature.GuestUso4) | (1UL << VirtioNetFeature.GuestUso6);

        private const ulong NeedCtrlVq = CtrlRx | CtrlVlan | CtrlMacAddr | Mq | Rss | NotfCoal | VqNotfCoal;

        /// <summary>What every function offers, but for what the configuration takes away.</summary>
        public const ulong Common = Version1 | RingPacked | RingReset
            | (1UL << VirtioFeature.AccessPlatform) | (1UL << VirtioFeature.EventIdx) | (1UL << VirtioFeature.IndirectDesc)
            | (1UL << VirtioFeature.InOrder) | (1UL << VirtioFeature.NotificationData)
            | (1UL << VirtioNetFeature.Mac) | (1UL << VirtioNetFeature.Status) | (1UL << VirtioNetFeature.Mtu)
            | (1UL << VirtioNetFeature.SpeedDuplex) | (1UL << VirtioNetFeature.MrgRxbuf)
            | Csum | GuestCsum | NeedCsum | NeedGuestCsum | CtrlVq | NeedCtrlVq | HashReport | DeviceStats;

        private readonly FunctionNumbering _numbering;
        private readonly ulong _physical;
        private readonly ulong _virtual;

        /// <summary>Decides what functions leave of the common mask and what the PFs offer beside it.</summary>
        public FeatureOffer(EndpointConfiguration configuration, FunctionNumbering numbering)
        {
            _numbering = numbering;
            _virtual = configuration.OffersPackedRings ? Common : Common & ~RingPacked;
            _physical = numbering.TotalVFs > 0 ? _virtual | (1UL << VirtioFeature.Sriov) : _virtual;
        }

        /// <summary>What a function offers.</summary>
        public ulong Of(int function)
        {
            return _numbering.IsVirtual(function) ? _virtual : _physical;
        }

        /// <summary>Whether a subset of the offer is one that the device can work with (2.2.2, 5.1.3.1, 6.1).</summary>
        public static bool IsConsistent(ulong features)
        {
            return (features & Version1) != 0
                && ((features & NeedCsum) == 0 || (features & Csum) != 0)
                && ((features & NeedGuestCsum) == 0 || (features & GuestCsum) != 0)
                && ((features & NeedCtrlVq) == 0 || (features & CtrlVq) != 0);
        }
    }
}
