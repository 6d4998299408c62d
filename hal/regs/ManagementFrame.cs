// The frame of the management protocol: what stands before every request and every response. Knows no opcode and no way it travels.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// A header of 24 bytes and a payload of 0 to 1,000. Every field, here and in payloads, is little-endian. The same bytes travel
    /// through the window of a PF (<see cref="ManagementWindow"/>) and over a socket.
    /// </summary>
    /// <remarks>
    /// One who asks waits for the response before it asks again. The header stays as it is in every version. A greater minor version
    /// adds opcodes, attributes, statuses, and fields behind those of a response, and changes nothing that there is; a greater major
    /// version may change all but the header. Bytes and bits without a name are zero.
    /// </remarks>
    public static class ManagementFrame
    {
        /// <summary>Size of the header in bytes.</summary>
        public const int HeaderBytes = 0x18;

        /// <summary>Size of the largest frame in bytes, the header included: what a controller has room for.</summary>
        public const int MaxBytes = 1024;

        /// <summary>Size of the largest payload in bytes.</summary>
        public const int MaxPayloadBytes = MaxBytes - HeaderBytes;

        /// <summary>32 bits: <see cref="Signature"/>.</summary>
        public const int SignatureOffset = 0x00;

        /// <summary>8 bits: <see cref="Major"/> of who sends the frame.</summary>
        public const int VersionMajorOffset = 0x04;

        /// <summary>8 bits: <see cref="Minor"/> of who sends the frame.</summary>
        public const int VersionMinorOffset = 0x05;

        /// <summary>8 bits: <see cref="Request"/> or <see cref="Response"/>.</summary>
        public const int KindOffset = 0x06;

        /// <summary>8 bits, zero.</summary>
        public const int ReservedOffset = 0x07;

        /// <summary>16 bits: one of <see cref="ManagementOpcode"/>; a response has that of its request.</summary>
        public const int OpcodeOffset = 0x08;

        /// <summary>16 bits: one of <see cref="ManagementStatus"/>; 0 in a request.</summary>
        public const int StatusOffset = 0x0A;

        /// <summary>32 bits, any value: a response has that of its request. Who asks takes another for every request.</summary>
        public const int SequenceOffset = 0x0C;

        /// <summary>16 bits: size of the payload in bytes, 0 to <see cref="MaxPayloadBytes"/>.</summary>
        public const int PayloadLengthOffset = 0x10;

        /// <summary>16 bits, zero.</summary>
        public const int Reserved1Offset = 0x12;

        /// <summary>32 bits: <see cref="Crc32"/> over header and payload, in which these four bytes count as zero.</summary>
        public const int CrcOffset = 0x14;

        /// <summary>Size of the CRC in bytes.</summary>
        public const int CrcBytes = 4;

        /// <summary>Where the payload begins, bytes from the beginning of the frame.</summary>
        public const int PayloadOffset = HeaderBytes;

        /// <summary>The first four bytes of every frame: "SNFW".</summary>
        public const uint Signature = 0x57464E53;

        /// <summary>Major version of this protocol.</summary>
        public const int Major = 1;

        /// <summary>Minor version of this protocol.</summary>
        public const int Minor = 0;

        /// <summary>Kind of a frame that asks.</summary>
        public const int Request = 1;

        /// <summary>Kind of a frame that answers.</summary>
        public const int Response = 2;
    }
}
