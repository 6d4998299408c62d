// What is known of a queue when a turn of it is over.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>Decides whether a queue is given another turn, and how many at a time.</summary>
    public enum AfterTurn
    {
        /// <summary>It was found empty: it waits for a doorbell.</summary>
        Nothing = 0,

        /// <summary>Its doorbell rang during the turn: it is looked at once more.</summary>
        Unknown = 1,

        /// <summary>It had more than the turn could take.</summary>
        More = 2,

        /// <summary>It may have more that cannot be moved: it waits for a doorbell, and keeps what is left of its quantum.</summary>
        Blocked = 3,
    }
}
