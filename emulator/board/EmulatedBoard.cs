// The emulated card: every contract of the HAL, and the firmware that runs on it.
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Board;

/// <summary>
/// Wires the rooms of the emulated hardware to one firmware. Whoever drives the board calls <see cref="Step"/>; nothing
/// runs by itself, and one thread owns it all.
/// </summary>
public sealed class EmulatedBoard
{
    /// <summary>Powers a board on.</summary>
    /// <exception cref="System.ArgumentException">The firmware refuses the configuration; the message is its line.</exception>
    public EmulatedBoard(EndpointConfiguration configuration)
    {
        Configuration = configuration;
        Firmware = new FirmwareRuntime(configuration, InertDataPath.Complete(new BoardContracts
        {
            ConfigPort = Link,
            LinkPort = Link,
            AddressDecode = Comparators,
            Clock = Clock,
        }));
    }

    /// <summary>What kind of endpoint this is.</summary>
    public EndpointConfiguration Configuration { get; }

    /// <summary>The link to the port above.</summary>
    public ConfigLink Link { get; } = new();

    /// <summary>Which addresses the endpoint answers to.</summary>
    public AddressComparators Comparators { get; } = new();

    /// <summary>The board's time.</summary>
    public VirtualClock Clock { get; } = new();

    /// <summary>The firmware under test.</summary>
    public FirmwareRuntime Firmware { get; }

    /// <summary>Lets the firmware do one bounded step.</summary>
    public void Step() => Firmware.Step();

    /// <summary>Sends a configuration request and steps the firmware until it is completed.</summary>
    public ConfigCompletion Complete(ConfigRequest request)
    {
        Link.Send(request);
        ConfigCompletion completion;
        while (!Link.TryTakeCompletion(out completion))
        {
            Step();
        }

        return completion;
    }
}
