// Management requests that reach the device beside its BARs: an operator's socket, a board controller's line. Knows no frame.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>One request, or that a client is gone. Lent by the firmware to be filled.</summary>
    public sealed class ManagementRequest
    {
        /// <summary>Who asks, 0 upwards. A number is another's only after the firmware has heard that its last client is gone.</summary>
        public int Client;

        /// <summary>True: the client is gone, and asks and hears nothing more. Buffer and Bytes mean nothing then.</summary>
        public bool IsGone;

        /// <summary>
        /// The port's own, as long as the largest frame (<see cref="Regs.ManagementFrame.MaxBytes"/>), with the request at its beginning. It
        /// is lent until the request is completed, and nothing but the firmware writes to it meanwhile.
        /// </summary>
        public byte[] Buffer;

        /// <summary>Size of the request in bytes, any: 0 upwards.</summary>
        public int Bytes;
    }

    /// <summary>
    /// A port over which management frames arrive. Who can reach it may do everything: it is the port's to let in nobody else. A
    /// client's next request follows when its last was completed; clients take turns.
    /// </summary>
    public interface IManagementPort
    {
        /// <summary>Takes the next request. The one taken before has been completed.</summary>
        /// <returns>False when none waits; <paramref name="request"/> is unchanged then.</returns>
        bool TryTake(ManagementRequest request);

        /// <summary>Completes the request that was taken last, also when its client is gone meanwhile. Who is gone needs no completion.</summary>
        /// <param name="bytes">Size of the response, which lies at the beginning of the buffer, in bytes.</param>
        void Complete(int bytes);
    }
}
