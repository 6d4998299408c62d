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

    // Answers that are kept, a power of 2. A frame of a guest can push out another's answer, and costs a look-up then.
    private const int PlainAnswers = 256;

    private readonly PlainAnswer[] _plainAnswers = new PlainAnswer[PlainAnswers];

    // Answers of another generation are none: the table has changed since.
    private int _plainGeneration = 1;

    /// <summary>Addresses and type of a frame, out of its first 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HeaderOf(Vector128<byte> head) =>
        head & Vector128.Create(ulong.MaxValue, 0x0000_FFFF_FFFF_FFFF).AsByte();

    /// <summary>
    /// Looks up a frame that a function sends, by addresses and type. Nothing is counted: the caller counts what it moves by
    /// <see cref="CountTransmitted"/>.
    /// </summary>
    /// <param name="source">The sender.</param>
    /// <param name="header">From <see cref="HeaderOf"/>, of a frame of 16 to <see cref="MaxFrameBytes"/> bytes.</param>
    /// <returns>
    /// The one function that receives it, with no edit; <see cref="NotPlain"/> when there may be another answer, which
    /// <see cref="Classify"/> then gives.
    /// </returns>
    public int FindPlain(int source, Vector128<byte> header)
    {
        // The last bytes of an address differ where the first are a maker's.
        ulong low = header.AsUInt64().GetElement(0);
        uint place = ((uint)(low >> 40) ^ (uint)(low >> 32) ^ (uint)source) & (PlainAnswers - 1);
        ref PlainAnswer answer = ref _plainAnswers[place];
        if (answer.Header != header || answer.Source != source || answer.Generation != _plainGeneration)
        {
            answer.Header = header;
            answer.Source = source;
            answer.Generation = _plainGeneration;
            answer.Function = FindPlainAnew(source, header);
        }

        return answer.Function;
    }

    private int FindPlainAnew(int source, Vector128<byte> header)
    {
        ulong low = header.AsUInt64().GetElement(0);
        ulong high = header.AsUInt64().GetElement(1);
        ulong address = (low >> 48) | ((high & 0xFFFF_FFFF) << 16);
        int type = (int)(((high >> 24) & 0xFF00) | ((high >> 40) & 0xFF));
        return FindPlainOwner(source, low & Ethernet.AddressMask, address, type);
    }

    private int FindPlainOwner(int source, ulong destination, ulong address, int type)
    {
        ref FunctionState sender = ref _functions[source];
        if (!sender.IsEnabled || sender.IsLinkDown || (destination & 1) != 0 || (address & 1) != 0 || address == 0
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
        return function == source || isRefused || _functions[function].IsLinkDown || IsSteered(function) ? NotPlain : function;
    }

    private void ForgetPlain() => _plainGeneration++;

    private struct PlainAnswer
    {
        public Vector128<byte> Header;
        public int Source;
        public int Generation;
        public int Function;
    }
}
