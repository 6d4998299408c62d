// The tools that judge what is served: a browser without a window, and promtool. Knows the script that fetches them, and no page.
using System;
using System.IO;
using NUnit.Framework;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Web;

/// <summary>
/// What <c>tests/web/tools</c> leaves. The tests fetch it themselves where CI is true, and fail there without it; elsewhere a person runs the
/// script once, and until then every test that needs a tool is reported as skipped, with the command.
/// </summary>
internal static class WebTools
{
    private const string Command = "tests/web/tools";

    // Some seconds on a fast mirror.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly Lazy<(string? Folder, string Reason)> Found = new(Find);

    private static bool IsWanted => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Path of the browser.</summary>
    public static string Browser => Path.Combine(Require(), "chromium");

    /// <summary>Path of promtool.</summary>
    public static string Promtool => Path.Combine(Require(), "promtool");

    private static string Require()
    {
        (string? folder, string reason) = Found.Value;
        if (folder is null && IsWanted)
        {
            Assert.Fail(reason);
        }

        if (folder is null)
        {
            Assert.Ignore(reason);
        }

        return folder!;
    }

    private static (string? Folder, string Reason) Find()
    {
        string script = Gates.Repository.File("tests", "web", "tools");
        if (IsWanted && ProgramRun.Of(Limit, "bash", script, "build") is { ExitCode: not 0 } build)
        {
            return (null, build.Errors.Trim());
        }

        string folder = ProgramRun.Of("bash", script, "path").Output.Trim();
        return Directory.Exists(folder) ? (folder, "") : (null, $"no browser and no promtool for tests; fetch them (some seconds) with: {Command}");
    }
}
