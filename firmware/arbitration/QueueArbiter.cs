// Who is next and how much: plain round robin over the queues that have work. Weights and limits come here.
using SmartNicFw.Firmware.Dma;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>Grants turns. A queue that has more after its turn stands behind every other that waits.</summary>
    public sealed class QueueArbiter
    {
        /// <summary>Frames of a turn at the most.</summary>
        public const int FramesPerTurn = 64;

        /// <summary>Bytes of a turn after which no further frame is begun: so many frames of 1,500 bytes.</summary>
        public const int BytesPerTurn = FramesPerTurn * 1536;

        private readonly PendingQueues _pending;
        private readonly DmaScheduler _scheduler;

        /// <summary>Connects the room.</summary>
        public QueueArbiter(PendingQueues pending, DmaScheduler scheduler)
        {
            _pending = pending;
            _scheduler = scheduler;
        }

        /// <summary>Grants the next turn.</summary>
        /// <returns>False when no queue has work, or the engine has no room.</returns>
        public bool TryGrant()
        {
            int index = _pending.TryTake();
            return index >= 0 && _scheduler.TrySubmit(index, FramesPerTurn, BytesPerTurn);
        }
    }
}
