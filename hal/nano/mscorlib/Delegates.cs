// What a delegate type is made of. Declarations only. There is no Action and no Func here: firmware declares its own, by name.
namespace System
{
    /// <summary>The base of every delegate.</summary>
    public abstract class Delegate
    {
        /// <summary>For the compiler.</summary>
        protected extern Delegate();

        /// <summary>Both, one after the other: what += becomes.</summary>
        public static extern Delegate Combine(Delegate a, Delegate b);

        /// <summary>The first without the second: what -= becomes.</summary>
        public static extern Delegate Remove(Delegate source, Delegate value);

        /// <summary>Whether both call the same method of the same object.</summary>
        public override extern bool Equals(object obj);

        /// <summary>Same target and method.</summary>
        public static extern bool operator ==(Delegate d1, Delegate d2);

        /// <summary>Another target or method.</summary>
        public static extern bool operator !=(Delegate d1, Delegate d2);
    }

    /// <summary>The base that the compiler gives every delegate type.</summary>
    public abstract class MulticastDelegate : Delegate
    {
        /// <summary>For the compiler.</summary>
        protected extern MulticastDelegate();

        /// <summary>Whether both call the same methods of the same objects.</summary>
        public override extern bool Equals(object obj);

        /// <summary>Same targets and methods.</summary>
        public static extern bool operator ==(MulticastDelegate d1, MulticastDelegate d2);

        /// <summary>Other targets or methods.</summary>
        public static extern bool operator !=(MulticastDelegate d1, MulticastDelegate d2);
    }

    /// <summary>For the signature the compiler gives every delegate; firmware is synchronous.</summary>
    public interface IAsyncResult
    {
    }

    /// <summary>For the signature the compiler gives every delegate; firmware is synchronous.</summary>
    public delegate void AsyncCallback(IAsyncResult ar);
}
