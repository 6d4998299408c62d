// Bus Master Enable and power states: what a function that may not issue memory requests is spared, and what it finds afterwards.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class BusMasterTests
{
    private const int Victim = 2;
    private const int Rounds = 20;
    private const int PerRound = 8;

    private const int Waiting = Backlog.MaxFrames;

    private static readonly int[] EnabledFunctions = [0, 1, 2, 3, 4];

    [Test]
    public void The_engine_hears_of_every_change_when_it_happens_and_of_nothing_else()
    {
        var nic = new DataPathUnderTest();
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(EnabledFunctions));
        SetCommand(nic, Vf0, 0);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf, Vf1, 3, 4 }));
        SetCommand(nic, Vf0, 0);
        SetCommand(nic, Vf1, PciConfigHeader.CommandBusMasterEnableMask);

        // A VF is never in a higher state than its PF (9.6.2).
        SetPowerState(nic, PowerManagementCapability.PowerStateD3Hot);
        Assert.That(nic.Engine.BusMasters, Is.Empty);
        SetCommand(nic, Vf0, PciConfigHeader.CommandBusMasterEnableMask);
        SetCommand(nic, Vf1, 0);
        Assert.That(nic.Engine.BusMasters, Is.Empty);
        SetPowerState(nic, PowerManagementCapability.PowerStateD0);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf, Vf0, 3, 4 }));

        // Its PF's own Bus Master Enable is none of a VF's business (9.3.4.1.3), nor is VF MSE.
        SetCommand(nic, Pf, 0);
        int control = nic.Offsets(Pf).Sriov + SriovCapability.ControlOffset;
        nic.ConfigWrite(Pf, control, SriovCapability.ControlVfEnableMask | SriovCapability.ControlAriCapableHierarchyMask, 2);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Vf0, 3, 4 }));

        // VIRTIO's reset is not PCI's.
        nic.Bring(Vf0);
        nic.Status(Vf0, 0);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Vf0, 3, 4 }));

        nic.InitiateFlr(Vf0);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { 3, 4 }));
        nic.Settle();
        SetCommand(nic, Vf0, PciConfigHeader.CommandBusMasterEnableMask);
        SetCommand(nic, Pf, PciConfigHeader.CommandBusMasterEnableMask);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf, Vf0, 3, 4 }));

        nic.ConfigWrite(Pf, control, SriovCapability.ControlAriCapableHierarchyMask, 2);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf }));
        nic.ConfigWrite(Pf, control, SriovCapability.ControlVfEnableMask | SriovCapability.ControlAriCapableHierarchyMask, 2);
        nic.Settle();
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf }), "a VF begins without");
        SetCommand(nic, Vf0, PciConfigHeader.CommandBusMasterEnableMask);
        nic.InitiateFlr(Pf);
        Assert.That(nic.Engine.BusMasters, Is.Empty, "VFs do not outlive the reset of their PF");
        nic.Settle();

        SetCommand(nic, Pf, PciConfigHeader.CommandBusMasterEnableMask);
        nic.Signal(LinkEvent.HotReset);
        nic.Step();
        Assert.That(nic.Engine.BusMasters, Is.Empty);
        Assert.That(nic.Engine.RepeatedBusMasters, Is.Zero);
    }

    [Test]
    public void A_function_that_loses_its_state_in_D3hot_wakes_up_without_bus_mastering()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 8, NoSoftReset = false });
        SetPowerState(nic, PowerManagementCapability.PowerStateD3Hot);
        SetPowerState(nic, PowerManagementCapability.PowerStateD0);
        nic.Settle();
        Assert.That(nic.Engine.BusMasters, Is.Empty);
        SetCommand(nic, Pf, PciConfigHeader.CommandBusMasterEnableMask);
        Assert.That(nic.Engine.BusMasters, Is.EquivalentTo(new[] { Pf }));
    }

    [Test]
    public void A_turn_that_was_under_way_is_followed_by_another_for_it_may_have_ended_early()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Notify(Vf0, 1);
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Queue), Is.EqualTo(new[] { 1 }));
        SetCommand(nic, Vf0, 0);
        SetCommand(nic, Vf0, PciConfigHeader.CommandBusMasterEnableMask);
        nic.Step();
        nic.Engine.EndTurns(hasMore: false);
        nic.Step();
        nic.Step();
        Assert.That(nic.Engine.Turns.Select(turn => turn.Queue), Is.EqualTo(new[] { 1 }));
    }

    [TestCase(false, false)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    public void Without_Bus_Master_Enable_a_receiver_s_memory_stays_as_it_is_its_neighbours_get_everything_and_it_goes_on_later(
        bool isPacked, bool hasEventIdx)
    {
        using var lab = new NetLab(3);
        NetDriver victim = lab.Start(Victim, Options(isPacked, hasEventIdx));
        ulong end = EndOfMemory(lab);
        lab.Start(0, Options(isPacked, hasEventIdx));
        lab.Start(1, Options(isPacked, hasEventIdx));
        lab.Settle();
        Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, Victim, 200)), Is.True);
        lab.Drivers[0].Flush();
        lab.Settle();
        Assert.That(lab.Inbox[Victim], Has.Count.EqualTo(1), "it works");

        // Frames are on their way to it when the bit goes, and it sends and rings when it is gone.
        var toVictim = new List<byte[]>();
        var between = new List<byte[]>[] { [], [] };
        Send(lab, toVictim, between, seed: 0);
        lab.Host.Write(lab.VFs[Victim].Address, PciConfigHeader.CommandOffset, 2, 0);
        byte[][] fromVictim = [.. Enumerable.Range(0, 5).Select(index => lab.Frame(Victim, 1, 300 + index))];
        foreach (byte[] frame in fromVictim)
        {
            Assert.That(victim.TrySend(frame), Is.True);
        }

        victim.Flush();
        lab.Drivers[Victim] = null!;
        byte[] before = MemoryUpTo(lab, end).ToArray();
        long interrupts = lab.Board.Firmware.DataPath.Counters.Interrupts[lab.Index(Victim)];
        for (int round = 1; round <= Rounds; round++)
        {
            lab.Settle();
            lab.Drivers[Victim] = victim;
            Send(lab, toVictim, between, round);
            lab.Drivers[Victim] = null!;
        }

        lab.Settle();
        Assert.That(MemoryUpTo(lab, end).SequenceEqual(before), Is.True, "not one byte of its memory");
        Assert.That(lab.Inbox[1].Select(received => received.Payload), Is.EqualTo(between[0]));
        Assert.That(lab.Inbox[0].Select(received => received.Payload), Is.EqualTo(between[1]));
        Assert.That(lab.Board.Firmware.DataPath.Counters.Interrupts[lab.Index(Victim)], Is.EqualTo(interrupts));
        Assert.That(
            lab.Board.Switch.Read(lab.Index(Victim), Counter.DroppedNoBuffer), Is.EqualTo((ulong)(toVictim.Count - Waiting)),
            "the others wait");

        // The bit comes back, and nobody rings.
        lab.Drivers[Victim] = victim;
        lab.Host.Write(lab.VFs[Victim].Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        lab.Settle();
        Assert.That(lab.Inbox[Victim].Skip(1).Select(received => received.Payload), Is.EqualTo(toVictim.Take(Waiting)));
        Assert.That(lab.Inbox[1].Skip(between[0].Count).Select(received => received.Payload), Is.EqualTo(fromVictim));
        lab.Inbox[Victim].Clear();
        toVictim.Clear();
        for (int round = 0; round < Rounds; round++)
        {
            Send(lab, toVictim, between, round);
            lab.Settle();
        }

        Assert.That(lab.Inbox[Victim].Select(received => received.Payload), Is.EqualTo(toVictim));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void In_D3hot_frames_from_the_wire_change_nothing_in_the_memory_of_any_function_and_wait(bool isPacked)
    {
        using var lab = new NetLab(2);
        lab.Start(0, Options(isPacked, hasEventIdx: true));
        lab.Start(1, Options(isPacked, hasEventIdx: true));
        lab.Settle();
        var wire = new FrameSource();
        lab.Board.Engine.Port = wire;
        ushort power = (ushort)(lab.Board.Firmware.Space.TemplateOf(0).Offsets.PowerManagement + PowerManagementCapability.ControlStatusOffset);
        lab.Host.Write(lab.Pf.Address, power, 2, PowerManagementCapability.PowerStateD3Hot);
        ulong end = HostMemory.BaseAddress + (ulong)lab.Memory.Bytes;
        byte[] before = MemoryUpTo(lab, end).ToArray();
        byte[] broadcast = [.. Enumerable.Repeat((byte)0xFF, 6), 2, 9, 9, 9, 9, 9, 0x88, 0xB5, .. new byte[100]];
        for (int index = 0; index < 3 * Waiting; index++)
        {
            wire.Frames.Enqueue(broadcast);
        }

        for (int step = 0; step < 100; step++)
        {
            lab.Board.Step();
        }

        Assert.That(wire.Frames, Is.Empty);
        Assert.That(MemoryUpTo(lab, end).SequenceEqual(before), Is.True);
        lab.Host.Write(lab.Pf.Address, power, 2, PowerManagementCapability.PowerStateD0);
        lab.Settle();
        Assert.That(lab.Inbox.Select(inbox => inbox.Count), Is.All.EqualTo(Waiting));
        wire.Frames.Enqueue(broadcast);
        lab.Settle();
        Assert.That(lab.Inbox.Select(inbox => inbox.Count), Is.All.EqualTo(Waiting + 1));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Queues_that_are_started_without_Bus_Master_Enable_are_left_alone_until_it_is_set(bool isPacked)
    {
        using var lab = new NetLab(2);
        lab.Inbox[1] = [];
        lab.Drivers[1] = new NetDriver(lab.Host, lab.VFs[1], lab.Memory, lab.Interrupts, Options(isPacked, hasEventIdx: false))
        {
            FrameHandler = (in ReceivedFrame frame) => lab.Inbox[1].Add(new Received(frame.Payload.ToArray(), frame.Offload, frame.Pair)),
        };
        NetDriver late = lab.Drivers[1];
        late.Start();
        ulong end = EndOfMemory(lab);
        lab.Start(0, Options(isPacked, hasEventIdx: false));
        byte[] frame = lab.Frame(0, 1, 64);
        Assert.That(late.TrySend(lab.Frame(1, 0, 64)) && lab.Drivers[0].TrySend(frame), Is.True);
        late.Flush();
        lab.Drivers[0].Flush();
        lab.Drivers[1] = null!;
        byte[] before = MemoryUpTo(lab, end).ToArray();
        lab.Settle();
        Assert.That(MemoryUpTo(lab, end).SequenceEqual(before), Is.True);
        for (uint queue = 0; queue < 2; queue++)
        {
            late.Transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, queue);
            ulong area = late.Transport.ReadCommon(VirtioCommonConfig.QueueDeviceOffset, 4)
                | ((ulong)late.Transport.ReadCommon(VirtioCommonConfig.QueueDeviceOffset + 4, 4) << 32);
            Assert.That(lab.Memory.At(area, 4).ToArray(), Is.All.Zero, $"flags and index of queue {queue}");
        }

        Assert.That(lab.Inbox[0], Is.Empty);
        lab.Drivers[1] = late;
        lab.Host.Write(lab.VFs[1].Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        lab.Settle();
        Assert.That(lab.Inbox[1].Select(received => received.Payload), Is.EqualTo(new[] { frame }));
        Assert.That(lab.Inbox[0], Has.Count.EqualTo(1));
    }

    private static NetDriverOptions Options(bool isPacked, bool hasEventIdx) => new()
    {
        QueueSize = 16,
        WantedFeatures = NetFeatures.Supported & ~((isPacked ? 0 : 1UL << VirtioFeature.RingPacked)
            | (hasEventIdx ? 0 : 1UL << VirtioFeature.EventIdx)),
    };

    // One round: VF 0 to the victim and to VF 1 by turns, VF 1 to VF 0.
    private static void Send(NetLab lab, List<byte[]> toVictim, List<byte[]>[] between, int seed)
    {
        for (int index = 0; index < PerRound; index++)
        {
            toVictim.Add(lab.Frame(0, Victim, 64 + (100 * index), seed));
            between[0].Add(lab.Frame(0, 1, 64 + index, seed));
            between[1].Add(lab.Frame(1, 0, 1000 + index, seed));
            Assert.That(lab.Drivers[0].TrySend(toVictim[^1]) && lab.Drivers[0].TrySend(between[0][^1]), Is.True);
            Assert.That(lab.Drivers[1].TrySend(between[1][^1]), Is.True);
        }

        lab.Drivers[0].Flush();
        lab.Drivers[1].Flush();
    }

    // First address behind all that is in use: whoever takes memory from now on takes none before it.
    private static ulong EndOfMemory(NetLab lab)
    {
        ulong end = lab.Memory.Allocate(4096, 4096).Address;
        while (lab.Memory.Allocate(1, 1).Address < end)
        {
        }

        return end;
    }

    private static Span<byte> MemoryUpTo(NetLab lab, ulong end) =>
        lab.Memory.At(HostMemory.BaseAddress, (int)(end - HostMemory.BaseAddress));

    private static void SetCommand(DataPathUnderTest nic, int function, uint command) =>
        nic.ConfigWrite(function, PciConfigHeader.CommandOffset, command, 2);

    private static void SetPowerState(DataPathUnderTest nic, uint state) =>
        nic.ConfigWrite(Pf, nic.Offsets(Pf).PowerManagement + PowerManagementCapability.ControlStatusOffset, state, 2);

    /// <summary>A wire on which frames come in, in order, and none goes out.</summary>
    private sealed class FrameSource : NetworkPort
    {
        public Queue<byte[]> Frames { get; } = new();

        public override bool TryReceive(Span<byte> buffer, out int length)
        {
            bool isThere = Frames.TryDequeue(out byte[]? frame);
            frame?.CopyTo(buffer);
            length = frame?.Length ?? 0;
            return isThere;
        }

        public override void Send(ReadOnlySpan<byte> frame) => Lost++;

        public override void Dispose()
        {
        }
    }
}
