// The frames of a demo: the built-in capture, or a file of the person's own.
using System;
using System.Collections.Generic;
using System.IO;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Net.Capture;

namespace SmartNicFw.Emulator.Demo;

/// <summary>A captured frame.</summary>
/// <param name="Bytes">The frame without check sequence.</param>
/// <param name="TimestampNs">When it was captured, nanoseconds since 1970.</param>
internal sealed record DemoFrame(byte[] Bytes, long TimestampNs);

/// <summary>Frames to replay, and what was wrong with the file behind them.</summary>
/// <param name="Frames">The frames that can be replayed, in order.</param>
/// <param name="Left">Frames too short or too long for Ethernet, left out.</param>
/// <param name="Damage">Null, or one line on where the file is damaged; the frames are those before it.</param>
internal sealed record DemoFrames(IReadOnlyList<DemoFrame> Frames, int Left, string? Damage)
{
    // Recorded from ping, iperf3 and neighbour discovery between two network namespaces over TAP devices; the frames of
    // VLAN 30 were tagged by the access port that joined the second pair.
    private const string BuiltInName = "SmartNicFw.Emulator.demo.mixed.pcap";

    /// <summary>The built-in capture: TCP, UDP, ICMP, ICMPv6, ARP, a part of it in VLAN 30.</summary>
    public static DemoFrames BuiltIn() =>
        Read(new PcapReader(typeof(DemoFrames).Assembly.GetManifestResourceStream(BuiltInName)!, BuiltInName));

    /// <summary>Reads a pcap or pcapng file.</summary>
    /// <exception cref="CaptureException">It cannot be opened, or is no capture of Ethernet frames.</exception>
    public static DemoFrames Read(string path) => Read(PcapReader.Open(path));

    private static DemoFrames Read(PcapReader reader)
    {
        using (reader)
        {
            var frames = new List<DemoFrame>();
            int left = 0;
            try
            {
                while (reader.TryRead(out ReadOnlySpan<byte> frame))
                {
                    if (frame.Length is < Ethernet.HeaderBytes or > DemoRun.MaxFrameBytes)
                    {
                        left++;
                    }
                    else
                    {
                        frames.Add(new DemoFrame(frame.ToArray(), reader.TimestampNs));
                    }
                }
            }
            catch (CaptureException damage)
            {
                return new DemoFrames(frames, left, damage.Message);
            }

            return new DemoFrames(frames, left, null);
        }
    }
}
