// Contracts of the data path on a board that has none: nothing arrives, and what is asked for does not happen.
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>Stands in for the contracts behind the BARs, so that a board with configuration space alone can run.</summary>
public sealed class InertDataPath
    : IBarPort, IDoorbellPort, IQueueEngine, ICommandPort, ISwitchTable, IMsixPort, IEthernetPort, ICounterPort
{
    /// <inheritdoc/>
    public bool IsLinkUp => true;

    /// <inheritdoc/>
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
        return contracts;
    }

    /// <inheritdoc/>
    public bool TryTake(BarRequest request) => false;

    /// <inheritdoc/>
    public void Complete(ulong data)
    {
    }

    /// <inheritdoc/>
    public bool TryTake(Doorbell doorbell) => false;

    /// <inheritdoc/>
    public HalStatus Start(QueueSetup setup) => HalStatus.BadArgument;

    /// <inheritdoc/>
    public void Stop(int function, int queue)
    {
    }

    /// <inheritdoc/>
    public HalStatus SubmitTurn(int function, int queue, int frames, int bytes) => HalStatus.BadArgument;

    /// <inheritdoc/>
    public bool TryTake(QueueEvent queueEvent) => false;

    /// <inheritdoc/>
    public int TryTake(int function, int queue, byte[] buffer) => -1;

    /// <inheritdoc/>
    public void Complete(int function, int queue, byte[] reply, int length)
    {
    }

    /// <inheritdoc/>
    public void SetEnabled(int function, bool isEnabled)
    {
    }

    /// <inheritdoc/>
    public void SetMac(int function, ulong mac)
    {
    }

    /// <inheritdoc/>
    public void SetReceiveMode(int function, int mode)
    {
    }

    /// <inheritdoc/>
    public void SetFilter(int function, byte[] macs, int unicastCount, int multicastCount)
    {
    }

    /// <inheritdoc/>
    public void SetVlanFiltering(int function, bool isOn)
    {
    }

    /// <inheritdoc/>
    public void SetVlan(int function, int vlan, bool isMember)
    {
    }

    /// <inheritdoc/>
    public void SetPortVlan(int function, int vlan, int priority)
    {
    }

    /// <inheritdoc/>
    public void SetSpoofCheck(int function, bool isOn)
    {
    }

    /// <inheritdoc/>
    public void SetSteering(SteeringSetup setup)
    {
    }

    /// <inheritdoc/>
    public void Send(int function, ulong address, uint data)
    {
    }

    /// <inheritdoc/>
    public int SubmitTurn(int frames) => 0;

    /// <inheritdoc/>
    public ulong Read(int function, int counter) => 0;
}
