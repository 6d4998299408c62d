// Configuration space of a function as a hypervisor shows it to the virtual machine that owns the function. Knows registers;
// knows no socket, no memory and no interrupt.
using System.Collections.Generic;
using System.Linq;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Functions;

/// <summary>
/// Everything is the function's own but for what a virtual machine must not move or what a VF leaves to its PF: what Linux's
/// vfio-pci virtualizes (drivers/vfio/pci/vfio_pci_config.c). The IDs, Memory Space Enable and the BARs of a VF; BARs of a PF,
/// whose addresses are those of the host; the multi-function bit; MSI-X Enable and Function Mask, which follow the interrupts
/// that the client sets; Initiate FLR, which is a reset in the host's hand; power states of a PF, which its VFs share. SR-IOV and
/// ARI are not there: both are the host's.
/// </summary>
internal sealed class FunctionConfigView
{
    private const uint AllOnes = 0xFFFFFFFF;

    private static readonly int[] HiddenCapabilities = [PciExtendedCapability.IdSriov, PciExtendedCapability.IdAri];

    private readonly RootComplex _root;
    private readonly HostFunction _function;
    private readonly Dictionary<int, VirtualRegister> _registers = [];
    private readonly VirtualRegister _command;
    private readonly VirtualRegister? _powerState;
    private readonly int _deviceControl;
    private readonly bool _keepsStateInD3;

    /// <summary>Makes the view of a function, as after reset.</summary>
    public FunctionConfigView(RootComplex root, HostFunction function)
    {
        _root = root;
        _function = function;
        bool isVirtual = function.PhysicalFunction is not null;
        if (isVirtual)
        {
            Own(PciConfigHeader.VendorIdOffset, AllOnes, 0, (uint)(function.VendorId | (function.DeviceId << 16)));
        }

        _command = Own(
            PciConfigHeader.CommandOffset, PciConfigHeader.CommandMemorySpaceEnableMask,
            PciConfigHeader.CommandMemorySpaceEnableMask, 0);
        _command.Held = isVirtual ? 0u : PciConfigHeader.CommandMemorySpaceEnableMask;
        Own(PciConfigHeader.HeaderTypeOffset, PciConfigHeader.HeaderTypeMultiFunctionMask, 0, 0);
        Own(PciConfigHeader.InterruptLineOffset, 0xFFFF, 0xFF, 0);
        OwnBars();
        Own(PciConfigHeader.ExpansionRomBaseOffset, AllOnes, 0, 0);

        OwnMessageControl(function.Find(PciCapability.IdMsix, isExtended: false));
        _deviceControl = function.Find(PciCapability.IdPciExpress, isExtended: false) + PciExpressCapability.DeviceControlOffset;
        Own(_deviceControl, PciExpressCapability.DeviceControlInitiateFlrMask, 0, 0);
        int power = function.Find(PciCapability.IdPowerManagement, isExtended: false);
        if (power != 0)
        {
            power += PowerManagementCapability.ControlStatusOffset;
            _powerState = Own(
                power, PowerManagementCapability.ControlStatusPowerStateMask, PowerManagementCapability.ControlStatusPowerStateMask, 0);
            _keepsStateInD3 = (root.Read(function.Address, power, 2) & PowerManagementCapability.ControlStatusNoSoftResetMask) != 0;
        }

        HideCapabilities();
    }

    /// <summary>Whether the client may reach the BARs: Memory Space Enable, in D0.</summary>
    public bool DecodesMemory => (_command.Value & PciConfigHeader.CommandMemorySpaceEnableMask) != 0
        && (_powerState is null || PowerState == PowerManagementCapability.PowerStateD0);

    private uint PowerState => _powerState!.Value & PowerManagementCapability.ControlStatusPowerStateMask;

    /// <summary>Gives what is not the function's own its values after reset; the function is reset by whoever calls.</summary>
    public void Reset()
    {
        foreach (VirtualRegister register in _registers.Values)
        {
            register.Value = register.Reset;
        }
    }

    /// <summary>Takes every right of the client away from the function itself: it is no bus master any more.</summary>
    public void Revoke() => _root.Write(_function.Address, PciConfigHeader.CommandOffset, 2, _command.Held);

    /// <summary>Reads a doubleword.</summary>
    /// <param name="offset">A multiple of 4.</param>
    public uint Read(int offset)
    {
        if (!_registers.TryGetValue(offset, out VirtualRegister? register))
        {
            return _root.Read(_function.Address, offset, 4);
        }

        return register.Show(register.Mask == AllOnes ? 0 : _root.Read(_function.Address, offset, 4));
    }

    /// <summary>Writes 1, 2 or 4 bytes at a multiple of their number.</summary>
    /// <returns>True when the write asks for a function level reset, or for what a soft reset does.</returns>
    public bool Write(int offset, int bytes, uint value)
    {
        int word = offset & ~3;
        int shift = (offset & 3) * 8;
        uint lanes = (AllOnes >> (32 - (bytes * 8))) << shift;
        if (!_registers.TryGetValue(word, out VirtualRegister? register))
        {
            _root.Write(_function.Address, offset, bytes, value);
            return false;
        }

        uint before = register.Value;
        uint data = value << shift;
        register.Write(data, lanes);
        if ((register.Mask & lanes) != lanes)
        {
            _root.Write(_function.Address, offset, bytes, (register.Pass(data) & lanes) >> shift);
        }

        return AsksForReset(word, data & lanes) || (register == _powerState && ChangePowerState(before));
    }

    private bool AsksForReset(int word, uint data) => word == (_deviceControl & ~3)
        && (data & ((uint)PciExpressCapability.DeviceControlInitiateFlrMask << ((_deviceControl & 3) * 8))) != 0;

    // D1 and D2 are states that the function has not: it stays in the one that it is in (7.5.2.2).
    private bool ChangePowerState(uint before)
    {
        if (PowerState is PowerManagementCapability.PowerStateD1 or PowerManagementCapability.PowerStateD2)
        {
            _powerState!.Value = before;
            return false;
        }

        bool wakes = (before & PowerManagementCapability.ControlStatusPowerStateMask) == PowerManagementCapability.PowerStateD3Hot
            && PowerState == PowerManagementCapability.PowerStateD0;
        return wakes && !_keepsStateInD3;
    }

    // Makes bits of a register of 8, 16 or 32 bits the hypervisor's.
    private VirtualRegister Own(int offset, uint mask, uint writable, uint reset)
    {
        int shift = (offset & 3) * 8;
        if (!_registers.TryGetValue(offset & ~3, out VirtualRegister? register))
        {
            register = new VirtualRegister();
            _registers.Add(offset & ~3, register);
        }

        register.Mask |= mask << shift;
        register.Writable |= writable << shift;
        register.Reset |= reset << shift;
        register.Value = register.Reset;
        return register;
    }

    // Nothing else is writable in the doubleword, and the rest of it never changes: no write of it reaches the function.
    private void OwnMessageControl(int msix)
    {
        const uint Writable = (uint)(MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask)
            << (MsixCapability.MessageControlOffset * 8);
        Own(msix, AllOnes, Writable, _root.Read(_function.Address, msix, 4) & ~Writable);
    }

    private void OwnBars()
    {
        for (int bar = 0; bar < PciConfigHeader.BarCount; bar++)
        {
            Own(PciConfigHeader.Bar0Offset + (bar * PciConfigHeader.BarBytes), AllOnes, 0, 0);
        }

        foreach (HostBar bar in _function.Bars)
        {
            int offset = PciConfigHeader.Bar0Offset + (bar.Index * PciConfigHeader.BarBytes);
            ulong address = ~(bar.Bytes - 1);
            uint type = (bar.Is64Bit ? PciConfigHeader.BarType64 : 0) | (bar.IsPrefetchable ? PciConfigHeader.BarPrefetchableMask : 0);
            Own(offset, AllOnes, (uint)address & PciConfigHeader.BarMemoryAddressMask, type);
            if (bar.Is64Bit)
            {
                Own(offset + PciConfigHeader.BarBytes, AllOnes, (uint)(address >> 32), 0);
            }
        }
    }

    // The chain leads past what is hidden, and where it lay reads zero.
    private void HideCapabilities()
    {
        List<HostCapability> chain = [.. _function.Capabilities.Where(capability => capability.IsExtended)];
        for (int index = 0; index < chain.Count; index++)
        {
            HostCapability capability = chain[index];
            int next = chain.Skip(index + 1).FirstOrDefault(later => !HiddenCapabilities.Contains(later.Id))?.Offset ?? 0;
            uint link = (uint)next << PciExtendedCapability.HeaderNextShift;
            if (!HiddenCapabilities.Contains(capability.Id))
            {
                Own(capability.Offset, PciExtendedCapability.HeaderNextMask, 0, link);
                continue;
            }

            int bytes = capability.Id == PciExtendedCapability.IdSriov ? SriovCapability.Bytes : AriCapability.Bytes;
            for (int offset = 0; offset < bytes; offset += sizeof(uint))
            {
                Own(capability.Offset + offset, AllOnes, 0, 0);
            }

            if (capability.Offset == PciExtendedCapability.FirstOffset)
            {
                // A chain has to begin here: with a capability that is none.
                Own(capability.Offset, AllOnes, 0, link);
            }
        }
    }
}
