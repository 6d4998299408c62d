// What a management request is answered with: judged when it arrives, written where it lies. Knows no opcode.
namespace SmartNicFw.Hal.Regs
{
    /// <summary>
    /// One request at a time, in its own buffer. The response's payload takes the place of the request's: fields of the request are read
    /// before the first of the response is written. Allocates nothing.
    /// </summary>
    public sealed class ManagementAnswer
    {
        private int _offset;

        /// <summary>Where the request is and the response will be.</summary>
        public byte[] Buffer { get; private set; }

        /// <summary>Where the payload begins in it.</summary>
        public int Payload { get; private set; }

        /// <summary>Opcode of the request; 0 where there is no whole header.</summary>
        public int Opcode { get; private set; }

        /// <summary>Sequence number of the request; 0 where there is no whole header.</summary>
        public uint Sequence { get; private set; }

        /// <summary>One of <see cref="ManagementStatus"/>.</summary>
        public int Status { get; private set; }

        /// <summary>Bytes of the payload, while the status is Ok.</summary>
        public int Bytes { get; private set; }

        /// <summary>One of <see cref="ManagementReason"/>, while the status is not Ok.</summary>
        public int Reason { get; private set; }

        /// <summary>The change at fault.</summary>
        public uint Change { get; private set; }

        /// <summary>The same in one line; null for none.</summary>
        public string Text { get; private set; }

        /// <summary>Starts the answer to what has arrived.</summary>
        /// <param name="buffer">Has room for the largest frame.</param>
        /// <param name="offset">Where the request begins.</param>
        /// <param name="count">Bytes that have arrived, any number.</param>
        /// <returns>
        /// True for a request whose opcode there is and whose payload has the length of its layout; it is answered Ok, without a payload,
        /// unless something else is said. False for anything else; it is refused as that.
        /// </returns>
        public bool Begin(byte[] buffer, int offset, int count)
        {
            bool hasHeader = count >= ManagementFrame.HeaderBytes;
            Buffer = buffer;
            _offset = offset;
            Payload = offset + ManagementFrame.PayloadOffset;
            Opcode = hasHeader ? ManagementCodec.Opcode(buffer, offset) : 0;
            Sequence = hasHeader ? ManagementCodec.Sequence(buffer, offset) : 0;
            Done(0);
            Status = ManagementCodec.CheckRequest(buffer, offset, count);
            return Status == ManagementStatus.Ok;
        }

        /// <summary>Reads 16 bits of the payload.</summary>
        public int Read16(int offset)
        {
            return LittleEndian.ReadU16(Buffer, Payload + offset);
        }

        /// <summary>Reads 32 bits of the payload.</summary>
        public uint Read32(int offset)
        {
            return LittleEndian.ReadU32(Buffer, Payload + offset);
        }

        /// <summary>Reads 64 bits of the payload.</summary>
        public ulong Read64(int offset)
        {
            return LittleEndian.ReadU64(Buffer, Payload + offset);
        }

        /// <summary>Writes 16 bits of the payload.</summary>
        public void Write16(int offset, int value)
        {
            LittleEndian.WriteU16(Buffer, Payload + offset, (ushort)value);
        }

        /// <summary>Writes 32 bits of the payload.</summary>
        public void Write32(int offset, uint value)
        {
            LittleEndian.WriteU32(Buffer, Payload + offset, value);
        }

        /// <summary>Writes 64 bits of the payload.</summary>
        public void Write64(int offset, ulong value)
        {
            LittleEndian.WriteU64(Buffer, Payload + offset, value);
        }

        /// <summary>Whether 16 bits that have no name are zero; the request is refused when they are not.</summary>
        public bool IsZero(int offset)
        {
            if (Read16(offset) == 0)
            {
                return true;
            }

            Refuse(ManagementStatus.BadArgument, ManagementReason.ReservedNotZero, "bytes without a name are not zero");
            return false;
        }

        /// <summary>How many entries of a list follow.</summary>
        /// <param name="offset">16 bits of the payload: entries at the most, or 0 for as many as there is room for.</param>
        /// <param name="room">Entries that there is room for.</param>
        /// <param name="left">Entries that there are, 0 upwards.</param>
        public int CountOf(int offset, int room, int left)
        {
            int wanted = Read16(offset);
            int most = wanted == 0 || wanted > room ? room : wanted;
            return left < most ? left : most;
        }

        /// <summary>Writes what stands before the entries of a list.</summary>
        public void WriteList(int first, int count, int total, int entryBytes)
        {
            Write16(ManagementList.FirstOffset, first);
            Write16(ManagementList.CountOffset, count);
            Write16(ManagementList.TotalOffset, total);
            Write16(ManagementList.EntryBytesOffset, entryBytes);
        }

        /// <summary>The request is done, and the payload of its response written.</summary>
        public void Done(int bytes)
        {
            Status = ManagementStatus.Ok;
            Bytes = bytes;
            Reason = ManagementReason.None;
            Change = 0;
            Text = null;
        }

        /// <summary>The request is refused, and has changed nothing.</summary>
        public void Refuse(int status, int reason, string text)
        {
            Refuse(status, reason, text, 0);
        }

        /// <summary>The request is refused for one of its changes.</summary>
        public void Refuse(int status, int reason, string text, uint change)
        {
            Status = status;
            Reason = reason;
            Text = text;
            Change = change;
        }

        /// <summary>Writes the response over the request.</summary>
        /// <returns>Its size in bytes.</returns>
        public int Write()
        {
            return Status == ManagementStatus.Ok || (Reason == ManagementReason.None && Text == null)
                ? ManagementCodec.WriteResponse(Buffer, _offset, Opcode, Sequence, Status, Status == ManagementStatus.Ok ? Bytes : 0)
                : ManagementCodec.WriteRefusal(Buffer, _offset, Opcode, Sequence, Status, Reason, Change, Text);
        }
    }
}
