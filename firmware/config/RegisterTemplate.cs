// The registers of one kind of function: what they read after reset and what each bit allows. No function's state.
namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Access modes of register bits. Source: PCI Express Base Specification 5.0, 7.4, table 7-2.
    /// Read-only bits that never change need no mode: they are the template's constants.
    /// </summary>
    public enum AccessMode
    {
        /// <summary>HwInit: set by firmware for each function, read-only to software, kept by every reset but fundamental reset.</summary>
        HwInit,

        /// <summary>RO, changed by the device while it runs (status that software only reads).</summary>
        ReadOnlyStatus,

        /// <summary>ROS: as <see cref="ReadOnlyStatus"/>, kept by hot reset and FLR.</summary>
        ReadOnlySticky,

        /// <summary>RW.</summary>
        ReadWrite,

        /// <summary>RW, not reset by FLR though not sticky (6.6.2 lists these: they belong to the link, not to the function).</summary>
        ReadWriteKeptByFlr,

        /// <summary>RWS: RW, kept by hot reset and FLR.</summary>
        ReadWriteSticky,

        /// <summary>RW1C: writing 1 clears the bit, writing 0 does nothing.</summary>
        WriteOneToClear,

        /// <summary>RW1CS: RW1C, kept by hot reset and FLR.</summary>
        WriteOneToClearSticky,
    }

    /// <summary>What a write to a doubleword sets off, beyond the bits it changes.</summary>
    public enum WriteEffect
    {
        None = 0,
        Command,
        Bar,
        PowerState,
        DeviceControl,
        SriovControl,
        NumVFs,
        SystemPageSize,
        VfBar,
        MessageControl,
        PciCfgData,
    }

    /// <summary>How far a reset reaches into the registers of a function.</summary>
    public enum ResetKind
    {
        /// <summary>Every bit takes its reset value.</summary>
        Fundamental,

        /// <summary>Sticky bits stay.</summary>
        Hot,

        /// <summary>Sticky bits and those that belong to the link stay. Also the soft reset from D3hot to D0.</summary>
        FunctionLevel,
    }

    /// <summary>
    /// Registers of one kind of function, shared by all functions of that kind. A doubleword that holds only constants
    /// lives here alone; each other one has a slot, and every function stores one word for each slot.
    /// Made by <see cref="RegisterTemplateBuilder"/>.
    /// </summary>
    public sealed class RegisterTemplate
    {
        /// <summary>Slot number of a doubleword that no function needs to store.</summary>
        public const int NoSlot = 255;

        private readonly byte[] _entryOfWord;
        private readonly byte[] _slotOfEntry;
        private readonly byte[] _effectOfEntry;
        private readonly uint[] _reset;
        private readonly byte[] _entryOfSlot;
        private readonly uint[] _writable;
        private readonly uint[] _clearable;
        private readonly uint[] _hwInit;
        private readonly uint[] _sticky;
        private readonly uint[] _keptByFlr;

        internal RegisterTemplate(RegisterTemplateBuilder source, CapabilityOffsets offsets)
        {
            Offsets = offsets;
            _entryOfWord = source.EntryOfWord;
            int entries = source.EntryCount;
            _slotOfEntry = new byte[entries];
            _effectOfEntry = new byte[entries];
            _reset = new uint[entries];
            int slots = 0;
            for (int entry = 0; entry < entries; entry++)
            {
                _slotOfEntry[entry] = source.NeedsSlot(entry) ? (byte)slots++ : (byte)NoSlot;
                _effectOfEntry[entry] = source.Effect[entry];
                _reset[entry] = source.Reset[entry];
            }

            SlotCount = slots;
            _entryOfSlot = new byte[slots];
            _writable = new uint[slots];
            _clearable = new uint[slots];
            _hwInit = new uint[slots];
            _sticky = new uint[slots];
            _keptByFlr = new uint[slots];
            for (int entry = 0; entry < entries; entry++)
            {
                int slot = _slotOfEntry[entry];
                if (slot != NoSlot)
                {
                    _entryOfSlot[slot] = (byte)entry;
                    _writable[slot] = source.Writable[entry];
                    _clearable[slot] = source.Clearable[entry];
                    _hwInit[slot] = source.HwInit[entry];
                    _sticky[slot] = source.Sticky[entry];
                    _keptByFlr[slot] = source.KeptByFlr[entry];
                }
            }
        }

        /// <summary>Where the capabilities of this kind lie.</summary>
        public CapabilityOffsets Offsets { get; }

        /// <summary>Words that each function of this kind stores.</summary>
        public int SlotCount { get; }

        /// <summary>Slot of the doubleword at a byte offset, or <see cref="NoSlot"/>.</summary>
        public int SlotAt(int offset)
        {
            return _slotOfEntry[_entryOfWord[offset >> 2]];
        }

        /// <summary>Value of the doubleword at a byte offset after a fundamental reset; 0 where no register is.</summary>
        public uint ResetValueAt(int offset)
        {
            return _reset[_entryOfWord[offset >> 2]];
        }

        /// <summary>What a write to the doubleword at a byte offset sets off.</summary>
        public WriteEffect EffectAt(int offset)
        {
            return (WriteEffect)_effectOfEntry[_entryOfWord[offset >> 2]];
        }

        /// <summary>
        /// What a slot holds after software's write: RW bits of the enabled bytes taken over, RW1C bits that are written
        /// 1 cleared, all others as they were.
        /// </summary>
        /// <param name="current">What it holds now.</param>
        /// <param name="lanes">Bits of the enabled bytes, as <see cref="LanesOf"/> gives them.</param>
        public uint ValueAfterWrite(int slot, uint current, uint data, uint lanes)
        {
            uint taken = _writable[slot] & lanes;
            uint cleared = _clearable[slot] & lanes & data;
            return ((current & ~taken) | (data & taken)) & ~cleared;
        }

        /// <summary>What a slot holds after a reset.</summary>
        /// <param name="current">What it holds now.</param>
        public uint ValueAfterReset(int slot, uint current, ResetKind kind)
        {
            uint kept = KeptBits(slot, kind);
            return (current & kept) | (_reset[_entryOfSlot[slot]] & ~kept);
        }

        /// <summary>The bits of a doubleword that byte enables select.</summary>
        /// <param name="byteEnables">Bit n for byte n.</param>
        public static uint LanesOf(int byteEnables)
        {
            uint lanes = (byteEnables & 1) != 0 ? 0x000000FF : 0u;
            lanes |= (byteEnables & 2) != 0 ? 0x0000FF00 : 0u;
            lanes |= (byteEnables & 4) != 0 ? 0x00FF0000 : 0u;
            return lanes | ((byteEnables & 8) != 0 ? 0xFF000000 : 0u);
        }

        private uint KeptBits(int slot, ResetKind kind)
        {
            switch (kind)
            {
                case ResetKind.Fundamental:
                    return 0;
                case ResetKind.Hot:
                    return _hwInit[slot] | _sticky[slot];
                default:
                    return _hwInit[slot] | _sticky[slot] | _keptByFlr[slot];
            }
        }
    }
}
