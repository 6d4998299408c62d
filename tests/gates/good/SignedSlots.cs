// What is signed by the type of its slot, whatever was stored there: elements, refs, boxes, enums.
namespace Good
{
    public enum Step
    {
        Back = -1,
        Stay = 0,
        Next = 1,
    }

    public static class C
    {
        public static byte Element(long[] words) => (byte)(words[0] >> 3);

        public static byte Nested(long[][] words) => (byte)(words[0][1] / 3);

        public static byte Reference(ref long word) => (byte)(word >> 3);

        public static byte Steps(Step[] steps, int i) => (byte)((int)steps[i] >> 1);

        // A box takes its type from the instruction.
        public static int Box(uint x)
        {
            object boxed = (int)x;
            return (int)boxed >> 3;
        }

        public static void Accumulate(int[] counts, uint[] words, uint by)
        {
            counts[0] += (int)by;
            counts[1] = (int)by;
            words[0] += by;
            words[1] = by >> 3;
        }

        public static int Conditional(bool raw, byte x, ushort y) => (raw ? x : y) >> 2;

        public static byte ConstantDivisor(uint x)
        {
            uint small = x >> 4;
            return (byte)((int)small / 16 + (int)small % 10);
        }
    }
}
