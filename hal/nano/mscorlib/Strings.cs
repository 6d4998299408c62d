// String: what the language needs (literals, concatenation, interpolation, switch) and a little for messages. Declarations only.
// Knows no culture and no Replace or Join: nanoFramework has neither.
namespace System
{
    /// <summary>Text.</summary>
    public sealed class String : IComparable, Collections.IEnumerable
    {
        /// <summary>The empty string.</summary>
        public static readonly string Empty;

        /// <summary>The text of an array of characters.</summary>
        public extern String(char[] value);

        /// <summary>The text of a part of an array of characters.</summary>
        public extern String(char[] value, int startIndex, int length);

        /// <summary>One character, many times.</summary>
        public extern String(char c, int count);

        /// <summary>How many characters there are.</summary>
        public extern int Length { get; }

        /// <summary>The character at an index.</summary>
        [Runtime.CompilerServices.IndexerName("Chars")]
        public extern char this[int index] { get; }

        /// <summary>Joins two.</summary>
        public static extern string Concat(string str0, string str1);

        /// <summary>Joins three.</summary>
        public static extern string Concat(string str0, string str1, string str2);

        /// <summary>Joins four.</summary>
        public static extern string Concat(string str0, string str1, string str2, string str3);

        /// <summary>Joins any number.</summary>
        public static extern string Concat(params string[] values);

        /// <summary>The text of an object.</summary>
        public static extern string Concat(object arg0);

        /// <summary>Joins the texts of two objects.</summary>
        public static extern string Concat(object arg0, object arg1);

        /// <summary>Joins the texts of three objects.</summary>
        public static extern string Concat(object arg0, object arg1, object arg2);

        /// <summary>Joins the texts of any number of objects.</summary>
        public static extern string Concat(params object[] args);

        /// <summary>Fills the places of a format: what an interpolated string becomes.</summary>
        public static extern string Format(string format, params object[] args);

        /// <summary>Whether two strings hold the same text.</summary>
        public static extern bool Equals(string a, string b);

        /// <summary>Whether the object is a string of the same text.</summary>
        public override extern bool Equals(object obj);

        /// <summary>Whether the string is null or has no character.</summary>
        public static extern bool IsNullOrEmpty(string value);

        /// <summary>Where a character first is, or -1.</summary>
        public extern int IndexOf(char value);

        /// <summary>Whether the text begins so.</summary>
        public extern bool StartsWith(string value);

        /// <summary>The rest from an index on.</summary>
        public extern string Substring(int startIndex);

        /// <summary>A part.</summary>
        public extern string Substring(int startIndex, int length);

        /// <summary>The characters, in a new array.</summary>
        public extern char[] ToCharArray();

        /// <summary>The string itself.</summary>
        public override extern string ToString();

        /// <summary>Less than, equal to or greater than zero, by character code.</summary>
        public extern int CompareTo(object value);

        /// <summary>Same text.</summary>
        public static extern bool operator ==(string a, string b);

        /// <summary>Different text.</summary>
        public static extern bool operator !=(string a, string b);

        extern Collections.IEnumerator Collections.IEnumerable.GetEnumerator();
    }
}
