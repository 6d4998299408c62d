// Configuration requests from the link to firmware, and completions back. Knows no register.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>
    /// One configuration request as the link delivered it. The firmware owns one instance and lends it to
    /// <see cref="IConfigPort.TryTake"/> to be filled; the port keeps no reference.
    /// Source: PCI Express Base Specification 5.0, 2.2.7.
    /// </summary>
    public sealed class ConfigRequest
    {
        /// <summary>True for a write, false for a read.</summary>
        public bool IsWrite;

        /// <summary>True for a type 1 request: the bus is not the one right behind the port above us.</summary>
        public bool IsType1;

        /// <summary>True when the data carries the poison bit (EP).</summary>
        public bool IsPoisoned;

        /// <summary>Routing ID that the request is addressed to, 0 to FFFFh.</summary>
        public int RoutingId;

        /// <summary>Routing ID of the requester, 0 to FFFFh.</summary>
        public int RequesterId;

        /// <summary>Transaction tag, 0 to 3FFh; the completion carries it back.</summary>
        public int Tag;

        /// <summary>Offset of the doubleword in configuration space, bytes: 0 to FFCh, a multiple of 4.</summary>
        public int RegisterOffset;

        /// <summary>First Doubleword Byte Enables: bit n for byte n; any combination, 0 included.</summary>
        public int ByteEnables;

        /// <summary>Data of a write, byte 0 lowest. Bytes that are not enabled mean nothing.</summary>
        public uint Data;
    }

    /// <summary>
    /// The port over which configuration requests arrive. Every request that is taken is completed exactly once
    /// before the next one is taken.
    /// </summary>
    public interface IConfigPort
    {
        /// <summary>Takes the next request, in the order of arrival.</summary>
        /// <returns>False when none waits; <paramref name="request"/> is unchanged then.</returns>
        bool TryTake(ConfigRequest request);

        /// <summary>Completes the request that was taken last.</summary>
        /// <param name="completionStatus">A value of <see cref="Spec.CompletionStatus"/>.</param>
        /// <param name="data">The whole doubleword for a successful read; ignored otherwise.</param>
        void Complete(int completionStatus, uint data);
    }
}
