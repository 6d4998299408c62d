// Where our registers lie in the BARs: the same for a PF and a VF, so that one driver and one decoder serve both.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// The three 64-bit prefetchable BARs of every function. Each kind of access has pages of its own, so that a
    /// hypervisor can map doorbells into a guest and still intercept the MSI-X table.
    /// </summary>
    public static class BarMap
    {
        /// <summary>Number of 64-bit BARs.</summary>
        public const int RegionCount = 3;

        /// <summary>BAR registers from one region to the next: each region is 64 bits wide.</summary>
        public const int BarsPerRegion = 2;

        /// <summary>A BAR is never smaller than this many bytes: a VF BAR is never smaller than a 4 KB page.</summary>
        public const int MinBytes = 0x1000;

        /// <summary>BAR with the control registers: common configuration, ISR, device configuration.</summary>
        public const int ControlBar = 0;

        /// <summary>Size of the control BAR in bytes.</summary>
        public const int ControlBytes = 0x4000;

        /// <summary>Common configuration structure, offset in the control BAR (VIRTIO 1.4, 4.1.4.3).</summary>
        public const int CommonConfigOffset = 0x0000;

        /// <summary>Size of the common configuration structure in bytes, with the administration virtqueue fields.</summary>
        public const int CommonConfigBytes = 0x40;

        /// <summary>ISR status, offset in the control BAR (VIRTIO 1.4, 4.1.4.5).</summary>
        public const int IsrOffset = 0x1000;

        /// <summary>Size of the ISR status in bytes.</summary>
        public const int IsrBytes = 4;

        /// <summary>Device configuration, offset in the control BAR (VIRTIO 1.4, 4.1.4.6).</summary>
        public const int DeviceConfigOffset = 0x2000;

        /// <summary>Size of the page for device configuration in bytes.</summary>
        public const int DeviceConfigBytes = 0x1000;

        /// <summary>
        /// BAR with the MSI-X table, the pending bit array on a page of its own behind it, and, of a PF, the window of the management
        /// protocol on the page behind that.
        /// </summary>
        public const int MsixBar = 2;

        /// <summary>Size in bytes of the page for <see cref="ManagementWindow"/>.</summary>
        public const int ManagementBytes = 0x1000;

        /// <summary>BAR with the doorbells.</summary>
        public const int NotifyBar = 4;

        /// <summary>Size of the doorbell BAR in bytes: one page, one doubleword a queue.</summary>
        public const int NotifyBytes = 0x1000;

        /// <summary>notify_off_multiplier: bytes from one queue's doorbell to the next (VIRTIO 1.4, 4.1.4.4).</summary>
        public const int NotifyOffMultiplier = 4;

        /// <summary>Offset of the pending bit array in the MSI-X BAR: behind the table, on a page of its own.</summary>
        /// <param name="vectors">Number of MSI-X vectors, 1 to 2048.</param>
        public static int PbaOffset(int vectors)
        {
            int offset = MinBytes;
            while (offset < vectors * Spec.MsixTableEntry.Bytes)
            {
                offset <<= 1;
            }

            return offset;
        }

        /// <summary>
        /// Offset in the MSI-X BAR at which a PF has the window of the management protocol: one page behind the beginning of the pending
        /// bit array, whose offset and BAR the MSI-X capability tells. A VF has nothing there.
        /// </summary>
        /// <remarks>
        /// It lies in this BAR and not among the control registers because of Linux: a kernel with CONFIG_IO_STRICT_DEVMEM, as Debian's
        /// are, lets no program map a BAR that a driver has requested (mmap of resourceN fails with EINVAL), and virtio-pci requests those
        /// that the VIRTIO capabilities name, <see cref="ControlBar"/> and <see cref="NotifyBar"/>.
        /// </remarks>
        /// <param name="vectors">Number of MSI-X vectors of the PF, 1 to 2048.</param>
        public static int ManagementOffset(int vectors)
        {
            return PbaOffset(vectors) + MinBytes;
        }

        /// <summary>Size in bytes of the region that starts at BAR <paramref name="bar"/>: a power of two.</summary>
        /// <param name="bar">One of <see cref="ControlBar"/>, <see cref="MsixBar"/>, <see cref="NotifyBar"/>.</param>
        /// <param name="vectors">Number of MSI-X vectors of the function, 1 to 2048.</param>
        /// <param name="isVirtual">False for a PF, which has the management window too.</param>
        public static int RegionBytes(int bar, int vectors, bool isVirtual)
        {
            if (bar == MsixBar)
            {
                int bytes = PbaOffset(vectors) * 2;
                while (!isVirtual && bytes < ManagementOffset(vectors) + ManagementBytes)
                {
                    bytes <<= 1;
                }

                return bytes;
            }

            return bar == NotifyBar ? NotifyBytes : ControlBytes;
        }
    }
}
