// expect: NANO014 Bad.C.Signed: the result is int in C#
// expect: NANO014 Bad.C.Wide: the result is long in C#
// expect: NANO014 Bad.C.get_Value: the result is int in C#
namespace Bad
{
    public class C
    {
        private uint _register;

        public int Value => (int)_register;

        public static int Signed(uint x) => (int)x;

        public static long Wide(ulong x) => (long)x;
    }
}
