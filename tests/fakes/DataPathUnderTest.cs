// One firmware between recording contracts, driven as a driver drives it: configuration space and BAR accesses only.
using System.Linq;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Functions are named by firmware's index; PF 0 is 0, its first VF 1.</summary>
internal sealed class DataPathUnderTest
{
    public const ulong AllOffered = FeatureOffer.Common;
    public const int Pf = 0;
    public const int Vf0 = 1;
    public const int Vf1 = 2;

    private readonly ConfigLink _link = new();
    private readonly BarRequest _request = new();

    public DataPathUnderTest(EndpointConfiguration? configuration = null, int vfs = 4, INonVolatileStore? store = null)
    {
        Configuration = configuration ?? new EndpointConfiguration { TotalVFs = 8 };
        Firmware = new FirmwareRuntime(Configuration, new BoardContracts
        {
            ConfigPort = _link,
            LinkPort = _link,
            AddressDecode = new AddressComparators(),
            Clock = Clock,
            BarPort = Ports,
            DoorbellPort = Ports,
            MsixPort = Ports,
            EthernetPort = Ports,
            CounterPort = Ports,
            QueueEngine = Engine,
            CommandPort = Engine,
            SwitchTable = Switch,
            ManagementPort = Management,
            Store = store,
        });
        if (vfs > 0)
        {
            int sriov = Offsets(Pf).Sriov;
            ConfigWrite(Pf, sriov + SriovCapability.ControlOffset, SriovCapability.ControlAriCapableHierarchyMask, 2);
            ConfigWrite(Pf, sriov + SriovCapability.NumVFsOffset, (uint)vfs, 2);
            ConfigWrite(
                Pf, sriov + SriovCapability.ControlOffset, SriovCapability.ControlAriCapableHierarchyMask
                | SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask, 2);
        }

        Settle();
        for (int function = 0; function <= vfs; function++)
        {
            ConfigWrite(function, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
            MessageControl(function, MsixCapability.MessageControlEnableMask);
        }
    }

    public EndpointConfiguration Configuration { get; }

    public FirmwareRuntime Firmware { get; }

    public VirtualClock Clock { get; } = new();

    public RecordingEngine Engine { get; } = new();

    public RecordingSwitch Switch { get; } = new();

    public RecordingPorts Ports { get; } = new();

    public ManagementLink Management { get; } = new();

    public VirtioState State => Firmware.DataPath.State;

    public CapabilityOffsets Offsets(int function) => Firmware.Space.TemplateOf(function).Offsets;

    public void Step() => Firmware.Step();

    public void Settle()
    {
        do
        {
            Step();
        }
        while (!Firmware.Resets.IsIdle);
    }

    public void Signal(LinkEvent linkEvent) => _link.Signal(linkEvent);

    // Configuration space.
    public ConfigCompletion Config(int function, int offset, bool isWrite = false, uint data = 0, int byteEnables = 0xF)
    {
        _link.Send(new ConfigRequest
        {
            IsWrite = isWrite,
            RoutingId = 0x100 + function,
            RegisterOffset = offset & ~3,
            ByteEnables = byteEnables,
            Data = data,
        });
        ConfigCompletion completion;
        while (!_link.TryTakeCompletion(out completion))
        {
            Step();
        }

        return completion;
    }

    public uint ConfigRead(int function, int offset) => Config(function, offset).Data;

    public void ConfigWrite(int function, int offset, uint data, int bytes = 4) =>
        Config(function, offset, true, data << ((offset & 3) * 8), ((1 << bytes) - 1) << (offset & 3));

    public void MessageControl(int function, uint bits) =>
        ConfigWrite(function, Offsets(function).Msix + MsixCapability.MessageControlOffset, bits, 2);

    public void InitiateFlr(int function) => ConfigWrite(
        function, Offsets(function).PciExpress + PciExpressCapability.DeviceControlOffset,
        PciExpressCapability.DeviceControlInitiateFlrMask, 2);

    // BARs.
    public ulong Read(int function, int bar, int offset, int bytes)
    {
        Send(function, bar, offset, bytes, false, 0);
        return Ports.Data;
    }

    public void Write(int function, int bar, int offset, int bytes, ulong data) => Send(function, bar, offset, bytes, true, data);

    public ulong Common(int function, int offset, int bytes) => Read(function, BarMap.ControlBar, offset, bytes);

    public void Common(int function, int offset, int bytes, ulong data) => Write(function, BarMap.ControlBar, offset, bytes, data);

    public int Status(int function) => (int)Common(function, VirtioCommonConfig.DeviceStatusOffset, 1);

    public void Status(int function, int value) => Common(function, VirtioCommonConfig.DeviceStatusOffset, 1, (ulong)value);

    public void Select(int function, int queue) => Common(function, VirtioCommonConfig.QueueSelectOffset, 2, (ulong)queue);

    public void Notify(int function, int queue) => Ports.Ring(0, function - 1, queue);

    // A driver's steps.
    public void Features(int function, ulong features)
    {
        for (int select = 0; select < 2; select++)
        {
            Common(function, VirtioCommonConfig.DriverFeatureSelectOffset, 4, (ulong)select);
            Common(function, VirtioCommonConfig.DriverFeatureOffset, 4, (features >> (32 * select)) & 0xFFFFFFFF);
        }
    }

    public int Negotiate(int function, ulong features)
    {
        Status(function, 0);
        Status(function, VirtioDeviceStatus.Acknowledge);
        Status(function, VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver);
        Features(function, features);
        Status(function, VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver | VirtioDeviceStatus.FeaturesOk);
        return Status(function);
    }

    /// <summary>Sets up the selected queue; areas lie at 0x1000 × (16 × function + queue) and the two pages after it.</summary>
    public void SetUpQueue(int function, int queue, int size = 256, bool isEnabled = true)
    {
        ulong area = Area(function, queue);
        Select(function, queue);
        Common(function, VirtioCommonConfig.QueueSizeOffset, 2, (ulong)size);
        Common(function, VirtioCommonConfig.QueueMsixVectorOffset, 2, (ulong)(queue + 1));
        Common(function, VirtioCommonConfig.QueueDescOffset, 4, area & 0xFFFFFFFF);
        Common(function, VirtioCommonConfig.QueueDescOffset + 4, 4, area >> 32);
        Common(function, VirtioCommonConfig.QueueDriverOffset, 8, area + 0x1000);
        Common(function, VirtioCommonConfig.QueueDeviceOffset, 8, area + 0x2000);
        Common(function, VirtioCommonConfig.QueueEnableOffset, 2, isEnabled ? 1UL : 0);
    }

    public static ulong Area(int function, int queue) => 0x7_0000_0000UL + (0x10000UL * (ulong)((256 * function) + queue));

    /// <summary>From nothing to DRIVER_OK with every queue, and vector n with address 0xFEE00000 + function × 0x1000 and data n.</summary>
    public void Bring(int function, ulong features = AllOffered)
    {
        Negotiate(function, features);
        Common(function, VirtioCommonConfig.ConfigMsixVectorOffset, 2, 0);
        int queues = State.QueueCount(function);
        for (int queue = 0; queue < queues; queue++)
        {
            SetUpQueue(function, queue);
        }

        for (int vector = 0; vector <= queues && vector < Firmware.DataPath.Msix.Vectors(function); vector++)
        {
            SetUpVector(function, vector);
        }

        Status(function, 0x0F);
        Quiet();
    }

    public void SetUpVector(int function, int vector, bool isMasked = false)
    {
        int entry = vector * MsixTableEntry.Bytes;
        Write(function, BarMap.MsixBar, entry, 8, Address(function));
        Write(function, BarMap.MsixBar, entry + 8, 4, (ulong)vector);
        Write(function, BarMap.MsixBar, entry + 12, 4, isMasked ? 1UL : 0);
    }

    public static ulong Address(int function) => 0x1_FEE0_0000UL + (0x1000UL * (ulong)function);

    /// <summary>Lets the first turns of new queues pass, and forgets what was noted.</summary>
    public void Quiet()
    {
        for (int round = 0; round < 64; round++)
        {
            Step();
            Engine.EndTurns();
        }

        Step();
        Ports.Messages.Clear();
    }

    /// <summary>Runs a command on the control queue.</summary>
    /// <returns>The reply: ack, then the result.</returns>
    public byte[] Command(int function, byte[] command, int? length = null)
    {
        int queue = State.ControlQueue(function);
        Engine.Command(function, queue, command, length);
        Notify(function, queue);
        Step();
        Step();
        return Engine.Replies.Last();
    }

    private void Send(int function, int bar, int offset, int bytes, bool isWrite, ulong data)
    {
        _request.IsWrite = isWrite;
        _request.PhysicalFunction = 0;
        _request.Vf = function - 1;
        _request.Bar = bar;
        _request.Offset = offset;
        _request.Bytes = bytes;
        _request.Data = data;
        Ports.Send(_request);
        Step();
    }
}
