// Contracts of the data path on a board that has none: nothing arrives, and what is asked for does not happen.
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Stands in for the contracts behind the BARs, so that a board with configuration space alone can run.</summary>
internal sealed class InertDataPath
    : IBarPort, IDoorbellPort, IQueueEngine, ICommandPort, ISwitchTable, IMsixPort, IEthernetPort, ICounterPort, IManagementPort
{
    public bool IsLinkUp => true;

    public bool HasReceived => false;

    /// <summary>Fills every contract of the control and data flow that is not set.</summary>
    public static BoardContracts Complete(BoardContracts contracts)
    {
        var inert = new InertDataPath();
        contracts.BarPort ??= inert;
        contracts.DoorbellPort ??= inert;
        contracts.QueueEngine ??= inert;
        contracts.CommandPort ??= inert;
        contracts.SwitchTable ??= inert;
        contracts.MsixPort ??= inert;
        contracts.EthernetPort ??= inert;
        contracts.CounterPort ??= inert;
        contracts.ManagementPort ??= inert;
        return contracts;
    }

    public bool TryTake(ManagementRequest request) => false;

    public void Complete(int bytes)
    {
    }

    public bool TryTake(BarRequest request) => false;

    public void Complete(ulong data)
    {
    }

    public bool TryTake(Doorbell doorbell) => false;

    public void SetBusMaster(int function, bool isBusMaster)
    {
    }

    public ulong ReadQueue(int function, int queue, int counter) => 0;

    public HalStatus Start(QueueSetup setup) => HalStatus.BadArgument;

    public void Stop(int function, int queue)
    {
    }

    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes) => HalStatus.BadArgument;

    public void HoldNotification(int function, int queue, bool isHeld)
    {
    }

    public bool WantsNotification(int function, int queue) => false;

    public bool TryTake(QueueEvent queueEvent) => false;

    public int TryTake(int function, int queue, byte[] buffer) => -1;

    public void Complete(int function, int queue, byte[] reply, int length)
    {
    }

    public void SetEnabled(int function, bool isEnabled)
    {
    }

    public void SetMac(int function, ulong mac)
    {
    }

    public void SetReceiveMode(int function, int mode)
    {
    }

    public void SetFilter(int function, byte[] macs, int unicastCount, int multicastCount)
    {
    }

    public void SetVlanFiltering(int function, bool isOn)
    {
    }

    public void SetVlan(int function, int vlan, bool isMember)
    {
    }

    public void SetPortVlan(int function, int vlan, int priority, int protocol)
    {
    }

    public void SetLinkUp(int function, bool isUp)
    {
    }

    public void SetTrusted(int function, bool isTrusted)
    {
    }

    public void SetSpoofCheck(int function, bool isOn)
    {
    }

    public void SetSteering(SteeringSetup setup)
    {
    }

    public void Send(int function, ulong address, uint data)
    {
    }

    public int SubmitTurn(int frames) => 0;

    public ulong Read(int function, int counter) => 0;
}
