// What the switch needs to know of each function. Firmware decides; the switch forwards.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>How a function receives, beside its own address. Source: VIRTIO 1.4, 5.1.6.5.1.</summary>
    public static class ReceiveMode
    {
        public const int Promiscuous = 0x01;
        public const int AllMulticast = 0x02;
        public const int AllUnicast = 0x04;
        public const int NoMulticast = 0x08;
        public const int NoUnicast = 0x10;
        public const int NoBroadcast = 0x20;
    }

    /// <summary>How frames for a function are spread over its receive queues. Lent for the call.</summary>
    public sealed class SteeringSetup
    {
        public int Function;

        /// <summary>Receive queue pairs in use, 1 upwards.</summary>
        public int Pairs;

        /// <summary>True: by hash and indirection table; false: the device chooses, and keeps a flow on one queue.</summary>
        public bool IsRss;

        /// <summary>Hash types in use, as VirtioNetHash has them.</summary>
        public uint HashTypes;

        /// <summary>Pair for frames that no hash type covers.</summary>
        public int UnclassifiedPair;

        /// <summary>Entries of the table in use, a power of two.</summary>
        public int Entries;

        /// <summary>Pair for each entry; the callee copies what it needs.</summary>
        public ushort[] Pair;

        /// <summary>Toeplitz key, 40 bytes; the callee copies it.</summary>
        public byte[] Key;
    }

    /// <summary>
    /// The forwarding table. A MAC address is the six bytes in the order of the wire, the first in bits 7:0. Every call takes
    /// effect for frames that are looked up afterwards.
    /// </summary>
    public interface ISwitchTable
    {
        /// <summary>Whether the function takes part at all; a function that does not loses its other settings.</summary>
        void SetEnabled(int function, bool isEnabled);

        /// <summary>The function's own address.</summary>
        void SetMac(int function, ulong mac);

        /// <summary>Bits of <see cref="ReceiveMode"/>.</summary>
        void SetReceiveMode(int function, int mode);

        /// <summary>Further addresses to receive: unicast first, then multicast, six bytes each; the callee copies them.</summary>
        void SetFilter(int function, byte[] macs, int unicastCount, int multicastCount);

        /// <summary>Whether frames of VLANs that were not added are dropped for this function.</summary>
        void SetVlanFiltering(int function, bool isOn);

        /// <summary>Adds or removes a VLAN, 0 to 4095.</summary>
        void SetVlan(int function, int vlan, bool isMember);

        /// <summary>
        /// The VLAN that the switch inserts for the function and strips for it: 1 to 4094, or 0 for none. VLANs of two protocols are
        /// two, whatever their numbers.
        /// </summary>
        /// <param name="priority">802.1p priority of the tag, 0 to 7.</param>
        /// <param name="protocol">
        /// EtherType of the tag. 8100h: the function sends and receives no tag. 88A8h: none, or a customer tag (8100h) within it.
        /// </param>
        void SetPortVlan(int function, int vlan, int priority, int protocol);

        /// <summary>Whether the function's link is up, as after enabling; while it is down nothing passes from it or to it.</summary>
        void SetLinkUp(int function, bool isUp);

        /// <summary>
        /// Whether a unicast address in the function's filter is received also while it is another function's own; not after enabling.
        /// </summary>
        void SetTrusted(int function, bool isTrusted);

        /// <summary>Whether frames from another source address than the function's own are dropped.</summary>
        void SetSpoofCheck(int function, bool isOn);

        /// <summary>How frames are spread over receive queues.</summary>
        void SetSteering(SteeringSetup setup);
    }
}
