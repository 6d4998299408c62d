// expect: NANO014 Bad.C.Store: the widening to long
namespace Bad
{
    public class C
    {
        private long _total;

        public void Store(uint x)
        {
            _total = (int)x;
        }
    }
}
