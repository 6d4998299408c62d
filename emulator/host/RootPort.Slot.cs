// The slot of a root port: what is in it, whether its link is up, and who hears of a change.
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <content>
/// Presence and link state with their events. There is no attention button, indicator, latch or power controller: an
/// endpoint is there or it is gone, as with a drive that a hand pulls. Source: PCI Express Base Specification 5.0, 6.7.3.
/// </content>
public sealed partial class RootPort
{
    private bool _wasLinkActive;
    private bool _isAsserted;

    /// <summary>Whether an endpoint is in the slot.</summary>
    public bool IsOccupied { get; private set; } = true;

    /// <summary>Where the port's own interrupt goes; null: nobody listens.</summary>
    public IInterruptSink? Interrupts { get; set; }

    /// <summary>Takes the endpoint out of the slot, without warning: presence and link are lost together.</summary>
    /// <returns>False, and nothing happened, when the slot is empty.</returns>
    public bool Remove() => Change(isOccupied: false);

    /// <summary>Puts the endpoint into the slot: its link comes up.</summary>
    /// <returns>False, and nothing happened, when the slot is occupied.</returns>
    public bool Insert() => Change(isOccupied: true);

    private bool Change(bool isOccupied)
    {
        if (IsOccupied == isOccupied)
        {
            return false;
        }

        IsOccupied = isOccupied;
        int events = PciExpressCapability.SlotStatusPresenceDetectChangedMask;
        if (IsLinkActive != _wasLinkActive)
        {
            _wasLinkActive = IsLinkActive;
            events |= PciExpressCapability.SlotStatusLinkStateChangedMask;
        }

        ShowSlot(events);
        return true;
    }

    // After a write: Secondary Bus Reset takes the link down and lets it come up again.
    private void LookAtLink()
    {
        bool hasChanged = IsLinkActive != _wasLinkActive;
        _wasLinkActive = IsLinkActive;
        ShowSlot(hasChanged ? PciExpressCapability.SlotStatusLinkStateChangedMask : 0);
    }

    private void ShowSlot(int events)
    {
        Show(PciExpressCapability.SlotStatusOffset, events, isSet: true);
        Show(PciExpressCapability.SlotStatusOffset, PciExpressCapability.SlotStatusPresenceDetectMask, IsOccupied);
        Show(PciExpressCapability.LinkStatusOffset, PciExpressCapability.LinkStatusDataLinkActiveMask, IsLinkActive);
        LookAtInterrupt();
    }

    // A message goes out whenever the AND of events and enables becomes true (6.7.3.4).
    private void LookAtInterrupt()
    {
        int control = Register(PciExpressCapability.SlotControlOffset);
        int status = Register(PciExpressCapability.SlotStatusOffset);
        bool isAsserted = (control & PciExpressCapability.SlotControlHotPlugInterruptEnableMask) != 0
            && (IsEnabled(PciExpressCapability.SlotControlPresenceDetectEnableMask, PciExpressCapability.SlotStatusPresenceDetectChangedMask)
                || IsEnabled(PciExpressCapability.SlotControlLinkStateEnableMask, PciExpressCapability.SlotStatusLinkStateChangedMask));
        if (isAsserted && !_isAsserted)
        {
            SendMessage();
        }

        _isAsserted = isAsserted;

        bool IsEnabled(int enable, int happened) => (control & enable) != 0 && (status & happened) != 0;
    }

    private void SendMessage()
    {
        bool mayMaster = (Word(PciConfigHeader.CommandOffset) & PciConfigHeader.CommandBusMasterEnableMask) != 0;
        if (mayMaster && (Word(_msi + MsiCapability.MessageControlOffset) & MsiCapability.MessageControlEnableMask) != 0)
        {
            ulong address = Read(_msi + MsiCapability.AddressOffset) | ((ulong)Read(_msi + MsiCapability.UpperAddressOffset) << 32);
            Interrupts?.Deliver(address, (uint)Word(_msi + MsiCapability.DataOffset));
        }
    }
}
