// The window in a PF's MSI-X BAR through which a host sends management frames. Knows no frame, and no way to get at the BAR.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// Offsets from <see cref="BarMap.ManagementOffset"/> in the BAR of the MSI-X table. A host finds it by the MSI-X capability: one page
    /// behind the beginning of the pending bit array, in the same BAR, and <see cref="SignatureOffset"/> there. A VF has no such window,
    /// and no room for one. A host writes a request into the buffer, then its size into the doorbell, and waits until the state is
    /// <see cref="StateDone"/>; the response lies in the buffer then.
    /// </summary>
    /// <remarks>
    /// Registers are read and written as whole doublewords, the buffer in aligned pieces of 4 or 8 bytes. No read changes anything, for
    /// the BAR is prefetchable; it has to be mapped without write combining, so that the doorbell arrives behind the buffer. Only one
    /// program of a host uses the window at a time: that is the host's to see to. A reset of the PF makes the state
    /// <see cref="StateIdle"/> and switches the interrupt off.
    /// </remarks>
    public static class ManagementWindow
    {
        /// <summary>Size in bytes: registers and buffer.</summary>
        public const int Bytes = 0x0800;

        /// <summary>32 bits, RO: <see cref="ManagementFrame.Signature"/>, by which a host knows that there is a window.</summary>
        public const int SignatureOffset = 0x00;

        /// <summary>32 bits, RO: version of the protocol and size of the buffer.</summary>
        public const int VersionOffset = 0x04;

        /// <summary><see cref="ManagementFrame.Major"/>.</summary>
        public const uint VersionMajorMask = 0x000000FF;

        /// <summary><see cref="ManagementFrame.Minor"/>.</summary>
        public const uint VersionMinorMask = 0x0000FF00;

        /// <summary>Size of the buffer in bytes: the largest frame that the device takes and gives, 1,024.</summary>
        public const uint VersionBufferBytesMask = 0xFFFF0000;

        /// <summary>
        /// 32 bits, WO, reads as zero: size in bytes of the request that lies in the buffer, which hands it over. Nothing happens while
        /// the state is <see cref="StateBusy"/>. Any size is answered, a wrong one with WrongLength.
        /// </summary>
        public const int DoorbellOffset = 0x08;

        /// <summary>32 bits, RO: one of <see cref="StateIdle"/>, <see cref="StateBusy"/>, <see cref="StateDone"/>.</summary>
        public const int StateOffset = 0x0C;

        /// <summary>32 bits, RO: size in bytes of the response that lies in the buffer; 0 unless the state is <see cref="StateDone"/>.</summary>
        public const int ResponseBytesOffset = 0x10;

        /// <summary>32 bits, RW, 0 after a reset: whether the end of a request is signalled.</summary>
        public const int InterruptControlOffset = 0x14;

        /// <summary>1: the vector is signalled once when the state becomes <see cref="StateDone"/>.</summary>
        public const uint InterruptControlEnableMask = 0x00000001;

        /// <summary>
        /// 32 bits, RW: the PF's MSI-X vector, 0 to 2047, or <see cref="NoVector"/>, as after a reset. One that the PF does not have is
        /// kept as <see cref="NoVector"/>.
        /// </summary>
        public const int InterruptVectorOffset = 0x18;

        /// <summary>
        /// 1,024 bytes, RW: the request, then its response. While the state is <see cref="StateBusy"/> a write changes nothing and a read
        /// gives zeros.
        /// </summary>
        public const int BufferOffset = 0x0400;

        /// <summary>Size of the buffer in bytes.</summary>
        public const int BufferBytes = ManagementFrame.MaxBytes;

        /// <summary>No request was handed over since the reset.</summary>
        public const uint StateIdle = 0;

        /// <summary>The device has the buffer.</summary>
        public const uint StateBusy = 1;

        /// <summary>The response lies in the buffer, and the next request may be written.</summary>
        public const uint StateDone = 2;

        /// <summary>No vector: the value of VIRTIO_MSI_NO_VECTOR.</summary>
        public const uint NoVector = 0xFFFF;
    }
}
