// Configuration requests as they come over the link: byte enables, read-only registers, functions that are not there.
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class ConfigAccessTests
{
    [Test]
    public void Header_of_a_PF_identifies_a_modern_network_device()
    {
        var endpoint = new EndpointUnderTest();
        int pf = EndpointUnderTest.PfId();

        Assert.That(endpoint.Read32(pf, PciConfigHeader.VendorIdOffset), Is.EqualTo(0x1041_1AF4));
        Assert.That(endpoint.Read32(pf, PciConfigHeader.RevisionIdOffset), Is.EqualTo(0x020000_01));
        Assert.That(endpoint.Read16(pf, PciConfigHeader.StatusOffset), Is.EqualTo(PciConfigHeader.StatusCapabilitiesListMask));
    }

    [Test]
    public void Header_of_a_VF_reads_FFFF_for_its_IDs_and_zero_for_what_the_PF_owns_9_3_4_1()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(2);
        endpoint.Settle();
        int vf = endpoint.VfId(1);
        endpoint.Write(vf, PciConfigHeader.CommandOffset, 0xFFFF, 2);
        endpoint.Write(vf, PciConfigHeader.CacheLineSizeOffset, 0xFFFFFFFF);
        endpoint.Write(vf, PciConfigHeader.InterruptLineOffset, 0xFFFFFFFF);

        Assert.That(endpoint.Read32(vf, PciConfigHeader.VendorIdOffset), Is.EqualTo(0xFFFFFFFF));
        Assert.That(endpoint.Read32(vf, PciConfigHeader.RevisionIdOffset), Is.EqualTo(0x020000_01));
        Assert.That(
            endpoint.Read16(vf, PciConfigHeader.CommandOffset), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask),
            "Bus Master Enable is the only bit of Command that a VF has");
        Assert.That(endpoint.Read32(vf, PciConfigHeader.CacheLineSizeOffset), Is.Zero);
        Assert.That(endpoint.Read32(vf, PciConfigHeader.InterruptLineOffset), Is.Zero);
        for (int bar = 0; bar < PciConfigHeader.BarCount; bar++)
        {
            int offset = PciConfigHeader.Bar0Offset + (bar * PciConfigHeader.BarBytes);
            endpoint.Write(vf, offset, 0xFFFFFFFF);
            Assert.That(endpoint.Read32(vf, offset), Is.Zero, $"BAR{bar}");
        }
    }

    [Test]
    public void PCI_Express_control_of_a_VF_is_reserved_but_for_FLR_9_3_5_4()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(1);
        endpoint.Settle();
        int vf = endpoint.VfId(0);
        int express = endpoint.Vf.PciExpress;
        endpoint.Write(vf, express + PciExpressCapability.DeviceControlOffset, 0x7FFF, 2);
        endpoint.Write(vf, express + PciExpressCapability.LinkControlOffset, 0xFFFF, 2);
        endpoint.Write(vf, express + PciExpressCapability.DeviceControl2Offset, 0xFFFF, 2);
        endpoint.Write(vf, express + PciExpressCapability.LinkControl2Offset, 0xFFFF, 2);

        Assert.That(endpoint.Read16(vf, express + PciExpressCapability.DeviceControlOffset), Is.Zero);
        Assert.That(endpoint.Read32(vf, express + PciExpressCapability.LinkControlOffset), Is.Zero);
        Assert.That(endpoint.Read32(vf, express + PciExpressCapability.DeviceControl2Offset), Is.Zero);
        Assert.That(endpoint.Read32(vf, express + PciExpressCapability.LinkControl2Offset), Is.Zero);
        Assert.That(
            endpoint.Read32(vf, express + PciExpressCapability.DeviceCapabilitiesOffset),
            Is.EqualTo(endpoint.Read32(EndpointUnderTest.PfId(), endpoint.Pf().PciExpress + PciExpressCapability.DeviceCapabilitiesOffset)));
    }

    [TestCase(0x0, 0x00000000u)]
    [TestCase(0x1, 0x00000044u)]
    [TestCase(0x2, 0x00003300u)]
    [TestCase(0x9, 0x11000044u)]
    [TestCase(0x6, 0x00223300u)]
    [TestCase(0xF, 0x11223344u)]
    public void A_write_changes_the_enabled_bytes_and_no_other_2_2_5(int byteEnables, uint expected)
    {
        var endpoint = new EndpointUnderTest();
        int upperBar = PciConfigHeader.Bar0Offset + PciConfigHeader.BarBytes;
        ConfigCompletion completion = endpoint.Send(EndpointUnderTest.PfId(), upperBar, true, 0x11223344, byteEnables);

        Assert.That(completion.Status, Is.EqualTo(CompletionStatus.Successful));
        Assert.That(endpoint.Read32(EndpointUnderTest.PfId(), upperBar), Is.EqualTo(expected));
    }

    [Test]
    public void Hostile_04_all_ones_to_every_doubleword_changes_no_identity_no_chain_and_no_limit()
    {
        var endpoint = new EndpointUnderTest();
        int pf = EndpointUnderTest.PfId();
        int[] readOnly =
        [
            PciConfigHeader.VendorIdOffset, PciConfigHeader.RevisionIdOffset, PciConfigHeader.SubsystemVendorIdOffset,
            PciConfigHeader.CapabilitiesPointerOffset, PciConfigHeader.ExpansionRomBaseOffset,
            endpoint.Pf().PciExpress + PciExpressCapability.DeviceCapabilitiesOffset,
            endpoint.Pf().PciExpress + PciExpressCapability.LinkCapabilitiesOffset,
            endpoint.Pf().VirtioCommon, endpoint.Pf().VirtioCommon + VirtioPciCapability.BarOffset,
            endpoint.Pf().Msix + MsixCapability.TableOffset, endpoint.Pf().Aer, endpoint.Pf().Sriov,
            endpoint.Pf().Sriov + SriovCapability.InitialVFsOffset, endpoint.Pf().Sriov + SriovCapability.SupportedPageSizesOffset,
            endpoint.Pf().DeviceSerialNumber + DeviceSerialNumberCapability.LowerOffset,
        ];
        uint[] before = System.Array.ConvertAll(readOnly, offset => endpoint.Read32(pf, offset));
        for (int offset = 0; offset < PciExtendedCapability.RegionEnd; offset += 4)
        {
            // Device Control would reset the function and Power Management put it to sleep: those have tests of their own.
            if (offset != endpoint.Pf().PciExpress + PciExpressCapability.DeviceControlOffset
                && offset != endpoint.Pf().PowerManagement + PowerManagementCapability.ControlStatusOffset)
            {
                endpoint.Write(pf, offset, 0xFFFFFFFF);
            }
        }

        Assert.That(System.Array.ConvertAll(readOnly, offset => endpoint.Read32(pf, offset)), Is.EqualTo(before));
    }

    [Test]
    public void What_is_not_declared_reads_zero_and_takes_no_write()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.Write(EndpointUnderTest.PfId(), 0xFFC, 0xFFFFFFFF);

        Assert.That(endpoint.Read32(EndpointUnderTest.PfId(), 0xFFC), Is.Zero);
    }

    [Test]
    public void A_function_that_is_not_there_is_an_unsupported_request()
    {
        var endpoint = new EndpointUnderTest();

        Assert.That(endpoint.Probe(EndpointUnderTest.PfId(1)), Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(endpoint.Probe(0x0200), Is.EqualTo(CompletionStatus.UnsupportedRequest), "a type 1 request for another bus");
        Assert.That(endpoint.Firmware.ConfigTlps.UnsupportedRequests, Is.EqualTo(2));
    }

    [Test]
    public void The_bus_number_is_captured_from_type_0_writes_only_2_2_6_2()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.Read32(EndpointUnderTest.PfId(), 0);
        Assert.That(endpoint.Firmware.Router.CapturedBus, Is.Zero, "after a read");

        endpoint.Write(EndpointUnderTest.PfId(), PciConfigHeader.InterruptLineOffset, 0, 1);
        Assert.That(endpoint.Firmware.Router.CapturedBus, Is.EqualTo(EndpointUnderTest.Bus));

        endpoint.EnableVFs(16, isAri: false);
        endpoint.Settle();
        endpoint.Write(endpoint.VfId(3), PciConfigHeader.CommandOffset, 4, 2);
        Assert.That(endpoint.VfId(3) >> 8, Is.EqualTo(EndpointUnderTest.Bus + 1), "this VF is on the next bus, written by type 1");
        Assert.That(endpoint.Firmware.Router.CapturedBus, Is.EqualTo(EndpointUnderTest.Bus));
    }

    [TestCase(1)]
    [TestCase(4)]
    public void ARI_links_the_PFs_by_number_and_the_last_one_ends_the_chain_7_8_7_2(int physicalFunctions)
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = 4 });
        for (int pf = 0; pf < physicalFunctions; pf++)
        {
            uint next = endpoint.Read16(EndpointUnderTest.PfId(pf), endpoint.Pf(pf).Ari + AriCapability.CapabilityOffset) >> 8;
            Assert.That(next, Is.EqualTo((pf + 1) % physicalFunctions), $"PF {pf}");
            Assert.That(
                endpoint.Read32(EndpointUnderTest.PfId(pf), PciConfigHeader.CacheLineSizeOffset) >> 16,
                Is.EqualTo(physicalFunctions > 1 ? PciConfigHeader.HeaderTypeMultiFunctionMask : 0));
        }
    }

    [Test]
    public void Only_function_0_has_what_belongs_to_the_link()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });

        Assert.That(endpoint.Pf(0).Ltr, Is.Not.Zero);
        Assert.That(endpoint.Pf(0).SecondaryPciExpress, Is.Not.Zero);
        Assert.That(endpoint.Pf(1).Ltr, Is.Zero);
        Assert.That(endpoint.Pf(1).SecondaryPciExpress, Is.Zero);
        int control = endpoint.Pf(1).PciExpress + PciExpressCapability.LinkControl2Offset;
        endpoint.Write(EndpointUnderTest.PfId(1), control, 0xFFFF, 2);
        Assert.That(endpoint.Read16(EndpointUnderTest.PfId(1), control), Is.Zero);
    }

    [Test]
    public void Without_VFs_there_is_no_SRIOV_capability_and_nothing_beside_the_PF()
    {
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 0 });

        Assert.That(endpoint.Pf().Sriov, Is.Zero);
        Assert.That(endpoint.Pf().Acs, Is.Zero);
        for (int function = 1; function < 256; function++)
        {
            Assert.That(endpoint.Probe(EndpointUnderTest.PfId(function)), Is.EqualTo(CompletionStatus.UnsupportedRequest));
        }
    }

    [Test]
    public void Handling_requests_and_resets_allocates_nothing_after_start()
    {
        var endpoint = new EndpointUnderTest();
        endpoint.EnableVFs(16);
        endpoint.Settle();
        int vf = endpoint.VfId(7);

        long allocated = Allocations.Of(() =>
        {
            for (int round = 0; round < 1000; round++)
            {
                RunOnce(endpoint, vf);
            }
        });

        Assert.That(allocated, Is.Zero);
    }

    private static void RunOnce(EndpointUnderTest endpoint, int vf)
    {
        int control = endpoint.Vf.PciExpress + PciExpressCapability.DeviceControlOffset;
        endpoint.Send(vf, PciConfigHeader.CommandOffset, true, PciConfigHeader.CommandBusMasterEnableMask);
        endpoint.Send(vf, PciConfigHeader.CommandOffset);
        endpoint.Send(vf, control, true, PciExpressCapability.DeviceControlInitiateFlrMask);
        endpoint.Settle();
    }
}
