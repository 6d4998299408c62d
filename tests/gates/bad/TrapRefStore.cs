// expect: NANO014 Bad.C.Out: the store through a ref is int in C#
// expect: NANO014 Bad.C.Field: the store through a ref is long in C#
namespace Bad
{
    public class C
    {
        private long _total;

        public static void Out(uint x, out int y)
        {
            y = (int)x;
        }

        public void Field(ulong x)
        {
            ref long total = ref _total;
            total = (long)x;
        }
    }
}
