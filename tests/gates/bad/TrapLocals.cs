// An unsigned local is known to be small only while every path says so.
// expect: NANO014 Bad.C.Loop: the left operand of shr
// expect: NANO014 Bad.C.Lent: the left operand of shr
// expect: NANO014 Bad.C.Caught: the left operand of shr
// expect: NANO014 Bad.C.VariableShift: the left operand of shr
namespace Bad
{
    public static class C
    {
        public static byte Loop(int rounds)
        {
            uint x = 1;
            byte last = 0;
            for (int i = 0; i < rounds; i++)
            {
                last = (byte)((int)x >> 3);
                x = x * 2 + x;
            }

            return last;
        }

        public static byte Lent(int rounds)
        {
            uint x = 0;
            Fill(ref x, rounds);
            return (byte)((int)x >> 3);
        }

        public static byte Caught(byte[] bytes, uint start)
        {
            uint x = 0;
            try
            {
                x = start;
                bytes[3] = 1;
                x = 0;
            }
            catch (System.IndexOutOfRangeException)
            {
                return (byte)((int)x >> 3);
            }

            return (byte)x;
        }

        // Shifted by a number that may be zero.
        public static byte VariableShift(uint x, int count) => (byte)((int)(x >> count) >> 1);

        private static void Fill(ref uint x, int rounds) => x = (uint)rounds * 3;
    }
}
