// expect: NANO013 Bad: has 65544 bytes of array initialisers
namespace Bad
{
    public static class C
    {
        public static readonly ulong[] Table =
        {
            // repeat 8193: 0x{0},
        };
    }
}
