// ldelem.i8 and ldind.i8 load long and ulong alike: the type of the array or of the ref tells which.
// expect: NANO014 Bad.C.Element: the left operand of shr is long in C#
// expect: NANO014 Bad.C.Nested: the left operand of shr is long in C#
// expect: NANO014 Bad.C.Reference: the left operand of shr is long in C#
namespace Bad
{
    public static class C
    {
        public static byte Element(ulong[] words) => (byte)((long)words[0] >> 3);

        public static byte Nested(ulong[][] words) => (byte)((long)words[0][1] >> 3);

        public static byte Reference(ref ulong word) => (byte)((long)word >> 3);
    }
}
