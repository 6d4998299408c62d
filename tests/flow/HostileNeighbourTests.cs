// One VF does what a hostile driver can; two others exchange frames meanwhile. What these get and count must be what it is
// without the offender, and the offender's function must come back after a reset.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class HostileNeighbourTests
{
    private const int Offender = 2;
    private const int QueueSize = 16;
    private const int Rounds = 20;

    private static readonly ulong Split = NetFeatures.Supported & ~(1UL << VirtioFeature.RingPacked);

    // Number of the item, what is done, and how.
    private static IEnumerable<TestCaseData> Offences()
    {
        yield return Offence("06 registers of a queue that is not there", lab =>
        {
            Transport(lab).WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 0xFFFF);
            for (int offset = VirtioCommonConfig.QueueSizeOffset; offset < VirtioCommonConfig.Bytes; offset += 2)
            {
                Transport(lab).WriteCommon(offset, 2, 0xFFFF);
                Assert.That(Transport(lab).ReadCommon(offset, 2), Is.Zero.Or.EqualTo(0xFFFF));
            }
        });
        yield return Offence("07 MSI-X table and PBA at any index and size", lab =>
        {
            HostBar bar = lab.VFs[Offender].Bars.Single(candidate => candidate.Index == BarMap.MsixBar);
            foreach (int bytes in new[] { 1, 2, 4, 8 })
            {
                for (ulong offset = 0; offset + (ulong)bytes <= bar.Bytes; offset += 504)
                {
                    lab.Host.WriteMemory(bar.Address + offset, bytes, ulong.MaxValue >> (64 - (bytes * 8)));
                    lab.Host.ReadMemory(bar.Address + offset, bytes);
                }
            }
        });
        yield return Offence("08 a flood of doorbells, most for queues that are not there", lab =>
        {
            for (int bell = 0; bell < 10_000; bell++)
            {
                lab.Board.Write(new DecodedAddress(0, Offender, BarMap.NotifyBar, (ulong)(bell * 4 % BarMap.NotifyBytes)), 4, 0);
            }
        });
        yield return Offence("09 queue sizes that cannot be, and queues without addresses", lab =>
        {
            foreach (uint size in new uint[] { 0, 3, 0x8000, 0xFFFF })
            {
                Transport(lab).WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 3);
                Transport(lab).WriteCommon(VirtioCommonConfig.QueueSizeOffset, 2, size);
                Transport(lab).WriteCommon(VirtioCommonConfig.QueueEnableOffset, 2, 1);
            }
        });
        yield return Offence("10 status and features out of order", lab =>
        {
            for (uint status = 0xFF; status > 0; status -= 5)
            {
                Transport(lab).WriteCommon(VirtioCommonConfig.DeviceStatusOffset, 1, status);
                Transport(lab).WriteCommon(VirtioCommonConfig.DriverFeatureSelectOffset, 4, status & 3);
                Transport(lab).WriteCommon(VirtioCommonConfig.DriverFeatureOffset, 4, 0xFFFFFFFF);
            }
        });
        yield return Ring("11 a loop", (descriptors, _) => [(descriptors, 16, DescriptorFlags.Next, 0)]);
        yield return Ring("11 next beyond the queue", (descriptors, _) => [(descriptors, 16, DescriptorFlags.Next, 0xFFFF)]);
        yield return Ring("12 indirect with next", (descriptors, _) => [(descriptors, 16, DescriptorFlags.Indirect | DescriptorFlags.Next, 1)]);
        yield return Ring("12 an indirect table of 17 bytes", (descriptors, _) => [(descriptors, 17, DescriptorFlags.Indirect, 0)]);
        yield return Ring("12 an indirect table in itself", (descriptors, _) => [(descriptors, 16, DescriptorFlags.Indirect, 0)]);
        yield return Ring("13 an address that is not mapped", (_, _) => [(0xDEAD_0000_0000, 64, 0, 0)]);
        yield return Ring("13 an address that wraps", (_, _) => [(ulong.MaxValue - 8, 64, 0, 0)]);
        yield return Ring("13 a length beyond the end of memory", (descriptors, _) => [(descriptors, 0xFFFF_FFFF, 0, 0)]);
        yield return Offence("14 a descriptor rewritten after the doorbell", lab =>
        {
            Assert.That(lab.Drivers[Offender].TrySend(lab.Frame(Offender, 0, 64)), Is.True);
            lab.Drivers[Offender].Flush();
            Post(lab, [(0xDEAD_0000_0000, 64, 0, 0)], entries: 0);
        });
        yield return Offence("15 avail.idx that jumps", lab => Post(lab, [(0, 16, 0, 0)], entries: 100));
        yield return Ring("15 a head twice", (_, buffer) => [(buffer, 76, 0, 0)], entries: 2);
        yield return Ring("16 a header of one byte a descriptor, and zero lengths", (_, buffer) =>
        [
            .. Enumerable.Range(0, 12).Select(index => (buffer + (ulong)index, 1u, DescriptorFlags.Next, index + 1)),
            (buffer, 0u, DescriptorFlags.Next, 13), (buffer + 12, 20u, 0, 0),
        ]);
        yield return Ring("16 a buffer shorter than the header", (_, buffer) => [(buffer, 5, 0, 0)]);
        yield return Ring("17 a frame that is the ring itself", (descriptors, _) => [(descriptors, 200, 0, 0)]);
        yield return Offence("17 a frame in its own BAR", lab =>
            Post(lab, [(lab.VFs[Offender].Bars[0].Address, 64, 0, 0)], entries: 1));
        yield return Offence("18 headers that lie", lab =>
        {
            foreach (FrameOffload lie in new FrameOffload[]
            {
                new() { GsoType = VirtioNetHeader.GsoTcpV4, Flags = VirtioNetHeader.NeedsCsum, GsoSize = 0, CsumStart = 34, CsumOffset = 16 },
                new() { GsoType = 0x77 },
                new() { Flags = VirtioNetHeader.NeedsCsum, CsumStart = 0xFFFF, CsumOffset = 0xFFFF },
                new() { HdrLen = 0xFFFF, GsoType = VirtioNetHeader.GsoUdpL4, GsoSize = 1 },
            })
            {
                Assert.That(lab.Drivers[Offender].TrySend(lab.Frame(Offender, 0, 200), lie), Is.True);
            }

            lab.Drivers[Offender].Flush();
            lab.Settle();
            Assert.That(lab.Board.Switch.Read(lab.Index(Offender), Counter.DroppedMalformed), Is.EqualTo(4));
        });
        yield return Offence("19 commands whose counts lie", lab =>
        {
            NetControl control = lab.Drivers[Offender].Control!;
            byte[] lie = [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3];
            Assert.That(control.Send(VirtioNetControl.ClassMac, VirtioNetControl.MacTableSet, lie), Is.False);
            Assert.That(control.Send(VirtioNetControl.ClassMq, VirtioNetControl.MqPairsSet, [0xFF, 0xFF]), Is.False);
            Assert.That(control.Send(VirtioNetControl.ClassMq, VirtioNetControl.MqRssConfig, lie), Is.False);
            Assert.That(control.Send(0xEE, 0xEE, lie), Is.False);
        });
        yield return Offence("35 pause, LLDP and a neighbour's address", lab =>
        {
            byte[] spoofed = lab.Frame(Offender, 0, 64);
            lab.Drivers[1].MacAddress.CopyTo(spoofed.AsSpan(6));
            byte[] pause = lab.Frame(Offender, 0, 64);
            Convert.FromHexString("0180C2000001").CopyTo(pause, 0);
            byte[] lldp = lab.Frame(Offender, 0, 64);
            Convert.FromHexString("0180C200000E").CopyTo(lldp, 0);
            Send(lab, spoofed, pause, lldp);
            Assert.That(lab.Board.Switch.Read(lab.Index(Offender), Counter.DroppedSpoofed), Is.EqualTo(1));
            Assert.That(lab.Board.Switch.Read(lab.Index(Offender), Counter.DroppedControlFrame), Is.EqualTo(2));
        });
        yield return Offence("36 runts, and three tags in a stack", lab =>
        {
            byte[] stacked = lab.Frame(Offender, 0, 64);
            Convert.FromHexString("810000018100000281000003").CopyTo(stacked, 12);
            Send(lab, lab.Frame(Offender, 0, 64)[..13], stacked);
            Assert.That(
                lab.Board.Switch.Read(lab.Index(Offender), Counter.DroppedMalformed)
                + lab.Board.Switch.Read(lab.Index(Offender), Counter.DroppedVlan), Is.EqualTo(2));
        });
        yield return Offence("38 FLR with frames under way", lab =>
        {
            Assert.That(lab.Drivers[Offender].TrySend(lab.Frame(Offender, 0, 64)), Is.True);
            int control = lab.VFs[Offender].Find(PciCapability.IdPciExpress, false) + PciExpressCapability.DeviceControlOffset;
            lab.Host.Write(lab.VFs[Offender].Address, control, 2, PciExpressCapability.DeviceControlInitiateFlrMask);
        });
    }

    [TestCaseSource(nameof(Offences))]
    public void Hostile_neighbours_frames_and_counters_are_what_they_are_without_the_offender(object offence)
    {
        (List<byte[]> frames, ulong[] counters) = Run((Action<NetLab>)offence, isOffended: true);
        (List<byte[]> calmFrames, ulong[] calmCounters) = Run(_ => { }, isOffended: false);

        Assert.That(frames, Is.EqualTo(calmFrames));
        Assert.That(counters, Is.EqualTo(calmCounters));
    }

    // Frames of the neighbours to each other, and all their counters. Frames that the offender sent to them, where it sent
    // good ones too, are not among them.
    private static (List<byte[]> Frames, ulong[] Counters) Run(Action<NetLab> offence, bool isOffended)
    {
        using var lab = new NetLab(3, 32 << 20);
        for (int vf = 0; vf < 3; vf++)
        {
            lab.Start(vf, new NetDriverOptions { QueueSize = QueueSize, WantedFeatures = Split });
        }

        byte[] offenderMac = lab.Drivers[Offender].MacAddress.ToArray();
        for (int round = 0; round < Rounds; round++)
        {
            Assert.That(lab.Drivers[0].TrySend(lab.Frame(0, 1, 60 + (round * 70), round)), Is.True);
            Assert.That(lab.Drivers[1].TrySend(lab.Frame(1, 0, 1500 - (round * 70), round)), Is.True);
            lab.Drivers[0].Flush();
            lab.Drivers[1].Flush();
            if (round == Rounds / 2)
            {
                offence(lab);
            }

            lab.Settle();
        }

        bool IsNeighbours(Received received) => !received.Payload.AsSpan(6, 6).SequenceEqual(offenderMac);
        List<byte[]> frames = [.. lab.Inbox[0].Concat(lab.Inbox[1]).Where(IsNeighbours).Select(received => received.Payload)];
        List<Received> fromOffender = [.. lab.Inbox[0].Concat(lab.Inbox[1]).Where(received => !IsNeighbours(received))];
        var counters = new List<ulong>();
        for (int counter = 0; counter < Counter.Count; counter++)
        {
            counters.Add(lab.Board.Switch.Read(lab.Index(0), counter));
            counters.Add(lab.Board.Switch.Read(lab.Index(1), counter));
        }

        // What the offender sent by the rules is the offender's right.
        counters[2 * Counter.ReceivedFrames] -= (ulong)lab.Inbox[0].Count(received => !IsNeighbours(received));
        counters[2 * Counter.ReceivedBytes] -= (ulong)fromOffender.Sum(received => received.Payload.Length);
        Assert.That(lab.Drivers[0].NeedsReset || lab.Drivers[1].NeedsReset, Is.False);
        if (isOffended)
        {
            ComesBack(lab);
        }

        return (frames, [.. counters]);
    }

    private static void ComesBack(NetLab lab)
    {
        lab.Drivers[Offender].Remove();
        lab.Start(Offender, new NetDriverOptions { QueueSize = QueueSize, WantedFeatures = Split });
        byte[] frame = lab.Frame(Offender, 1, 333);
        int before = lab.Inbox[1].Count;
        Send(lab, frame);
        Assert.That(lab.Inbox[1].Skip(before).Select(received => received.Payload), Is.EqualTo(new[] { frame }), "after a reset");
    }

    private static void Send(NetLab lab, params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            Assert.That(lab.Drivers[Offender].TrySend(frame), Is.True);
        }

        lab.Drivers[Offender].Flush();
        lab.Settle();
    }

    // Writes descriptors from 0 on and makes entries with head 0 available: into the ring that the driver set up.
    private static void Post(NetLab lab, (ulong Address, uint Length, int Flags, int Next)[] chain, int entries)
    {
        VirtioPciTransport transport = Transport(lab);
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 1);
        ulong descriptors = Area(transport, VirtioCommonConfig.QueueDescOffset);
        for (int index = 0; index < chain.Length; index++)
        {
            Span<byte> descriptor = lab.Memory.At(descriptors + (ulong)(index * SplitDescriptor.Bytes), SplitDescriptor.Bytes);
            BitConverter.TryWriteBytes(descriptor, chain[index].Address);
            BitConverter.TryWriteBytes(descriptor[SplitDescriptor.LengthOffset..], chain[index].Length);
            BitConverter.TryWriteBytes(descriptor[SplitDescriptor.FlagsOffset..], (ushort)chain[index].Flags);
            BitConverter.TryWriteBytes(descriptor[SplitDescriptor.NextOffset..], (ushort)chain[index].Next);
        }

        Span<byte> avail = lab.Memory.At(
            Area(transport, VirtioCommonConfig.QueueDriverOffset), AvailRing.RingOffset + (QueueSize * AvailRing.EntryBytes));
        ushort index16 = BitConverter.ToUInt16(avail[AvailRing.IdxOffset..]);
        for (int entry = 0; entry < Math.Min(entries, QueueSize); entry++)
        {
            BitConverter.TryWriteBytes(
                avail[(AvailRing.RingOffset + ((index16 + entry) % QueueSize * AvailRing.EntryBytes))..], (ushort)0);
        }

        BitConverter.TryWriteBytes(avail[AvailRing.IdxOffset..], (ushort)(index16 + entries));
        lab.Board.Bars.Ring(new DecodedAddress(0, Offender, BarMap.NotifyBar, BarMap.NotifyOffMultiplier));
    }

    private static ulong Area(VirtioPciTransport transport, int offset) =>
        transport.ReadCommon(offset, 4) | ((ulong)transport.ReadCommon(offset + 4, 4) << 32);

    private static VirtioPciTransport Transport(NetLab lab) => lab.Drivers[Offender].Transport;

    private static TestCaseData Ring(
        string name, Func<ulong, ulong, (ulong, uint, int, int)[]> chain, int entries = 1) => Offence(name, lab =>
        {
            VirtioPciTransport transport = Transport(lab);
            transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 1);
            HostBuffer buffer = lab.Memory.Allocate(256);
            Post(lab, chain(Area(transport, VirtioCommonConfig.QueueDescOffset), buffer.Address), entries);
        });

    private static TestCaseData Offence(string name, Action<NetLab> offence) =>
        new TestCaseData(offence).SetArgDisplayNames(name);
}
