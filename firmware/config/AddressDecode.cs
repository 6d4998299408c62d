// From BARs, VF BARs and their enables to the address comparators of the hardware.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Sets the comparators whenever something they depend on has changed. Holds no state: everything is in the
    /// registers. A BAR that moves changes what is decoded from then on, and nothing else.
    /// </summary>
    public sealed class AddressDecode
    {
        private readonly EndpointConfiguration _configuration;
        private readonly FunctionConfigSpace _space;
        private readonly SriovControl _sriov;
        private readonly ResetControl _resets;
        private readonly IAddressDecodePort _port;

        /// <summary>Connects the room.</summary>
        public AddressDecode(
            EndpointConfiguration configuration, FunctionConfigSpace space, SriovControl sriov, ResetControl resets,
            IAddressDecodePort port)
        {
            _configuration = configuration;
            _space = space;
            _sriov = sriov;
            _resets = resets;
            _port = port;
        }

        /// <summary>Sets the comparators of every PF and its VFs.</summary>
        public void UpdateAll()
        {
            for (int physicalFunction = 0; physicalFunction < _configuration.PhysicalFunctions; physicalFunction++)
            {
                Update(physicalFunction);
            }
        }

        /// <summary>Sets the comparators of one PF and its VFs.</summary>
        public void Update(int physicalFunction)
        {
            bool isAwake = _space.IsInD0(physicalFunction) && _resets.IsReady(physicalFunction);
            bool isEnabled = isAwake && (_space.Read16(physicalFunction, PciConfigHeader.CommandOffset)
                & PciConfigHeader.CommandMemorySpaceEnableMask) != 0;
            int sriov = _space.TemplateOf(physicalFunction).Offsets.Sriov;
            bool areVFsEnabled = isAwake && sriov != 0
                && (_space.Read16(physicalFunction, sriov + SriovCapability.ControlOffset) & SriovCapability.ControlVfMseMask) != 0;
            for (int region = 0; region < BarMap.RegionCount; region++)
            {
                int bar = region * BarMap.BarsPerRegion;
                _port.SetPhysicalFunctionRange(
                    physicalFunction, bar, BaseAt(physicalFunction, PciConfigHeader.Bar0Offset, bar),
                    (uint)_configuration.RegionBytes(bar, false), isEnabled);
                if (sriov != 0)
                {
                    int visible = _sriov.VisibleVFs(physicalFunction);
                    _port.SetVirtualFunctionRanges(
                        physicalFunction, bar, BaseAt(physicalFunction, sriov + SriovCapability.VfBar0Offset, bar),
                        _sriov.VfRangeBytes(physicalFunction, _configuration.RegionBytes(bar, true)), visible,
                        areVFsEnabled && visible > 0);
                }
            }
        }

        private ulong BaseAt(int physicalFunction, int bar0, int bar)
        {
            int lower = bar0 + (bar * PciConfigHeader.BarBytes);
            ulong upper = _space.Read(physicalFunction, lower + PciConfigHeader.BarBytes);
            return (upper << 32) | (_space.Read(physicalFunction, lower) & PciConfigHeader.BarMemoryAddressMask);
        }
    }
}
