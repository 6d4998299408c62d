using System.Collections.Generic;
using System.IO;
namespace SmartNicFw.Emulator.Demo;
internal sealed record DemoFrames(IReadOnlyList<byte[]> Frames, string? Damage)
{
    public static DemoFrames BuiltIn() => Read("emulator/demo/mixed.pcap");
    public static DemoFrames Read(string path)
    {
        byte[] all = File.ReadAllBytes(path); var list = new List<byte[]>();
        for (int at = 24; at + 16 <= all.Length;) { int n = System.BitConverter.ToInt32(all, at + 8); list.Add(all[(at + 16)..(at + 16 + n)]); at += 16 + n; }
        return new DemoFrames(list, null);
    }
}
