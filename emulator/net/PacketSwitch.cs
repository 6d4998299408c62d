// The switch: for each frame, whether it may pass and to whom. Knows no ring and no port; PacketSwitch.Table has what firmware sets.
using System;
using System.Runtime.CompilerServices;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <summary>
/// Forwards by destination address and VLAN between functions and one port. Frames of a function with a port VLAN are in
/// that VLAN without bearing its tag; frames of others are in the VLAN of their outer tag. A function with a port VLAN neither
/// sends nor receives a tag, but for a customer tag within a service tag. A frame never returns to where it came from, and each look-up costs its destinations, not the
/// number of functions. Nothing is allocated and nothing thrown on what a frame contains. One thread owns it.
/// </summary>
public sealed partial class PacketSwitch : ISwitchTable, ICounterPort
{
    /// <summary>The port, where a function is asked for.</summary>
    public const int Port = -1;

    /// <summary>
    /// Longest frame, bytes: the largest that VIRTIO lets a driver send, with two VLAN tags. Source: VIRTIO 1.4, 5.1.6.3.
    /// </summary>
    public const int MaxFrameBytes = 65589 + (FrameHeader.MaxTags * Ethernet.TagBytes);

    // Set in the number of a VLAN of service tags: 100 of them and 100 of the customer's are two.
    private const int ServiceVlan = 0x1000;

    // 01:80:C2:00:00:00 to 0F, which no bridge forwards (IEEE 802.1Q, table 8-1), and among them pause (IEEE 802.3, 31A).
    private const ulong LinkControlMask = 0xF0FF_FFFF_FFFF;
    private const ulong LinkControl = 0x0000_00C2_8001;
    private const ulong PauseAddress = 0x0100_00C2_8001;

    /// <summary>Makes a switch whose functions are all disabled.</summary>
    /// <param name="functions">Number of functions, 1 upwards.</param>
    public PacketSwitch(int functions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(functions, 1);
        FunctionCount = functions;
        _functions = new FunctionState[functions];
        _filters = new ulong[functions][];
        _vlans = new ulong[functions * VlanWords];
        _steering = new FlowSteering[functions];
        _owners = new MacTable(functions * (1 + (2 * MaxFilterEntries)));
        _unicastTakers = new int[functions];
        _multicastTakers = new int[functions];
        _broadcastTakers = new int[functions];
        _marks = new uint[functions];
        _counters = new ulong[(functions + 1) * CounterStride];
    }

    /// <summary>Number of functions.</summary>
    public int FunctionCount { get; }

    /// <summary>
    /// Says what becomes of a frame, and counts it at its sender: as transmitted when it goes anywhere, as a drop by cause
    /// otherwise.
    /// </summary>
    /// <param name="sourceFunction">The sender, or <see cref="Port"/>.</param>
    /// <param name="headerPrefix">The first bytes of the frame: 22 are enough for this look-up, all of a shorter frame.</param>
    /// <param name="frameLength">Bytes of the whole frame, without VIRTIO header and check sequence.</param>
    /// <param name="result">Receives the destinations of a frame that is forwarded; of another it is left empty.</param>
    public SwitchVerdict Classify(int sourceFunction, ReadOnlySpan<byte> headerPrefix, int frameLength, Destinations result)
    {
        result.Count = 0;
        result.ToPort = false;
        result.PortEdit = VlanEdit.None;
        result.Tag = 0;
        SwitchVerdict verdict = Forward(sourceFunction, headerPrefix, frameLength, result);
        if (verdict == SwitchVerdict.Forward)
        {
            CountTransmitted(sourceFunction, 1, frameLength, Math.Max(frameLength, Ethernet.MinFrameBytes));
        }
        else
        {
            _counters[((sourceFunction + 1) * CounterStride) + (int)verdict]++;
        }

        return verdict;
    }

    private SwitchVerdict Forward(int source, ReadOnlySpan<byte> prefix, int frameLength, Destinations result)
    {
        if ((uint)frameLength > MaxFrameBytes || prefix.Length > frameLength)
        {
            return SwitchVerdict.DropMalformed;
        }

        HeaderFault fault = FrameHeader.ParseEthernet(prefix, out FrameHeader header);
        if (fault != HeaderFault.None)
        {
            return fault == HeaderFault.TooManyTags ? SwitchVerdict.DropVlan : SwitchVerdict.DropMalformed;
        }

        // An address of a group, or none, is nobody's source (IEEE 802.3, 3.2.3).
        if ((header.Source & 1) != 0 || header.Source == 0)
        {
            return SwitchVerdict.DropMalformed;
        }

        int vlan = header.IsServiceTag && header.Vlan != 0 ? header.Vlan | ServiceVlan : header.Vlan;
        var frame = new Passage { Source = source, Vlan = vlan, TagCount = header.TagCount };
        SwitchVerdict verdict = source == Port ? AdmitFromPort(header) : AdmitFromFunction(header, ref frame, result);
        if (verdict != SwitchVerdict.Forward)
        {
            return verdict;
        }

        bool isKnown = false;
        if (header.IsBroadcast)
        {
            Offer(_broadcastTakers, _broadcastCount, frame, result);
        }
        else
        {
            isKnown = OfferOwners(header.Destination, frame, result);
        }

        // Unicast that a function owns stays inside; everything else that a function sends leaves through the port too.
        if (source != Port && (header.IsGroup || !isKnown))
        {
            result.ToPort = true;
            result.PortEdit = frame.IsInserted ? VlanEdit.Insert : VlanEdit.None;
        }

        return result.ToPort || result.Count != 0 ? SwitchVerdict.Forward : SwitchVerdict.DropNoDestination;
    }

    // Tags that a function in a port VLAN has in its own frames: a customer's within a service tag.
    private static int TagsWithin(int portVlan) => (portVlan & ServiceVlan) == 0 ? 0 : 1;

    // Pause ends at the link; other frames for the link's addresses may be of use to a function that asked for them.
    private static SwitchVerdict AdmitFromPort(in FrameHeader header) =>
        header.Destination == PauseAddress || header.EtherType == Ethernet.TypeMacControl
            ? SwitchVerdict.DropControlFrame
            : SwitchVerdict.Forward;

    private SwitchVerdict AdmitFromFunction(in FrameHeader header, ref Passage frame, Destinations result)
    {
        ref FunctionState sender = ref _functions[frame.Source];
        if (!sender.IsEnabled)
        {
            return SwitchVerdict.DropNoDestination;
        }

        if (sender.IsLinkDown)
        {
            return SwitchVerdict.DropLinkDown;
        }

        if ((header.Destination & LinkControlMask) == LinkControl
            || header.EtherType is Ethernet.TypeMacControl or Ethernet.TypeLldp)
        {
            return SwitchVerdict.DropControlFrame;
        }

        if (sender.IsSpoofChecked && header.Source != sender.Mac)
        {
            return SwitchVerdict.DropSpoofed;
        }

        if (sender.PortVlan != 0)
        {
            if (header.TagCount > TagsWithin(sender.PortVlan) || header.IsServiceTag)
            {
                return SwitchVerdict.DropVlan;
            }

            frame.IsInserted = true;
            frame.Vlan = sender.PortVlan;
            result.Tag = sender.Tag;
        }

        return SwitchVerdict.Forward;
    }

    // Owners of the address, in the frame's VLAN and among those without a port VLAN; then those who take all.
    private bool OfferOwners(ulong destination, in Passage frame, Destinations result)
    {
        bool isGroup = (destination & 1) != 0;
        int takers = isGroup ? _multicastCount : _unicastCount;
        if (takers != 0)
        {
            NextMark();
        }

        int refusal = isGroup ? ReceiveMode.NoMulticast : ReceiveMode.NoUnicast;
        int first = _owners.Find(MacTable.Key(destination, 0));
        int second = frame.Vlan != 0 && _portVlanFunctions != 0 ? _owners.Find(MacTable.Key(destination, frame.Vlan)) : MacTable.None;

        // Somebody's own: who only lists the address gets it if it is trusted.
        ulong own = !isGroup && (HasOwn(first, destination) || HasOwn(second, destination)) ? destination : 0;
        bool isKnown = OfferChain(first, refusal, takers != 0, own, frame, result);
        isKnown |= OfferChain(second, refusal, takers != 0, own, frame, result);

        if (takers != 0)
        {
            OfferUnmarked(isGroup ? _multicastTakers : _unicastTakers, takers, frame, result);
        }

        return isKnown;
    }

    private bool OfferChain(int entry, int refusal, bool isMarking, ulong own, in Passage frame, Destinations result)
    {
        bool isKnown = entry != MacTable.None;
        for (; entry != MacTable.None; entry = _owners.Next(entry))
        {
            int function = _owners.Owner(entry);
            ref FunctionState owner = ref _functions[function];
            if (((owner.Mode & refusal) != 0 && (owner.Mode & ReceiveMode.Promiscuous) == 0)
                || (own != 0 && own != owner.Mac && !owner.IsTrusted))
            {
                continue;
            }

            if (isMarking)
            {
                _marks[function] = _mark;
            }

            Deliver(function, frame, result);
        }

        return isKnown;
    }

    private bool HasOwn(int entry, ulong destination)
    {
        for (; entry != MacTable.None; entry = _owners.Next(entry))
        {
            if (_functions[_owners.Owner(entry)].Mac == destination)
            {
                return true;
            }
        }

        return false;
    }

    private void Offer(int[] takers, int count, in Passage frame, Destinations result)
    {
        for (int index = 0; index < count; index++)
        {
            Deliver(takers[index], frame, result);
        }
    }

    private void OfferUnmarked(int[] takers, int count, in Passage frame, Destinations result)
    {
        for (int index = 0; index < count; index++)
        {
            if (_marks[takers[index]] != _mark)
            {
                Deliver(takers[index], frame, result);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Deliver(int function, in Passage frame, Destinations result)
    {
        if (function == frame.Source)
        {
            return;
        }

        ref FunctionState receiver = ref _functions[function];
        if (receiver.IsLinkDown)
        {
            CountDropped(function, Counter.DroppedLinkDown);
            return;
        }

        VlanEdit edit = VlanEdit.None;
        if (receiver.PortVlan != 0)
        {
            // Of the same protocol too; and after one strip with no more tags than the function may send.
            int tags = frame.IsInserted ? frame.TagCount : frame.TagCount - 1;
            if (receiver.PortVlan != frame.Vlan || tags > TagsWithin(receiver.PortVlan))
            {
                return;
            }

            edit = frame.IsInserted ? VlanEdit.None : VlanEdit.Strip;
        }
        else
        {
            // A priority tag (VLAN 0) names no VLAN, and a service tag none that the driver's filter knows.
            if (receiver.IsVlanFiltered && frame.Vlan is > 0 and < ServiceVlan && !IsMember(function, frame.Vlan))
            {
                return;
            }

            edit = frame.IsInserted ? VlanEdit.Insert : VlanEdit.None;
        }

        int place = result.Count;
        result.Functions[place] = function;
        result.Edits[place] = edit;
        result.Count = place + 1;
    }

    // Marks tell who was offered a frame as an owner; when the number wraps, old marks must not look new.
    private void NextMark()
    {
        if (++_mark == 0)
        {
            Array.Clear(_marks);
            _mark = 1;
        }
    }

    /// <summary>What delivery needs to know of a frame.</summary>
    private ref struct Passage
    {
        public int Source;
        public int Vlan;
        public int TagCount;
        public bool IsInserted;
    }
}
