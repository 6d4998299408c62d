// A root port and the endpoint in its slot: where a request from above goes, and what a hand at the slot does.
using System;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>
/// Routes configuration requests to the port, to the bus right behind it (type 0) or to those further down (type 1), and
/// memory requests through the port's windows. Whoever is above (a root complex, a VMD controller) says where the port is.
/// Source: PCI Express Base Specification 5.0, 2.3.2 (retry status), 7.3.1 and 7.3.3 (routing).
/// </summary>
public sealed class EndpointSlot
{
    private const uint AllOnes = 0xFFFFFFFF;

    // What the vendor ID doubleword reads while the function asks for a retry and the root port shows it (2.3.2).
    private const uint RetryVendorId = 0xFFFF0001;
    private const long RetryIntervalUs = 10;

    private readonly EmulatedBoard _board;
    private readonly PciAddress _portAddress;
    private readonly ConfigRequest _request = new();
    private int _tag;

    /// <summary>Puts a board into the slot of a new port.</summary>
    /// <param name="portAddress">Where the port is.</param>
    /// <param name="supportsAri">Whether the port can forward to more than eight functions.</param>
    /// <param name="slotNumber">Physical Slot Number, 0 to 8191.</param>
    public EndpointSlot(EmulatedBoard board, PciAddress portAddress, bool supportsAri = true, int slotNumber = 1)
    {
        ArgumentNullException.ThrowIfNull(board);
        _board = board;
        _portAddress = portAddress;
        Port = new RootPort(board.Configuration.LinkSpeed, board.Configuration.LinkWidth, supportsAri, slotNumber);
    }

    /// <summary>The root port.</summary>
    public RootPort Port { get; }

    /// <summary>Requests that had to be sent again because the function answered with retry status.</summary>
    public long Retries { get; private set; }

    /// <summary>Makes a configuration access within one doubleword.</summary>
    /// <param name="offset">Offset of the doubleword, bytes.</param>
    /// <param name="byteEnables">Bit n for byte n.</param>
    /// <param name="data">What is written; ignored by a read.</param>
    /// <returns>What a read yields: all ones when nothing answers.</returns>
    public uint Transact(PciAddress address, int offset, int byteEnables, bool isWrite, uint data)
    {
        if (address == _portAddress)
        {
            return AccessPort(offset, byteEnables, isWrite, data);
        }

        bool isType1 = address.Bus != Port.SecondaryBus;
        if (!IsBehindPort(address, isType1))
        {
            return AllOnes;
        }

        _request.IsWrite = isWrite;
        _request.IsType1 = isType1;
        _request.RoutingId = address.Value;
        _request.Tag = _tag++ & 0xFF;
        _request.RegisterOffset = offset;
        _request.ByteEnables = byteEnables;
        _request.Data = data;
        return Send(_request);
    }

    /// <summary>Finds the function that a memory address reaches through the port.</summary>
    /// <returns>Null when the port does not forward it or no function answers.</returns>
    public DecodedAddress? Decode(ulong address) => Port.Forwards(address) ? _board.Comparators.Decode(address) : null;

    /// <summary>
    /// Pulls the endpoint out, as a hand does: its power is gone at once, it reads all ones, it moves nothing and it sends
    /// nothing any more; then the port tells its host.
    /// </summary>
    /// <returns>False, and nothing happened, when the slot is empty.</returns>
    public bool Unplug()
    {
        if (!Port.IsOccupied)
        {
            return false;
        }

        _board.PowerOff();
        return Port.Remove();
    }

    /// <summary>Puts the endpoint back: it starts with a fundamental reset, and the port tells its host.</summary>
    /// <returns>False, and nothing happened, when the slot is occupied.</returns>
    public bool Plug()
    {
        if (Port.IsOccupied)
        {
            return false;
        }

        _board.PowerOn();
        return Port.Insert();
    }

    /// <summary>Resets the port and, by a fundamental reset, the endpoint behind it: afterwards it moves nothing.</summary>
    public void Reset()
    {
        Port.Reset();
        _board.Reset(LinkEvent.FundamentalReset);
    }

    private uint Send(ConfigRequest request)
    {
        long deadlineUs = _board.Clock.NowUs + PciExpressCapability.ReadyDeadlineUs;
        while (true)
        {
            ConfigCompletion completion = _board.Complete(request);
            if (completion.Status == CompletionStatus.Successful)
            {
                return completion.Data;
            }

            if (completion.Status != CompletionStatus.ConfigurationRequestRetry || _board.Clock.NowUs >= deadlineUs)
            {
                return AllOnes;
            }

            if (Port.ShowsRetries && !request.IsWrite && request.RegisterOffset == PciConfigHeader.VendorIdOffset)
            {
                return RetryVendorId;
            }

            // The root complex sends the request again as a new one until the function is ready (2.3.2).
            Retries++;
            _board.Clock.Pass(RetryIntervalUs);
        }
    }

    private bool IsBehindPort(PciAddress address, bool isType1)
    {
        if (!Port.IsLinkActive || Port.SecondaryBus == 0 || address.Bus < Port.SecondaryBus || address.Bus > Port.SubordinateBus)
        {
            return false;
        }

        // Without ARI Forwarding only device 0 is on the link; the port itself ends requests for any other (7.3.1).
        return isType1 || Port.ForwardsAri || address.Devfn < RoutingId.FunctionsPerDevice;
    }

    private uint AccessPort(int offset, int byteEnables, bool isWrite, uint data)
    {
        if (!isWrite)
        {
            return Port.Read(offset);
        }

        bool wasReset = Port.HoldsReset;
        Port.Write(offset, data, byteEnables);
        if (Port.HoldsReset && !wasReset)
        {
            // The endpoint is in reset before the write is over, so that nothing of it moves afterwards.
            _board.Reset(LinkEvent.HotReset);
        }

        return 0;
    }
}
