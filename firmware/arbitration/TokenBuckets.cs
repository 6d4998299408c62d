// Token buckets, one for each rate: what may be sent now, and when again. Knows nobody whose rate it is.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// A bucket fills at its rate up to its burst, and may be overdrawn by what was not known when it was asked. At any time it has let
    /// pass at most rate × time + burst + one overdraft. Levels are in bits, because a Mbit/s is a bit a microsecond: nothing is rounded.
    /// A clock that stands still or goes back fills nothing; one that jumps fills up to the burst.
    /// </summary>
    public sealed class TokenBuckets
    {
        /// <summary>Largest rate, Mbit/s: 1 Tbit/s.</summary>
        public const int MaxMbps = 1000000;

        /// <summary>Smallest burst, bytes.</summary>
        public const int MinBurstBytes = 32 * 1024;

        /// <summary>Time of the rate that a burst holds at the least, microseconds.</summary>
        public const int BurstUs = 2000;

        private const int BitsPerByte = 8;

        // More than the longest turn of long frames.
        private const int LongTurnBytes = 256 * 1024;

        // An empty bucket is worth looking at again when it holds this time of its rate, or so many bytes.
        private const int ResumeUs = 1000;
        private const int ResumeBytes = 16 * 1024;

        // A longer time fills any bucket; the product with the largest rate fits.
        private const long LongestUs = 1L << 40;

        private readonly IMonotonicClock _clock;
        private readonly int[] _mbps;
        private readonly long[] _bits;
        private readonly long[] _atUs;
        private int _set;

        /// <summary>Starts with no rate.</summary>
        public TokenBuckets(int buckets, IMonotonicClock clock)
        {
            _clock = clock;
            _mbps = new int[buckets];
            _bits = new long[buckets];
            _atUs = new long[buckets];
        }

        /// <summary>True when a bucket has a rate.</summary>
        public bool HasAny => _set != 0;

        /// <summary>Bytes that the bucket of a rate holds at the most.</summary>
        public static int BurstBytes(int mbps)
        {
            long bytes = (long)mbps * BurstUs / BitsPerByte;
            return bytes < MinBurstBytes ? MinBurstBytes : (int)bytes;
        }

        /// <summary>True when the bucket has a rate.</summary>
        public bool IsSet(int bucket)
        {
            return _mbps[bucket] != 0;
        }

        /// <summary>The rate, Mbit/s; 0 for none.</summary>
        public int Rate(int bucket)
        {
            return _mbps[bucket];
        }

        /// <summary>
        /// Sets a rate. What the bucket holds stays, but for what the new burst does not hold: nobody gains by having it changed again and
        /// again. A bucket that had no rate starts empty.
        /// </summary>
        /// <param name="mbps">0 (none) to <see cref="MaxMbps"/>.</param>
        public void SetRate(int bucket, int mbps)
        {
            bool wasSet = IsSet(bucket);
            if (wasSet)
            {
                Level(bucket);
            }
            else
            {
                _bits[bucket] = 0;
                _atUs[bucket] = _clock.NowUs;
            }

            _set += (mbps != 0 ? 1 : 0) - (wasSet ? 1 : 0);
            _mbps[bucket] = mbps;
            Level(bucket);
        }

        /// <summary>Bytes that may pass now: 0 or less when none may.</summary>
        public int Level(int bucket)
        {
            long now = _clock.NowUs;
            long us = now - _atUs[bucket];
            if (us > 0)
            {
                _bits[bucket] += (us < LongestUs ? us : LongestUs) * _mbps[bucket];
                _atUs[bucket] = now;
            }

            long most = (long)BurstBytes(_mbps[bucket]) * BitsPerByte;
            if (_bits[bucket] > most)
            {
                _bits[bucket] = most;
            }

            // Towards minus infinity: a part of a byte is no byte.
            return (int)(_bits[bucket] >> 3);
        }

        /// <summary>Takes bytes, more than there are if it must be; a negative number gives them back.</summary>
        public void Take(int bucket, int bytes)
        {
            _bits[bucket] -= (long)bytes * BitsPerByte;
        }

        /// <summary>
        /// Takes bytes, but leaves no greater debt than a burst and a long turn: who takes them may take more than the rate for as long as
        /// they like, and what they took in excess is soon forgotten.
        /// </summary>
        public void TakeWithin(int bucket, int bytes)
        {
            long least = -(long)(BurstBytes(_mbps[bucket]) + LongTurnBytes) * BitsPerByte;
            long left = _bits[bucket] - ((long)bytes * BitsPerByte);
            _bits[bucket] = left > least ? left : least;
        }

        /// <summary>When an empty bucket holds enough for a turn again, microseconds of the clock.</summary>
        public long ResumeAtUs(int bucket)
        {
            long enough = (long)_mbps[bucket] * ResumeUs;
            if (enough > ResumeBytes * BitsPerByte)
            {
                enough = ResumeBytes * BitsPerByte;
            }

            long missing = enough - _bits[bucket];
            long us = missing <= 0 ? 1 : (missing + _mbps[bucket] - 1) / _mbps[bucket];
            return _atUs[bucket] + us;
        }
    }
}
