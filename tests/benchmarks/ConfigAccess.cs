// Configuration accesses a second, one outstanding at a time as a host has them: port, step, completion.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Benchmarks;

/// <summary>Runs <see cref="ConfigAccessBenchmarks"/> in this process, quietly and without leaving files.</summary>
internal static class ConfigAccess
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Reads and writes of a RW register of the one function of an endpoint.</summary>
    public static IEnumerable<Result> Measure()
    {
        DirectoryInfo artifacts = Directory.CreateTempSubdirectory("smartnicfw-benchmarks-");
        try
        {
            Summary summary = BenchmarkRunner.Run<ConfigAccessBenchmarks>(Quiet(artifacts.FullName));
            return
            [
                Rate(summary, nameof(ConfigAccessBenchmarks.Read), "config_read_rate", "configuration reads, one a step"),
                Rate(summary, nameof(ConfigAccessBenchmarks.Write), "config_write_rate", "configuration writes, one a step"),
            ];
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }

    private static Result Rate(Summary summary, string method, string name, string title)
    {
        BenchmarkReport? report = summary.Reports.FirstOrDefault(
            candidate => candidate.BenchmarkCase.Descriptor.WorkloadMethod.Name == method);
        double ns = report?.ResultStatistics?.Median
            ?? throw new InvalidOperationException(
                $"{method} gave no figure: {string.Join("; ", summary.ValidationErrors.Select(error => error.Message))}");
        return new Result(name, title, NanosecondsPerSecond / ns, "accesses/s");
    }

    // In this process: nothing else is built or restored. The median of 15 iterations of 0.2 s is steady within a few
    // percent, and the figure is for information.
    private static ManualConfig Quiet(string artifactsPath) =>
        ManualConfig.CreateEmpty()
            .AddJob(Job.Default
                .WithToolchain(InProcessEmitToolchain.Instance)
                .WithWarmupCount(5)
                .WithIterationCount(15)
                .WithIterationTime(TimeInterval.FromMilliseconds(200)))
            .AddLogger(NullLogger.Instance)
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(artifactsPath);
}

/// <summary>The two methods that BenchmarkDotNet times.</summary>
public class ConfigAccessBenchmarks
{
    private const int AccessesPerCall = 1000;
    private const int InterruptLineByte = 0x1;

    private readonly Endpoint _endpoint = new(physicalFunctions: 1, totalVFs: 0);

    /// <summary>The next accesses are reads.</summary>
    [GlobalSetup(Target = nameof(Read))]
    public void ReadInterruptLine() => _endpoint.Source.Read(_endpoint.EveryFunction(PciConfigHeader.InterruptLineOffset));

    /// <summary>The next accesses are writes, of a different value each.</summary>
    [GlobalSetup(Target = nameof(Write))]
    public void WriteInterruptLine() =>
        _endpoint.Source.Write(
            _endpoint.EveryFunction(PciConfigHeader.InterruptLineOffset), InterruptLineByte, data: 0, dataStep: 1);

    /// <summary>Reads.</summary>
    [Benchmark(OperationsPerInvoke = AccessesPerCall)]
    public void Read() => _endpoint.Access(AccessesPerCall, perStep: 1);

    /// <summary>Writes.</summary>
    [Benchmark(OperationsPerInvoke = AccessesPerCall)]
    public void Write() => _endpoint.Access(AccessesPerCall, perStep: 1);
}
