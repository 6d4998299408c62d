// Doorbells: a host says that a queue has something for us.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>One doorbell, as the hardware collected it. Lent by the firmware to be filled.</summary>
    public sealed class Doorbell
    {
        /// <summary>The PF whose comparators matched, 0 upwards.</summary>
        public int PhysicalFunction;

        /// <summary>Number of the VF within the PF, or -1 for the PF itself.</summary>
        public int Vf;

        /// <summary>Number of the queue, as its place in the doorbell BAR says; the host may name one that is not there.</summary>
        public int Queue;
    }

    /// <summary>
    /// Doorbells that wait. The hardware keeps one a queue: ringing again before it was taken changes nothing, so that
    /// no host can make it grow. Functions that rang take turns, with one doorbell each, so that none can hold up another's.
    /// </summary>
    public interface IDoorbellPort
    {
        /// <summary>Takes the next doorbell.</summary>
        /// <returns>False when none waits; <paramref name="doorbell"/> is unchanged then.</returns>
        bool TryTake(Doorbell doorbell);
    }
}
