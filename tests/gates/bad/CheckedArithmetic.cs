// expect: NANO005 Bad.C.Sum: uses add.ovf
// expect: NANO005 Bad.C.Narrow: uses conv.ovf.u1
namespace Bad
{
    public static class C
    {
        public static int Sum(int a, int b) => checked(a + b);

        public static byte Narrow(int a) => checked((byte)a);
    }
}
