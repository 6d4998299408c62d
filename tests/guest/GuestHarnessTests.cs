// The harness of the guests, without a guest: framing, processes that end, and that fixtures with guests run alone.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace SmartNicFw.Tests.Guest;

public sealed class GuestHarnessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Test]
    public void Results_are_told_by_name_and_what_looks_like_a_frame_within_one_is_text()
    {
        var results = new GuestResults();
        foreach (string line in new[]
            { "@@ rate: 12.5", "@< log", "@| @@ rate: 99", "@| ", "@| @> log", "@> log", "stray", "@@ rate: 13: or so\r", "@| outside", "@@ : x" })
        {
            results.Take(line);
        }

        Assert.That(results.Names, Is.EqualTo(new[] { "rate", "log", "rate" }));
        Assert.That(results.All("rate"), Is.EqualTo(new[] { "12.5", "13: or so" }));
        Assert.That(results["rate"], Is.EqualTo("13: or so"));
        Assert.That(results.Lines("log"), Is.EqualTo(new[] { "@@ rate: 99", "", "@> log" }));
        Assert.That(results.Unframed, Is.EqualTo(new[] { "stray", "@| outside", "@@ : x" }));
        Assert.That(() => results["other"], Throws.TypeOf<KeyNotFoundException>().With.Message.EqualTo("the guest did not tell 'other'; it told: rate, log, rate"));
    }

    [Test]
    public void A_block_that_never_ends_is_no_result()
    {
        var results = new GuestResults();
        results.Take("@< log");
        results.Take("@| first");
        results.Close();

        Assert.That(results.TryGet("log", out _), Is.False);
    }

    [Test]
    public async Task Who_waits_is_woken_by_the_result_and_by_the_end()
    {
        var results = new GuestResults();
        Task<string?> second = Task.Run(() => results.Wait("step", 2, Limit));
        Task<string?> never = Task.Run(() => results.Wait("other", 1, Limit));
        results.Take("@@ step: one");
        results.Take("@@ step: two");
        Assert.That(await second, Is.EqualTo("two"));

        results.Close();
        Assert.That(await never, Is.Null);
        Assert.That(results.Wait("step", 1, TimeSpan.Zero), Is.EqualTo("one"), "what was told stays told");
    }

    [Test]
    public void A_program_hands_on_lines_errors_and_exit_code()
    {
        var lines = new List<string>();
        bool ended = false;
        using var process = new OwnedProcess("bash", ["-c", "read -r line; echo \"got $line\"; echo bad >&2; exit 3"], lines.Add, () => ended = true);
        process.WriteLine("this");

        Assert.That(process.WaitForEnd(Limit), Is.True);
        process.Kill();
        Assert.That(lines, Is.EqualTo(new[] { "got this" }));
        Assert.That(process.ExitCode, Is.EqualTo(3));
        Assert.That(process.Errors, Is.EqualTo("bad"));
        Assert.That(ended, Is.True);
        Assert.That(() => process.WriteLine("late"), Throws.Nothing);
    }

    [Test]
    public void Disposing_ends_a_program_that_does_not_end_by_itself()
    {
        int id;
        using (var process = new OwnedProcess("sleep", ["1000"], _ => { }, () => { }))
        {
            id = process.ProcessId;
            Assert.That(Directory.Exists($"/proc/{id}"), Is.True);
        }

        Assert.That(Directory.Exists($"/proc/{id}"), Is.False);
    }

    [Test]
    public void A_program_ends_with_the_one_that_owns_it()
    {
        // The owner is a shell that starts the program as the harness does, says its process id, and is killed.
        var lines = new List<string>();
        using var started = new System.Threading.ManualResetEventSlim();
        using var owner = new OwnedProcess(
            "bash", ["-c", "setpriv --pdeathsig KILL -- sleep 1000 >/dev/null & echo $!; wait"],
            line => { lines.Add(line); started.Set(); }, () => { });
        Assert.That(started.Wait(Limit), Is.True, owner.Errors);
        // The shell names it before it is sleep, and only then is it bound.
        string program = $"/proc/{lines[0]}";
        Assert.That(() => File.ReadAllText(program + "/comm"), Is.EqualTo("sleep\n").After((int)Limit.TotalMilliseconds, 10));
        owner.Dispose();

        Assert.That(() => !Directory.Exists(program) || File.ReadAllText(program + "/stat").Contains(") Z "), Is.True.After((int)Limit.TotalMilliseconds, 10));
    }

    [Test]
    public void An_emulator_that_does_not_listen_fails_the_test_with_its_own_words()
    {
        AssertionException failure;
        using (new TestExecutionContext.IsolatedContext())
        {
            failure = Assert.Throws<AssertionException>(() => new EmulatorProcess("--frobnicate", "{0}/socket"))!;
        }

        Assert.That(failure.Message, Does.Contain("a line never came, it ended with 1").And.Contain("emulator: "));
        Assert.That(failure.Message, Does.Not.Contain("{0}"));
    }

    [Test]
    public void Fixtures_with_guests_run_one_at_a_time_under_the_category_Guest()
    {
        Type[] fixtures = [.. typeof(GuestFixture).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(GuestFixture)))];

        Assert.That(fixtures, Does.Contain(typeof(GuestLabTests)));
        foreach (Type fixture in fixtures)
        {
            var parallel = (ParallelizableAttribute[])fixture.GetCustomAttributes(typeof(ParallelizableAttribute), inherit: true);
            var categories = (CategoryAttribute[])fixture.GetCustomAttributes(typeof(CategoryAttribute), inherit: true);
            Assert.That(parallel.Select(attribute => attribute.Scope), Is.EqualTo(new[] { ParallelScope.None }), fixture.Name);
            Assert.That(categories.Select(attribute => attribute.Name), Does.Contain("Guest"), fixture.Name);
        }
    }
}
