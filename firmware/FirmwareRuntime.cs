// The hallway of the firmware: builds the rooms and calls them in flow order.
namespace SmartNicFw.Firmware
{
    /// <summary>The firmware of one endpoint.</summary>
    public sealed class FirmwareRuntime
    {
    }
}
