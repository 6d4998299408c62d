// The part of nanoFramework.Runtime.Native that firmware may use. Declarations only.
// Power, clock setting and garbage collection are the board's business and are left out.
[assembly: System.Reflection.AssemblyVersion("1.7.11.0")]

namespace System
{
    /// <summary>What the runtime knows of where it runs.</summary>
    public static class Environment
    {
        /// <summary>Milliseconds since the system started.</summary>
        public static extern long TickCount64 { get; }
    }
}
