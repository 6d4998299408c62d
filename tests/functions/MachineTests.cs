// Machines that come, go and reset in the middle of traffic: what two others say to each other is not touched by it.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Functions;

public sealed class MachineTests
{
    private const int Rounds = 100;
    private const int Burst = 8;

    public enum Blow
    {
        DriverReset,
        FunctionLevelReset,
        DeviceReset,
        Detach,
    }

    [Test]
    public void Item_37_whatever_ends_a_machine_in_the_middle_of_traffic_loses_nothing_for_others_and_writes_nothing_after(
        [Values] Blow blow)
    {
        using var lab = new FunctionLab(3);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        FunctionMachine struck = lab.Attach(lab.VFs[2]);
        foreach (FunctionMachine machine in new[] { first, second, struck })
        {
            machine.Start();
        }

        byte[] struckMac = struck.Driver!.MacAddress.ToArray();
        for (int round = 0; round < Rounds; round++)
        {
            for (int number = round * Burst; number < (round + 1) * Burst; number++)
            {
                first.Send(second, number);
                second.Send(first, -number);
                struck.Send(number % 2 == 0 ? first : second, number);
                first.Send(struck, number);
            }

            if (round % 4 == 3)
            {
                for (int step = round % 3; step > 0; step--)
                {
                    lab.Board.Step();
                }

                Strike(struck, blow);
                byte[] before = struck.RamBytes();
                int triggered = struck.Triggered.Sum();
                lab.SettleAlone();
                Assert.That(struck.RamBytes().AsSpan().SequenceEqual(before), Is.True, "nothing was written afterwards");
                Assert.That(struck.Triggered.Sum(), Is.EqualTo(triggered), "nor interrupted");
                Return(struck, blow);
                struck.Start();
                struck.Inbox.Clear();
                lab.Settle();
                first.Send(struck, round);
            }

            lab.Settle();
            if (round % 4 == 3)
            {
                Assert.That(struck.Inbox, Is.EqualTo(new[] { first.Frame(struck, round) }), "back again");
            }
        }

        bool IsNeighbours(byte[] frame) => !frame.AsSpan(6, 6).SequenceEqual(struckMac);
        Assert.That(second.Inbox.Where(IsNeighbours), Is.EqualTo(
            Enumerable.Range(0, Rounds * Burst).Select(number => first.Frame(second, number))));
        Assert.That(first.Inbox.Where(IsNeighbours), Is.EqualTo(
            Enumerable.Range(0, Rounds * Burst).Select(number => second.Frame(first, -number))));
        Assert.That(first.Driver!.NeedsReset || second.Driver!.NeedsReset, Is.False);
        Assert.That(lab.Log.Lines.Where(line => line.Contains("was not reset", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Items_06_to_10_any_access_to_any_region_by_one_machine_leaves_the_others_alone([Values(1, 2, 3)] int seed)
    {
        const int Accesses = 30_000;
        using var lab = new FunctionLab(3);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        FunctionMachine wild = lab.Attach(lab.VFs[2]);
        first.Start();
        second.Start();
        wild.Start();
        int[] regions = [.. wild.Function.Bars.Select(bar => bar.Index), VfioRegion.Config];
        var random = new Random(seed);
        byte[] data = new byte[64];
        for (int access = 0; access < Accesses; access++)
        {
            int region = regions[random.Next(regions.Length)];
            int limit = random.Next(2) == 0 ? 0x100 : (int)wild.Device.RegionBytes(region);
            int bytes = random.Next(8) == 0 ? random.Next(1, data.Length) : 1 << random.Next(4);
            int offset = random.Next(limit - bytes + 1);
            Span<byte> part = data.AsSpan(0, bytes);
            if (random.Next(3) == 0)
            {
                wild.Device.Read(region, (ulong)offset, part);
            }
            else
            {
                random.NextBytes(part);
                wild.Device.Write(region, (ulong)offset, part);
            }

            if (access % 500 == 0)
            {
                wild.WriteConfig(
                    PciConfigHeader.CommandOffset, 2,
                    PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask);
                first.Send(second, access);
                second.Send(first, access);
                lab.SettleAlone();
                first.Poll();
                second.Poll();
            }
        }

        int[] numbers = [.. Enumerable.Range(0, Accesses / 500).Select(number => number * 500)];
        Assert.That(second.Inbox.Select(Convert.ToHexString), Is.EqualTo(numbers.Select(number => Convert.ToHexString(first.Frame(second, number)))));
        Assert.That(first.Inbox.Select(Convert.ToHexString), Is.EqualTo(numbers.Select(number => Convert.ToHexString(second.Frame(first, number)))));
        wild.Device.Reset();
        wild.SetEventfds(0, 0, false);
        wild.Detach();
        wild.Renew();
        wild.Attach();
        wild.Start();
        wild.Inbox.Clear();
        first.Send(wild, 1);
        lab.Settle();
        Assert.That(wild.Inbox, Is.EqualTo(new[] { first.Frame(wild, 1) }), "after it was reset");
    }

    [Test]
    public void A_machine_without_bus_master_enable_moves_nothing_until_it_has_it_again()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        first.Start();
        second.Start();
        lab.Settle();
        first.WriteConfig(PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandMemorySpaceEnableMask);
        first.Send(second, 1);
        byte[] before = first.RamBytes();
        lab.SettleAlone();
        Assert.That(first.RamBytes().AsSpan().SequenceEqual(before), Is.True);
        lab.Settle();
        Assert.That(second.Inbox, Is.Empty);
        first.WriteConfig(
            PciConfigHeader.CommandOffset, 2, PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask);
        lab.Settle();
        Assert.That(second.Inbox, Is.EqualTo(new[] { first.Frame(second, 1) }));
    }

    [Test]
    public unsafe void Item_26_memory_that_is_unmapped_during_DMA_is_not_touched_and_goes_on_when_it_is_mapped_again()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        first.Start();
        second.Start();
        for (int round = 0; round < 50; round++)
        {
            for (int number = 0; number < Burst; number++)
            {
                first.Send(second, (round * Burst) + number);
                second.Send(first, (round * Burst) + number);
            }

            for (int step = round % 4; step > 0; step--)
            {
                lab.Board.Step();
            }

            ulong size = (ulong)first.Ram.Bytes;
            first.Device.Unmapping(HostMemory.BaseAddress, size);
            Assert.That(first.Memory.Unmap(HostMemory.BaseAddress, size), Is.True);
            byte[] before = first.RamBytes();
            lab.SettleAlone();
            Assert.That(first.RamBytes().AsSpan().SequenceEqual(before), Is.True);
            Assert.That(first.Memory.Map(HostMemory.BaseAddress, first.Ram.Start, size), Is.True);
            lab.Settle();
        }

        Assert.That(second.Inbox, Is.EqualTo(Enumerable.Range(0, 50 * Burst).Select(number => first.Frame(second, number))));
        Assert.That(first.Driver!.NeedsReset || second.Driver!.NeedsReset, Is.False);
    }

    [Test]
    public void A_PF_that_is_reset_detached_and_attached_again_while_VFs_are_enabled_changes_nothing_for_them([Values] Blow blow)
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        FunctionMachine physical = lab.Attach(lab.Pf);
        foreach (FunctionMachine machine in new[] { first, second, physical })
        {
            machine.Start();
        }

        lab.Settle();
        int sriov = lab.Pf.Find(PciExtendedCapability.IdSriov, isExtended: true);
        uint[] before = [.. Enumerable.Range(0, SriovCapability.Bytes / 4).Select(word => lab.Root.Read(lab.Pf.Address, sriov + (word * 4), 4))];
        for (int round = 0; round < 10; round++)
        {
            first.Send(second, round);
            second.Send(first, round);
            physical.Send(first, round);
            first.Send(physical, round);
            lab.Board.Step();
            Strike(physical, blow);
            byte[] ram = physical.RamBytes();
            lab.SettleAlone();
            Assert.That(physical.RamBytes().AsSpan().SequenceEqual(ram), Is.True, "nothing was written afterwards");
            Return(physical, blow);
            Assert.That(physical.Driver, Is.Null);
            physical.Start();
            physical.Inbox.Clear();
            lab.Settle();
            first.Send(physical, round);
            lab.Settle();
            Assert.That(physical.Inbox, Is.EqualTo(new[] { first.Frame(physical, round) }));
        }

        byte[] mac = physical.Driver!.MacAddress.ToArray();
        Assert.That(second.Inbox, Is.EqualTo(Enumerable.Range(0, 10).Select(number => first.Frame(second, number))));
        Assert.That(
            first.Inbox.Where(frame => !frame.AsSpan(6, 6).SequenceEqual(mac)),
            Is.EqualTo(Enumerable.Range(0, 10).Select(number => second.Frame(first, number))));
        Assert.That(
            Enumerable.Range(0, SriovCapability.Bytes / 4).Select(word => lab.Root.Read(lab.Pf.Address, sriov + (word * 4), 4)),
            Is.EqualTo(before));
    }

    [Test]
    public void Vectors_fire_while_they_have_an_eventfd_and_a_message_of_one_that_has_none_stays_pending()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        first.Start();
        second.Start();
        lab.Settle();
        int vector = ReceiveVector(second);
        Array.Clear(second.Triggered);
        first.Send(second, 1);
        lab.Settle();
        Assert.That(second.Triggered[vector], Is.EqualTo(1));

        second.SetEventfds(vector, 1, false);
        first.Send(second, 2);
        lab.Settle();
        Assert.That(second.Triggered[vector], Is.EqualTo(1), "masked");
        second.SetEventfds(vector, 1, true);
        lab.Settle();
        Assert.That(second.Triggered[vector], Is.EqualTo(2), "what was pending is sent (PCI Express 5.0, 6.1.4.5)");
        second.SetEventfds(vector, 1, true);
        Assert.That(second.Triggered[vector], Is.EqualTo(2), "another eventfd is no event");

        second.SetEventfds(0, 0, false);
        first.Send(second, 3);
        lab.Settle();
        Assert.That(second.Triggered[vector], Is.EqualTo(2), "MSI-X is disabled");
        Assert.That(second.Inbox, Has.Count.EqualTo(3));
    }

    [Test]
    public void Interrupts_that_are_none_of_the_functions_and_all_of_them_at_once_are_taken_in_stride()
    {
        using var lab = new FunctionLab(1);
        FunctionMachine machine = lab.Attach(lab.VFs[0]);
        int count = machine.Device.IrqCount(VfioIrq.Msix);
        Assert.That(count, Is.InRange(3, 64));
        foreach (int index in new[] { VfioIrq.Intx, VfioIrq.Msi, VfioIrq.Error, VfioIrq.Request })
        {
            Assert.That(machine.Device.IrqCount(index), Is.Zero);
            machine.Device.SetEventfds(index, 0, 0, false);
        }

        int msix = lab.VFs[0].Find(PciCapability.IdMsix, isExtended: false) + MsixCapability.MessageControlOffset;
        for (int round = 0; round < 1000; round++)
        {
            machine.SetEventfds(0, count, true);
            Assert.That(lab.Root.Read(lab.VFs[0].Address, msix, 2) & MsixCapability.MessageControlEnableMask, Is.Not.Zero);
            machine.SetEventfds(0, count, false);
            machine.SetEventfds(0, 0, false);
            Assert.That(lab.Root.Read(lab.VFs[0].Address, msix, 2) & MsixCapability.MessageControlEnableMask, Is.Zero);
        }

        Assert.That(machine.Triggered, Is.All.Zero);
    }

    [Test]
    public void A_device_reset_keeps_the_eventfds_that_the_client_has_set()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        first.Start();
        int count = second.Device.IrqCount(VfioIrq.Msix);
        second.SetEventfds(1, 2, true);
        second.Device.Reset();
        int msix = lab.VFs[1].Find(PciCapability.IdMsix, isExtended: false);
        uint table = lab.Root.Read(lab.VFs[1].Address, msix + MsixCapability.TableOffset, 4);
        HostBar bar = lab.VFs[1].Bars.Single(candidate => candidate.Index == (int)(table & MsixCapability.TableBirMask));
        for (int vector = 0; vector < count; vector++)
        {
            ulong entry = bar.Address + (table & MsixCapability.TableTableOffsetMask) + (ulong)(vector * MsixTableEntry.Bytes);
            bool isMasked = (lab.Root.ReadMemory(entry + MsixTableEntry.VectorControlOffset, 4) & MsixTableEntry.VectorControlMaskBitMask) != 0;
            Assert.That(isMasked, Is.EqualTo(vector is not (1 or 2)), $"vector {vector}");
        }
    }

    private static int ReceiveVector(FunctionMachine machine)
    {
        VirtioPciTransport transport = machine.Driver!.Transport;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 0);
        return (int)transport.ReadCommon(VirtioCommonConfig.QueueMsixVectorOffset, 2);
    }

    private static void Strike(FunctionMachine machine, Blow blow)
    {
        switch (blow)
        {
            case Blow.DriverReset:
                machine.Driver!.Transport.Status = 0;
                break;
            case Blow.FunctionLevelReset:
                int control = machine.Function.Find(PciCapability.IdPciExpress, isExtended: false) + PciExpressCapability.DeviceControlOffset;
                machine.WriteConfig(control, 2, PciExpressCapability.DeviceControlInitiateFlrMask);
                break;
            case Blow.DeviceReset:
                machine.Device.Reset();
                break;
            default:
                machine.Detach();
                break;
        }
    }

    // The machine begins anew: with empty memory, and attached.
    private static void Return(FunctionMachine machine, Blow blow)
    {
        if (blow == Blow.Detach)
        {
            machine.Renew();
            machine.Attach();
        }
        else
        {
            machine.SetEventfds(0, 0, false);
            machine.Abandon();
        }
    }
}
