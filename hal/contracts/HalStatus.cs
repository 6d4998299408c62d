// What a call into the hardware did to the world.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>Result of a call into the hardware. Whatever it is, a call that did not succeed changed nothing.</summary>
    public enum HalStatus
    {
        /// <summary>Done, or accepted and reported later as an event.</summary>
        Ok = 0,

        /// <summary>No room now: try again.</summary>
        Busy = 1,

        /// <summary>What was asked cannot be: trying again does not help.</summary>
        BadArgument = 2,
    }
}
