// expect: NANO017 Bad: references System.Collections.NonGeneric
// against: net
namespace Bad
{
    public class C
    {
        public System.Collections.Stack Waiting;
    }
}
