// The host in this process as an operator asks it for VFs. Knows no frame.
using System;
using System.ComponentModel;
using System.IO;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Management;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Emulator.Service;

/// <summary>Enables VFs of an endpoint whose functions are handed out one by one.</summary>
internal sealed class FunctionHost(FunctionFolder functions) : IRootComplexHost
{
    /// <inheritdoc/>
    public HostAnswer SetNumVFs(int physicalFunction, int count)
    {
        if (physicalFunction >= functions.PhysicalFunctions)
        {
            return new HostAnswer(
                ManagementStatus.BadArgument, ManagementReason.NoSuchFunction,
                $"there is no PF {physicalFunction}; there are {functions.PhysicalFunctions}");
        }

        if (count > functions.TotalVFs)
        {
            return new HostAnswer(
                ManagementStatus.BadArgument, ManagementReason.OutOfRange,
                $"{count} VFs asked of pf{physicalFunction}; allowed: 0 to {functions.TotalVFs}");
        }

        try
        {
            functions.SetVFs(physicalFunction, count);
            return new HostAnswer(ManagementStatus.Ok, ManagementReason.None, null);
        }
        catch (Exception refused) when (refused is IOException or HostException or Win32Exception)
        {
            // A socket's path that is taken, or no more descriptors or watches to be had.
            return new HostAnswer(ManagementStatus.WrongState, ManagementReason.None, refused.Message);
        }
    }
}
