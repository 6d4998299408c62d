// The request that turns a connection into a trace.
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Transport;

namespace SmartNicFw.HostTools.Client;

/// <content>Traces.</content>
internal sealed partial class ManagementClient
{
    /// <summary>Begins a trace. No request can be made any more.</summary>
    /// <param name="function">Index of the one function that is traced; null for all.</param>
    /// <returns>The connection, over which the trace comes. It stays the client's to close.</returns>
    /// <exception cref="ToolException">The device cannot trace, or refuses.</exception>
    public UnixSocketTransport StartTrace(int? function)
    {
        if (_transport is not UnixSocketTransport socket)
        {
            throw new RefusedException(
                $"the device at {Device} cannot trace: firmware on a card does not see frames",
                "an emulated one can: name the socket of 'emulator run --management SOCKET'");
        }

        int payload = ManagementFrame.PayloadOffset;
        LittleEndian.WriteU16(_request, payload + ManagementFunctionNumber.FunctionOffset, (ushort)(function ?? ManagementFunctionNumber.Endpoint));
        LittleEndian.WriteU16(_request, payload + ManagementFunctionNumber.ReservedOffset, 0);
        Ask(ManagementOpcode.StartTrace, 0);
        return socket;
    }
}
