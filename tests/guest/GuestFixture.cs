// What all fixtures with guests have in common. Knows the lab, and no test.
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

/// <summary>
/// Fixtures with guests run one at a time, when no other fixture runs: a guest under TCG takes a whole processor, the emulator
/// behind it another one. Where there is no lab, each test is skipped with the reason.
/// </summary>
[Category("Guest")]
[NonParallelizable]
public abstract class GuestFixture
{
    /// <summary>The lab.</summary>
    private protected GuestLab Lab { get; private set; } = null!;

    [OneTimeSetUp]
    public void FindTheLab() => Lab = GuestLab.Require();
}
