// expect: NANO001 Bad.Box`1: is a generic type
// expect: NANO001 Bad.Box`1.Value: uses `0
namespace Bad
{
    public class Box<T>
    {
        public T Value;
    }
}
