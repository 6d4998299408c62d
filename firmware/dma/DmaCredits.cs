// What each DMA channel may have outstanding, and what of it is taken. Knows no queue.
namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// Bytes being read, tags of read requests, bytes being written, and turns, each with credits of its own: what writes take, reads never
    /// lack, and the other way round. Turns that only write leave a quarter of the write credits to turns that read and write. A function holds at
    /// most half of all credits of a kind, so that one whose turns do not end leaves its neighbours the rest.
    /// </summary>
    public sealed class DmaCredits
    {
        /// <summary>No channel: the channels are full.</summary>
        public const int Full = -1;

        /// <summary>No channel: the function holds its share.</summary>
        public const int OverShare = -2;

        /// <summary>Turns whose credits a channel has at the least; a function has half as many of each channel.</summary>
        public const int TurnsOfAChannel = 16;

        /// <summary>Turns, however short, that a channel works on at a time.</summary>
        public const int TurnsOfAChannelAtMost = 64;

        private const int Kinds = 4;
        private const int Read = 0;
        private const int Tags = 1;
        private const int Write = 2;
        private const int Turns = 3;

        private readonly int _channels;

        // By kind: what a channel has, and what a function may hold of all of them.
        private readonly int[] _capacity;
        private readonly int[] _share;

        // By channel and kind: what is free. By function and kind: what it holds.
        private readonly int[] _free;
        private readonly int[] _held;

        /// <summary>Starts with all credits free.</summary>
        public DmaCredits(EndpointConfiguration configuration, int functions)
        {
            _channels = configuration.DmaChannels;
            _capacity = new int[Kinds];
            _capacity[Read] = configuration.DmaOutstandingBytes;
            _capacity[Tags] = configuration.DmaTags;
            _capacity[Write] = configuration.DmaOutstandingBytes;
            _capacity[Turns] = TurnsOfAChannelAtMost;
            _share = new int[Kinds];
            for (int kind = 0; kind < Kinds; kind++)
            {
                _share[kind] = _capacity[kind] * _channels / 2;
            }

            WindowBytes = _capacity[Read] / TurnsOfAChannel;
            WindowTags = _capacity[Tags] / TurnsOfAChannel;
            _free = new int[_channels * Kinds];
            _held = new int[functions * Kinds];
            for (int at = 0; at < _free.Length; at++)
            {
                _free[at] = _capacity[at % Kinds];
            }
        }

        /// <summary>Turns that all channels work on at a time, at the most.</summary>
        public static int TurnsAtMost(EndpointConfiguration configuration)
        {
            return TurnsOfAChannelAtMost * configuration.DmaChannels;
        }

        /// <summary>Bytes that a turn reserves at the most, however long it is: the channel streams the rest behind them.</summary>
        public int WindowBytes { get; }

        /// <summary>Tags that a turn reserves at the most.</summary>
        public int WindowTags { get; }

        /// <summary>Takes credits of the channel that has most to read with left.</summary>
        /// <param name="read">Bytes to be read, 0 to <see cref="WindowBytes"/>.</param>
        /// <param name="tags">Read requests, 0 to <see cref="WindowTags"/>.</param>
        /// <param name="write">Bytes to be written, 0 to <see cref="WindowBytes"/>.</param>
        /// <returns>The channel; <see cref="Full"/> or <see cref="OverShare"/>, and then nothing is taken.</returns>
        public int TryTake(int function, int read, int tags, int write)
        {
            int held = function * Kinds;
            if (_held[held + Read] + read > _share[Read] || _held[held + Tags] + tags > _share[Tags]
                || _held[held + Write] + write > _share[Write] || _held[held + Turns] == _share[Turns])
            {
                return OverShare;
            }

            int chosen = Full;
            int most = -1;
            int leaves = read == 0 ? _capacity[Write] / 4 : 0;
            for (int channel = 0; channel < _channels; channel++)
            {
                int at = channel * Kinds;
                if (_free[at + Read] >= read && _free[at + Tags] >= tags && _free[at + Write] - leaves >= write
                    && _free[at + Turns] != 0 && _free[at + Read] > most)
                {
                    chosen = channel;
                    most = _free[at + Read];
                }
            }

            if (chosen != Full)
            {
                Add(chosen, function, read, tags, write, 1);
            }

            return chosen;
        }

        /// <summary>Gives credits back.</summary>
        public void Return(int channel, int function, int read, int tags, int write)
        {
            Add(channel, function, -read, -tags, -write, -1);
        }

        /// <summary>Bytes that may be read (0), tags (1), bytes that may be written (2) or turns (3) on a channel.</summary>
        public int Free(int channel, int kind)
        {
            return _free[(channel * Kinds) + kind];
        }

        private void Add(int channel, int function, int read, int tags, int write, int turns)
        {
            int at = channel * Kinds;
            int held = function * Kinds;
            _free[at + Read] -= read;
            _free[at + Tags] -= tags;
            _free[at + Write] -= write;
            _free[at + Turns] -= turns;
            _held[held + Read] += read;
            _held[held + Tags] += tags;
            _held[held + Write] += write;
            _held[held + Turns] += turns;
        }
    }
}
