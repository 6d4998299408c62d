// The resets that host software can ask for, with the waits that it keeps.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>Function level reset and secondary bus reset, in the order of the Linux PCI core (pcie_flr, pci_reset_secondary_bus).</summary>
public sealed class FunctionReset(RootComplex host)
{
    /// <summary>Secondary Bus Reset is held for 2 ms (PCI Express Base Specification 5.0, 7.5.1.3.13: at least 1 ms).</summary>
    private const long HoldUs = 2000;

    /// <summary>Resets one function and waits until it answers.</summary>
    /// <exception cref="HostException">It does not answer within a second.</exception>
    public void FunctionLevel(HostFunction function)
    {
        System.ArgumentNullException.ThrowIfNull(function);
        int control = function.Find(PciCapability.IdPciExpress, isExtended: false) + PciExpressCapability.DeviceControlOffset;
        uint value = host.Read(function.Address, control, 2);
        host.Write(function.Address, control, 2, value | PciExpressCapability.DeviceControlInitiateFlrMask);
        host.Wait(PciExpressCapability.FunctionLevelResetWaitUs);
        long deadlineUs = host.NowUs + PciExpressCapability.ReadyDeadlineUs;
        while (host.Read(function.Address, PciConfigHeader.CommandOffset, 4) == 0xFFFFFFFF)
        {
            if (host.NowUs >= deadlineUs)
            {
                throw new HostException($"{function.Name} does not answer after its reset");
            }

            host.Wait(1000);
        }
    }

    /// <summary>Resets everything behind the root port. Bus numbers and addresses have to be given anew.</summary>
    public void SecondaryBus()
    {
        PciAddress port = RootComplex.RootPortAddress;
        uint value = host.Read(port, PciBridgeHeader.BridgeControlOffset, 2);
        host.Write(port, PciBridgeHeader.BridgeControlOffset, 2, value | PciBridgeHeader.BridgeControlSecondaryBusResetMask);
        host.Wait(HoldUs);
        host.Write(port, PciBridgeHeader.BridgeControlOffset, 2, value);
        host.Wait(PciExpressCapability.ConventionalResetWaitUs);
    }
}
