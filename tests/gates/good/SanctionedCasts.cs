// The forms a firmware author is told to write, and the unsigned and narrow arithmetic that needs none of them.
namespace Good
{
    public class C
    {
        private readonly int[] _numbers = new int[4];
        private readonly byte[] _bytes = new byte[64];
        private int _value;
        private long _long;

        public static int Cast(uint x) => (int)(long)x;

        public static int Extend(uint x) => (int)(long)(x << 20) >> 20;

        public int ThroughField(uint x)
        {
            _value = (int)x;
            return _value / 3;
        }

        public int ThroughElement(uint x)
        {
            _numbers[1] = (int)x;
            return _numbers[1] >> 4;
        }

        public long ThroughLongField(ulong x)
        {
            _long = (long)x;
            return _long >> 4;
        }

        public static int Narrow(uint x) => Take((byte)x) + Take((ushort)x) + Take((short)x) + Take((sbyte)x);

        public static ushort Distance(ushort a, ushort b) => (ushort)(a - b);

        public static byte Byte(uint x, int shift) => (byte)(x >> shift);

        public static uint Unsigned(uint x, uint y) => ((x / 3) % 7) + (x >> 4) * y - (y << 2);

        public static ulong Wide(uint high, uint low) => ((ulong)high << 32) | low;

        public byte Index(uint x) => _bytes[(int)x];

        public byte IndexWide(ulong x) => _bytes[(int)(x & 63)];

        // What is known to be small is the same number with either tag, as long as nothing is subtracted from it.
        public static byte Small(uint x) => (byte)(((int)(x & 0xFF) / 3) + ((int)(x >> 28) >> 2) + ((int)(x / 16) >> 1) + ((int)(x % 1000) % 10));

        public static bool Compare(uint x, int y) => (int)x < y || (int)x == 7 || x > 9 || (long)x > y;

        public static uint FromInt(int x) => (uint)x / 3;

        public static ulong FromLong(long x) => (ulong)x >> 3;

        public int Length() => _bytes.Length / 2 - 1;

        public static long Milliseconds() => System.Environment.TickCount64 / 1000;

        private static int Take(int x) => (x - 10) >> 1;
    }
}
