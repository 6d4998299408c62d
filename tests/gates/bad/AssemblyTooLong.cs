// Three methods, each short enough.
// expect: NANO012 Bad: has
namespace Bad
{
    public static class C
    {
        public static int Mix1(int x)
        {
            // repeat 2200: x = x * 31 + 1000{0};
            return x;
        }

        public static int Mix2(int x)
        {
            // repeat 2200: x = x * 31 + 1000{0};
            return x;
        }

        public static int Mix3(int x)
        {
            // repeat 2200: x = x * 31 + 1000{0};
            return x;
        }
    }
}
