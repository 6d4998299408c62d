// Why a change of policy was refused, as long as it is the last that was. Knows no rule.
namespace SmartNicFw.Firmware.Management
{
    /// <summary>Why a call that changes policy was refused.</summary>
    public sealed class PolicyFault
    {
        /// <summary>One of <see cref="Hal.Regs.ManagementReason"/>.</summary>
        public int Reason { get; private set; }

        /// <summary>The same in one line for people; null for none.</summary>
        public string Text { get; private set; }

        /// <summary>The change of a transaction that is at fault, 0 upwards in the order they came.</summary>
        public uint Change { get; set; }

        /// <summary>Takes a fault.</summary>
        /// <returns>The status.</returns>
        public int Set(int status, int reason, string text)
        {
            Reason = reason;
            Text = text;
            Change = 0;
            return status;
        }
    }
}
