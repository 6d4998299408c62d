// Kinds of events: what can happen that an operator should hear of. Knows no layout.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>Numbers of the kinds, each with what an event's detail is; where nothing is said of it, it is zero.</summary>
    public static class ManagementEventKind
    {
        /// <summary>A read of the function found no completion in time.</summary>
        public const int CompletionTimeout = 1;

        /// <summary>A read of the function was answered with poisoned data.</summary>
        public const int PoisonedCompletion = 2;

        /// <summary>A read of the function was answered Unsupported Request.</summary>
        public const int UnsupportedRequest = 3;

        /// <summary>A read of the function was answered Completer Abort.</summary>
        public const int CompleterAbort = 4;

        /// <summary>Turns of a function that is being reset did not end by themselves, and were cut short.</summary>
        public const int DrainCutShort = 5;

        /// <summary>The function's driver broke it: DEVICE_NEEDS_RESET.</summary>
        public const int DeviceBroken = 6;

        /// <summary>A Function Level Reset, or the soft reset on the way to D0, has begun.</summary>
        public const int FunctionReset = 7;

        /// <summary>VFs of the PF came or went. Detail: how many are enabled now.</summary>
        public const int VFsChanged = 8;

        /// <summary>The link of the Ethernet port came up.</summary>
        public const int LinkUp = 9;

        /// <summary>The link of the Ethernet port went down.</summary>
        public const int LinkDown = 10;

        /// <summary>
        /// Policy was changed by the management protocol. Detail: of a function, the <see cref="ManagementAttributeKind"/>; of the
        /// endpoint, the changes of a transaction, or 1 for a rate group.
        /// </summary>
        public const int PolicyChanged = 11;

        /// <summary>
        /// A request was denied: of a PF, one through its window; of the endpoint, one by socket. Detail: the
        /// <see cref="ManagementOpcode"/>. Or a command of the function's driver was: <see cref="DeniedCommand"/> + class × 100h + command of its control queue.
        /// </summary>
        public const int RequestDenied = 12;

        /// <summary>In a detail of <see cref="RequestDenied"/>: a command of a control queue was denied; its class and itself are added.</summary>
        public const uint DeniedCommand = 0x10000;

        /// <summary>The store of the policy was damaged at start; defaults are used.</summary>
        public const int StoreDamaged = 13;

        /// <summary>The policy could not be written into its store.</summary>
        public const int StoreFault = 14;
    }
}
