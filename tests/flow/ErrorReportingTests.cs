// Poisoned writes: dropped, answered, and recorded as role-based error reporting has it.
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class ErrorReportingTests
{
    private static readonly int Pf0 = EndpointUnderTest.PfId();

    [Test]
    public void A_poisoned_write_changes_nothing_and_ends_as_unsupported_request_2_7_2_2()
    {
        var endpoint = new EndpointUnderTest();
        ConfigCompletion completion = endpoint.Send(
            Pf0, PciConfigHeader.InterruptLineOffset, isWrite: true, data: 0x77, isPoisoned: true);

        Assert.That(completion.Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(endpoint.Read32(Pf0, PciConfigHeader.InterruptLineOffset), Is.Zero);
        Assert.That(endpoint.Firmware.ConfigTlps.PoisonedRequests, Is.EqualTo(1));
        Assert.That(
            endpoint.Read16(Pf0, PciConfigHeader.StatusOffset) & PciConfigHeader.StatusDetectedParityErrorMask, Is.Not.Zero,
            "whatever Parity Error Response says (7.5.1.1.4)");
    }

    [Test]
    public void While_advisory_errors_are_masked_only_the_correctable_side_is_recorded_6_2_3_2_4()
    {
        var endpoint = new EndpointUnderTest();
        Poison(endpoint, Pf0);

        Assert.That(
            endpoint.Read16(Pf0, endpoint.Pf().PciExpress + PciExpressCapability.DeviceStatusOffset),
            Is.EqualTo(PciExpressCapability.DeviceStatusCorrectableDetectedMask));
        Assert.That(
            endpoint.Read32(Pf0, endpoint.Pf().Aer + AerCapability.CorrectableStatusOffset),
            Is.EqualTo(AerCapability.CorrectableAdvisoryNonFatalMask));
        Assert.That(endpoint.Read32(Pf0, endpoint.Pf().Aer + AerCapability.UncorrectableStatusOffset), Is.Zero);
    }

    [Test]
    public void The_header_of_the_first_error_is_logged_and_kept_until_its_status_is_cleared_7_8_4_8()
    {
        var endpoint = new EndpointUnderTest();
        int aer = endpoint.Pf().Aer;
        SriovTests.UnmaskAdvisoryErrors(endpoint);
        Poison(endpoint, Pf0, PciConfigHeader.InterruptLineOffset);
        Poison(endpoint, Pf0, PciConfigHeader.CommandOffset);

        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.UncorrectableStatusOffset), Is.EqualTo(AerCapability.UncorrectablePoisonedTlpMask));
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.ControlOffset) & AerCapability.ControlFirstErrorPointerMask, Is.EqualTo(12));
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.HeaderLogOffset), Is.EqualTo(0x44004001), "configuration write type 0, poisoned, one doubleword");
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.HeaderLogOffset + 4), Is.EqualTo(0x00085A0F), "requester 00:01.0, tag 5A, all bytes");
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.HeaderLogOffset + 8), Is.EqualTo(0x0100003C), "01:00.0, register 3C, the first of the two");

        endpoint.Write(Pf0, aer + AerCapability.UncorrectableStatusOffset, AerCapability.UncorrectablePoisonedTlpMask);
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.UncorrectableStatusOffset), Is.Zero, "RW1C");
        Poison(endpoint, Pf0, PciConfigHeader.CommandOffset);
        Assert.That(endpoint.Read32(Pf0, aer + AerCapability.HeaderLogOffset + 8), Is.EqualTo(0x01000004));
    }

    [Test]
    public void A_fatal_severity_in_the_PF_makes_the_error_of_its_VF_fatal_and_the_VF_alone_records_it_9_4_2()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(2);
        endpoint.Settle();
        endpoint.Write(Pf0, endpoint.Pf().Aer + AerCapability.UncorrectableSeverityOffset, AerCapability.UncorrectablePoisonedTlpMask);
        Poison(endpoint, endpoint.VfId(1));

        int vfStatus = endpoint.Vf.PciExpress + PciExpressCapability.DeviceStatusOffset;
        Assert.That(endpoint.Read16(endpoint.VfId(1), vfStatus), Is.EqualTo(PciExpressCapability.DeviceStatusFatalDetectedMask));
        Assert.That(
            endpoint.Read32(endpoint.VfId(1), endpoint.Vf.Aer + AerCapability.UncorrectableStatusOffset),
            Is.EqualTo(AerCapability.UncorrectablePoisonedTlpMask));
        Assert.That(endpoint.Read16(endpoint.VfId(0), vfStatus), Is.Zero);
        Assert.That(endpoint.Read16(Pf0, endpoint.Pf().PciExpress + PciExpressCapability.DeviceStatusOffset), Is.Zero);
    }

    [Test]
    public void Recorded_errors_survive_FLR_7_8_4_2()
    {
        var endpoint = new EndpointUnderTest();
        SriovTests.UnmaskAdvisoryErrors(endpoint);
        Poison(endpoint, Pf0);
        endpoint.InitiateFlr(Pf0, endpoint.Pf());
        endpoint.Settle();

        Assert.That(endpoint.Read32(Pf0, endpoint.Pf().Aer + AerCapability.UncorrectableStatusOffset), Is.EqualTo(AerCapability.UncorrectablePoisonedTlpMask));
        Assert.That(endpoint.Read32(Pf0, endpoint.Pf().Aer + AerCapability.HeaderLogOffset), Is.Not.Zero);
        Assert.That(endpoint.Read16(Pf0, endpoint.Pf().PciExpress + PciExpressCapability.DeviceStatusOffset), Is.Zero, "not sticky");
    }

    private static void Poison(EndpointUnderTest endpoint, int routingId, int offset = PciConfigHeader.CommandOffset) =>
        endpoint.Send(routingId, offset, isWrite: true, isPoisoned: true);
}
