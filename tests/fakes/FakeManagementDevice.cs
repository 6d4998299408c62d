// A device that answers the management protocol wrongly on purpose, behind a socket or as an answer to one frame. Knows no firmware.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Tests.Fakes;

/// <summary>
/// What a real device does not do: wrong checksums, other sequences, silence, cut frames. Answers that are right are those of an endpoint
/// with one PF and four VFs, of which none is enabled.
/// </summary>
internal sealed class FakeManagementDevice : IDisposable
{
    /// <summary>VFs of its only PF.</summary>
    public const int TotalVFs = 4;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _clients = [];
    private readonly Func<byte[], byte[]?> _answer;
    private readonly Task _work;
    private int _requests;

    /// <summary>Listens.</summary>
    /// <param name="path">Where its socket is made.</param>
    /// <param name="answer">Gives the bytes for a request: null closes the connection, none is silence.</param>
    public FakeManagementDevice(string path, Func<byte[], byte[]?> answer)
    {
        _answer = answer;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();

        // Threads of their own: those of the pool may all be waiting for other things, and a device that is late is another fault.
        _work = Task.Factory.StartNew(Serve, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Requests that have arrived whole.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>A right response to any request; lists are empty but that of functions.</summary>
    public static byte[] Right(byte[] request)
    {
        int opcode = ManagementCodec.Opcode(request, 0);
        byte[] payload = opcode switch
        {
            ManagementOpcode.EndpointInfo => Endpoint(),
            ManagementOpcode.FunctionInfo => Functions(request),
            ManagementOpcode.GetRateGroups => new byte[ManagementList.Bytes],
            ManagementOpcode.ReadConfig => new byte[ManagementConfigData.Bytes + ManagementConfigData.MaxDataBytes],
            ManagementOpcode.BeginTransaction => new byte[ManagementTransactionNumber.Bytes],
            _ => [],
        };
        return Response(request, ManagementStatus.Ok, payload);
    }

    /// <summary>A response with any status and payload.</summary>
    public static byte[] Response(byte[] request, int status, byte[] payload)
    {
        var frame = new byte[ManagementFrame.HeaderBytes + payload.Length];
        payload.CopyTo(frame, ManagementFrame.PayloadOffset);
        ManagementCodec.WriteResponse(frame, 0, ManagementCodec.Opcode(request, 0), ManagementCodec.Sequence(request, 0), status, payload.Length);
        return frame;
    }

    /// <summary>A response that refuses.</summary>
    public static byte[] Refusal(byte[] request, int status, int reason, string text)
    {
        var frame = new byte[ManagementFrame.MaxBytes];
        int bytes = ManagementCodec.WriteRefusal(
            frame, 0, ManagementCodec.Opcode(request, 0), ManagementCodec.Sequence(request, 0), status, reason, 0, text);
        return frame[..bytes];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        lock (_clients)
        {
            _clients.ForEach(client => client.Dispose());
        }

        _work.Wait(TimeSpan.FromSeconds(10));
    }

    private static byte[] Endpoint()
    {
        var payload = new byte[ManagementEndpoint.Bytes];
        LittleEndian.WriteU16(payload, ManagementEndpoint.FirmwareMajorOffset, 9);
        LittleEndian.WriteU16(payload, ManagementEndpoint.PhysicalFunctionsOffset, 1);
        LittleEndian.WriteU16(payload, ManagementEndpoint.TotalVFsOffset, TotalVFs);
        LittleEndian.WriteU16(payload, ManagementEndpoint.RateGroupsOffset, 16);
        return payload;
    }

    private static byte[] Functions(byte[] request)
    {
        int first = LittleEndian.ReadU16(request, ManagementFrame.PayloadOffset + ManagementListRequest.FirstOffset);
        int count = Math.Clamp(TotalVFs + 1 - first, 0, 1);
        var payload = new byte[ManagementList.Bytes + (count * ManagementFunction.Bytes)];
        LittleEndian.WriteU16(payload, ManagementList.CountOffset, (ushort)count);
        LittleEndian.WriteU16(payload, ManagementList.EntryBytesOffset, ManagementFunction.Bytes);
        if (count > 0)
        {
            int vf = first == 0 ? ManagementFunction.NoVf : first - 1;
            LittleEndian.WriteU16(payload, ManagementList.EntriesOffset + ManagementFunction.FunctionOffset, (ushort)first);
            LittleEndian.WriteU16(payload, ManagementList.EntriesOffset + ManagementFunction.VfOffset, (ushort)vf);
        }

        return payload;
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                Socket client = _listener.Accept();
                lock (_clients)
                {
                    _clients.Add(client);
                }

                Task.Factory.StartNew(() => Talk(client), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Talk(Socket client)
    {
        try
        {
            using var stream = new NetworkStream(client, ownsSocket: true);
            var request = new byte[ManagementFrame.MaxBytes];
            while (true)
            {
                stream.ReadExactly(request, 0, ManagementFrame.HeaderBytes);
                int bytes = ManagementCodec.FrameBytes(request, 0, ManagementFrame.HeaderBytes);
                stream.ReadExactly(request, ManagementFrame.HeaderBytes, bytes - ManagementFrame.HeaderBytes);
                Interlocked.Increment(ref _requests);
                if (_answer(request[..bytes]) is not { } answer)
                {
                    return;
                }

                stream.Write(answer);
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The program has ended, or the test is over.
        }
    }
}
