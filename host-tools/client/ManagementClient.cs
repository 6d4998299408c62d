// Asks a device by the management protocol: one request, one checked response. Knows every frame's header, and no payload.
using System;
using System.Diagnostics;
using System.Threading;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Transport;

namespace SmartNicFw.HostTools.Client;

/// <summary>
/// Numbers requests, checks responses, tries again while the device is busy. Every call throws a
/// <see cref="RefusedException"/> when the device refuses (nothing has changed then), and a <see cref="ToolException"/> when it cannot
/// be understood or does not answer.
/// </summary>
internal sealed partial class ManagementClient : IDisposable
{
    /// <summary>How long a device has to answer when nothing else is said.</summary>
    public static readonly TimeSpan StandardLimit = TimeSpan.FromSeconds(2);

    // A reset or another's transaction is over by then, or it is worth telling.
    private static readonly TimeSpan BusyLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(200);

    private readonly IManagementTransport _transport;
    private readonly TimeSpan _limit;
    private readonly byte[] _request = new byte[ManagementFrame.MaxBytes];
    private readonly byte[] _response = new byte[ManagementFrame.MaxBytes];

    // Not 0: a window's buffer that was never written has that.
    private uint _sequence = (uint)Environment.ProcessId;

    /// <summary>Makes a client; the transport is its own from now on.</summary>
    /// <param name="limit">How long each answer may take.</param>
    public ManagementClient(IManagementTransport transport, TimeSpan limit) => (_transport, _limit) = (transport, limit);

    /// <summary>What the device is named in messages.</summary>
    public string Device => _transport.Name;

    /// <summary>The PF in this host's sysfs; null over a socket.</summary>
    public SysfsFunction? Host => _transport.Host;

    /// <summary>Version of the protocol that the device has stated with its last response.</summary>
    public string ProtocolVersion => $"{_response[ManagementFrame.VersionMajorOffset]}.{_response[ManagementFrame.VersionMinorOffset]}";

    /// <summary>Where the payload of the next request is written.</summary>
    private Span<byte> Payload => _request.AsSpan(ManagementFrame.PayloadOffset);

    /// <summary>Keeps other programs of this host out until it is disposed.</summary>
    public IDisposable Reserve() => _transport.Reserve(BusyLimit);

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Asks, with the payload that lies in <see cref="Payload"/>.</summary>
    /// <param name="least">Fewest bytes of payload that the response has to have; a greater minor version may send more.</param>
    /// <returns>The response's payload, until the next request.</returns>
    private ReadOnlySpan<byte> Ask(int opcode, int least)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan pause = FirstPause;
        while (true)
        {
            int status = Exchange(opcode);
            if (status == ManagementStatus.Ok)
            {
                int bytes = ManagementCodec.PayloadBytes(_response, 0);
                return bytes >= least
                    ? _response.AsSpan(ManagementFrame.PayloadOffset, bytes)
                    : throw Nonsense($"answered {bytes} bytes where there have to be {least}");
            }

            if (status != ManagementStatus.Busy || Stopwatch.GetElapsedTime(start) >= BusyLimit)
            {
                throw Refusal(status, opcode);
            }

            Thread.Sleep(pause);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LastPause.Ticks));
        }
    }

    // One request and its response; the status of a response that is in order.
    private int Exchange(int opcode)
    {
        uint sequence = ++_sequence;
        int size = ManagementCodec.WriteRequest(_request, 0, opcode, sequence, ManagementOpcode.RequestBytes(opcode));
        int received = _transport.Exchange(_request.AsSpan(0, size), _response, _limit);
        int judged = ManagementCodec.Check(_response, 0, received, ManagementFrame.Response);
        if (judged == ManagementStatus.WrongVersion
            || (judged == ManagementStatus.Ok && ManagementCodec.Status(_response, 0) == ManagementStatus.WrongVersion))
        {
            throw new ToolException(
                $"the device at {Device} speaks version {ProtocolVersion} of the management protocol, and this is smartnic for version "
                + $"{ManagementFrame.Major}.{ManagementFrame.Minor}",
                "use the smartnic that came with its firmware");
        }

        if (judged != ManagementStatus.Ok)
        {
            throw Nonsense($"answered what is no response ({StatusNames.Of(judged)})");
        }

        return ManagementCodec.IsAnswerTo(_response, 0, opcode, sequence)
            ? ManagementCodec.Status(_response, 0)
            : throw Nonsense("answered another request than it was asked");
    }

    private RefusedException Refusal(int status, int opcode)
    {
        int length = ManagementCodec.RefusalTextBytes(_response, 0);
        int payload = ManagementFrame.PayloadOffset;
        bool hasReason = ManagementCodec.PayloadBytes(_response, 0) >= ManagementRefusal.Bytes;
        int reason = hasReason ? Hal.LittleEndian.ReadU16(_response, payload + ManagementRefusal.ReasonOffset) : ManagementReason.None;
        uint change = hasReason ? Hal.LittleEndian.ReadU32(_response, payload + ManagementRefusal.ChangeOffset) : 0;
        string text = PrintableText.Of(_response.AsSpan(payload + ManagementRefusal.TextOffset, length));
        string what = $"the device at {Device} {StatusNames.Verdict(status)}{(text.Length > 0 ? ": " + text : ReasonSuffix(reason))}";
        return new RefusedException(what, StatusNames.Advice(status, reason, opcode)) { Status = status, Reason = reason, Text = text, Change = change };
    }

    private static string ReasonSuffix(int reason) => reason == ManagementReason.None ? "" : $": {ReasonNames.Meaning(reason)}";

    private ToolException Nonsense(string what) => new($"the device at {Device} {what}", "look whether it is one with this protocol, and try again");
}
