// expect: NANO021 Bad.C.Ready: is volatile
// expect: NANO021 Bad.C.Poll: accesses a volatile field
// against: net
namespace Bad
{
    public class C
    {
        public volatile bool Ready;

        public bool Poll() => Ready;
    }
}
