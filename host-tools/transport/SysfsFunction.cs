// One function on the host's PCI bus, as the files of its folder in sysfs tell it. Knows no window and no frame.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Transport;

/// <summary>Source: Linux, Documentation/ABI/testing/sysfs-bus-pci.</summary>
internal sealed partial class SysfsFunction
{
    private const string ConfigFile = "config";
    private const string NumVFsFile = "sriov_numvfs";
    private const string TotalVFsFile = "sriov_totalvfs";

    /// <summary>The function with this folder, there or not.</summary>
    public static SysfsFunction At(string folder) => new(folder);

    private SysfsFunction(string folder) => (Folder, Address) = (folder, Path.GetFileName(folder));

    /// <summary>Where sysfs is: /sys, or what SMARTNIC_SYSFS says (a container's mount, a test's tree).</summary>
    public static string Root => Environment.GetEnvironmentVariable("SMARTNIC_SYSFS") is { Length: > 0 } root ? root : "/sys";

    /// <summary>The folder with the functions of the host's buses.</summary>
    public static string Devices => Path.Combine(Root, "bus", "pci", "devices");

    /// <summary>Domain, bus, device, function: 0000:01:00.0.</summary>
    public string Address { get; }

    /// <summary>The function's folder.</summary>
    public string Folder { get; }

    /// <summary>Function number within its device: that of a PF is the PF's number.</summary>
    public int FunctionNumber => Address[^1] - '0';

    /// <summary>Whether it is a PF that can have VFs. A VF has no such file.</summary>
    public bool IsPhysicalFunction => File.Exists(Path.Combine(Folder, TotalVFsFile));

    /// <summary>Most VFs that the kernel lets it have.</summary>
    public int TotalVFs => ReadNumber(TotalVFsFile);

    /// <summary>VFs that it has now.</summary>
    public int NumVFs => ReadNumber(NumVFsFile);

    /// <summary>VFs that the kernel has added so far: while <see cref="SetNumVFs"/> works this grows or shrinks.</summary>
    public int AddedVFs => Directory.Exists(Folder) ? Directory.EnumerateFileSystemEntries(Folder, "virtfn*").Count() : 0;

    /// <summary>Name of the driver that has it, or null.</summary>
    public string? Driver =>
        new FileInfo(Path.Combine(Folder, "driver")).LinkTarget is { } target ? Path.GetFileName(target) : null;

    /// <summary>Whether a text is an address of a PCI function, with or without its domain.</summary>
    public static bool IsAddress(string text) => AddressForm().IsMatch(text);

    /// <summary>Finds a function.</summary>
    /// <param name="address">As <see cref="IsAddress"/> has it; domain 0000 when it has none.</param>
    /// <exception cref="ToolException">There is none.</exception>
    public static SysfsFunction Open(string address)
    {
        string whole = (address.IndexOf(':', StringComparison.Ordinal) == address.LastIndexOf(':') ? "0000:" + address : address).ToLowerInvariant();
        string folder = Path.Combine(Devices, whole);
        return Directory.Exists(folder)
            ? new SysfsFunction(folder)
            : throw new ToolException($"there is no PCI function {whole} on this host", "'lspci -D -d 1af4:' lists those that can be meant");
    }

    /// <summary>All functions with a vendor's ID, in the order of their addresses.</summary>
    public static IReadOnlyList<SysfsFunction> All(int vendor) => !Directory.Exists(Devices) ? [] :
    [
        .. Directory.EnumerateFileSystemEntries(Devices).Order(StringComparer.Ordinal).Select(folder => new SysfsFunction(folder))
            .Where(function => function.TryReadText("vendor") is { } text && TryParse(text, out int id) && id == vendor),
    ];

    /// <summary>The PF with another number of the same endpoint.</summary>
    public SysfsFunction Sibling(int physicalFunction) => Open(Address[..^1] + physicalFunction.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads its configuration space: 64 bytes when the reader is not root, else 256 or 4,096.</summary>
    /// <exception cref="ToolException">It cannot be read.</exception>
    public byte[] ReadConfig()
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(Folder, ConfigFile));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"{Path.Combine(Folder, ConfigFile)} cannot be read: {unread.Message.TrimEnd('.')}", "look whether the function is still there");
        }
    }

    /// <summary>Does what "echo N &gt; sriov_numvfs" does, and comes back when the kernel has added or removed all.</summary>
    /// <returns>0, or the error number that the kernel answered with.</returns>
    public unsafe int SetNumVFs(int count)
    {
        int descriptor = LibC.Open(Path.Combine(Folder, NumVFsFile), LibC.WriteOnly | LibC.CloseOnExec);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        byte[] text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{count}\n"));
        fixed (byte* first = text)
        {
            int error = LibC.Write(descriptor, first, (nuint)text.Length) == text.Length ? 0 : Marshal.GetLastPInvokeError();
            _ = LibC.Close(descriptor);
            return error;
        }
    }

    private int ReadNumber(string file) => TryReadText(file) is { } text && TryParse(text, out int number)
        ? number
        : throw new ToolException($"{Path.Combine(Folder, file)} has no number", "look whether the function is still there and has SR-IOV");

    private string? TryReadText(string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(Folder, file)).Trim();
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool TryParse(string text, out int number) => text.StartsWith("0x", StringComparison.Ordinal)
        ? int.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out number)
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex("^([0-9A-Fa-f]{4,8}:)?[0-9A-Fa-f]{2}:[01][0-9A-Fa-f]\\.[0-7]$(?<!\n)")]
    private static partial Regex AddressForm();
}
