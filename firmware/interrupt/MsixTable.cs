// The MSI-X table and pending bits of every function, and the only way by which an interrupt leaves.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// Sends a message when everything allows it, else keeps it pending and sends it when the last obstacle goes: vector
    /// mask, Function Mask, Bus Master Enable, D3hot. Source: PCI Express Base Specification 5.0, 6.1.4 and 7.7.2.
    /// Knows nothing of queues.
    /// </summary>
    public sealed class MsixTable
    {
        private const int EntryWords = MsixTableEntry.Bytes / 4;
        private const int ControlWord = MsixTableEntry.VectorControlOffset / 4;
        private const ulong Nothing = 0xFFFFFFFF;

        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly BusMastering _mastering;
        private readonly IMsixPort _port;
        private readonly Counters _counters;
        // Vectors that there is room for.
        private readonly int _pfVectors;
        private readonly int _vfVectors;

        // Four words an entry, and one bit a vector in words of 32; PFs first, as in FunctionNumbering.
        private readonly uint[] _entries;
        private readonly uint[] _pending;
        private readonly ushort[] _pendingCount;

        /// <summary>Makes room for every vector, all masked.</summary>
        public MsixTable(
            EndpointConfiguration configuration, FunctionNumbering numbering, FunctionConfigSpace space, BusMastering mastering,
            IMsixPort port, Counters counters)
        {
            _numbering = numbering;
            _space = space;
            _mastering = mastering;
            _port = port;
            _counters = counters;
            _pfVectors = configuration.PfMsixVectors;
            _vfVectors = configuration.MaxVectors(true);
            _entries = new uint[FirstVector(numbering.Count) * EntryWords];
            _pending = new uint[FirstPending(numbering.Count)];
            _pendingCount = new ushort[numbering.Count];
            for (int function = 0; function < numbering.Count; function++)
            {
                Clear(function);
            }
        }

        /// <summary>Vectors of a function, as its Table Size says.</summary>
        public int Vectors(int function)
        {
            return TableSize(Control(function));
        }

        /// <summary>True while MSI-X Enable is set.</summary>
        public bool IsEnabled(int function)
        {
            return (Control(function) & MsixCapability.MessageControlEnableMask) != 0;
        }

        /// <summary>Raises a vector: sends its message, or keeps it pending. A vector that is not there raises nothing.</summary>
        /// <returns>True when a message was sent, or one is pending that was not before.</returns>
        /// <param name="vector">Any number; <see cref="VirtioCommonConfig.NoVector"/> among them.</param>
        public bool Raise(int function, int vector)
        {
            int control = Control(function);
            if (vector >= TableSize(control) || (control & MsixCapability.MessageControlEnableMask) == 0)
            {
                return false;
            }

            if (MaySend(function) && !IsMasked(function, vector))
            {
                Send(function, vector);
                return true;
            }

            int word = FirstPending(function) + (vector >> 5);
            uint bit = 1u << (vector & 31);
            if ((_pending[word] & bit) != 0)
            {
                return false;
            }

            _pending[word] |= bit;
            _pendingCount[function]++;
            return true;
        }

        /// <summary>Sends what is pending and no longer held back. Called when a mask or an enable of the function has changed.</summary>
        public void Replay(int function)
        {
            if (_pendingCount[function] == 0 || !IsEnabled(function) || !MaySend(function))
            {
                return;
            }

            int first = FirstPending(function);
            int vectors = Vectors(function);
            for (int vector = 0; vector < vectors; vector++)
            {
                if (_pending[first + (vector >> 5)] == 0)
                {
                    vector |= 31;
                    continue;
                }

                ReplayVector(function, vector);
            }
        }

        /// <summary>All vectors masked, none pending.</summary>
        public void Clear(int function)
        {
            int end = FirstVector(function + 1) * EntryWords;
            for (int word = FirstVector(function) * EntryWords; word < end; word++)
            {
                _entries[word] = (word & ControlWord) == ControlWord ? MsixTableEntry.VectorControlMaskBitMask : 0;
            }

            Forget(function);
        }

        /// <summary>None pending.</summary>
        public void Forget(int function)
        {
            if (_pendingCount[function] == 0)
            {
                return;
            }

            int end = FirstPending(function + 1);
            for (int word = FirstPending(function); word < end; word++)
            {
                _pending[word] = 0;
            }

            _pendingCount[function] = 0;
        }

        /// <summary>Reads 4 or 8 aligned bytes of the MSI-X BAR.</summary>
        /// <param name="offset">A multiple of <paramref name="bytes"/>, 0 upwards.</param>
        /// <returns>False where no register is.</returns>
        public bool TryRead(int function, int offset, int bytes, out ulong data)
        {
            data = Nothing;
            if (bytes < 4 || (!IsTable(function, offset, bytes) && !IsPba(function, offset, bytes)))
            {
                return false;
            }

            data = Word(function, offset);
            if (bytes == 8)
            {
                data |= (ulong)Word(function, offset + 4) << 32;
            }

            return true;
        }

        /// <summary>Writes 4 or 8 aligned bytes of the MSI-X BAR; pending bits are read-only.</summary>
        /// <returns>False where no writable register is; nothing happened then.</returns>
        public bool TryWrite(int function, int offset, int bytes, ulong data)
        {
            if (bytes < 4 || !IsTable(function, offset, bytes))
            {
                return false;
            }

            Store(function, offset, (uint)data);
            if (bytes == 8)
            {
                Store(function, offset + 4, (uint)(data >> 32));
            }

            int vector = offset / MsixTableEntry.Bytes;
            if (_pendingCount[function] != 0 && IsEnabled(function) && MaySend(function))
            {
                ReplayVector(function, vector);
            }

            return true;
        }

        /// <summary>True while the vector's message waits.</summary>
        public bool IsPending(int function, int vector)
        {
            return (_pending[FirstPending(function) + (vector >> 5)] & (1u << (vector & 31))) != 0;
        }

        private void ReplayVector(int function, int vector)
        {
            if (!IsPending(function, vector) || IsMasked(function, vector))
            {
                return;
            }

            _pending[FirstPending(function) + (vector >> 5)] &= ~(1u << (vector & 31));
            _pendingCount[function]--;
            Send(function, vector);
        }

        private void Send(int function, int vector)
        {
            int entry = (FirstVector(function) + vector) * EntryWords;
            _counters.Interrupts[function]++;
            _port.Send(function, _entries[entry] | ((ulong)_entries[entry + 1] << 32), _entries[entry + 2]);
        }

        private void Store(int function, int offset, uint value)
        {
            int word = (FirstVector(function) * EntryWords) + (offset >> 2);
            switch (word & ControlWord)
            {
                case 0:
                    // The two lowest address bits are read-only zero: a message is aligned (7.7.2.5).
                    _entries[word] = value & 0xFFFFFFFC;
                    break;
                case ControlWord:
                    // Steering tags are the PF's: a VF has no TPH capability here.
                    _entries[word] = value & (_numbering.IsVirtual(function)
                        ? MsixTableEntry.VectorControlMaskBitMask
                        : MsixTableEntry.VectorControlMaskBitMask | MsixTableEntry.VectorControlSteeringTagMask);
                    break;
                default:
                    _entries[word] = value;
                    break;
            }
        }

        private uint Word(int function, int offset)
        {
            int pba = BarMap.PbaOffset(Room(function));
            return offset < pba
                ? _entries[(FirstVector(function) * EntryWords) + (offset >> 2)]
                : _pending[FirstPending(function) + ((offset - pba) >> 2)];
        }

        private bool IsTable(int function, int offset, int bytes)
        {
            return offset + bytes <= Vectors(function) * MsixTableEntry.Bytes;
        }

        private bool IsPba(int function, int offset, int bytes)
        {
            int vectors = Vectors(function);
            int at = offset - BarMap.PbaOffset(Room(function));
            return at >= 0 && at + bytes <= PendingWords(vectors) * 4;
        }

        private bool IsMasked(int function, int vector)
        {
            return (_entries[((FirstVector(function) + vector) * EntryWords) + ControlWord]
                & MsixTableEntry.VectorControlMaskBitMask) != 0;
        }

        private bool MaySend(int function)
        {
            return (Control(function) & MsixCapability.MessageControlFunctionMaskMask) == 0 && _mastering.IsBusMaster(function);
        }

        private int Control(int function)
        {
            return _space.Read16(function, _space.TemplateOf(function).Offsets.Msix + MsixCapability.MessageControlOffset);
        }

        private static int TableSize(int control)
        {
            return (control & MsixCapability.MessageControlTableSizeMask) + 1;
        }

        private int Room(int function)
        {
            return _numbering.IsVirtual(function) ? _vfVectors : _pfVectors;
        }

        private int FirstVector(int function)
        {
            int physical = _numbering.PhysicalFunctions;
            return function < physical
                ? function * _pfVectors
                : (physical * _pfVectors) + ((function - physical) * _vfVectors);
        }

        private int FirstPending(int function)
        {
            int physical = _numbering.PhysicalFunctions;
            return function < physical
                ? function * PendingWords(_pfVectors)
                : (physical * PendingWords(_pfVectors)) + ((function - physical) * PendingWords(_vfVectors));
        }

        // The array is made of quadwords (7.7.2.9).
        private static int PendingWords(int vectors)
        {
            return (vectors + MsixCapability.VectorsPerPbaQuadword - 1) / MsixCapability.VectorsPerPbaQuadword * 2;
        }
    }
}
