// How received frames are spread over a function's queues: keeps hash types and key, and tells the switch.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Builds the one <see cref="SteeringSetup"/> that is lent to the switch. The table of RSS is the switch's to keep.
    /// Source: VIRTIO 1.4, 5.1.6.5.5 to 5.1.6.5.7.
    /// </summary>
    public sealed class Steering
    {
        private readonly VirtioState _state;
        private readonly ISwitchTable _switch;

        /// <summary>Connects the room.</summary>
        public Steering(VirtioState state, ISwitchTable switchTable)
        {
            _state = state;
            _switch = switchTable;
            Setup = new SteeringSetup();
            Setup.Pair = new ushort[VirtioNetHash.IndirectionEntries];
            Setup.Key = new byte[VirtioNetHash.KeyBytes];
        }

        /// <summary>Hash types that the device calculates.</summary>
        public const uint SupportedTypes = VirtioNetHash.TypeIpV4 | VirtioNetHash.TypeTcpV4 | VirtioNetHash.TypeUdpV4
            | VirtioNetHash.TypeIpV6 | VirtioNetHash.TypeTcpV6 | VirtioNetHash.TypeUdpV6;

        /// <summary>The setup that <see cref="SetRss"/> sends; its Entries, Pair and UnclassifiedPair are the caller's to fill.</summary>
        public SteeringSetup Setup { get; }

        /// <summary>Automatic steering over the first pairs, hashing as it was configured before.</summary>
        public void SetPairs(int function, int pairs)
        {
            _state.PairsInUse[function] = (ushort)pairs;
            Setup.IsRss = false;
            Setup.Entries = 1;
            Setup.UnclassifiedPair = 0;
            Setup.Pair[0] = 0;
            Send(function);
        }

        /// <summary>Hash types and key for automatic steering.</summary>
        public void SetHash(int function, uint types, byte[] source, int keyAt, int keyBytes)
        {
            Keep(function, types, source, keyAt, keyBytes);
            SetPairs(function, _state.PairsInUse[function]);
        }

        /// <summary>Steering by the table in <see cref="Setup"/>.</summary>
        public void SetRss(int function, int pairs, uint types, byte[] source, int keyAt, int keyBytes)
        {
            Keep(function, types, source, keyAt, keyBytes);
            _state.PairsInUse[function] = (ushort)pairs;
            Setup.IsRss = true;
            Send(function);
        }

        private void Keep(int function, uint types, byte[] source, int keyAt, int keyBytes)
        {
            _state.HashTypes[function] = types;
            int first = function * VirtioNetHash.KeyBytes;
            for (int at = 0; at < VirtioNetHash.KeyBytes; at++)
            {
                _state.HashKeys[first + at] = at < keyBytes ? source[keyAt + at] : (byte)0;
            }
        }

        private void Send(int function)
        {
            Setup.Function = function;
            Setup.Pairs = _state.PairsInUse[function];
            Setup.HashTypes = _state.HashTypes[function];
            int first = function * VirtioNetHash.KeyBytes;
            for (int at = 0; at < VirtioNetHash.KeyBytes; at++)
            {
                Setup.Key[at] = _state.HashKeys[first + at];
            }

            _switch.SetSteering(Setup);
        }
    }
}
