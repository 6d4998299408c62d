// expect: NANO011 Bad.C.Mix: has
namespace Bad
{
    public static class C
    {
        public static int Mix(int x)
        {
            // repeat 3000: x = x * 31 + 1000{0};
            return x;
        }
    }
}
