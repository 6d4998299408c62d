// A generic of the class library: in a field, a parameter and a local.
// expect: NANO001 Bad.C.Queue: uses System.Collections.Generic.List`1<System.Int32>
// expect: NANO001 Bad.C.Count: uses System.Collections.Generic.List`1<System.Int32>
// expect: NANO001 Bad.C.Add: uses System.Nullable`1<System.Int32>
// against: net
using System.Collections.Generic;

namespace Bad
{
    public class C
    {
        public List<int> Queue;

        public int Count() => Queue.Count;

        public void Add(int? value)
        {
        }
    }
}
