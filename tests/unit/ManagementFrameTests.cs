// The management protocol's numbers, and two frames byte for byte.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Gates;

namespace SmartNicFw.Tests.Unit;

public sealed partial class ManagementFrameTests
{
    // SetAttribute: MAC 02:11:22:33:44:55 of function 4, sequence 12345678h.
    private const string GoldenRequest =
        "534E4657 01 00 01 00 0202 0000 78563412 1000 0000 497D90E5 0400 0100 00000000 0211223344550000";

    // CommitTransaction, sequence 80000001h: BadArgument, UnusableMac, change 5, "no".
    private const string GoldenResponse =
        "534E4657 01 00 02 00 0206 0700 01000080 0A00 0000 D11E14A9 0800 0200 05000000 6E6F";

    [Test]
    public void The_checksum_of_123456789_is_what_every_CRC_32_of_Ethernet_has()
    {
        byte[] digits = Encoding.ASCII.GetBytes("123456789");
        Assert.That(Crc32.Finish(Crc32.Update(Crc32.Start, digits, 0, digits.Length)), Is.EqualTo(0xCBF43926));
        Assert.That(Crc32.Finish(Crc32.Start), Is.Zero, "of nothing");
    }

    [Test]
    public void A_request_has_these_bytes()
    {
        byte[] frame = new byte[ManagementFrame.MaxBytes];
        LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementAttributeValue.FunctionOffset, 4);
        LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementAttributeValue.AttributeOffset, ManagementAttributeKind.Mac);
        LittleEndian.WriteU64(frame, ManagementFrame.PayloadOffset + ManagementAttributeValue.ValueOffset, 0x5544_3322_1102);
        int bytes = ManagementCodec.WriteRequest(frame, 0, ManagementOpcode.SetAttribute, 0x12345678, ManagementAttributeValue.Bytes);

        Assert.That(Convert.ToHexString(frame, 0, bytes), Is.EqualTo(GoldenRequest.Replace(" ", "", StringComparison.Ordinal)));
        Assert.That(ManagementCodec.Check(frame, 0, bytes, ManagementFrame.Request), Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void A_response_has_these_bytes()
    {
        byte[] frame = new byte[ManagementFrame.MaxBytes];
        int bytes = ManagementCodec.WriteRefusal(
            frame, 0, ManagementOpcode.CommitTransaction, 0x80000001, ManagementStatus.BadArgument, ManagementReason.UnusableMac, 5, "no");

        Assert.That(Convert.ToHexString(frame, 0, bytes), Is.EqualTo(GoldenResponse.Replace(" ", "", StringComparison.Ordinal)));
        Assert.That(ManagementCodec.Check(frame, 0, bytes, ManagementFrame.Response), Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void A_refusal_has_printable_ASCII_and_no_more_of_it_than_there_is_room_for()
    {
        byte[] frame = new byte[ManagementFrame.MaxBytes];
        int bytes = ManagementCodec.WriteRefusal(
            frame, 0, ManagementOpcode.Health, 1, ManagementStatus.BadArgument, ManagementReason.OutOfRange, 0, "a\nb\u00e9~ \u007f" + new string('x', 1000));

        Assert.That(bytes, Is.EqualTo(ManagementFrame.HeaderBytes + ManagementRefusal.Bytes + ManagementRefusal.MaxTextBytes));
        Assert.That(ManagementCodec.RefusalTextBytes(frame, 0), Is.EqualTo(ManagementRefusal.MaxTextBytes));
        Assert.That(
            Encoding.ASCII.GetString(frame, ManagementFrame.PayloadOffset + ManagementRefusal.TextOffset, ManagementRefusal.MaxTextBytes),
            Is.EqualTo("a?b?~ ?" + new string('x', ManagementRefusal.MaxTextBytes - 7)));

        int empty = ManagementCodec.WriteRefusal(frame, 0, ManagementOpcode.Health, 1, ManagementStatus.Busy, ManagementReason.None, 0, null);
        Assert.That(empty, Is.EqualTo(ManagementFrame.HeaderBytes + ManagementRefusal.Bytes));
        Assert.That(ManagementCodec.RefusalTextBytes(frame, 0), Is.Zero);
    }

    [TestCase(ManagementRefusal.Bytes, 1, TestName = "A text that ends beyond its frame is none")]
    [TestCase(ManagementRefusal.Bytes + 2, 1, TestName = "A text that ends before its frame does is none")]
    [TestCase(ManagementRefusal.Bytes - 1, 0, TestName = "A refusal that is not whole has no text")]
    [TestCase(ManagementRefusal.Bytes + 241, 241, TestName = "A text that is too long is none")]
    public void A_refusals_text(int payloadBytes, int textBytes)
    {
        byte[] frame = new byte[ManagementFrame.MaxBytes];
        LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementRefusal.TextLengthOffset, (ushort)textBytes);
        ManagementCodec.WriteResponse(frame, 0, ManagementOpcode.Health, 1, ManagementStatus.Busy, payloadBytes);
        Assert.That(ManagementCodec.RefusalTextBytes(frame, 0), Is.Zero);
    }

    [TestCase(ManagementFrame.SignatureOffset, ManagementStatus.WrongSignature)]
    [TestCase(ManagementFrame.VersionMajorOffset, ManagementStatus.WrongVersion)]
    [TestCase(ManagementFrame.VersionMinorOffset, ManagementStatus.Ok)]
    [TestCase(ManagementFrame.KindOffset, ManagementStatus.WrongHeader)]
    [TestCase(ManagementFrame.ReservedOffset, ManagementStatus.WrongHeader)]
    [TestCase(ManagementFrame.OpcodeOffset, ManagementStatus.Ok)]
    [TestCase(ManagementFrame.StatusOffset, ManagementStatus.WrongHeader)]
    [TestCase(ManagementFrame.SequenceOffset, ManagementStatus.Ok)]
    [TestCase(ManagementFrame.PayloadLengthOffset, ManagementStatus.WrongLength)]
    [TestCase(ManagementFrame.Reserved1Offset, ManagementStatus.WrongHeader)]
    public void A_request_whose_field_is_another_with_a_right_checksum_is_answered_with(int field, int status)
    {
        byte[] frame = new byte[ManagementFrame.HeaderBytes];
        ManagementCodec.WriteRequest(frame, 0, ManagementOpcode.EndpointInfo, 7, 0);
        frame[field] += 1;
        WriteChecksum(frame);
        Assert.That(ManagementCodec.Check(frame, 0, frame.Length, ManagementFrame.Request), Is.EqualTo(status));
    }

    [Test]
    public void A_response_may_have_any_status_and_is_no_request()
    {
        byte[] frame = new byte[ManagementFrame.HeaderBytes];
        ManagementCodec.WriteResponse(frame, 0, ManagementOpcode.EndpointInfo, 7, 0xFFFF, 0);
        Assert.That(ManagementCodec.Check(frame, 0, frame.Length, ManagementFrame.Response), Is.EqualTo(ManagementStatus.Ok));
        Assert.That(ManagementCodec.Check(frame, 0, frame.Length, ManagementFrame.Request), Is.EqualTo(ManagementStatus.WrongHeader));
        Assert.That(ManagementCodec.Status(frame, 0), Is.EqualTo(0xFFFF));
        Assert.That(ManagementCodec.IsAnswerTo(frame, 0, ManagementOpcode.EndpointInfo, 7), Is.True);
        Assert.That(ManagementCodec.IsAnswerTo(frame, 0, ManagementOpcode.EndpointInfo, 8), Is.False);
        Assert.That(ManagementCodec.IsAnswerTo(frame, 0, ManagementOpcode.Health, 7), Is.False);
    }

    [Test]
    public void Payloads_and_lists_fit_a_frame_as_they_say()
    {
        int forEntries = ManagementFrame.MaxPayloadBytes - ManagementList.Bytes;
        Assert.That(forEntries / ManagementFunction.Bytes, Is.EqualTo(24));
        Assert.That(forEntries / ManagementRateGroup.Bytes, Is.EqualTo(27));
        Assert.That((ManagementFrame.MaxPayloadBytes - ManagementEvents.Bytes) / ManagementEvent.Bytes, Is.EqualTo(30));
        Assert.That(ManagementConfigData.Bytes + ManagementConfigData.MaxDataBytes, Is.LessThanOrEqualTo(ManagementFrame.MaxPayloadBytes));
        Assert.That(ManagementRefusal.Bytes + ManagementRefusal.MaxTextBytes, Is.LessThanOrEqualTo(ManagementFrame.MaxPayloadBytes));
        foreach (Layout layout in ManagementLayouts.All.Where(layout => layout.Type != typeof(ManagementWindow)))
        {
            Assert.That(layout.End, Is.LessThanOrEqualTo(ManagementFrame.MaxPayloadBytes), layout.Type.Name);
        }
    }

    [Test]
    public void Structures_of_the_control_BAR_have_pages_of_their_own()
    {
        int[] starts = [BarMap.CommonConfigOffset, BarMap.IsrOffset, BarMap.DeviceConfigOffset, BarMap.ControlBytes];
        int[] sizes = [BarMap.CommonConfigBytes, BarMap.IsrBytes, BarMap.DeviceConfigBytes];
        for (int at = 0; at < sizes.Length; at++)
        {
            Assert.That(starts[at] % BarMap.MinBytes, Is.Zero);
            Assert.That(starts[at] + sizes[at], Is.LessThanOrEqualTo(starts[at + 1]));
        }
    }

    [Test]
    public void Table_pending_bits_and_window_of_a_PF_have_pages_of_their_own_in_the_MSI_X_BAR_whatever_the_vectors()
    {
        for (int vectors = 1; vectors <= MsixCapability.MaxVectors; vectors++)
        {
            int pba = BarMap.PbaOffset(vectors);
            int window = BarMap.ManagementOffset(vectors);
            int ofPf = BarMap.RegionBytes(BarMap.MsixBar, vectors, isVirtual: false);
            int ofVf = BarMap.RegionBytes(BarMap.MsixBar, vectors, isVirtual: true);
            Assert.That(vectors * MsixTableEntry.Bytes, Is.LessThanOrEqualTo(pba));
            Assert.That(pba + (vectors / 8) + 8, Is.LessThanOrEqualTo(window));
            Assert.That(window, Is.EqualTo(pba + 0x1000), "a host finds it by the MSI-X capability");
            Assert.That(window + BarMap.ManagementBytes, Is.LessThanOrEqualTo(ofPf));
            Assert.That((ofVf, ofPf & (ofPf - 1)), Is.EqualTo((2 * pba, 0)));
            Assert.That(ofPf, Is.AtLeast(0x4000).And.AtMost(2 * ofVf));
        }

        Assert.That(ManagementWindow.Bytes, Is.LessThanOrEqualTo(BarMap.ManagementBytes));
    }

    [Test]
    public void Each_opcode_status_reason_and_attribute_has_a_number_of_its_own()
    {
        foreach (Type type in new[] { typeof(ManagementOpcode), typeof(ManagementStatus), typeof(ManagementReason), typeof(ManagementLinkState), typeof(ManagementEventKind) })
        {
            Assert.That(Numbers(type).Values, Is.Unique, type.Name);
        }

        Assert.That(
            Numbers(typeof(ManagementAttributeKind)).Where(entry => entry.Key != nameof(ManagementAttributeKind.Last)).Select(entry => entry.Value),
            Is.EqualTo(Enumerable.Range(1, ManagementAttributeKind.Last)));
        Assert.That(Opcodes.Values.All(opcode => opcode is > 0xFF and <= 0xFFFF && (opcode & 0xFF) != 0), Is.True);
        Assert.That(ManagementVlan.IdMask | ManagementVlan.PriorityMask | ManagementVlan.ProtocolMask, Is.EqualTo(~0x1000u));
        Assert.That(ManagementVlan.PriorityMask >> ManagementVlan.PriorityShift, Is.EqualTo(7));
        Assert.That(ManagementVlan.ProtocolMask >> ManagementVlan.ProtocolShift, Is.EqualTo(0xFFFF));
    }

    [Test]
    public void Every_opcode_names_the_layout_of_its_request_whose_size_is_what_is_asked_for_and_that_of_its_response()
    {
        string source = File.ReadAllText(Repository.File("hal", "regs", "ManagementOpcode.cs"));
        var described = new Dictionary<string, string>();
        foreach (Match match in Described().Matches(source))
        {
            described.Add(match.Groups["name"].Value, match.Groups["request"].Value);
            Assert.That(match.Groups["response"].Value is "none" || Layout(match.Groups["response"].Value) > 0, match.Value);
        }

        Assert.That(described.Keys, Is.EquivalentTo(Opcodes.Keys));
        foreach ((string name, string request) in described)
        {
            int bytes = request == "none" ? 0 : Layout(request);
            Assert.That(ManagementOpcode.RequestBytes(Opcodes[name]), Is.EqualTo(bytes), name);
        }

        for (int opcode = -1; opcode <= 0x10000; opcode++)
        {
            if (!Opcodes.ContainsValue(opcode))
            {
                Assert.That(ManagementOpcode.RequestBytes(opcode), Is.EqualTo(ManagementOpcode.Unknown));
            }
        }
    }

    private static Dictionary<string, int> Opcodes =>
        Numbers(typeof(ManagementOpcode)).Where(entry => entry.Value != ManagementOpcode.Unknown).ToDictionary();

    // Size of the layout that a docstring names.
    private static int Layout(string cref) => Numbers(typeof(ManagementOpcode).Assembly.GetType("SmartNicFw.Hal.Regs." + cref)!)["Bytes"];

    private static Dictionary<string, int> Numbers(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.IsLiteral && field.FieldType == typeof(int))
        .ToDictionary(field => field.Name, field => Convert.ToInt32(field.GetRawConstantValue(), CultureInfo.InvariantCulture));

    private static void WriteChecksum(byte[] frame)
    {
        LittleEndian.WriteU32(frame, ManagementFrame.CrcOffset, 0);
        LittleEndian.WriteU32(frame, ManagementFrame.CrcOffset, Crc32.Finish(Crc32.Update(Crc32.Start, frame, 0, frame.Length)));
    }

    [GeneratedRegex(
        """<remarks>Request: (<see cref="(?<request>\w+)"/>|(?<request>none))\. Response: (<see cref="(?<response>\w+)"/>|(?<response>none))( of <see cref="\w+"/>)?\.</remarks>\s+public const int (?<name>\w+) =""")]
    private static partial Regex Described();
}
