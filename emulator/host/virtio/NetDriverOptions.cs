// How a network driver shall work: fixed before it starts.
namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>Wishes of whoever starts a driver; what the device does not offer is left out.</summary>
public sealed class NetDriverOptions
{
    /// <summary>Features that are accepted when they are offered, bit n for feature n; VERSION_1 always is.</summary>
    public ulong WantedFeatures { get; init; } = NetFeatures.Supported;

    /// <summary>Features written as they are, offered or not, to see what the device does; null: as wanted.</summary>
    public ulong? ForcedFeatures { get; init; }

    /// <summary>Queue pairs, 1 upwards; not more than the device has are used.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Size of receive and transmit queues, 1 to 32768, for split rings a power of two.</summary>
    public int QueueSize { get; init; } = 256;

    /// <summary>Size of a receive buffer with its header, bytes; 0: what the features require (VIRTIO 1.4, 5.1.6.3.1).</summary>
    public int ReceiveBufferBytes { get; init; }

    /// <summary>Elements of a receive buffer, 1 to 64; in an indirect table when that was negotiated.</summary>
    public int ReceiveElements { get; init; } = 1;

    /// <summary>Largest frame that is copied into a transmit buffer, bytes.</summary>
    public int TransmitFrameBytes { get; init; } = 1522;

    /// <summary>How transmit buffers are cut.</summary>
    public TransmitLayout TransmitLayout { get; init; } = TransmitLayout.Whole;

    /// <summary>Ask for an interrupt after this many received frames; 0: for none.</summary>
    public int InterruptAfter { get; init; } = 1;

    /// <summary>Ask for an interrupt after this many sent frames; 0: for none.</summary>
    public int TransmitInterruptAfter { get; init; }

    /// <summary>Use MSI-X; without it changes are found by polling and by the ISR status.</summary>
    public bool UsesMsix { get; init; } = true;

    /// <summary>Reach all registers through the PCI configuration access capability (VIRTIO 1.4, 4.1.4.9).</summary>
    public bool UsesConfigWindow { get; init; }
}
