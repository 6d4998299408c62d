// The checksum of a management frame. Knows no frame: a run of bytes at a time.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// CRC-32 as Ethernet has it, least significant bit first: polynomial 04C11DB7h, started with all ones, complemented at the end
    /// (IEEE 802.3-2018, 3.2.9). Of the nine digits "123456789" it is CBF43926h.
    /// </summary>
    public static class Crc32
    {
        /// <summary>What a run is started with.</summary>
        public const uint Start = 0xFFFFFFFF;

        private const int NibbleBits = 4;
        private const int NibbleMask = 0x0F;

        // What four bits that leave add: 64 bytes instead of the 1,024 of a table by bytes, and twice the steps.
        private static readonly uint[] OfNibble =
        {
            0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
            0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
        };

        /// <summary>Goes on over some bytes.</summary>
        /// <param name="run"><see cref="Start"/>, or what the bytes before have left.</param>
        /// <param name="buffer">Where the bytes are.</param>
        /// <param name="offset">The first of them.</param>
        /// <param name="count">How many, 0 upwards; all of them in the array.</param>
        public static uint Update(uint run, byte[] buffer, int offset, int count)
        {
            int end = offset + count;
            for (int at = offset; at < end; at++)
            {
                run ^= buffer[at];
                run = (run >> NibbleBits) ^ OfNibble[run & NibbleMask];
                run = (run >> NibbleBits) ^ OfNibble[run & NibbleMask];
            }

            return run;
        }

        /// <summary>Goes on over bytes that count as zero.</summary>
        /// <param name="run"><see cref="Start"/>, or what the bytes before have left.</param>
        /// <param name="count">How many, 0 upwards.</param>
        public static uint UpdateZeros(uint run, int count)
        {
            for (int nibble = 0; nibble < count * 2; nibble++)
            {
                run = (run >> NibbleBits) ^ OfNibble[run & NibbleMask];
            }

            return run;
        }

        /// <summary>The checksum of all bytes that a run went over.</summary>
        public static uint Finish(uint run)
        {
            return ~run;
        }
    }
}
