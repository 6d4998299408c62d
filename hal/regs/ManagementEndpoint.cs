// Payloads that tell what an endpoint and its functions are. Each class is one layout; knows no opcode.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>Which function is meant: PFs first, then the VFs of PF 0, of PF 1, and so on, enabled or not.</summary>
    public static class ManagementFunctionNumber
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: index of the function, 0 upwards; <see cref="Endpoint"/> where that is allowed.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits, zero.</summary>
        public const int ReservedOffset = 0x02;

        /// <summary>Instead of a function: the endpoint. Only health is asked so, and a trace.</summary>
        public const int Endpoint = 0xFFFF;
    }

    /// <summary>What is asked of a list.</summary>
    public static class ManagementListRequest
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: the number that the list begins with, any; one behind the last gives an empty list.</summary>
        public const int FirstOffset = 0x00;

        /// <summary>16 bits: entries at the most, or 0 for as many as a frame holds.</summary>
        public const int CountOffset = 0x02;
    }

    /// <summary>What stands before the entries of a list.</summary>
    public static class ManagementList
    {
        /// <summary>Size in bytes without entries.</summary>
        public const int Bytes = 0x08;

        /// <summary>16 bits: the number that was asked for.</summary>
        public const int FirstOffset = 0x00;

        /// <summary>16 bits: entries that follow.</summary>
        public const int CountOffset = 0x02;

        /// <summary>16 bits: entries that there are in all, wherever the list begins.</summary>
        public const int TotalOffset = 0x04;

        /// <summary>16 bits: bytes from one entry to the next. A greater minor version may have more than this one.</summary>
        public const int EntryBytesOffset = 0x06;

        /// <summary>The entries, in the order of their numbers.</summary>
        public const int EntriesOffset = 0x08;
    }

    /// <summary>What an endpoint is and has.</summary>
    public static class ManagementEndpoint
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x38;

        /// <summary>16 bits: version of the firmware, first number.</summary>
        public const int FirmwareMajorOffset = 0x00;

        /// <summary>16 bits: version of the firmware, second number.</summary>
        public const int FirmwareMinorOffset = 0x02;

        /// <summary>16 bits: version of the firmware, third number.</summary>
        public const int FirmwarePatchOffset = 0x04;

        /// <summary>16 bits: state of the Ethernet port.</summary>
        public const int PortStateOffset = 0x06;

        /// <summary>The link of the Ethernet port is up.</summary>
        public const int PortStateLinkUpMask = 0x0001;

        /// <summary>64 bits: EUI-64 of the device.</summary>
        public const int SerialNumberOffset = 0x08;

        /// <summary>16 bits: Subsystem Vendor ID.</summary>
        public const int SubsystemVendorIdOffset = 0x10;

        /// <summary>16 bits: Subsystem ID.</summary>
        public const int SubsystemIdOffset = 0x12;

        /// <summary>16 bits: physical functions, 1 upwards.</summary>
        public const int PhysicalFunctionsOffset = 0x14;

        /// <summary>16 bits: virtual functions that each of them may have.</summary>
        public const int TotalVFsOffset = 0x16;

        /// <summary>16 bits: rate groups that there may be beside the port.</summary>
        public const int RateGroupsOffset = 0x18;

        /// <summary>16 bits: largest frame without its Ethernet header, bytes.</summary>
        public const int MtuOffset = 0x1A;

        /// <summary>32 bits: speed of the Ethernet port, Mbit/s.</summary>
        public const int EthernetMbpsOffset = 0x1C;

        /// <summary>16 bits: queue pairs of a PF.</summary>
        public const int PfQueuePairsOffset = 0x20;

        /// <summary>16 bits: queue pairs of a VF after start.</summary>
        public const int VfQueuePairsOffset = 0x22;

        /// <summary>16 bits: MSI-X vectors of a PF.</summary>
        public const int PfMsixVectorsOffset = 0x24;

        /// <summary>16 bits: MSI-X vectors of a VF after start.</summary>
        public const int VfMsixVectorsOffset = 0x26;

        /// <summary>8 bits: Max Link Speed as in Link Capabilities: 1 = 2.5, 2 = 5, 3 = 8, 4 = 16 GT/s.</summary>
        public const int LinkSpeedOffset = 0x28;

        /// <summary>8 bits: Maximum Link Width as in Link Capabilities, lanes.</summary>
        public const int LinkWidthOffset = 0x29;

        /// <summary>16 bits: largest payload of a packet, bytes: 128 to 4096.</summary>
        public const int MaxPayloadBytesOffset = 0x2A;

        /// <summary>32 bits, zero.</summary>
        public const int ReservedOffset = 0x2C;

        /// <summary>64 bits: time of the device's clock, by which events and health are stated too, microseconds.</summary>
        public const int TimeUsOffset = 0x30;
    }

    /// <summary>One function in a list: what it is, how its policy is set, and how it is.</summary>
    public static class ManagementFunction
    {
        /// <summary>Size in bytes: 24 functions in a frame.</summary>
        public const int Bytes = 0x28;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: its PF, or itself, 0 upwards.</summary>
        public const int PhysicalFunctionOffset = 0x02;

        /// <summary>16 bits: number of the VF within its PF, 0 upwards; <see cref="NoVf"/> for a PF.</summary>
        public const int VfOffset = 0x04;

        /// <summary>16 bits: distance of its Routing ID from the PF's, 0 for the PF itself.</summary>
        public const int RoutingIdDistanceOffset = 0x06;

        /// <summary>16 bits: how it is, and what is switched on.</summary>
        public const int FlagsOffset = 0x08;

        /// <summary>The function is there: a PF, or a VF that is enabled.</summary>
        public const int FlagsEnabledMask = 0x0001;

        /// <summary>Bus Master Enable.</summary>
        public const int FlagsBusMasterMask = 0x0002;

        /// <summary>DRIVER_OK: a driver runs.</summary>
        public const int FlagsDriverOkMask = 0x0004;

        /// <summary>DEVICE_NEEDS_RESET: its driver broke it.</summary>
        public const int FlagsNeedsResetMask = 0x0008;

        /// <summary>The link that its driver sees is up.</summary>
        public const int FlagsLinkUpMask = 0x0010;

        /// <summary>It may send from its own address only.</summary>
        public const int FlagsSpoofCheckMask = 0x0020;

        /// <summary>It is trusted.</summary>
        public const int FlagsTrustMask = 0x0040;

        /// <summary>The operator has given the address, and its driver cannot change it.</summary>
        public const int FlagsMacPinnedMask = 0x0080;

        /// <summary>Its interrupts are moderated adaptively.</summary>
        public const int FlagsAdaptiveMask = 0x0100;

        /// <summary>A reset is under way.</summary>
        public const int FlagsResettingMask = 0x0200;

        /// <summary>8 bits: the link state that is set, one of <see cref="ManagementLinkState"/>.</summary>
        public const int LinkStateOffset = 0x0A;

        /// <summary>8 bits: rate group that it is in, 0 for the port.</summary>
        public const int RateGroupOffset = 0x0B;

        /// <summary>48 bits: MAC address in the order of the wire.</summary>
        public const int MacOffset = 0x0C;

        /// <summary>16 bits: its share's weight, 1 to 1,000.</summary>
        public const int WeightOffset = 0x12;

        /// <summary>32 bits: port VLAN, as <see cref="ManagementVlan"/>.</summary>
        public const int VlanOffset = 0x14;

        /// <summary>32 bits: its limit, Mbit/s; 0 for none.</summary>
        public const int MaxTxRateOffset = 0x18;

        /// <summary>32 bits: its guarantee, Mbit/s; 0 for none.</summary>
        public const int MinTxRateOffset = 0x1C;

        /// <summary>32 bits: its ceiling of interrupts a second; 0 for none.</summary>
        public const int InterruptCeilingOffset = 0x20;

        /// <summary>16 bits: its queue pairs.</summary>
        public const int QueuePairsOffset = 0x24;

        /// <summary>16 bits: its MSI-X vectors.</summary>
        public const int MsixVectorsOffset = 0x26;

        /// <summary>Instead of a VF's number: a PF.</summary>
        public const int NoVf = 0xFFFF;
    }

    /// <summary>How many VFs a PF is to have.</summary>
    public static class ManagementNumVFs
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x04;

        /// <summary>16 bits: the PF, 0 upwards.</summary>
        public const int PhysicalFunctionOffset = 0x00;

        /// <summary>16 bits: 0 (VF Enable is cleared) to TotalVFs.</summary>
        public const int NumVFsOffset = 0x02;
    }

    /// <summary>Which piece of a configuration space is asked for.</summary>
    public static class ManagementConfigRead
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 0x08;

        /// <summary>16 bits: index of the function; one that is not enabled is refused.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: where the piece begins, 0 to FFCh, a multiple of 4. It ends at 1000h at the latest.</summary>
        public const int RegisterOffset = 0x02;

        /// <summary>16 bits: bytes of it, 4 to <see cref="ManagementConfigData.MaxDataBytes"/>, a multiple of 4.</summary>
        public const int LengthOffset = 0x04;

        /// <summary>16 bits, zero.</summary>
        public const int ReservedOffset = 0x06;
    }

    /// <summary>A piece of a configuration space.</summary>
    public static class ManagementConfigData
    {
        /// <summary>Size in bytes without data.</summary>
        public const int Bytes = 0x08;

        /// <summary>Most bytes of data: eight frames are a configuration space.</summary>
        public const int MaxDataBytes = 512;

        /// <summary>16 bits: index of the function.</summary>
        public const int FunctionOffset = 0x00;

        /// <summary>16 bits: where the piece begins.</summary>
        public const int RegisterOffset = 0x02;

        /// <summary>16 bits: bytes of it.</summary>
        public const int LengthOffset = 0x04;

        /// <summary>16 bits, zero.</summary>
        public const int ReservedOffset = 0x06;

        /// <summary>The bytes, lowest address first.</summary>
        public const int DataOffset = 0x08;
    }
}
