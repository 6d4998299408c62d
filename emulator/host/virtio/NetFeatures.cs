// Which features a network driver accepts. Knows nothing of how they are negotiated, nor what they make the device do.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Feature bits as one number, bit n for feature n.</summary>
public static class NetFeatures
{
    // A feature, then those of which it needs one; VIRTIO 1.4, 5.1.3.1. Each row stands after the rows of what it needs.
    private static readonly int[][] Needs =
    [
        [VirtioNetFeature.GuestTso4, VirtioNetFeature.GuestCsum],
        [VirtioNetFeature.GuestTso6, VirtioNetFeature.GuestCsum],
        [VirtioNetFeature.GuestEcn, VirtioNetFeature.GuestTso4, VirtioNetFeature.GuestTso6],
        [VirtioNetFeature.GuestUso4, VirtioNetFeature.GuestCsum],
        [VirtioNetFeature.GuestUso6, VirtioNetFeature.GuestCsum],
        [VirtioNetFeature.HostTso4, VirtioNetFeature.Csum],
        [VirtioNetFeature.HostTso6, VirtioNetFeature.Csum],
        [VirtioNetFeature.HostEcn, VirtioNetFeature.HostTso4, VirtioNetFeature.HostTso6],
        [VirtioNetFeature.HostUso, VirtioNetFeature.Csum],
        [VirtioNetFeature.CtrlRx, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.CtrlRxExtra, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.CtrlVlan, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.Mq, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.CtrlMacAddr, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.Rss, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.DeviceStats, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.NotfCoal, VirtioNetFeature.CtrlVq],
        [VirtioNetFeature.VqNotfCoal, VirtioNetFeature.CtrlVq],
    ];

    /// <summary>All that this driver can do.</summary>
    public const ulong Supported =
        (1UL << VirtioFeature.IndirectDesc) | (1UL << VirtioFeature.EventIdx) | (1UL << VirtioFeature.Version1)
        | (1UL << VirtioFeature.AccessPlatform) | (1UL << VirtioFeature.RingPacked) | (1UL << VirtioFeature.InOrder)
        | (1UL << VirtioFeature.OrderPlatform) | (1UL << VirtioFeature.Sriov) | (1UL << VirtioFeature.NotificationData)
        | (1UL << VirtioFeature.NotifConfigData) | (1UL << VirtioFeature.RingReset)
        | (1UL << VirtioNetFeature.Csum) | (1UL << VirtioNetFeature.GuestCsum) | (1UL << VirtioNetFeature.Mtu)
        | (1UL << VirtioNetFeature.Mac) | (1UL << VirtioNetFeature.GuestTso4) | (1UL << VirtioNetFeature.GuestTso6)
        | (1UL << VirtioNetFeature.GuestEcn) | (1UL << VirtioNetFeature.HostTso4) | (1UL << VirtioNetFeature.HostTso6)
        | (1UL << VirtioNetFeature.HostEcn) | (1UL << VirtioNetFeature.MrgRxbuf) | (1UL << VirtioNetFeature.Status)
        | (1UL << VirtioNetFeature.CtrlVq) | (1UL << VirtioNetFeature.CtrlRx) | (1UL << VirtioNetFeature.CtrlVlan)
        | (1UL << VirtioNetFeature.CtrlRxExtra) | (1UL << VirtioNetFeature.Mq) | (1UL << VirtioNetFeature.CtrlMacAddr)
        | (1UL << VirtioNetFeature.DeviceStats) | (1UL << VirtioNetFeature.GuestUso4) | (1UL << VirtioNetFeature.GuestUso6)
        | (1UL << VirtioNetFeature.HostUso) | (1UL << VirtioNetFeature.HashReport) | (1UL << VirtioNetFeature.Rss)
        | (1UL << VirtioNetFeature.SpeedDuplex) | (1UL << VirtioNetFeature.NotfCoal) | (1UL << VirtioNetFeature.VqNotfCoal);

    /// <summary>Features with which a device may send frames larger than the MTU (5.1.6.3.1).</summary>
    public const ulong LargeReceive =
        (1UL << VirtioNetFeature.GuestTso4) | (1UL << VirtioNetFeature.GuestTso6)
        | (1UL << VirtioNetFeature.GuestUso4) | (1UL << VirtioNetFeature.GuestUso6);

    /// <summary>A number with these bits.</summary>
    public static ulong Of(params int[] bits)
    {
        System.ArgumentNullException.ThrowIfNull(bits);
        ulong all = 0;
        foreach (int bit in bits)
        {
            all |= 1UL << bit;
        }

        return all;
    }

    /// <summary>Whether a feature is among others.</summary>
    /// <param name="bit">Number of the feature, 0 to 63.</param>
    public static bool Has(ulong features, int bit) => ((features >> bit) & 1) != 0;

    /// <summary>Features out of those offered and wanted whose requirements are met, VERSION_1 always wanted.</summary>
    public static ulong Accept(ulong offered, ulong wanted)
    {
        ulong accepted = offered & Supported & (wanted | (1UL << VirtioFeature.Version1));
        foreach (int[] row in Needs)
        {
            bool isMet = false;
            for (int index = 1; index < row.Length; index++)
            {
                isMet |= Has(accepted, row[index]);
            }

            accepted &= isMet ? ulong.MaxValue : ~(1UL << row[0]);
        }

        return accepted;
    }

    /// <summary>Size of virtio_net_hdr in bytes (5.1.6.3.1).</summary>
    public static int HeaderBytes(ulong features) =>
        Has(features, VirtioNetFeature.HashReport) ? VirtioNetHeader.HashBytes : VirtioNetHeader.Bytes;
}
