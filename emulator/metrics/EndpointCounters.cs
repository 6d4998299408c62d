// Reads what one endpoint counts, on the thread that owns its board. Knows no name and no format.
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Metrics;

/// <summary>Counters of one owner at one moment; nothing of it changes any more.</summary>
/// <param name="Kind">What the owner is.</param>
/// <param name="Endpoint">Number of its endpoint, from 1.</param>
/// <param name="Function">Its name, such as pf0vf3; null for a port or an endpoint.</param>
/// <param name="Values">By column of <see cref="CounterFamilies"/>; each wraps at 2^64.</param>
internal sealed record CounterRow(OwnerKind Kind, string Endpoint, string? Function, ulong[] Values);

/// <summary>
/// Firmware's counters wrap at 2^32. They are extended to 64 bits here, which loses nothing as long as <see cref="Read"/> is called before one
/// of them grows by 2^32.
/// </summary>
internal sealed class EndpointCounters
{
    private readonly EmulatedBoard _board;
    private readonly FunctionNumbering _numbering;
    private readonly string _endpoint;
    private readonly string[] _names;
    private readonly bool[] _isShown;
    private readonly ulong[] _extended;
    private readonly uint[][] _ofFirmware;
    private ulong _eventsLost;

    /// <summary>Makes the reader of a board.</summary>
    /// <param name="number">Number of the endpoint, from 1.</param>
    public EndpointCounters(int number, EmulatedBoard board)
    {
        _board = board;
        _numbering = board.Firmware.Numbering;
        _endpoint = number.ToString(CultureInfo.InvariantCulture);
        Counters counters = board.Firmware.DataPath.Counters;

        // In the order of the columns.
        _ofFirmware =
        [
            counters.Turns, counters.Interrupts, counters.DeferredInterrupts, counters.LimitedInterrupts, counters.UnwantedInterrupts,
            counters.Notifications, counters.Broken, counters.DmaFaults,
        ];
        _extended = new ulong[_numbering.Count * _ofFirmware.Length];
        _isShown = new bool[_numbering.Count];
        _names = new string[_numbering.Count];
        for (int function = 0; function < _names.Length; function++)
        {
            string pf = string.Create(CultureInfo.InvariantCulture, $"pf{_numbering.PhysicalFunctionOf(function)}");
            _names[function] = _numbering.IsVirtual(function)
                ? string.Create(CultureInfo.InvariantCulture, $"{pf}vf{_numbering.VfNumberOf(function)}")
                : pf;
        }
    }

    /// <summary>The board.</summary>
    public EmulatedBoard Board => _board;

    /// <summary>Extends firmware's counters. On the thread of the board.</summary>
    public void Extend()
    {
        for (int function = 0; function < _names.Length; function++)
        {
            for (int counter = 0; counter < _ofFirmware.Length; counter++)
            {
                Extend(ref _extended[(function * _ofFirmware.Length) + counter], _ofFirmware[counter][function]);
            }
        }

        Extend(ref _eventsLost, _board.Firmware.DataPath.Events.Lost);
    }

    /// <summary>
    /// Reads every counter, on the thread of the board. A VF has a row from when a host has enabled it, and keeps it: no series ends while the
    /// emulator runs.
    /// </summary>
    /// <param name="rows">Receives the rows: VFs, then PFs, the port, the endpoint.</param>
    public void Read(ICollection<CounterRow> rows)
    {
        Extend();
        for (int function = _numbering.PhysicalFunctions; function < _names.Length; function++)
        {
            if (IsShown(function))
            {
                rows.Add(OfFunction(OwnerKind.VirtualFunction, function));
            }
        }

        for (int function = 0; function < _numbering.PhysicalFunctions; function++)
        {
            rows.Add(OfFunction(OwnerKind.PhysicalFunction, function));
        }

        rows.Add(new CounterRow(OwnerKind.Port, _endpoint, null, ReadPort()));

        Counters counters = _board.Firmware.DataPath.Counters;
        var whole = new ulong[CounterFamilies.EndpointColumns];
        whole[CounterFamilies.StrayNotifications] = (ulong)counters.StrayNotifications;
        whole[CounterFamilies.UnexpectedReports] = (ulong)counters.UnexpectedReports;
        whole[CounterFamilies.UnsuitableAccesses] = (ulong)counters.UnsuitableAccesses;
        whole[CounterFamilies.EventsLost] = _eventsLost;
        rows.Add(new CounterRow(OwnerKind.Endpoint, _endpoint, null, whole));
    }

    /// <summary>Name of a function, such as pf0vf3; of any other number, that it is the endpoint.</summary>
    public string NameOf(int function) => function < _names.Length ? _names[function] : "endpoint";

    /// <summary>Counters of a function by column, as they were last extended. On the thread of the board.</summary>
    public ulong[] ReadFunction(int function)
    {
        var values = new ulong[CounterFamilies.FunctionColumns];
        ReadHardware(function, values);
        for (int counter = 0; counter < _ofFirmware.Length; counter++)
        {
            values[CounterFamilies.FirstOfFirmware + counter] = _extended[(function * _ofFirmware.Length) + counter];
        }

        return values;
    }

    /// <summary>Counters of the wire by column. On the thread of the board.</summary>
    public ulong[] ReadPort()
    {
        var values = new ulong[CounterFamilies.PortColumns];
        ReadHardware(PacketSwitch.Port, values);
        return values;
    }

    // The low half of what has been counted is what firmware showed last: what it shows more, modulo 2^32, came since.
    internal static void Extend(ref ulong counted, uint shown) => counted += shown - (uint)counted;

    private bool IsShown(int function) =>
        _isShown[function] |= _numbering.VfNumberOf(function) < _board.Firmware.Sriov.VisibleVFs(_numbering.PhysicalFunctionOf(function))
            || HasCounted(function);

    // Enabled and disabled again between two looks.
    private bool HasCounted(int function)
    {
        ulong any = 0;
        for (int counter = 0; counter < Counter.Count; counter++)
        {
            any |= _board.Switch.Read(function, counter);
        }

        for (int counter = 0; counter < _ofFirmware.Length; counter++)
        {
            any |= _extended[(function * _ofFirmware.Length) + counter];
        }

        return any != 0;
    }

    private CounterRow OfFunction(OwnerKind kind, int function) => new(kind, _endpoint, _names[function], ReadFunction(function));

    private void ReadHardware(int function, ulong[] values)
    {
        for (int counter = 0; counter < Counter.Count; counter++)
        {
            values[counter] = _board.Switch.Read(function, counter);
        }
    }
}
