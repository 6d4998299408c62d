// Devices that are not there, not ours, or not right: one line that says what happened and what to do next, exit code 2, never a trace.
using System;
using System.IO;
using System.Net.Sockets;
using NUnit.Framework;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Tool;

public sealed class FaultTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("smartnic-fault-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    private string Path => System.IO.Path.Combine(_folder.FullName, "m.sock");

    [Test]
    public void A_socket_that_is_not_there_is_said_to_be_so() => Assert.That(
        ToolRun.At(Path).Failure("show"),
        Is.EqualTo($"there is no socket {Path}; start 'emulator run --management SOCKET', or name the device with --device"));

    [Test]
    public void A_folder_and_a_file_are_no_sockets()
    {
        Assert.That(ToolRun.Here(_folder.FullName).Failure("show"), Does.StartWith($"{_folder.FullName} is a folder, not a socket; "));
        File.WriteAllText(Path, "");
        Assert.That(ToolRun.Here(Path).Failure("show"), Does.StartWith($"{Path} is not a socket; "));
    }

    [Test]
    public void A_socket_that_nobody_listens_at_is_told_from_a_file()
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(Path));
            Assert.That(ToolRun.Here(Path).Failure("show"), Is.EqualTo($"nobody listens at {Path}; its emulator has ended: start it again"));
        }
    }

    [Test]
    public void A_path_that_no_socket_can_have_is_refused()
    {
        string path = "/" + new string('a', 200);
        Assert.That(ToolRun.Here(path).Failure("show"), Is.EqualTo($"{path} is longer than a socket's path can be; name it in 107 bytes, from a nearer folder"));
    }

    [Test]
    public void A_device_that_is_silent_is_left_after_the_time_out()
    {
        using var device = new FakeManagementDevice(Path, _ => []);
        Assert.That(
            ToolRun.At(Path).Failure("--timeout 0.2 show"),
            Is.EqualTo($"the device at {Path} did not answer within 0.2 s; look whether it still runs; --timeout SECONDS waits longer"));
        Assert.That(ToolRun.Here(Path).Run("show").Errors, Does.Contain("did not answer within 2 s"), "2 s when nothing is said");
    }

    [Test]
    public void A_device_that_stops_in_the_middle_of_a_frame_is_left_after_the_time_out()
    {
        using var device = new FakeManagementDevice(Path, request => FakeManagementDevice.Right(request)[..30]);
        Assert.That(ToolRun.Here(Path).Failure("--timeout 0.2 show"), Does.Contain("did not answer within 0.2 s"));
    }

    [Test]
    public void A_device_that_closes_is_told_from_one_that_is_silent()
    {
        using var device = new FakeManagementDevice(Path, _ => null);
        Assert.That(
            ToolRun.Here(Path).Failure("show"),
            Is.EqualTo($"the device at {Path} closed the connection; only its own user and root may use it, and as many at a time as it takes"));
    }

    [TestCase(0, "the device at SOCKET answered what is no response (wrong_crc); look whether it is one with this protocol, and try again")]
    [TestCase(1, "the device at SOCKET answered what is no response (wrong_signature); look whether it is one with this protocol, and try again")]
    [TestCase(2, "the device at SOCKET answered another request than it was asked; look whether it is one with this protocol, and try again")]
    [TestCase(3, "the device at SOCKET answered another request than it was asked; look whether it is one with this protocol, and try again")]
    [TestCase(4, "the device at SOCKET answered what is no response (wrong_header); look whether it is one with this protocol, and try again")]
    [TestCase(5, "the device at SOCKET answered 8 bytes where there have to be 56; look whether it is one with this protocol, and try again")]
    [TestCase(6, "the device at SOCKET speaks version 2.7 of the management protocol, and this is smartnic for version 1.0; use the smartnic that came with its firmware")]
    [TestCase(7, "the device at SOCKET speaks version 1.0 of the management protocol, and this is smartnic for version 1.0; use the smartnic that came with its firmware")]
    public void An_answer_that_is_not_right_is_named(int fault, string message)
    {
        using var device = new FakeManagementDevice(Path, request => Spoil(request, fault));
        Assert.That(ToolRun.Here(Path).Failure("show"), Is.EqualTo(message.Replace("SOCKET", Path, StringComparison.Ordinal)));
    }

    [Test]
    public void A_list_that_is_longer_than_its_frame_is_refused()
    {
        using var device = new FakeManagementDevice(Path, request =>
        {
            if (ManagementCodec.Opcode(request, 0) != ManagementOpcode.FunctionInfo)
            {
                return FakeManagementDevice.Right(request);
            }

            var list = new byte[ManagementList.Bytes + ManagementFunction.Bytes];
            LittleEndian.WriteU16(list, ManagementList.CountOffset, 2);
            LittleEndian.WriteU16(list, ManagementList.EntryBytesOffset, ManagementFunction.Bytes);
            return FakeManagementDevice.Response(request, ManagementStatus.Ok, list);
        });
        Assert.That(ToolRun.Here(Path).Failure("show"), Does.StartWith($"the device at {Path} sent a list that is longer than its frame"));
    }

    [Test]
    public void A_greater_minor_version_may_answer_more()
    {
        using var device = new FakeManagementDevice(Path, request =>
        {
            byte[] right = FakeManagementDevice.Right(request);
            byte[] more = [.. right[ManagementFrame.PayloadOffset..], 1, 2, 3, 4];
            return ManagementCodec.Opcode(request, 0) == ManagementOpcode.EndpointInfo
                ? FakeManagementDevice.Response(request, ManagementStatus.Ok, more)
                : right;
        });
        Assert.That(ToolRun.Here(Path).Text("show"), Does.Contain("firmware 9.0.0"));
    }

    [Test]
    public void A_device_that_is_busy_is_asked_again_until_it_is_not()
    {
        int left = 3;
        using var device = new FakeManagementDevice(Path, request => left-- > 0
            ? FakeManagementDevice.Refusal(request, ManagementStatus.Busy, ManagementReason.None, "a reset is under way")
            : FakeManagementDevice.Right(request));
        Assert.That(ToolRun.Here(Path).Text("vf 2 reset"), Is.EqualTo("vf2 is being reset\n"));
        Assert.That(device.Requests, Is.EqualTo(5));
    }

    [Test]
    public void A_device_that_stays_busy_is_given_up_after_five_seconds()
    {
        using var device = new FakeManagementDevice(Path, request => ManagementCodec.Opcode(request, 0) == ManagementOpcode.BeginTransaction
            ? FakeManagementDevice.Refusal(request, ManagementStatus.Busy, ManagementReason.None, "another transaction is open")
            : FakeManagementDevice.Right(request));
        Assert.That(
            ToolRun.Here(Path).Run("vf 2 set weight 2 trust on").Errors,
            Is.EqualTo($"smartnic: the device at {Path} is busy: another transaction is open; another transaction or a reset is under way: try again\n"));
    }

    [Test]
    public void A_refusal_is_printed_as_the_device_says_it_but_moves_no_cursor()
    {
        using var device = new FakeManagementDevice(Path, request =>
        {
            if (ManagementCodec.Opcode(request, 0) != ManagementOpcode.SetAttribute)
            {
                return FakeManagementDevice.Right(request);
            }

            byte[] refusal = new byte[ManagementRefusal.Bytes + 6];
            LittleEndian.WriteU16(refusal, ManagementRefusal.ReasonOffset, ManagementReason.UnusableMac);
            LittleEndian.WriteU16(refusal, ManagementRefusal.TextLengthOffset, 6);
            "\u001b[2Jab"u8.CopyTo(refusal.AsSpan(ManagementRefusal.TextOffset));
            return FakeManagementDevice.Response(request, ManagementStatus.BadArgument, refusal);
        });
        Assert.That(
            ToolRun.Here(Path).Failure("vf 2 set mac 02:00:00:00:00:02"),
            Is.EqualTo($"the device at {Path} refused: ?[2Jab; nothing was changed"));
    }

    [Test]
    public void Standard_output_that_is_closed_is_one_line_and_exit_code_2()
    {
        ProgramRun run = ProgramRun.Of("bash", "-c", $"dotnet '{System.IO.Path.Combine(AppContext.BaseDirectory, "smartnic.dll")}' completion bash > /dev/full");
        Assert.That(run.Errors, Does.Match("^smartnic: [^\n]+\n$"));
        Assert.That(run.ExitCode, Is.EqualTo(2));
    }

    private static byte[] Spoil(byte[] request, int fault)
    {
        byte[] right = FakeManagementDevice.Right(request);
        switch (fault)
        {
            case 0:
                right[^1] ^= 1;
                return right;
            case 1:
                right[0] = 0;
                return right;
            case 2:
                return Anew(request, right, ManagementFrame.Response, 1, 0);
            case 3:
                return Anew(request, right, ManagementFrame.Response, 0, 1);
            case 4:
                return Anew(request, right, ManagementFrame.Request, 0, 0);
            case 5:
                return FakeManagementDevice.Response(request, ManagementStatus.Ok, new byte[8]);
            case 6:
                right[ManagementFrame.VersionMajorOffset] = 2;
                right[ManagementFrame.VersionMinorOffset] = 7;
                Seal(right);
                return right;
            default:
                return FakeManagementDevice.Response(request, ManagementStatus.WrongVersion, []);
        }
    }

    private static byte[] Anew(byte[] request, byte[] frame, int kind, int later, int otherOpcode)
    {
        int opcode = ManagementCodec.Opcode(request, 0) + otherOpcode;
        uint sequence = ManagementCodec.Sequence(request, 0) + (uint)later;
        int payload = frame.Length - ManagementFrame.HeaderBytes;
        if (kind == ManagementFrame.Request)
        {
            ManagementCodec.WriteRequest(frame, 0, opcode, sequence, payload);
        }
        else
        {
            ManagementCodec.WriteResponse(frame, 0, opcode, sequence, ManagementStatus.Ok, payload);
        }

        return frame;
    }

    private static void Seal(byte[] frame)
    {
        LittleEndian.WriteU32(frame, ManagementFrame.CrcOffset, 0);
        uint crc = Crc32.Finish(Crc32.Update(Crc32.Start, frame, 0, frame.Length));
        LittleEndian.WriteU32(frame, ManagementFrame.CrcOffset, crc);
    }
}
