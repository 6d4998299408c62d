// A host enumerates the endpoint as a kernel does, by configuration accesses alone, and every function answers where it should.
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Flow;

public sealed class EnumerationTests
{
    [Test]
    public void Four_PFs_with_256_VFs_each_are_found_over_several_buses_and_every_one_answers()
    {
        var (host, found) = Enumerate(physicalFunctions: 4, totalVFs: 256, isAri: true);
        EnableOnAll(found, 256);

        List<HostFunction> functions = [.. found.Functions];
        Assert.That(functions, Has.Count.EqualTo(4 + 1024));
        Assert.That(functions.Select(function => function.Address), Is.Unique);
        Assert.That(functions.Select(function => function.Address.Bus).Distinct(), Is.EquivalentTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(host.Port.SubordinateBus, Is.EqualTo(5));
        foreach (HostFunction function in functions)
        {
            Assert.That((function.VendorId, function.DeviceId, function.ClassCode), Is.EqualTo((0x1AF4, 0x1041, 0x020000)), function.Name);
            Assert.That(
                function.Find(PciCapability.IdPciExpress, false) * function.Find(PciCapability.IdMsix, false)
                * function.Find(PciExtendedCapability.IdAer, true) * function.Find(PciExtendedCapability.IdAri, true),
                Is.Not.Zero, function.Name);
        }
    }

    [TestCase(1, 1024, true)]
    [TestCase(4, 256, true)]
    [TestCase(3, 100, true)]
    [TestCase(2, 64, false)]
    public void Every_BAR_is_disjoint_and_aligned_and_reaches_its_own_function(int physicalFunctions, int totalVFs, bool isAri)
    {
        var (host, found) = Enumerate(physicalFunctions, totalVFs, isAri);
        EnableOnAll(found, totalVFs);

        var ranges = new List<(ulong Start, ulong End, string Name)>();
        foreach (HostFunction function in found.Functions)
        {
            int pf = (function.PhysicalFunction ?? function).Number;
            int vf = function.PhysicalFunction is null ? -1 : function.Number;
            Assert.That(function.Bars, Has.Count.EqualTo(3), function.Name);
            foreach (HostBar bar in function.Bars)
            {
                Assert.That(bar.Address % bar.Bytes, Is.Zero, $"{function.Name} BAR{bar.Index} is not aligned");
                Assert.That(bar.IsPrefetchable && bar.Is64Bit, Is.True);
                ranges.Add((bar.Address, bar.Address + bar.Bytes, $"{function.Name} BAR{bar.Index}"));
                Assert.That(host.Decode(bar.Address), Is.EqualTo(new DecodedAddress(pf, vf, bar.Index, 0)), function.Name);
                Assert.That(
                    host.Decode(bar.Address + bar.Bytes - 1), Is.EqualTo(new DecodedAddress(pf, vf, bar.Index, bar.Bytes - 1)), function.Name);
            }
        }

        ranges.Sort();
        for (int index = 1; index < ranges.Count; index++)
        {
            Assert.That(
                ranges[index].Start, Is.GreaterThanOrEqualTo(ranges[index - 1].End),
                $"{ranges[index - 1].Name} overlaps {ranges[index].Name}");
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Every_NumVFs_from_1_to_1024_makes_exactly_that_many_VFs(bool isAri)
    {
        var (host, found) = Enumerate(physicalFunctions: 1, totalVFs: 1024, isAri);
        HostFunction pf = found.PhysicalFunctions[0];
        for (int count = 1; count <= 1024; count++)
        {
            found.EnableVFs(pf, count);
            HostSriov sriov = pf.Sriov!;
            Assert.That(sriov.VFs, Has.Count.EqualTo(count));
            Assert.That(sriov.VFs[^1].Address.Value, Is.EqualTo(pf.Address.Value + sriov.FirstVfOffset + ((count - 1) * sriov.VfStride)));
            var behindLast = new PciAddress(sriov.VFs[^1].Address.Value + sriov.VfStride);
            Assert.That(host.Read(behindLast, 0, 4), Is.EqualTo(0xFFFFFFFF), $"one VF more than NumVFs {count} answers");
            found.DisableVFs(pf);
            Assert.That(
                host.Read(new PciAddress(pf.Address.Value + sriov.FirstVfOffset), PciConfigHeader.RevisionIdOffset, 4),
                Is.EqualTo(0xFFFFFFFF), "a VF still answers after disabling");
        }
    }

    [Test]
    public void Without_ARI_forwarding_functions_above_7_are_reached_on_the_next_bus_only()
    {
        var (host, found) = Enumerate(physicalFunctions: 1, totalVFs: 16, isAri: false);
        HostFunction pf = found.PhysicalFunctions[0];
        found.EnableVFs(pf, 7);
        Assert.That(pf.Sriov!.VFs.Select(vf => vf.Address.ToString()), Is.EqualTo(Enumerable.Range(1, 7).Select(n => $"01:00.{n}")));

        found.DisableVFs(pf);
        found.EnableVFs(pf, 8);
        Assert.That(pf.Sriov.VFs.Select(vf => vf.Address.Bus).Distinct(), Is.EqualTo(new[] { 2 }));
        Assert.That(host.Port.ForwardsAri, Is.False);
    }

    [Test]
    public void A_root_port_that_does_not_forward_ARI_ends_requests_for_any_device_but_0_7_3_1()
    {
        var (host, found) = Enumerate(physicalFunctions: 1, totalVFs: 16, isAri: true);
        EnableOnAll(found, 16);
        HostFunction inDevice0 = found.PhysicalFunctions[0].Sriov!.VFs[6];
        HostFunction inDevice1 = found.PhysicalFunctions[0].Sriov!.VFs[7];
        Assert.That(host.Read(inDevice1.Address, PciConfigHeader.RevisionIdOffset, 4), Is.EqualTo(0x020000_01));

        int express = ConfigProbe.Capabilities(host, RootComplex.RootPortAddress)
            .Single(capability => capability.Id == PciCapability.IdPciExpress && !capability.IsExtended).Offset;
        host.Write(RootComplex.RootPortAddress, express + PciExpressCapability.DeviceControl2Offset, 2, 0);
        Assert.That(host.Read(inDevice0.Address, PciConfigHeader.RevisionIdOffset, 4), Is.EqualTo(0x020000_01));
        Assert.That(host.Read(inDevice1.Address, PciConfigHeader.RevisionIdOffset, 4), Is.EqualTo(0xFFFFFFFF));
    }

    [Test]
    public void A_VF_that_is_not_ready_is_asked_again_and_the_wait_stays_within_100_ms()
    {
        var board = new EmulatedBoard(new EndpointConfiguration { TotalVFs = 1024 });
        var host = new RootComplex(board);
        var found = new PciEnumerator(host);
        found.Enumerate();
        found.EnableVFs(found.PhysicalFunctions[0], 1024);

        Assert.That(board.Firmware.Resets.WorstReadyUs, Is.GreaterThan(0).And.LessThan(SriovCapability.VfEnableWaitUs));

        // Asked at once, without the kernel's wait: the root complex retries until the function is there (2.3.2).
        HostFunction last = found.PhysicalFunctions[0].Sriov!.VFs[^1];
        long retries = host.Retries;
        foreach (HostFunction vf in found.PhysicalFunctions[0].Sriov!.VFs)
        {
            board.Firmware.Resets.BeginFunctionReset(board.Firmware.Numbering.VirtualFunction(0, vf.Number));
        }

        Assert.That(host.Read(last.Address, PciConfigHeader.RevisionIdOffset, 4), Is.EqualTo(0x020000_01));
        Assert.That(host.Retries, Is.GreaterThan(retries));
    }

    [Test]
    public void A_retried_vendor_ID_reads_0001_under_CRS_software_visibility_2_3_2()
    {
        var board = new EmulatedBoard(new EndpointConfiguration());
        var host = new RootComplex(board);
        var found = new PciEnumerator(host);
        found.Enumerate();
        board.Firmware.Resets.BeginFunctionReset(0);

        Assert.That(host.Read(found.PhysicalFunctions[0].Address, 0, 4), Is.EqualTo(0xFFFF0001));
        Assert.That(host.Read(found.PhysicalFunctions[0].Address, 0, 4), Is.EqualTo(0x1041_1AF4));
    }

    [Test]
    public void The_kernels_FLR_and_secondary_bus_reset_bring_functions_back()
    {
        var (host, found) = Enumerate(physicalFunctions: 2, totalVFs: 8, isAri: true);
        EnableOnAll(found, 8);
        var reset = new FunctionReset(host);
        HostFunction vf = found.PhysicalFunctions[1].Sriov!.VFs[5];
        int window = vf.Capabilities[^4].Offset + VirtioPciCapability.OffsetOffset;
        Assert.That(host.Read(vf.Address, window - VirtioPciCapability.OffsetOffset + VirtioPciCapability.CfgTypeOffset, 1), Is.EqualTo(VirtioPciCapability.CfgTypePciCfg));
        host.Write(vf.Address, window, 4, 0x1234);
        host.Write(vf.Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        reset.FunctionLevel(vf);
        Assert.That(host.Read(vf.Address, window, 4), Is.Zero, "reset");
        Assert.That(
            host.Read(vf.Address, PciConfigHeader.CommandOffset, 2), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask),
            "saved and restored by the kernel");

        reset.SecondaryBus();
        Assert.That(host.Read(vf.Address, PciConfigHeader.CommandOffset, 2), Is.EqualTo(0xFFFF), "VFs are gone");
        var again = new PciEnumerator(host);
        again.Enumerate();
        Assert.That(again.PhysicalFunctions, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_PF_that_the_kernel_resets_gets_its_BARs_and_its_VFs_back()
    {
        var (host, found) = Enumerate(physicalFunctions: 2, totalVFs: 8, isAri: true);
        EnableOnAll(found, 8);
        HostFunction pf = found.PhysicalFunctions[1];
        new FunctionReset(host).FunctionLevel(pf);

        foreach (HostFunction function in found.Functions)
        {
            int vf = function.PhysicalFunction is null ? -1 : function.Number;
            Assert.That(host.Read(function.Address, PciConfigHeader.RevisionIdOffset, 4), Is.EqualTo(0x020000_01), function.Name);
            Assert.That(
                host.Decode(function.Bars[0].Address),
                Is.EqualTo(new DecodedAddress((function.PhysicalFunction ?? function).Number, vf, 0, 0)), function.Name);
        }
    }

    [TestCase(0, "0 VFs asked of pf0; allowed: 1 to 8")]
    [TestCase(9, "9 VFs asked of pf0; allowed: 1 to 8")]
    public void A_host_refuses_a_number_of_VFs_that_cannot_be(int count, string message)
    {
        var (_, found) = Enumerate(physicalFunctions: 1, totalVFs: 8, isAri: true);
        Assert.That(() => found.EnableVFs(found.PhysicalFunctions[0], count), Throws.TypeOf<HostException>().With.Message.EqualTo(message));
    }

    [Test]
    public void A_host_refuses_to_go_from_some_VFs_to_others()
    {
        var (_, found) = Enumerate(physicalFunctions: 1, totalVFs: 8, isAri: true);
        found.EnableVFs(found.PhysicalFunctions[0], 4);
        Assert.That(
            () => found.EnableVFs(found.PhysicalFunctions[0], 5),
            Throws.TypeOf<HostException>().With.Message.EqualTo("pf0 has 4 VFs enabled; disable them first"));
    }

    private static (RootComplex Host, PciEnumerator Found) Enumerate(int physicalFunctions, int totalVFs, bool isAri)
    {
        var board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = totalVFs });
        var host = new RootComplex(board, isAri);
        var found = new PciEnumerator(host);
        found.Enumerate();
        Assert.That(found.PhysicalFunctions, Has.Count.EqualTo(physicalFunctions));
        return (host, found);
    }

    private static void EnableOnAll(PciEnumerator found, int count)
    {
        foreach (HostFunction pf in found.PhysicalFunctions)
        {
            found.EnableVFs(pf, count);
        }
    }
}
