// Arrays, the interfaces an array implements, and numbers to and from bytes. Declarations only.
// No sorting, no searching, no collections: state lives in arrays of primitives.
namespace System
{
    /// <summary>The base of every array.</summary>
    public abstract class Array : ICloneable, Collections.IList
    {
        /// <summary>For the compiler.</summary>
        protected extern Array();

        /// <summary>How many elements there are.</summary>
        public extern int Length { get; }

        /// <summary>Copies the first <paramref name="length"/> elements.</summary>
        public static extern void Copy(Array sourceArray, Array destinationArray, int length);

        /// <summary>Copies <paramref name="length"/> elements from one place to another.</summary>
        public static extern void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length);

        /// <summary>Sets elements to zero, false or null.</summary>
        public static extern void Clear(Array array, int index, int length);

        /// <summary>A shallow copy.</summary>
        public extern object Clone();

        /// <summary>Copies all elements into another array.</summary>
        public extern void CopyTo(Array array, int index);

        /// <summary>Walks the elements, boxing each: firmware uses an index.</summary>
        public extern Collections.IEnumerator GetEnumerator();

        /// <summary>Always false.</summary>
        public extern bool IsSynchronized { get; }

        /// <summary>The array itself.</summary>
        public extern object SyncRoot { get; }

        /// <summary>Always true.</summary>
        public extern bool IsFixedSize { get; }

        /// <summary>Always false.</summary>
        public extern bool IsReadOnly { get; }

        extern int Collections.ICollection.Count { get; }

        extern object Collections.IList.this[int index] { get; set; }

        extern int Collections.IList.Add(object value);

        extern void Collections.IList.Clear();

        extern bool Collections.IList.Contains(object value);

        extern int Collections.IList.IndexOf(object value);

        extern void Collections.IList.Insert(int index, object value);

        extern void Collections.IList.Remove(object value);

        extern void Collections.IList.RemoveAt(int index);
    }

    /// <summary>Numbers to and from bytes in the byte order of the machine. Wire formats use SmartNicFw.Hal.LittleEndian.</summary>
    public static class BitConverter
    {
        /// <summary>Whether the least significant byte comes first.</summary>
        public static extern bool IsLittleEndian { get; }

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(bool value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(char value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(short value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(int value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(long value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(ushort value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(uint value);

        /// <summary>The bytes of <paramref name="value"/>, in a new array.</summary>
        public static extern byte[] GetBytes(ulong value);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern bool ToBoolean(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern char ToChar(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern short ToInt16(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern int ToInt32(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern long ToInt64(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern ushort ToUInt16(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern uint ToUInt32(byte[] value, int startIndex);

        /// <summary>Reads a value at <paramref name="startIndex"/>.</summary>
        public static extern ulong ToUInt64(byte[] value, int startIndex);
    }
}

namespace System.Collections
{
    /// <summary>Something that foreach can walk.</summary>
    public interface IEnumerable
    {
        /// <summary>Starts a walk.</summary>
        IEnumerator GetEnumerator();
    }

    /// <summary>A walk under way.</summary>
    public interface IEnumerator
    {
        /// <summary>The element the walk is at.</summary>
        object Current { get; }

        /// <summary>Goes to the next element; false after the last.</summary>
        bool MoveNext();

        /// <summary>Goes back before the first element.</summary>
        void Reset();
    }

    /// <summary>Elements with a count.</summary>
    public interface ICollection : IEnumerable
    {
        /// <summary>How many elements there are.</summary>
        int Count { get; }

        /// <summary>Whether access is synchronised.</summary>
        bool IsSynchronized { get; }

        /// <summary>What to lock on.</summary>
        object SyncRoot { get; }

        /// <summary>Copies all elements into an array.</summary>
        void CopyTo(Array array, int index);
    }

    /// <summary>Elements with an index.</summary>
    public interface IList : ICollection
    {
        /// <summary>The element at an index.</summary>
        object this[int index] { get; set; }

        /// <summary>Whether the size can change.</summary>
        bool IsFixedSize { get; }

        /// <summary>Whether elements can change.</summary>
        bool IsReadOnly { get; }

        /// <summary>Adds at the end.</summary>
        int Add(object value);

        /// <summary>Removes all elements.</summary>
        void Clear();

        /// <summary>Whether the element is there.</summary>
        bool Contains(object value);

        /// <summary>Where the element is, or -1.</summary>
        int IndexOf(object value);

        /// <summary>Adds at an index.</summary>
        void Insert(int index, object value);

        /// <summary>Removes an element.</summary>
        void Remove(object value);

        /// <summary>Removes the element at an index.</summary>
        void RemoveAt(int index);
    }
}
