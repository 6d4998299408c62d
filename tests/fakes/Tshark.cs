// Runs tshark with the dissector that is shipped. Knows no record.
using System.ComponentModel;
using System.IO;
using NUnit.Framework;

namespace SmartNicFw.Tests.Fakes;

internal static class Tshark
{
    /// <summary>What tshark prints of a file.</summary>
    /// <param name="options">Options as on its command line, with spaces between them.</param>
    public static string Read(byte[] file, params string[] options)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            string dissector = Path.Combine(TestContext.CurrentContext.TestDirectory, "wireshark", "smartnicfw.lua");
            return Run("tshark", ["-X", $"lua_script:{dissector}", "-r", path, .. options]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What capinfos prints of a file.</summary>
    public static string Info(byte[] file)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            return Run("capinfos", [path]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Run(string program, string[] arguments)
    {
        ProgramRun run;
        try
        {
            run = ProgramRun.Of(program, arguments);
        }
        catch (Win32Exception)
        {
            Assert.Fail($"{program} is not installed; install it with: apt-get install tshark");
            throw;
        }

        // As root it says on standard error that this could be dangerous; of Lua it says there what failed.
        Assert.That(run.ExitCode, Is.Zero, run.Errors);
        Assert.That(run.Errors, Does.Not.Contain("lua").IgnoreCase);
        Assert.That(run.Output, Does.Not.Contain("Lua Error"));
        return run.Output;
    }
}
