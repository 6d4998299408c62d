// Writes endpoints as the page's script reads them. Knows no board and no connection.
using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using SmartNicFw.Emulator.Metrics;

namespace SmartNicFw.Emulator.Web;

/// <summary>
/// One object. <c>columns</c> names the numbers of <c>counts</c>, <c>causes</c> those of them that are drops. Rates are bytes a second on the
/// line, 0 for unlimited; times are microseconds of the board's clock.
/// </summary>
internal static class PictureJson
{
    /// <summary>Version of the object; a new field is no new version.</summary>
    public const int Version = 1;

    private const int BytesPerMbit = 1_000_000 / 8;

    // By ManagementLinkState.
    private static readonly string[] LinkStates = ["auto", "enable", "disable"];

    /// <summary>Writes it.</summary>
    public static byte[] Write(string run, IReadOnlyList<EndpointPicture> endpoints)
    {
        var bytes = new ArrayBufferWriter<byte>(16 << 10);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("run", run);
            WriteColumns(json);
            json.WriteStartArray("endpoints");
            foreach (EndpointPicture endpoint in endpoints)
            {
                Write(json, endpoint);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteColumns(Utf8JsonWriter json)
    {
        var names = new string[CounterFamilies.Columns(OwnerKind.VirtualFunction)];
        List<string> causes = [];
        foreach (CounterFamily family in CounterFamilies.OfFunctions)
        {
            foreach (CounterSeries series in family.Series)
            {
                names[series.Column] = series.Cause ?? family.Name;
                if (series.Cause is not null)
                {
                    causes.Add(series.Cause);
                }
            }
        }

        json.WriteStartArray("columns");
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteStartArray("causes");
        foreach (string cause in causes)
        {
            json.WriteStartObject();
            json.WriteString("name", cause);
            json.WriteString("text", cause.Replace('_', ' '));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, EndpointPicture endpoint)
    {
        json.WriteStartObject();
        json.WriteNumber("number", endpoint.Number);
        json.WriteString("attachment", endpoint.Title.Attachment);
        json.WriteString("wire", endpoint.Title.Wire);
        json.WriteNumber("time_us", endpoint.TimeUs);
        json.WriteNumber("total_vfs", endpoint.TotalVFs);
        json.WriteStartObject("port");
        json.WriteBoolean("is_up", endpoint.IsLinkUp);
        json.WriteNumber("speed", Bytes(endpoint.PortMbps));
        json.WriteNumber("max_tx_rate", Bytes(endpoint.PortLimitMbps));
        WriteCounts(json, endpoint.PortCounts);
        json.WriteEndObject();
        json.WriteStartObject("health");
        json.WriteString("state", endpoint.Health);
        json.WriteStartArray("reasons");
        foreach (HealthReason reason in endpoint.Reasons)
        {
            json.WriteStartObject();
            json.WriteString("function", reason.Function);
            json.WriteString("text", reason.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("groups");
        foreach (GroupPicture group in endpoint.Groups)
        {
            json.WriteStartObject();
            json.WriteNumber("id", group.Number);
            json.WriteString("name", group.Name);
            json.WriteNumber("parent", group.Parent);
            WriteShare(json, group.Share);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("functions");
        foreach (FunctionPicture function in endpoint.Functions)
        {
            Write(json, function);
        }

        json.WriteEndArray();
        json.WriteStartArray("events");
        foreach (EventPicture told in endpoint.Events)
        {
            json.WriteStartObject();
            json.WriteNumber("number", told.Number);
            json.WriteNumber("time_us", told.TimeUs);
            json.WriteNumber("times", told.Times);
            json.WriteString("function", told.Function);
            json.WriteString("text", told.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FunctionPicture function)
    {
        json.WriteStartObject();
        json.WriteString("name", function.Name);
        json.WriteBoolean("vf", function.IsVirtual);
        json.WriteString("state", function.State);
        json.WriteString("mac", MacText(function.Mac));
        json.WriteNumber("vlan", function.Network.Vlan);
        json.WriteString("proto", function.Network.IsServiceVlan ? "802.1ad" : "802.1Q");
        json.WriteBoolean("spoofchk", function.Network.IsSpoofChecked);
        json.WriteBoolean("trust", function.Network.IsTrusted);
        json.WriteString("link", LinkStates[function.Network.LinkState]);
        json.WriteNumber("group", function.Group);
        json.WriteNumber("class", function.Class);
        json.WriteNumber("priority", function.Priority);
        WriteShare(json, function.Share);
        json.WriteBoolean("has_work", function.HasWork);
        json.WriteNumber("line", function.LineBytes);
        WriteCounts(json, function.Counts);
        json.WriteEndObject();
    }

    private static void WriteShare(Utf8JsonWriter json, SharePicture share)
    {
        json.WriteNumber("weight", share.Weight);
        json.WriteNumber("max_tx_rate", Bytes(share.LimitMbps));
        json.WriteNumber("min_tx_rate", Bytes(share.GuaranteeMbps));
    }

    private static void WriteCounts(Utf8JsonWriter json, ulong[] counts)
    {
        json.WriteStartArray("counts");
        foreach (ulong count in counts)
        {
            json.WriteNumberValue(count);
        }

        json.WriteEndArray();
    }

    private static long Bytes(int mbps) => (long)mbps * BytesPerMbit;

    // The first byte on the wire stands in bits 7:0.
    private static string MacText(ulong mac) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(byte)mac:x2}:{(byte)(mac >> 8):x2}:{(byte)(mac >> 16):x2}:{(byte)(mac >> 24):x2}:{(byte)(mac >> 32):x2}:{(byte)(mac >> 40):x2}");
}
