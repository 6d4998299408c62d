// What the compiler writes into assemblies on behalf of the language: array initialisers, init accessors, extension methods,
// lock and handles. Declarations only. Monitor has Enter and Exit; Wait and Pulse do not exist on nanoFramework.
namespace System
{
    /// <summary>A field in metadata: where the data of an array initialiser lies.</summary>
    public struct RuntimeFieldHandle
    {
        private int _value;
    }

    /// <summary>A method in metadata.</summary>
    public struct RuntimeMethodHandle
    {
        private int _value;
    }

    /// <summary>A type in metadata.</summary>
    public struct RuntimeTypeHandle
    {
        private int _value;
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>Helpers that the compiler calls.</summary>
    public static class RuntimeHelpers
    {
        /// <summary>Fills a new array from the data of a field.</summary>
        public static extern void InitializeArray(Array array, RuntimeFieldHandle fldHandle);
    }

    /// <summary>Names the property behind an indexer.</summary>
    public sealed class IndexerNameAttribute : Attribute
    {
        /// <summary>Takes the name.</summary>
        public extern IndexerNameAttribute(string indexerName);
    }

    /// <summary>Marks an extension method.</summary>
    public sealed class ExtensionAttribute : Attribute
    {
        /// <summary>Takes nothing.</summary>
        public extern ExtensionAttribute();
    }

    /// <summary>Marks an init accessor.</summary>
    public static class IsExternalInit
    {
    }
}

namespace System.Threading
{
    /// <summary>What a lock statement becomes.</summary>
    public static class Monitor
    {
        /// <summary>Takes the lock.</summary>
        public static extern void Enter(object obj);

        /// <summary>Gives the lock back.</summary>
        public static extern void Exit(object obj);
    }

    /// <summary>Indivisible operations, on int only.</summary>
    public static class Interlocked
    {
        /// <summary>Adds one; returns the result.</summary>
        public static extern int Increment(ref int location);

        /// <summary>Subtracts one; returns the result.</summary>
        public static extern int Decrement(ref int location);

        /// <summary>Writes; returns what was there.</summary>
        public static extern int Exchange(ref int location1, int value);

        /// <summary>Writes where the comparand was there; returns what was there.</summary>
        public static extern int CompareExchange(ref int location1, int value, int comparand);
    }
}
