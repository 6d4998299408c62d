// What frames cost on the line: the unit in which shares, rates and bursts are counted.
namespace SmartNicFw.Firmware.Arbitration
{
    /// <summary>
    /// Bytes on the line: those of the frame, its check sequence, the preamble and the gap to the next one. So a rate is that of a link of
    /// this speed, and who sends small frames pays for the time that they take. Source: IEEE 802.3-2018, 3.1.1, 3.2.7 and 4.4.2.
    /// </summary>
    public static class EthernetLine
    {
        /// <summary>Frame check sequence 4, preamble and start delimiter 8, gap 12.</summary>
        public const int OverheadBytes = 24;

        /// <summary>The shortest frame, 64 bytes with its check sequence, with preamble and gap.</summary>
        public const int MinBytes = 84;

        /// <summary>The longest frame that a VF can send, with its overhead: one that is yet to be segmented.</summary>
        public const int MaxFrameBytes = 65550 + OverheadBytes;

        /// <summary>Line bytes of frames.</summary>
        /// <param name="frames">Frames, 0 upwards.</param>
        /// <param name="bytes">Their bytes together, or those of all copies.</param>
        public static int Bytes(int frames, int bytes)
        {
            int all = bytes + (OverheadBytes * frames);
            int least = MinBytes * frames;
            return all > least ? all : least;
        }
    }
}
