// What a person beside the machine asks for while emulator run runs: a line of standard input, and the line that answers it.
using System;
using System.Globalization;
using System.IO;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Service;

namespace SmartNicFw.Emulator.Commands;

/// <summary>Lines: what a hand at the slot does, what <c>sriov_numvfs</c> is for the host in this process, the end.</summary>
internal static class RunHand
{
    private const string Forms = "unplug [N], plug [N], numvfs VFS [N], FUNCTION SETTING... [N], group GROUP SETTING... [N], quit";

    /// <summary>Does what a line asks for.</summary>
    /// <returns>One line that says what happened.</returns>
    public static string Obey(EndpointService service, string line)
    {
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (ShareSetting.TryLine(words, out ShareSetting? setting, out int of))
        {
            return of < 1 || of > service.Endpoints.Count ? NotUnderstood(line, service) : Set(service.Endpoints[of - 1], of, setting!);
        }

        if (words.Length > 0 && (words[0] == "group" || FunctionName.TryNumber(words[0], out _, out _)))
        {
            return $"'{line}' is not understood; allowed: {ShareSetting.LineForms}";
        }

        bool isNumVFs = words.Length > 0 && words[0] == "numvfs";
        int vfs = 0;
        if (isNumVFs && (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out vfs)))
        {
            return $"'{line}' is not understood; allowed: {Forms}";
        }

        ReadOnlySpan<string> rest = words.AsSpan(isNumVFs ? 2 : Math.Min(1, words.Length));
        int number = 1;
        if (rest.Length > 1 || (rest.Length == 1
            && (!int.TryParse(rest[0], NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1 || number > service.Endpoints.Count)))
        {
            return NotUnderstood(line, service);
        }

        RunningEndpoint endpoint = service.Endpoints[number - 1];
        switch (words.Length == 0 ? "" : words[0])
        {
            case "unplug" or "plug" when endpoint.Controller is null:
                return $"endpoint {number} is in no slot: its functions are handed out one by one";
            case "unplug":
                return endpoint.Unplug() ? $"endpoint {number} is unplugged" : $"endpoint {number} is not plugged in";
            case "plug":
                return endpoint.Plug() ? $"endpoint {number} is plugged in" : $"endpoint {number} is plugged in already";
            case "numvfs":
                return SetVFs(endpoint, number, vfs);
            case "quit" when rest.IsEmpty:
                service.Loop.Stop();
                return "stopping";
            default:
                return $"'{line}' is not understood; allowed: {Forms}";
        }
    }

    private static string NotUnderstood(string line, EndpointService service) =>
        $"'{line}' is not understood; allowed: {Forms}, with N from 1 to {service.Endpoints.Count}";

    private static string Set(RunningEndpoint endpoint, int number, ShareSetting setting) =>
        $"endpoint {number}: {setting.Apply(endpoint.Board.Firmware) ?? setting.Describe(endpoint.Board.Firmware)}";

    private static string SetVFs(RunningEndpoint endpoint, int number, int vfs)
    {
        if (endpoint.Functions is not { } functions)
        {
            return $"endpoint {number} has no function sockets: the host that attaches enables its VFs";
        }

        try
        {
            functions.SetVFs(vfs);
        }
        catch (Exception refused) when (refused is HostException or IOException)
        {
            return $"endpoint {number}: {refused.Message}";
        }

        return vfs == 0 ? $"endpoint {number}: no VF is enabled" : $"endpoint {number}: {vfs} VFs of each PF are enabled, with sockets in {functions.Path}";
    }
}
