// The configuration registers of all functions: one template a kind, and for each function only the words that can differ.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Owns the state of every configuration register. Knows access modes, byte enables and resets; knows no meaning:
    /// what a write sets off is the rooms' behind <see cref="ConfigTlpHandler"/>.
    /// </summary>
    /// <remarks>
    /// Offsets of the 32-bit accesses are multiples of 4 from 0 to FFCh; anything else is our bug and ends in the
    /// array's own exception.
    /// </remarks>
    public sealed class FunctionConfigSpace
    {
        private readonly FunctionNumbering _numbering;
        private readonly RegisterTemplate _functionZero;
        private readonly RegisterTemplate _otherPhysical;
        private readonly RegisterTemplate _virtual;

        // One run of words a function: PF runs first, all as long as PF 0's, then VF runs.
        private readonly uint[] _state;
        private readonly int _physicalWords;
        private readonly int _virtualStart;

        /// <summary>Builds the templates and gives every function its reset values.</summary>
        public FunctionConfigSpace(EndpointConfiguration configuration, FunctionNumbering numbering)
        {
            _numbering = numbering;
            _functionZero = PhysicalFunctionTemplate.Build(configuration, true);
            _otherPhysical = PhysicalFunctionTemplate.Build(configuration, false);
            _virtual = VirtualFunctionTemplate.Build(configuration);
            _physicalWords = _functionZero.SlotCount > _otherPhysical.SlotCount
                ? _functionZero.SlotCount : _otherPhysical.SlotCount;
            _virtualStart = numbering.PhysicalFunctions * _physicalWords;
            int virtualFunctions = numbering.Count - numbering.PhysicalFunctions;
            _state = new uint[_virtualStart + (virtualFunctions * _virtual.SlotCount)];
            for (int function = 0; function < numbering.Count; function++)
            {
                Reset(function, ResetKind.Fundamental);
            }
        }

        /// <summary>The registers of the function's kind.</summary>
        public RegisterTemplate TemplateOf(int function)
        {
            if (function >= _numbering.PhysicalFunctions)
            {
                return _virtual;
            }

            return function == 0 ? _functionZero : _otherPhysical;
        }

        /// <summary>Reads a doubleword.</summary>
        public uint Read(int function, int offset)
        {
            RegisterTemplate template = TemplateOf(function);
            int slot = template.SlotAt(offset);
            return slot == RegisterTemplate.NoSlot ? template.ResetValueAt(offset) : _state[StateIndex(function) + slot];
        }

        /// <summary>Reads a 16-bit register at an even offset.</summary>
        public int Read16(int function, int offset)
        {
            return (int)(long)((Read(function, offset & ~3) >> ((offset & 2) * 8)) & 0xFFFF);
        }

        /// <summary>
        /// What a doubleword would hold after software's write, by the access modes of its bits. Changes nothing.
        /// </summary>
        /// <param name="lanes">Bits of the enabled bytes, as <see cref="RegisterTemplate.LanesOf"/> gives them.</param>
        public uint ValueAfterWrite(int function, int offset, uint data, uint lanes)
        {
            RegisterTemplate template = TemplateOf(function);
            int slot = template.SlotAt(offset);
            if (slot == RegisterTemplate.NoSlot)
            {
                return template.ResetValueAt(offset);
            }

            return template.ValueAfterWrite(slot, _state[StateIndex(function) + slot], data, lanes);
        }

        /// <summary>Stores a doubleword as the device: no access mode applies. A doubleword of constants stays as it is.</summary>
        public void Store(int function, int offset, uint value)
        {
            int slot = TemplateOf(function).SlotAt(offset);
            if (slot != RegisterTemplate.NoSlot)
            {
                _state[StateIndex(function) + slot] = value;
            }
        }

        /// <summary>Stores bits of a register of 8, 16 or 32 bits as the device.</summary>
        /// <param name="offset">Offset of the register, bytes.</param>
        /// <param name="mask">The bits, as they lie in the register.</param>
        /// <param name="value">Their values, in the same place.</param>
        public void StoreBits(int function, int offset, uint mask, uint value)
        {
            int word = offset & ~3;
            int shift = (offset & 3) * 8;
            Store(function, word, (Read(function, word) & ~(mask << shift)) | ((value & mask) << shift));
        }

        /// <summary>Gives the registers of a function their reset values, but for the bits that this kind of reset keeps.</summary>
        public void Reset(int function, ResetKind kind)
        {
            RegisterTemplate template = TemplateOf(function);
            int start = StateIndex(function);
            for (int slot = 0; slot < template.SlotCount; slot++)
            {
                _state[start + slot] = template.ValueAfterReset(slot, _state[start + slot], kind);
            }
        }

        /// <summary>True while the function is in D0; a VF is never in a higher state than its PF (9.6.2).</summary>
        public bool IsInD0(int function)
        {
            int physicalFunction = _numbering.PhysicalFunctionOf(function);
            int offset = TemplateOf(physicalFunction).Offsets.PowerManagement + PowerManagementCapability.ControlStatusOffset;
            return (Read16(physicalFunction, offset) & PowerManagementCapability.ControlStatusPowerStateMask)
                == PowerManagementCapability.PowerStateD0;
        }

        /// <summary>True while the function may send memory requests, messages included: Bus Master Enable, in D0 (7.5.1.1.3, 5.3.1.4).</summary>
        public bool IsBusMaster(int function)
        {
            return (Read16(function, PciConfigHeader.CommandOffset) & PciConfigHeader.CommandBusMasterEnableMask) != 0
                && IsInD0(function);
        }

        private int StateIndex(int function)
        {
            return function < _numbering.PhysicalFunctions
                ? function * _physicalWords
                : _virtualStart + ((function - _numbering.PhysicalFunctions) * _virtual.SlotCount);
        }
    }
}
