// smartnic as operators get it: published by the tests, once a run, as the one file that runs where there is no .NET.
// Knows the project and the SDK; knows no guest's script.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Guest;

/// <summary>It lies beside the tests, so that the next run of them finds most of the work done.</summary>
internal static class PublishedTool
{
    // It takes half a minute of processor time, and the first time on a machine the download of the compiler.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly Lazy<ProgramRun> Publishing = new(Publish);

    // What the file needs and no guest's tools have where it has .NET within it.
    private static readonly string[] OtherLibraries = ["libstdc++.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"];

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "published");

    /// <summary>Path of the file; the test fails with the words of the SDK where it cannot be published.</summary>
    public static string File
    {
        get
        {
            Assert.That(Publishing.Value.ExitCode, Is.Zero, () => $"smartnic was not published\n{Publishing.Value.Output}{Publishing.Value.Errors}");
            return Path.Combine(Folder, "smartnic");
        }
    }

    /// <summary>The file, and the libraries that it needs and no guest has, for a guest's <see cref="GuestOptions.Files"/>.</summary>
    public static IReadOnlyList<GuestFile> For(GuestLab lab)
    {
        byte[] file = System.IO.File.ReadAllBytes(File);
        return
        [
            new GuestFile(File, "/usr/bin/smartnic"),
            .. OtherLibraries.Where(name => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name + '\0')) >= 0).Select(lab.Library),
        ];
    }

    /// <summary>Runs it on this machine, for a device behind a socket, and fails the test unless it ends as it should.</summary>
    /// <returns>What it printed, as JSON.</returns>
    public static JsonElement Run(string device, int exitCode, params string[] arguments)
    {
        ProgramRun run = ProgramRun.Of(File, ["-j", "--device", device, .. arguments]);
        Assert.That(run.ExitCode, Is.EqualTo(exitCode), () => $"smartnic {string.Join(' ', arguments)}: {run.Output}{run.Errors}");
        return JsonDocument.Parse(run.Output).RootElement;
    }

    // With artifacts of its own: what is restored for one platform is not what the repository's own builds were restored for. A machine
    // that has no linker publishes the other kind of file.
    private static ProgramRun Publish() => ProgramRun.Of(
        Limit, "dotnet",
        [
            "publish", Gates.Repository.File("host-tools", "host-tools.csproj"), "-c", "Release", "-r", "linux-x64", "-o", Folder,
            "--artifacts-path", Path.Combine(Folder, "artifacts"), "-v", "quiet", "-nodeReuse:false",
            .. System.IO.File.Exists("/usr/bin/gcc") ? Array.Empty<string>() : ["-p:PublishAot=false"],
        ]);
}
