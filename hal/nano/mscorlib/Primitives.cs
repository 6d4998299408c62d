// The primitive types. Declarations only. Numbers print; they are not parsed here: what a guest or a host sends is binary.
// Single and Double are declared because the language has literals of them; the gate rejects their use.
namespace System
{
    /// <summary>An 8-bit signed integer.</summary>
    public struct SByte
    {
        private sbyte _value;

        /// <summary>The smallest value.</summary>
        public const sbyte MinValue = -128;

        /// <summary>The largest value.</summary>
        public const sbyte MaxValue = 127;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>An 8-bit unsigned integer.</summary>
    public struct Byte
    {
        private byte _value;

        /// <summary>The smallest value.</summary>
        public const byte MinValue = 0;

        /// <summary>The largest value.</summary>
        public const byte MaxValue = 255;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 16-bit signed integer.</summary>
    public struct Int16
    {
        private short _value;

        /// <summary>The smallest value.</summary>
        public const short MinValue = -32768;

        /// <summary>The largest value.</summary>
        public const short MaxValue = 32767;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 16-bit unsigned integer.</summary>
    public struct UInt16
    {
        private ushort _value;

        /// <summary>The smallest value.</summary>
        public const ushort MinValue = 0;

        /// <summary>The largest value.</summary>
        public const ushort MaxValue = 65535;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 32-bit signed integer.</summary>
    public struct Int32
    {
        private int _value;

        /// <summary>The smallest value.</summary>
        public const int MinValue = -2147483648;

        /// <summary>The largest value.</summary>
        public const int MaxValue = 2147483647;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 32-bit unsigned integer.</summary>
    public struct UInt32
    {
        private uint _value;

        /// <summary>The smallest value.</summary>
        public const uint MinValue = 0;

        /// <summary>The largest value.</summary>
        public const uint MaxValue = 4294967295;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 64-bit signed integer.</summary>
    public struct Int64
    {
        private long _value;

        /// <summary>The smallest value.</summary>
        public const long MinValue = -9223372036854775808;

        /// <summary>The largest value.</summary>
        public const long MaxValue = 9223372036854775807;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>A 64-bit unsigned integer.</summary>
    public struct UInt64
    {
        private ulong _value;

        /// <summary>The smallest value.</summary>
        public const ulong MinValue = 0;

        /// <summary>The largest value.</summary>
        public const ulong MaxValue = 18446744073709551615;

        /// <summary>The number in decimal digits.</summary>
        public override extern string ToString();

        /// <summary>The number in a format such as "X8" or "D3".</summary>
        public extern string ToString(string format);
    }

    /// <summary>True or false.</summary>
    public struct Boolean
    {
        private bool _value;

        /// <summary>"True" or "False".</summary>
        public override extern string ToString();
    }

    /// <summary>One UTF-16 code unit.</summary>
    public struct Char
    {
        private char _value;

        /// <summary>The smallest value.</summary>
        public const char MinValue = '\0';

        /// <summary>The largest value.</summary>
        public const char MaxValue = '\uFFFF';

        /// <summary>The character as a string.</summary>
        public override extern string ToString();
    }

    /// <summary>A 32-bit float: declared for the compiler, not for firmware.</summary>
    public struct Single
    {
        private float _value;
    }

    /// <summary>A 64-bit float: declared for the compiler, not for firmware.</summary>
    public struct Double
    {
        private double _value;
    }

    /// <summary>A native-sized signed integer: what the constructor of a delegate takes.</summary>
    public struct IntPtr
    {
        private int _value;
    }

    /// <summary>A native-sized unsigned integer.</summary>
    public struct UIntPtr
    {
        private uint _value;
    }
}
