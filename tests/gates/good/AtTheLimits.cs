// One less than too many, of each.
namespace Good
{
    public class Fields
    {
        // repeat 255: public int F{0};
    }

    public static class Statics
    {
        // repeat 255: public static int F{0};
        // repeat 255: public static int M{0}() => F{0};

        public const int Extra = 1;
    }

    public static class Locals
    {
        public static int Sum(int x)
        {
            // repeat 255: int v{0} = x + {0};
            // repeat 255: x += v{0} * v{0};
            return x;
        }
    }

    public static class Switches
    {
        public static int Choose(int x)
        {
            switch (x)
            {
                // repeat 255: case {0}: return x * {0} + 5;
                default:
                    return 1;
            }
        }
    }
}
