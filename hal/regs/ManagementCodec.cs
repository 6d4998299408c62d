// Makes frames of the management protocol out of their fields, and judges those that arrive. Knows no payload but a refusal's.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// Works in place, in the caller's array, and allocates nothing. Bytes that arrive are hostile: whatever they are, checking them
    /// throws nothing and changes nothing. Fields of a frame may be read once <see cref="Check"/> has said
    /// <see cref="ManagementStatus.Ok"/>; opcode and sequence wherever there is a whole header.
    /// </summary>
    public static class ManagementCodec
    {
        /// <summary><see cref="FrameBytes"/> of what is no frame.</summary>
        public const int NoFrame = -1;

        private const char FirstPrintable = ' ';
        private const char LastPrintable = '~';

        /// <summary>Puts the header before a request's payload, which already lies behind the place for it.</summary>
        /// <param name="buffer">Has room for the whole frame.</param>
        /// <param name="offset">Where the frame begins.</param>
        /// <param name="opcode">One of <see cref="ManagementOpcode"/>.</param>
        /// <param name="sequence">Any number but that of the request before.</param>
        /// <param name="payloadBytes">0 to <see cref="ManagementFrame.MaxPayloadBytes"/>.</param>
        /// <returns>Size of the frame in bytes.</returns>
        public static int WriteRequest(byte[] buffer, int offset, int opcode, uint sequence, int payloadBytes)
        {
            return Write(buffer, offset, ManagementFrame.Request, opcode, sequence, ManagementStatus.Ok, payloadBytes);
        }

        /// <summary>Puts the header before a response's payload, which already lies behind the place for it.</summary>
        /// <param name="buffer">Has room for the whole frame.</param>
        /// <param name="offset">Where the frame begins.</param>
        /// <param name="opcode">That of the request.</param>
        /// <param name="sequence">That of the request.</param>
        /// <param name="status">One of <see cref="ManagementStatus"/>.</param>
        /// <param name="payloadBytes">0 to <see cref="ManagementFrame.MaxPayloadBytes"/>.</param>
        /// <returns>Size of the frame in bytes.</returns>
        public static int WriteResponse(byte[] buffer, int offset, int opcode, uint sequence, int status, int payloadBytes)
        {
            return Write(buffer, offset, ManagementFrame.Response, opcode, sequence, status, payloadBytes);
        }

        /// <summary>Writes a whole response that refuses.</summary>
        /// <param name="buffer">Has room for the whole frame.</param>
        /// <param name="offset">Where the frame begins.</param>
        /// <param name="opcode">That of the request.</param>
        /// <param name="sequence">That of the request.</param>
        /// <param name="status">One of <see cref="ManagementStatus"/> but Ok.</param>
        /// <param name="reason">One of <see cref="ManagementReason"/>.</param>
        /// <param name="change">The change at fault, 0 upwards.</param>
        /// <param name="text">
        /// One line, cut after <see cref="ManagementRefusal.MaxTextBytes"/>, with ? for what is not printable ASCII; null for none.
        /// </param>
        /// <returns>Size of the frame in bytes.</returns>
        public static int WriteRefusal(
            byte[] buffer, int offset, int opcode, uint sequence, int status, int reason, uint change, string text)
        {
            int payload = offset + ManagementFrame.PayloadOffset;
            int length = text == null ? 0 : text.Length;
            if (length > ManagementRefusal.MaxTextBytes)
            {
                length = ManagementRefusal.MaxTextBytes;
            }

            LittleEndian.WriteU16(buffer, payload + ManagementRefusal.ReasonOffset, (ushort)reason);
            LittleEndian.WriteU16(buffer, payload + ManagementRefusal.TextLengthOffset, (ushort)length);
            LittleEndian.WriteU32(buffer, payload + ManagementRefusal.ChangeOffset, change);
            for (int at = 0; at < length; at++)
            {
                char letter = text[at];
                bool isPrintable = letter >= FirstPrintable && letter <= LastPrintable;
                buffer[payload + ManagementRefusal.TextOffset + at] = (byte)(isPrintable ? letter : '?');
            }

            return WriteResponse(buffer, offset, opcode, sequence, status, ManagementRefusal.Bytes + length);
        }

        /// <summary>Bytes of text in a refusal that <see cref="Check"/> has accepted.</summary>
        /// <returns>0 where the payload is not as a refusal's has to be, so that the text never ends beyond the frame.</returns>
        public static int RefusalTextBytes(byte[] buffer, int offset)
        {
            int payloadBytes = PayloadBytes(buffer, offset);
            if (payloadBytes < ManagementRefusal.Bytes)
            {
                return 0;
            }

            int length = LittleEndian.ReadU16(
                buffer, offset + ManagementFrame.PayloadOffset + ManagementRefusal.TextLengthOffset);
            return length <= ManagementRefusal.MaxTextBytes && ManagementRefusal.Bytes + length == payloadBytes ? length : 0;
        }

        /// <summary>Judges a frame that has arrived.</summary>
        /// <param name="buffer">Where it is.</param>
        /// <param name="offset">Where it begins.</param>
        /// <param name="count">Bytes that have arrived: all of them are the frame.</param>
        /// <param name="kind"><see cref="ManagementFrame.Request"/> or <see cref="ManagementFrame.Response"/>, whichever is waited for.</param>
        /// <returns>
        /// <see cref="ManagementStatus.Ok"/>, or the first of WrongLength, WrongSignature, WrongCrc, WrongVersion, WrongHeader that holds.
        /// </returns>
        public static int Check(byte[] buffer, int offset, int count, int kind)
        {
            if (offset < 0 || count < ManagementFrame.HeaderBytes || count > ManagementFrame.MaxBytes || offset > buffer.Length - count)
            {
                return ManagementStatus.WrongLength;
            }

            if (LittleEndian.ReadU32(buffer, offset + ManagementFrame.SignatureOffset) != ManagementFrame.Signature)
            {
                return ManagementStatus.WrongSignature;
            }

            if (ManagementFrame.HeaderBytes + PayloadBytes(buffer, offset) != count)
            {
                return ManagementStatus.WrongLength;
            }

            if (LittleEndian.ReadU32(buffer, offset + ManagementFrame.CrcOffset) != Checksum(buffer, offset, count))
            {
                return ManagementStatus.WrongCrc;
            }

            return CheckHeader(buffer, offset, kind);
        }

        /// <summary>Judges a request that has arrived, with the length of its payload.</summary>
        /// <param name="buffer">Where it is.</param>
        /// <param name="offset">Where it begins.</param>
        /// <param name="count">Bytes that have arrived: all of them are the frame.</param>
        /// <returns>As <see cref="Check"/>; then UnknownOpcode, and WrongLength for another payload than the opcode's.</returns>
        public static int CheckRequest(byte[] buffer, int offset, int count)
        {
            int status = Check(buffer, offset, count, ManagementFrame.Request);
            if (status != ManagementStatus.Ok)
            {
                return status;
            }

            int wanted = ManagementOpcode.RequestBytes(Opcode(buffer, offset));
            if (wanted == ManagementOpcode.Unknown)
            {
                return ManagementStatus.UnknownOpcode;
            }

            return wanted == PayloadBytes(buffer, offset) ? ManagementStatus.Ok : ManagementStatus.WrongLength;
        }

        /// <summary>Size of the frame that begins in a stream of bytes.</summary>
        /// <param name="buffer">Where the bytes are.</param>
        /// <param name="offset">Where the frame begins.</param>
        /// <param name="count">Bytes that have arrived so far, all of them in the array.</param>
        /// <returns>
        /// Bytes, the header included; 0 while the header is not whole; <see cref="NoFrame"/> when it cannot be one: where the next frame
        /// would begin is not known then.
        /// </returns>
        public static int FrameBytes(byte[] buffer, int offset, int count)
        {
            if (count < ManagementFrame.HeaderBytes)
            {
                return 0;
            }

            int payloadBytes = PayloadBytes(buffer, offset);
            return LittleEndian.ReadU32(buffer, offset + ManagementFrame.SignatureOffset) != ManagementFrame.Signature
                || payloadBytes > ManagementFrame.MaxPayloadBytes
                ? NoFrame
                : ManagementFrame.HeaderBytes + payloadBytes;
        }

        /// <summary>True for a checked response that answers this request.</summary>
        public static bool IsAnswerTo(byte[] buffer, int offset, int opcode, uint sequence)
        {
            return Opcode(buffer, offset) == opcode && Sequence(buffer, offset) == sequence;
        }

        /// <summary>The frame's opcode, 0 to FFFFh.</summary>
        public static int Opcode(byte[] buffer, int offset)
        {
            return LittleEndian.ReadU16(buffer, offset + ManagementFrame.OpcodeOffset);
        }

        /// <summary>The frame's status, 0 to FFFFh.</summary>
        public static int Status(byte[] buffer, int offset)
        {
            return LittleEndian.ReadU16(buffer, offset + ManagementFrame.StatusOffset);
        }

        /// <summary>The frame's sequence number.</summary>
        public static uint Sequence(byte[] buffer, int offset)
        {
            return LittleEndian.ReadU32(buffer, offset + ManagementFrame.SequenceOffset);
        }

        /// <summary>Bytes of payload that the frame says it has, 0 to FFFFh.</summary>
        public static int PayloadBytes(byte[] buffer, int offset)
        {
            return LittleEndian.ReadU16(buffer, offset + ManagementFrame.PayloadLengthOffset);
        }

        private static int CheckHeader(byte[] buffer, int offset, int kind)
        {
            if (buffer[offset + ManagementFrame.VersionMajorOffset] != ManagementFrame.Major)
            {
                return ManagementStatus.WrongVersion;
            }

            bool isRight = buffer[offset + ManagementFrame.KindOffset] == kind
                && buffer[offset + ManagementFrame.ReservedOffset] == 0
                && LittleEndian.ReadU16(buffer, offset + ManagementFrame.Reserved1Offset) == 0
                && (kind != ManagementFrame.Request || Status(buffer, offset) == ManagementStatus.Ok);
            return isRight ? ManagementStatus.Ok : ManagementStatus.WrongHeader;
        }

        private static int Write(byte[] buffer, int offset, int kind, int opcode, uint sequence, int status, int payloadBytes)
        {
            LittleEndian.WriteU32(buffer, offset + ManagementFrame.SignatureOffset, ManagementFrame.Signature);
            buffer[offset + ManagementFrame.VersionMajorOffset] = ManagementFrame.Major;
            buffer[offset + ManagementFrame.VersionMinorOffset] = ManagementFrame.Minor;
            buffer[offset + ManagementFrame.KindOffset] = (byte)kind;
            buffer[offset + ManagementFrame.ReservedOffset] = 0;
            LittleEndian.WriteU16(buffer, offset + ManagementFrame.OpcodeOffset, (ushort)opcode);
            LittleEndian.WriteU16(buffer, offset + ManagementFrame.StatusOffset, (ushort)status);
            LittleEndian.WriteU32(buffer, offset + ManagementFrame.SequenceOffset, sequence);
            LittleEndian.WriteU16(buffer, offset + ManagementFrame.PayloadLengthOffset, (ushort)payloadBytes);
            LittleEndian.WriteU16(buffer, offset + ManagementFrame.Reserved1Offset, 0);
            int bytes = ManagementFrame.HeaderBytes + payloadBytes;
            LittleEndian.WriteU32(buffer, offset + ManagementFrame.CrcOffset, Checksum(buffer, offset, bytes));
            return bytes;
        }

        private static uint Checksum(byte[] buffer, int offset, int bytes)
        {
            uint run = Crc32.Update(Crc32.Start, buffer, offset, ManagementFrame.CrcOffset);
            run = Crc32.UpdateZeros(run, ManagementFrame.CrcBytes);
            run = Crc32.Update(
                run, buffer, offset + ManagementFrame.PayloadOffset, bytes - ManagementFrame.PayloadOffset);
            return Crc32.Finish(run);
        }
    }
}
