// Which functions may issue memory requests now: derived from their registers, and told to the engine. Knows no queue.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware.Dma
{
    /// <summary>
    /// The only owner of that state. It follows Bus Master Enable of the function itself, a VF's own included, the power state of
    /// its PF, and readiness: a function that is being reset, or a VF that is not there, issues nothing. Whoever changes one of
    /// these calls; nothing is polled. VF MSE is no part of it: it opens addresses to a host, it sends nothing.
    /// Source: PCI Express Base Specification 5.0, 7.5.1.1.3, 5.3.1.4, 6.6.2, 9.3.4.1.3 and 9.6.2.
    /// </summary>
    public sealed class BusMastering
    {
        private readonly FunctionConfigSpace _space;
        private readonly ResetControl _resets;
        private readonly IQueueEngine _engine;

        // What the engine was told last, by function: 0 or 1.
        private readonly byte[] _isBusMaster;

        /// <summary>Starts with no function that may, as the engine does.</summary>
        public BusMastering(FunctionNumbering numbering, FunctionConfigSpace space, ResetControl resets, IQueueEngine engine)
        {
            _space = space;
            _resets = resets;
            _engine = engine;
            _isBusMaster = new byte[numbering.Count];
        }

        /// <summary>True while the function may issue memory requests, messages included.</summary>
        public bool IsBusMaster(int function)
        {
            return _isBusMaster[function] != 0;
        }

        /// <summary>Derives the state of a function anew, after Command or a power state was written.</summary>
        /// <returns>True when it may now and could not before: what waits in its queues is to be looked at.</returns>
        public bool Update(int function)
        {
            bool isBusMaster = _resets.IsReady(function) && _space.IsBusMaster(function);
            return Set(function, isBusMaster) && isBusMaster;
        }

        /// <summary>The function may not until <see cref="Update"/>: a reset of it begins, or it goes.</summary>
        public void Withdraw(int function)
        {
            Set(function, false);
        }

        // True when this changed something.
        private bool Set(int function, bool isBusMaster)
        {
            if (IsBusMaster(function) == isBusMaster)
            {
                return false;
            }

            _isBusMaster[function] = isBusMaster ? (byte)1 : (byte)0;
            _engine.SetBusMaster(function, isBusMaster);
            return true;
        }
    }
}
