// The device configuration of the network function: what it is able to do, its address, its link. Read-only to drivers.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Any aligned access reads. Fields of features that are not offered read 0, as does what lies behind them.
    /// Source: VIRTIO 1.4, 5.1.4; generation: 2.5.1 and 4.1.4.3.1.
    /// </summary>
    public sealed class NetConfig
    {
        private readonly VirtioState _state;
        private readonly VfPolicy _policy;
        private readonly int _mtu;
        private readonly uint _speed;

        /// <summary>Connects the room.</summary>
        public NetConfig(EndpointConfiguration configuration, VirtioState state, VfPolicy policy)
        {
            _state = state;
            _policy = policy;
            _mtu = configuration.Mtu;
            _speed = (uint)configuration.EthernetMbps;
        }

        /// <summary>Reads 1, 2, 4 or 8 bytes.</summary>
        public ulong Read(int function, int offset, int bytes)
        {
            // Counted on when it is seen, not when it changes: so the 8 bits cannot wrap behind a driver's back.
            if (_state.ConfigChanged[function] != 0)
            {
                _state.ConfigChanged[function] = 0;
                _state.Generation[function]++;
            }

            ulong data = 0;
            for (int at = bytes - 1; at >= 0; at--)
            {
                data = (data << 8) | (ByteAt(function, offset + at) & 0xFF);
            }

            return data;
        }

        private uint ByteAt(int function, int offset)
        {
            if (offset < VirtioNetConfig.StatusOffset)
            {
                return (uint)(_state.Mac[function] >> (offset * 8)) & 0xFF;
            }

            switch (offset & ~1)
            {
                case VirtioNetConfig.StatusOffset:
                    return Part(_policy.IsLinkUp(function) ? (uint)VirtioNetConfig.LinkUp : 0, offset, VirtioNetConfig.StatusOffset);
                case VirtioNetConfig.MaxVirtqueuePairsOffset:
                    return Part((uint)_state.MaxPairs(function), offset, VirtioNetConfig.MaxVirtqueuePairsOffset);
                case VirtioNetConfig.MtuOffset:
                    return Part((uint)_mtu, offset, VirtioNetConfig.MtuOffset);
                case VirtioNetConfig.SpeedOffset:
                case VirtioNetConfig.SpeedOffset + 2:
                    return Part(_speed, offset, VirtioNetConfig.SpeedOffset);
                case VirtioNetConfig.DuplexOffset:
                    return offset == VirtioNetConfig.DuplexOffset ? (uint)VirtioNetConfig.FullDuplex : VirtioNetHash.KeyBytes;
                case VirtioNetConfig.RssMaxIndirectionTableLengthOffset:
                    return Part(
                        VirtioNetHash.IndirectionEntries, offset, VirtioNetConfig.RssMaxIndirectionTableLengthOffset);
                case VirtioNetConfig.SupportedHashTypesOffset:
                case VirtioNetConfig.SupportedHashTypesOffset + 2:
                    return Part(Steering.SupportedTypes, offset, VirtioNetConfig.SupportedHashTypesOffset);
                default:
                    return 0;
            }
        }

        private static uint Part(uint value, int offset, int start)
        {
            return (value >> ((offset - start) * 8)) & 0xFF;
        }
    }
}
