// Every contract that a board fulfils for its firmware, in one bundle. Holds references; does nothing.
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Firmware
{
    /// <summary>The hardware as one firmware sees it. The board sets every field but the store's before it builds the firmware.</summary>
    public sealed class BoardContracts
    {
        /// <summary>Where configuration requests arrive.</summary>
        public IConfigPort ConfigPort;

        /// <summary>Events of the link.</summary>
        public ILinkPort LinkPort;

        /// <summary>The address comparators.</summary>
        public IAddressDecodePort AddressDecode;

        /// <summary>The time.</summary>
        public IMonotonicClock Clock;

        /// <summary>Where accesses to BARs arrive.</summary>
        public IBarPort BarPort;

        /// <summary>Where doorbells arrive.</summary>
        public IDoorbellPort DoorbellPort;

        /// <summary>The engine of the queues.</summary>
        public IQueueEngine QueueEngine;

        /// <summary>Commands of control queues.</summary>
        public ICommandPort CommandPort;

        /// <summary>The forwarding table.</summary>
        public ISwitchTable SwitchTable;

        /// <summary>The way out for MSI-X messages.</summary>
        public IMsixPort MsixPort;

        /// <summary>The wire.</summary>
        public IEthernetPort EthernetPort;

        /// <summary>Counters of the switch.</summary>
        public ICounterPort CounterPort;

        /// <summary>Management requests beside the BARs.</summary>
        public IManagementPort ManagementPort;

        /// <summary>Where policy is kept without power; null when it is not, and every start is from defaults.</summary>
        public INonVolatileStore Store;

        /// <summary>Name of the first field that is not set; null when all are.</summary>
        public string FirstMissing()
        {
            if (ConfigPort == null || LinkPort == null || AddressDecode == null || Clock == null)
            {
                return "a contract of the configuration flow";
            }

            if (BarPort == null || DoorbellPort == null || MsixPort == null)
            {
                return "a contract of the control flow";
            }

            if (QueueEngine == null || CommandPort == null || SwitchTable == null || EthernetPort == null || CounterPort == null)
            {
                return "a contract of the data flow";
            }

            return ManagementPort == null ? "a contract of management" : null;
        }
    }
}
