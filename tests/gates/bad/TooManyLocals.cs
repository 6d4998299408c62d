// expect: NANO007 Bad.C.Sum: has 256 locals
namespace Bad
{
    public static class C
    {
        public static int Sum(int x)
        {
            // repeat 256: int v{0} = x + {0};
            // repeat 256: x += v{0} * v{0};
            return x;
        }
    }
}
