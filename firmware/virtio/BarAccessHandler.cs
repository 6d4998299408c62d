// The control flow: a memory access of a host to the structure of the function that it is for, and back.
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Finds the structure by <see cref="BarMap"/>. Where no register is, or of the wrong width or alignment, a read gives
    /// all-ones and a write is dropped, and either is counted. A function that does not answer reads zero.
    /// </summary>
    public sealed class BarAccessHandler
    {
        /// <summary>Accesses that one step handles at the most.</summary>
        public const int AccessesPerStep = 16;

        private readonly EndpointConfiguration _configuration;
        private readonly IBarPort _port;
        private readonly FunctionNumbering _numbering;
        private readonly FunctionAccess _access;
        private readonly VirtioState _state;
        private readonly CommonConfig _common;
        private readonly NetConfig _net;
        private readonly MsixTable _msix;
        private readonly ManagementMailbox _mailbox;
        private readonly DoorbellHandler _doorbells;
        private readonly Counters _counters;
        private readonly BarRequest _request = new BarRequest();

        /// <summary>Connects the room.</summary>
        public BarAccessHandler(
            EndpointConfiguration configuration, IBarPort port, FunctionNumbering numbering, FunctionAccess access,
            VirtioState state, CommonConfig common, NetConfig net, MsixTable msix, ManagementMailbox mailbox,
            DoorbellHandler doorbells, Counters counters)
        {
            _configuration = configuration;
            _port = port;
            _numbering = numbering;
            _access = access;
            _state = state;
            _common = common;
            _net = net;
            _msix = msix;
            _mailbox = mailbox;
            _doorbells = doorbells;
            _counters = counters;
        }

        /// <summary>Takes and handles the accesses of one step.</summary>
        public void Run()
        {
            for (int taken = 0; taken < AccessesPerStep && _port.TryTake(_request); taken++)
            {
                int function = _access.FunctionOf(_request.PhysicalFunction, _request.Vf);
                if (_request.IsWrite)
                {
                    if (function != FunctionNumbering.None)
                    {
                        Write(function, _request.Bar, _request.Offset, _request.Bytes, _request.Data);
                    }
                }
                else
                {
                    _port.Complete(
                        function == FunctionNumbering.None ? 0 : Read(function, _request.Bar, _request.Offset, _request.Bytes));
                }
            }
        }

        /// <summary>Reads a BAR of a function that answers.</summary>
        /// <param name="bar">Any number, as all the others.</param>
        public ulong Read(int function, int bar, int offset, int bytes)
        {
            ulong data = 0;
            if (IsSuitable(function, bar, offset, bytes) && TryRead(function, bar, offset, bytes, out data))
            {
                return data & Ones(bytes);
            }

            _counters.UnsuitableAccesses++;
            return Ones(bytes);
        }

        /// <summary>Writes a BAR of a function that answers.</summary>
        /// <param name="bar">Any number, as all the others.</param>
        public void Write(int function, int bar, int offset, int bytes, ulong data)
        {
            if (!IsSuitable(function, bar, offset, bytes) || !TryWrite(function, bar, offset, bytes, data & Ones(bytes)))
            {
                _counters.UnsuitableAccesses++;
            }
        }

        /// <summary>Whether an access lies within a BAR, and is aligned and of a size that the link has.</summary>
        public bool IsSuitable(int function, int bar, int offset, int bytes)
        {
            bool isSize = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
            bool isRegion = bar == BarMap.ControlBar || bar == BarMap.MsixBar || bar == BarMap.NotifyBar;
            return isSize && isRegion && offset >= 0 && (offset & (bytes - 1)) == 0
                && offset <= _configuration.RegionBytes(bar, _numbering.IsVirtual(function)) - bytes;
        }

        private bool TryRead(int function, int bar, int offset, int bytes, out ulong data)
        {
            if (bar == BarMap.MsixBar)
            {
                return _mailbox.Has(function, offset)
                    ? _mailbox.TryRead(function, offset, bytes, out data)
                    : _msix.TryRead(function, offset, bytes, out data);
            }

            data = 0;
            if (bar == BarMap.NotifyBar)
            {
                // Doorbells are for writing; reading one tells nothing.
                return true;
            }

            if (offset < BarMap.CommonConfigOffset + BarMap.CommonConfigBytes)
            {
                return _common.TryRead(function, offset - BarMap.CommonConfigOffset, bytes, out data);
            }

            if (offset >= BarMap.DeviceConfigOffset && offset < BarMap.DeviceConfigOffset + BarMap.DeviceConfigBytes)
            {
                data = _net.Read(function, offset - BarMap.DeviceConfigOffset, bytes);
                return true;
            }

            if (offset == BarMap.IsrOffset && bytes <= BarMap.IsrBytes)
            {
                data = _state.Isr[function];
                _state.Isr[function] = 0;
                return true;
            }

            return false;
        }

        private bool TryWrite(int function, int bar, int offset, int bytes, ulong data)
        {
            if (bar == BarMap.MsixBar)
            {
                return _mailbox.Has(function, offset)
                    ? _mailbox.TryWrite(function, offset, bytes, data)
                    : _msix.TryWrite(function, offset, bytes, data);
            }

            if (bar == BarMap.NotifyBar)
            {
                // What it carries is a hint (VIRTIO 1.4, 4.1.5.2); the place says which queue.
                if ((offset & (BarMap.NotifyOffMultiplier - 1)) != 0)
                {
                    return false;
                }

                _doorbells.Ring(function, offset / BarMap.NotifyOffMultiplier);
                return true;
            }

            return offset < BarMap.CommonConfigOffset + BarMap.CommonConfigBytes
                && _common.TryWrite(function, offset - BarMap.CommonConfigOffset, bytes, data);
        }

        private static ulong Ones(int bytes)
        {
            return bytes < 1 || bytes > 7 ? ~0UL : (1UL << (bytes * 8)) - 1;
        }
    }
}
