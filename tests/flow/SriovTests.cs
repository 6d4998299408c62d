// SR-IOV as software sees it: what may change when, where the VFs are, what their coming and going means.
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class SriovTests
{
    private static readonly int Pf0 = EndpointUnderTest.PfId();

    [TestCase(17u)]
    [TestCase(0xFFFFu)]
    public void Hostile_01_NumVFs_above_TotalVFs_is_ignored_9_3_3_7(uint numVFs)
    {
        var endpoint = new EndpointUnderTest();
        endpoint.Write(Pf0, endpoint.Pf().Sriov + SriovCapability.NumVFsOffset, 5, 2);
        endpoint.Write(Pf0, endpoint.Pf().Sriov + SriovCapability.NumVFsOffset, numVFs, 2);

        Assert.That(NumVFs(endpoint), Is.EqualTo(5));
    }

    [Test]
    public void Hostile_02_NumVFs_is_ignored_while_VF_Enable_is_set_9_3_3_7()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(5);
        endpoint.Settle();
        endpoint.Write(Pf0, endpoint.Pf().Sriov + SriovCapability.NumVFsOffset, 9, 2);

        Assert.That(NumVFs(endpoint), Is.EqualTo(5));
        Assert.That(endpoint.Probe(endpoint.VfId(4)), Is.EqualTo(CompletionStatus.Successful));
        Assert.That(endpoint.Probe(endpoint.VfId(5)), Is.EqualTo(CompletionStatus.UnsupportedRequest));
    }

    [Test]
    public void Hostile_03_VF_Enable_toggled_100000_times_leaves_a_clean_VF_and_allocates_nothing()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(16);
        endpoint.Settle();
        int vf = endpoint.VfId(15);
        int control = endpoint.Pf().Sriov + SriovCapability.ControlOffset;
        uint on = endpoint.SriovControlBits(0);
        void Toggle(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                endpoint.Send(vf, PciConfigHeader.CommandOffset, true, PciConfigHeader.CommandBusMasterEnableMask);
                endpoint.Send(Pf0, control, true, on & ~(uint)SriovCapability.ControlVfEnableMask);
                endpoint.Send(Pf0, control, true, on);
            }
        }

        Assert.That(Allocations.Of(() => Toggle(10_000)), Is.Zero);
        endpoint.Settle();
        Assert.That(endpoint.Read16(vf, PciConfigHeader.CommandOffset), Is.Zero);
        Assert.That(endpoint.Board.Comparators.Decode(0), Is.Not.Null, "VF BARs at their reset value, VF MSE still set");
    }

    [Test]
    public void A_VF_exists_while_VF_Enable_is_set_and_not_before_or_after_9_3_3_3_1()
    {
        var endpoint = new EndpointUnderTest();
        Assert.That(endpoint.Probe(Pf0 + 1), Is.EqualTo(CompletionStatus.UnsupportedRequest));

        endpoint.EnableVFs(3);
        endpoint.Settle();
        Assert.That(endpoint.Probe(endpoint.VfId(2)), Is.EqualTo(CompletionStatus.Successful));

        endpoint.DisableVFs();
        Assert.That(endpoint.Probe(Pf0 + 1), Is.EqualTo(CompletionStatus.UnsupportedRequest), "gone at once, before any step");
        Assert.That(NumVFs(endpoint), Is.EqualTo(3), "NumVFs is software's to clear");
    }

    [Test]
    public void VFs_answer_retry_status_until_firmware_has_cleared_them_in_portions_2_3_1()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 256 });
        endpoint.EnableVFs(200);

        // The step that took the write has begun already: one portion is ready.
        int last = endpoint.VfId(199);
        Assert.That(endpoint.Probe(last), Is.EqualTo(CompletionStatus.ConfigurationRequestRetry));
        Assert.That(endpoint.Probe(endpoint.VfId(0)), Is.EqualTo(CompletionStatus.Successful));
        endpoint.Settle();
        Assert.That(endpoint.Probe(last), Is.EqualTo(CompletionStatus.Successful));
        Assert.That(endpoint.Firmware.ConfigTlps.RetriedRequests, Is.EqualTo(1));
    }

    [Test]
    public void Nothing_of_a_VFs_earlier_life_survives_not_even_sticky_bits_9_2_3()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(1);
        endpoint.Settle();
        int vf = endpoint.VfId(0);
        UnmaskAdvisoryErrors(endpoint);
        endpoint.Write(vf, endpoint.Vf.Msix + MsixCapability.MessageControlOffset, MsixCapability.MessageControlEnableMask, 2);
        endpoint.Send(vf, PciConfigHeader.CommandOffset, isWrite: true, isPoisoned: true);
        Assert.That(endpoint.Read32(vf, endpoint.Vf.Aer + AerCapability.UncorrectableStatusOffset), Is.Not.Zero);

        endpoint.DisableVFs();
        endpoint.EnableVFs(1);
        endpoint.Settle();
        Assert.That(endpoint.Read32(vf, endpoint.Vf.Aer + AerCapability.UncorrectableStatusOffset), Is.Zero);
        Assert.That(endpoint.Read16(vf, endpoint.Vf.Msix + MsixCapability.MessageControlOffset), Is.EqualTo(15));
    }

    [TestCase(true, 4, 16, 4, 4)]
    [TestCase(false, 1, 7, 1, 1)]
    [TestCase(false, 1, 8, 256, 1)]
    [TestCase(true, 3, 16, 4, 4)]
    [TestCase(false, 4, 1, 4, 4)]
    [TestCase(false, 4, 2, 256, 4)]
    public void First_VF_Offset_and_VF_Stride_follow_ARI_and_NumVFs_9_3_3_9(
        bool isAri, int physicalFunctions, int numVFs, int offset, int stride)
    {
        var endpoint = new EndpointUnderTest(
            new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = 16 });
        endpoint.EnableVFs(numVFs, isAri: isAri);

        Assert.That(endpoint.Read16(Pf0, endpoint.Pf().Sriov + SriovCapability.FirstVfOffsetOffset), Is.EqualTo(offset));
        Assert.That(endpoint.Read16(Pf0, endpoint.Pf().Sriov + SriovCapability.VfStrideOffset), Is.EqualTo(stride));
    }

    [Test]
    public void ARI_Capable_Hierarchy_is_in_the_first_PF_only_and_moves_the_VFs_of_all_9_3_3_3_5()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 16 });
        int second = EndpointUnderTest.PfId(1);
        int control = endpoint.Pf(1).Sriov + SriovCapability.ControlOffset;
        endpoint.Write(second, endpoint.Pf(1).Sriov + SriovCapability.NumVFsOffset, 16, 2);
        endpoint.Write(second, control, SriovCapability.ControlAriCapableHierarchyMask, 2);
        Assert.That(endpoint.SriovControlBits(1), Is.Zero);
        Assert.That(endpoint.Read16(second, endpoint.Pf(1).Sriov + SriovCapability.FirstVfOffsetOffset), Is.EqualTo(256));

        endpoint.Write(Pf0, endpoint.Pf().Sriov + SriovCapability.ControlOffset, SriovCapability.ControlAriCapableHierarchyMask, 2);
        Assert.That(endpoint.Read16(second, endpoint.Pf(1).Sriov + SriovCapability.FirstVfOffsetOffset), Is.EqualTo(2));
    }

    [Test]
    public void ARI_Capable_Hierarchy_is_ignored_while_any_PF_has_VFs_enabled_9_3_3_3_5()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 16 });
        endpoint.EnableVFs(16, pf: 1);
        endpoint.Settle();
        int before = endpoint.VfId(9, 1);
        endpoint.Write(Pf0, endpoint.Pf().Sriov + SriovCapability.ControlOffset, 0, 2);

        Assert.That(endpoint.SriovControlBits(0), Is.EqualTo(SriovCapability.ControlAriCapableHierarchyMask));
        Assert.That(endpoint.VfId(9, 1), Is.EqualTo(before));
    }

    [TestCase(0x2u)]
    [TestCase(0x10u)]
    [TestCase(0x400u)]
    public void VF_BARs_are_as_large_as_a_page_and_aligned_to_it_9_3_3_13(uint pageSize)
    {
        var endpoint = new EndpointUnderTest();
        int pages = endpoint.Pf().Sriov + SriovCapability.SystemPageSizeOffset;
        int notify = endpoint.Pf().Sriov + SriovCapability.VfBar0Offset + (4 * PciConfigHeader.BarBytes);
        endpoint.Write(Pf0, notify, 0xFFFFFFFF);
        Assert.That(endpoint.Read32(Pf0, notify), Is.EqualTo(0xFFFFF00C), "4 KB with pages of 4 KB");

        endpoint.Write(Pf0, pages, pageSize);
        uint page = pageSize << SriovCapability.PageSizeShift;
        Assert.That(endpoint.Read32(Pf0, notify), Is.EqualTo(~(page - 1) | 0xC), "the stored address is cut at once");
        endpoint.Write(Pf0, notify, 0xFFFFFFFF);
        Assert.That(endpoint.Read32(Pf0, notify), Is.EqualTo(~(page - 1) | 0xC));
    }

    [TestCase(0u)]
    [TestCase(0x3u)]
    [TestCase(0x4u)]
    [TestCase(0x80000000u)]
    public void A_page_size_that_is_not_one_supported_bit_is_ignored_9_3_3_13(uint pageSize)
    {
        var endpoint = new EndpointUnderTest();
        int pages = endpoint.Pf().Sriov + SriovCapability.SystemPageSizeOffset;
        endpoint.Write(Pf0, pages, 0x10);
        endpoint.Write(Pf0, pages, pageSize);

        Assert.That(endpoint.Read32(Pf0, pages), Is.EqualTo(0x10));
    }

    [Test]
    public void The_page_size_is_ignored_while_VF_Enable_is_set_9_3_3_13()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(1);
        int pages = endpoint.Pf().Sriov + SriovCapability.SystemPageSizeOffset;
        endpoint.Write(Pf0, pages, 0x10);

        Assert.That(endpoint.Read32(Pf0, pages), Is.EqualTo(1));
    }

    [Test]
    public void VF_MSE_and_VF_BARs_decide_where_VFs_answer_and_the_PFs_Command_does_not_9_3_3_3_4()
    {
        var endpoint = new EndpointUnderTest();
        const ulong Base = 0x12_3400_0000;
        int bar = endpoint.Pf().Sriov + SriovCapability.VfBar0Offset;
        endpoint.Write(Pf0, bar, (uint)(Base & 0xFFFFFFFF));
        endpoint.Write(Pf0, bar + 4, (uint)(Base >> 32));
        endpoint.EnableVFs(4);
        endpoint.Settle();

        Assert.That(endpoint.Board.Comparators.Decode(Base + 0x4123), Is.EqualTo(new DecodedAddress(0, 1, 0, 0x123)));
        Assert.That(endpoint.Board.Comparators.Decode(Base + (4 * 0x4000)), Is.Null, "behind the last enabled VF");

        int control = endpoint.Pf().Sriov + SriovCapability.ControlOffset;
        endpoint.Write(Pf0, control, endpoint.SriovControlBits(0) & ~(uint)SriovCapability.ControlVfMseMask, 2);
        Assert.That(endpoint.Board.Comparators.Decode(Base + 0x4123), Is.Null);
        Assert.That(endpoint.Probe(endpoint.VfId(1)), Is.EqualTo(CompletionStatus.Successful), "it still answers configuration");
    }

    [Test]
    public void Hostile_05_moved_and_overlapping_BARs_change_decoding_and_nothing_else()
    {
        var endpoint = new EndpointUnderTest();
        var participant = new RecordingParticipant();
        endpoint.Firmware.Resets.Attach(participant);
        endpoint.Write(Pf0, PciConfigHeader.CommandOffset, PciConfigHeader.CommandMemorySpaceEnableMask, 2);
        endpoint.EnableVFs(4);
        endpoint.Settle();
        participant.Calls.Clear();
        long updates = endpoint.Board.Comparators.Updates;
        foreach (int bar in new[] { PciConfigHeader.Bar0Offset, endpoint.Pf().Sriov + SriovCapability.VfBar0Offset })
        {
            endpoint.Write(Pf0, bar, 0x5000_0000);
        }

        Assert.That(endpoint.Board.Comparators.Updates, Is.GreaterThan(updates));
        Assert.That(
            endpoint.Board.Comparators.Decode(0x5000_0010), Is.EqualTo(new DecodedAddress(0, -1, 0, 0x10)),
            "overlap: the PF's own BAR comes first");
        Assert.That(participant.Calls, Is.Empty);
        Assert.That(endpoint.Probe(endpoint.VfId(3)), Is.EqualTo(CompletionStatus.Successful));
    }

    [Test]
    public void Hostile_05_VF_BARs_at_the_end_of_the_address_space_do_not_wrap_round()
    {
        var endpoint = new EndpointUnderTest();
        int bar = endpoint.Pf().Sriov + SriovCapability.VfBar0Offset;
        endpoint.Write(Pf0, bar, 0xFFFFFFFF);
        endpoint.Write(Pf0, bar + 4, 0xFFFFFFFF);
        endpoint.Write(Pf0, bar + 12, 0x100);
        endpoint.Write(Pf0, bar + 20, 0x200);
        endpoint.EnableVFs(16);
        endpoint.Settle();

        Assert.That(endpoint.Board.Comparators.Decode(ulong.MaxValue), Is.EqualTo(new DecodedAddress(0, 0, 0, 0x3FFF)));
        Assert.That(endpoint.Board.Comparators.Decode(0x4000), Is.Null);
    }

    [Test]
    public void Every_Routing_ID_reaches_the_function_that_the_registers_place_there_and_no_other(
        [Range(1, 4)] int physicalFunctions, [Values] bool isAri, [Values(1, 2, 7, 64, 300)] int numVFs)
    {
        var endpoint = new EndpointUnderTest(
            new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = 300 });
        endpoint.Write(Pf0, PciConfigHeader.InterruptLineOffset, 0, 1);
        var expected = new System.Collections.Generic.SortedSet<int>();
        for (int pf = 0; pf < physicalFunctions; pf++)
        {
            endpoint.EnableVFs(numVFs, pf, isAri && pf == 0);
            endpoint.Settle();
        }

        for (int pf = 0; pf < physicalFunctions; pf++)
        {
            Assert.That(expected.Add(EndpointUnderTest.PfId(pf)), Is.True);
            for (int vf = 0; vf < numVFs; vf++)
            {
                Assert.That(expected.Add(endpoint.VfId(vf, pf)), Is.True, $"VF {vf} of PF {pf} shares its Routing ID");
            }
        }

        var found = new System.Collections.Generic.SortedSet<int>();
        for (int routingId = 0x0100; routingId <= 0xFFFF; routingId++)
        {
            if (endpoint.Probe(routingId) == CompletionStatus.Successful)
            {
                found.Add(routingId);
            }
        }

        Assert.That(found, Is.EqualTo(expected));
        for (int function = 0; function < physicalFunctions; function++)
        {
            int last = endpoint.Firmware.Numbering.VirtualFunction(function, numVFs - 1);
            Assert.That(endpoint.Firmware.Router.RoutingIdOf(last), Is.EqualTo(endpoint.VfId(numVFs - 1, function)));
        }
    }

    [Test]
    public void VF_Enable_with_NumVFs_zero_makes_no_VF()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(0);
        endpoint.Settle();

        Assert.That(endpoint.Probe(Pf0 + 1), Is.EqualTo(CompletionStatus.UnsupportedRequest));
    }

    internal static void UnmaskAdvisoryErrors(EndpointUnderTest endpoint) =>
        endpoint.Write(Pf0, endpoint.Pf().Aer + AerCapability.CorrectableMaskOffset, 0);

    private static uint NumVFs(EndpointUnderTest endpoint) =>
        endpoint.Read16(Pf0, endpoint.Pf().Sriov + SriovCapability.NumVFsOffset);
}
