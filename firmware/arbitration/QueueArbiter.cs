// Who is next and how much: plain round robin over the queues that have work. Weights and limits come here.
using SmartNicFw.Firmware.Dma;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>Grants turns. A queue that has more after its turn stands behind every other that waits.</summary>
    public sealed class QueueArbiter
    {
        /// <summary>Frames of a turn at the most.</summary>
        public const int FramesPerTurn = 64;

        /// <summary>Bytes of a turn after which no further frame is begun.</summary>
        public const int BytesPerTurn = 64 * 1024;

        /// <summary>Turns that one step grants at the most.</summary>
        public const int TurnsPerStep = 16;

        private readonly PendingQueues _pending;
        private readonly DmaScheduler _scheduler;

        /// <summary>Connects the room.</summary>
        public QueueArbiter(PendingQueues pending, DmaScheduler scheduler)
        {
            _pending = pending;
            _scheduler = scheduler;
        }

        /// <summary>Grants the turns of one step, or fewer when the engine has no room.</summary>
        public void Run()
        {
            for (int turn = 0; turn < TurnsPerStep; turn++)
            {
                int index = _pending.TryTake();
                if (index < 0 || !_scheduler.TrySubmit(index, FramesPerTurn, BytesPerTurn))
                {
                    return;
                }
            }
        }
    }
}
