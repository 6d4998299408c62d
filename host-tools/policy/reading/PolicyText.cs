// The bytes of a policy file become text, or are refused: how many, UTF-8, characters that no line of YAML here needs. Knows no YAML.
using System;
using System.Buffers;
using System.IO;
using System.Text.Unicode;

namespace SmartNicFw.HostTools.Policy.Reading;

/// <summary>Reads a bounded text. A byte order mark of UTF-8 is taken off.</summary>
internal static class PolicyText
{
    /// <summary>Bytes of the largest file that is read: sixteen times what 4,100 functions with every attribute on a line of its own need.</summary>
    public const int MaxBytes = 1 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads to the end, or as far as is allowed and one byte more.</summary>
    public static byte[] Read(Stream stream)
    {
        byte[] bytes = new byte[MaxBytes + 1];
        int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes[..count];
    }

    /// <summary>Makes text of what was read.</summary>
    /// <param name="faults">Receives what is wrong with it; the text is not to be read further then.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, PolicyFaults faults)
    {
        if (bytes.Length > MaxBytes)
        {
            faults.Add(TextPosition.Start, $"the file is larger than {MaxBytes} bytes, which is the most that is read");
            return "";
        }

        bytes = bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
        char[] text = new char[bytes.Length];
        OperationStatus status = Utf8.ToUtf16(bytes, text, out int read, out int written, replaceInvalidSequences: false);
        var decoded = new string(text, 0, written);
        if (status != OperationStatus.Done)
        {
            faults.Add(EndOf(decoded), $"byte {bytes[read]:X2}h is not UTF-8 here");
            return decoded;
        }

        CheckCharacters(decoded, faults);
        return decoded;
    }

    private static TextPosition EndOf(string text)
    {
        int line = 1;
        int lineStart = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (IsEndOfLine(text, at))
            {
                line++;
                lineStart = at + 1;
            }
        }

        return new TextPosition(line, text.Length - lineStart + 1);
    }

    // Control characters end a YAML reader's text, or its lines, where an editor shows no end; a tab at the beginning of a line is no
    // indentation in YAML, and what follows would be misread.
    private static void CheckCharacters(string text, PolicyFaults faults)
    {
        int line = 1;
        int lineStart = 0;
        bool isIndentation = true;
        for (int at = 0; at < text.Length; at++)
        {
            char letter = text[at];
            var position = new TextPosition(line, at - lineStart + 1);
            if (IsEndOfLine(text, at))
            {
                line++;
                lineStart = at + 1;
                isIndentation = true;
            }
            else if (letter == '\t' && isIndentation)
            {
                faults.Add(position, "a tab indents; YAML takes spaces only");
                isIndentation = false;
            }
            else if ((char.IsControl(letter) && letter is not '\t' and not '\r') || letter is '\u2028' or '\u2029' or '\uFEFF')
            {
                faults.Add(position, $"character {(int)letter:X4}h cannot be in a policy");
            }
            else
            {
                isIndentation &= letter == ' ';
            }
        }
    }

    private static bool IsEndOfLine(string text, int at) =>
        text[at] == '\n' || (text[at] == '\r' && (at + 1 == text.Length || text[at + 1] != '\n'));
}
