// Memory accesses of a host to our BARs, but for doorbells.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>One access to a BAR. The firmware owns one instance and lends it; the port keeps no reference.</summary>
    public sealed class BarRequest
    {
        /// <summary>True for a write, which is posted; false for a read, which waits.</summary>
        public bool IsWrite;

        /// <summary>The PF whose comparators matched, 0 upwards.</summary>
        public int PhysicalFunction;

        /// <summary>Number of the VF within the PF, or -1 for the PF itself.</summary>
        public int Vf;

        /// <summary>Index of the BAR's lower register, 0 to 5.</summary>
        public int Bar;

        /// <summary>Offset within the function's range, bytes.</summary>
        public int Offset;

        /// <summary>1, 2, 4 or 8. The access may be unaligned: the host decides.</summary>
        public int Bytes;

        /// <summary>Data of a write, byte 0 lowest.</summary>
        public ulong Data;
    }

    /// <summary>
    /// The port over which BAR accesses arrive, in order. Every read that is taken is completed before the next request
    /// is taken; a write has no completion.
    /// </summary>
    public interface IBarPort
    {
        /// <summary>Takes the next access.</summary>
        /// <returns>False when none waits; <paramref name="request"/> is unchanged then.</returns>
        bool TryTake(BarRequest request);

        /// <summary>Completes the read that was taken last.</summary>
        /// <param name="data">The bytes asked for, byte 0 lowest.</param>
        void Complete(ulong data);
    }
}
