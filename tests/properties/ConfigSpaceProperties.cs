// Any sequence of configuration accesses and resets, against a reference written the other way round.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Properties;

/// <summary>One thing a host does.</summary>
/// <param name="ToVf">To VF 0 if it is there, else to the PF.</param>
/// <param name="Kind">0 hot reset, 1 FLR of that function, 2 to 4 enable some VFs, else a write.</param>
internal sealed record HostAction(bool ToVf, int Kind, int Offset, uint Data, int ByteEnables)
{
    /// <summary>The last Kind that enables VFs.</summary>
    public const int LastEnable = 4;

    /// <summary>How many VFs to enable, 1 to 12.</summary>
    public uint VFs => (Data % 12) + 1;

    public bool IsWrite => Kind > LastEnable;

    public override string ToString() => Kind switch
    {
        0 => "hot reset",
        1 => ToVf ? "FLR of the VF" : "FLR of the PF",
        <= LastEnable => $"enable {VFs} VFs",
        _ => $"{(ToVf ? "vf" : "pf")}[{Offset:x3}] = {Data:x8} bytes {ByteEnables:x}",
    };
}

public sealed class ConfigSpaceProperties
{
    private const int Sequences = 100_000;
    private const int TotalVFs = 12;
    private static readonly EndpointConfiguration Configuration = new() { TotalVFs = TotalVFs };
    private static readonly int PfId = EndpointUnderTest.PfId();
    private static readonly CapabilityOffsets Pf = new EndpointUnderTest(Configuration).Pf();
    private static readonly CapabilityOffsets Vf = new EndpointUnderTest(Configuration).Vf;

    // What every run starts from, read once: reset values of both kinds.
    private static readonly uint[] PfReset = ReadAll(isVf: false);
    private static readonly uint[] VfReset = ReadAll(isVf: true);

    [Test]
    public void Any_sequence_leaves_the_registers_as_the_specification_says()
    {
        int actions = 0;
        int vfWrites = 0;
        Check(sequence =>
        {
            var endpoint = new EndpointUnderTest(Configuration);
            ReferenceEndpoint reference = Reference();
            foreach (HostAction action in sequence)
            {
                bool toVf = action.ToVf && reference.IsVfThere;
                Perform(endpoint, reference, action, toVf);
                actions++;
                vfWrites += toVf ? 1 : 0;
                if (action.IsWrite && !Same(endpoint, reference, toVf, action.Offset))
                {
                    return false;
                }
            }

            return AllSame(endpoint, reference);
        });
        TestContext.Out.WriteLine($"{Sequences} sequences, {actions} actions, {vfWrites} of them on the VF");
        Assert.That(vfWrites, Is.GreaterThan(actions / 10), "the sequences must reach the VF often enough to mean something");
    }

    [Test]
    public void A_write_byte_by_byte_is_the_same_as_one_of_the_doubleword()
    {
        // A register that is checked as a whole takes different values on the way: NumVFs and System Page Size. And
        // pci_cfg_data is one access to a BAR, or none.
        int[] wholes =
        [
            Pf.Sriov + SriovCapability.NumVFsOffset, Pf.Sriov + SriovCapability.SystemPageSizeOffset,
            Pf.VirtioPciCfg + VirtioPciCapability.PciCfgDataOffset, Vf.VirtioPciCfg + VirtioPciCapability.PciCfgDataOffset,
        ];
        Check(sequence =>
        {
            var whole = new EndpointUnderTest(Configuration);
            var bytewise = new EndpointUnderTest(Configuration);
            foreach (EndpointUnderTest endpoint in new[] { whole, bytewise })
            {
                endpoint.EnableVFs(1);
                endpoint.Settle();
            }

            foreach (HostAction action in sequence.Where(action => action.IsWrite && !wholes.Contains(action.Offset)))
            {
                int target = action.ToVf ? PfId + 1 : PfId;
                whole.Send(target, action.Offset, true, action.Data, action.ByteEnables);
                whole.Settle();
                for (int lane = 0; lane < 4; lane++)
                {
                    bytewise.Send(target, action.Offset, true, action.Data, action.ByteEnables & (1 << lane));
                    bytewise.Settle();
                }
            }

            return Enumerable.Range(0, PciExtendedCapability.RegionEnd / 4).All(word =>
                whole.Send(PfId, word * 4) == bytewise.Send(PfId, word * 4)
                && whole.Send(PfId + 1, word * 4) == bytewise.Send(PfId + 1, word * 4));
        });
    }

    [Test]
    public void Reading_changes_nothing_whatever_the_byte_enables()
    {
        var endpoint = new EndpointUnderTest(Configuration);
        endpoint.EnableVFs(1);
        endpoint.Settle();
        uint[] before = Snapshot(endpoint);
        for (int offset = 0; offset < PciExtendedCapability.RegionEnd; offset += 4)
        {
            for (int byteEnables = 0; byteEnables < 16; byteEnables++)
            {
                endpoint.Send(PfId, offset, byteEnables: byteEnables);
                endpoint.Send(PfId + 1, offset, byteEnables: byteEnables);
            }
        }

        Assert.That(Snapshot(endpoint), Is.EqualTo(before));
    }

    private static void Check(Func<HostAction[], bool> property) =>
        Prop.ForAll(Arb.From(Actions(), Shorter), property)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithStartSize(1).WithEndSize(24));

    private static Gen<HostAction[]> Actions()
    {
        // Half of the writes go where something can happen, half anywhere; data is often all ones, or one bit.
        int[] interesting =
        [
            PciConfigHeader.CommandOffset, PciConfigHeader.Bar0Offset, PciConfigHeader.Bar0Offset + 4,
            Pf.PowerManagement + PowerManagementCapability.ControlStatusOffset, Pf.Msix, Vf.Msix,
            Pf.PciExpress + PciExpressCapability.DeviceControlOffset, Vf.PciExpress + PciExpressCapability.DeviceControlOffset,
            Pf.PciExpress + PciExpressCapability.LinkControl2Offset, Pf.Aer + AerCapability.UncorrectableMaskOffset,
            Pf.Aer + AerCapability.UncorrectableStatusOffset, Pf.VirtioPciCfg + VirtioPciCapability.OffsetOffset,
            Pf.Sriov + SriovCapability.ControlOffset, Pf.Sriov + SriovCapability.ControlOffset,
            Pf.Sriov + SriovCapability.NumVFsOffset, Pf.Sriov + SriovCapability.NumVFsOffset,
            Pf.Sriov + SriovCapability.SystemPageSizeOffset, Pf.Sriov + SriovCapability.VfBar0Offset,
            Pf.Sriov + SriovCapability.VfBar0Offset + 16,
        ];
        Gen<int> offset = Gen.OneOf(
            Gen.Elements(interesting), Gen.Choose(0, (PciExtendedCapability.RegionEnd / 4) - 1).Select(word => word * 4));
        Gen<uint> data = Gen.OneOf(
            Gen.Constant(0xFFFFFFFFu), Gen.Choose(0, 31).Select(bit => 1u << bit), Gen.Choose(0, 15).Select(small => (uint)small),
            Gen.Choose(int.MinValue, int.MaxValue).Select(any => (uint)any));
        Gen<HostAction> action =
            from toVf in Gen.Elements(true, false)
            from kind in Gen.Choose(0, 39)
            from place in offset
            from value in data
            from byteEnables in Gen.OneOf(Gen.Constant(0xF), Gen.Choose(0, 15))
            select new HostAction(toVf, kind, place, value, byteEnables);
        return action.ArrayOf();
    }

    private static IEnumerable<HostAction[]> Shorter(HostAction[] sequence) =>
        Enumerable.Range(0, sequence.Length).Select(left => sequence.Where((_, index) => index != left).ToArray());

    private static void Perform(EndpointUnderTest endpoint, ReferenceEndpoint reference, HostAction action, bool toVf)
    {
        switch (action.Kind)
        {
            case 0:
                endpoint.Board.Link.Signal(LinkEvent.HotReset);
                endpoint.Settle();
                reference.HotReset();
                break;
            case 1:
                int control = (toVf ? Vf : Pf).PciExpress + PciExpressCapability.DeviceControlOffset;
                Write(endpoint, reference, toVf, control, PciExpressCapability.DeviceControlInitiateFlrMask, 0x2);
                break;
            case <= HostAction.LastEnable:
                Write(endpoint, reference, false, Pf.Sriov + SriovCapability.NumVFsOffset, action.VFs, 0x3);
                Write(
                    endpoint, reference, false, Pf.Sriov + SriovCapability.ControlOffset,
                    SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask, 0x3);
                break;
            default:
                Write(endpoint, reference, toVf, action.Offset, action.Data, action.ByteEnables);
                break;
        }
    }

    private static void Write(
        EndpointUnderTest endpoint, ReferenceEndpoint reference, bool toVf, int offset, uint data, int byteEnables)
    {
        endpoint.Send(toVf ? VfId(reference) : PfId, offset, true, data, byteEnables);
        endpoint.Settle();
        if (toVf)
        {
            reference.WriteVf(offset, data, byteEnables);
        }
        else
        {
            reference.WritePf(offset, data, byteEnables);
        }
    }

    private static int VfId(ReferenceEndpoint reference) =>
        PfId + reference.Pf.Half(Pf.Sriov + SriovCapability.FirstVfOffsetOffset);

    private static bool Same(EndpointUnderTest endpoint, ReferenceEndpoint reference, bool isVf, int offset)
    {
        if (isVf && !reference.IsVfThere)
        {
            return endpoint.Probe(VfId(reference)) == CompletionStatus.UnsupportedRequest;
        }

        ConfigCompletion completion = endpoint.Send(isVf ? VfId(reference) : PfId, offset);
        if (offset == (isVf ? Vf : Pf).VirtioPciCfg + VirtioPciCapability.PciCfgDataOffset)
        {
            // No register of configuration space: it shows what the capability points at in a BAR.
            return completion.Status == CompletionStatus.Successful;
        }

        return completion.Data == (isVf ? reference.Vf : reference.Pf).Word(offset);
    }

    private static bool AllSame(EndpointUnderTest endpoint, ReferenceEndpoint reference) =>
        Enumerable.Range(0, PciExtendedCapability.RegionEnd / 4)
            .All(word => Same(endpoint, reference, false, word * 4) && Same(endpoint, reference, true, word * 4));

    private static ReferenceEndpoint Reference()
    {
        var pf = ReferenceFunction.Physical(Pf, 0xFFFFC000, 0xFFFFC000, 0xFFFFF000, 0xFFFFE000);
        pf.Capture(offset => PfReset[offset / 4]);
        var vf = ReferenceFunction.Virtual(Vf);
        vf.Capture(offset => VfReset[offset / 4]);
        return new ReferenceEndpoint(pf, vf, Pf, Vf, TotalVFs);
    }

    private static uint[] ReadAll(bool isVf)
    {
        var endpoint = new EndpointUnderTest(Configuration);
        if (isVf)
        {
            endpoint.EnableVFs(1);
            endpoint.Settle();
        }

        return [.. Enumerable.Range(0, PciExtendedCapability.RegionEnd / 4).Select(word => endpoint.Read32(isVf ? PfId + 1 : PfId, word * 4))];
    }

    private static uint[] Snapshot(EndpointUnderTest endpoint) =>
        [.. Enumerable.Range(0, PciExtendedCapability.RegionEnd / 4).SelectMany(word => new[]
        {
            endpoint.Read32(PfId, word * 4), endpoint.Read32(PfId + 1, word * 4),
        })];
}
