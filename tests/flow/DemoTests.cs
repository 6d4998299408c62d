// The demo as a person runs it, and its judge, which must be able to say no.
using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using SmartNicFw.Emulator.Commands;
using SmartNicFw.Emulator.Demo;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Flow;

public sealed class DemoTests
{
    private static readonly Station[] Two =
    [
        new(0, [2, 0, 0, 0, 0, 1], 0, TakesAllMulticast: false), new(1, [2, 0, 0, 0, 0, 2], 30, TakesAllMulticast: true),
    ];

    [Test]
    public void Its_own_capture_arrives_as_the_rules_say_and_every_forged_frame_is_stopped()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "demo");

        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.Contain("PASS: 309 frames sent, 346 arrived as the rules say, 0 did not, 0 are missing; 30 of 30 forged frames stopped;"));
        Assert.That(run.Output.Split('\n').Count(line => line.Contains(" 02:", StringComparison.Ordinal)), Is.EqualTo(8), "a line for each VF");
        Assert.That(run.Errors, Is.Empty, "no progress when it is not a terminal");
    }

    [Test]
    public void Its_second_act_shares_a_saturated_port_by_weight_and_keeps_limit_and_guarantee_within_a_percent()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "demo", "--vfs", "3");
        string[] lines = run.Output.TrimEnd('\n').Split('\n');

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(lines.Count(line => line.StartsWith("kept: ", StringComparison.Ordinal)), Is.EqualTo(4), run.Output);
        Assert.That(lines[^1], Does.StartWith("PASS: ").And.EndsWith("; shares kept"));
        int act = Array.FindIndex(lines, line => line.StartsWith("All send", StringComparison.Ordinal));
        Assert.That(lines[act..^1].Max(line => line.Length), Is.LessThanOrEqualTo(80));
    }

    [Test]
    public void Weights_other_than_those_it_judges_by_make_it_fail()
    {
        SenderShare[] wrong = [.. DemoCommand.Shares];
        wrong[1] = wrong[1] with { Weight = 3 };
        (ShareJudge judge, ShareRun run) = Judge(wrong);
        using (run)
        {
            Assert.That((judge.IsSaturated, judge.AreWeightsKept, judge.AreLimitsKept, judge.AreGuaranteesKept), Is.EqualTo((true, false, true, true)));
        }

        Assert.That(DemoCommand.Run(3, null, null, isJson: false, wrong, NullLogger.Instance), Is.EqualTo(2));
    }

    [TestCase(3, 950, 0)]
    [TestCase(3, 0, 0)]
    [TestCase(4, 0, 0)]
    public void A_limit_or_guarantee_other_than_it_judges_by_makes_it_fail(int vf, int limit, int guarantee)
    {
        SenderShare[] wrong = [.. DemoCommand.Shares];
        wrong[vf] = wrong[vf] with { LimitMbps = limit, GuaranteeMbps = guarantee };
        (ShareJudge judge, ShareRun run) = Judge(wrong);
        using (run)
        {
            Assert.That((judge.IsRight, judge.AreLimitsKept, judge.AreGuaranteesKept), Is.EqualTo((false, vf != 3, vf != 4)));
        }
    }

    [Test]
    public void Json_and_capture_tell_the_same_story()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName() + ".pcapng");
        ProgramRun run = ProgramRun.OfProduct("emulator", "demo", "--json", "--capture", path);
        JsonElement root = JsonDocument.Parse(run.Output).RootElement;
        int frames = 0;
        using (PcapReader reader = PcapReader.Open(path))
        {
            while (reader.TryRead(out _))
            {
                frames++;
            }
        }

        File.Delete(path);
        Assert.That(root.GetProperty("verdict").GetString(), Is.EqualTo("pass"));
        Assert.That(frames, Is.EqualTo(root.GetProperty("frames_sent").GetInt32() + root.GetProperty("arrived_right").GetInt32()));
        Assert.That(root.GetProperty("vfs").GetArrayLength(), Is.EqualTo(8));
        JsonElement shares = root.GetProperty("shares");
        Assert.That(shares.GetProperty("vfs").GetArrayLength(), Is.EqualTo(5));
        Assert.That(shares.GetProperty("vfs")[3].GetProperty("bytes_per_second").GetInt64(), Is.EqualTo(125_000_000).Within(1).Percent);
    }

    [Test]
    public void A_file_that_is_cut_short_is_one_line_and_exit_code_1_after_the_frames_before_it()
    {
        byte[] whole = File.ReadAllBytes(Gates.Repository.File("emulator", "demo", "mixed.pcap"));
        ProgramRun run = OnFile(whole[..100_000]);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Output, Does.Contain("PASS: 206 frames sent"));
        Assert.That(run.Errors, Does.EndWith("206 frames before it were replayed\n"));
        Assert.That(run.Errors.Count(character => character == '\n'), Is.EqualTo(1));
    }

    [TestCase(20, 101)]
    [TestCase(0, 0)]
    public void A_file_of_another_link_type_or_none_is_one_line_and_exit_code_1(int offset, int value)
    {
        byte[] file = File.ReadAllBytes(Gates.Repository.File("emulator", "demo", "mixed.pcap"));
        file[offset] = (byte)value;
        ProgramRun run = OnFile(file);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Errors, Does.StartWith("emulator: ").And.EndsWith("\n"));
        Assert.That(run.Errors.Count(character => character == '\n'), Is.EqualTo(1));
    }

    [Test]
    public void Verbose_says_what_happens_to_queues()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "demo", "--verbose", "--vfs", "3");

        Assert.That(run.Errors, Does.Contain("debug: function 1: Receive queue 0 started with 64 entries"));
    }

    [Test]
    public void The_judge_calls_a_frame_missing_until_it_has_arrived_and_wrong_where_it_should_not_be()
    {
        byte[] frame = [.. Two[0].Mac, 2, 0, 0, 0, 0, 9, 8, 0, .. new byte[50]];
        var judge = new Expectation(Two);
        judge.Sent(null, frame);
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((0L, 0L, 1L)));

        judge.Arrived(Two[1], frame);
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((0L, 1L, 1L)), "at another station");
        judge.Arrived(Two[0], frame.AsSpan(0, 63));
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((0L, 2L, 1L)), "cut short");
        judge.Arrived(Two[0], frame);
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((1L, 2L, 0L)));
        judge.Arrived(Two[0], frame);
        Assert.That(judge.Wrong, Is.EqualTo(3), "twice");
    }

    [Test]
    public void The_judge_expects_tags_to_be_put_in_and_taken_out_by_the_port_VLAN()
    {
        byte[] plain = [.. new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, .. Two[1].Mac, 8, 0, .. new byte[50]];
        byte[] tagged = [.. plain.Take(12), 0x81, 0x00, 0, 30, .. plain.Skip(12)];
        var judge = new Expectation(Two);
        judge.Sent(Two[1], plain);
        judge.Arrived(null, tagged);
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((1L, 0L, 0L)), "to the wire with a tag, to no untagged station");

        byte[] fromWire = [.. tagged];
        fromWire[11] = 9;
        judge.Sent(null, fromWire);
        judge.Arrived(Two[1], Expectation.WithoutTag(fromWire));
        Assert.That((judge.Right, judge.Wrong, judge.Missing), Is.EqualTo((2L, 0L, 0L)));
    }

    private static (ShareJudge Judge, ShareRun Run) Judge(SenderShare[] set)
    {
        var run = new ShareRun(set, NullLogger.Instance);
        run.Run();
        return (new ShareJudge(DemoCommand.Shares, run), run);
    }

    private static ProgramRun OnFile(byte[] bytes)
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, bytes);
        ProgramRun run = ProgramRun.OfProduct("emulator", "demo", "--frames", path);
        File.Delete(path);
        return run;
    }
}
