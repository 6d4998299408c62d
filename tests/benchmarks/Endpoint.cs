// A firmware on its benchmark link, and what a host does to it: access registers, enable and disable VFs.
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Timing;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Benchmarks;

/// <summary>One endpoint, on bus 1 of an ARI hierarchy. Allocates at start and when targets are made, nothing else.</summary>
internal sealed class Endpoint
{
    /// <summary>A full step: as many requests wait as the firmware handles in one.</summary>
    public const int FullStep = FirmwareRuntime.ConfigRequestsPerStep;

    private const int Bus = 1;
    private const int LowByte = 0x1;
    private const int LowWord = 0x3;

    private readonly ConfigTarget[] _single = new ConfigTarget[1];

    /// <summary>Starts the firmware and lets it capture its bus number, which the first write carries.</summary>
    public Endpoint(int physicalFunctions, int totalVFs)
    {
        var configuration = new EndpointConfiguration { PhysicalFunctions = physicalFunctions, TotalVFs = totalVFs };
        Firmware = new FirmwareRuntime(configuration, InertDataPath.Complete(new BoardContracts
        {
            ConfigPort = Source,
            LinkPort = Source,
            AddressDecode = new AddressComparators(),
            Clock = new VirtualClock(),
        }));
        Write(0, PciConfigHeader.InterruptLineOffset, LowByte, 0);
    }

    /// <summary>The link.</summary>
    public RequestSource Source { get; } = new();

    /// <summary>The firmware.</summary>
    public FirmwareRuntime Firmware { get; }

    /// <summary>Completes requests of the kind that <see cref="Source"/> was last set to.</summary>
    /// <param name="count">Number of requests, a multiple of <paramref name="perStep"/>.</param>
    /// <param name="perStep">Requests that wait when the firmware steps, 1 to <see cref="FullStep"/>.</param>
    public void Access(int count, int perStep)
    {
        for (int done = 0; done < count; done += perStep)
        {
            Source.Send(perStep);
            Firmware.Step();
        }

        Source.RequireSuccess();
    }

    /// <summary>The same register of every function that exists now: PFs first, then their VFs.</summary>
    /// <param name="offset">Offset of its doubleword, bytes; the same in a PF and a VF.</param>
    public ConfigTarget[] EveryFunction(int offset)
    {
        var targets = new List<ConfigTarget>();
        for (int physicalFunction = 0; physicalFunction < Firmware.Numbering.PhysicalFunctions; physicalFunction++)
        {
            targets.Add(Target(physicalFunction, offset));
        }

        for (int physicalFunction = 0; physicalFunction < Firmware.Numbering.PhysicalFunctions; physicalFunction++)
        {
            for (int vf = 0; vf < Firmware.Sriov.VisibleVFs(physicalFunction); vf++)
            {
                targets.Add(Target(Firmware.Numbering.VirtualFunction(physicalFunction, vf), offset));
            }
        }

        return [.. targets];
    }

    /// <summary>Enables VFs of a PF and steps until all of them are ready.</summary>
    public void EnableVFs(int physicalFunction, int count)
    {
        int sriov = SriovOf(physicalFunction);
        Write(physicalFunction, sriov + SriovCapability.NumVFsOffset, LowWord, (uint)count);
        Write(
            physicalFunction, sriov + SriovCapability.ControlOffset, LowWord,
            SriovCapability.ControlVfEnableMask | SriovCapability.ControlVfMseMask
            | SriovCapability.ControlAriCapableHierarchyMask);
        while (!Firmware.Resets.IsIdle)
        {
            Firmware.Step();
        }
    }

    /// <summary>Disables all VFs of a PF.</summary>
    public void DisableVFs(int physicalFunction) =>
        Write(
            physicalFunction, SriovOf(physicalFunction) + SriovCapability.ControlOffset, LowWord,
            SriovCapability.ControlAriCapableHierarchyMask);

    private int SriovOf(int physicalFunction) => Firmware.Space.TemplateOf(physicalFunction).Offsets.Sriov;

    private void Write(int function, int offset, int byteEnables, uint data)
    {
        _single[0] = Target(function, offset);
        Source.Write(_single, byteEnables, data, dataStep: 0);
        Access(1, perStep: 1);
    }

    private ConfigTarget Target(int function, int offset)
    {
        int distance = Firmware.Router.RoutingIdOf(function) - (Firmware.Router.CapturedBus << RoutingId.BusShift);
        int routingId = (Bus << RoutingId.BusShift) + distance;
        return new ConfigTarget(routingId, routingId >> RoutingId.BusShift != Bus, offset);
    }
}
