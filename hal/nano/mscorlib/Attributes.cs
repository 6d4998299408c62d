// Attributes: those the compiler writes, and the few that say something to a reader. Declarations only.
namespace System
{
    /// <summary>The base of every attribute.</summary>
    public abstract class Attribute
    {
        /// <summary>For derived attributes.</summary>
        protected extern Attribute();
    }

    /// <summary>What an attribute may be put on.</summary>
    [Flags]
    public enum AttributeTargets
    {
        /// <summary>An assembly.</summary>
        Assembly = 1,

        /// <summary>A module.</summary>
        Module = 2,

        /// <summary>A class.</summary>
        Class = 4,

        /// <summary>A struct.</summary>
        Struct = 8,

        /// <summary>An enum.</summary>
        Enum = 16,

        /// <summary>A constructor.</summary>
        Constructor = 32,

        /// <summary>A method.</summary>
        Method = 64,

        /// <summary>A property.</summary>
        Property = 128,

        /// <summary>A field.</summary>
        Field = 256,

        /// <summary>An event.</summary>
        Event = 512,

        /// <summary>An interface.</summary>
        Interface = 1024,

        /// <summary>A parameter.</summary>
        Parameter = 2048,

        /// <summary>A delegate.</summary>
        Delegate = 4096,

        /// <summary>A returned value.</summary>
        ReturnValue = 8192,

        /// <summary>Anything.</summary>
        All = 16383,
    }

    /// <summary>Says what an attribute may be put on.</summary>
    public sealed class AttributeUsageAttribute : Attribute
    {
        /// <summary>Takes the targets.</summary>
        public extern AttributeUsageAttribute(AttributeTargets validOn);

        /// <summary>Whether it may be there more than once.</summary>
        public extern bool AllowMultiple { get; set; }

        /// <summary>Whether derived types have it too.</summary>
        public extern bool Inherited { get; set; }

        /// <summary>The targets.</summary>
        public extern AttributeTargets ValidOn { get; }
    }

    /// <summary>Marks an enum whose values are combined.</summary>
    public class FlagsAttribute : Attribute
    {
        /// <summary>Takes nothing.</summary>
        public extern FlagsAttribute();
    }

    /// <summary>Marks what should no longer be used.</summary>
    public sealed class ObsoleteAttribute : Attribute
    {
        /// <summary>Without a reason.</summary>
        public extern ObsoleteAttribute();

        /// <summary>With a reason.</summary>
        public extern ObsoleteAttribute(string message);

        /// <summary>With a reason, as an error.</summary>
        public extern ObsoleteAttribute(string message, bool error);
    }

    /// <summary>Marks a params parameter.</summary>
    public sealed class ParamArrayAttribute : Attribute
    {
        /// <summary>Takes nothing.</summary>
        public extern ParamArrayAttribute();
    }
}

namespace System.Reflection
{
    /// <summary>Names the indexer of a type.</summary>
    public sealed class DefaultMemberAttribute : Attribute
    {
        /// <summary>Takes the name.</summary>
        public extern DefaultMemberAttribute(string memberName);
    }

    /// <summary>Gives an assembly its version.</summary>
    public sealed class AssemblyVersionAttribute : Attribute
    {
        /// <summary>Takes the version.</summary>
        public extern AssemblyVersionAttribute(string version);
    }
}

namespace System.Diagnostics
{
    /// <summary>Leaves out calls where a symbol is not defined.</summary>
    public sealed class ConditionalAttribute : Attribute
    {
        /// <summary>Takes the symbol.</summary>
        public extern ConditionalAttribute(string conditionString);
    }

    /// <summary>Checks for our own bugs, in debug builds.</summary>
    public static class Debug
    {
        /// <summary>Stops where the condition is false.</summary>
        [Conditional("DEBUG")]
        public static extern void Assert(bool condition);

        /// <summary>Stops with a message where the condition is false.</summary>
        [Conditional("DEBUG")]
        public static extern void Assert(bool condition, string message);
    }
}
