// One queue that firmware has started: its ring, its owner, and what the turn has done to it. Moves nothing itself.
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Engine;

/// <summary>A started queue.</summary>
internal sealed class RunningQueue
{
    private RunningQueue(QueueSetup setup, Virtqueue ring)
    {
        Ring = ring;
        Function = setup.Function;
        Queue = setup.Queue;
        Role = setup.Role;
        Features = setup.Features;
        HeaderBytes = Has(VirtioNetFeature.HashReport) ? VirtioNetHeader.HashBytes : VirtioNetHeader.Bytes;
        IsMergeable = Has(VirtioNetFeature.MrgRxbuf);
        Commands = setup.Role == QueueRole.Control ? new ControlCommands(ring) : null;
        Backlog = setup.Role == QueueRole.Receive ? new Backlog() : null;
    }

    public Virtqueue Ring { get; }

    public int Function { get; }

    public int Queue { get; }

    public QueueRole Role { get; }

    public ulong Features { get; }

    /// <summary>Bytes of the VIRTIO header before each frame.</summary>
    public int HeaderBytes { get; }

    /// <summary>A frame may take several buffers.</summary>
    public bool IsMergeable { get; }

    /// <summary>Commands, of a control queue.</summary>
    public ControlCommands? Commands { get; }

    /// <summary>Frames that wait for buffers, of a receive queue.</summary>
    public Backlog? Backlog { get; }

    /// <summary>Number of the queue's group within the turn under way; -1 for none.</summary>
    public int Group { get; set; } = -1;

    /// <summary>Its row in <see cref="QueueCounters"/>.</summary>
    public int CounterRow { get; set; } = QueueCounters.None;

    /// <summary>All frames of its last batch were plain ones for one receive queue.</summary>
    public bool IsStream { get; set; }

    /// <summary>It waits for memory, and is in the table's list of those that do.</summary>
    public bool IsResting { get; set; }

    /// <summary>Frames that buffers were used for since the last publish.</summary>
    public int Used { get; set; }

    /// <summary>Frames whose used buffers wait to be reported; 0 while no report of them waits.</summary>
    public int Reported { get; set; }

    /// <summary>True when the features have one.</summary>
    public bool Has(int feature) => (Features & (1UL << feature)) != 0;

    /// <summary>Starts a queue; null when its areas cannot be.</summary>
    public static RunningQueue? TryStart(QueueSetup setup, GuestMemory memory) =>
        Virtqueue.TryCreate(setup, memory, out Virtqueue? ring) ? new RunningQueue(setup, ring!) : null;
}
