// emulator run --management as an operator meets it: a process, its sockets, and what NumVFs does in each of its two ways to attach.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Management;

public sealed class RunManagementTests
{
    private const int LimitMs = 30_000;
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("smartnic-mgmt-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void More_sockets_than_endpoints_are_wrong_usage()
    {
        ProgramRun run = ProgramRun.OfProduct(
            "emulator", "run", "--hierarchy", At("a"), "--management", At("m"), "--management", At("n"));
        Assert.That(
            (run.Errors, run.ExitCode),
            Is.EqualTo(("emulator: --management is given 2 times for 1 --hierarchy and --function-dir: one for each at the most\n", 1)));
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty);
    }

    [TestCase("no/such/folder/m.sock", "No such file or directory")]
    [TestCase("taken", "something that is no socket is there")]
    [TestCase("LONG", "a socket's has 107 at the most")]
    public void A_socket_that_cannot_be_had_is_one_line_and_exit_code_2_and_leaves_none_of_the_others(string name, string reason)
    {
        File.WriteAllText(At("taken"), "precious");
        string path = At(name.Replace("LONG", new string('x', 150), StringComparison.Ordinal));
        ProgramRun run = ProgramRun.OfProduct("emulator", "run", "--hierarchy", At("a"), "--management", path);
        Assert.That(run.Errors, Does.StartWith($"emulator: socket {path}: ").And.EndsWith($"{reason}\n"));
        Assert.That(run.Errors.Count(letter => letter == '\n'), Is.EqualTo(1));
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(_folder.EnumerateFileSystemInfos().Select(file => file.Name), Is.EqualTo(new[] { "taken" }));
    }

    [Test]
    public void Each_endpoint_has_its_socket_and_a_host_of_a_hierarchy_sets_NumVFs_itself()
    {
        using Process process = Start(
            "run", "--hierarchy", At("a"), "--hierarchy", At("b"), "--vfs", "4", "--management", At("m"), "--management", At("n"));
        string said = ReadUntilReady(process);
        Assert.That(said, Does.Contain($"hierarchy {At("a")}, management {At("m")}\n").And.Contain($"hierarchy {At("b")}, management {At("n")}\n"));
        using (var first = new SocketClient(At("m")))
        using (var second = new SocketClient(At("n")))
        {
            Assert.That(second.Ask(ManagementOpcode.EndpointInfo).U64(8) - first.Ask(ManagementOpcode.EndpointInfo).U64(8), Is.EqualTo(0x2000));
            Answer denied = first.Ask(ManagementOpcode.SetNumVFs, 0, 2);
            Assert.That((denied.Status, denied.Text), Is.EqualTo((ManagementStatus.Denied, "NumVFs is the host's to write: echo N > sriov_numvfs there")));
        }

        Quit(process);
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty, "the sockets are gone");
    }

    [Test]
    public void In_function_mode_NumVFs_does_what_the_line_does_for_one_PF_and_the_line_sees_it()
    {
        using Process process = Start(
            "run", "--function-dir", At("f"), "--pfs", "2", "--vfs", "2", "--total-vfs", "8", "--management", At("m"));
        ReadUntilReady(process);
        using (var client = new SocketClient(At("m")))
        {
            Assert.That(client.Ask(ManagementOpcode.SetNumVFs, 1, 5).Status, Is.Zero);
            Assert.That(Sockets("pf1vf"), Is.EqualTo(5));
            Assert.That(Sockets("vf"), Is.EqualTo(2));
            Answer tooMany = client.Ask(ManagementOpcode.SetNumVFs, 1, 9);
            Assert.That(
                (tooMany.Status, tooMany.Reason, tooMany.Text),
                Is.EqualTo((ManagementStatus.BadArgument, ManagementReason.OutOfRange, "9 VFs asked of pf1; allowed: 0 to 8")));
            Answer nobody = client.Ask(ManagementOpcode.SetNumVFs, 2, 1);
            Assert.That(
                (nobody.Status, nobody.Reason, nobody.Text),
                Is.EqualTo((ManagementStatus.BadArgument, ManagementReason.NoSuchFunction, "there is no PF 2; there are 2")));
            File.WriteAllText(Path.Combine(At("f"), "vf6.sock"), "precious");
            Answer taken = client.Ask(ManagementOpcode.SetNumVFs, 0, 8);
            Assert.That(taken.Status, Is.EqualTo(ManagementStatus.WrongState));
            Assert.That(taken.Text, Does.Contain("something that is no socket is there"));
            Assert.That(Sockets("vf"), Is.EqualTo(3), "the two, and the file");
            Assert.That(client.Ask(ManagementOpcode.SetNumVFs, 0, 0).Status, Is.Zero);
            Assert.That(Sockets("vf"), Is.EqualTo(1), "the file");
            process.StandardInput.WriteLine("numvfs 3");
            Assert.That(process.StandardOutput.ReadLine(), Does.StartWith("endpoint 1: 3 VFs of each PF are enabled"));
            Answer functions = client.Ask(ManagementOpcode.FunctionInfo, 0, 0);
            Assert.That(
                Enumerable.Range(0, functions.U16(2)).Count(entry => (functions.U16(8 + (40 * entry) + 8) & ManagementFunction.FlagsEnabledMask) != 0),
                Is.EqualTo(2 + 6));
        }

        Quit(process);
    }

    private static string Program => Path.Combine(TestContext.CurrentContext.TestDirectory, "emulator.dll");

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string ReadUntilReady(Process process)
    {
        string all = "";
        for (string? line = process.StandardOutput.ReadLine(); line != "ready"; line = process.StandardOutput.ReadLine())
        {
            Assert.That(line, Is.Not.Null, "it ended");
            all += line + '\n';
        }

        return all;
    }

    private static void Quit(Process process)
    {
        process.StandardInput.WriteLine("quit");
        Assert.That(process.WaitForExit(LimitMs), Is.True);
        Assert.That(process.ExitCode, Is.Zero);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private int Sockets(string prefix) => Directory.EnumerateFiles(At("f"), prefix + "*").Count();
}
