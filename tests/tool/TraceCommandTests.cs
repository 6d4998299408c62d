// smartnic trace as a process: files that can be read whatever ended it, its document, and what it says where there is nothing to trace.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using NUnit.Framework;
using SmartNicFw.Emulator.Net.Capture;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.Trace;

namespace SmartNicFw.Tests.Tool;

public sealed class TraceCommandTests
{
    private RunningEmulator _emulator = null!;
    private DirectoryInfo _folder = null!;

    private ToolRun Tool => ToolRun.At(_emulator.Socket);

    private string File => Path.Combine(_folder.FullName, "out.pcapng");

    [OneTimeSetUp]
    public void Start()
    {
        _emulator = new RunningEmulator("--vfs", "2", "--port", "loopback");
        _folder = Directory.CreateTempSubdirectory("smartnic-trace-");
    }

    [OneTimeTearDown]
    public void End()
    {
        _emulator.Dispose();
        _folder.Delete(recursive: true);
    }

    [Test]
    public void It_ends_after_its_time_with_a_whole_file_and_a_document_that_the_schema_knows()
    {
        JsonElement document = Tool.Json("trace", $"trace {File} --seconds 0.3 --function vf1");
        PcapngFile file = PcapngFile.Read(System.IO.File.ReadAllBytes(File));
        Assert.That(document.GetProperty("ended_by").GetString(), Is.EqualTo("seconds"));
        Assert.That(document.GetProperty("function").GetString(), Is.EqualTo("vf1"));
        Assert.That(document.GetProperty("records").GetInt32(), Is.EqualTo(file.Records.Count()));
        Assert.That(document.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(File).Length));
        Assert.That(document.GetProperty("lost").GetInt64(), Is.Zero);
        Assert.That(file.Interfaces[0].Received, Is.EqualTo((ulong)file.Records.Count()), "with its statistics");
        Assert.That(Tool.Text($"trace {File} --seconds 0.1"), Does.Match($"^{File}: 1 records and 0 frames in [0-9.]+ s, nothing lost\n$"));
    }

    [Test]
    public void Ctrl_C_ends_it_with_a_whole_file_of_what_happened_and_exit_code_0()
    {
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "smartnic.dll");
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, "--device", _emulator.Socket, "-j", "trace", File])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var end = new Ending(process);
        Assert.That(SpinWait.SpinUntil(() => System.IO.File.Exists(File) && new FileInfo(File).Length > 0, TimeSpan.FromSeconds(20)), Is.True);
        Tool.Text("numvfs 1");
        Tool.Text("numvfs 2");
        Assert.That(ProgramRun.Of("kill", "-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)).ExitCode, Is.Zero);
        string output = process.StandardOutput.ReadToEnd();
        Assert.That(process.WaitForExit(20_000), Is.True);
        Assert.That(process.ExitCode, Is.Zero);
        Assert.That(process.StandardError.ReadToEnd(), Is.Empty, "no progress where no person looks");
        Assert.That(ToolRun.Judge("trace", output).GetProperty("ended_by").GetString(), Is.EqualTo("interrupt"));
        PcapngFile file = PcapngFile.Read(System.IO.File.ReadAllBytes(File));
        Assert.That(
            file.Records.Select(Told.Of).Count(told => told.Kind == Emulator.Trace.TraceKind.ConfigRequest), Is.GreaterThan(10), "a VF that came");
        Assert.That(file.Interfaces[0].Received, Is.EqualTo((ulong)file.Records.Count()));
    }

    [Test]
    public void What_cannot_be_traced_is_said_to_be_so()
    {
        Assert.That(Tool.Failure($"trace {File} --function vf900"), Does.StartWith("there is no vf900; there are pf0"));
        Assert.That(Tool.Failure("trace /nowhere/at/all"), Does.StartWith("/nowhere/at/all cannot be created: "));
        Assert.That(Tool.Run("-j trace -").ExitCode, Is.EqualTo(1));
        using var sysfs = new FakeSysfs();
        sysfs.AddPhysicalFunction("0000:01:00.0", answer: FakeManagementDevice.Right);
        Assert.That(
            ToolRun.On(sysfs, "0000:01:00.0").Failure($"trace {File}.not"),
            Is.EqualTo("the device at 0000:01:00.0 cannot trace: firmware on a card does not see frames; an emulated one can: "
                + "name the socket of 'emulator run --management SOCKET'"));
        Assert.That(System.IO.File.Exists(File + ".not"), Is.False);
    }

    [Test]
    public void It_ends_with_the_frame_of_its_number_and_when_the_device_ends_it_and_counts_what_was_lost()
    {
        using var device = new FakeManagementDevice(Path.Combine(_folder.FullName, "full.sock"), request =>
            ManagementCodec.Opcode(request, 0) == ManagementOpcode.StartTrace ? [.. FakeManagementDevice.Right(request), .. Trace(10)] : FakeManagementDevice.Right(request));
        ToolRun tool = ToolRun.At(Path.Combine(_folder.FullName, "full.sock"));
        JsonElement document = tool.Json("trace", $"trace {File} --frames 4");
        PcapngFile file = PcapngFile.Read(System.IO.File.ReadAllBytes(File));
        Assert.That(file.Frames.Count(), Is.EqualTo(4));
        Assert.That(document.GetProperty("ended_by").GetString(), Is.EqualTo("frames"));
        Assert.That(document.GetProperty("frames").GetInt32(), Is.EqualTo(4));
        Assert.That(document.GetProperty("lost").GetInt32(), Is.EqualTo(5));
    }

    [TestCase(4, 0xFF, "sent a block of ")]
    [TestCase(-4, 0x55, "sent a block that cannot be in its trace")]
    [TestCase(0, 0x00, "sent a block that cannot be in its trace")]
    public void A_device_that_sends_nonsense_is_left_and_what_came_before_is_in_the_file(int place, int change, string message)
    {
        byte[] trace = Trace(2);
        trace[place < 0 ? trace.Length + place : place] ^= (byte)change;
        trace[0] ^= (byte)(place == 0 ? 1 : 0);
        string path = Path.Combine(_folder.FullName, "wrong.sock");
        using var device = new FakeManagementDevice(path, request =>
            ManagementCodec.Opcode(request, 0) == ManagementOpcode.StartTrace ? [.. FakeManagementDevice.Right(request), .. trace] : FakeManagementDevice.Right(request));
        Assert.That(ToolRun.At(path).Failure($"trace {File} --seconds 5"), Does.StartWith($"the device at {path} {message}"));
        _ = PcapngFile.Read(System.IO.File.ReadAllBytes(File));
    }

    /// <summary>Whatever becomes of a test, its process ends.</summary>
    private sealed class Ending(Process process) : IDisposable
    {
        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static byte[] Trace(int frames)
    {
        var file = new MemoryStream();
        var block = new byte[1024];
        file.Write(block, 0, PcapngBlock.WriteSection(block, ""));
        file.Write(block, 0, PcapngBlock.WriteInterface(block, CaptureLimits.LinkTypeUser0, "endpoint", ""));
        file.Write(block, 0, PcapngBlock.WriteInterface(block, CaptureLimits.LinkTypeEthernet, "vf0", ""));
        file.Write(block, 0, PcapngBlock.WriteLoss(block, 0, 1, new byte[24], 5));
        for (int index = 0; index < frames; index++)
        {
            file.Write(block, 0, PcapngBlock.WritePacket(block, 1, index, new byte[60 + index], PacketDirection.Inbound, "dropped: x"u8));
        }

        return file.ToArray();
    }
}
