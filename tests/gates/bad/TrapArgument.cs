// expect: NANO014 Bad.C.Call: argument 1 of Bad.C.Half is int in C#
// expect: NANO014 Bad.C.Masked: argument 1 of Bad.C.Half
// expect: NANO014 Bad.C.Make: argument 1 of Bad.C..ctor
// expect: NANO014 Bad.C.Virtual: argument 2 of Bad.IPort.Read is long in C#
// expect: NANO014 Bad.C.Enumerated: argument 1 of Bad.C.Take
// expect: NANO014 Bad.C.Lend: argument 3 of System.Array.Copy
namespace Bad
{
    public enum Mode
    {
        Off,
        On,
    }

    public interface IPort
    {
        void Read(byte[] buffer, long offset);
    }

    public class C
    {
        private readonly int _start;

        public C(int start) => _start = start - 1;

        public static int Half(int x) => (x - 10) >> 1;

        public static int Call(uint x) => Half((int)x);

        // No more than 7, but the callee subtracts 10 from it, and the tag goes with it.
        public static int Masked(uint x) => Half((int)(x & 7));

        public static C Make(uint x) => new C((int)x);

        public static void Virtual(IPort port, uint x) => port.Read(null, x);

        public static int Take(Mode mode) => (int)mode - 3;

        public static int Enumerated(uint x) => Take((Mode)x);

        public static void Lend(byte[] a, byte[] b, uint length) => System.Array.Copy(a, b, (int)length);
    }
}
