// Which structures of configuration space are known, and which of their fields are shown. Data only: offsets and masks are hal/spec's.
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.HostTools.Config;

/// <summary>A structure's stable name and its fields.</summary>
internal sealed record ConfigStructure(string Name, params ConfigField[] Fields)
{
    /// <summary>Those fields that lie within a configuration space: a capability may begin at its very end.</summary>
    public IEnumerable<ConfigField> Within(byte[] config, int offset) => Fields.Where(field => offset + field.Offset + field.Bytes <= config.Length);
}

/// <summary>The header, capabilities and extended capabilities, by their IDs.</summary>
internal static class CapabilityTable
{
    /// <summary>The first 64 bytes of a function that is no bridge.</summary>
    public static readonly ConfigStructure Header = new(
        "header",
        Hex("vendor_id", PciConfigHeader.VendorIdOffset, 2),
        Hex("device_id", PciConfigHeader.DeviceIdOffset, 2),
        Hex("revision_id", PciConfigHeader.RevisionIdOffset, 1),
        Hex("base_class", PciConfigHeader.BaseClassOffset, 1),
        Hex("sub_class", PciConfigHeader.SubClassOffset, 1),
        Hex("subsystem_vendor_id", PciConfigHeader.SubsystemVendorIdOffset, 2),
        Hex("subsystem_id", PciConfigHeader.SubsystemIdOffset, 2),
        Flag("memory_space", PciConfigHeader.CommandOffset, PciConfigHeader.CommandMemorySpaceEnableMask),
        Flag("bus_master", PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask),
        Flag("interrupt_disable", PciConfigHeader.CommandOffset, PciConfigHeader.CommandInterruptDisableMask),
        Hex("bar0", PciConfigHeader.Bar0Offset, 8),
        Hex("bar2", PciConfigHeader.Bar0Offset + 8, 8),
        Hex("bar4", PciConfigHeader.Bar0Offset + 16, 8));

    private static readonly Dictionary<int, ConfigStructure> Capabilities = new()
    {
        [PciCapability.IdPowerManagement] = new(
            "power_management",
            new("version", PowerManagementCapability.CapabilitiesOffset, 2, PowerManagementCapability.CapabilitiesVersionMask),
            new("power_state", PowerManagementCapability.ControlStatusOffset, 2, PowerManagementCapability.ControlStatusPowerStateMask),
            Flag("no_soft_reset", PowerManagementCapability.ControlStatusOffset, PowerManagementCapability.ControlStatusNoSoftResetMask),
            Flag("pme_enable", PowerManagementCapability.ControlStatusOffset, PowerManagementCapability.ControlStatusPmeEnableMask)),
        [PciCapability.IdMsi] = new(
            "msi",
            Flag("enable", MsiCapability.MessageControlOffset, MsiCapability.MessageControlEnableMask),
            Flag("64bit", MsiCapability.MessageControlOffset, MsiCapability.MessageControl64BitMask)),
        [PciCapability.IdVendorSpecific] = new(
            "virtio",
            new("cfg_type", VirtioPciCapability.CfgTypeOffset, 1),
            new("bar", VirtioPciCapability.BarOffset, 1),
            Hex("offset", VirtioPciCapability.OffsetOffset, 4),
            Hex("length", VirtioPciCapability.LengthOffset, 4)),
        [PciCapability.IdPciExpress] = new(
            "pci_express",
            new("version", PciExpressCapability.CapabilitiesOffset, 2, PciExpressCapability.CapabilitiesVersionMask),
            new("port_type", PciExpressCapability.CapabilitiesOffset, 2, PciExpressCapability.CapabilitiesPortTypeMask),
            new("max_payload_supported", PciExpressCapability.DeviceCapabilitiesOffset, 4, PciExpressCapability.DeviceCapabilitiesMaxPayloadSizeMask, FieldForm.PayloadBytes),
            new("max_payload", PciExpressCapability.DeviceControlOffset, 2, PciExpressCapability.DeviceControlMaxPayloadSizeMask, FieldForm.PayloadBytes),
            new("max_read_request", PciExpressCapability.DeviceControlOffset, 2, PciExpressCapability.DeviceControlMaxReadRequestSizeMask, FieldForm.PayloadBytes),
            Flag("flr", PciExpressCapability.DeviceCapabilitiesOffset, PciExpressCapability.DeviceCapabilitiesFunctionLevelResetMask, 4),
            Flag("relaxed_ordering", PciExpressCapability.DeviceControlOffset, PciExpressCapability.DeviceControlRelaxedOrderingMask),
            Flag("no_snoop", PciExpressCapability.DeviceControlOffset, PciExpressCapability.DeviceControlNoSnoopMask),
            Flag("correctable_detected", PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusCorrectableDetectedMask),
            Flag("non_fatal_detected", PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusNonFatalDetectedMask),
            Flag("fatal_detected", PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusFatalDetectedMask),
            Flag("unsupported_detected", PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusUnsupportedDetectedMask),
            Flag("transactions_pending", PciExpressCapability.DeviceStatusOffset, PciExpressCapability.DeviceStatusTransactionsPendingMask),
            new("max_link_speed", PciExpressCapability.LinkCapabilitiesOffset, 4, PciExpressCapability.LinkCapabilitiesMaxLinkSpeedMask),
            new("max_link_width", PciExpressCapability.LinkCapabilitiesOffset, 4, PciExpressCapability.LinkCapabilitiesMaxLinkWidthMask),
            new("link_speed", PciExpressCapability.LinkStatusOffset, 2, PciExpressCapability.LinkStatusCurrentSpeedMask),
            new("link_width", PciExpressCapability.LinkStatusOffset, 2, PciExpressCapability.LinkStatusNegotiatedWidthMask)),
        [PciCapability.IdMsix] = new(
            "msix",
            new("table_size", MsixCapability.MessageControlOffset, 2, MsixCapability.MessageControlTableSizeMask, FieldForm.NumberPlusOne),
            Flag("enable", MsixCapability.MessageControlOffset, MsixCapability.MessageControlEnableMask),
            Flag("function_mask", MsixCapability.MessageControlOffset, MsixCapability.MessageControlFunctionMaskMask),
            new("table_bar", MsixCapability.TableOffset, 4, MsixCapability.TableBirMask),
            Address("table_offset", MsixCapability.TableOffset),
            new("pba_bar", MsixCapability.PbaOffset, 4, MsixCapability.PbaBirMask),
            Address("pba_offset", MsixCapability.PbaOffset)),
    };

    private static readonly Dictionary<int, ConfigStructure> Extended = new()
    {
        [PciExtendedCapability.IdAer] = new(
            "aer",
            Hex("uncorrectable_status", AerCapability.UncorrectableStatusOffset, 4),
            Hex("uncorrectable_mask", AerCapability.UncorrectableMaskOffset, 4),
            Hex("uncorrectable_severity", AerCapability.UncorrectableSeverityOffset, 4),
            Hex("correctable_status", AerCapability.CorrectableStatusOffset, 4),
            Hex("correctable_mask", AerCapability.CorrectableMaskOffset, 4),
            new("first_error_pointer", AerCapability.ControlOffset, 4, AerCapability.ControlFirstErrorPointerMask)),
        [PciExtendedCapability.IdDeviceSerialNumber] = new("device_serial_number", Hex("serial_number", DeviceSerialNumberCapability.LowerOffset, 8)),
        [PciExtendedCapability.IdAcs] = new(
            "acs", Hex("capability", AcsCapability.CapabilityOffset, 2), Hex("control", AcsCapability.ControlOffset, 2)),
        [PciExtendedCapability.IdAri] = new(
            "ari", new ConfigField("next_function", AriCapability.CapabilityOffset, 2, AriCapability.CapabilityNextFunctionMask)),
        [PciExtendedCapability.IdSriov] = new(
            "sriov",
            Flag("vf_enable", SriovCapability.ControlOffset, SriovCapability.ControlVfEnableMask),
            Flag("vf_mse", SriovCapability.ControlOffset, SriovCapability.ControlVfMseMask),
            Flag("ari_capable_hierarchy", SriovCapability.ControlOffset, SriovCapability.ControlAriCapableHierarchyMask),
            new("initial_vfs", SriovCapability.InitialVFsOffset, 2),
            new("total_vfs", SriovCapability.TotalVFsOffset, 2),
            new("num_vfs", SriovCapability.NumVFsOffset, 2),
            new("function_dependency_link", SriovCapability.FunctionDependencyLinkOffset, 2),
            new("first_vf_offset", SriovCapability.FirstVfOffsetOffset, 2),
            new("vf_stride", SriovCapability.VfStrideOffset, 2),
            Hex("vf_device_id", SriovCapability.VfDeviceIdOffset, 2),
            Hex("supported_page_sizes", SriovCapability.SupportedPageSizesOffset, 4),
            Hex("system_page_size", SriovCapability.SystemPageSizeOffset, 4),
            Hex("vf_bar0", SriovCapability.VfBar0Offset, 8),
            Hex("vf_bar2", SriovCapability.VfBar0Offset + 8, 8),
            Hex("vf_bar4", SriovCapability.VfBar0Offset + 16, 8)),
        [PciExtendedCapability.IdTphRequester] = new(
            "tph_requester",
            new("st_table_location", TphRequesterCapability.CapabilityOffset, 4, TphRequesterCapability.CapabilityStTableLocationMask),
            new("st_table_size", TphRequesterCapability.CapabilityOffset, 4, TphRequesterCapability.CapabilityStTableSizeMask, FieldForm.NumberPlusOne),
            new("st_mode", TphRequesterCapability.ControlOffset, 4, TphRequesterCapability.ControlStModeSelectMask),
            new("requester_enable", TphRequesterCapability.ControlOffset, 4, TphRequesterCapability.ControlRequesterEnableMask)),
        [PciExtendedCapability.IdLtr] = new(
            "ltr", Hex("max_snoop", LtrCapability.MaxSnoopOffset, 2), Hex("max_no_snoop", LtrCapability.MaxNoSnoopOffset, 2)),
        [PciExtendedCapability.IdSecondaryPciExpress] = new(
            "secondary_pci_express",
            Hex("link_control_3", SecondaryPciExpressCapability.LinkControl3Offset, 4),
            Hex("lane_error_status", SecondaryPciExpressCapability.LaneErrorStatusOffset, 4)),
    };

    /// <summary>The structure of an ID; one without fields when it is not known.</summary>
    public static ConfigStructure Of(int id, bool isExtended) =>
        (isExtended ? Extended : Capabilities).TryGetValue(id, out ConfigStructure? known) ? known : new ConfigStructure("unknown");

    private static ConfigField Hex(string name, int offset, int bytes) => new(name, offset, bytes, 0, FieldForm.Hex);

    private static ConfigField Address(string name, int offset) => new(name, offset, 4, MsixCapability.TableTableOffsetMask, FieldForm.Address);

    private static ConfigField Flag(string name, int offset, uint mask, int bytes = 2) => new(name, offset, bytes, mask, FieldForm.Flag);
}
