// expect: NANO018 Bad.C.Make: uses System.Random
// expect: NANO018 Bad.C.Sort: uses System.Array.Sort(System.Array)->System.Void, which the profile does not declare
// against: net
namespace Bad
{
    public static class C
    {
        public static object Make() => new System.Random();

        public static void Sort(System.Array numbers) => System.Array.Sort(numbers);
    }
}
