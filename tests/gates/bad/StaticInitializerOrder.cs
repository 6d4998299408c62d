// expect: NANO016 Bad.Direct..cctor: reads Bad.Zero.Base
// expect: NANO016 Bad.Indirect..cctor: reads Bad.Zero.Base through Bad.Zero.Next
// expect: NANO016 Bad.Virtual..cctor: reads Bad.Zero.Base through Bad.Two.Number
namespace Bad
{
    public static class Zero
    {
        public static readonly int Base = Length(4);

        public static int Next() => Base + 1;

        private static int Length(int size) => size * 2;
    }

    public static class Direct
    {
        public static readonly int Value = Zero.Base + 1;
    }

    public static class Indirect
    {
        public static readonly int Value = Zero.Next();
    }

    public abstract class One
    {
        public abstract int Number();
    }

    public sealed class Two : One
    {
        public override int Number() => Zero.Base;
    }

    public static class Virtual
    {
        public static readonly int Value = Make(null).Number();

        private static One Make(One one) => one ?? new Two();
    }
}
