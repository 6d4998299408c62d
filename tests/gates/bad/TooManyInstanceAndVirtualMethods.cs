// expect: NANO010 Bad.C: has 257 instance methods
// expect: NANO010 Bad.C: has 256 virtual methods
namespace Bad
{
    public class C
    {
        // repeat 256: public int F{0}() => {0};
        // repeat 256: public virtual int V{0}() => {0};
    }
}
