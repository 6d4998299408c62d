// The resets that host software can ask for, with the waits that it keeps.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>Function level reset and secondary bus reset, in the order of the Linux PCI core (pcie_flr, pci_reset_secondary_bus).</summary>
public sealed class FunctionReset(RootComplex host)
{
    /// <summary>Secondary Bus Reset is held for 2 ms (PCI Express Base Specification 5.0, 7.5.1.3.13: at least 1 ms).</summary>
    private const long HoldUs = 2000;

    private const long LongestDelayUs = 60_000_000;

    private readonly SriovHost _sriov = new(host);

    /// <summary>
    /// Resets one function, waits until it answers, and gives it back what the kernel saves and restores: BARs, Command,
    /// and SR-IOV with the VFs of a PF.
    /// </summary>
    /// <exception cref="HostException">It does not answer within a minute.</exception>
    public void FunctionLevel(HostFunction function)
    {
        System.ArgumentNullException.ThrowIfNull(function);
        PciAddress address = function.Address;
        uint command = host.Read(address, PciConfigHeader.CommandOffset, 2);
        int control = function.Find(PciCapability.IdPciExpress, isExtended: false) + PciExpressCapability.DeviceControlOffset;
        uint value = host.Read(address, control, 2);
        host.Write(address, control, 2, value | PciExpressCapability.DeviceControlInitiateFlrMask);
        host.Wait(PciExpressCapability.FunctionLevelResetWaitUs);
        WaitUntilItAnswers(function);
        if (function.PhysicalFunction is null)
        {
            foreach (HostBar bar in function.Bars)
            {
                ConfigProbe.WriteBar(host, address, PciConfigHeader.Bar0Offset, bar);
            }
        }

        host.Write(address, PciConfigHeader.CommandOffset, 2, command);
        _sriov.Restore(function);
    }

    /// <summary>Resets everything behind the root port: enumerate anew afterwards.</summary>
    public void SecondaryBus()
    {
        PciAddress port = RootComplex.RootPortAddress;
        uint value = host.Read(port, PciBridgeHeader.BridgeControlOffset, 2);
        host.Write(port, PciBridgeHeader.BridgeControlOffset, 2, value | PciBridgeHeader.BridgeControlSecondaryBusResetMask);
        host.Wait(HoldUs);
        host.Write(port, PciBridgeHeader.BridgeControlOffset, 2, value);
        host.Wait(PciExpressCapability.ConventionalResetWaitUs);
    }

    // Delays of 1 ms, 2 ms, 4 ms, ... up to a minute, as pci_dev_wait has them.
    private void WaitUntilItAnswers(HostFunction function)
    {
        for (long delayUs = 1000; host.Read(function.Address, PciConfigHeader.CommandOffset, 4) == 0xFFFFFFFF; delayUs *= 2)
        {
            if (delayUs > LongestDelayUs)
            {
                throw new HostException($"{function.Name} does not answer after its reset");
            }

            host.Wait(delayUs);
        }
    }
}
