// Which memory addresses the endpoint answers to. Firmware decides; the hardware compares.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>
    /// The address comparators of the endpoint. Each call replaces one comparator; it takes effect for requests that
    /// arrive afterwards and touches nothing that is under way.
    /// </summary>
    public interface IAddressDecodePort
    {
        /// <summary>Sets the range of one BAR of a physical function.</summary>
        /// <param name="physicalFunction">PF number, 0 upwards.</param>
        /// <param name="bar">Index of the BAR's lower register, 0 to 5.</param>
        /// <param name="baseAddress">Address of the first byte; a multiple of <paramref name="bytes"/>.</param>
        /// <param name="bytes">Size of the range, a power of two.</param>
        /// <param name="isEnabled">False: the range is answered by nobody.</param>
        void SetPhysicalFunctionRange(int physicalFunction, int bar, ulong baseAddress, uint bytes, bool isEnabled);

        /// <summary>
        /// Sets the ranges of one BAR of all virtual functions of a physical one: VF n answers at
        /// <paramref name="baseAddress"/> + n × <paramref name="bytesEach"/>
        /// (PCI Express Base Specification 5.0, 9.3.3.14).
        /// </summary>
        /// <remarks>
        /// The ranges open for all VFs at once, also for one that firmware has not cleared yet or is resetting: an access
        /// to such a VF reaches firmware, which ends it without effect.
        /// </remarks>
        /// <param name="count">Number of VFs, 0 upwards.</param>
        void SetVirtualFunctionRanges(
            int physicalFunction, int bar, ulong baseAddress, uint bytesEach, int count, bool isEnabled);
    }
}
