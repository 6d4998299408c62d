// A host with a VMD controller: what QEMU does to the regions behind a socket, and what the kernel does through them.
using System;
using System.Collections.Generic;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Hierarchy;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Memory;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Fakes;

/// <summary>
/// Every access of the host model becomes an access to a region of the controller, and every message of the controller an
/// interrupt. BARs lie where <see cref="PlaceBars"/> puts them; with remapping, addresses behind are those of the shadows.
/// </summary>
internal sealed unsafe class VmdHost : IVfioUserHost, IHostBridge, IDisposable
{
    public const int ConfigurationBar = 0;
    public const int MemoryBar1 = 2;
    public const int MemoryBar2 = 4;
    public const ulong Bar1Address = 0xE000_0000;
    public const ulong Bar2Address = 0x7C_0000_0000;
    public const int VmConfigOffset = 0x44;
    public const int BypassMask = 2;
    private const ulong FirstWindow = 1 << 20;

    public VmdHost(EndpointConfiguration? configuration = null, bool offersRemap = false)
    {
        Board = new EmulatedBoard(configuration ?? new EndpointConfiguration { TotalVFs = 64 });
        Vmd = new VmdController(Board, new VmdOptions { OffersRemap = offersRemap });
        OffersRemap = offersRemap;
        Ram = new HostMemory(64 << 20);
        Memory.Map(HostMemory.BaseAddress, Ram.Start, (ulong)Ram.Bytes);
        Vmd.Attach(this);
        Root = new RootComplex(Board, Vmd.Slot, this);
        Found = new PciEnumerator(Root, ShadowOr(Bar2Address, 8) + FirstWindow);
    }

    public EmulatedBoard Board { get; }

    public VmdController Vmd { get; }

    public bool OffersRemap { get; }

    public HostMemory Ram { get; }

    public GuestMemory Memory { get; } = new();

    public RootComplex Root { get; }

    public PciEnumerator Found { get; }

    public InterruptController Interrupts { get; } = new();

    /// <summary>Messages as they were written, in order.</summary>
    public List<(ulong Address, uint Data)> Messages { get; } = [];

    /// <summary>Times that each vector was triggered.</summary>
    public int[] Triggered { get; } = new int[64];

    public HostFunction Pf => Found.PhysicalFunctions[0];

    public IReadOnlyList<HostFunction> VFs => Pf.Sriov!.VFs;

    /// <summary>Writes BARs and VMCONFIG as firmware and driver do, then enumerates what is behind.</summary>
    public void Enumerate()
    {
        PlaceBars();
        if (!OffersRemap)
        {
            WriteConfig(VmConfigOffset, 2, BypassMask);
        }

        Found.Enumerate();
    }

    public void PlaceBars()
    {
        WriteConfig(PciConfigHeader.Bar0Offset, 4, 0x0000_0000);
        WriteConfig(PciConfigHeader.Bar0Offset + 4, 4, 0x78);
        WriteConfig(PciConfigHeader.Bar0Offset + 8, 4, (uint)Bar1Address);
        WriteConfig(PciConfigHeader.Bar0Offset + 16, 4, unchecked((uint)Bar2Address));
        WriteConfig(PciConfigHeader.Bar0Offset + 20, 4, (uint)(Bar2Address >> 32));
        WriteConfig(PciConfigHeader.CommandOffset, 2, 6);
    }

    public uint ReadConfig(int offset, int bytes) => (uint)ReadRegion(VfioRegion.Config, (ulong)offset, bytes);

    public void WriteConfig(int offset, int bytes, uint value) => WriteRegion(VfioRegion.Config, (ulong)offset, bytes, value);

    public ulong ReadRegion(int region, ulong offset, int bytes)
    {
        Span<byte> data = stackalloc byte[8];
        data.Clear();
        Vmd.Read(region, offset, data[..bytes]);
        return BitConverter.ToUInt64(data);
    }

    public void WriteRegion(int region, ulong offset, int bytes, ulong value) =>
        Vmd.Write(region, offset, BitConverter.GetBytes(value).AsSpan(0, bytes));

    public uint ReadConfiguration(PciAddress address, int offset, int bytes) =>
        (uint)ReadRegion(ConfigurationBar, Ecam(address, offset), bytes);

    public void WriteConfiguration(PciAddress address, int offset, int bytes, uint value) =>
        WriteRegion(ConfigurationBar, Ecam(address, offset), bytes, value);

    public ulong ReadMemory(ulong address, int bytes) =>
        Locate(address) is (int bar, ulong offset) ? ReadRegion(bar, offset, bytes) : ulong.MaxValue;

    public void WriteMemory(ulong address, int bytes, ulong value)
    {
        if (Locate(address) is (int bar, ulong offset))
        {
            WriteRegion(bar, offset, bytes, value);
        }
    }

    public void Trigger(int index, int vector)
    {
        if (index == VfioIrq.Msix)
        {
            Triggered[vector]++;
        }
    }

    public void WriteMessage(ulong address, ReadOnlySpan<byte> data)
    {
        Messages.Add((address, BitConverter.ToUInt32(data)));
        Interrupts.Deliver(address, BitConverter.ToUInt32(data));
    }

    /// <summary>Brings a driver up on a VF.</summary>
    /// <param name="inbox">Receives the payload of each frame.</param>
    public NetDriver StartDriver(HostFunction function, List<byte[]> inbox, NetDriverOptions? options = null)
    {
        Root.Write(function.Address, PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandBusMasterEnableMask);
        var driver = new NetDriver(Root, function, Ram, Interrupts, options ?? new NetDriverOptions())
        {
            FrameHandler = (in ReceivedFrame frame) => inbox.Add(frame.Payload.ToArray()),
        };
        driver.Start();
        return driver;
    }

    /// <summary>Steps the board while it says that it has work.</summary>
    /// <returns>Steps.</returns>
    public int Settle()
    {
        int steps = 0;
        while (Board.HasWork && steps < 100_000)
        {
            Board.Step();
            steps++;
        }

        return steps;
    }

    public void Dispose()
    {
        Vmd.Detach();
        Ram.Dispose();
    }

    public static ulong Ecam(PciAddress address, int offset) => ((ulong)address.Value << 12) | (uint)offset;

    private (int Bar, ulong Offset)? Locate(ulong address)
    {
        ulong bar1 = ShadowOr(Bar1Address, 0);
        ulong bar2 = ShadowOr(Bar2Address, 8);
        return address - bar1 < Vmd.RegionBytes(MemoryBar1) ? (MemoryBar1, address - bar1)
            : address - bar2 < Vmd.RegionBytes(MemoryBar2) ? (MemoryBar2, address - bar2)
            : null;
    }

    // As the driver does: the shadow registers tell the addresses when VMLOCK says so.
    private ulong ShadowOr(ulong address, int register) =>
        (ReadConfig(0x70, 4) & 2) != 0 ? ReadRegion(MemoryBar2, 0x2000 + (ulong)register, 8) : address;
}
