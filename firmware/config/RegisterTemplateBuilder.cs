// Collects the registers of one kind of function, field by field, and makes a RegisterTemplate of them. Used at start only.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Declares registers by offset, size and access mode. Fields may be declared in any order; what is not declared
    /// reads zero and ignores writes, as reserved registers do.
    /// </summary>
    public sealed class RegisterTemplateBuilder
    {
        // Entry 0 stands for every doubleword that has no register. A byte names an entry, so 256 at most.
        private const int MaxEntries = 256;

        internal readonly byte[] EntryOfWord = new byte[PciExtendedCapability.RegionEnd / 4];
        internal readonly uint[] Reset = new uint[MaxEntries];
        internal readonly uint[] Writable = new uint[MaxEntries];
        internal readonly uint[] Clearable = new uint[MaxEntries];
        internal readonly uint[] HwInit = new uint[MaxEntries];
        internal readonly uint[] Sticky = new uint[MaxEntries];
        internal readonly uint[] KeptByFlr = new uint[MaxEntries];
        internal readonly byte[] Effect = new byte[MaxEntries];
        private readonly bool[] _hasSlot = new bool[MaxEntries];

        internal int EntryCount { get; private set; } = 1;

        /// <summary>Sets the reset value of a register of 8, 16 or 32 bits at any byte offset.</summary>
        /// <param name="offset">Offset in configuration space, bytes; the register lies within one doubleword.</param>
        /// <param name="value">Its value, in its own lowest bits.</param>
        public void Constant(int offset, uint value)
        {
            Reset[EntryFor(offset)] |= value << BitOf(offset);
        }

        /// <summary>Gives an access mode to the bits of a register.</summary>
        /// <param name="offset">Offset of the register, bytes.</param>
        /// <param name="mask">The bits, as they lie in the register.</param>
        public void Field(int offset, uint mask, AccessMode mode)
        {
            int entry = EntryFor(offset);
            uint bits = mask << BitOf(offset);
            _hasSlot[entry] = true;
            switch (mode)
            {
                case AccessMode.HwInit:
                    HwInit[entry] |= bits;
                    break;
                case AccessMode.ReadOnlyStatus:
                    break;
                case AccessMode.ReadOnlySticky:
                    Sticky[entry] |= bits;
                    break;
                case AccessMode.ReadWrite:
                    Writable[entry] |= bits;
                    break;
                case AccessMode.ReadWriteKeptByFlr:
                    Writable[entry] |= bits;
                    KeptByFlr[entry] |= bits;
                    break;
                case AccessMode.ReadWriteSticky:
                    Writable[entry] |= bits;
                    Sticky[entry] |= bits;
                    break;
                case AccessMode.WriteOneToClear:
                    Clearable[entry] |= bits;
                    break;
                default:
                    Clearable[entry] |= bits;
                    Sticky[entry] |= bits;
                    break;
            }
        }

        /// <summary>Names what a write to the doubleword that holds <paramref name="offset"/> sets off.</summary>
        public void OnWrite(int offset, WriteEffect effect)
        {
            Effect[EntryFor(offset)] = (byte)effect;
        }

        /// <summary>Makes the template. The builder is not used afterwards.</summary>
        public RegisterTemplate Build(CapabilityOffsets offsets)
        {
            return new RegisterTemplate(this, offsets);
        }

        internal bool NeedsSlot(int entry)
        {
            return _hasSlot[entry];
        }

        private static int BitOf(int offset)
        {
            return (offset & 3) * 8;
        }

        private int EntryFor(int offset)
        {
            int word = offset >> 2;
            if (EntryOfWord[word] == 0)
            {
                if (EntryCount == MaxEntries)
                {
                    throw new InvalidOperationException("a kind of function has too many registers");
                }

                EntryOfWord[word] = (byte)EntryCount;
                EntryCount++;
            }

            return EntryOfWord[word];
        }
    }
}
