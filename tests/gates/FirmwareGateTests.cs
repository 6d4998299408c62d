// The gate over hal and firmware as the nanoFramework leg builds them, and what they have used of its limits.
using System.Collections.Generic;
using System.IO;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed class FirmwareGateTests
{
    [Test]
    public void Hal_passes_the_gate() => Assert.That(Check("SmartNicFw.Hal"), Is.Empty);

    [Test]
    public void Firmware_passes_the_gate() => Assert.That(Check("SmartNicFw.Firmware", "SmartNicFw.Hal"), Is.Empty);

    private static IReadOnlyList<GateViolation> Check(string assembly, params string[] ours)
    {
        using AssemblyImage subject = Open(assembly);

        // The error stream, for the runner shows Progress only when it is told to be verbose.
        TestContext.Error.WriteLine(
            $"{assembly}: IL {subject.IlBytes} of {GateLimits.AssemblyIlBytes} bytes ({GateLimits.AssemblyIlBytes - subject.IlBytes} left), "
            + $"array data {subject.ArrayDataBytes} of {GateLimits.AssemblyDataBytes} bytes ({GateLimits.AssemblyDataBytes - subject.ArrayDataBytes} left)");
        List<AssemblyImage> references = [Open("mscorlib"), Open("nanoFramework.Runtime.Native")];
        foreach (string name in ours)
            references.Add(Open(name));
        try
        {
            return Gate.Check(subject, references);
        }
        finally
        {
            references.ForEach(image => image.Dispose());
        }
    }

    private static AssemblyImage Open(string name) => AssemblyImage.Open(Path.Combine(Repository.NanoLeg, name + ".dll"));
}
