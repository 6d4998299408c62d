// What may listen to frames: as they came into the switch, and as they left it. Knows no listener.
using System;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Hears of every frame twice: when it comes in, and once for each who gets it or would have. A station is a function by its index, or
/// <see cref="PacketSwitch.Port"/>. The bytes are lent for the call.
/// </summary>
public interface IFrameTap
{
    /// <summary>A frame came in from a station.</summary>
    /// <param name="frame">As the station gave it: what a driver left to the device is yet to be done to it. A frame that cannot be is cut to what can.</param>
    /// <param name="drop">0 when it is forwarded; else why not, a number of <see cref="Hal.Contracts.Counter"/>.</param>
    /// <param name="isOffloading">True when its checksum, or segments to cut, are left to the device.</param>
    void CameIn(int station, ReadOnlySpan<byte> frame, int drop, bool isOffloading);

    /// <summary>A frame went out to a station, or was dropped on its way there.</summary>
    /// <param name="frame">As the station gets it.</param>
    /// <param name="drop">0 when it arrived; else why not, a number of <see cref="Hal.Contracts.Counter"/>.</param>
    /// <param name="isOffloading">True when its checksum, or segments to cut, are left to the station.</param>
    void WentOut(int station, ReadOnlySpan<byte> frame, int drop, bool isOffloading);
}
