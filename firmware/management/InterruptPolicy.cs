// What the operator has decided about interrupts, told to the moderator. Judges nothing, sends nothing, keeps nothing.
using SmartNicFw.Firmware.Interrupt;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// A change takes effect at once, and no wanted interrupt is lost by it. Survives every reset of a function. A ceiling is rate × time +
    /// <see cref="InterruptCeilings.Burst"/> of interrupts of queues; those over it wait, and interrupts of the configuration do not count.
    /// Parameters that the driver sets go before adaptive moderation: <see cref="Coalescing"/> says when. Switched off, what waits is judged
    /// by the driver's own parameters at once.
    /// </summary>
    public sealed class InterruptPolicy
    {
        private readonly InterruptModerator _moderator;
        private readonly InterruptCeilings _ceilings;
        private readonly Coalescing _coalescing;

        /// <summary>Starts with no ceilings, and no function that is adaptive.</summary>
        public InterruptPolicy(PolicyControl control, InterruptModerator moderator, InterruptCeilings ceilings, Coalescing coalescing)
        {
            Control = control;
            _moderator = moderator;
            _ceilings = ceilings;
            _coalescing = coalescing;
            control.Interrupts = this;
        }

        /// <summary>Where changes arrive.</summary>
        public PolicyControl Control { get; }

        /// <summary>A function's ceiling, interrupts of queues a second; 0 for none.</summary>
        public int Ceiling(int function)
        {
            return Control.Table.Ceiling[function];
        }

        /// <summary>Whether a function's interrupts are moderated adaptively where its driver sets nothing.</summary>
        public bool IsAdaptive(int function)
        {
            return Control.Table.Has(function, PolicyTable.Adaptive);
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
