// What a person writes for the far side of the endpoint's Ethernet port, and the port that it stands for.
using System.Net;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Net.Capture;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Forms of <c>--port</c>.</summary>
internal static class WireOption
{
    /// <summary>What there is when nothing is said.</summary>
    public const string Standard = "sink";

    /// <summary>The forms that are understood, for help and messages.</summary>
    public const string Forms = "tap:NAME, pcap:IN,OUT, dgram:LOCAL,REMOTE, loopback, sink, none";

    /// <summary>Opens the port that a text stands for.</summary>
    /// <exception cref="UsageException">The text is not understood.</exception>
    /// <exception cref="PortException">The port cannot be had; the message says why.</exception>
    /// <exception cref="CaptureException">A capture cannot be read or written.</exception>
    public static NetworkPort Open(string text)
    {
        int colon = text.IndexOf(':', System.StringComparison.Ordinal);
        string kind = colon < 0 ? text : text[..colon];
        string rest = colon < 0 ? "" : text[(colon + 1)..];
        return (kind, rest.Length > 0) switch
        {
            ("tap", true) => TapPort.Open(rest),
            ("pcap", true) => OpenCaptures(text, rest),
            ("dgram", true) => OpenDatagrams(text, rest),
            ("loopback", false) => new LoopbackPort(),
            ("sink", false) => new SinkPort(),
            ("none", false) => new NonePort(),
            _ => throw Wrong(text),
        };
    }

    private static PcapPort OpenCaptures(string text, string rest)
    {
        (string source, string sink) = Pair(text, rest);
        if (source.Length + sink.Length == 0)
        {
            throw Wrong(text);
        }

        PcapReader? reader = source.Length > 0 ? PcapReader.Open(source) : null;
        try
        {
            return new PcapPort(reader, sink.Length > 0 ? CaptureWriter.Create(sink) : null);
        }
        catch
        {
            reader?.Dispose();
            throw;
        }
    }

    private static DatagramPort OpenDatagrams(string text, string rest)
    {
        (string local, string remote) = Pair(text, rest);
        if (local.Contains('/') && remote.Contains('/'))
        {
            return DatagramPort.OpenUnix(local, remote);
        }

        return IPEndPoint.TryParse(local, out IPEndPoint? here) && IPEndPoint.TryParse(remote, out IPEndPoint? there) && there.Port > 0
            ? DatagramPort.OpenUdp(here, there)
            : throw new UsageException($"--port {text}: LOCAL and REMOTE are both ADDRESS:PORT, or both paths with a /");
    }

    private static (string First, string Second) Pair(string text, string rest) =>
        rest.Split(',') is [{ } first, { } second] ? (first, second) : throw Wrong(text);

    private static UsageException Wrong(string text) => new($"--port is '{text}'; allowed: {Forms}");
}
