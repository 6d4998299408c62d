// A doubleword of configuration space of which a client of a function socket sees bits that are not the function's own.
namespace SmartNicFw.Emulator.Functions;

/// <summary>Which bits are the hypervisor's, which of those the client writes, and what the function has in their place.</summary>
internal sealed class VirtualRegister
{
    /// <summary>Bits that the client sees as they are here; the others are the function's.</summary>
    public uint Mask { get; set; }

    /// <summary>Bits of <see cref="Mask"/> that the client writes.</summary>
    public uint Writable { get; set; }

    /// <summary>Their values after a reset.</summary>
    public uint Reset { get; set; }

    /// <summary>Their values.</summary>
    public uint Value { get; set; }

    /// <summary>What the function itself keeps in the bits of <see cref="Mask"/>.</summary>
    public uint Held { get; set; }

    /// <summary>What a read shows.</summary>
    public uint Show(uint hardware) => (hardware & ~Mask) | (Value & Mask);

    /// <summary>What goes to the function when the client writes.</summary>
    public uint Pass(uint data) => (data & ~Mask) | (Held & Mask);

    /// <summary>Takes what the client writes to the enabled bytes.</summary>
    public void Write(uint data, uint lanes) => Value = (Value & ~(Writable & lanes)) | (data & Writable & lanes);
}
