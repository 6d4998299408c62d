// The benchmarks' command line: runs every measurement, one after the other, and prints one table or one JSON document.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using SmartNicFw.Firmware;

namespace SmartNicFw.Benchmarks;

/// <summary>Exit codes: 0 measured, whatever the figures; 1 wrong usage. A measurement that goes wrong throws.</summary>
internal static class Program
{
    private const int WrongUsage = 1;

    private static readonly (string Title, Func<IEnumerable<Result>> Measure)[] Measurements =
    [
        ("configuration accesses through the whole flow", ConfigAccess.Measure),
        ("routed access against the number of functions", RoutedAccess.Measure),
        ("memory: state of a VF, allocation of an access", Memory.Measure),
        ("enabling VFs", VfEnabling.Measure),
        ("frames from VF to VF against a bare copy loop", FrameRate.Measure),
        ("a board that can be traced against one that cannot", TraceCost.Measure),
        ("turns against the number of queues", TurnCost.Measure),
        ("timers against the number armed", TimerCost.Measure),
        ("latency and idleness behind a vfio-user socket", SocketLatency.Measure),
        ("TCP in guests against QEMU's igb", GuestRatio.Measure),
    ];

    private static int Main(string[] arguments)
    {
        bool isJson = false;
        string only = "";
        for (int index = 0; index < arguments.Length; index++)
        {
            if (arguments[index] is "--json" or "-j")
            {
                isJson = true;
            }
            else if (arguments[index] == "--only" && index + 1 < arguments.Length)
            {
                only = arguments[++index];
            }
            else
            {
                return Refuse($"'{arguments[index]}' is not understood here; allowed: --json, --only WORD");
            }
        }

        (string Title, Func<IEnumerable<Result>> Measure)[] chosen =
            [.. Measurements.Where(measurement => measurement.Title.Contains(only, StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0)
        {
            return Refuse($"no measurement has '{only}' in its title: {string.Join("; ", Measurements.Select(one => one.Title))}");
        }

        if (typeof(FirmwareRuntime).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
        {
            return Refuse("the firmware was built without optimization, so its times say nothing; add -c Release");
        }

        Progress($"{RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} processors");
        var results = new List<Result>();
        for (int number = 0; number < chosen.Length; number++)
        {
            Progress($"{number + 1} of {chosen.Length}: {chosen[number].Title}");
            results.AddRange(chosen[number].Measure());
        }

        Console.Out.Write(isJson ? Report.Json(results) : Report.Table(results));
        return 0;
    }

    // For a person who waits; a pipe gets the report and nothing else.
    private static void Progress(string line)
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(line);
        }
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine($"benchmarks: {reason}");
        return WrongUsage;
    }
}
