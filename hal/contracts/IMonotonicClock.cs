// Time that only moves forward.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>A clock that never goes back; its zero is arbitrary.</summary>
    public interface IMonotonicClock
    {
        /// <summary>Microseconds since the clock's zero.</summary>
        long NowUs { get; }
    }
}
