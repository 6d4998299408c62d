// The engine that reads and writes virtqueues and moves frames. Firmware grants it turns; no payload enters firmware.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>What a queue is for. Source: VIRTIO 1.4, 5.1.2.</summary>
    public enum QueueRole
    {
        Receive = 0,
        Transmit = 1,
        Control = 2,
    }

    /// <summary>What the engine must know of a queue before it runs. Lent for the call.</summary>
    public sealed class QueueSetup
    {
        /// <summary>Index of the function, as firmware numbers functions.</summary>
        public int Function;

        /// <summary>Number of the queue within the function.</summary>
        public int Queue;

        /// <summary>What it is for.</summary>
        public QueueRole Role;

        /// <summary>Queue size, 1 to 32768 entries.</summary>
        public int Size;

        /// <summary>Bus address of the descriptor area.</summary>
        public ulong DescriptorArea;

        /// <summary>Bus address of the driver area.</summary>
        public ulong DriverArea;

        /// <summary>Bus address of the device area.</summary>
        public ulong DeviceArea;

        /// <summary>Features that were negotiated, bit n for feature n.</summary>
        public ulong Features;
    }

    /// <summary>What the engine has to report of a queue.</summary>
    public enum QueueEventKind
    {
        /// <summary>A turn is over: Frames, Bytes and HasMore say how it went.</summary>
        TurnOver = 0,

        /// <summary>
        /// Buffers were used, and the driver wants to hear of it or its notification is held back
        /// (<see cref="IQueueEngine.HoldNotification"/>): Frames says for how many frames since the last such report.
        /// </summary>
        Used = 1,

        /// <summary>The driver's ring is broken; the engine has stopped the queue.</summary>
        Broken = 2,

        /// <summary>
        /// A request of the turn under way failed, as Fault says; the engine has stopped the queue, and no TurnOver follows.
        /// </summary>
        Faulted = 3,
    }

    /// <summary>How a read request ends that does not succeed. Source: PCI Express Base Specification 5.0, 2.2.9, 2.3.2 and 2.8.</summary>
    public enum DmaFault
    {
        /// <summary>It did not fail.</summary>
        None = 0,

        /// <summary>No completion came in time.</summary>
        CompletionTimeout = 1,

        /// <summary>The data of the completion carried the poison bit.</summary>
        PoisonedCompletion = 2,

        /// <summary>The completion's status was Unsupported Request: also what a link answers that is down.</summary>
        UnsupportedRequest = 3,

        /// <summary>The completion's status was Completer Abort.</summary>
        CompleterAbort = 4,
    }

    /// <summary>One report. Lent by the firmware to be filled.</summary>
    public sealed class QueueEvent
    {
        public QueueEventKind Kind;

        /// <summary>Index of the function.</summary>
        public int Function;

        /// <summary>Number of the queue within the function.</summary>
        public int Queue;

        /// <summary>
        /// Frames moved, or frames that buffers were used for: a frame in several buffers is one, and so is a command.
        /// </summary>
        public int Frames;

        /// <summary>
        /// Bytes of the frames that were sent or received, without VIRTIO headers: each frame once, and at 60 bytes at the least, as IEEE
        /// 802.3 pads it (3.2.8).
        /// </summary>
        public int Bytes;

        /// <summary>
        /// Bytes that the turn cost: of the frames taken, those dropped included, and of every further copy and segment made of them, each
        /// counted as in <see cref="Bytes"/>.
        /// </summary>
        public int CopiedBytes;

        /// <summary>True when the queue had more than the turn's budget; false when it was found empty and its doorbell armed.</summary>
        public bool HasMore;

        /// <summary>
        /// True when the queue may have more that cannot be moved for the moment; its doorbell rings by itself when it can.
        /// </summary>
        public bool IsBlocked;

        /// <summary>What failed, in a Faulted event.</summary>
        public DmaFault Fault;
    }

    /// <summary>
    /// Virtqueues and frames. A turn of a transmit queue moves frames from it to wherever the switch sends them; a turn of
    /// a receive queue moves frames that had waited for its buffers.
    /// </summary>
    public interface IQueueEngine
    {
        /// <summary>
        /// Says whether a function may issue memory requests; after a start of the endpoint none may. While it may not, nothing of
        /// its memory is read or written from the return on: a turn under way ends early, whatever it reports, a queue
        /// that is started takes its first look later, and to frames for the function its receive queues are as queues without
        /// buffers: they wait in the backlog of their queue, and when that is full they are dropped and counted as such. Once it may again,
        /// firmware grants a turn to each of its queues, for a doorbell may have been missed.
        /// Source: PCI Express Base Specification 5.0, 7.5.1.1.3 (Bus Master Enable) and 5.3.1.4 (D3hot).
        /// </summary>
        void SetBusMaster(int function, bool isBusMaster);

        /// <summary>Starts a queue that is stopped; its counters begin at zero.</summary>
        /// <returns>BadArgument when its areas cannot be reached or its size cannot be.</returns>
        HalStatus Start(QueueSetup setup);

        /// <summary>
        /// Stops a queue: after the return nothing of its memory is read or written, and no event of it is reported. A queue
        /// that is not running stays as it is.
        /// </summary>
        void Stop(int function, int queue);

        /// <summary>
        /// Grants a turn to a running receive or transmit queue of a function that may issue memory requests; its TurnOver event
        /// follows. A transmit queue may be granted further turns before that; each begins where the one before has ended, and their TurnOver
        /// events come in the order in which they were granted.
        /// </summary>
        /// <param name="frames">Frames to move at the most, 1 upwards.</param>
        /// <param name="bytes">Bytes after which no further frame is begun, 1 upwards, counted as in <see cref="QueueEvent.CopiedBytes"/>.</param>
        HalStatus SubmitTurn(int function, int queue, int frames, int bytes);

        /// <summary>
        /// Says that the notification which the last Used event asked for is held back, or no longer is. While it is, every further
        /// use of buffers is reported, whether the driver wants to hear of that one or not. A queue that is not running stays as it is.
        /// </summary>
        void HoldNotification(int function, int queue, bool isHeld);

        /// <summary>
        /// Looks whether the driver still wants to hear of any buffer that was used since the Used event whose notification is
        /// held back. It does not once it has switched notifications off, or has seen the buffers by itself and asks for a later one:
        /// then it has yet to look into the ring before it waits, and nothing is lost.
        /// Source: VIRTIO 1.4, 2.7.7 and 2.8.10 (used buffer notification suppression).
        /// </summary>
        /// <returns>True also when the memory cannot be asked now; false for a queue that is not running.</returns>
        bool WantsNotification(int function, int queue);

        /// <summary>Takes the next event.</summary>
        /// <returns>False when there is none; <paramref name="queueEvent"/> is unchanged then.</returns>
        bool TryTake(QueueEvent queueEvent);

        /// <summary>Value of a counter of a queue since it was started; 0 for a queue that is not running.</summary>
        /// <param name="counter">A number of <see cref="QueueCounter"/>.</param>
        ulong ReadQueue(int function, int queue, int counter);
    }

    /// <summary>
    /// Commands on control queues of functions that may issue memory requests (<see cref="IQueueEngine.SetBusMaster"/>); firmware
    /// answers a command before it changes that.
    /// </summary>
    public interface ICommandPort
    {
        /// <summary>Copies the driver's part of the next command of a running control queue.</summary>
        /// <param name="buffer">Receives it; of a longer command it receives the first bytes.</param>
        /// <returns>Length of the command in bytes, which may exceed the buffer; -1 when there is none.</returns>
        int TryTake(int function, int queue, byte[] buffer);

        /// <summary>Answers the command that was taken last; what does not fit into the driver's buffers is left out.</summary>
        /// <param name="reply">The ack byte, then the result.</param>
        /// <param name="length">Bytes of it, 1 upwards.</param>
        void Complete(int function, int queue, byte[] reply, int length);
    }
}
