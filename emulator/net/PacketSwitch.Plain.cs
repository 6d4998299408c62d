// The short way through the switch: frames without a tag to one owner of their address. Decides nothing of its own: what it does
// not know to be forwarded unchanged to one function is left to Classify.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Emulator.Net;

/// <content>Plain frames.</content>
public sealed partial class PacketSwitch
{
    /// <summary>A frame is not plain.</summary>
    public const int NotPlain = -1;

    // Addresses and type.
    private static readonly Vector128<byte> HeaderBits =
        Vector128.Create(ulong.MaxValue, 0x0000_FFFF_FFFF_FFFF).AsByte();

    // The header that was looked up last, its sender, and where it goes; no frame of a function has the sender -1.
    private Vector128<byte> _lastHeader;
    private int _lastSource = Port;
    private int _lastFunction;

    /// <summary>
    /// Looks up a frame that a function sends, by its first 16 bytes. Nothing is counted: the caller counts what it moves by
    /// <see cref="CountTransmitted"/>.
    /// </summary>
    /// <param name="source">The sender.</param>
    /// <param name="head">First 16 bytes of a frame of no more than <see cref="MaxFrameBytes"/>.</param>
    /// <returns>
    /// The one function that receives it, with no edit; <see cref="NotPlain"/> when there may be another answer, which
    /// <see cref="Classify"/> then gives.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindPlain(int source, Vector128<byte> head)
    {
        Vector128<byte> header = head & HeaderBits;
        return source == _lastSource && header == _lastHeader ? _lastFunction : FindPlainAnew(source, header);
    }

    /// <summary>Counts frames that a function has sent.</summary>
    /// <param name="function">The sender.</param>
    /// <param name="frames">Frames, 0 upwards.</param>
    /// <param name="bytes">Their bytes, without VIRTIO headers.</param>
    public void CountTransmitted(int function, int frames, long bytes)
    {
        int row = (function + 1) * CounterStride;
        _counters[row + Counter.TransmittedFrames] += (uint)frames;
        _counters[row + Counter.TransmittedBytes] += (ulong)bytes;
    }

    private int FindPlainAnew(int source, Vector128<byte> header)
    {
        ulong low = header.AsUInt64().GetElement(0);
        ulong high = header.AsUInt64().GetElement(1);
        ulong destination = low & Ethernet.AddressMask;
        ulong address = (low >> 48) | ((high & 0xFFFF_FFFF) << 16);
        int type = (int)(((high >> 24) & 0xFF00) | ((high >> 40) & 0xFF));
        int function = FindPlainOwner(source, destination, address, type);
        if (function != NotPlain)
        {
            _lastHeader = header;
            _lastSource = source;
            _lastFunction = function;
        }

        return function;
    }

    private int FindPlainOwner(int source, ulong destination, ulong address, int type)
    {
        ref FunctionState sender = ref _functions[source];
        if (!sender.IsEnabled || (destination & 1) != 0 || (address & 1) != 0 || address == 0
            || (sender.IsSpoofChecked && address != sender.Mac) || _unicastCount != 0
            || type is Ethernet.TypeVlan or Ethernet.TypeServiceVlan or Ethernet.TypeMacControl or Ethernet.TypeLldp)
        {
            return NotPlain;
        }

        // In a port VLAN its owners are those of the same VLAN; an owner without a port VLAN would get a tag.
        int entry = _owners.Find(MacTable.Key(destination, sender.PortVlan));
        if (entry == MacTable.None || _owners.Next(entry) != MacTable.None
            || (sender.PortVlan != 0 && _owners.Find(MacTable.Key(destination, 0)) != MacTable.None))
        {
            return NotPlain;
        }

        int function = _owners.Owner(entry);
        int mode = _functions[function].Mode;
        bool isRefused = (mode & ReceiveMode.NoUnicast) != 0 && (mode & ReceiveMode.Promiscuous) == 0;
        return function == source || isRefused || IsSteered(function) ? NotPlain : function;
    }

    private void ForgetPlain() => _lastSource = Port;
}
