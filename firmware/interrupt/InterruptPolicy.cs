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
        private readonly Coalescing _coalescing;

        /// <summary>Starts with no ceilings, and no function that is adaptive.</summary>
        public InterruptPolicy(
            FunctionNumbering numbering, InterruptModerator moderator, InterruptCeilings ceilings, Coalescing coalescing)
        {
            _coalescing = coalescing;
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
            if (!Exists(function))
            {
                return NoFunction(function);
            }

            if (perSecond < 0 || perSecond > InterruptCeilings.MaxPerSecond)
            {
                return "a ceiling is 0 to " + InterruptCeilings.MaxPerSecond.ToString() + " interrupts a second, not " + perSecond.ToString();
            }

            _ceilings.Set(function, perSecond);
            _moderator.Resume(function);
            return null;
        }

        /// <summary>Whether a function's interrupts are moderated adaptively where its driver sets nothing.</summary>
        public bool IsAdaptive(int function)
        {
            return _coalescing.IsFunctionAdaptive(function);
        }

        /// <summary>
        /// Switches adaptive moderation of a function's receive and transmit queues; at first it is off. Parameters that the driver sets
        /// go before it: <see cref="Coalescing"/> says when. Switched off, what waits is judged by the driver's own parameters at once.
        /// </summary>
        public string SetAdaptive(int function, bool isAdaptive)
        {
            if (!Exists(function))
            {
                return NoFunction(function);
            }

            _coalescing.SetAdaptive(function, isAdaptive);
            _moderator.ParametersChanged(function);
            return null;
        }

        /// <summary>Where adaptive moderation stands with a queue, 0 to <see cref="AdaptiveLevels.Highest"/>; -1 when it does not decide.</summary>
        /// <param name="function">A function that there is.</param>
        /// <param name="queue">Any number.</param>
        public int Level(int function, int queue)
        {
            return _coalescing.Level(function, queue);
        }

        private bool Exists(int function)
        {
            return function >= 0 && function < _numbering.Count;
        }

        private static string NoFunction(int function)
        {
            return "there is no function " + function.ToString();
        }
    }
}
