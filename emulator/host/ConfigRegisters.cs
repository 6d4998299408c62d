// Configuration registers of one function that firmware does not own: those of a host's port or controller.
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Emulator.Host;

/// <summary>A template of registers and what this function holds in them.</summary>
public sealed class ConfigRegisters
{
    private readonly RegisterTemplate _template;
    private readonly uint[] _state;

    /// <summary>Makes the registers, as after a fundamental reset.</summary>
    public ConfigRegisters(RegisterTemplate template)
    {
        System.ArgumentNullException.ThrowIfNull(template);
        _template = template;
        _state = new uint[template.SlotCount];
        Reset();
    }

    /// <summary>Where the capabilities lie.</summary>
    public CapabilityOffsets Offsets => _template.Offsets;

    /// <summary>Gives every register its value after a fundamental reset.</summary>
    public void Reset()
    {
        for (int slot = 0; slot < _state.Length; slot++)
        {
            _state[slot] = _template.ValueAfterReset(slot, 0, ResetKind.Fundamental);
        }
    }

    /// <summary>Reads a doubleword.</summary>
    /// <param name="offset">A multiple of 4.</param>
    public uint Read(int offset)
    {
        int slot = _template.SlotAt(offset);
        return slot == RegisterTemplate.NoSlot ? _template.ResetValueAt(offset) : _state[slot];
    }

    /// <summary>Writes the enabled bytes of a doubleword, as software does.</summary>
    /// <param name="byteEnables">Bit n for byte n.</param>
    public void Write(int offset, uint data, int byteEnables)
    {
        int slot = _template.SlotAt(offset);
        if (slot != RegisterTemplate.NoSlot)
        {
            _state[slot] = _template.ValueAfterWrite(slot, _state[slot], data, RegisterTemplate.LanesOf(byteEnables));
        }
    }

    /// <summary>Sets or clears status bits, as the device itself does.</summary>
    /// <param name="offset">Offset of the register, which the template has a field for.</param>
    /// <param name="mask">The bits, as they lie in the register.</param>
    public void Show(int offset, int mask, bool isSet)
    {
        uint bits = (uint)mask << ((offset & 3) * 8);
        int slot = _template.SlotAt(offset & ~3);
        _state[slot] = isSet ? _state[slot] | bits : _state[slot] & ~bits;
    }
}
