// What a notification waits for where neither driver nor operator says: measured by queue, chosen among levels. Arms no timer, sends nothing.
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// Samples of 64 notifications and 256 reports of used buffers, each compared with the one before: more bytes in the same time are
    /// better, else more frames, else fewer notifications; a difference of a tenth or less is none. <see cref="LevelSearch"/> makes a step
    /// of it. Every event costs the same, whatever the traffic: a sample's end is a few divisions. What a notification waits for at the most
    /// is the time of the highest level (<see cref="AdaptiveLevels"/>), whatever its driver or its peers do to have it swing, and no other
    /// queue notices.
    /// </summary>
    /// <remarks>
    /// <para>This is dynamic interrupt moderation as Linux has it (lib/dim/net_dim.c and dim.c: 64 events a sample, a tenth, bytes before
    /// packets before events, five levels, parking on top and tired), on the device's side, and with what that side knows and needs. Its
    /// lowest level lets nothing wait, where Linux's are 1 to 5 us, and a level waits for half a ring of frames at the most. A sample has
    /// 256 reports also: so many that come by chance seldom differ by a tenth, 64 often do. The device sees how many reports
    /// joined a notification: a level on which hardly any does is left within 8 for level 0, and tried again ten samples later; a level is
    /// tried only if two would join at the pace of the sample, and those that promise less are passed over. A sample ends after 10 ms
    /// also, and when its pace no longer fills its level the search begins anew; so it does after a pause of as long, before the
    /// notification at hand waits: traffic that begins has no delay from its first frame on. As there, each step up may cost a
    /// tenth of the throughput, for that is no difference.</para>
    /// <para>A clock that stands still ends no sample: the level stays, and its frames bound the wait. One that jumps, forth or back, makes a
    /// pause: the search begins anew. Counters and the lower half of the clock wrap; only differences count. A pause of 2^32 us, to within
    /// 10 ms, looks like none: one notification waits that need not.</para>
    /// </remarks>
    public sealed class AdaptiveModeration
    {
        /// <summary>Notifications of a sample, at the least.</summary>
        public const int NotificationsPerSample = 64;

        /// <summary>Reports of used buffers in a sample, at the least.</summary>
        public const int ReportsPerSample = 256;

        /// <summary>Microseconds after which a sample is over with fewer, and of a pause after which all begins anew.</summary>
        public const int SampleUs = 10000;

        /// <summary>Notifications, and again, after which a level is left on which less than every other was joined by a report.</summary>
        public const int TrialNotifications = 8;

        private const uint UsPerMs = 1000;
        private const uint UsPerSecond = 1000000;

        private readonly VirtioState _state;
        private readonly IQueueEngine _engine;
        private readonly LevelSearch _search;

        // By queue: the level's parameters; when its last notification began.
        private readonly ushort[] _usecs;
        private readonly ushort[] _packets;
        private readonly uint[] _lastUs;

        // By queue, of the sample under way: since when, what the engine had counted then, notifications (0: none is under way), reports.
        private readonly uint[] _sinceUs;
        private readonly uint[] _sinceBytes;
        private readonly uint[] _sinceFrames;
        private readonly ushort[] _notifications;
        private readonly uint[] _reports;

        // By queue, of the sample that is compared with: bytes a millisecond, frames and notifications a second; all 0 for none.
        private readonly uint[] _bytesBefore;
        private readonly uint[] _framesBefore;
        private readonly uint[] _notificationsBefore;

        /// <summary>Starts with every queue at level 0.</summary>
        public AdaptiveModeration(VirtioState state, IQueueEngine engine)
        {
            int queues = state.Queues.Count;
            _state = state;
            _engine = engine;
            _search = new LevelSearch(queues);
            _usecs = new ushort[queues];
            _packets = new ushort[queues];
            _lastUs = new uint[queues];
            _sinceUs = new uint[queues];
            _sinceBytes = new uint[queues];
            _sinceFrames = new uint[queues];
            _notifications = new ushort[queues];
            _reports = new uint[queues];
            _bytesBefore = new uint[queues];
            _framesBefore = new uint[queues];
            _notificationsBefore = new uint[queues];
        }

        /// <summary>Where a queue stands, 0 to <see cref="AdaptiveLevels.Highest"/>.</summary>
        public int Level(int index)
        {
            return _search.Level(index);
        }

        /// <summary>Microseconds that a notification of the queue waits at the most; 0 for none.</summary>
        public uint Usecs(int index)
        {
            return _usecs[index];
        }

        /// <summary>Frames for which it waits at the most; 0 for none.</summary>
        public uint Packets(int index)
        {
            return _packets[index];
        }

        /// <summary>A queue is moderated from now on: it begins anew at level 0.</summary>
        public void Begin(int index)
        {
            _search.Begin(index);
            _usecs[index] = 0;
            _packets[index] = 0;
            _notifications[index] = 0;
            _bytesBefore[index] = 0;
            _framesBefore[index] = 0;
            _notificationsBefore[index] = 0;
        }

        /// <summary>A report of used buffers is the first of a notification. Called before it is known whether and how long it waits.</summary>
        public void First(int function, int index, long nowUs)
        {
            uint apartUs = (uint)nowUs - _lastUs[index];
            _lastUs[index] = (uint)nowUs;
            int notifications = _notifications[index];
            if (notifications != 0)
            {
                uint elapsedUs = (uint)nowUs - _sinceUs[index];
                if (apartUs >= SampleUs)
                {
                    Begin(index);
                    notifications = 0;
                }
                else if (elapsedUs >= SampleUs || (notifications >= NotificationsPerSample && _reports[index] >= ReportsPerSample))
                {
                    EndSample(function, index, elapsedUs);
                    notifications = 0;
                }
                else if (notifications % TrialNotifications == 0 && JoinsNothing(index))
                {
                    _search.Rest(index);
                    Take(index, 0);
                    notifications = 0;
                }
            }

            if (notifications == 0)
            {
                _sinceUs[index] = (uint)nowUs;
                _sinceBytes[index] = Counted(function, index, QueueCounter.Bytes);
                _sinceFrames[index] = Counted(function, index, QueueCounter.Frames);
                _reports[index] = 0;
            }

            _notifications[index] = (ushort)(notifications + 1);
            _reports[index]++;
        }

        /// <summary>A further report joins a notification that waits.</summary>
        public void Joined(int index)
        {
            _reports[index]++;
        }

        private void EndSample(int function, int index, uint elapsedUs)
        {
            if (elapsedUs == 0)
            {
                return;
            }

            uint reports = _reports[index];
            int direction = _state.Queues.QueueOf(index) & 1;
            int level = _search.Level(index);
            if (level != 0 && !AdaptiveLevels.Brings(direction, level, reports, elapsedUs, 1))
            {
                Begin(index);
                return;
            }

            if (JoinsNothing(index))
            {
                _search.Rest(index);
                Take(index, 0);
                return;
            }

            uint bytes = Rate(Counted(function, index, QueueCounter.Bytes) - _sinceBytes[index], UsPerMs, elapsedUs);
            uint frames = Rate(Counted(function, index, QueueCounter.Frames) - _sinceFrames[index], UsPerSecond, elapsedUs);
            uint notifications = Rate(_notifications[index], UsPerSecond, elapsedUs);
            SampleOutcome outcome = Compare(index, bytes, frames, notifications);
            bool wasOnTop = _search.IsOnTop(index);
            _search.Decide(
                index, outcome, AdaptiveLevels.Above(direction, level, reports, elapsedUs),
                AdaptiveLevels.Below(direction, level, reports, elapsedUs));
            if (!wasOnTop || !_search.IsOnTop(index))
            {
                _bytesBefore[index] = bytes;
                _framesBefore[index] = frames;
                _notificationsBefore[index] = notifications;
            }

            Take(index, direction);
        }

        private bool JoinsNothing(int index)
        {
            return _search.Level(index) != 0 && 2 * _reports[index] < 3u * _notifications[index];
        }

        private void Take(int index, int direction)
        {
            int level = _search.Level(index);
            _usecs[index] = AdaptiveLevels.Usecs(direction, level);
            _packets[index] = AdaptiveLevels.Packets(direction, level, _state.Size[index]);
        }

        private SampleOutcome Compare(int index, uint bytes, uint frames, uint notifications)
        {
            if (Differs(bytes, _bytesBefore[index]))
            {
                return bytes > _bytesBefore[index] ? SampleOutcome.Better : SampleOutcome.Worse;
            }

            if (Differs(frames, _framesBefore[index]))
            {
                return frames > _framesBefore[index] ? SampleOutcome.Better : SampleOutcome.Worse;
            }

            if (Differs(notifications, _notificationsBefore[index]))
            {
                return _notificationsBefore[index] == 0 || notifications < _notificationsBefore[index]
                    ? SampleOutcome.Better
                    : SampleOutcome.Worse;
            }

            return SampleOutcome.Same;
        }

        // The engine's counters are longer; their lower half is enough for differences.
        private uint Counted(int function, int index, int counter)
        {
            return (uint)_engine.ReadQueue(function, _state.Queues.QueueOf(index), counter);
        }

        private static uint Rate(uint count, uint per, uint elapsedUs)
        {
            ulong rate = (ulong)count * per / elapsedUs;
            return rate < uint.MaxValue ? (uint)rate : uint.MaxValue;
        }

        private static bool Differs(uint value, uint before)
        {
            ulong difference = value > before ? value - before : before - value;
            return difference * 10 > before;
        }
    }
}
