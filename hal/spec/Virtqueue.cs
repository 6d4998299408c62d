// How virtqueues lie in memory: descriptors, rings, event suppression, of split and packed queues.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>virtq_desc of a split queue. Source: VIRTIO 1.4, 2.7.5.</summary>
    public static class SplitDescriptor
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 16;

        public const int AddressOffset = 0x00;
        public const int LengthOffset = 0x08;
        public const int FlagsOffset = 0x0C;
        public const int NextOffset = 0x0E;
    }

    /// <summary>Descriptor of a packed queue. Source: VIRTIO 1.4, 2.8.13.</summary>
    public static class PackedDescriptor
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 16;

        public const int AddressOffset = 0x00;
        public const int LengthOffset = 0x08;
        public const int IdOffset = 0x0C;
        public const int FlagsOffset = 0x0E;
    }

    /// <summary>Flags of descriptors. Source: VIRTIO 1.4, 2.7.5 and 2.8.1.</summary>
    public static class DescriptorFlags
    {
        public const int Next = 0x0001;
        public const int Write = 0x0002;
        public const int Indirect = 0x0004;

        /// <summary>Packed queue only (2.8.1).</summary>
        public const int Avail = 0x0080;

        /// <summary>Packed queue only (2.8.1).</summary>
        public const int Used = 0x8000;
    }

    /// <summary>virtq_avail, and what comes before its entries. Source: VIRTIO 1.4, 2.7.6.</summary>
    public static class AvailRing
    {
        public const int FlagsOffset = 0x00;
        public const int IdxOffset = 0x02;

        /// <summary>First entry, a descriptor index of 16 bits; used_event follows the last.</summary>
        public const int RingOffset = 0x04;

        /// <summary>Size of an entry in bytes.</summary>
        public const int EntryBytes = 2;

        /// <summary>VIRTQ_AVAIL_F_NO_INTERRUPT.</summary>
        public const int NoInterrupt = 1;
    }

    /// <summary>virtq_used, and what comes before its entries. Source: VIRTIO 1.4, 2.7.8.</summary>
    public static class UsedRing
    {
        public const int FlagsOffset = 0x00;
        public const int IdxOffset = 0x02;

        /// <summary>First entry: id and len of 32 bits each; avail_event follows the last.</summary>
        public const int RingOffset = 0x04;

        /// <summary>Size of an entry in bytes.</summary>
        public const int EntryBytes = 8;

        /// <summary>VIRTQ_USED_F_NO_NOTIFY.</summary>
        public const int NoNotify = 1;
    }

    /// <summary>Event suppression structure of a packed queue. Source: VIRTIO 1.4, 2.8.14.</summary>
    public static class PackedEvent
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 4;

        /// <summary>Bits 14:0 descriptor event offset, bit 15 wrap counter.</summary>
        public const int DescriptorOffset = 0x00;

        public const int DescriptorEventOffsetMask = 0x7FFF;
        public const int DescriptorWrapMask = 0x8000;

        /// <summary>Bits 1:0 flags.</summary>
        public const int FlagsOffset = 0x02;

        public const int FlagsEnable = 0;
        public const int FlagsDisable = 1;
        public const int FlagsDescriptor = 2;
    }

    /// <summary>Limits of queues. Source: VIRTIO 1.4, 2.7 and 2.8.</summary>
    public static class VirtqueueLimits
    {
        /// <summary>Largest queue size (2.7, 2.8).</summary>
        public const int MaxSize = 32768;
    }
}
