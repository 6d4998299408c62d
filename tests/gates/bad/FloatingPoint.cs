// expect: NANO020 Bad.C.Rate: uses System.Single
// expect: NANO020 Bad.C.Halve: uses ldc.r8
// expect: NANO020 Bad.C.Halve: uses conv.r8
namespace Bad
{
    public class C
    {
        public float Rate;

        public static int Halve(int x) => (int)(x * 0.5);
    }
}
