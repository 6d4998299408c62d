// A table for people: columns where there is room, else a paragraph a row that loses nothing. Knows letters only.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace SmartNicFw.HostTools.Output;

/// <summary>
/// The first column names the row. Columns whose cells are all empty are left out. Where the terminal is narrower than the table each
/// row becomes a paragraph of "HEADING VALUE" pairs, wrapped: nothing is cut.
/// </summary>
/// <param name="headings">
/// One a column; numbers are put to the right where a heading begins with &gt;. A column whose heading begins with ? only explains the others:
/// it is left out where there is no room.
/// </param>
internal sealed class TextTable(params string[] headings)
{
    private const string Gap = "  ";
    private const char RightMark = '>';
    private const char RemarkMark = '?';
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row, with a cell for each heading.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Prints it.</summary>
    /// <param name="width">Letters a line.</param>
    public void Print(TextWriter writer, int width)
    {
        int[] columns = [.. Enumerable.Range(0, headings.Length).Where(column => column == 0 || _rows.Exists(row => row[column].Length > 0))];
        int[] widths = Widths(columns);
        if (!Fits(widths, width))
        {
            columns = [.. columns.Where(column => headings[column][0] != RemarkMark)];
            widths = Widths(columns);
        }

        if (Fits(widths, width))
        {
            PrintRow(writer, columns, widths, Heading);
            foreach (string[] row in _rows)
            {
                PrintRow(writer, columns, widths, column => row[column]);
            }

            return;
        }

        foreach (string[] row in _rows)
        {
            PrintParagraph(writer, width, row[0], columns[1..].Where(column => row[column].Length > 0).Select(column => $"{Heading(column).ToLowerInvariant()} {row[column]}"));
        }
    }

    /// <summary>Prints words behind a name, wrapped between words and indented from the second line on.</summary>
    /// <param name="words">Each stays on one line where the width allows.</param>
    /// <param name="indent">Spaces before the second line and those below.</param>
    public static void PrintParagraph(TextWriter writer, int width, string name, IEnumerable<string> words, int indent = 2)
    {
        string line = name;
        foreach (string word in words)
        {
            if (line.Length + Gap.Length + word.Length > width && line.Trim().Length > 0)
            {
                writer.WriteLine(line);
                line = new string(' ', indent) + word;
            }
            else
            {
                line += Gap + word;
            }
        }

        writer.WriteLine(line);
    }

    /// <summary>Cuts text into lines between its words.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }

    private string Heading(int column) => headings[column].TrimStart(RightMark, RemarkMark);

    private int[] Widths(int[] columns) => [.. columns.Select(column => _rows.Select(row => row[column].Length).Append(Heading(column).Length).Max())];

    private static bool Fits(int[] widths, int width) => widths.Sum() + (Gap.Length * (widths.Length - 1)) <= width;

    private void PrintRow(TextWriter writer, int[] columns, int[] widths, Func<int, string> cell)
    {
        IEnumerable<string> cells = columns.Select((column, at) =>
            headings[column][0] == RightMark ? cell(column).PadLeft(widths[at]) : cell(column).PadRight(widths[at]));
        writer.WriteLine(string.Join(Gap, cells).TrimEnd());
    }
}
