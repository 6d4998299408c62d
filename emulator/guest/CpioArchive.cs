// Writes the archive that a Linux kernel unpacks into its first file system. Knows files and folders, and no guest.
using System.Globalization;
using System.IO;
using System.Text;

namespace SmartNicFw.Emulator.Guest;

/// <summary>Format newc. Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.</summary>
internal sealed class CpioArchive(Stream output)
{
    private const int HeaderBytes = 110;
    private const int Alignment = 4;
    private const int ExecutableFile = 0x81ED;
    private int _inode;

    /// <summary>Adds a file that can be run.</summary>
    /// <param name="name">Path without leading slash.</param>
    public void AddExecutable(string name, byte[] contents) => Add(name, ExecutableFile, contents);

    /// <summary>Ends the archive.</summary>
    public void End() => Add("TRAILER!!!", 0, []);

    private void Add(string name, int mode, byte[] contents)
    {
        byte[] path = Encoding.UTF8.GetBytes(name + '\0');
        _inode++;
        int[] fields = [_inode, mode, 0, 0, 1, 0, contents.Length, 0, 0, 0, 0, path.Length, 0];
        var header = new StringBuilder("070701", HeaderBytes);
        foreach (int field in fields)
        {
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        }

        output.Write(Encoding.ASCII.GetBytes(header.ToString()));
        output.Write(path);
        Pad(HeaderBytes + path.Length);
        output.Write(contents);
        Pad(contents.Length);
    }

    private void Pad(int bytes) => output.Write(new byte[(Alignment - (bytes % Alignment)) % Alignment]);
}
