// Resets of every kind: what they clear, what they keep, whom they leave alone, and the order at the door.
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class ResetTests
{
    private const uint MaxPayload256 = 1 << PciExpressCapability.MaxPayloadSizeShift;
    private const uint MaxReadRequest1024 = 3 << PciExpressCapability.MaxReadRequestSizeShift;
    private static readonly int Pf0 = EndpointUnderTest.PfId();

    [Test]
    public void FLR_of_a_VF_clears_that_VF_and_leaves_its_neighbours_and_its_place_9_2_2_2()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(3);
        endpoint.Settle();
        int msix = endpoint.Vf.Msix + MsixCapability.MessageControlOffset;
        for (int vf = 0; vf < 3; vf++)
        {
            endpoint.Write(endpoint.VfId(vf), PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
            endpoint.Write(endpoint.VfId(vf), msix, MsixCapability.MessageControlEnableMask, 2);
        }

        uint sriov = endpoint.SriovControlBits(0);
        endpoint.InitiateFlr(endpoint.VfId(1), endpoint.Vf);
        endpoint.Settle();

        Assert.That(endpoint.Read16(endpoint.VfId(1), PciConfigHeader.CommandOffset), Is.Zero);
        Assert.That(endpoint.Read16(endpoint.VfId(1), msix), Is.EqualTo(15));
        foreach (int neighbour in new[] { 0, 2 })
        {
            Assert.That(
                endpoint.Read16(endpoint.VfId(neighbour), PciConfigHeader.CommandOffset),
                Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask));
            Assert.That(
                endpoint.Read16(endpoint.VfId(neighbour), msix), Is.EqualTo(MsixCapability.MessageControlEnableMask | 15));
        }

        Assert.That(endpoint.SriovControlBits(0), Is.EqualTo(sriov));
    }

    [Test]
    public void FLR_of_a_PF_takes_its_VFs_away_and_leaves_the_other_PF_and_its_VFs_9_2_2_3()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 16 });
        endpoint.EnableVFs(4, pf: 0);
        endpoint.EnableVFs(4, pf: 1);
        endpoint.Settle();
        int ownVf = endpoint.VfId(3, 0);
        int otherVf = endpoint.VfId(3, 1);
        endpoint.Write(otherVf, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        endpoint.InitiateFlr(Pf0, endpoint.Pf());
        Assert.That(endpoint.Probe(ownVf), Is.EqualTo(CompletionStatus.UnsupportedRequest), "at once");
        endpoint.Settle();

        Assert.That(endpoint.Read16(Pf0, endpoint.Pf().Sriov + SriovCapability.NumVFsOffset), Is.Zero);
        Assert.That(
            endpoint.SriovControlBits(0), Is.EqualTo(SriovCapability.ControlAriCapableHierarchyMask),
            "VF Enable and VF MSE are cleared; ARI Capable Hierarchy places the VFs of the other PF and stays");
        Assert.That(endpoint.VfId(3, 1), Is.EqualTo(otherVf));
        Assert.That(
            endpoint.Read16(otherVf, PciConfigHeader.CommandOffset), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask));
        Assert.That(
            endpoint.Read16(Pf0, endpoint.Pf().Ari + AriCapability.CapabilityOffset) >> 8, Is.EqualTo(1), "HwInit is there again");
    }

    [Test]
    public void FLR_keeps_what_belongs_to_the_link_and_sticky_bits_and_clears_the_rest_6_6_2()
    {
        var endpoint = new EndpointUnderTest();
        int control = endpoint.Pf().PciExpress + PciExpressCapability.DeviceControlOffset;
        int link = endpoint.Pf().PciExpress + PciExpressCapability.LinkControlOffset;
        int mask = endpoint.Pf().Aer + AerCapability.UncorrectableMaskOffset;
        endpoint.Write(Pf0, control, MaxPayload256 | MaxReadRequest1024, 2);
        endpoint.Write(Pf0, link, PciExpressCapability.LinkControlCommonClockMask, 2);
        endpoint.Write(Pf0, mask, AerCapability.UncorrectablePoisonedTlpMask);
        endpoint.Write(Pf0, PciConfigHeader.Bar0Offset, 0x8000_0000);
        endpoint.InitiateFlr(Pf0, endpoint.Pf());
        endpoint.Settle();

        Assert.That(
            endpoint.Read16(Pf0, control) & PciExpressCapability.DeviceControlMaxPayloadSizeMask, Is.EqualTo(MaxPayload256));
        Assert.That(
            endpoint.Read16(Pf0, control) >> PciExpressCapability.MaxReadRequestSizeShift,
            Is.EqualTo(PciExpressCapability.MaxReadRequestSize512));
        Assert.That(endpoint.Read16(Pf0, link), Is.EqualTo(PciExpressCapability.LinkControlCommonClockMask));
        Assert.That(endpoint.Read32(Pf0, mask), Is.EqualTo(AerCapability.UncorrectablePoisonedTlpMask));
        Assert.That(endpoint.Read32(Pf0, PciConfigHeader.Bar0Offset), Is.EqualTo(0xC));
    }

    [TestCase(LinkEvent.HotReset, AerCapability.UncorrectablePoisonedTlpMask)]
    [TestCase(LinkEvent.FundamentalReset, AerCapability.UncorrectableInternalMask)]
    public void A_conventional_reset_clears_the_link_fields_too_and_only_hot_reset_keeps_sticky_bits_6_6_1(
        LinkEvent linkEvent, uint maskAfterwards)
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(4);
        endpoint.Settle();
        int vf = endpoint.VfId(0);
        int control = endpoint.Pf().PciExpress + PciExpressCapability.DeviceControlOffset;
        int mask = endpoint.Pf().Aer + AerCapability.UncorrectableMaskOffset;
        endpoint.Write(Pf0, control, MaxPayload256, 2);
        endpoint.Write(Pf0, mask, AerCapability.UncorrectablePoisonedTlpMask);
        endpoint.Board.Link.Signal(linkEvent);
        endpoint.Settle();

        Assert.That(endpoint.Probe(vf), Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(endpoint.Read16(Pf0, control) & PciExpressCapability.DeviceControlMaxPayloadSizeMask, Is.Zero);
        Assert.That(endpoint.SriovControlBits(0), Is.Zero);
        Assert.That(endpoint.Read32(Pf0, mask), Is.EqualTo(maskAfterwards));
        Assert.That(endpoint.Firmware.Router.CapturedBus, Is.Zero);
    }

    [Test]
    public void A_request_sent_after_two_resets_finds_both_of_them_over_6_6_1()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.Board.Link.Signal(LinkEvent.HotReset);
        endpoint.Board.Link.Signal(LinkEvent.HotReset);
        endpoint.Write(Pf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        endpoint.Settle();

        Assert.That(endpoint.Read16(Pf0, PciConfigHeader.CommandOffset), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask));
    }

    [Test]
    public void A_reset_that_waits_while_its_VF_is_disabled_and_enabled_again_does_not_reach_the_new_VF_9_2_3()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 256 });
        endpoint.EnableVFs(200);
        endpoint.Settle();
        for (int vf = 0; vf < 200; vf++)
        {
            endpoint.Firmware.Resets.BeginFunctionReset(endpoint.Firmware.Numbering.VirtualFunction(0, vf));
        }

        endpoint.DisableVFs();
        endpoint.EnableVFs(200);
        endpoint.Settle();
        for (int vf = 0; vf < 200; vf++)
        {
            Assert.That(endpoint.Probe(endpoint.VfId(vf)), Is.EqualTo(CompletionStatus.Successful), $"VF {vf}");
        }

        int command = endpoint.VfId(199);
        endpoint.Write(command, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        endpoint.Settle();
        Assert.That(endpoint.Read16(command, PciConfigHeader.CommandOffset), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask));
    }

    [Test]
    public void A_function_under_reset_answers_retry_status_and_decodes_nothing()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 256 });
        endpoint.EnableVFs(200);
        endpoint.Settle();

        // Sixty-five resets in one step: one more than a step completes.
        for (int vf = 0; vf <= Firmware.Config.ResetControl.FunctionsPerStep; vf++)
        {
            endpoint.Firmware.Resets.BeginFunctionReset(endpoint.Firmware.Numbering.VirtualFunction(0, vf));
        }

        endpoint.Board.Step();
        Assert.That(
            endpoint.Probe(endpoint.VfId(Firmware.Config.ResetControl.FunctionsPerStep)), Is.EqualTo(CompletionStatus.Successful),
            "the request's own step completed it");
        endpoint.Firmware.Resets.BeginFunctionReset(0);
        Assert.That(endpoint.Probe(Pf0), Is.EqualTo(CompletionStatus.ConfigurationRequestRetry));
        Assert.That(endpoint.Probe(Pf0), Is.EqualTo(CompletionStatus.Successful));
    }

    [Test]
    public void The_door_stops_a_function_at_once_and_clears_it_afterwards()
    {
        var endpoint = new EndpointUnderTest();
        var participant = new RecordingParticipant();
        endpoint.Firmware.Resets.Attach(participant);
        endpoint.EnableVFs(2);
        endpoint.Settle();
        endpoint.InitiateFlr(endpoint.VfId(1), endpoint.Vf);
        endpoint.Settle();
        endpoint.DisableVFs();
        endpoint.InitiateFlr(Pf0, endpoint.Pf());
        endpoint.Settle();

        Assert.That(
            participant.Calls,
            Is.EqualTo(new[] { "clear 1", "clear 2", "quiesce 2", "clear 2", "stop 1+2", "quiesce 0", "clear 0" }));
    }

    [Test]
    public void FLR_of_a_PF_stops_its_VFs_at_the_door_before_the_PF_itself_9_2_2_3()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(3);
        endpoint.Settle();
        var participant = new RecordingParticipant();
        endpoint.Firmware.Resets.Attach(participant);
        endpoint.InitiateFlr(Pf0, endpoint.Pf());
        endpoint.Settle();

        Assert.That(participant.Calls, Is.EqualTo(new[] { "stop 1+3", "quiesce 0", "clear 0" }));
        Assert.That(endpoint.Firmware.Resets.IsReady(endpoint.Firmware.Numbering.VirtualFunction(0, 2)), Is.False);
    }

    [Test]
    public void D1_and_D2_are_discarded_7_5_2_2()
    {
        var endpoint = new EndpointUnderTest();
        int control = endpoint.Pf().PowerManagement + PowerManagementCapability.ControlStatusOffset;
        foreach (uint state in new uint[] { PowerManagementCapability.PowerStateD1, PowerManagementCapability.PowerStateD2 })
        {
            endpoint.Write(Pf0, control, state, 2);
            Assert.That(
                endpoint.Read16(Pf0, control) & PowerManagementCapability.ControlStatusPowerStateMask,
                Is.EqualTo(PowerManagementCapability.PowerStateD0));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void D3hot_stops_decoding_and_the_way_back_resets_softly_unless_No_Soft_Reset_is_set_7_5_2_2(bool noSoftReset)
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 4, NoSoftReset = noSoftReset });
        int control = endpoint.Pf().PowerManagement + PowerManagementCapability.ControlStatusOffset;
        endpoint.Write(Pf0, PciConfigHeader.Bar0Offset, 0x8000_0000);
        endpoint.Write(Pf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandMemorySpaceEnableMask, 2);
        endpoint.EnableVFs(2);
        endpoint.Settle();
        int vf = endpoint.VfId(0);
        endpoint.Write(Pf0, control, PowerManagementCapability.PowerStateD3Hot, 2);
        Assert.That(endpoint.Board.Comparators.Decode(0x8000_0000), Is.Null);
        Assert.That(endpoint.Read16(Pf0, PciConfigHeader.CommandOffset), Is.Not.Zero, "configuration still answers");

        endpoint.Write(Pf0, control, PowerManagementCapability.PowerStateD0, 2);
        endpoint.Settle();
        Assert.That(endpoint.Board.Comparators.Decode(0x8000_0000) is not null, Is.EqualTo(noSoftReset));
        Assert.That(
            endpoint.Probe(vf), Is.EqualTo(noSoftReset ? CompletionStatus.Successful : CompletionStatus.UnsupportedRequest));
        Assert.That(
            endpoint.Read32(Pf0, PciConfigHeader.Bar0Offset), Is.EqualTo(noSoftReset ? 0x8000_000Cu : 0xCu));
    }
}
