// expect: NANO010 Bad.C: has 256 static methods
namespace Bad
{
    public static class C
    {
        // repeat 256: public static int F{0}() => {0};
    }
}
