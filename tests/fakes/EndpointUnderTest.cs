// An endpoint with its link in the test's hand: raw configuration requests in, completions out, steps when the test says so.
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>Requests are addressed by Routing ID; helpers find registers by capability.</summary>
internal sealed class EndpointUnderTest
{
    /// <summary>The bus behind the port.</summary>
    public const int Bus = 1;

    private readonly ConfigRequest _request = new();

    public EndpointUnderTest(EndpointConfiguration? configuration = null)
    {
        Board = new EmulatedBoard(configuration ?? new EndpointConfiguration { TotalVFs = 16 });
        Settle();
    }

    public EmulatedBoard Board { get; }

    public FirmwareRuntime Firmware => Board.Firmware;

    /// <summary>Offsets of a PF's capabilities.</summary>
    public CapabilityOffsets Pf(int number = 0) => Firmware.Space.TemplateOf(number).Offsets;

    /// <summary>Offsets of a VF's capabilities.</summary>
    public CapabilityOffsets Vf => Firmware.Space.TemplateOf(Firmware.Numbering.PhysicalFunctions).Offsets;

    /// <summary>Routing ID of a PF.</summary>
    public static int PfId(int number = 0) => (Bus << 8) | number;

    /// <summary>Routing ID of a VF by the arithmetic of the specification, from the PF's registers.</summary>
    public int VfId(int vf, int pf = 0) =>
        PfId(pf) + (int)Read16(PfId(pf), Pf(pf).Sriov + SriovCapability.FirstVfOffsetOffset)
        + (vf * (int)Read16(PfId(pf), Pf(pf).Sriov + SriovCapability.VfStrideOffset));

    /// <summary>Steps until no reset is under way.</summary>
    public void Settle()
    {
        do
        {
            Board.Step();
        }
        while (!Firmware.Resets.IsIdle);
    }

    /// <summary>Sends a request and takes its completion, with one step and no more when it is answered at once.</summary>
    public ConfigCompletion Send(
        int routingId, int offset, bool isWrite = false, uint data = 0, int byteEnables = 0xF, bool isPoisoned = false)
    {
        _request.IsWrite = isWrite;
        _request.IsPoisoned = isPoisoned;
        _request.IsType1 = routingId >> 8 != Bus;
        _request.RoutingId = routingId;
        _request.RegisterOffset = offset;
        _request.ByteEnables = byteEnables;
        _request.Data = data;
        _request.RequesterId = 0x0008;
        _request.Tag = 0x5A;
        return Board.Complete(_request);
    }

    /// <summary>Reads a doubleword that must be there.</summary>
    public uint Read32(int routingId, int offset)
    {
        ConfigCompletion completion = Send(routingId, offset);
        Assert.That(completion.Status, Is.EqualTo(CompletionStatus.Successful), $"read of {routingId:x4} at {offset:x3}");
        return completion.Data;
    }

    /// <summary>Reads a word that must be there.</summary>
    public uint Read16(int routingId, int offset) => (Read32(routingId, offset & ~3) >> ((offset & 2) * 8)) & 0xFFFF;

    /// <summary>Writes 1, 2 or 4 bytes to a function that must be there.</summary>
    public void Write(int routingId, int offset, uint data, int bytes = 4)
    {
        int byteEnables = ((1 << bytes) - 1) << (offset & 3);
        ConfigCompletion completion = Send(routingId, offset & ~3, true, data << ((offset & 3) * 8), byteEnables);
        Assert.That(completion.Status, Is.EqualTo(CompletionStatus.Successful), $"write of {routingId:x4} at {offset:x3}");
    }

    /// <summary>Status that a read of the vendor ID ends with.</summary>
    public int Probe(int routingId) => Send(routingId, PciConfigHeader.VendorIdOffset).Status;

    /// <summary>Sets NumVFs, then VF Enable and VF MSE; the VFs are not settled.</summary>
    public void EnableVFs(int count, int pf = 0, bool isAri = true)
    {
        int control = Pf(pf).Sriov + SriovCapability.ControlOffset;
        if (isAri)
        {
            Write(PfId(), Pf().Sriov + SriovCapability.ControlOffset, SriovControlBits(0) | SriovCapability.ControlAriCapableHierarchyMask, 2);
        }

        Write(PfId(pf), Pf(pf).Sriov + SriovCapability.NumVFsOffset, (uint)count, 2);
        Write(
            PfId(pf), control,
            SriovControlBits(pf) | SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask, 2);
    }

    /// <summary>Clears VF Enable and VF MSE.</summary>
    public void DisableVFs(int pf = 0) => Write(
        PfId(pf), Pf(pf).Sriov + SriovCapability.ControlOffset,
        SriovControlBits(pf) & ~(uint)(SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask), 2);

    /// <summary>SR-IOV Control of a PF.</summary>
    public uint SriovControlBits(int pf) => Read16(PfId(pf), Pf(pf).Sriov + SriovCapability.ControlOffset);

    /// <summary>Writes Initiate Function Level Reset beside the other bits of Device Control; the reset is not settled.</summary>
    public void InitiateFlr(int routingId, CapabilityOffsets offsets)
    {
        int control = offsets.PciExpress + PciExpressCapability.DeviceControlOffset;
        Write(routingId, control, Read16(routingId, control) | PciExpressCapability.DeviceControlInitiateFlrMask, 2);
    }
}
