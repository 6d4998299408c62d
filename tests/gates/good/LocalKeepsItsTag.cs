// A local that the optimiser keeps has a tag of its own: it is read twice, with a call between.
namespace Good
{
    public static class C
    {
        public static int Twice(uint x)
        {
            int signed = (int)x;
            Touch(ref signed);
            return signed / 2 + (signed >> 3);
        }

        public static uint Bounded(uint x)
        {
            uint small = x & 0xFFF;
            uint rest = x - small;
            return rest + (uint)((int)small / 5) + small;
        }

        private static void Touch(ref int value) => value++;
    }
}
