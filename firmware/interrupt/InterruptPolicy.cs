// What the operator decides about interrupts: checked, then told to the moderator. Sends nothing.
using SmartNicFw.Firmware.Config;

namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>
    /// Every call either takes effect at once and returns null, or changes nothing and returns one line with the reason. No wanted interrupt
    /// is lost by a change. Survives every reset of a function.
    /// </summary>
    public sealed class InterruptPolicy
    {
        private readonly FunctionNumbering _numbering;
        private readonly InterruptModerator _moderator;
        private readonly InterruptCeilings _ceilings;

        /// <summary>Starts with no ceilings.</summary>
        public InterruptPolicy(FunctionNumbering numbering, InterruptModerator moderator, InterruptCeilings ceilings)
        {
            _numbering = numbering;
            _moderator = moderator;
            _ceilings = ceilings;
        }

        /// <summary>A function's ceiling, interrupts of queues a second; 0 for none.</summary>
        public int Ceiling(int function)
        {
            return _ceilings.PerSecond(function);
        }

        /// <summary>
        /// Sets how many interrupts of its queues a function may cause: rate × time + <see cref="InterruptCeilings.Burst"/>. Those over it
        /// wait. Interrupts of the configuration do not count.
        /// </summary>
        /// <param name="perSecond">0 (none) to <see cref="InterruptCeilings.MaxPerSecond"/>.</param>
        public string SetCeiling(int function, int perSecond)
        {
            if (function < 0 || function >= _numbering.Count)
            {
                return "there is no function " + function.ToString();
            }

            if (perSecond < 0 || perSecond > InterruptCeilings.MaxPerSecond)
            {
                return "a ceiling is 0 to " + InterruptCeilings.MaxPerSecond.ToString() + " interrupts a second, not " + perSecond.ToString();
            }

            _ceilings.Set(function, perSecond);
            _moderator.Resume(function);
            return null;
        }
    }
}
