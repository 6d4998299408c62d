// The exceptions firmware may throw or catch. Declarations only. There is no DivideByZeroException and no OverflowException:
// nanoFramework throws plain Exception for the one and never the other.
namespace System
{
    /// <summary>The base of every exception.</summary>
    public class Exception
    {
        /// <summary>An exception without a message.</summary>
        public extern Exception();

        /// <summary>An exception with a message.</summary>
        public extern Exception(string message);

        /// <summary>An exception with a message, and the one that led to it.</summary>
        public extern Exception(string message, Exception innerException);

        /// <summary>The message.</summary>
        public virtual extern string Message { get; }

        /// <summary>The exception that led to this one, or null.</summary>
        public extern Exception InnerException { get; }

        /// <summary>Type, message and stack.</summary>
        public override extern string ToString();
    }

    /// <summary>The base of what the runtime throws.</summary>
    public class SystemException : Exception
    {
        /// <summary>Without a message.</summary>
        public extern SystemException();

        /// <summary>With a message.</summary>
        public extern SystemException(string message);
    }

    /// <summary>An argument is not acceptable.</summary>
    public class ArgumentException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern ArgumentException();

        /// <summary>With a message.</summary>
        public extern ArgumentException(string message);

        /// <summary>With a message and the name of the parameter.</summary>
        public extern ArgumentException(string message, string paramName);

        /// <summary>The message, with the name of the parameter.</summary>
        public override extern string Message { get; }

        /// <summary>The name of the parameter.</summary>
        public virtual extern string ParamName { get; }
    }

    /// <summary>An argument is null.</summary>
    public class ArgumentNullException : ArgumentException
    {
        /// <summary>Without a message.</summary>
        public extern ArgumentNullException();

        /// <summary>With the name of the parameter.</summary>
        public extern ArgumentNullException(string paramName);

        /// <summary>With the name of the parameter and a message.</summary>
        public extern ArgumentNullException(string paramName, string message);
    }

    /// <summary>An argument is out of its range.</summary>
    public class ArgumentOutOfRangeException : ArgumentException
    {
        /// <summary>Without a message.</summary>
        public extern ArgumentOutOfRangeException();

        /// <summary>With the name of the parameter.</summary>
        public extern ArgumentOutOfRangeException(string paramName);

        /// <summary>With the name of the parameter and a message.</summary>
        public extern ArgumentOutOfRangeException(string paramName, string message);
    }

    /// <summary>An index is outside its array.</summary>
    public class IndexOutOfRangeException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern IndexOutOfRangeException();

        /// <summary>With a message.</summary>
        public extern IndexOutOfRangeException(string message);
    }

    /// <summary>An object is not of the type asked for.</summary>
    public class InvalidCastException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern InvalidCastException();

        /// <summary>With a message.</summary>
        public extern InvalidCastException(string message);
    }

    /// <summary>The object is not in a state for this call.</summary>
    public class InvalidOperationException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern InvalidOperationException();

        /// <summary>With a message.</summary>
        public extern InvalidOperationException(string message);
    }

    /// <summary>The member has no implementation.</summary>
    public class NotImplementedException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern NotImplementedException();

        /// <summary>With a message.</summary>
        public extern NotImplementedException(string message);
    }

    /// <summary>The member is not supported.</summary>
    public class NotSupportedException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern NotSupportedException();

        /// <summary>With a message.</summary>
        public extern NotSupportedException(string message);
    }

    /// <summary>A member of null was used.</summary>
    public class NullReferenceException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern NullReferenceException();

        /// <summary>With a message.</summary>
        public extern NullReferenceException(string message);
    }

    /// <summary>The heap is full.</summary>
    public class OutOfMemoryException : SystemException
    {
        /// <summary>Without a message.</summary>
        public extern OutOfMemoryException();

        /// <summary>With a message.</summary>
        public extern OutOfMemoryException(string message);
    }
}
