// Where the guest lab is: QEMU, kernels and an archive of tools, built by the repository's tests/guest/lab. Knows its lab.env.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SmartNicFw.Emulator.Host;

namespace SmartNicFw.Emulator.Guest;

/// <summary>A lab that is built.</summary>
internal sealed class GuestLab
{
    /// <summary>The one command that builds it.</summary>
    public const string BuildCommand = "tests/guest/lab build";

    private const string FolderVariable = "SMARTNIC_GUEST_LAB";
    private readonly Dictionary<string, string> _values;

    private GuestLab(Dictionary<string, string> values) => _values = values;

    /// <summary>QEMU, with the vfio-user client.</summary>
    public string Qemu => Value("QEMU");

    /// <summary>The archive that every guest begins with.</summary>
    public string Tools => Value("TOOLS");

    /// <summary>Names of the kernels.</summary>
    public IReadOnlyList<string> Kernels => Value("KERNELS").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Finds the lab that was built last.</summary>
    /// <exception cref="HostException">There is none; the message says how to build one.</exception>
    public static GuestLab Find()
    {
        string folder = Folder();
        string? newest = Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder).Select(lab => Path.Combine(lab, "lab.env"))
                .Where(File.Exists).OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault()
            : null;
        if (newest is null)
        {
            throw new HostException($"there is no guest lab in {folder}; in the repository, this builds it: {BuildCommand}");
        }

        return new GuestLab(File.ReadLines(newest).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(pairs => pairs.Key, pairs => pairs.Last()[1]));
    }

    /// <summary>Image of a kernel.</summary>
    public string Kernel(string name) => Value($"KERNEL_{Key(name)}");

    /// <summary>Archive of a kernel's modules.</summary>
    public string Modules(string name) => Value($"KERNEL_{Key(name)}_MODULES");

    private static string Key(string name) => name.Replace('.', '_').Replace('-', '_');

    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder)
        {
            return folder;
        }

        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/var/tmp", ".cache");
        return Path.Combine(cache, "smartnicfw", "guest-lab");
    }

    private string Value(string key) => _values.TryGetValue(key, out string? value)
        ? value
        : throw new HostException($"the guest lab names no {key}; in the repository, this builds it anew: {BuildCommand}");
}
