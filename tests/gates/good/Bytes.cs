// Byte shifts and little-endian fields.
namespace Good
{
    public static class C
    {
        public static uint Read(byte[] b, int i) => b[i] | ((uint)b[i + 1] << 8) | ((uint)b[i + 2] << 16) | ((uint)b[i + 3] << 24);

        public static int Nibble(byte b) => (b >> 4) - (b & 15);

        public static void Write(byte[] b, int i, ulong value)
        {
            for (int n = 0; n < 8; n++)
                b[i + n] = (byte)(value >> (8 * n));
        }

        public static ushort Checksum(byte[] b)
        {
            uint sum = 0;
            for (int i = 0; i + 1 < b.Length; i += 2)
                sum += (uint)((b[i] << 8) | b[i + 1]);
            while (sum >> 16 != 0)
                sum = (sum & 0xFFFF) + (sum >> 16);
            return (ushort)~sum;
        }
    }
}
