// The VIRTIO configuration access capability: BARs of a function through its configuration space, without memory decoding.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// pci_cfg_data reaches what bar, offset and length of the capability name; where these name nothing that can be
    /// accessed, it reads zero and takes no write. Source: VIRTIO 1.4, 4.1.4.9.
    /// </summary>
    public sealed class ConfigWindow
    {
        private readonly FunctionConfigSpace _space;
        private readonly FunctionAccess _access;
        private readonly BarAccessHandler _bars;

        /// <summary>Connects the room.</summary>
        public ConfigWindow(FunctionConfigSpace space, FunctionAccess access, BarAccessHandler bars)
        {
            _space = space;
            _access = access;
            _bars = bars;
        }

        /// <summary>Software reads pci_cfg_data.</summary>
        public uint Read(int function)
        {
            int bytes = Bytes(function);
            return IsOpen(function, bytes) ? (uint)_bars.Read(function, Bar(function), Offset(function), bytes) : 0;
        }

        /// <summary>Software writes pci_cfg_data.</summary>
        /// <param name="lanes">Bits of the enabled bytes; the access happens only when it has all the bytes it needs.</param>
        public void Write(int function, uint data, uint lanes)
        {
            int bytes = Bytes(function);
            uint needed = bytes == 4 ? 0xFFFFFFFF : (1u << (bytes * 8)) - 1;
            if (IsOpen(function, bytes) && (lanes & needed) == needed)
            {
                _bars.Write(function, Bar(function), Offset(function), bytes, data & needed);
            }
        }

        private bool IsOpen(int function, int bytes)
        {
            return bytes != 0 && _access.IsAnswering(function)
                && _bars.IsSuitable(function, Bar(function), Offset(function), bytes);
        }

        private int Bar(int function)
        {
            return _space.Read16(function, Window(function) + VirtioPciCapability.BarOffset) & 0xFF;
        }

        // An offset above 2^31 becomes negative, and that is no offset.
        private int Offset(int function)
        {
            return (int)(long)_space.Read(function, Window(function) + VirtioPciCapability.OffsetOffset);
        }

        private int Bytes(int function)
        {
            uint length = _space.Read(function, Window(function) + VirtioPciCapability.LengthOffset);
            return length == 1 || length == 2 || length == 4 ? (int)(long)length : 0;
        }

        private int Window(int function)
        {
            return _space.TemplateOf(function).Offsets.VirtioPciCfg;
        }
    }
}
