// The roots of the type system: Object, ValueType, Enum, Void, and the one interface the language disposes through.
// Declarations only; knows nothing of reflection: no Type, no GetType, so typeof does not compile in firmware.
[assembly: System.Reflection.AssemblyVersion("1.17.11.0")]

namespace System
{
    /// <summary>The root of every type.</summary>
    public class Object
    {
        /// <summary>Constructs the part of an instance that every class shares.</summary>
        public extern Object();

        /// <summary>Whether this and another object are equal.</summary>
        public virtual extern bool Equals(object obj);

        /// <summary>Whether two objects are equal.</summary>
        public static extern bool Equals(object objA, object objB);

        /// <summary>A number that equal objects share.</summary>
        public virtual extern int GetHashCode();

        /// <summary>Whether two references are the same.</summary>
        public static extern bool ReferenceEquals(object objA, object objB);

        /// <summary>The object as text.</summary>
        public virtual extern string ToString();
    }

    /// <summary>The base of every struct.</summary>
    public abstract class ValueType
    {
        /// <summary>For the compiler.</summary>
        protected extern ValueType();

        /// <summary>Whether all fields are equal.</summary>
        public override extern bool Equals(object obj);
    }

    /// <summary>The base of every enum. Its ToString prints the number on nanoFramework; the gate rejects the call.</summary>
    public abstract class Enum : ValueType
    {
        /// <summary>For the compiler.</summary>
        protected extern Enum();

        /// <summary>The number, not the name.</summary>
        public override extern string ToString();
    }

    /// <summary>No value.</summary>
    public struct Void
    {
    }

    /// <summary>Something that a using statement ends.</summary>
    public interface IDisposable
    {
        /// <summary>Releases what the object holds.</summary>
        void Dispose();
    }

    /// <summary>Something that can be copied.</summary>
    public interface ICloneable
    {
        /// <summary>A copy.</summary>
        object Clone();
    }

    /// <summary>Something with an order.</summary>
    public interface IComparable
    {
        /// <summary>Less than, equal to or greater than zero.</summary>
        int CompareTo(object obj);
    }
}
