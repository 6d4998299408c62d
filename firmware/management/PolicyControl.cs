// Where the operator's decisions arrive: judged as a whole, made as a whole or not at all, then kept. Knows no frame and no way it travels.
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Every call gives a <see cref="ManagementStatus"/>. Whatever it is but Ok, nothing has changed, and the fault says why. While a
    /// transaction is open, changes are part of it; else each is a transaction of its own. Who may change what, and whose the open
    /// transaction is, is for the caller to see to.
    /// </summary>
    public sealed class PolicyControl
    {
        /// <summary>Microseconds after which a transaction that nobody goes on with is forgotten.</summary>
        public const int IdleUs = 2000000;

        /// <summary>Number of the open transaction; 0 for none.</summary>
        public uint Transaction { get; private set; }

        /// <summary>Rate groups, the port included: numbers of groups are below it.</summary>
        public int Groups { get; private set; }

        /// <summary>True while the last change is being kept for the next start: it is in force, and is answered when this is over.</summary>
        public bool IsSaving { get; private set; }

        /// <summary>Ok, or <see cref="ManagementStatus.StoreFault"/> when the last change is in force and could not be kept.</summary>
        public int SaveStatus { get; private set; }

        /// <summary>Why the last call was refused: one of <see cref="ManagementReason"/>.</summary>
        public int FaultReason { get; private set; }

        /// <summary>The same in one line for people; null for none.</summary>
        public string FaultText { get; private set; }

        /// <summary>The change of a transaction that is at fault, 0 upwards in the order they came.</summary>
        public uint FaultChange { get; private set; }

        /// <summary>True when <see cref="Step"/> has something to do.</summary>
        public bool HasWork => IsSaving;

        /// <summary>What an attribute is set to: what is in force, not what an open transaction is to make of it.</summary>
        /// <param name="function">Any number.</param>
        /// <param name="attribute">Any number; those of <see cref="ManagementAttributeKind"/> are there.</param>
        public int GetAttribute(int function, int attribute, out ulong value)
        {
            value = 0;
            return Unknown();
        }

        /// <summary>Sets an attribute.</summary>
        /// <param name="function">Any number.</param>
        /// <param name="attribute">Any number.</param>
        /// <param name="value">Any value.</param>
        public int SetAttribute(int function, int attribute, ulong value)
        {
            return Unknown();
        }

        /// <summary>Adds a rate group.</summary>
        /// <param name="buffer">A <see cref="ManagementRateGroup"/>, any bytes.</param>
        /// <param name="offset">Where it begins.</param>
        public int AddRateGroup(byte[] buffer, int offset)
        {
            return Unknown();
        }

        /// <summary>Sets those fields of a rate group that are named.</summary>
        /// <param name="buffer">A <see cref="ManagementRateGroup"/>, any bytes.</param>
        /// <param name="offset">Where it begins.</param>
        public int SetRateGroup(byte[] buffer, int offset)
        {
            return Unknown();
        }

        /// <summary>Deletes a rate group.</summary>
        /// <param name="group">Any number.</param>
        public int DeleteRateGroup(int group)
        {
            return Unknown();
        }

        /// <summary>Writes a group that is there, or the port, as a <see cref="ManagementRateGroup"/>.</summary>
        /// <param name="group">Any number.</param>
        /// <returns>False when it is not there.</returns>
        public bool WriteRateGroup(int group, byte[] buffer, int offset)
        {
            return group == 0 && Unknown() == ManagementStatus.Ok;
        }

        /// <summary>Opens a transaction. Busy while another one is open.</summary>
        /// <param name="transaction">Receives its number, 1 upwards.</param>
        public int Begin(out uint transaction)
        {
            transaction = 0;
            return Unknown();
        }

        /// <summary>Judges all changes of a transaction, then makes all of them or none; it is over.</summary>
        /// <param name="changes">Changes that were sent in it; those that were refused at once are none.</param>
        /// <param name="isCheckOnly">Judge, and change nothing.</param>
        public int Commit(uint transaction, uint changes, bool isCheckOnly)
        {
            return Unknown();
        }

        /// <summary>Forgets a transaction.</summary>
        public int Abort(uint transaction)
        {
            return Unknown();
        }

        /// <summary>Keeps the next piece of what is to be kept, and forgets a transaction that is idle for <see cref="IdleUs"/>.</summary>
        public void Step(long nowUs)
        {
            IsSaving = false;
        }

        private int Unknown()
        {
            FaultReason = ManagementReason.None;
            FaultText = null;
            FaultChange = 0;
            SaveStatus = ManagementStatus.Ok;
            Transaction = 0;
            Groups = 1;
            return ManagementStatus.UnknownOpcode;
        }
    }
}
