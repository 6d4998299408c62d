// Reads what a page shows on the thread that owns the boards, for whoever asks from any thread. Knows no format and no connection.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.Metrics;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Firmware.Arbitration;
using SmartNicFw.Firmware.Config;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Web;

/// <summary>All endpoints at one moment, and their text, which is written once however many ask.</summary>
internal sealed class PictureReading(string run, IReadOnlyList<EndpointPicture> endpoints)
{
    private readonly Lazy<byte[]> _json = new(() => PictureJson.Write(run, endpoints));

    /// <summary>The endpoints.</summary>
    public IReadOnlyList<EndpointPicture> Endpoints => endpoints;

    /// <summary>Them as the page reads them.</summary>
    public byte[] Json => _json.Value;
}

/// <summary>However many browsers look, the boards are read once in <see cref="Freshness"/> at the most.</summary>
internal sealed class PictureReader : IDisposable
{
    /// <summary>Age up to which a reading is told again: browsers ask once a second, and not at the same time.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(400);

    private const int MaxEvents = 20;

    private readonly IReadOnlyList<EndpointCounters> _endpoints;
    private readonly IReadOnlyList<EndpointTitle> _titles;
    private readonly SharedReading<PictureReading> _reading;

    // Another one after a restart, when counters begin again.
    private readonly string _run = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));

    /// <summary>Makes the way to some boards.</summary>
    /// <param name="loop">The loop that the boards live on.</param>
    /// <param name="counters">Who reads their counters.</param>
    /// <param name="titles">What each endpoint is called.</param>
    /// <exception cref="Win32Exception">The process has no room for another descriptor.</exception>
    public PictureReader(ControllerLoop loop, CounterReader counters, IReadOnlyList<EndpointTitle> titles)
    {
        _endpoints = counters.Endpoints;
        _titles = titles;
        _reading = new SharedReading<PictureReading>(loop, Freshness, Read);
    }

    /// <summary>Asks for the endpoints, from any thread but the loop's.</summary>
    /// <exception cref="OperationCanceledException">The reader has been disposed.</exception>
    public Task<PictureReading> ReadAsync() => _reading.ReadAsync();

    /// <summary>Reads no more. After the loop has ended, or on its thread.</summary>
    public void Dispose() => _reading.Dispose();

    /// <summary>Reads every board, on the thread that owns them.</summary>
    internal PictureReading Read()
    {
        var endpoints = new EndpointPicture[_endpoints.Count];
        for (int index = 0; index < endpoints.Length; index++)
        {
            endpoints[index] = ReadEndpoint(index);
        }

        return new PictureReading(_run, endpoints);
    }

    private EndpointPicture ReadEndpoint(int index)
    {
        EndpointCounters counters = _endpoints[index];
        EmulatedBoard board = counters.Board;
        ArbitrationPolicy arbitration = board.Firmware.DataPath.Arbitration;
        counters.Extend();
        List<FunctionPicture> functions = ReadFunctions(counters);
        bool isLinkUp = board.Engine.Port is { IsLinkUp: true };
        List<HealthReason> reasons = [];
        string health = HealthTexts.Read(counters, reasons);
        return new EndpointPicture
        {
            Number = index + 1,
            Title = _titles[index],
            TimeUs = board.Clock.NowUs,
            TotalVFs = board.Firmware.Numbering.TotalVFs * board.Firmware.Numbering.PhysicalFunctions,
            IsLinkUp = isLinkUp,
            PortMbps = board.Configuration.EthernetMbps,
            PortLimitMbps = arbitration.GroupLimit(ArbitrationPolicy.Port),
            PortCounts = counters.ReadPort(),
            Health = health,
            Reasons = reasons,
            Groups = ReadGroups(arbitration, board.Firmware.DataPath.Control.Table),
            Functions = functions,
            Events = ReadEvents(counters, board.Firmware.DataPath.Events),
        };
    }

    private static List<FunctionPicture> ReadFunctions(EndpointCounters counters)
    {
        EmulatedBoard board = counters.Board;
        FunctionNumbering numbering = board.Firmware.Numbering;
        ArbitrationPolicy arbitration = board.Firmware.DataPath.Arbitration;
        TransmitScheduler transmit = board.Firmware.DataPath.Pending.Transmit;
        List<FunctionPicture> functions = [];
        for (int function = 0; function < numbering.Count; function++)
        {
            bool isVirtual = numbering.IsVirtual(function);
            if (isVirtual && numbering.VfNumberOf(function) >= board.Firmware.Sriov.VisibleVFs(numbering.PhysicalFunctionOf(function)))
            {
                continue;
            }

            ulong[] counts = counters.ReadFunction(function);
            functions.Add(new FunctionPicture(
                counters.NameOf(function), isVirtual, StateOf(board, function), board.Firmware.DataPath.State.Mac[function],
                NetworkOf(board.Firmware.DataPath.Control.Table, function), arbitration.GroupOf(function), transmit.Classes.ClassOf(arbitration.Priority(function)), arbitration.Priority(function),
                new SharePicture(arbitration.Weight(function), arbitration.Limit(function), arbitration.Guarantee(function)),
                transmit.HasWork(function),
                board.Switch.ReadPaddedBytes(function) + (counts[Hal.Contracts.Counter.TransmittedFrames] * EthernetLine.OverheadBytes),
                counts));
        }

        return functions;
    }

    private static string StateOf(EmulatedBoard board, int function) => (int)board.Firmware.DataPath.State.Status[function] switch
    {
        _ when !board.Firmware.Resets.IsReady(function) => FunctionState.Resetting,
        0 => FunctionState.Absent,
        int status when (status & VirtioDeviceStatus.Failed) != 0 => FunctionState.Failed,
        int status when (status & VirtioDeviceStatus.DeviceNeedsReset) != 0 => FunctionState.NeedsReset,
        int status when (status & VirtioDeviceStatus.DriverOk) != 0 => FunctionState.Running,
        _ => FunctionState.Starting,
    };

    private static NetworkPicture NetworkOf(PolicyTable table, int function)
    {
        uint vlan = table.Vlan[function];
        return new NetworkPicture(
            (int)(vlan & ManagementVlan.IdMask), vlan >> ManagementVlan.ProtocolShift == ManagementVlan.Ieee8021Ad,
            table.Has(function, PolicyTable.SpoofChecked), table.Has(function, PolicyTable.Trusted), table.LinkState[function]);
    }

    private static List<GroupPicture> ReadGroups(ArbitrationPolicy arbitration, PolicyTable table)
    {
        List<GroupPicture> groups = [];
        for (int group = 1; group < table.Groups; group++)
        {
            if (arbitration.Exists(group))
            {
                groups.Add(new GroupPicture(
                    group, NameOf(table, group), arbitration.ParentOf(group),
                    new SharePicture(arbitration.GroupWeight(group), arbitration.GroupLimit(group), arbitration.GroupGuarantee(group))));
            }
        }

        return groups;
    }

    // Zeros behind a name are none of it; a group without a name is called by its number.
    private static string NameOf(PolicyTable table, int group)
    {
        ReadOnlySpan<byte> name = table.Names.AsSpan(group * ManagementRateGroup.NameBytes, ManagementRateGroup.NameBytes).TrimEnd((byte)0);
        return name.IsEmpty ? group.ToString(CultureInfo.InvariantCulture) : Encoding.UTF8.GetString(name);
    }

    private static List<EventPicture> ReadEvents(EndpointCounters counters, EventRing ring)
    {
        List<EventPicture> events = [];
        for (int position = ring.Count - 1; position >= 0 && events.Count < MaxEvents; position--)
        {
            events.Add(new EventPicture(
                ring.Lost + (ulong)position, ring.LastUs(position), ring.Times(position), counters.NameOf(ring.Function(position)),
                EventTexts.Of(ring.Kind(position), ring.Detail(position))));
        }

        return events;
    }
}
