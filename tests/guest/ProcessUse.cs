// What a process holds, as the kernel shows it: descriptors by kind, and mappings of guests' memory. Knows no emulator.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace SmartNicFw.Tests.Guest;

/// <summary>A look at /proc/PID. Descriptors of sockets, events and memory; a process's own files come and go.</summary>
internal sealed record ProcessUse(int Sockets, int Events, int GuestMemory, int GuestMappings)
{
    private const string Memory = "/memfd:memory-backend-memfd";

    /// <summary>Looks at a process.</summary>
    public static ProcessUse Of(int process)
    {
        string[] targets = [.. Targets(process)];
        return new ProcessUse(
            targets.Count(target => target.StartsWith("socket:", StringComparison.Ordinal)),
            targets.Count(target => target == "anon_inode:[eventfd]"),
            targets.Count(target => target.StartsWith(Memory, StringComparison.Ordinal)),
            File.ReadLines($"/proc/{process}/maps").Count(line => line.Contains(Memory, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Targets(int process)
    {
        foreach (FileSystemInfo descriptor in new DirectoryInfo($"/proc/{process}/fd").EnumerateFileSystemInfos())
        {
            string? target = null;
            try
            {
                target = descriptor.LinkTarget;
            }
            catch (IOException)
            {
                // Closed since it was listed.
            }

            if (target is not null)
            {
                yield return target;
            }
        }
    }
}
