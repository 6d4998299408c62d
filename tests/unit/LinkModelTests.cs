// The model of a PCIe link against published figures, against the specification's tables, and at its boundaries.
using System;
using NUnit.Framework;
using SmartNicFw.Emulator.Link;

namespace SmartNicFw.Tests.Unit;

public sealed class LinkModelTests
{
    private static readonly TransactionRules Rules = new(256, 512, 64);

    // Gbit/s of continuous writes and reads: output of the authors' own model (pcie-bench/pcie-model at 40703cf, mem_bw write and read,
    // gen3 x8, 64-bit addresses, MPS 256, MRRS 512, no ECRC), published with Neugebauer et al., "Understanding PCIe performance for end
    // host networking", SIGCOMM 2018. Read off the model, not off the paper's plots.
    [TestCase(64, 42.10, 44.10)]
    [TestCase(65, 42.28, 44.26)]
    [TestCase(128, 48.75, 50.06)]
    [TestCase(192, 51.45, 52.42)]
    [TestCase(256, 52.92, 53.69)]
    [TestCase(257, 48.78, 50.09)]
    [TestCase(320, 50.33, 51.45)]
    [TestCase(384, 51.45, 52.42)]
    [TestCase(512, 52.92, 53.69)]
    [TestCase(513, 50.76, 51.82)]
    [TestCase(640, 52.03, 52.92)]
    [TestCase(768, 52.92, 53.69)]
    [TestCase(769, 51.46, 52.43)]
    [TestCase(1024, 52.92, 53.69)]
    [TestCase(1025, 51.82, 52.74)]
    [TestCase(1280, 52.92, 53.69)]
    [TestCase(1281, 52.04, 52.93)]
    [TestCase(1500, 52.81, 53.60)]
    public void Effective_bandwidth_is_that_of_the_published_model(int bytes, double writeGbps, double readGbps)
    {
        // More tags than a round trip needs: the published model has neither.
        var bounds = new LinkBounds(Link("gen3x8"), Rules, 1, 768);
        Assert.That(Gbps(bounds, LinkLoad.Write(Rules, 0, bytes), bytes), Is.EqualTo(writeGbps).Within(0.1).Percent);
        Assert.That(Gbps(bounds, LinkLoad.Read(Rules, 0, bytes), bytes), Is.EqualTo(readGbps).Within(0.1).Percent);
    }

    // Output of the same model.
    [Test]
    public void Bandwidth_for_transactions_is_the_published_one()
    {
        Assert.That(Link("gen3x8").PhysicalGbps, Is.EqualTo(63.015).Within(0.001));
        Assert.That(Link("gen3x8").TlpGbps(256), Is.EqualTo(57.885).Within(0.001));
    }

    // PCI Express Base Specification 5.0, tables 3-7 to 3-9.
    [TestCase("gen1x1", 237, 416, 559)]
    [TestCase("gen1x8", 67, 107, 86)]
    [TestCase("gen1x16", 48, 72, 86)]
    [TestCase("gen2x1", 288, 467, 610)]
    [TestCase("gen2x8", 118, 158, 137)]
    [TestCase("gen2x16", 99, 123, 137)]
    [TestCase("gen3x1", 333, 512, 655)]
    [TestCase("gen3x8", 163, 203, 182)]
    [TestCase("gen4x16", 144, 168, 182)]
    [TestCase("gen5x8", 163, 203, 182)]
    public void Latency_limits_are_those_of_the_specification(string link, int at128, int at256, int at512) =>
        Assert.That(
            new[] { Link(link).AckLimit(128), Link(link).AckLimit(256), Link(link).AckLimit(512) },
            Is.EqualTo(new[] { at128, at256, at512 }));

    [TestCase(0UL, 0, 0, 0, 0)]
    [TestCase(0UL, 1, 1, 1, 1)]
    [TestCase(0UL, 512, 2, 1, 2)]
    [TestCase(0UL, 513, 3, 2, 3)]
    [TestCase(4095UL, 2, 2, 2, 2)]
    [TestCase(4064UL, 64, 2, 2, 2)]
    [TestCase(1UL, 512, 2, 1, 3)]
    [TestCase(63UL, 258, 2, 1, 2)]
    [TestCase(0xFFFFFFFFFFFFF000UL, 4096, 16, 8, 16)]
    public void Transactions_are_cut_as_the_specification_says(ulong address, int length, int writes, int requests, int completions)
    {
        Assert.That(Rules.WriteCount(address, length), Is.EqualTo(writes));
        Assert.That(Rules.RequestCount(address, length), Is.EqualTo(requests));
        Assert.That(Rules.CompletionCount(address, length), Is.EqualTo(completions));
        Assert.That(Rules.WriteBytes(address, length), Is.EqualTo((24 * writes) + length));
        Assert.That(Rules.RequestBytes(address, length), Is.EqualTo(24 * requests));
        Assert.That(Rules.CompletionBytes(address, length), Is.EqualTo((20 * completions) + length));
    }

    // Completion by completion: a second statement of the rule.
    [Test]
    public void No_completion_is_larger_than_permitted_nor_are_there_more_than_needed()
    {
        var random = new Random(5);
        for (int round = 0; round < 10_000; round++)
        {
            var rules = new TransactionRules(128 << random.Next(6), 128 << random.Next(6), 64 << random.Next(2), random.Next(2) == 1);
            ulong address = (ulong)random.NextInt64(1 << 20);
            int length = random.Next(1, 10_000);
            Assert.That(rules.Wrong, Is.Null);
            int completions = 0;
            ulong end = address + (ulong)length;
            for (ulong at = address; at < end;)
            {
                ulong request = Math.Min(end, Math.Min(at + (ulong)rules.MaxReadRequest, (at / 4096 * 4096) + 4096));
                while (at < request)
                {
                    ulong boundary = (at + (ulong)rules.MaxPayload) / (ulong)rules.ReadCompletionBoundary * (ulong)rules.ReadCompletionBoundary;
                    at = request - at <= (ulong)rules.MaxPayload ? request : boundary;
                    completions++;
                }
            }

            Assert.That(rules.CompletionCount(address, length), Is.EqualTo(completions));
        }
    }

    [Test]
    public void Tags_bound_reads_by_what_is_outstanding_in_a_round_trip()
    {
        // 16 requests of 512 bytes in 1 us: 65.5 Gbit/s, beyond the link; 8 of them are within it.
        LinkLoad read = LinkLoad.Read(Rules, 0, 512);
        Assert.That(new LinkBounds(Link("gen3x8"), Rules, 1000, 16).Binding(read), Is.EqualTo(LinkResource.Downstream));
        var few = new LinkBounds(Link("gen3x8"), Rules, 1000, 8);
        Assert.That(few.Binding(read), Is.EqualTo(LinkResource.Tags));
        Assert.That(Gbps(few, read, 512), Is.EqualTo(32.768).Within(0.001));
        var starved = few with { NonPostedHeaders = 4 };
        Assert.That(starved.Binding(read), Is.EqualTo(LinkResource.NonPostedHeaders));
        Assert.That(Gbps(starved, read, 512), Is.EqualTo(16.384).Within(0.001));
    }

    [Test]
    public void Credits_bound_writes_and_zero_stands_for_infinite()
    {
        LinkLoad write = LinkLoad.Write(Rules, 0, 250);
        var bounds = new LinkBounds(Link("gen4x8"), Rules, 1000, 32);
        Assert.That(bounds.Binding(write), Is.EqualTo(LinkResource.Upstream));
        LinkBounds headers = bounds with { PostedHeaders = 10 };
        Assert.That(headers.Binding(write), Is.EqualTo(LinkResource.PostedHeaders));
        Assert.That(headers.UnitsPerSecond(LinkResource.PostedHeaders, write), Is.EqualTo(1e7).Within(1));
        LinkBounds data = bounds with { PostedHeaders = 10, PostedData = 80 };
        Assert.That(data.Binding(write), Is.EqualTo(LinkResource.PostedData));
        Assert.That(data.UnitsPerSecond(LinkResource.PostedData, write), Is.EqualTo(5e6).Within(1));

        // 8 bytes before the page and 8 after it: a credit each.
        Assert.That(Rules.WriteDataCredits(4088, 16), Is.EqualTo(2));
    }

    [TestCase("")]
    [TestCase(null)]
    [TestCase("x")]
    [TestCase("gex8")]
    [TestCase("genx8")]
    [TestCase("gen4x")]
    [TestCase("gen0x8")]
    [TestCase("gen6x8")]
    [TestCase("gen4x3")]
    [TestCase("gen4x32")]
    [TestCase("gen-4x8")]
    [TestCase("gen4x8 ")]
    [TestCase("Gen4x8")]
    [TestCase("gen99999999999x8")]
    public void What_is_no_link_is_refused(string? text)
    {
        Assert.That(PcieLink.TryParse(text, out PcieLink? link), Is.False);
        Assert.That(link, Is.Null);
    }

    [Test]
    public void A_link_is_read_as_it_is_written([Values(1, 2, 3, 4, 5)] int generation, [Values(1, 2, 4, 8, 16)] int lanes) =>
        Assert.That(Link($"gen{generation}x{lanes}").ToString(), Is.EqualTo($"gen{generation}x{lanes}"));

    [TestCase(64, 512, 64, "MPS is 64")]
    [TestCase(256, 384, 64, "MRRS is 384")]
    [TestCase(256, 512, 256, "RCB is 256")]
    public void Rules_that_cannot_be_say_why(int payload, int request, int boundary, string why) =>
        Assert.That(new TransactionRules(payload, request, boundary).Wrong, Does.StartWith(why));

    private static PcieLink Link(string text) =>
        PcieLink.TryParse(text, out PcieLink? link) ? link! : throw new ArgumentException(text);

    private static double Gbps(LinkBounds bounds, LinkLoad load, int bytes) =>
        bounds.UnitsPerSecond(bounds.Binding(load), load) * bytes * 8 / 1e9;
}
