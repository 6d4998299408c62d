// What a root complex needs of a card for memory accesses, and what a card needs of a host for interrupts.
namespace SmartNicFw.Emulator.Board;

/// <summary>The BARs of all functions of a card.</summary>
public interface IEndpointMemory
{
    /// <summary>Reads a BAR.</summary>
    /// <param name="address">Function, BAR and offset; the offset is a multiple of <paramref name="bytes"/>.</param>
    /// <param name="bytes">1, 2, 4 or 8.</param>
    /// <returns>All ones when the function does not answer.</returns>
    ulong Read(DecodedAddress address, int bytes);

    /// <summary>Writes a BAR; a function that does not answer drops it.</summary>
    /// <param name="address">Function, BAR and offset; the offset is a multiple of <paramref name="bytes"/>.</param>
    /// <param name="bytes">1, 2, 4 or 8.</param>
    /// <param name="value">The bytes, the lowest address in bits 7:0; bits above them are zero.</param>
    void Write(DecodedAddress address, int bytes, ulong value);
}

/// <summary>Where a host takes message signaled interrupts.</summary>
public interface IInterruptSink
{
    /// <summary>Takes a message: a memory write of 4 bytes to an address of <see cref="InterruptController"/>.</summary>
    void Deliver(ulong address, uint data);
}
