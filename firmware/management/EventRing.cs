// What happened to functions that an operator should hear of: the last events, with their time. Knows no cause.
namespace SmartNicFw.Firmware.Management
{
    /// <summary>Kinds of events.</summary>
    public static class EventKind
    {
        /// <summary>A read of the function found no completion in time.</summary>
        public const int CompletionTimeout = 1;

        /// <summary>A read of the function was answered with poisoned data.</summary>
        public const int PoisonedCompletion = 2;

        /// <summary>A read of the function was answered Unsupported Request.</summary>
        public const int UnsupportedRequest = 3;

        /// <summary>A read of the function was answered Completer Abort.</summary>
        public const int CompleterAbort = 4;

        /// <summary>Turns of a function that is being reset did not end by themselves, and were cut short.</summary>
        public const int DrainCutShort = 5;
    }

    /// <summary>A ring of fixed size: a new event takes the place of the oldest, which is counted as lost.</summary>
    public sealed class EventRing
    {
        /// <summary>Events that are kept.</summary>
        public const int Size = 64;

        private readonly long[] _timeUs = new long[Size];
        private readonly ushort[] _function = new ushort[Size];
        private readonly byte[] _kind = new byte[Size];
        private int _first;

        /// <summary>Events in the ring.</summary>
        public int Count { get; private set; }

        /// <summary>Events that newer ones have taken the place of.</summary>
        public uint Lost { get; private set; }

        /// <summary>Adds an event.</summary>
        public void Add(long timeUs, int function, int kind)
        {
            int at = (_first + Count) % Size;
            if (Count == Size)
            {
                _first = (_first + 1) % Size;
                Lost++;
            }
            else
            {
                Count++;
            }

            _timeUs[at] = timeUs;
            _function[at] = (ushort)function;
            _kind[at] = (byte)kind;
        }

        /// <summary>Time of an event, microseconds of the board's clock.</summary>
        /// <param name="number">0, the oldest, to Count - 1.</param>
        public long TimeUs(int number)
        {
            return _timeUs[(_first + number) % Size];
        }

        /// <summary>The function of an event.</summary>
        public int Function(int number)
        {
            return _function[(_first + number) % Size];
        }

        /// <summary>The kind of an event.</summary>
        public int Kind(int number)
        {
            return _kind[(_first + number) % Size];
        }
    }
}
