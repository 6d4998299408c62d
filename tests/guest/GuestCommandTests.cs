// emulator guest as a person meets it: the shell and what it prints to try, and one line where there can be no shell.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

public sealed class GuestCommandTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static string Emulator => Path.Combine(TestContext.CurrentContext.TestDirectory, "emulator.dll");

    [Test]
    public void It_leaves_a_shell_in_which_the_three_things_to_try_work_and_ends_with_it()
    {
        var lines = new List<string>();
        using var shell = new OwnedProcess("dotnet", [Emulator, "guest", "--vfs", "2"], line => Add(lines, line), () => { });
        try
        {
            Await(shell, lines, "Leave with exit");
            string[] tries = [.. Printed(lines).SkipWhile(line => line != "Three things to try:").Skip(1).Take(3).Select(line => line.Trim())];
            Assert.That(tries, Is.EqualTo(new[]
            {
                "lspci -vvv -s 10000:01:00.0", "ip netns exec vf0 ping -c 3 10.0.0.2", "ip netns exec vf1 iperf3 -s -D; ip netns exec vf0 iperf3 -c 10.0.0.2",
            }));
            shell.WriteLine(tries[0]);
            Await(shell, lines, "Single Root I/O Virtualization (SR-IOV)");
            shell.WriteLine(tries[1]);
            Await(shell, lines, "3 packets transmitted, 3 received, 0% packet loss");
            shell.WriteLine(tries[2] + " -t 2");
            Await(shell, lines, "iperf Done.");
            shell.WriteLine("exit");
            Assert.That(shell.WaitForEnd(Limit), Is.True, () => string.Join('\n', Printed(lines)));
            Assert.That(shell.ExitCode, Is.Zero, shell.Errors);
        }
        finally
        {
            // QEMU's own way out, for a shell that hangs: killed, the emulator could not end it.
            shell.WriteLine("\u0001x");
            shell.WaitForEnd(Limit);
        }
    }

    [Test]
    public void Without_a_lab_it_names_the_command_that_builds_one()
    {
        ProgramRun run = With(Path.Combine(Path.GetTempPath(), "smartnic-no-lab"));

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Errors, Does.Contain("there is no guest lab").And.Contain("tests/guest/lab build"));
        Assert.That(run.Errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
    }

    [TestCase("/bin/false", "QEMU failed: it ended with 1")]
    [TestCase("/nowhere/qemu", "/nowhere/qemu cannot be started")]
    public void A_QEMU_that_fails_is_told_of_in_one_line(string qemu, string message)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("smartnic-lab-");
        try
        {
            string lab = folder.CreateSubdirectory("lab").FullName;
            string empty = Path.Combine(lab, "empty");
            File.WriteAllBytes(empty, []);
            File.WriteAllLines(
                Path.Combine(lab, "lab.env"),
                [$"QEMU={qemu}", $"TOOLS={empty}", "KERNELS=newest", $"KERNEL_newest={empty}", $"KERNEL_newest_MODULES={empty}"]);
            ProgramRun run = With(folder.FullName);

            Assert.That(run.ExitCode, Is.EqualTo(2), run.Errors);
            Assert.That(run.Errors, Does.Contain(message));
            Assert.That(run.Errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void A_kernel_that_the_lab_has_not_is_wrong_usage()
    {
        ProgramRun run = ProgramRun.OfProduct("emulator", "guest", "--kernel", "2.4");

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Errors, Does.Contain("--kernel is '2.4'; allowed: 6.1, 6.12, newest"));
    }

    private static ProgramRun With(string lab) => ProgramRun.Of("env", $"SMARTNIC_GUEST_LAB={lab}", "dotnet", Emulator, "guest");

    private static void Add(List<string> lines, string line)
    {
        lock (lines)
        {
            lines.Add(line.TrimEnd('\r'));
        }
    }

    private static string[] Printed(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }

    private static void Await(OwnedProcess shell, List<string> lines, string text)
    {
        bool IsPrinted() => Printed(lines).Any(line => line.Contains(text, StringComparison.Ordinal));
        Assert.That(() => shell.HasEnded || IsPrinted(), Is.True.After((int)Limit.TotalMilliseconds, 100), Describe);
        Assert.That(IsPrinted(), Is.True, Describe);

        string Describe() => $"'{text}' was not printed\n{string.Join('\n', Printed(lines))}\n{shell.Errors}";
    }
}
