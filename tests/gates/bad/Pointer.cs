// expect: NANO002 Bad.C.First: uses the pointer type System.Byte*
// expect: NANO002 Bad.C.Stack: uses localloc
// expect: NANO002 Bad.C.Stack: uses the pointer type System.Int32*
// expect: NANO002 Bad.C.Through: uses the pointer type delegate*
// expect: NANO002 Bad.C.Through: uses calli
namespace Bad
{
    public static unsafe class C
    {
        public static byte First(byte* bytes) => *bytes;

        public static int Through(delegate*<int, int> function) => function(3);

        public static int Stack()
        {
            int* numbers = stackalloc int[4];
            numbers[1] = 7;
            return numbers[1] + numbers[2];
        }
    }
}
