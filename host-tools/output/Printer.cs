// Where a command's result goes: text for people or one JSON document for programs. Knows no command and no device.
using System;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SmartNicFw.HostTools.Failure;

namespace SmartNicFw.HostTools.Output;

/// <summary>How and where to print.</summary>
/// <param name="writer">Standard output.</param>
/// <param name="isJson">One JSON document and nothing else.</param>
/// <param name="isPretty">That document over several lines.</param>
internal sealed class Printer(TextWriter writer, bool isJson, bool isPretty)
{
    /// <summary>Version of all documents' form: names are added in the same one, none is changed or taken away.</summary>
    public const int Version = 1;

    // Text of a device is ASCII, and a letter's escape helps nobody on a terminal.
    private static readonly JavaScriptEncoder Letters = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>A program reads it.</summary>
    public bool IsJson { get; } = isJson;

    /// <summary>The document may have several lines.</summary>
    public bool IsPretty { get; } = isPretty;

    /// <summary>Where text goes.</summary>
    public TextWriter Writer { get; } = writer;

    /// <summary>A document with its version, and the device that it tells of.</summary>
    public static JsonObject Document(string device) => new() { ["version"] = Version, ["device"] = device };

    /// <summary>Prints the document, or has text printed.</summary>
    public void Print(JsonObject document, Action<TextWriter> text)
    {
        if (IsJson)
        {
            Print(document);
        }
        else
        {
            text(Writer);
        }
    }

    /// <summary>Prints a document.</summary>
    public void Print(JsonObject document)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = IsPretty, Encoder = Letters }))
        {
            document.WriteTo(json);
        }

        Writer.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    /// <summary>The document of a failure, with the words that a person reads.</summary>
    public static JsonObject Failure(ToolException failure)
    {
        var error = new JsonObject { ["kind"] = failure.Kind, ["message"] = failure.What, ["advice"] = failure.Advice };
        if (failure is RefusedException { Status: not 0 } refused)
        {
            error["status"] = Client.StatusNames.Of(refused.Status);
            error["reason"] = Client.ReasonNames.Of(refused.Reason);
            error["change"] = refused.Change;
        }

        return new JsonObject { ["version"] = Version, ["error"] = error };
    }
}
