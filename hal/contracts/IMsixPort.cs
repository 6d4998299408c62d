// Interrupts to a host.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>Sends MSI-X messages.</summary>
    public interface IMsixPort
    {
        /// <summary>Sends one message as a memory write of the function, after every write of the turns reported before.</summary>
        /// <param name="function">Index of the function.</param>
        /// <param name="address">Message address.</param>
        /// <param name="data">Message data.</param>
        void Send(int function, ulong address, uint data);
    }
}
