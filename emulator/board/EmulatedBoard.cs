// The emulated card: every contract of the HAL, and the firmware that runs on it.
using System;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Link;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// Wires the rooms of the emulated hardware to one firmware. Whoever drives the board calls <see cref="Step"/>; nothing
/// runs by itself, and one thread owns it all.
/// </summary>
public sealed class EmulatedBoard : IEndpointMemory, IMsixPort
{
    private readonly BarRequest _barRequest = new();
    private GuestMemory _memory = new();
    private readonly IInterruptSink?[] _sinks;

    /// <summary>Powers a board on.</summary>
    /// <param name="log">Hears of what happens to functions and queues, never of frames; null: nobody does.</param>
    /// <param name="clock">The board's time; null: a <see cref="VirtualClock"/>.</param>
    /// <param name="link">The link whose speed turns are reported at, in virtual time; null: turns are reported when they are done.</param>
    /// <param name="isPacked">What rings the timing assumes.</param>
    /// <exception cref="ArgumentException">The firmware refuses the configuration; the message is its line; or there is a link, and the
    /// clock runs by itself.</exception>
    public EmulatedBoard(
        EndpointConfiguration configuration, ILogger? log = null, BoardClock? clock = null, LinkBounds? link = null, bool isPacked = false,
        INonVolatileStore? store = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Validate() is { } fault)
        {
            throw new ArgumentException(fault);
        }

        Configuration = configuration;
        Clock = clock ?? new VirtualClock();
        int functions = configuration.PhysicalFunctions * (1 + configuration.TotalVFs);
        Switch = new PacketSwitch(functions);
        _sinks = new IInterruptSink?[functions];
        int pairs = Math.Max(configuration.PfQueuePairs, configuration.MaxPairs(true));
        Engine = new QueueEngine(Switch, (2 * pairs) + 1, configuration.Mtu, _memory, log ?? NullLogger.Instance) { Port = new SinkPort() };
        Timed = link is null
            ? null
            : new TimedEngine(
                Engine, Clock as VirtualClock ?? throw new ArgumentException("behind a modelled link the clock is a VirtualClock"), link, isPacked);
        Bars = new MemoryLink(configuration);
        Firmware = new FirmwareRuntime(configuration, new BoardContracts
        {
            ConfigPort = Link,
            LinkPort = Link,
            AddressDecode = Comparators,
            Clock = Clock,
            BarPort = Bars,
            DoorbellPort = Bars,
            QueueEngine = Timed is null ? Engine : Timed,
            CommandPort = Engine,
            SwitchTable = Switch,
            MsixPort = this,
            EthernetPort = Engine,
            CounterPort = Switch,
            Store = store,
            ManagementPort = Management,
        });
    }

    /// <summary>What kind of endpoint this is.</summary>
    public EndpointConfiguration Configuration { get; }

    /// <summary>The link to the port above.</summary>
    public ConfigLink Link { get; } = new();

    /// <summary>BAR accesses and doorbells behind the comparators.</summary>
    public MemoryLink Bars { get; }

    /// <summary>Management requests of this process.</summary>
    public ManagementLink Management { get; } = new();

    /// <summary>Which addresses the endpoint answers to.</summary>
    public AddressComparators Comparators { get; } = new();

    /// <summary>The board's time.</summary>
    public BoardClock Clock { get; }

    /// <summary>
    /// Memory of the host that functions may reach, unless the engine was told of another for one of them. Setting it tells the
    /// engine for all of them: while no queue runs, right after a reset.
    /// </summary>
    public GuestMemory Memory
    {
        get => _memory;
        set
        {
            _memory = value;
            for (int function = 0; function < Switch.FunctionCount; function++)
            {
                Engine.SetMemory(function, value);
            }
        }
    }

    /// <summary>The switch between functions and wire.</summary>
    public PacketSwitch Switch { get; }

    /// <summary>The engine of the queues.</summary>
    public QueueEngine Engine { get; }

    /// <summary>The engine as the firmware sees it, when a link limits it; else null.</summary>
    public TimedEngine? Timed { get; }

    /// <summary>Where interrupts of functions go that have no owner of their own; null: nobody listens.</summary>
    public IInterruptSink? Interrupts { get; set; }

    /// <summary>The firmware under test.</summary>
    public FirmwareRuntime Firmware { get; }

    /// <summary>False while the board has no power: then nothing of it moves or answers.</summary>
    public bool IsPowered { get; private set; } = true;

    /// <summary>
    /// True when another step has something to do: an event, a request or a doorbell waits, or firmware left work over. While
    /// it is false the board can be left alone until it is accessed or <see cref="NetworkPort.Descriptor"/> is readable.
    /// </summary>
    public bool HasWork => IsPowered
        && (Firmware.HasWork || Link.IsPending || Bars.IsPending || Management.IsPending || Engine.Port is { HasWaiting: true } || Engine.HasRisen
            || Timed is { HasDue: true });

    /// <summary>Lets the firmware do one bounded step.</summary>
    public void Step()
    {
        if (!IsPowered)
        {
            return;
        }

        while (Engine.TakeRisen(out int function, out int queue))
        {
            Bars.Ring(function, queue);
        }

        Firmware.Step();
    }

    /// <summary>Signals a reset and lets firmware take it: after the return no function reads or writes memory.</summary>
    public void Reset(LinkEvent reset)
    {
        Link.Signal(reset);
        Step();
    }

    /// <summary>Takes the power away. What firmware last does is what its loss does: every function stops.</summary>
    public void PowerOff()
    {
        Reset(LinkEvent.FundamentalReset);
        IsPowered = false;
    }

    /// <summary>Gives the power back: a fundamental reset.</summary>
    public void PowerOn()
    {
        IsPowered = true;
        Reset(LinkEvent.FundamentalReset);
    }

    /// <summary>Sends a configuration request and steps the firmware until it is completed.</summary>
    public ConfigCompletion Complete(ConfigRequest request)
    {
        if (!IsPowered)
        {
            return new ConfigCompletion(CompletionStatus.UnsupportedRequest, 0);
        }

        Link.Send(request);
        ConfigCompletion completion;
        while (!Link.TryTakeCompletion(out completion))
        {
            Step();
        }

        return completion;
    }

    /// <summary>Reads a BAR, stepping the firmware until it answers. Reading doorbells yields zero.</summary>
    public ulong Read(DecodedAddress address, int bytes)
    {
        if (address.Bar == BarMap.NotifyBar || !IsPowered)
        {
            return 0;
        }

        Send(address, bytes, isWrite: false, 0);
        ulong data;
        while (!Bars.TryTakeCompletion(out data))
        {
            Step();
        }

        return data;
    }

    /// <summary>Writes a BAR: rings a doorbell, or steps the firmware until it has taken the write.</summary>
    public void Write(DecodedAddress address, int bytes, ulong value)
    {
        if (!IsPowered)
        {
            return;
        }

        if (address.Bar == BarMap.NotifyBar)
        {
            Bars.Ring(address);
            return;
        }

        Send(address, bytes, isWrite: true, value);
        while (Bars.IsBusy)
        {
            Step();
        }
    }

    /// <summary>Says where the interrupts of a function go: it has an owner of its own, as a virtual machine is.</summary>
    /// <param name="sink">The owner's; null: <see cref="Interrupts"/> again.</param>
    public void SetInterrupts(int function, IInterruptSink? sink) => _sinks[function] = sink;

    /// <inheritdoc/>
    public void Send(int function, ulong address, uint data) => (_sinks[function] ?? Interrupts)?.Deliver(address, data);

    private void Send(DecodedAddress address, int bytes, bool isWrite, ulong value)
    {
        _barRequest.IsWrite = isWrite;
        _barRequest.PhysicalFunction = address.PhysicalFunction;
        _barRequest.Vf = address.Vf;
        _barRequest.Bar = address.Bar;
        _barRequest.Offset = (int)address.Offset;
        _barRequest.Bytes = bytes;
        _barRequest.Data = value;
        Bars.Send(_barRequest);
    }
}
