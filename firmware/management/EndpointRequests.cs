// Requests about what there is: the endpoint and its functions. Changes nothing.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>Each call answers one request, whose payload has the length of its layout and any content.</summary>
    public sealed class EndpointRequests
    {
        private const int FunctionsAtMost =
            (ManagementFrame.MaxPayloadBytes - ManagementList.EntriesOffset) / ManagementFunction.Bytes;

        private readonly EndpointConfiguration _configuration;
        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly ResetControl _resets;
        private readonly SriovControl _sriov;
        private readonly VirtioState _state;
        private readonly VfPolicy _addresses;
        private readonly PolicyTable _policy;
        private readonly IEthernetPort _port;
        private readonly IMonotonicClock _clock;

        /// <summary>Connects the room.</summary>
        public EndpointRequests(
            EndpointConfiguration configuration, FunctionNumbering numbering, FunctionConfigSpace space, ResetControl resets,
            SriovControl sriov, DataPath path, BoardContracts board)
        {
            _configuration = configuration;
            _numbering = numbering;
            _space = space;
            _resets = resets;
            _sriov = sriov;
            _state = path.State;
            _addresses = path.Policy;
            _policy = path.Control.Table;
            _port = board.EthernetPort;
            _clock = board.Clock;
        }

        /// <summary>What the endpoint is and has.</summary>
        public void EndpointInfo(ManagementAnswer answer)
        {
            answer.Write16(ManagementEndpoint.FirmwareMajorOffset, FirmwareVersion.Major);
            answer.Write16(ManagementEndpoint.FirmwareMinorOffset, FirmwareVersion.Minor);
            answer.Write16(ManagementEndpoint.FirmwarePatchOffset, FirmwareVersion.Patch);
            answer.Write16(ManagementEndpoint.PortStateOffset, _port.IsLinkUp ? ManagementEndpoint.PortStateLinkUpMask : 0);
            answer.Write64(ManagementEndpoint.SerialNumberOffset, _configuration.SerialNumber);
            answer.Write16(ManagementEndpoint.SubsystemVendorIdOffset, _configuration.SubsystemVendorId);
            answer.Write16(ManagementEndpoint.SubsystemIdOffset, _configuration.SubsystemId);
            answer.Write16(ManagementEndpoint.PhysicalFunctionsOffset, _numbering.PhysicalFunctions);
            answer.Write16(ManagementEndpoint.TotalVFsOffset, _numbering.TotalVFs);
            answer.Write16(ManagementEndpoint.RateGroupsOffset, _configuration.RateGroups);
            answer.Write16(ManagementEndpoint.MtuOffset, _configuration.Mtu);
            answer.Write32(ManagementEndpoint.EthernetMbpsOffset, (uint)_configuration.EthernetMbps);
            answer.Write16(ManagementEndpoint.PfQueuePairsOffset, _configuration.PfQueuePairs);
            answer.Write16(ManagementEndpoint.VfQueuePairsOffset, _configuration.VfQueuePairs);
            answer.Write16(ManagementEndpoint.PfMsixVectorsOffset, _configuration.PfMsixVectors);
            answer.Write16(ManagementEndpoint.VfMsixVectorsOffset, _configuration.VfMsixVectors);
            answer.Write16(ManagementEndpoint.LinkSpeedOffset, _configuration.LinkSpeed | (_configuration.LinkWidth << 8));
            answer.Write16(ManagementEndpoint.MaxPayloadBytesOffset, _configuration.MaxPayloadBytes);
            answer.Write32(ManagementEndpoint.ReservedOffset, 0);
            answer.Write64(ManagementEndpoint.TimeUsOffset, (ulong)_clock.NowUs);
            answer.Done(ManagementEndpoint.Bytes);
        }

        /// <summary>What functions are and have, from an index on.</summary>
        public void FunctionInfo(ManagementAnswer answer)
        {
            int first = answer.Read16(ManagementListRequest.FirstOffset);
            int left = first < _numbering.Count ? _numbering.Count - first : 0;
            int count = answer.CountOf(ManagementListRequest.CountOffset, FunctionsAtMost, left);
            answer.WriteList(first, count, _numbering.Count, ManagementFunction.Bytes);
            int at = ManagementList.EntriesOffset;
            for (int function = first; function < first + count; function++)
            {
                Write(answer, at, function);
                at += ManagementFunction.Bytes;
            }

            answer.Done(at);
        }

        /// <summary>True when a function is there: a PF, or a VF that is enabled.</summary>
        public bool IsEnabled(int function)
        {
            return !_numbering.IsVirtual(function)
                || _numbering.VfNumberOf(function) < _sriov.VisibleVFs(_numbering.PhysicalFunctionOf(function));
        }

        private void Write(ManagementAnswer answer, int at, int function)
        {
            bool isVirtual = _numbering.IsVirtual(function);
            int physicalFunction = _numbering.PhysicalFunctionOf(function);
            int distance = isVirtual
                ? _sriov.FirstVfOffset(physicalFunction) + (_numbering.VfNumberOf(function) << _sriov.VfStrideShift)
                : 0;
            answer.Write16(at + ManagementFunction.FunctionOffset, function);
            answer.Write16(at + ManagementFunction.PhysicalFunctionOffset, physicalFunction);
            answer.Write16(
                at + ManagementFunction.VfOffset, isVirtual ? _numbering.VfNumberOf(function) : ManagementFunction.NoVf);
            answer.Write16(at + ManagementFunction.RoutingIdDistanceOffset, distance);
            answer.Write16(at + ManagementFunction.FlagsOffset, StateOf(function) | SettingsOf(function));
            answer.Write16(
                at + ManagementFunction.LinkStateOffset,
                (int)(long)(Setting(function, ManagementAttributeKind.LinkState)
                    | (Setting(function, ManagementAttributeKind.RateGroup) << 8)));
            ulong mac = _state.Mac[function];
            answer.Write32(at + ManagementFunction.MacOffset, (uint)mac);
            answer.Write16(at + ManagementFunction.MacOffset + 4, (int)(long)(mac >> 32));
            answer.Write16(at + ManagementFunction.WeightOffset, (int)(long)Setting(function, ManagementAttributeKind.Weight));
            answer.Write32(at + ManagementFunction.VlanOffset, Setting(function, ManagementAttributeKind.Vlan));
            answer.Write32(at + ManagementFunction.MaxTxRateOffset, Setting(function, ManagementAttributeKind.MaxTxRate));
            answer.Write32(at + ManagementFunction.MinTxRateOffset, Setting(function, ManagementAttributeKind.MinTxRate));
            answer.Write32(at + ManagementFunction.InterruptCeilingOffset, Setting(function, ManagementAttributeKind.InterruptCeiling));
            answer.Write16(
                at + ManagementFunction.QueuePairsOffset, (int)(long)Setting(function, ManagementAttributeKind.QueuePairs));
            answer.Write16(
                at + ManagementFunction.MsixVectorsOffset, (int)(long)Setting(function, ManagementAttributeKind.MsixVectors));
        }

        private int StateOf(int function)
        {
            if (!IsEnabled(function))
            {
                return 0;
            }

            int flags = ManagementFunction.FlagsEnabledMask;
            flags |= _space.IsBusMaster(function) ? ManagementFunction.FlagsBusMasterMask : 0;
            flags |= _state.IsStatus(function, VirtioDeviceStatus.DriverOk) ? ManagementFunction.FlagsDriverOkMask : 0;
            flags |= _state.IsStatus(function, VirtioDeviceStatus.DeviceNeedsReset) ? ManagementFunction.FlagsNeedsResetMask : 0;
            flags |= _resets.IsReady(function) ? 0 : ManagementFunction.FlagsResettingMask;
            return flags;
        }

        private int SettingsOf(int function)
        {
            int flags = _addresses.IsLinkUp(function) ? ManagementFunction.FlagsLinkUpMask : 0;
            flags |= Setting(function, ManagementAttributeKind.SpoofCheck) != 0 ? ManagementFunction.FlagsSpoofCheckMask : 0;
            flags |= Setting(function, ManagementAttributeKind.Trust) != 0 ? ManagementFunction.FlagsTrustMask : 0;
            flags |= Setting(function, ManagementAttributeKind.Adaptive) != 0 ? ManagementFunction.FlagsAdaptiveMask : 0;
            return flags | (_addresses.IsMacPinned(function) ? ManagementFunction.FlagsMacPinnedMask : 0);
        }

        // All but the address have 32 bits at the most.
        private uint Setting(int function, int attribute)
        {
            return (uint)_policy.Get(function, attribute);
        }
    }
}
