// expect: NANO019 Bad.C.Text: makes text of the enum Bad.Mode
// expect: NANO019 Bad.C.Joined: makes text of the enum Bad.Mode
// expect: NANO019 Bad.C.Interpolated: makes text of the enum Bad.Mode
namespace Bad
{
    public enum Mode
    {
        Off,
        On,
    }

    public static class C
    {
        public static string Text(Mode mode) => mode.ToString();

        public static string Joined(Mode mode) => "mode " + mode;

        public static string Interpolated(Mode mode, int function) => $"mode {mode} of {function}";
    }
}
