// The windows of the PFs: registers and buffers through which hosts send management frames. Knows no frame.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// One window for each PF, as <see cref="ManagementWindow"/> has it. A request that was handed over waits here until the dispatcher
    /// takes it; it is answered in the window's own buffer, which is the device's meanwhile.
    /// </summary>
    public sealed class ManagementMailbox
    {
        private const int Bytes = ManagementFrame.MaxBytes;
        private const uint Version = ManagementFrame.Major | (ManagementFrame.Minor << 8) | ((uint)Bytes << 16);
        private const byte Idle = (byte)ManagementWindow.StateIdle;
        private const byte Busy = (byte)ManagementWindow.StateBusy;
        private const byte Done = (byte)ManagementWindow.StateDone;

        private readonly EndpointConfiguration _configuration;
        private readonly FunctionNumbering _numbering;
        private readonly MsixTable _msix;

        // By PF, and one buffer after the other. The size is the request's while the state is Busy, then the response's.
        private readonly byte[] _buffers;
        private readonly byte[] _state;
        private readonly byte[] _isSignalled;
        private readonly ushort[] _vector;
        private readonly ushort[] _size;
        // Bit n for PF n: its request waits to be taken; it was reset since the dispatcher asked.
        private int _waiting;
        private int _resets;
        private int _taken = FunctionNumbering.None;
        private int _last;

        /// <summary>Makes room for every PF's window, each as after a reset.</summary>
        public ManagementMailbox(EndpointConfiguration configuration, FunctionNumbering numbering, MsixTable msix)
        {
            int windows = numbering.PhysicalFunctions;
            _configuration = configuration;
            _numbering = numbering;
            _msix = msix;
            _buffers = new byte[windows * Bytes];
            _state = new byte[windows];
            _isSignalled = new byte[windows];
            _vector = new ushort[windows];
            _size = new ushort[windows];
            for (int window = 0; window < windows; window++)
            {
                Clear(window);
            }
        }

        /// <summary>The buffers of all windows.</summary>
        public byte[] Buffers => _buffers;

        /// <summary>True while a request waits to be taken.</summary>
        public bool HasWork => _waiting != 0;

        /// <summary>Whether a place in the MSI-X BAR is in the function's window; a VF has none.</summary>
        public bool Has(int function, int offset)
        {
            return !_numbering.IsVirtual(function) && offset >= BarMap.ManagementOffset(_configuration.PfMsixVectors);
        }

        /// <summary>Where the buffer of a PF's window begins in <see cref="Buffers"/>.</summary>
        public static int BufferOf(int function)
        {
            return function * Bytes;
        }

        /// <summary>Bytes of the request that was taken, 0 to one more than a frame may have.</summary>
        public int RequestBytes(int function)
        {
            return _size[function];
        }

        /// <summary>Takes the next request; PFs take turns.</summary>
        /// <returns>The PF, or <see cref="FunctionNumbering.None"/>.</returns>
        public int Take()
        {
            for (int tried = 0; _waiting != 0 && tried < _state.Length; tried++)
            {
                _last = (_last + 1) % _state.Length;
                if ((_waiting & (1 << _last)) != 0)
                {
                    _waiting &= ~(1 << _last);
                    _taken = _last;
                    return _last;
                }
            }

            return FunctionNumbering.None;
        }

        /// <summary>The response to the request that was taken last lies in the buffer. Of one whose PF was reset meanwhile nothing is left.</summary>
        /// <param name="bytes">Its size.</param>
        public void Complete(int bytes)
        {
            int function = _taken;
            if (function == FunctionNumbering.None)
            {
                return;
            }

            _taken = FunctionNumbering.None;
            _size[function] = (ushort)bytes;
            _state[function] = Done;
            if (_isSignalled[function] != 0)
            {
                _msix.Raise(function, _vector[function]);
            }
        }

        /// <summary>True while the request that was taken last is not completed and its PF was not reset.</summary>
        public bool IsTaken => _taken != FunctionNumbering.None;

        /// <summary>The PFs that were reset since this was asked last, bit n for PF n.</summary>
        public int TakeResets()
        {
            int resets = _resets;
            _resets = 0;
            return resets;
        }

        /// <summary>A PF is reset: what it asked is forgotten. Of a VF there is nothing.</summary>
        public void Clear(int function)
        {
            if (_numbering.IsVirtual(function))
            {
                return;
            }

            _taken = _taken == function ? FunctionNumbering.None : _taken;
            _waiting &= ~(1 << function);
            _resets |= 1 << function;
            _state[function] = Idle;
            _isSignalled[function] = 0;
            _vector[function] = (ushort)ManagementWindow.NoVector;
            _size[function] = 0;
            int end = BufferOf(function) + Bytes;
            for (int at = BufferOf(function); at < end; at++)
            {
                _buffers[at] = 0;
            }
        }

        /// <summary>Reads 1, 2, 4 or 8 aligned bytes at a place of the MSI-X BAR that is in the window.</summary>
        /// <returns>False where no register is, or of another width.</returns>
        public bool TryRead(int function, int offset, int bytes, out ulong data)
        {
            int place = Place(offset);
            data = 0;
            if (IsBuffer(place, bytes))
            {
                if (_state[function] != Busy)
                {
                    int at = BufferOf(function) + place - ManagementWindow.BufferOffset;
                    data = bytes == 8 ? LittleEndian.ReadU64(_buffers, at) : LittleEndian.ReadU32(_buffers, at);
                }

                return true;
            }

            return bytes == 4 && TryReadRegister(function, place, out data);
        }

        /// <summary>Writes 1, 2, 4 or 8 aligned bytes at a place of the MSI-X BAR that is in the window.</summary>
        /// <returns>False where no writable register is, or of another width; nothing happened then.</returns>
        public bool TryWrite(int function, int offset, int bytes, ulong data)
        {
            int place = Place(offset);
            if (IsBuffer(place, bytes))
            {
                if (_state[function] != Busy)
                {
                    int at = BufferOf(function) + place - ManagementWindow.BufferOffset;
                    LittleEndian.WriteU32(_buffers, at, (uint)data);
                    if (bytes == 8)
                    {
                        LittleEndian.WriteU32(_buffers, at + 4, (uint)(data >> 32));
                    }
                }

                return true;
            }

            return bytes == 4 && TryWriteRegister(function, place, (uint)data);
        }

        private bool TryReadRegister(int function, int place, out ulong data)
        {
            switch (place)
            {
                case ManagementWindow.SignatureOffset:
                    data = ManagementFrame.Signature;
                    return true;
                case ManagementWindow.VersionOffset:
                    data = Version;
                    return true;
                case ManagementWindow.DoorbellOffset:
                    data = 0;
                    return true;
                case ManagementWindow.StateOffset:
                    data = _state[function];
                    return true;
                case ManagementWindow.ResponseBytesOffset:
                    data = _state[function] == Done ? _size[function] : 0u;
                    return true;
                case ManagementWindow.InterruptControlOffset:
                    data = _isSignalled[function];
                    return true;
                case ManagementWindow.InterruptVectorOffset:
                    data = _vector[function];
                    return true;
                default:
                    data = 0;
                    return false;
            }
        }

        private bool TryWriteRegister(int function, int place, uint data)
        {
            switch (place)
            {
                case ManagementWindow.DoorbellOffset:
                    Ring(function, data);
                    return true;
                case ManagementWindow.InterruptControlOffset:
                    _isSignalled[function] = (byte)(data & ManagementWindow.InterruptControlEnableMask);
                    return true;
                case ManagementWindow.InterruptVectorOffset:
                    bool isThere = data < (uint)_msix.Vectors(function);
                    _vector[function] = (ushort)(isThere ? data : ManagementWindow.NoVector);
                    return true;
                default:
                    return false;
            }
        }

        private void Ring(int function, uint bytes)
        {
            if (_state[function] != Busy)
            {
                _state[function] = Busy;
                _size[function] = (ushort)(bytes > Bytes ? Bytes + 1 : bytes);
                _waiting |= 1 << function;
            }
        }

        private int Place(int offset)
        {
            return offset - BarMap.ManagementOffset(_configuration.PfMsixVectors);
        }

        private static bool IsBuffer(int place, int bytes)
        {
            return bytes >= 4 && place >= ManagementWindow.BufferOffset
                && place <= ManagementWindow.BufferOffset + ManagementWindow.BufferBytes - bytes;
        }
    }
}
