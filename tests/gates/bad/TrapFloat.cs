// expect: NANO014 Bad.C.Convert: the conversion to float
// expect: NANO020 Bad.C.Convert: uses conv.r8
// expect: NANO020 Bad.C.Convert: uses System.Double
namespace Bad
{
    public static class C
    {
        public static double Convert(uint x) => (int)x;
    }
}
