// smartnic under whatever a device may answer and whatever a configuration space may hold: a failure with words, never another exception.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Config;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Transport;
using SmartNicFw.HostTools.Vocabulary;

namespace SmartNicFw.Tests.Properties;

public sealed class ToolProperties
{
    private const int Cases = 10_000;

    // Every call of the client, and what becomes of its answer on the way to a person.
    private static readonly Action<ManagementClient>[] Calls =
    [
        client => FunctionName.Of(client.GetEndpoint(), 3),
        client => Show(client.GetFunctions()),
        client => Show([client.GetFunction(2)]),
        client => client.SetNumVFs(0, 3),
        client => client.ResetVf(1),
        client => CapabilityWalk.Of(client.ReadConfig(1), out _),
        client => client.GetAttribute(1, ManagementAttributeKind.Mac),
        client => client.SetAttribute(1, ManagementAttributeKind.Trust, 1),
        client => FunctionDocument.GroupNames(client.GetRateGroups().DistinctBy(group => group.Number)),
        client => client.DeleteRateGroup(1),
        client => CounterNames.Json("", client.GetFunctionStatistics(1)),
        client => client.GetQueueStatistics(1, 1),
        client => client.GetEvents(0),
        client => client.GetHealth(1),
        client => client.Begin().Dispose(),
    ];

    [Test]
    public void Whatever_a_device_answers_the_client_ends_with_a_result_or_a_failure_in_words()
    {
        int results = 0;
        int failures = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            using var client = new ManagementClient(new HostileTransport(random), TimeSpan.FromSeconds(1));
            try
            {
                Calls[random.Next(Calls.Length)](client);
                results++;
            }
            catch (ToolException failure)
            {
                Assert.That(failure.Message, Does.Contain("hostile").And.Not.Contain("\n").And.Not.Contain("\u001b"));
                failures++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That((results > Cases / 20, failures > Cases / 20), Is.EqualTo((true, true)), "both happen");
    }

    [Test]
    public void Whatever_a_configuration_space_holds_its_walk_ends_and_every_field_is_within_it()
    {
        int faults = 0;
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue)), seed =>
        {
            var random = new Random(seed);
            byte[] config = Config4K(random);
            IReadOnlyList<FoundCapability> found = CapabilityWalk.Of(config, out string? fault);
            faults += fault is null ? 0 : 1;
            Assert.That(found.Select(capability => capability.Offset), Is.Unique);
            foreach (FoundCapability capability in found.Append(new FoundCapability(0, 0, false, 0)))
            {
                foreach (ConfigField field in CapabilityTable.Of(capability.Id, capability.IsExtended).Within(config, capability.Offset))
                {
                    Assert.That(ConfigField.Text(field, field.Value(config, capability.Offset)), Does.StartWith(field.Name));
                }
            }

            ConfigText.GiveIds(config, config);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
        Assert.That(faults, Is.GreaterThan(Cases / 20));
    }

    [Test]
    public void A_rate_is_read_as_it_is_printed_and_typed()
    {
        Prop.ForAll(Arb.From(Gen.Choose(1, int.MaxValue)), number =>
        {
            uint rate = (uint)number >> (number % 31);
            string printed = Units.Rate(rate, "0").Replace(" ", "", StringComparison.Ordinal).Replace("/s", "", StringComparison.Ordinal);

            // Above, digits are rounded away, or the unit is none that is typed.
            bool isWhole = rate < 1_000_000 || (rate % 1000 == 0 && rate < 1_000_000_000);
            return Units.ParseRate("rate", $"{rate}") == rate && Units.ParseRate("rate", $"{rate}mbit") == rate
                && Units.ParseRate("rate", $"{(ulong)rate * 125}kbps") == rate && Units.ParseRate("rate", $"{(ulong)rate * 1_000_000}bit") == rate
                && (!isWhole || Units.ParseRate("rate", printed) == rate);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));
    }

    private static void Show(IReadOnlyList<FunctionInfo> functions)
    {
        FunctionTable.Print(TextWriter.Null, functions, new Dictionary<int, string>());
        foreach (FunctionInfo function in functions)
        {
            FunctionDocument.Json(function, new Dictionary<int, string>());
        }
    }

    // Mostly chains that lead somewhere, with real IDs.
    private static byte[] Config4K(Random random)
    {
        var config = new byte[PciExtendedCapability.RegionEnd];
        random.NextBytes(config);
        if (random.Next(4) > 0)
        {
            config[PciConfigHeader.StatusOffset] |= PciConfigHeader.StatusCapabilitiesListMask;
            int[] extended = [PciExtendedCapability.IdAer, PciExtendedCapability.IdSriov, PciExtendedCapability.IdTphRequester, PciExtendedCapability.IdAri];
            for (int at = PciExtendedCapability.FirstOffset; at < config.Length; at += 4)
            {
                int next = random.Next(3) == 0 ? 0 : random.Next(PciExtendedCapability.FirstOffset, config.Length) & ~3;
                LittleEndian.WriteU32(config, at, ((uint)next << PciExtendedCapability.HeaderNextShift) | 0x10000 | (uint)extended[random.Next(extended.Length)]);
            }
        }

        return config;
    }

    // Answers right frames with wrong payloads, frames that are not right, and nothing.
    private sealed class HostileTransport(Random random) : IManagementTransport
    {
        public string Name => "hostile";

        public SysfsFunction? Host => null;

        public int Exchange(ReadOnlySpan<byte> request, Span<byte> response, TimeSpan limit)
        {
            byte[] asked = request.ToArray();
            var frame = new byte[ManagementFrame.MaxBytes];
            random.NextBytes(frame);
            int payload = random.Next(3) == 0 ? random.Next(64) : random.Next(ManagementFrame.MaxPayloadBytes + 1);
            if (random.Next(3) == 0)
            {
                // A list that begins as it should: its count and stride are near the truth.
                LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementList.CountOffset, (ushort)random.Next(30));
                LittleEndian.WriteU16(frame, ManagementFrame.PayloadOffset + ManagementList.EntryBytesOffset, (ushort)random.Next(30, 50));
            }

            int status = random.Next(3) == 0 ? Pick(ManagementStatus.BadArgument, ManagementStatus.Denied, ManagementStatus.WrongVersion, 99) : 0;
            int bytes = ManagementCodec.WriteResponse(
                frame, 0, ManagementCodec.Opcode(asked, 0), ManagementCodec.Sequence(asked, 0), status, payload);
            if (random.Next(8) == 0)
            {
                frame[random.Next(bytes)] ^= (byte)(1 << random.Next(8));
            }

            frame.CopyTo(response);
            return random.Next(16) == 0 ? random.Next(bytes + 1) : bytes;
        }

        public IDisposable Reserve(TimeSpan limit) => Nothing.Instance;

        public void Dispose()
        {
        }

        private int Pick(params int[] values) => values[random.Next(values.Length)];
    }
}
