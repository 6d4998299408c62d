// expect: NANO009 Bad.C: has 256 static fields
namespace Bad
{
    public static class C
    {
        // repeat 256: public static int F{0};
    }
}
