// What kind of endpoint this is: fixed before the firmware starts, never changed while it runs.
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware
{
    /// <summary>
    /// The properties of an endpoint that its board decides. <see cref="Validate"/> says whether they fit together;
    /// <see cref="FirmwareRuntime"/> accepts no configuration that it refuses.
    /// </summary>
    public sealed class EndpointConfiguration
    {
        /// <summary>Most physical functions an endpoint may have.</summary>
        public const int MaxPhysicalFunctions = 4;

        /// <summary>Most virtual functions a physical function may have.</summary>
        public const int MaxTotalVFs = 1024;

        /// <summary>Most queue pairs a function may have.</summary>
        public const int MaxQueuePairs = 64;

        /// <summary>Most DMA channels.</summary>
        public const int MaxDmaChannels = 8;

        /// <summary>Tags of a channel: the least, so that a turn has some, and the most that ten bits can tell apart.</summary>
        public const int MinDmaTags = 16;
        public const int MaxDmaTags = 1024;

        /// <summary>Least and most bytes that a channel may have outstanding in a direction.</summary>
        public const int MinDmaBytes = 64 * 1024;
        public const int MaxDmaBytes = 64 * 1024 * 1024;

        /// <summary>Fastest Ethernet port, Mbit/s.</summary>
        public const int MaxEthernetMbps = 1000000;

        /// <summary>Most rate groups an endpoint may have.</summary>
        public const int MaxRateGroups = 254;

        /// <summary>Smallest and largest MTU that a function may report, bytes (VIRTIO 1.4, 5.1.4.1).</summary>
        public const int MinMtu = 68;
        public const int MaxMtu = 65535;

        /// <summary>Physical functions, 1 to <see cref="MaxPhysicalFunctions"/>.</summary>
        public int PhysicalFunctions = 1;

        /// <summary>Virtual functions of each physical function, 0 to <see cref="MaxTotalVFs"/>; 0 = no SR-IOV capability.</summary>
        public int TotalVFs = 256;

        /// <summary>MSI-X vectors of a physical function, 1 to 2048.</summary>
        public int PfMsixVectors = 64;

        /// <summary>MSI-X vectors of a virtual function, 1 to 2048.</summary>
        public int VfMsixVectors = 16;

        /// <summary>
        /// MSI-X vectors that a virtual function may be given at the most while others have fewer, <see cref="VfMsixVectors"/> to 2048; 0 for
        /// as many as it has at first. Room for them costs every one.
        /// </summary>
        public int MaxVfMsixVectors;

        /// <summary>Pairs of a receive and a transmit queue of a physical function, 1 to <see cref="MaxQueuePairs"/>.</summary>
        public int PfQueuePairs = 4;

        /// <summary>Pairs of a receive and a transmit queue of a virtual function, 1 to <see cref="MaxQueuePairs"/>.</summary>
        public int VfQueuePairs = 2;

        /// <summary>
        /// Queue pairs that a virtual function may be given at the most while others have fewer, <see cref="VfQueuePairs"/> to
        /// <see cref="MaxQueuePairs"/>; 0 for as many as it has at first. Room for them costs every one.
        /// </summary>
        public int MaxVfQueuePairs;

        /// <summary>Largest queue size, entries: a power of two from 2 to 32768.</summary>
        /// <remarks>
        /// The descriptors of 256 entries are one page of 4 KB, and so is every other area: a host whose IOMMU makes one piece of
        /// scattered pages for a driver still has each area in one piece of its memory.
        /// </remarks>
        public int MaxQueueSize = 256;

        /// <summary>
        /// True: functions offer packed virtqueues beside split ones (VIRTIO 1.4, 2.8), and drivers that know both take packed.
        /// </summary>
        public bool OffersPackedRings = true;

        /// <summary>Largest frame without its Ethernet header, bytes: <see cref="MinMtu"/> to <see cref="MaxMtu"/>.</summary>
        public int Mtu = 9000;

        /// <summary>Speed of the Ethernet port that functions report, Mbit/s: 1 to 1,000,000. Guarantees add up to it at the most.</summary>
        public int EthernetMbps = 25000;

        /// <summary>Rate groups that there may be beside the port itself, 0 to <see cref="MaxRateGroups"/>.</summary>
        public int RateGroups = 16;

        /// <summary>DMA channels of the engine, 1 to <see cref="MaxDmaChannels"/>.</summary>
        public int DmaChannels = 1;

        /// <summary>Read requests that a channel may have outstanding, 16 to 1024.</summary>
        public int DmaTags = 256;

        /// <summary>
        /// Bytes that a channel may be reading, and as many that it may be writing: <see cref="MinDmaBytes"/> to <see cref="MaxDmaBytes"/>.
        /// </summary>
        public int DmaOutstandingBytes = 1024 * 1024;

        /// <summary>Largest payload of a packet, bytes: 128, 256, 512, 1024, 2048 or 4096.</summary>
        public int MaxPayloadBytes = 512;

        /// <summary>Link speed: 1 = 2.5, 2 = 5, 3 = 8, 4 = 16 GT/s.</summary>
        public int LinkSpeed = PciExpressCapability.Speed16000MTs;

        /// <summary>Link width, lanes: 1, 2, 4, 8 or 16.</summary>
        public int LinkWidth = 8;

        /// <summary>EUI-64 that all functions of the device report.</summary>
        public ulong SerialNumber = 0x0200_00FF_FE00_0001;

        /// <summary>Subsystem Vendor ID, 1 to FFFEh.</summary>
        public int SubsystemVendorId = VirtioPciId.Vendor;

        /// <summary>Subsystem ID, 40h to FFFFh: lower ones belong to transitional VIRTIO devices.</summary>
        public int SubsystemId = VirtioPciId.MinSubsystem;

        /// <summary>
        /// True: a function keeps its state from D3hot to D0. False: it performs a soft reset on the way
        /// (PCI Express Base Specification 5.0, 7.5.2.2, No_Soft_Reset).
        /// </summary>
        public bool NoSoftReset = true;

        /// <summary>Checks every property.</summary>
        /// <returns>Null when all is well, else one line that names the first wrong property and what it may be.</returns>
        public string Validate()
        {
            if (PhysicalFunctions < 1 || PhysicalFunctions > MaxPhysicalFunctions)
            {
                return OutOfRange("PhysicalFunctions", PhysicalFunctions, 1, MaxPhysicalFunctions);
            }

            if (TotalVFs < 0 || TotalVFs > MaxTotalVFs)
            {
                return OutOfRange("TotalVFs", TotalVFs, 0, MaxTotalVFs);
            }

            if (PfMsixVectors < 1 || PfMsixVectors > MsixCapability.MaxVectors)
            {
                return OutOfRange("PfMsixVectors", PfMsixVectors, 1, MsixCapability.MaxVectors);
            }

            if (VfMsixVectors < 1 || VfMsixVectors > MsixCapability.MaxVectors)
            {
                return OutOfRange("VfMsixVectors", VfMsixVectors, 1, MsixCapability.MaxVectors);
            }

            if (MaxVfMsixVectors != 0 && (MaxVfMsixVectors < VfMsixVectors || MaxVfMsixVectors > MsixCapability.MaxVectors))
            {
                return OutOfRange("MaxVfMsixVectors", MaxVfMsixVectors, VfMsixVectors, MsixCapability.MaxVectors);
            }

            string fault = ValidateQueues() ?? ValidateDma();
            if (fault != null)
            {
                return fault;
            }

            if (!IsPowerOfTwoWithin(MaxPayloadBytes, PciExpressCapability.MinPayloadBytes, PciExpressCapability.MaxPayloadBytes))
            {
                return "MaxPayloadBytes is " + MaxPayloadBytes.ToString() + "; allowed: 128, 256, 512, 1024, 2048, 4096";
            }

            if (LinkSpeed < PciExpressCapability.Speed2500MTs || LinkSpeed > PciExpressCapability.Speed16000MTs)
            {
                return "LinkSpeed is " + LinkSpeed.ToString() + "; allowed: 1 (2.5 GT/s), 2 (5), 3 (8), 4 (16)";
            }

            if (!IsPowerOfTwoWithin(LinkWidth, 1, 16))
            {
                return "LinkWidth is " + LinkWidth.ToString() + "; allowed: 1, 2, 4, 8, 16";
            }

            if (SubsystemVendorId < 1 || SubsystemVendorId > 0xFFFE)
            {
                return OutOfRange("SubsystemVendorId", SubsystemVendorId, 1, 0xFFFE);
            }

            if (SubsystemId < VirtioPciId.MinSubsystem || SubsystemId > 0xFFFF)
            {
                return OutOfRange("SubsystemId", SubsystemId, VirtioPciId.MinSubsystem, 0xFFFF);
            }

            return null;
        }

        /// <summary>MSI-X vectors that there is room for in a function of the given kind.</summary>
        public int MaxVectors(bool isVirtual)
        {
            return isVirtual && MaxVfMsixVectors != 0 ? MaxVfMsixVectors : MsixVectors(isVirtual);
        }

        /// <summary>Queue pairs that there is room for in a function of the given kind.</summary>
        public int MaxPairs(bool isVirtual)
        {
            return isVirtual && MaxVfQueuePairs != 0 ? MaxVfQueuePairs : QueuePairs(isVirtual);
        }

        /// <summary>MSI-X vectors of a function of the given kind.</summary>
        public int MsixVectors(bool isVirtual)
        {
            return isVirtual ? VfMsixVectors : PfMsixVectors;
        }

        /// <summary>Size in bytes of the region at <paramref name="bar"/>, as <see cref="BarMap.RegionBytes"/> has it.</summary>
        public int RegionBytes(int bar, bool isVirtual)
        {
            return BarMap.RegionBytes(bar, MaxVectors(isVirtual), isVirtual);
        }

        private string ValidateQueues()
        {
            if (PfQueuePairs < 1 || PfQueuePairs > MaxQueuePairs)
            {
                return OutOfRange("PfQueuePairs", PfQueuePairs, 1, MaxQueuePairs);
            }

            if (VfQueuePairs < 1 || VfQueuePairs > MaxQueuePairs)
            {
                return OutOfRange("VfQueuePairs", VfQueuePairs, 1, MaxQueuePairs);
            }

            if (MaxVfQueuePairs != 0 && (MaxVfQueuePairs < VfQueuePairs || MaxVfQueuePairs > MaxQueuePairs))
            {
                return OutOfRange("MaxVfQueuePairs", MaxVfQueuePairs, VfQueuePairs, MaxQueuePairs);
            }

            if (!IsPowerOfTwoWithin(MaxQueueSize, 2, VirtqueueLimits.MaxSize))
            {
                return "MaxQueueSize is " + MaxQueueSize.ToString() + "; allowed: a power of two from 2 to 32768";
            }

            if (Mtu < MinMtu || Mtu > MaxMtu)
            {
                return OutOfRange("Mtu", Mtu, MinMtu, MaxMtu);
            }

            if (RateGroups < 0 || RateGroups > MaxRateGroups)
            {
                return OutOfRange("RateGroups", RateGroups, 0, MaxRateGroups);
            }

            return EthernetMbps < 1 || EthernetMbps > MaxEthernetMbps
                ? OutOfRange("EthernetMbps", EthernetMbps, 1, MaxEthernetMbps)
                : null;
        }

        private string ValidateDma()
        {
            if (DmaChannels < 1 || DmaChannels > MaxDmaChannels)
            {
                return OutOfRange("DmaChannels", DmaChannels, 1, MaxDmaChannels);
            }

            if (DmaTags < MinDmaTags || DmaTags > MaxDmaTags)
            {
                return OutOfRange("DmaTags", DmaTags, MinDmaTags, MaxDmaTags);
            }

            return DmaOutstandingBytes < MinDmaBytes || DmaOutstandingBytes > MaxDmaBytes
                ? OutOfRange("DmaOutstandingBytes", DmaOutstandingBytes, MinDmaBytes, MaxDmaBytes)
                : null;
        }

        /// <summary>Queue pairs of a function of the given kind.</summary>
        public int QueuePairs(bool isVirtual)
        {
            return isVirtual ? VfQueuePairs : PfQueuePairs;
        }

        private static bool IsPowerOfTwoWithin(int value, int low, int high)
        {
            return value >= low && value <= high && (value & (value - 1)) == 0;
        }

        private static string OutOfRange(string name, int value, int low, int high)
        {
            return name + " is " + value.ToString() + "; allowed: " + low.ToString() + " to " + high.ToString();
        }
    }
}
