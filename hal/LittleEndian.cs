// Little-endian integers in a byte array. Knows nothing of what the bytes mean.
namespace SmartNicFw.Hal
{
    /// <summary>
    /// Reads and writes unsigned integers, least significant byte first, at any offset of a byte array.
    /// PCI Express and VIRTIO lay out every multi-byte field this way
    /// (PCI Express Base Specification 5.0, 2.2.2; VIRTIO 1.4, 1.4).
    /// </summary>
    /// <remarks>An offset outside the array throws the array's own IndexOutOfRangeException: it is our bug, never a guest's.</remarks>
    public static class LittleEndian
    {
        /// <summary>Reads 16 bits at <paramref name="offset"/>.</summary>
        public static ushort ReadU16(byte[] buffer, int offset)
        {
            return (ushort)(buffer[offset] | (buffer[offset + 1] << 8));
        }

        /// <summary>Reads 32 bits at <paramref name="offset"/>.</summary>
        public static uint ReadU32(byte[] buffer, int offset)
        {
            return buffer[offset]
                | ((uint)buffer[offset + 1] << 8)
                | ((uint)buffer[offset + 2] << 16)
                | ((uint)buffer[offset + 3] << 24);
        }

        /// <summary>Reads 64 bits at <paramref name="offset"/>.</summary>
        public static ulong ReadU64(byte[] buffer, int offset)
        {
            return ReadU32(buffer, offset) | ((ulong)ReadU32(buffer, offset + 4) << 32);
        }

        /// <summary>Writes 16 bits at <paramref name="offset"/>.</summary>
        public static void WriteU16(byte[] buffer, int offset, ushort value)
        {
            buffer[offset] = (byte)value;
            buffer[offset + 1] = (byte)(value >> 8);
        }

        /// <summary>Writes 32 bits at <paramref name="offset"/>.</summary>
        public static void WriteU32(byte[] buffer, int offset, uint value)
        {
            buffer[offset] = (byte)value;
            buffer[offset + 1] = (byte)(value >> 8);
            buffer[offset + 2] = (byte)(value >> 16);
            buffer[offset + 3] = (byte)(value >> 24);
        }

        /// <summary>Writes 64 bits at <paramref name="offset"/>.</summary>
        public static void WriteU64(byte[] buffer, int offset, ulong value)
        {
            WriteU32(buffer, offset, (uint)value);
            WriteU32(buffer, offset + 4, (uint)(value >> 32));
        }
    }
}
