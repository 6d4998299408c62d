// Resets, hot-plug and departure behind a VMD controller: nothing moves afterwards, and everything comes back.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Hierarchy;

public sealed class VmdResetTests
{
    private static readonly PciAddress Port = RootComplex.RootPortAddress;

    public enum Blow
    {
        SecondaryBusReset,
        ControllerReset,
        Unplug,
        Detach,
    }

    [Test]
    public void Whatever_takes_the_endpoint_down_stops_all_DMA_and_interrupts_at_once([Values] Blow blow)
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 2);
        List<byte[]> inbox = [];

        // Not disposed: nobody is there any more with whom a driver could end in order.
        NetDriver first = host.StartDriver(host.VFs[0], []);
        NetDriver second = host.StartDriver(host.VFs[1], inbox);
        host.Settle();
        byte[] frame = [.. second.MacAddress, .. first.MacAddress, 0x88, 0xB5, .. new byte[1000]];
        for (int count = 0; count < 100; count++)
        {
            first.TrySend(frame);
        }

        first.Flush();
        Strike(host, blow);
        byte[] before = RamOf(host);
        int messages = host.Messages.Count;
        for (int step = 0; step < 100; step++)
        {
            host.Board.Step();
        }

        Assert.That(RamOf(host).AsSpan().SequenceEqual(before), Is.True, "nothing was written");
        Assert.That(host.Messages, Has.Count.EqualTo(messages));
        Assert.That(host.Board.HasWork, Is.False);
    }

    [Test]
    public void After_a_secondary_bus_reset_the_endpoint_is_found_again_6_6_1()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        SetBridgeControl(host, PciBridgeHeader.BridgeControlSecondaryBusResetMask);
        Assert.That(host.Root.Read(host.Pf.Address, 0, 4), Is.EqualTo(0xFFFFFFFF), "while the reset is held");
        Assert.That(LinkStatus(host) & PciExpressCapability.LinkStatusDataLinkActiveMask, Is.Zero);
        SetBridgeControl(host, 0);
        Assert.That(LinkStatus(host) & PciExpressCapability.LinkStatusDataLinkActiveMask, Is.Not.Zero);
        Assert.That(host.Root.Read(host.Pf.Address, PciConfigHeader.CommandOffset, 2), Is.Zero);
        host.Found.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        Assert.That(host.VFs, Has.Count.EqualTo(8));
    }

    [Test]
    public void Unplugging_tells_pciehp_by_presence_and_link_state_and_the_slot_reads_empty_6_7_3()
    {
        using var host = new VmdHost();
        host.Enumerate();
        MessageInterrupt interrupt = EnableSlotInterrupt(host);
        Assert.That(SlotStatus(host), Is.EqualTo(PciExpressCapability.SlotStatusPresenceDetectMask));

        Assert.That(host.Vmd.Slot.Unplug(), Is.True);
        Assert.That(interrupt.Count, Is.EqualTo(1));
        const int Changes = PciExpressCapability.SlotStatusPresenceDetectChangedMask | PciExpressCapability.SlotStatusLinkStateChangedMask;
        Assert.That(SlotStatus(host), Is.EqualTo(Changes));
        Assert.That(host.Root.Read(host.Pf.Address, 0, 4), Is.EqualTo(0xFFFFFFFF));
        Assert.That(host.ReadMemory(host.Pf.Bars[0].Address, 4), Is.Zero, "where the port would have forwarded it");
        Assert.That(host.Vmd.Slot.Unplug(), Is.False);
        WriteSlot(host, PciExpressCapability.SlotStatusOffset, PciExpressCapability.SlotStatusPresenceDetectChangedMask);
        Assert.That(SlotStatus(host), Is.EqualTo(PciExpressCapability.SlotStatusLinkStateChangedMask), "written one clears");
        WriteSlot(host, PciExpressCapability.SlotStatusOffset, Changes);

        Assert.That(host.Vmd.Slot.Plug(), Is.True);
        Assert.That(interrupt.Count, Is.EqualTo(2));
        Assert.That(SlotStatus(host), Is.EqualTo(Changes | PciExpressCapability.SlotStatusPresenceDetectMask));
        Assert.That(host.Vmd.Slot.Plug(), Is.False);
        host.Found.Enumerate();
        host.Found.EnableVFs(host.Pf, 3);
        Assert.That(host.VFs, Has.Count.EqualTo(3));
    }

    [Test]
    public void Slot_events_send_one_message_each_time_they_come_up_and_none_that_is_not_enabled()
    {
        using var host = new VmdHost();
        host.Enumerate();
        MessageInterrupt interrupt = EnableSlotInterrupt(host);
        for (int round = 0; round < 10; round++)
        {
            host.Vmd.Slot.Unplug();
            host.Vmd.Slot.Plug();
        }

        Assert.That(interrupt.Count, Is.EqualTo(1), "the events were up all the time");
        WriteSlot(host, PciExpressCapability.SlotControlOffset, PciExpressCapability.SlotControlPresenceDetectEnableMask);
        WriteSlot(host, PciExpressCapability.SlotStatusOffset, 0xFFFF);
        host.Vmd.Slot.Unplug();
        Assert.That(interrupt.Count, Is.EqualTo(1), "hot-plug interrupts are off");
        WriteSlot(
            host, PciExpressCapability.SlotControlOffset,
            PciExpressCapability.SlotControlPresenceDetectEnableMask | PciExpressCapability.SlotControlHotPlugInterruptEnableMask);
        Assert.That(interrupt.Count, Is.EqualTo(2), "an event that is up when it is enabled");
    }

    [Test]
    public void An_endpoint_that_is_out_stays_out_over_a_reset_and_a_change_of_hosts()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Vmd.Slot.Unplug();
        host.Vmd.Reset();
        host.Vmd.Detach();
        host.Vmd.Attach(host);
        host.PlaceBars();
        Assert.That(host.Root.Read(Port, 0, 4), Is.EqualTo(0x10F0_1AF4));
        Assert.That(SlotStatus(host), Is.Zero, "no event, nobody there");
        Assert.That(() => host.Found.Enumerate(), Throws.TypeOf<HostException>());
        host.Vmd.Slot.Plug();
        host.Found.Enumerate();
        Assert.That(host.Found.PhysicalFunctions, Has.Count.EqualTo(1));
    }

    [Test]
    public unsafe void A_queue_whose_memory_was_away_goes_on_when_it_is_mapped_again()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 2);
        List<byte[]> inbox = [];
        using NetDriver first = host.StartDriver(host.VFs[0], []);
        using NetDriver second = host.StartDriver(host.VFs[1], inbox);
        host.Settle();
        host.Vmd.Unmapping(HostMemory.BaseAddress, (ulong)host.Ram.Bytes);
        host.Memory.Unmap(HostMemory.BaseAddress, (ulong)host.Ram.Bytes);
        first.TrySend([.. second.MacAddress, .. first.MacAddress, 0x88, 0xB5, .. new byte[64]]);
        first.Flush();
        host.Settle();
        second.Poll();
        Assert.That(inbox, Is.Empty);

        host.Memory.Map(HostMemory.BaseAddress, host.Ram.Start, (ulong)host.Ram.Bytes);
        host.Settle();
        second.Poll();
        Assert.That(inbox, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_next_host_finds_a_fresh_controller_and_endpoint()
    {
        using var host = new VmdHost();
        host.Enumerate();
        host.Found.EnableVFs(host.Pf, 8);
        host.Vmd.Detach();
        using var next = new HostMemory(1 << 20);
        host.Vmd.Attach(host);
        Assert.That(host.ReadConfig(PciConfigHeader.CommandOffset, 2), Is.Zero);
        Assert.That(host.ReadConfig(VmdHost.VmConfigOffset, 2), Is.Zero);
        Assert.That(host.ReadConfig(PciConfigHeader.Bar0Offset + 16, 4), Is.EqualTo(0xC));
        Assert.That(host.Root.Read(Port, PciBridgeHeader.PrimaryBusOffset, 4), Is.Zero);
        host.Enumerate();
        Assert.That(host.Root.Read(host.Pf.Address, host.Pf.Find(PciExtendedCapability.IdSriov, true) + SriovCapability.NumVFsOffset, 2), Is.Zero);
    }

    private static void Strike(VmdHost host, Blow blow)
    {
        switch (blow)
        {
            case Blow.SecondaryBusReset:
                SetBridgeControl(host, PciBridgeHeader.BridgeControlSecondaryBusResetMask);
                break;
            case Blow.ControllerReset:
                host.Vmd.Reset();
                break;
            case Blow.Unplug:
                host.Vmd.Slot.Unplug();
                break;
            default:
                host.Vmd.Detach();
                break;
        }
    }

    private static byte[] RamOf(VmdHost host) => host.Ram.At(HostMemory.BaseAddress, (int)host.Ram.Bytes).ToArray();

    private static void SetBridgeControl(VmdHost host, int bits) =>
        host.Root.Write(Port, PciBridgeHeader.BridgeControlOffset, 2, (uint)bits);

    private static int Express(VmdHost host) => ConfigProbe.Capabilities(host.Root, Port)
        .First(capability => capability is { Id: PciCapability.IdPciExpress, IsExtended: false }).Offset;

    private static int LinkStatus(VmdHost host) => (int)host.Root.Read(Port, Express(host) + PciExpressCapability.LinkStatusOffset, 2);

    private static int SlotStatus(VmdHost host) => (int)host.Root.Read(Port, Express(host) + PciExpressCapability.SlotStatusOffset, 2);

    private static void WriteSlot(VmdHost host, int register, int bits) => host.Root.Write(Port, Express(host) + register, 2, (uint)bits);

    // As the port service driver and pciehp do.
    private static MessageInterrupt EnableSlotInterrupt(VmdHost host)
    {
        MessageInterrupt interrupt = host.Interrupts.Allocate();
        int msi = ConfigProbe.Capabilities(host.Root, Port).First(capability => capability is { Id: PciCapability.IdMsi }).Offset;
        host.Root.Write(Port, msi + MsiCapability.AddressOffset, 4, (uint)interrupt.Address);
        host.Root.Write(Port, msi + MsiCapability.UpperAddressOffset, 4, (uint)(interrupt.Address >> 32));
        host.Root.Write(Port, msi + MsiCapability.DataOffset, 2, interrupt.Data);
        host.Root.Write(Port, msi + MsiCapability.MessageControlOffset, 2, MsiCapability.MessageControlEnableMask);
        WriteSlot(host, PciExpressCapability.SlotStatusOffset, 0xFFFF);
        WriteSlot(
            host, PciExpressCapability.SlotControlOffset,
            PciExpressCapability.SlotControlPresenceDetectEnableMask | PciExpressCapability.SlotControlHotPlugInterruptEnableMask
            | PciExpressCapability.SlotControlLinkStateEnableMask);
        return interrupt;
    }
}
