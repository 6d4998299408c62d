// The live picture of top on a terminal: its lines, and the keys that change them. Knows no layout and counts nothing.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading;
using SmartNicFw.HostTools.Client;
using SmartNicFw.HostTools.Output;
using SmartNicFw.HostTools.Watch;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace SmartNicFw.HostTools.Commands;

/// <summary>On the terminal's second screen, so that what was there comes back in the end, however it ends.</summary>
internal sealed class TopScreen(ManagementClient client, TopOrder order, string filter, TimeSpan pause, uint rounds)
{
    // Title, headings, keys, and the line that the cursor is in.
    private const int OtherLines = 4;
    private const string Keys = "q quit  n t r d i sort  v reverse  / filter  up down scroll";
    private const string ShortKeys = "q quit  s sort  / filter";
    private static readonly TimeSpan KeyPause = TimeSpan.FromMilliseconds(30);
    private static readonly Style Bright = new(decoration: Decoration.Bold);
    private static readonly Style Dim = new(Color.Grey);
    private static readonly Style Bad = new(Color.Red);

    private readonly RateMeter _meter = new();
    private readonly bool _isAscii = Console.OutputEncoding.CodePage != Encoding.UTF8.CodePage;
    private IReadOnlyList<FunctionRates> _rates = [];
    private TopOrder _order = order;
    private string _filter = filter;
    private bool _isReversed;
    private bool _isTyping;
    private int _first;
    private bool _isOver;

    /// <summary>Shows it until q, Ctrl-C, or as many intervals as were asked for.</summary>
    public void Go()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = Terminal.HasColour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        });
        void End(object? sender, ConsoleCancelEventArgs pressed)
        {
            pressed.Cancel = true;
            _isOver = true;
        }

        Console.CancelKeyPress += End;
        try
        {
            console.AlternateScreen(() => console.Live(new Text("")).Overflow(VerticalOverflow.Crop).Start(live => Run(console, live)));
        }
        finally
        {
            Console.CancelKeyPress -= End;
        }
    }

    private void Run(IAnsiConsole console, LiveDisplayContext live)
    {
        _ = _meter.Take(CounterSample.Read(client, []));
        Show(console, live);
        for (uint round = 0; round < rounds && !_isOver; round++)
        {
            long start = Stopwatch.GetTimestamp();
            while (!_isOver && Stopwatch.GetElapsedTime(start) < pause)
            {
                if (TakeKeys())
                {
                    Show(console, live);
                }

                Thread.Sleep(KeyPause);
            }

            if (!_isOver)
            {
                _rates = _meter.Take(CounterSample.Read(client, []));
                Show(console, live);
            }
        }
    }

    private void Show(IAnsiConsole console, LiveDisplayContext live)
    {
        int width = Math.Min(Terminal.Width, console.Profile.Width);
        console.Profile.Width = width;
        int lines = Math.Max(1, Console.WindowHeight - OtherLines);
        IReadOnlyList<FunctionRates> rows = TopTable.Rows(_rates, _order, _isReversed, _filter);
        _first = Math.Clamp(_first, 0, Math.Max(0, rows.Count - lines));
        IReadOnlyList<TopColumn> columns = TopTable.Columns(width, _rates, _isAscii);
        var table = new Table().NoBorder().Collapse();
        foreach (TopColumn column in columns)
        {
            var shown = new TableColumn(new Text(column.Heading, Bright)) { Width = column.Width, NoWrap = true, Padding = new Padding(0, 0, column == columns[^1] ? 0 : TopTable.Gap, 0) };
            _ = table.AddColumn(column.IsRight ? shown.RightAligned() : shown);
        }

        foreach (FunctionRates row in rows.Skip(_first).Take(lines))
        {
            _ = table.AddRow(columns.Select(column => (IRenderable)new Text(column.Cell(row), StyleOf(column, row))));
        }

        live.UpdateTarget(new Rows(Line(Title(rows, lines, width), width, Bright), table, Line(Footer(width), width, Dim)));
        live.Refresh();
    }

    private static Text Line(string text, int width, Style style) =>
        new(text.Length <= width ? text : text[..width], style) { Overflow = Overflow.Crop };

    private static Style StyleOf(TopColumn column, FunctionRates row) =>
        column.Heading == TopTable.DropHeading && row.Drops > 0 ? Bad
        : row.TxBits == 0 && row.RxBits == 0 ? Dim
        : Style.Plain;

    private string Title(IReadOnlyList<FunctionRates> rows, int lines, int width)
    {
        string sums = $"tx {TopTable.Rate(_rates.Sum(rate => rate.TxBits), "bit/s")}  rx {TopTable.Rate(_rates.Sum(rate => rate.RxBits), "bit/s")}";
        string place = rows.Count > lines
            ? string.Create(CultureInfo.InvariantCulture, $"  {_first + 1}-{Math.Min(rows.Count, _first + lines)} of {rows.Count}")
            : string.Create(CultureInfo.InvariantCulture, $"  {rows.Count} function{(rows.Count == 1 ? "" : "s")}");
        string order = $"  by {TopTable.Orders.First(known => known.Value == _order).Key}{(_isReversed ? " reversed" : "")}";
        return sums.Length + place.Length + order.Length <= width ? sums + place + order : sums.Length + order.Length <= width ? sums + order : sums;
    }

    private string Footer(int width) =>
        _isTyping || _filter.Length > 0 ? $"filter: {_filter}{(_isTyping ? "_" : "")}"
        : width < Keys.Length ? ShortKeys
        : Keys;

    // True when something that is shown has changed.
    private bool TakeKeys()
    {
        bool hasChanged = false;
        while (!Console.IsInputRedirected && !_isOver && Console.KeyAvailable)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            hasChanged = true;
            if (_isTyping)
            {
                Type(key);
            }
            else
            {
                Press(key);
            }
        }

        return hasChanged;
    }

    private void Type(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                _isTyping = false;
                break;
            case ConsoleKey.Escape:
                (_isTyping, _filter) = (false, "");
                break;
            case ConsoleKey.Backspace:
                _filter = _filter.Length == 0 ? "" : _filter[..^1];
                break;
            default:
                _filter += char.IsAsciiLetterOrDigit(key.KeyChar) ? key.KeyChar : "";
                break;
        }
    }

    private void Press(ConsoleKeyInfo key)
    {
        int page = Math.Max(1, Console.WindowHeight - OtherLines);
        switch (key.Key)
        {
            case ConsoleKey.Q or ConsoleKey.Escape:
                _isOver = true;
                break;
            case ConsoleKey.N:
                _order = TopOrder.Name;
                break;
            case ConsoleKey.T:
                _order = TopOrder.Tx;
                break;
            case ConsoleKey.R:
                _order = TopOrder.Rx;
                break;
            case ConsoleKey.D:
                _order = TopOrder.Drops;
                break;
            case ConsoleKey.I:
                _order = TopOrder.Interrupts;
                break;
            case ConsoleKey.S:
                _order = (TopOrder)(((int)_order + 1) % Enum.GetValues<TopOrder>().Length);
                break;
            case ConsoleKey.V:
                _isReversed = !_isReversed;
                break;
            case ConsoleKey.UpArrow:
                _first--;
                break;
            case ConsoleKey.DownArrow:
                _first++;
                break;
            case ConsoleKey.PageUp:
                _first -= page;
                break;
            case ConsoleKey.PageDown:
                _first += page;
                break;
            case ConsoleKey.Home:
                _first = 0;
                break;
            default:
                _isTyping = key.KeyChar is '/' or 'f';
                _filter = _isTyping ? "" : _filter;
                break;
        }
    }
}
