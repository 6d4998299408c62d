// PCI Power Management capability: what states a function has, and which one it is in.
namespace SmartNicFw.Hal.Spec
{
    /// <summary>PCI Power Management capability. Source: PCI Express Base Specification 5.0, 7.5.2.</summary>
    public static class PowerManagementCapability
    {
        /// <summary>Size in bytes.</summary>
        public const int Bytes = 8;

        /// <summary>Capability ID and next pointer, 16 bits.</summary>
        public const int HeaderOffset = 0x00;

        /// <summary>Power Management Capabilities, 16 bits (7.5.2.1).</summary>
        public const int CapabilitiesOffset = 0x02;

        public const int CapabilitiesVersionMask = 0x0007;
        public const int CapabilitiesPmeClockMask = 0x0008;
        public const int CapabilitiesImmediateReadinessOnReturnToD0Mask = 0x0010;
        public const int CapabilitiesDeviceSpecificInitializationMask = 0x0020;
        public const int CapabilitiesAuxCurrentMask = 0x01C0;
        public const int CapabilitiesD1SupportMask = 0x0200;
        public const int CapabilitiesD2SupportMask = 0x0400;
        public const int CapabilitiesPmeSupportMask = 0xF800;

        /// <summary>Version field: PCI Bus Power Management Interface Specification 1.2 (7.5.2.1).</summary>
        public const int Version3 = 3;

        /// <summary>Power Management Control/Status, 16 bits (7.5.2.2).</summary>
        public const int ControlStatusOffset = 0x04;

        public const int ControlStatusPowerStateMask = 0x0003;
        public const int ControlStatusNoSoftResetMask = 0x0008;
        public const int ControlStatusPmeEnableMask = 0x0100;
        public const int ControlStatusDataSelectMask = 0x1E00;
        public const int ControlStatusDataScaleMask = 0x6000;
        public const int ControlStatusPmeStatusMask = 0x8000;

        /// <summary>Data, 8 bits: zero in a function that reports no power (7.5.2.3).</summary>
        public const int DataOffset = 0x07;

        public const int PowerStateD0 = 0;
        public const int PowerStateD1 = 1;
        public const int PowerStateD2 = 2;
        public const int PowerStateD3Hot = 3;

        /// <summary>Time software waits after D3hot to D0 before it accesses the function: 10 ms (5.9).</summary>
        public const int D3HotToD0WaitUs = 10_000;
    }
}
