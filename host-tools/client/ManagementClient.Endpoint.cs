// Requests about the endpoint, its functions, their configuration space and their resets.
using System;
using System.Collections.Generic;
using System.Globalization;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using static System.Buffers.Binary.BinaryPrimitives;

namespace SmartNicFw.HostTools.Client;

internal sealed partial class ManagementClient
{
    private EndpointInfo? _endpoint;

    /// <summary>What the endpoint is and has, as it was when it was first asked: only time and link change while a program runs.</summary>
    public EndpointInfo Endpoint => _endpoint ??= GetEndpoint();

    /// <summary>Asks what the endpoint is and has.</summary>
    public EndpointInfo GetEndpoint()
    {
        _endpoint = EndpointInfo.Read(Ask(ManagementOpcode.EndpointInfo, ManagementEndpoint.Bytes));
        return _endpoint;
    }

    /// <summary>Asks for functions, enabled or not, in the order of their indices.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="count">How many at the most.</param>
    public IReadOnlyList<FunctionInfo> GetFunctions(int first = 0, int count = int.MaxValue)
    {
        var functions = new List<FunctionInfo>();
        while (functions.Count < count)
        {
            int next = first + functions.Count;
            int wanted = Math.Min(count - functions.Count, ushort.MaxValue);
            ReadOnlySpan<byte> list = AskList(ManagementOpcode.FunctionInfo, next, wanted, ManagementFunction.Bytes, out int entries, out int stride);
            for (int at = 0; at < entries; at++)
            {
                FunctionInfo function = FunctionInfo.Read(list[(at * stride)..]);
                if (function.Index != first + functions.Count || functions.Count == count)
                {
                    throw Nonsense("sent functions that were not asked for");
                }

                functions.Add(function);
            }

            if (entries == 0)
            {
                break;
            }
        }

        return functions;
    }

    /// <summary>Asks for one function.</summary>
    public FunctionInfo GetFunction(int index) => GetFunctions(index, 1) is [{ } function] && function.Index == index
        ? function
        : throw Nonsense(string.Create(CultureInfo.InvariantCulture, $"does not list function {index}"));

    /// <summary>Enables as many VFs of a PF, through whoever plays the root complex.</summary>
    public void SetNumVFs(int physicalFunction, int numVFs)
    {
        WriteUInt16LittleEndian(Payload[ManagementNumVFs.PhysicalFunctionOffset..], (ushort)physicalFunction);
        WriteUInt16LittleEndian(Payload[ManagementNumVFs.NumVFsOffset..], (ushort)numVFs);
        Ask(ManagementOpcode.SetNumVFs, 0);
    }

    /// <summary>Resets a VF; comes back when that has begun.</summary>
    public void ResetVf(int function)
    {
        WriteFunction(function);
        Ask(ManagementOpcode.ResetVf, 0);
    }

    /// <summary>Reads all 4,096 bytes of a function's configuration space.</summary>
    public byte[] ReadConfig(int function)
    {
        var config = new byte[PciExtendedCapability.RegionEnd];
        for (int register = 0; register < config.Length; register += ManagementConfigData.MaxDataBytes)
        {
            WriteUInt16LittleEndian(Payload[ManagementConfigRead.FunctionOffset..], (ushort)function);
            WriteUInt16LittleEndian(Payload[ManagementConfigRead.RegisterOffset..], (ushort)register);
            WriteUInt16LittleEndian(Payload[ManagementConfigRead.LengthOffset..], ManagementConfigData.MaxDataBytes);
            WriteUInt16LittleEndian(Payload[ManagementConfigRead.ReservedOffset..], 0);
            ReadOnlySpan<byte> piece = Ask(ManagementOpcode.ReadConfig, ManagementConfigData.Bytes + ManagementConfigData.MaxDataBytes);
            piece.Slice(ManagementConfigData.DataOffset, ManagementConfigData.MaxDataBytes).CopyTo(config.AsSpan(register));
        }

        return config;
    }

    private void WriteFunction(int function)
    {
        WriteUInt16LittleEndian(Payload[ManagementFunctionNumber.FunctionOffset..], (ushort)function);
        WriteUInt16LittleEndian(Payload[ManagementFunctionNumber.ReservedOffset..], 0);
    }

    // A piece of a list: its entries from the first one on, all of them within the response.
    private ReadOnlySpan<byte> AskList(int opcode, int first, int count, int leastEntry, out int entries, out int stride)
    {
        WriteUInt16LittleEndian(Payload[ManagementListRequest.FirstOffset..], (ushort)Math.Min(first, ushort.MaxValue));
        WriteUInt16LittleEndian(Payload[ManagementListRequest.CountOffset..], (ushort)count);
        ReadOnlySpan<byte> list = Ask(opcode, ManagementList.Bytes);
        entries = ReadUInt16LittleEndian(list[ManagementList.CountOffset..]);
        stride = ReadUInt16LittleEndian(list[ManagementList.EntryBytesOffset..]);
        ReadOnlySpan<byte> body = list[ManagementList.EntriesOffset..];
        return entries == 0 || (stride >= leastEntry && (long)entries * stride <= body.Length)
            ? body
            : throw Nonsense("sent a list that is longer than its frame");
    }
}
