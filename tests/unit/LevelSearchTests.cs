// The search for a level, sample by sample: steps, turns, tops, tiredness, and the levels that are passed over.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware.Interrupt;

namespace SmartNicFw.Tests.Unit;

public sealed class LevelSearchTests
{
    private readonly LevelSearch _search = new(2);

    [SetUp]
    public void Begin() => _search.Begin(0);

    // A letter is a sample: better, same, worse; levels are those after each.
    [TestCase("b", "1")]
    [TestCase("bbbb", "1234")]
    [TestCase("bbbbb", "12344", TestName = "On the highest level it parks")]
    [TestCase("bbbbbss", "1234444")]
    [TestCase("bbbbbb", "123443", TestName = "A better sample is a different one, and the top is left")]
    [TestCase("bbbwb", "12322", TestName = "Back one step after several, it parks on top")]
    [TestCase("bbbwbsss", "12322222")]
    [TestCase("bbbwbw", "123221", TestName = "From a top it goes down first")]
    [TestCase("bbbsb", "12322", TestName = "The same is not better")]
    [TestCase("bw", "10", TestName = "A level that was worse is left")]
    [TestCase("bws", "101", TestName = "Back at level 0 because it was worse, it rests for a sample")]
    [TestCase("bwswssw", "1010010", TestName = "and the next time for twice as many")]
    [TestCase("bsb", "100", TestName = "Back at level 0 because it was no better, it parks there")]
    [TestCase("bsbb", "1001", TestName = "From level 0 a top is left upwards")]
    [TestCase("s", "0")]
    [TestCase("sssss", "00000")]
    public void Levels_follow_samples(string samples, string levels)
    {
        Assert.That(string.Concat(samples.Select(Decide)), Is.EqualTo(levels));
    }

    [Test]
    public void Ten_steps_without_a_top_are_tiring_and_as_many_samples_are_rest()
    {
        // Up two, down one, up one, down one: no step is the first back after several.
        string levels = string.Concat("bbssssssss".Select(Decide));
        Assert.That(levels, Is.EqualTo("1212121212"));
        Assert.That(_search.IsTired(0), Is.False);
        Assert.That(Decide('s'), Is.EqualTo('2'));
        Assert.That(_search.IsTired(0), Is.True);
        Assert.That(string.Concat("wbswbswbs".Select(Decide)), Is.EqualTo("222222222"), "nothing moves it");
        Assert.That(Decide('s'), Is.EqualTo('1'));
        Assert.That(_search.IsTired(0), Is.False);
    }

    [Test]
    public void A_rest_is_twice_as_long_each_time_up_to_the_longest_and_short_again_after_something_better()
    {
        Decide('b');
        foreach (int rest in new[] { 1, 2, 4, 8, 16, 32, 32 })
        {
            Assert.That(Decide('w'), Is.EqualTo('0'));
            Assert.That(string.Concat(Enumerable.Range(0, rest).Select(_ => Decide('s'))), Is.EqualTo(new string('0', rest - 1) + "1"));
        }

        Assert.That(string.Concat("bwbwsws".Select(Decide)), Is.EqualTo("2110101"));
    }

    [Test]
    public void Levels_that_promise_nothing_are_passed_over()
    {
        _search.Decide(0, SampleOutcome.Better, above: 3, below: 0);
        Assert.That(_search.Level(0), Is.EqualTo(3));
        _search.Decide(0, SampleOutcome.Same, above: 4, below: 0);
        Assert.That(_search.Level(0), Is.Zero);
        _search.Begin(0);
        _search.Decide(0, SampleOutcome.Better, above: 0, below: 0);
        Assert.That((_search.Level(0), _search.IsOnTop(0)), Is.EqualTo((0, true)));
    }

    [Test]
    public void Queues_search_for_themselves()
    {
        _ = Decide('b');
        Assert.That((_search.Level(0), _search.Level(1)), Is.EqualTo((1, 0)));
    }

    // 40 reports in a millisecond are one in 25 us: 64 us bring two, 32 us one.
    [TestCase(0, 40u, 1000u, 3, 0)]
    [TestCase(4, 40u, 1000u, 4, 3)]
    [TestCase(3, 40u, 1000u, 4, 2)]
    [TestCase(2, 40u, 1000u, 3, 0)]
    [TestCase(0, 1000u, 1000u, 1, 0)]
    [TestCase(0, 1u, 1000u, 0, 0)]
    [TestCase(4, 1u, 1000u, 4, 0)]
    [TestCase(0, uint.MaxValue, 1u, 1, 0)]
    [TestCase(4, 1u, uint.MaxValue, 4, 0)]
    public void A_step_leads_to_a_level_that_joins_reports_at_their_pace(int level, uint reports, uint elapsedUs, int above, int below)
    {
        Assert.That(
            (AdaptiveLevels.Above(0, level, reports, elapsedUs), AdaptiveLevels.Below(0, level, reports, elapsedUs)),
            Is.EqualTo((above, below)));
    }

    [Test]
    public void Levels_rise_and_no_frames_are_waited_for_beyond_half_a_ring([Values(0, 1)] int direction)
    {
        Assert.That((AdaptiveLevels.Usecs(direction, 0), AdaptiveLevels.Packets(direction, 0, 256)), Is.EqualTo(((ushort)0, (ushort)0)));
        for (int level = 1; level <= AdaptiveLevels.Highest; level++)
        {
            Assert.That(AdaptiveLevels.Usecs(direction, level), Is.GreaterThan(AdaptiveLevels.Usecs(direction, level - 1)));
            Assert.That(
                AdaptiveLevels.Packets(direction, level, 32768), Is.GreaterThan(AdaptiveLevels.Packets(direction, level - 1, 32768)));
            foreach (int size in new[] { 1, 2, 16, 256, 32768 })
            {
                Assert.That(AdaptiveLevels.Packets(direction, level, size), Is.LessThanOrEqualTo(size / 2));
            }
        }
    }

    private char Decide(char sample)
    {
        int level = _search.Level(0);
        SampleOutcome outcome = sample switch { 'b' => SampleOutcome.Better, 'w' => SampleOutcome.Worse, _ => SampleOutcome.Same };
        _search.Decide(0, outcome, System.Math.Min(level + 1, AdaptiveLevels.Highest), System.Math.Max(level - 1, 0));
        return (char)('0' + _search.Level(0));
    }
}
