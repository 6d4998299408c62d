// expect: NANO001 Bad.C.Same: is a generic method
// expect: NANO001 Bad.C.Same: uses ``0
// expect: NANO001 Bad.C.Two: uses an instance of a generic method
namespace Bad
{
    public static class C
    {
        public static int Two() => Same(2);

        private static T Same<T>(T value) => value;
    }
}
