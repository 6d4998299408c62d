// expect: NANO008 Bad.C: has 256 instance fields
namespace Bad
{
    public class C
    {
        // repeat 256: public int F{0};
    }
}
