// Memory that keeps what is written when there is no power. Knows nothing of what it keeps.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>
    /// Two slots of bytes, each read and written at any place. A write may be torn: when power goes, any of its bytes may be there or not,
    /// but bytes of the other slot stay, and so does what was flushed before it.
    /// </summary>
    public interface INonVolatileStore
    {
        /// <summary>Size of a slot in bytes.</summary>
        int SlotBytes { get; }

        /// <summary>Reads bytes; those that nobody has written are zero.</summary>
        /// <param name="slot">0 or 1.</param>
        /// <param name="offset">0 upwards; all bytes are within the slot.</param>
        /// <param name="buffer">Receives them from its beginning on.</param>
        /// <param name="count">Bytes.</param>
        /// <returns>BadArgument when they cannot be read.</returns>
        HalStatus Read(int slot, int offset, byte[] buffer, int count);

        /// <summary>Writes bytes.</summary>
        /// <param name="slot">0 or 1.</param>
        /// <param name="offset">0 upwards; all bytes are within the slot.</param>
        /// <param name="buffer">Holds them from its beginning on; the callee keeps nothing of it.</param>
        /// <param name="count">Bytes.</param>
        /// <returns>BadArgument when they cannot be written: full, worn out, gone.</returns>
        HalStatus Write(int slot, int offset, byte[] buffer, int count);

        /// <summary>Keeps all that was written so far, before anything that is written afterwards.</summary>
        /// <returns>BadArgument when that cannot be.</returns>
        HalStatus Flush();
    }
}
