// smartnic on a host: the PF is found in sysfs, asked through its BAR, and its VFs are enabled by the kernel's file.
using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Transport;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

public sealed class SysfsTests
{
    private const string Pf = "0000:01:00.0";
    private const string Other = "10000:02:00.0";
    private FakeSysfs _sysfs = null!;

    [SetUp]
    public void MakeTree() => _sysfs = new FakeSysfs();

    [TearDown]
    public void RemoveTree() => _sysfs.Dispose();

    [Test]
    public void A_window_answers_as_the_socket_of_the_same_endpoint_does()
    {
        using var emulator = new RunningEmulator("--vfs", "3", "--total-vfs", "3");
        _sysfs.AddPhysicalFunction(Pf, answer: emulator.Relay());
        ToolRun window = ToolRun.On(_sysfs, "01:00.0");
        Assert.That(window.Text("vf 1 set vlan 9 max_tx_rate 100"), Is.EqualTo("vf1  vlan 9  max_tx_rate 100\n"));
        Assert.That(
            window.Text("vf 1 show"), Is.EqualTo(ToolRun.At(emulator.Socket).Text("vf 1 show")).And.Contain("vlan         9\n"));
        Assert.That(window.Text("config dump vf2"), Is.EqualTo(ToolRun.At(emulator.Socket).Text("config dump vf2")));
        Assert.That(window.Json("show", "show").GetProperty("device").GetString(), Is.EqualTo(Pf));
        Assert.That(window.Failure("vf 1 set min_tx_rate 200"), Does.StartWith($"the device at {Pf} refused: "));
    }

    [Test]
    public void The_only_PF_with_a_window_is_found()
    {
        _sysfs.AddPhysicalFunction("0000:00:03.0");
        _sysfs.AddPhysicalFunction("0000:00:04.0", vendor: 0x8086, answer: FakeManagementDevice.Right);
        _sysfs.AddPhysicalFunction(Pf, answer: FakeManagementDevice.Right);
        Assert.That(ToolRun.On(_sysfs).Text("show"), Does.StartWith($"{Pf}:  firmware 9.0.0"));
    }

    [Test]
    public void Several_PFs_are_listed_and_none_is_chosen()
    {
        _sysfs.AddPhysicalFunction(Pf, answer: FakeManagementDevice.Right);
        _sysfs.AddPhysicalFunction(Other, answer: FakeManagementDevice.Right);
        Assert.That(
            ToolRun.On(_sysfs).Failure("show"),
            Is.EqualTo($"there are several devices: {Pf}, {Other}; name one with --device or SMARTNIC_DEVICE"));
        Assert.That(ToolRun.On(_sysfs, Other).Text("config dump pf0"), Does.StartWith("10000:02:00.0 "), "a domain that is not 0 is part of the address");
    }

    [Test]
    public void No_PF_is_said_with_what_can_be_named_instead()
    {
        Assert.That(ToolRun.On(_sysfs).Failure("show"), Does.StartWith("there is no PF with a management window on this host; name the socket of "));
        Assert.That(ToolRun.On(_sysfs, "01:00.0").Failure("show"), Is.EqualTo($"there is no PCI function {Pf} on this host; 'lspci -D -d 1af4:' lists those that can be meant"));
        _sysfs.AddPhysicalFunction(Pf);
        Assert.That(ToolRun.On(_sysfs, "01:00.0").Failure("show"), Does.StartWith($"{Pf} has no management window; name the PF of an endpoint with this firmware"));
    }

    [Test]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_user_who_may_not_is_told_to_be_root()
    {
        _sysfs.AddPhysicalFunction(Pf, answer: FakeManagementDevice.Right);
        foreach (string folder in new[] { _sysfs.Root, _sysfs.Folder(Pf) })
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        string bar = Path.Combine(_sysfs.Folder(Pf), "resource2");
        File.SetUnixFileMode(bar, UnixFileMode.None);
        Assert.That(AsNobody("show"), Is.EqualTo($"smartnic: {bar} may not be opened by this user; run as root: sudo smartnic ...\n"));

        // The kernel gives who is not root the first 64 bytes.
        File.WriteAllBytes(Path.Combine(_sysfs.Folder(Pf), "config"), new byte[64]);
        Assert.That(AsNobody("show"), Is.EqualTo($"smartnic: the configuration space of {Pf} is not to be read by this user; run as root: sudo smartnic ...\n"));
    }

    [TestCase(22, "the kernel does not map resource2 (EINVAL): a driver has requested this BAR, and CONFIG_IO_STRICT_DEVMEM keeps others out; start the kernel with iomem=relaxed, or unbind the driver; the emulator's management socket needs no mapping: --device SOCKET")]
    [TestCase(1, "the kernel does not permit resource2 to be mapped (EPERM); kernel lockdown (Secure Boot) or a container forbids it; the emulator's management socket needs no mapping: --device SOCKET")]
    [TestCase(19, "ADDRESS is gone (No such device); look with lspci whether it is still there")]
    public void What_the_kernel_holds_against_a_mapping_is_said_in_words(int error, string message)
    {
        _sysfs.AddPhysicalFunction(Pf);
        ToolException failure = MappingFailure.Of(SysfsFunction.At(_sysfs.Folder(Pf)), "resource2", error);
        Assert.That(failure.Message, Is.EqualTo(message.Replace("ADDRESS", Pf, StringComparison.Ordinal)));
        Assert.That(failure.ExitCode, Is.EqualTo(2));
    }

    [Test]
    public void A_device_that_is_silent_removed_or_used_by_another_is_told_apart()
    {
        FakeBar bar = _sysfs.AddPhysicalFunction(Pf, answer: _ => null)!;
        ToolRun tool = ToolRun.On(_sysfs, Pf);
        Assert.That(tool.Failure("--timeout 0.2 show"), Does.StartWith($"the device at {Pf} did not answer within 0.2 s"));
        bar.Write(ManagementWindow.StateOffset, uint.MaxValue);
        Assert.That(tool.Failure("--timeout 0.2 show"), Does.StartWith($"the device at {Pf} reads as all ones"));

        using (new FileStream(Path.Combine(_sysfs.Folder(Pf), "resource2"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.That(tool.Failure("--timeout 0.2 show"), Is.EqualTo($"another program uses the management window of {Pf}; wait until it has ended, and try again"));
        }
    }

    [Test]
    public void A_request_that_a_killed_program_left_behind_delays_the_next_one_only()
    {
        FakeBar bar = _sysfs.AddPhysicalFunction(Pf, answer: FakeManagementDevice.Right)!;
        bar.Write(ManagementWindow.StateOffset, ManagementWindow.StateBusy);
        System.Threading.Tasks.Task later = System.Threading.Tasks.Task.Delay(300).ContinueWith(
            _ => bar.Write(ManagementWindow.StateOffset, ManagementWindow.StateDone), System.Threading.Tasks.TaskScheduler.Default);
        Assert.That(ToolRun.On(_sysfs, Pf).Text("show"), Does.Contain("firmware 9.0.0"));
        later.Wait();
    }

    [Test]
    public void Numvfs_writes_the_kernel_s_file()
    {
        _sysfs.AddPhysicalFunction(Pf, totalVFs: 4, answer: FakeManagementDevice.Right);
        ToolRun tool = ToolRun.On(_sysfs, Pf);
        Assert.That(tool.Text("numvfs 3"), Is.EqualTo("pf0 has 3 VFs\n"));
        Assert.That(_sysfs.Read(Pf, "sriov_numvfs"), Is.EqualTo("3"));
        JsonElement again = tool.Json("numvfs", "numvfs 3");
        Assert.That(again.GetProperty("num_vfs_before").GetInt32(), Is.EqualTo(3));
        Assert.That(tool.Text("numvfs 3"), Is.EqualTo("pf0 has 3 VFs already\n"));
        Assert.That(
            tool.Failure("numvfs 4"),
            Is.EqualTo($"{Pf} has 3 VFs, and Linux changes a number other than 0 by way of 0 only; smartnic numvfs 0 takes them from whoever uses them, then smartnic numvfs 4"));
        Assert.That(_sysfs.Read(Pf, "sriov_numvfs"), Is.EqualTo("3"));
        Assert.That(tool.Text("numvfs 0"), Is.EqualTo("pf0 has 0 VFs\n"));
        Assert.That(tool.Failure("numvfs 5"), Is.EqualTo($"{Pf} cannot have 5 VFs; allowed: 0 to 4"));
    }

    [Test]
    public void What_the_kernel_refuses_is_said_in_words()
    {
        _sysfs.AddPhysicalFunction(Pf, totalVFs: 4, answer: FakeManagementDevice.Right);
        string file = Path.Combine(_sysfs.Folder(Pf), "sriov_numvfs");
        File.WriteAllText(file, "many");
        Assert.That(ToolRun.On(_sysfs, Pf).Failure("numvfs 3"), Does.Contain("sriov_numvfs has no number"));
        Assert.That(HostTools.Commands.NumVFsCommand.Explain(SysfsFunction.At(_sysfs.Folder(Pf)), 3, 2).Message, Does.Contain("does not enable VFs; bind virtio-pci to the PF"));
        Assert.That(HostTools.Commands.NumVFsCommand.Explain(SysfsFunction.At(_sysfs.Folder(Pf)), 3, 16).Message, Does.Contain("(EBUSY)"));
        Assert.That(HostTools.Commands.NumVFsCommand.Explain(SysfsFunction.At(_sysfs.Folder(Pf)), 3, 22).Message, Does.Contain("Invalid argument").And.Contain("dmesg"));
        Assert.That(HostTools.Commands.NumVFsCommand.Explain(SysfsFunction.At(_sysfs.Folder(Pf)), 3, 5).Message, Does.Contain("the kernel refused 3 VFs"));
    }

    // Root may read what nobody may: the tests of CI run as root.
    private string AsNobody(string command)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "smartnic.dll");
        string[] user = Environment.IsPrivilegedProcess ? ["--reuid", "65534", "--regid", "65534", "--clear-groups"] : [];
        ProgramRun run = ProgramRun.Of("env", [$"SMARTNIC_SYSFS={_sysfs.Root}", "setpriv", .. user, "dotnet", program, "--device", Pf, command]);
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.ExitCode, Is.EqualTo(2), run.Errors);
        return run.Errors;
    }
}
