// What kind of VMD controller a host sees.
namespace SmartNicFw.Emulator.Hierarchy;

/// <summary>Fixed when the controller is made.</summary>
public sealed record VmdOptions
{
    /// <summary>Vectors of the controller: a driver behind it gets no more than these while interrupts are remapped.</summary>
    public const int Vectors = 32;

    /// <summary>
    /// Tells the host that its addresses are not those of the devices behind, as in a guest that a VMD was passed to: Linux
    /// remaps interrupts then. Else it lets them pass.
    /// </summary>
    public bool OffersRemap { get; init; }

    /// <summary>Physical Slot Number of the root port, 0 to 8191.</summary>
    public int SlotNumber { get; init; } = 1;
}
