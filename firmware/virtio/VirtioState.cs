// What VIRTIO keeps of every function and every queue, in arrays of primitives. Knows no rule: the rooms beside it do.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>Bits of <see cref="VirtioState.Flags"/>.</summary>
    public static class QueueFlag
    {
        /// <summary>The area was written since the queue's reset.</summary>
        public const int DescriptorSet = 0x01;
        public const int DriverSet = 0x02;
        public const int DeviceSet = 0x04;
        public const int AllSet = DescriptorSet | DriverSet | DeviceSet;

        /// <summary>The size that was written last cannot be.</summary>
        public const int BadSize = 0x08;

        /// <summary>queue_enable reads 1.</summary>
        public const int Enabled = 0x10;

        /// <summary>The engine runs it.</summary>
        public const int Running = 0x20;

        /// <summary>Its doorbell rang after its last turn had begun.</summary>
        public const int Rung = 0x40;
    }

    /// <summary>State by function and by queue; a queue's place is <see cref="QueueNumbering"/>'s index.</summary>
    public sealed class VirtioState
    {
        // By function.
        public readonly byte[] Status;
        public readonly byte[] FeatureFaults;
        public readonly byte[] Generation;
        public readonly byte[] ConfigChanged;
        public readonly byte[] Isr;
        public readonly byte[] ReceiveMode;
        public readonly byte[] FilterOverflow;
        public readonly byte[] HashKeys;
        public readonly ushort[] QueueSelect;
        public readonly ushort[] ConfigVector;
        public readonly ushort[] PairsInUse;
        public readonly uint[] DeviceFeatureSelect;
        public readonly uint[] DriverFeatureSelect;
        public readonly uint[] HashTypes;
        public readonly uint[] Commands;
        public readonly uint[] CommandsOk;
        public readonly ulong[] Features;
        public readonly ulong[] Mac;

        // By queue.
        public readonly byte[] Flags;
        public readonly ushort[] Size;
        public readonly ushort[] Vector;
        public readonly ulong[] DescriptorArea;
        public readonly ulong[] DriverArea;
        public readonly ulong[] DeviceArea;

        /// <summary>Doorbells that were taken for the queue while it ran; those that the hardware made one of are one.</summary>
        public readonly ulong[] Notifications;

        /// <summary>MSI-X messages that the queue caused; while one is pending, a further cause makes none.</summary>
        public readonly ulong[] Interrupts;

        private readonly PolicyTable _policy;
        private readonly int _maxQueueSize;

        /// <summary>Makes room for every function and queue, each with its reset values.</summary>
        public VirtioState(EndpointConfiguration configuration, FunctionNumbering numbering, PolicyTable policy)
        {
            _policy = policy;
            _maxQueueSize = configuration.MaxQueueSize;
            Queues = new QueueNumbering(configuration, numbering);
            int functions = numbering.Count;
            Status = new byte[functions];
            FeatureFaults = new byte[functions];
            Generation = new byte[functions];
            ConfigChanged = new byte[functions];
            Isr = new byte[functions];
            ReceiveMode = new byte[functions];
            FilterOverflow = new byte[functions];
            HashKeys = new byte[functions * VirtioNetHash.KeyBytes];
            QueueSelect = new ushort[functions];
            ConfigVector = new ushort[functions];
            PairsInUse = new ushort[functions];
            DeviceFeatureSelect = new uint[functions];
            DriverFeatureSelect = new uint[functions];
            HashTypes = new uint[functions];
            Commands = new uint[functions];
            CommandsOk = new uint[functions];
            Features = new ulong[functions];
            Mac = new ulong[functions];
            Flags = new byte[Queues.Count];
            Size = new ushort[Queues.Count];
            Vector = new ushort[Queues.Count];
            DescriptorArea = new ulong[Queues.Count];
            DriverArea = new ulong[Queues.Count];
            DeviceArea = new ulong[Queues.Count];
            Notifications = new ulong[Queues.Count];
            Interrupts = new ulong[Queues.Count];
            for (int function = 0; function < functions; function++)
            {
                Clear(function);
            }
        }

        /// <summary>How queues are numbered.</summary>
        public QueueNumbering Queues { get; }

        /// <summary>Number of functions.</summary>
        public int Functions => Status.Length;

        /// <summary>Gives a function and its stopped queues their reset values; its address is the policy's to set.</summary>
        public void Clear(int function)
        {
            Status[function] = 0;
            FeatureFaults[function] = 0;
            Isr[function] = 0;
            ReceiveMode[function] = 0;
            FilterOverflow[function] = 0;
            QueueSelect[function] = 0;
            ConfigVector[function] = VirtioCommonConfig.NoVector;
            PairsInUse[function] = 1;
            DeviceFeatureSelect[function] = 0;
            DriverFeatureSelect[function] = 0;
            HashTypes[function] = 0;
            Commands[function] = 0;
            CommandsOk[function] = 0;
            Features[function] = 0;
            int keyEnd = (function + 1) * VirtioNetHash.KeyBytes;
            for (int at = function * VirtioNetHash.KeyBytes; at < keyEnd; at++)
            {
                HashKeys[at] = 0;
            }

            int first = Queues.First(function);
            int end = first + Queues.MaxQueues(function);
            for (int index = first; index < end; index++)
            {
                ClearQueue(index);
            }
        }

        /// <summary>Gives a stopped queue its reset values.</summary>
        public void ClearQueue(int index)
        {
            Flags[index] = 0;
            Size[index] = (ushort)_maxQueueSize;
            Vector[index] = VirtioCommonConfig.NoVector;
            DescriptorArea[index] = 0;
            DriverArea[index] = 0;
            DeviceArea[index] = 0;
            Notifications[index] = 0;
            Interrupts[index] = 0;
        }

        /// <summary>True when all these bits of the queue's flags are set.</summary>
        public bool Has(int index, int flags)
        {
            return (Flags[index] & flags) == flags;
        }

        /// <summary>Sets and clears bits of a queue's flags.</summary>
        public void Change(int index, int clear, int set)
        {
            Flags[index] = (byte)((Flags[index] & ~clear) | set);
        }

        /// <summary>True when all these bits of the function's device status are set.</summary>
        public bool IsStatus(int function, int bits)
        {
            return (Status[function] & bits) == bits;
        }

        /// <summary>True when the driver runs the function and the function is not broken.</summary>
        public bool IsLive(int function)
        {
            return (Status[function] & (VirtioDeviceStatus.DriverOk | VirtioDeviceStatus.DeviceNeedsReset))
                == VirtioDeviceStatus.DriverOk;
        }

        /// <summary>True when any of these features was negotiated.</summary>
        public bool IsNegotiated(int function, ulong features)
        {
            return (Features[function] & features) != 0 && IsStatus(function, VirtioDeviceStatus.FeaturesOk);
        }

        /// <summary>max_virtqueue_pairs: what the operator gave the function.</summary>
        public int MaxPairs(int function)
        {
            return _policy.QueuePairs[function];
        }

        /// <summary>num_queues: those of all pairs, and the control queue.</summary>
        public int MaxQueues(int function)
        {
            return (2 * MaxPairs(function)) + 1;
        }

        /// <summary>Pairs that exist: one, unless MQ or RSS was negotiated (VIRTIO 1.4, 5.1.2).</summary>
        public int Pairs(int function)
        {
            return IsNegotiated(function, FeatureOffer.Mq | FeatureOffer.Rss) ? MaxPairs(function) : 1;
        }

        /// <summary>Number of the control queue, or -1 when there is none (VIRTIO 1.4, 5.1.2).</summary>
        public int ControlQueue(int function)
        {
            return IsNegotiated(function, FeatureOffer.CtrlVq) ? 2 * Pairs(function) : -1;
        }

        /// <summary>Queues that exist: until features are settled all that the function may have.</summary>
        public int QueueCount(int function)
        {
            if (!IsStatus(function, VirtioDeviceStatus.FeaturesOk))
            {
                return MaxQueues(function);
            }

            return (2 * Pairs(function)) + (IsNegotiated(function, FeatureOffer.CtrlVq) ? 1 : 0);
        }

        /// <summary>Index of a queue that exists, or -1.</summary>
        /// <param name="queue">Any number.</param>
        public int IndexOf(int function, int queue)
        {
            return queue >= 0 && queue < QueueCount(function) ? Queues.First(function) + queue : -1;
        }

        /// <summary>What a queue is for.</summary>
        public QueueRole RoleOf(int function, int queue)
        {
            if (queue == ControlQueue(function))
            {
                return QueueRole.Control;
            }

            return (queue & 1) == 0 ? QueueRole.Receive : QueueRole.Transmit;
        }

        /// <summary>Whether the queues of the first pairs are all enabled.</summary>
        public bool ArePairsEnabled(int function, int pairs)
        {
            int first = Queues.First(function);
            for (int index = first; index < first + (2 * pairs); index++)
            {
                if (!Has(index, QueueFlag.Enabled))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
