// expect: NANO015 Bad.C.Choose: has a dense switch of 256 cases
namespace Bad
{
    public static class C
    {
        public static int Choose(int x)
        {
            switch (x)
            {
                // repeat 256: case {0}: return x * {0} + 5;
                default:
                    return 1;
            }
        }
    }
}
