// A network namespace of this machine's own kernel, for one test: what is on the far side of a TAP. Knows no emulator and no guest.
using System;
using System.IO;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

/// <summary>Made for a test and removed with it, so that no test meets the machine's own network. Programs are the lab's.</summary>
internal sealed class HostNamespace : IDisposable
{
    private const string TunDevice = "/dev/net/tun";

    private readonly GuestLab _lab;

    private HostNamespace(GuestLab lab) => _lab = lab;

    /// <summary>Its name, as <c>ip netns</c> has it.</summary>
    public string Name { get; } = $"smartnic-{Environment.ProcessId}";

    /// <summary>The command and first arguments that run a program in it and are replaced by that.</summary>
    public string[] Enter => ["nsenter", $"--net=/run/netns/{Name}", "--"];

    /// <summary>Makes one; where that is not allowed the test is skipped here and now.</summary>
    public static HostNamespace Require(GuestLab lab)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("a TAP in a network namespace of its own needs root; run the tests as root");
        }

        if (!File.Exists(TunDevice))
        {
            Assert.Ignore($"this machine has no {TunDevice}; load the module with: modprobe tun");
        }

        var made = new HostNamespace(lab);
        ProgramRun add = Run([.. lab.Program("ip"), "netns", "add", made.Name]);
        if (add.ExitCode != 0)
        {
            Assert.Ignore($"this machine gives no network namespace: {add.Errors.Trim()}; a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN");
        }

        return made;
    }

    /// <summary>Runs a program of the lab in it and fails the test unless it ends with 0.</summary>
    public string Do(string program, params string[] arguments)
    {
        ProgramRun run = Run([.. Enter, .. _lab.Program(program), .. arguments]);
        Assert.That(run.ExitCode, Is.Zero, () => $"{program} {string.Join(' ', arguments)}: {run.Output}{run.Errors}");
        return run.Output;
    }

    /// <summary>Starts a program of the lab in it, which runs until it is disposed.</summary>
    public OwnedProcess Start(string program, params string[] arguments)
    {
        string[] command = [.. Enter, .. _lab.Program(program), .. arguments];
        return new OwnedProcess(command[0], command[1..], _ => { }, () => { });
    }

    public void Dispose() => Run([.. _lab.Program("ip"), "netns", "delete", Name]);

    private static ProgramRun Run(string[] command) => ProgramRun.Of(command[0], command[1..]);
}
