// A machine's driver posts addresses that only another machine's memory has. Neither is that memory read nor written, and
// everybody else's frames go on.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Functions;

public sealed class IsolationTests
{
    private const int QueueSize = 16;
    private const int Receive = 0;
    private const int Transmit = 1;
    private const int SmallBytes = 4 << 20;
    private const int LargeBytes = 16 << 20;
    private const ulong SmallEnd = HostMemory.BaseAddress + SmallBytes;

    // Headers of 12 bytes, and rings of three areas.
    private const int HeaderBytes = 12;
    private const int FrameBytes = 200;

    // What lies where in the victim's page, and a frame of the offender at the same place in a page of its own.
    private const int TableAt = 1024;
    private const int DescriptorsAt = 2048;
    private const int AvailAt = 3072;
    private const int UsedAt = 3584;

    private static readonly ulong Split =
        NetFeatures.Supported & ~((1UL << VirtioFeature.RingPacked) | (1UL << VirtioNetFeature.HashReport));

    public enum Area
    {
        Descriptors,
        Driver,
        Device,
    }

    // What a driver makes available, given the addresses of the victim's page and of its own; and whether a frame gets out when
    // it may reach the victim's memory.
    private static IEnumerable<TestCaseData> Chains()
    {
        foreach (bool isShared in new[] { false, true })
        {
            yield return Chain("a frame of another", isShared, (foreign, own) =>
                [(own, HeaderBytes, DescriptorFlags.Next, 1), (foreign + HeaderBytes, FrameBytes, 0, 0)]);
            yield return Chain("a header of another", isShared, (foreign, own) =>
                [(foreign, HeaderBytes, DescriptorFlags.Next, 1), (own + HeaderBytes, FrameBytes, 0, 0)]);
            yield return Chain("all of another", isShared, (foreign, _) => [(foreign, HeaderBytes + FrameBytes, 0, 0)]);
            yield return Chain("an indirect table of another", isShared, (foreign, _) =>
                [(foreign + TableAt, SplitDescriptor.Bytes, DescriptorFlags.Indirect, 0)]);
        }

        yield return Chain("a frame across the end of its own memory", false, (_, own) =>
            [(own, HeaderBytes, DescriptorFlags.Next, 1), (SmallEnd - 64, FrameBytes, 0, 0)]);
        yield return Chain("a frame right behind its own memory", false, (_, own) =>
            [(own, HeaderBytes, DescriptorFlags.Next, 1), (SmallEnd, FrameBytes, 0, 0)]);
        yield return Chain("a frame of 4 GB up to another", false, (_, own) => [(own, 0xFFFF_FFFF, 0, 0)]);
        yield return Chain("an address that wraps", false, (_, own) =>
            [(own, HeaderBytes, DescriptorFlags.Next, 1), (ulong.MaxValue - 4095, 0x8000_0000, 0, 0)]);
    }

    [TestCaseSource(nameof(Chains))]
    public void Isolation_a_driver_that_sends_what_is_anothers_needs_a_reset_and_nothing_of_it_gets_out(object chain, bool isShared)
    {
        using var lab = new FunctionLab(3);
        (FunctionMachine victim, FunctionMachine witness, FunctionMachine offender) = Machines(lab);
        (ulong foreign, ulong own) = Pages(victim, witness, offender);
        Share(offender, victim, isShared);
        byte[] victims = victim.RamBytes();
        byte[] witnesses = witness.RamBytes();

        Post(offender, Transmit, ((Func<ulong, ulong, (ulong, uint, int, int)[]>)chain)(foreign, own));
        lab.SettleAlone();
        Assert.That(victim.RamBytes().AsSpan().SequenceEqual(victims), Is.True, "the other's memory");
        Assert.That(witness.RamBytes().AsSpan().SequenceEqual(witnesses), Is.EqualTo(!isShared), "nothing was received");
        if (isShared)
        {
            // The control: this is what would have got out.
            lab.Settle();
            Assert.That(witness.Inbox, Is.EqualTo(new[] { offender.Frame(witness, 42) }));
            return;
        }

        ExpectReset(lab, offender);
        GoOn(lab, victim, witness, offender);
    }

    [Test]
    public void Isolation_a_driver_that_receives_into_anothers_memory_needs_a_reset_and_writes_nothing_there([Values] bool isAcrossEnd)
    {
        using var lab = new FunctionLab(3);
        (FunctionMachine victim, FunctionMachine witness, FunctionMachine offender) = Machines(lab);
        ulong foreign = isAcrossEnd ? SmallEnd - 64 : Pages(victim, witness, offender).Foreign;
        Span<byte> descriptors = Ring(offender, Receive);
        for (int index = 0; index < QueueSize; index++)
        {
            BitConverter.TryWriteBytes(descriptors[(index * SplitDescriptor.Bytes)..], foreign);
        }

        byte[] victims = victim.RamBytes();
        for (int number = 0; number < 4; number++)
        {
            witness.Send(offender, number);
        }

        lab.SettleAlone();
        Assert.That(victim.RamBytes().AsSpan().SequenceEqual(victims), Is.True, "the other's memory");
        ExpectReset(lab, offender);
        Assert.That(offender.Inbox, Is.Empty);
        GoOn(lab, victim, witness, offender);
    }

    [Test]
    public void Isolation_a_ring_in_anothers_memory_neither_runs_nor_is_written(
        [Values(Receive, Transmit)] int queue, [Values] Area area, [Values] bool isLiveRing, [Values] bool isShared)
    {
        using var lab = new FunctionLab(3);
        (FunctionMachine victim, FunctionMachine witness, FunctionMachine offender) = Machines(lab);
        for (int number = 0; number < 5; number++)
        {
            // So that all rings have something to offer to a queue that begins anew.
            victim.Send(witness, number);
            witness.Send(victim, number);
            offender.Send(witness, number);
            lab.Settle();
        }

        (int register, int at) = area switch
        {
            Area.Descriptors => (VirtioCommonConfig.QueueDescOffset, DescriptorsAt),
            Area.Driver => (VirtioCommonConfig.QueueDriverOffset, AvailAt),
            _ => (VirtioCommonConfig.QueueDeviceOffset, UsedAt),
        };
        ulong foreign = isLiveRing ? AddressOf(victim, queue, register) : Pages(victim, witness, offender, queue).Foreign + (ulong)at;
        Share(offender, victim, isShared);
        VirtioPciTransport transport = offender.Driver!.Transport;
        int[] registers = [VirtioCommonConfig.QueueDescOffset, VirtioCommonConfig.QueueDriverOffset, VirtioCommonConfig.QueueDeviceOffset];
        ulong[] areas = [.. registers.Select(own => own == register ? foreign : AddressOf(offender, queue, own))];
        Select(transport, queue);
        transport.WriteCommon(VirtioCommonConfig.QueueResetOffset, 2, 1);
        lab.SettleAlone();
        Select(transport, queue);
        Assert.That(transport.ReadCommon(VirtioCommonConfig.QueueResetOffset, 2), Is.Zero, "the queue is reset");
        transport.WriteCommon(VirtioCommonConfig.QueueSizeOffset, 2, QueueSize);
        for (int index = 0; index < areas.Length; index++)
        {
            transport.WriteCommon64(registers[index], areas[index]);
        }

        byte[][] before = [victim.RamBytes(), offender.RamBytes(), witness.RamBytes()];
        transport.WriteCommon(VirtioCommonConfig.QueueEnableOffset, 2, 1);
        for (int bell = 0; bell < 3; bell++)
        {
            transport.Notify(queue, 2, (uint)queue);
            lab.SettleAlone();
            if (queue == Receive)
            {
                witness.Send(offender, bell);
                before[2] = [];
                lab.SettleAlone();
            }
        }

        bool isMoved = !victim.RamBytes().AsSpan().SequenceEqual(before[0]) || !offender.RamBytes().AsSpan().SequenceEqual(before[1])
            || (queue == Transmit && !witness.RamBytes().AsSpan().SequenceEqual(before[2]));
        if (isShared)
        {
            // The control: the queue runs, or breaks on what it reads.
            Assert.That(isMoved || (transport.Status & VirtioDeviceStatus.DeviceNeedsReset) != 0, Is.True);
            return;
        }

        Assert.That(isMoved, Is.False, "nothing was read or written");
        GoOn(lab, victim, witness, offender);
    }

    [Test]
    public void Isolation_the_same_addresses_are_each_machines_own_memory()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        first.Start();
        second.Start();
        foreach (int queue in new[] { Receive, Transmit })
        {
            Assert.That(
                AddressOf(first, queue, VirtioCommonConfig.QueueDescOffset),
                Is.EqualTo(AddressOf(second, queue, VirtioCommonConfig.QueueDescOffset)));
        }

        for (int number = 0; number < 500; number++)
        {
            first.Send(second, number);
            second.Send(first, -number);
            lab.Settle();
        }

        Assert.That(second.Inbox, Is.EqualTo(Enumerable.Range(0, 500).Select(number => first.Frame(second, number))));
        Assert.That(first.Inbox, Is.EqualTo(Enumerable.Range(0, 500).Select(number => second.Frame(first, -number))));
    }

    [Test]
    public void Isolation_a_message_that_a_driver_writes_into_its_table_behind_its_hosts_back_is_nobodys_interrupt()
    {
        using var lab = new FunctionLab(3);
        (FunctionMachine victim, FunctionMachine witness, FunctionMachine offender) = Machines(lab);
        HostFunction function = offender.Function;
        int window = function.Capabilities.Single(capability => !capability.IsExtended && capability.Id == PciCapability.IdVendorSpecific
            && offender.ReadConfig(capability.Offset + VirtioPciCapability.CfgTypeOffset, 1) == VirtioPciCapability.CfgTypePciCfg).Offset;
        uint table = offender.ReadConfig(function.Find(PciCapability.IdMsix, isExtended: false) + MsixCapability.TableOffset, 4);
        for (int vector = 0; vector < offender.Device.IrqCount(2); vector++)
        {
            // The victim's memory, as an address of memory; and a message that another function of the same host has.
            uint entry = (table & MsixCapability.TableTableOffsetMask) + (uint)(vector * MsixTableEntry.Bytes);
            ulong address = vector % 2 == 0 ? SmallEnd : InterruptController.FirstAddress;
            Aim(entry + MsixTableEntry.AddressOffset, (uint)address);
            Aim(entry + MsixTableEntry.UpperAddressOffset, (uint)(address >> 32));
            Aim(entry + MsixTableEntry.DataOffset, 0xE0);
        }

        byte[] victims = victim.RamBytes();
        int[] triggers = [.. victim.Triggered];
        for (int number = 0; number < 8; number++)
        {
            witness.Send(offender, number);
            lab.SettleAlone();
            offender.Poll();
        }

        Assert.That(offender.Inbox, Has.Count.EqualTo(8));
        Assert.That(offender.Device.StrayMessages, Is.Positive, "the messages were sent");
        Assert.That(victim.RamBytes().AsSpan().SequenceEqual(victims), Is.True);
        Assert.That(victim.Triggered, Is.EqualTo(triggers));
        GoOn(lab, victim, witness, offender);

        void Aim(uint offset, uint value)
        {
            offender.WriteConfig(window + VirtioPciCapability.BarOffset, 1, table & MsixCapability.TableBirMask);
            offender.WriteConfig(window + VirtioPciCapability.LengthOffset, 4, 4);
            offender.WriteConfig(window + VirtioPciCapability.OffsetOffset, 4, offset);
            offender.WriteConfig(window + VirtioPciCapability.PciCfgDataOffset, 4, value);
        }
    }

    // The offender has less memory than the others, whose drivers use none of what it has too.
    private static (FunctionMachine Victim, FunctionMachine Witness, FunctionMachine Offender) Machines(FunctionLab lab)
    {
        FunctionMachine[] machines =
        [
            lab.Attach(lab.VFs[0], LargeBytes, SmallBytes), lab.Attach(lab.VFs[1], LargeBytes, SmallBytes), lab.Attach(lab.VFs[2], SmallBytes),
        ];
        foreach (FunctionMachine machine in machines)
        {
            machine.Start(new NetDriverOptions { QueueSize = QueueSize, WantedFeatures = Split });
        }

        lab.Settle();
        return (machines[0], machines[1], machines[2]);
    }

    // In a page of the victim's: a frame of the offender's to the witness with its header, and all parts of a ring that offers the
    // same frame in the offender's own page.
    private static (ulong Foreign, ulong Own) Pages(
        FunctionMachine victim, FunctionMachine witness, FunctionMachine offender, int queue = Transmit)
    {
        HostBuffer own = offender.Ram.Allocate(4096, 4096);
        HostBuffer page = victim.Ram.Allocate(4096, 4096);
        Assert.That(page.Address, Is.GreaterThanOrEqualTo(SmallEnd));
        byte[] frame = offender.Frame(witness, 42, FrameBytes);
        frame.CopyTo(own.Span[HeaderBytes..]);
        frame.CopyTo(page.Span[HeaderBytes..]);
        int flags = queue == Receive ? DescriptorFlags.Write : 0;
        Describe(page.Span[TableAt..], own.Address, HeaderBytes + FrameBytes, 0, 0);
        BitConverter.TryWriteBytes(page.Span[(AvailAt + AvailRing.IdxOffset)..], (ushort)5);
        for (int index = 0; index < QueueSize; index++)
        {
            Describe(page.Span[(DescriptorsAt + (index * SplitDescriptor.Bytes))..], own.Address, HeaderBytes + FrameBytes, flags, 0);
            BitConverter.TryWriteBytes(page.Span[(AvailAt + AvailRing.RingOffset + (index * AvailRing.EntryBytes))..], (ushort)index);
        }

        return (page.Address, own.Address);
    }

    // The control of a test: the offender may reach what it otherwise may not.
    private static unsafe void Share(FunctionMachine offender, FunctionMachine victim, bool isShared)
    {
        if (isShared)
        {
            Assert.That(offender.Memory.Map(SmallEnd, victim.Ram.Start + SmallBytes, LargeBytes - SmallBytes), Is.True);
        }
    }

    private static void ExpectReset(FunctionLab lab, FunctionMachine offender)
    {
        Assert.That(offender.Driver!.Transport.Status & VirtioDeviceStatus.DeviceNeedsReset, Is.Not.Zero);
        long changes = offender.Driver.ConfigurationChanges;
        lab.Settle();
        Assert.That(offender.Driver.NeedsReset, Is.True, "told by a configuration interrupt");
        Assert.That(offender.Driver.ConfigurationChanges, Is.GreaterThan(changes));
    }

    private static void GoOn(FunctionLab lab, FunctionMachine victim, FunctionMachine witness, FunctionMachine offender)
    {
        lab.Settle();
        victim.Inbox.Clear();
        witness.Inbox.Clear();
        for (int number = 0; number < 50; number++)
        {
            victim.Send(witness, number);
            witness.Send(victim, number);
            lab.Settle();
        }

        Assert.That(witness.Inbox, Is.EqualTo(Enumerable.Range(0, 50).Select(number => victim.Frame(witness, number))));
        Assert.That(victim.Inbox, Is.EqualTo(Enumerable.Range(0, 50).Select(number => witness.Frame(victim, number))));
        Assert.That(victim.Driver!.NeedsReset || witness.Driver!.NeedsReset, Is.False);

        offender.Driver!.Remove();
        offender.Start(new NetDriverOptions { QueueSize = QueueSize, WantedFeatures = Split });
        offender.Send(victim, 7);
        victim.Send(offender, 8);
        offender.Inbox.Clear();
        lab.Settle();
        Assert.That(victim.Inbox[^1], Is.EqualTo(offender.Frame(victim, 7)), "after a reset");
        Assert.That(offender.Inbox, Is.EqualTo(new[] { victim.Frame(offender, 8) }));
    }

    private static void Post(FunctionMachine machine, int queue, (ulong Address, uint Length, int Flags, int Next)[] chain)
    {
        Span<byte> descriptors = Ring(machine, queue);
        for (int index = 0; index < chain.Length; index++)
        {
            Describe(
                descriptors[(index * SplitDescriptor.Bytes)..], chain[index].Address, chain[index].Length, chain[index].Flags, chain[index].Next);
        }

        Span<byte> avail = machine.Ram.At(
            AddressOf(machine, queue, VirtioCommonConfig.QueueDriverOffset), AvailRing.RingOffset + (QueueSize * AvailRing.EntryBytes));
        ushort available = BitConverter.ToUInt16(avail[AvailRing.IdxOffset..]);
        BitConverter.TryWriteBytes(avail[(AvailRing.RingOffset + (available % QueueSize * AvailRing.EntryBytes))..], (ushort)0);
        BitConverter.TryWriteBytes(avail[AvailRing.IdxOffset..], (ushort)(available + 1));
        machine.Driver!.Transport.Notify(queue, 2, (uint)queue);
    }

    private static void Describe(Span<byte> descriptor, ulong address, uint length, int flags, int next)
    {
        BitConverter.TryWriteBytes(descriptor, address);
        BitConverter.TryWriteBytes(descriptor[SplitDescriptor.LengthOffset..], length);
        BitConverter.TryWriteBytes(descriptor[SplitDescriptor.FlagsOffset..], (ushort)flags);
        BitConverter.TryWriteBytes(descriptor[SplitDescriptor.NextOffset..], (ushort)next);
    }

    private static Span<byte> Ring(FunctionMachine machine, int queue) => machine.Ram.At(
        AddressOf(machine, queue, VirtioCommonConfig.QueueDescOffset), QueueSize * SplitDescriptor.Bytes);

    private static ulong AddressOf(FunctionMachine machine, int queue, int register)
    {
        VirtioPciTransport transport = machine.Driver!.Transport;
        Select(transport, queue);
        return transport.ReadCommon(register, 4) | ((ulong)transport.ReadCommon(register + 4, 4) << 32);
    }

    private static void Select(VirtioPciTransport transport, int queue) =>
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, (uint)queue);

    private static TestCaseData Chain(string name, bool isShared, Func<ulong, ulong, (ulong, uint, int, int)[]> chain) =>
        new TestCaseData(chain, isShared).SetArgDisplayNames(name, isShared ? "allowed" : "not allowed");
}
