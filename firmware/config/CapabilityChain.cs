// Places capabilities one behind another and links them. Knows no capability's registers.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>Offsets of the capabilities of one kind of function, bytes; 0 = the kind has no such capability.</summary>
    public sealed class CapabilityOffsets
    {
        public int PowerManagement;
        public int Msix;
        public int PciExpress;
        public int VirtioCommon;
        public int VirtioNotify;
        public int VirtioIsr;
        public int VirtioDevice;
        public int VirtioPciCfg;
        public int Aer;
        public int DeviceSerialNumber;
        public int Ari;
        public int Sriov;
        public int Acs;
        public int Ltr;
        public int TphRequester;
        public int SecondaryPciExpress;
    }

    /// <summary>
    /// The two linked lists of a function: capabilities from 40h, extended capabilities from 100h. Each call appends
    /// one, writes its header and links it to the one before.
    /// </summary>
    public sealed class CapabilityChain
    {
        private readonly RegisterTemplateBuilder _registers;
        private int _nextPointer = PciConfigHeader.CapabilitiesPointerOffset;
        private int _free = PciCapability.FirstOffset;
        private int _lastExtended;
        private int _freeExtended = PciExtendedCapability.FirstOffset;

        /// <summary>Starts two empty chains.</summary>
        public CapabilityChain(RegisterTemplateBuilder registers)
        {
            _registers = registers;
        }

        /// <summary>Appends a capability at the next multiple of 4.</summary>
        /// <param name="bytes">Size of the structure.</param>
        /// <returns>Its offset in configuration space.</returns>
        public int Append(int id, int bytes)
        {
            int offset = _free;
            _registers.Constant(_nextPointer, (uint)offset);
            _registers.Constant(offset + PciCapability.IdOffset, (uint)id);
            _nextPointer = offset + PciCapability.NextOffset;
            _free = EndOf(offset, bytes, 4, PciCapability.RegionEnd);
            return offset;
        }

        /// <summary>Appends an extended capability at the next multiple of 16.</summary>
        /// <param name="bytes">Size of the structure.</param>
        /// <returns>Its offset in configuration space.</returns>
        public int AppendExtended(int id, int version, int bytes)
        {
            int offset = _freeExtended;
            if (_lastExtended != 0)
            {
                _registers.Constant(_lastExtended, (uint)offset << PciExtendedCapability.HeaderNextShift);
            }

            _registers.Constant(offset, (uint)id | ((uint)version << PciExtendedCapability.HeaderVersionShift));
            _lastExtended = offset;
            _freeExtended = EndOf(offset, bytes, 16, PciExtendedCapability.RegionEnd);
            return offset;
        }

        private static int EndOf(int offset, int bytes, int alignment, int regionEnd)
        {
            int end = (offset + bytes + alignment - 1) & ~(alignment - 1);
            if (end > regionEnd)
            {
                throw new InvalidOperationException("the capabilities of a kind of function do not fit");
            }

            return end;
        }
    }
}
