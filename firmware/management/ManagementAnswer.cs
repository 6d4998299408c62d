// What a management request is answered with, while it is handled. Knows no opcode.
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Lent to the room that answers, with the request's payload in the buffer. The response's payload takes its place: fields of the
    /// request are read before the first of the response is written.
    /// </summary>
    public sealed class ManagementAnswer
    {
        /// <summary>Where the request is and the response will be.</summary>
        public byte[] Buffer { get; private set; }

        /// <summary>Where the payload begins in it.</summary>
        public int Payload { get; private set; }

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

        /// <summary>Starts the answer to a request: Ok, without a payload.</summary>
        public void Begin(byte[] buffer, int payload)
        {
            Buffer = buffer;
            Payload = payload;
            Done(0);
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
    }
}
