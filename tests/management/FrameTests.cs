// Frames that are not right, and frames at random: each is answered, none throws, and what is refused has changed nothing.
using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

[TestFixture(Port)]
[TestFixture(0)]
public sealed class FrameTests(int way)
{
    private const int Cases = 10_000;

    private static readonly int[] Opcodes =
    [
        ManagementOpcode.EndpointInfo, ManagementOpcode.FunctionInfo, ManagementOpcode.SetNumVFs, ManagementOpcode.ResetVf, ManagementOpcode.ReadConfig,
        ManagementOpcode.GetAttribute, ManagementOpcode.SetAttribute, ManagementOpcode.AddRateGroup, ManagementOpcode.DeleteRateGroup,
        ManagementOpcode.SetRateGroup, ManagementOpcode.GetRateGroups, ManagementOpcode.FunctionStatistics, ManagementOpcode.QueueStatistics,
        ManagementOpcode.Events, ManagementOpcode.Health, ManagementOpcode.BeginTransaction, ManagementOpcode.CommitTransaction,
        ManagementOpcode.AbortTransaction,
    ];

    [Test]
    public void A_wrong_checksum_is_answered_with_WrongCrc_and_the_header_s_opcode_and_sequence()
    {
        var lab = new ManagementLab();
        byte[] frame = Frame(ManagementOpcode.Health, Fields(0, 0), sequence: 0x12345678);
        for (int bit = 0; bit < 32; bit++)
        {
            byte[] wrong = [.. frame];
            wrong[20 + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Answer answer = Parse(lab.AskRaw(way, wrong));
            Assert.That(
                (answer.Status, answer.Opcode, answer.Sequence, answer.Payload.Length),
                Is.EqualTo((ManagementStatus.WrongCrc, ManagementOpcode.Health, 0x12345678u, 0)));
        }
    }

    [Test]
    public void Another_version_kind_status_or_reserved_byte_is_answered_as_that()
    {
        var lab = new ManagementLab();
        Assert.That(Parse(lab.AskRaw(way, Frame(ManagementOpcode.EndpointInfo, [], major: 2))).Status, Is.EqualTo(ManagementStatus.WrongVersion));
        Assert.That(Parse(lab.AskRaw(way, Frame(ManagementOpcode.EndpointInfo, [], major: 0))).Status, Is.EqualTo(ManagementStatus.WrongVersion));
        Assert.That(Parse(lab.AskRaw(way, Frame(ManagementOpcode.EndpointInfo, [], kind: 2))).Status, Is.EqualTo(ManagementStatus.WrongHeader));
        Assert.That(Parse(lab.AskRaw(way, Frame(ManagementOpcode.EndpointInfo, [], status: 1))).Status, Is.EqualTo(ManagementStatus.WrongHeader));
        foreach (int reserved in new[] { 7, 18, 19 })
        {
            byte[] frame = Frame(ManagementOpcode.EndpointInfo, []);
            frame[reserved] = 1;
            Seal(frame);
            Assert.That(Parse(lab.AskRaw(way, frame)).Status, Is.EqualTo(ManagementStatus.WrongHeader));
        }

        byte[] newer = Frame(ManagementOpcode.EndpointInfo, []);
        newer[5] = 9;
        Seal(newer);
        Assert.That(Parse(lab.AskRaw(way, newer)).Status, Is.Zero, "a greater minor version changes nothing that there is");
        byte[] stranger = Frame(ManagementOpcode.EndpointInfo, []);
        stranger[0] ^= 1;
        Assert.That(Parse(lab.AskRaw(way, stranger)).Status, Is.EqualTo(ManagementStatus.WrongSignature));
    }

    [Test]
    public void Every_opcode_with_another_length_is_WrongLength_and_every_other_opcode_unknown()
    {
        var lab = new ManagementLab();
        foreach (int opcode in Opcodes)
        {
            int right = ManagementOpcode.RequestBytes(opcode);
            foreach (int bytes in new[] { 0, right - 1, right + 1, right + 4, 1000 }.Where(bytes => bytes >= 0 && bytes != right))
            {
                Answer answer = Parse(lab.AskRaw(way, Frame(opcode, new byte[bytes])));
                Assert.That((answer.Status, answer.Opcode), Is.EqualTo((ManagementStatus.WrongLength, opcode)));
            }
        }

        foreach (int opcode in Enumerable.Range(0, 0x800).Append(0xFFFF).Except(Opcodes))
        {
            Assert.That(Parse(lab.AskRaw(way, Frame(opcode, []))).Status, Is.EqualTo(ManagementStatus.UnknownOpcode));
        }
    }

    [Test]
    public void Frames_at_random_and_frames_with_some_bytes_changed_are_answered_and_change_nothing()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });
        lab.Endpoint.EnableVFs(2);
        lab.Endpoint.Settle();
        string before = Everything(lab);
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            byte[] frame;
            if (random.Next(3) == 0)
            {
                frame = new byte[random.Next(24, 200)];
                random.NextBytes(frame);
            }
            else
            {
                byte[] payload = new byte[Math.Max(0, ManagementOpcode.RequestBytes(Opcodes[random.Next(Opcodes.Length)]))];
                random.NextBytes(payload);
                frame = Frame(Opcodes[random.Next(Opcodes.Length)], payload, (uint)random.Next());
                byte[] right = [.. frame];
                for (int change = random.Next(1, 4); change > 0 || frame.AsSpan().SequenceEqual(right); change--)
                {
                    frame[random.Next(frame.Length)] ^= (byte)random.Next(1, 256);
                }
            }

            byte[] sent = [.. frame];
            Answer answer = Parse(lab.AskRaw(way, frame));
            return answer.Status is > 0 and <= ManagementStatus.WrongHeader && answer.Opcode == BitConverter.ToUInt16(sent, 8)
                && answer.Sequence == BitConverter.ToUInt32(sent, 12);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That(Everything(lab), Is.EqualTo(before));
    }

    [Test]
    public void Right_frames_with_any_fields_are_answered_and_what_is_refused_changes_nothing()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 4, RateGroups = 5 });
        var lab = new ManagementLab(nic);
        nic.Bring(DataPathUnderTest.Vf0);
        string before = Everything(lab);
        int done = 0;
        int refused = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            int opcode = Opcodes[random.Next(Opcodes.Length)];
            byte[] payload = Payload(random, ManagementOpcode.RequestBytes(opcode));
            Answer answer = lab.Ask(way, opcode, payload);
            nic.Clock.Advance(random.Next(1000));
            nic.Settle();
            bool isKnown = answer.Status is >= 0 and <= ManagementStatus.StoreFault && answer.Status is 0 or >= ManagementStatus.BadArgument;
            done += answer.Status == 0 ? 1 : 0;
            refused += answer.Status == 0 ? 0 : 1;
            string after = Everything(lab);
            bool isUnchanged = answer.Status == 0 || after == before;
            before = after;
            return isKnown && isUnchanged;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That(Math.Min(done, refused), Is.GreaterThan(1000), "of both there were many");
    }

    [Test]
    public void Answering_allocates_nothing()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(DataPathUnderTest.Vf0);
        lab.Link.Answered = null;
        int client = lab.Open();
        byte[][] frames =
        [
            Frame(ManagementOpcode.EndpointInfo, []), Frame(ManagementOpcode.FunctionInfo, Fields(0, 0)), Frame(ManagementOpcode.ReadConfig, Fields(0, 0, 512, 0)),
            Frame(ManagementOpcode.GetAttribute, Fields(1, 3)), Frame(ManagementOpcode.SetAttribute, Fields(1, 8, 0u, 5UL)),
            Frame(ManagementOpcode.GetRateGroups, Fields(0, 0)), Frame(ManagementOpcode.FunctionStatistics, Fields(1, 0)),
            Frame(ManagementOpcode.QueueStatistics, Fields(1, 0)), Frame(ManagementOpcode.Events, Fields(0u, 0, 0)), Frame(ManagementOpcode.Health, Fields(0, 0)),
            Frame(ManagementOpcode.SetNumVFs, Fields(0, 1)), Frame(ManagementOpcode.ResetVf, Fields(0, 0)), Frame(ManagementOpcode.ResetVf, Fields(99, 0)),
            Frame(0x7777, []), Frame(ManagementOpcode.EndpointInfo, [], major: 3),
        ];
        Action round = () =>
        {
            foreach (byte[] frame in frames)
            {
                frame.CopyTo(lab.Link.Buffer(client), 0);
                lab.Link.Send(client, frame.Length);
                nic.Firmware.Management.Step();
            }
        };
        round();
        Assert.That(Allocations.Of(round), Is.Zero);
        Assert.That(lab.Link.IsPending, Is.False);
    }

    // Fields that often name something.
    private static byte[] Payload(Random random, int bytes)
    {
        byte[] payload = new byte[bytes];
        for (int at = 0; at < bytes; at++)
        {
            payload[at] = random.Next(8) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)random.Next(16),
                _ => (byte)((at & 1) == 0 ? random.Next(6) : 0),
            };
        }

        for (int at = 4; at < bytes && random.Next(2) == 0; at++)
        {
            payload[at] = 0;
        }

        return payload;
    }

    // Policy and PCI as they are, by what firmware itself says of it.
    private static string Everything(ManagementLab lab)
    {
        FirmwareRuntime firmware = lab.Firmware;
        var text = new System.Text.StringBuilder();
        for (int function = 0; function < firmware.Numbering.Count; function++)
        {
            for (int attribute = 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                firmware.DataPath.Control.GetAttribute(function, attribute, out ulong value);
                text.Append(value).Append(' ');
            }

            text.Append(firmware.DataPath.State.Status[function]).Append(' ').Append(firmware.DataPath.State.Mac[function]).Append(' ');
        }

        byte[] group = new byte[ManagementRateGroup.Bytes];
        for (int number = 0; number < firmware.DataPath.Control.Table.Groups; number++)
        {
            text.Append(firmware.DataPath.Control.WriteRateGroup(number, group, 0) ? Convert.ToHexString(group) : "none").Append(' ');
        }

        return text.Append(firmware.Sriov.VisibleVFs(0)).Append(' ').Append(firmware.Resets.Completed).ToString();
    }
}
