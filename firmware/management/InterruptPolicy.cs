// What the operator decides about interrupts: handed to control, and told to the moderator. Sends nothing, keeps nothing.
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Every call either takes effect at once and returns null, or changes nothing and returns one line with the reason. No wanted interrupt
    /// is lost by a change. Survives every reset of a function.
    /// </summary>
    public sealed class InterruptPolicy
    {
        private readonly PolicyControl _control;
        private readonly InterruptModerator _moderator;
        private readonly InterruptCeilings _ceilings;
        private readonly Coalescing _coalescing;

        /// <summary>Starts with no ceilings, and no function that is adaptive.</summary>
        public InterruptPolicy(PolicyControl control, InterruptModerator moderator, InterruptCeilings ceilings, Coalescing coalescing)
        {
            _control = control;
            _moderator = moderator;
            _ceilings = ceilings;
            _coalescing = coalescing;
            control.Interrupts = this;
        }

        /// <summary>A function's ceiling, interrupts of queues a second; 0 for none.</summary>
        public int Ceiling(int function)
        {
            return _control.Table.Ceiling[function];
        }

        /// <summary>
        /// Sets how many interrupts of its queues a function may cause: rate × time + <see cref="InterruptCeilings.Burst"/>. Those over it
        /// wait. Interrupts of the configuration do not count.
        /// </summary>
        /// <param name="perSecond">0 (none) to <see cref="InterruptCeilings.MaxPerSecond"/>.</param>
        public string SetCeiling(int function, int perSecond)
        {
            return _control.Change(function, ManagementAttributeKind.InterruptCeiling, (ulong)perSecond);
        }

        /// <summary>Whether a function's interrupts are moderated adaptively where its driver sets nothing.</summary>
        public bool IsAdaptive(int function)
        {
            return _control.Table.Has(function, PolicyTable.Adaptive);
        }

        /// <summary>
        /// Switches adaptive moderation of a function's receive and transmit queues; at first it is off. Parameters that the driver sets
        /// go before it: <see cref="Coalescing"/> says when. Switched off, what waits is judged by the driver's own parameters at once.
        /// </summary>
        public string SetAdaptive(int function, bool isAdaptive)
        {
            return _control.Change(function, ManagementAttributeKind.Adaptive, isAdaptive ? 1UL : 0);
        }

        /// <summary>Where adaptive moderation stands with a queue, 0 to <see cref="AdaptiveLevels.Highest"/>; -1 when it does not decide.</summary>
        /// <param name="function">A function that there is.</param>
        /// <param name="queue">Any number.</param>
        public int Level(int function, int queue)
        {
            return _coalescing.Level(function, queue);
        }

        /// <summary>Tells the rooms of interrupts what differs for a function.</summary>
        /// <param name="after">What is to be; the control's table is as before.</param>
        public void Apply(PolicyTable after, int function)
        {
            if (after.Ceiling[function] != Ceiling(function))
            {
                _ceilings.Set(function, after.Ceiling[function]);
                _moderator.Resume(function);
            }

            bool isAdaptive = after.Has(function, PolicyTable.Adaptive);
            if (isAdaptive != IsAdaptive(function))
            {
                _coalescing.SetAdaptive(function, isAdaptive);
                _moderator.ParametersChanged(function);
            }
        }
    }
}
