// The first is the one that every register decoder writes: sign-extend a field of a register.
// expect: NANO014 Bad.Shift.Extend: the left operand of shr is int in C# and tagged unsigned
// expect: NANO014 Bad.Shift.Long: the left operand of shr is long in C# and tagged unsigned
// expect: NANO014 Bad.Shift.Left: the left operand of shr
// expect: NANO014 Bad.Shift.Merged: the left operand of shr
namespace Bad
{
    public static class Shift
    {
        private static readonly uint[] Words = new uint[4];

        public static short Extend(uint x) => (short)((int)(x << 20) >> 20);

        public static byte Long(ulong x) => (byte)((long)x >> 3);

        // Arithmetic keeps the tag of its left operand.
        public static byte Left(int i) => (byte)(((int)Words[i] - i) >> 1);

        // One path of two is enough.
        public static byte Merged(bool raw, uint x, int y) => (byte)((raw ? (int)x : y) >> 1);
    }
}
