// expect: NANO014 Bad.C.Divide: the left operand of div
// expect: NANO014 Bad.C.Remainder: the left operand of rem
// expect: NANO014 Bad.C.Difference: the left operand of div is long
// expect: NANO014 Bad.C.ByNegative: the left operand of div
// expect: NANO014 Bad.C.ByEither: the left operand of div
// expect: NANO014 Bad.C.OfQuotient: the left operand of shr
namespace Bad
{
    public static class C
    {
        public static byte Divide(uint x) => (byte)((int)x / 3);

        public static byte Remainder(uint x) => (byte)((int)x % 3);

        // uint minus uint as long: the widening tags it U8, and the difference may be negative.
        public static byte Difference(uint a, uint b) => (byte)(((long)a - b) / 2);

        // Small enough to be non-negative, but what it is divided by may not be.
        public static byte ByNegative(uint a, int b) => (byte)((int)(a & 7) / b);

        public static byte ByEither(bool fixedSize, uint a, int b) => (byte)((int)(a & 7) / (fixedSize ? 3 : b));

        // Divided by what may be one.
        public static byte OfQuotient(uint a, uint b) => (byte)((int)(a / b) >> 1);
    }
}
