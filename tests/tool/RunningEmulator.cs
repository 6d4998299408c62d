// A real endpoint behind a management socket: emulator run in function mode, for as long as a fixture lasts.
using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Tool;

/// <summary>Ends with its standard input's "quit", and at the latest by being killed.</summary>
internal sealed class RunningEmulator : IDisposable
{
    private const int LimitMs = 30_000;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("smartnic-tool-");
    private readonly Process _process;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="options">Options of emulator run beside the folder and the socket.</param>
    public RunningEmulator(params string[] options)
    {
        Socket = Path.Combine(_folder.FullName, "management.sock");
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "emulator.dll");
        string functions = Path.Combine(_folder.FullName, "functions");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, "run", "--function-dir", functions, "--management", Socket, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line == "ready")
            {
                return;
            }
        }

        string errors = _process.StandardError.ReadToEnd();
        Dispose();
        throw new InvalidOperationException($"the emulator ended: {errors}");
    }

    /// <summary>Its management socket.</summary>
    public string Socket { get; }

    /// <summary>Opens a connection over which frames are passed on one by one, as a window of a PF would.</summary>
    public Func<byte[], byte[]?> Relay()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Socket));
        var stream = new NetworkStream(socket, ownsSocket: true);
        return request =>
        {
            stream.Write(request);
            var response = new byte[ManagementFrame.MaxBytes];
            stream.ReadExactly(response, 0, ManagementFrame.HeaderBytes);
            int bytes = ManagementCodec.FrameBytes(response, 0, ManagementFrame.HeaderBytes);
            stream.ReadExactly(response, ManagementFrame.HeaderBytes, bytes - ManagementFrame.HeaderBytes);
            return response[..bytes];
        };
    }

    /// <summary>Ends it as a cut of the power would.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.WriteLine("quit");
            if (!_process.WaitForExit(LimitMs))
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
