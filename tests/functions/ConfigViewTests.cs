// Configuration space as the machine that has a function sees it: what is the hypervisor's, what is the function's own, and
// what no write of a machine ever reaches.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Functions;

public sealed class ConfigViewTests
{
    private const int Enables = PciConfigHeader.CommandMemorySpaceEnableMask | PciConfigHeader.CommandBusMasterEnableMask;

    [Test]
    public void IDs_of_a_VF_are_those_of_its_PF_though_its_own_read_all_ones_9_3_4_1()
    {
        using var lab = new FunctionLab(1);
        FunctionMachine machine = lab.Attach(lab.VFs[0]);
        Assert.That(lab.Root.Read(lab.VFs[0].Address, PciConfigHeader.VendorIdOffset, 4), Is.EqualTo(0xFFFFFFFF));
        Assert.That(machine.ReadConfig(PciConfigHeader.VendorIdOffset, 4), Is.EqualTo(0x1041_1AF4));
        Assert.That(machine.ReadConfig(PciConfigHeader.DeviceIdOffset, 2), Is.EqualTo(0x1041));
        machine.WriteConfig(PciConfigHeader.VendorIdOffset, 4, 0xDEADBEEF);
        Assert.That(machine.ReadConfig(PciConfigHeader.VendorIdOffset, 4), Is.EqualTo(0x1041_1AF4));
    }

    [Test]
    public void Memory_Space_Enable_is_the_machines_and_Bus_Master_Enable_the_functions([Values] bool isPhysical)
    {
        using var lab = new FunctionLab(1);
        HostFunction function = isPhysical ? lab.Pf : lab.VFs[0];
        FunctionMachine machine = lab.Attach(function);
        uint held = isPhysical ? (uint)PciConfigHeader.CommandMemorySpaceEnableMask : 0;
        Assert.That(machine.ReadConfig(PciConfigHeader.CommandOffset, 2), Is.Zero);
        Assert.That(machine.ReadRegion(VfioRegion.Bar0, 0, 4), Is.EqualTo(0xFFFFFFFF), "not decoded");
        machine.WriteConfig(PciConfigHeader.CommandOffset, 2, Enables);
        Assert.That(machine.ReadConfig(PciConfigHeader.CommandOffset, 2), Is.EqualTo(Enables));
        Assert.That(
            lab.Root.Read(function.Address, PciConfigHeader.CommandOffset, 2),
            Is.EqualTo(held | PciConfigHeader.CommandBusMasterEnableMask));
        Assert.That(machine.ReadRegion(VfioRegion.Bar0, 0, 4), Is.Not.EqualTo(0xFFFFFFFF));
        machine.WriteConfig(PciConfigHeader.CommandOffset, 1, 0);
        Assert.That(machine.ReadConfig(PciConfigHeader.CommandOffset, 2), Is.Zero);
        Assert.That(lab.Root.Read(function.Address, PciConfigHeader.CommandOffset, 2), Is.EqualTo(held));
        Assert.That(machine.ReadRegion(VfioRegion.Bar0, 0, 4), Is.EqualTo(0xFFFFFFFF));
    }

    [Test]
    public void BARs_are_sized_and_placed_by_the_machine_and_the_functions_own_stay_where_its_host_put_them([Values] bool isPhysical)
    {
        using var lab = new FunctionLab(1);
        HostFunction function = isPhysical ? lab.Pf : lab.VFs[0];
        uint[] before = lab.Space(lab.Pf);
        FunctionMachine machine = lab.Attach(function);
        Assert.That(
            machine.Function.Bars.Select(bar => (bar.Index, bar.Bytes, bar.Is64Bit, bar.IsPrefetchable)),
            Is.EqualTo(function.Bars.Select(bar => (bar.Index, bar.Bytes, bar.Is64Bit, bar.IsPrefetchable))));
        foreach (HostBar bar in machine.Function.Bars)
        {
            Assert.That(machine.Device.RegionBytes(bar.Index), Is.EqualTo(bar.Bytes));
            Assert.That(machine.ReadConfig(PciConfigHeader.Bar0Offset + (bar.Index * 4) + 4, 4), Is.EqualTo((uint)(bar.Address >> 32)));
        }

        for (int bar = PciConfigHeader.Bar0Offset; bar < PciConfigHeader.Bar0Offset + (PciConfigHeader.BarCount * 4); bar += 4)
        {
            Assert.That(lab.Root.Read(lab.Pf.Address, bar, 4), Is.EqualTo(before[bar / 4]));
        }

        machine.WriteConfig(PciConfigHeader.ExpansionRomBaseOffset, 4, 0xFFFFFFFF);
        Assert.That(machine.ReadConfig(PciConfigHeader.ExpansionRomBaseOffset, 4), Is.Zero);
        Assert.That(machine.Device.RegionBytes(VfioRegion.Rom), Is.Zero);
    }

    [Test]
    public void Header_type_and_interrupt_line_are_those_of_a_device_alone()
    {
        using var lab = new FunctionLab(0, physicalFunctions: 2);
        FunctionMachine machine = lab.Attach(lab.Pf);
        Assert.That(
            lab.Root.Read(lab.Pf.Address, PciConfigHeader.HeaderTypeOffset, 1), Is.EqualTo(PciConfigHeader.HeaderTypeMultiFunctionMask));
        Assert.That(machine.ReadConfig(PciConfigHeader.HeaderTypeOffset, 1), Is.Zero);
        machine.WriteConfig(PciConfigHeader.InterruptLineOffset, 2, 0xFF0B);
        Assert.That(machine.ReadConfig(PciConfigHeader.InterruptLineOffset, 2), Is.EqualTo(0x0B), "no pin, and a line");
        machine.Device.Reset();
        Assert.That(machine.ReadConfig(PciConfigHeader.InterruptLineOffset, 2), Is.Zero);
    }

    [Test]
    public void MSI_X_Enable_and_Function_Mask_never_reach_the_function_and_its_table_is_not_the_machines()
    {
        using var lab = new FunctionLab(1);
        FunctionMachine machine = lab.Attach(lab.VFs[0]);
        machine.WriteConfig(PciConfigHeader.CommandOffset, 2, Enables);
        int msix = machine.Function.Find(PciCapability.IdMsix, isExtended: false);
        int control = msix + MsixCapability.MessageControlOffset;
        uint size = machine.ReadConfig(control, 2);
        Assert.That(size, Is.EqualTo(machine.Device.IrqCount(VfioIrq.Msix) - 1));
        foreach (uint bits in new uint[] { MsixCapability.MessageControlEnableMask, MsixCapability.MessageControlFunctionMaskMask, 0xFFFF })
        {
            machine.WriteConfig(control, 2, bits);
            Assert.That(
                machine.ReadConfig(control, 2),
                Is.EqualTo(size | (bits & (MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask))));
            Assert.That(lab.Root.Read(lab.VFs[0].Address, control, 2), Is.EqualTo(size));
        }

        machine.SetEventfds(0, 2, true);
        uint table = machine.ReadConfig(msix + MsixCapability.TableOffset, 4);
        HostBar bar = lab.VFs[0].Bars.Single(candidate => candidate.Index == (int)(table & MsixCapability.TableBirMask));
        ulong[] before = [.. Enumerable.Range(0, 8).Select(quad => lab.Root.ReadMemory(bar.Address + (ulong)(quad * 8), 8))];
        foreach (int bytes in new[] { 1, 2, 4, 8 })
        {
            for (ulong offset = 0; offset < 64; offset += (ulong)bytes)
            {
                machine.WriteRegion(bar.Index, offset, bytes, 0x5A5A5A5A5A5A5A5A);
                Assert.That(machine.ReadRegion(bar.Index, offset, bytes), Is.EqualTo(ulong.MaxValue >> (64 - (bytes * 8))));
            }
        }

        Assert.That(Enumerable.Range(0, 8).Select(quad => lab.Root.ReadMemory(bar.Address + (ulong)(quad * 8), 8)), Is.EqualTo(before));
    }

    [Test]
    public void SR_IOV_and_ARI_are_not_in_the_chain_and_a_machine_that_writes_them_enables_no_VF([Values] bool isPhysical)
    {
        using var lab = new FunctionLab(isPhysical ? 0 : 1);
        HostFunction function = isPhysical ? lab.Pf : lab.VFs[0];
        FunctionMachine machine = lab.Attach(function);
        Assert.That(
            machine.Function.Capabilities.Select(capability => (capability.Id, capability.IsExtended)),
            Is.EqualTo(function.Capabilities
                .Where(capability => !capability.IsExtended || capability.Id is not (PciExtendedCapability.IdSriov or PciExtendedCapability.IdAri))
                .Select(capability => (capability.Id, capability.IsExtended))));
        int sriov = lab.Pf.Find(PciExtendedCapability.IdSriov, isExtended: true);
        uint[] before = [.. Enumerable.Range(0, SriovCapability.Bytes / 4).Select(word => lab.Root.Read(lab.Pf.Address, sriov + (word * 4), 4))];
        if (isPhysical)
        {
            machine.WriteConfig(sriov + SriovCapability.NumVFsOffset, 2, 4);
            for (int word = 4; word < SriovCapability.Bytes; word += 4)
            {
                machine.WriteConfig(sriov + word, 4, 0xFFFFFFFF);
                Assert.That(machine.ReadConfig(sriov + word, 4), Is.Zero);
            }
        }

        Assert.That(
            Enumerable.Range(0, SriovCapability.Bytes / 4).Select(word => lab.Root.Read(lab.Pf.Address, sriov + (word * 4), 4)),
            Is.EqualTo(before));
    }

    [Test]
    public void Initiate_FLR_resets_the_function_reads_zero_and_takes_nothing_but_its_own_state()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine machine = lab.Attach(lab.VFs[0]);
        FunctionMachine other = lab.Attach(lab.VFs[1]);
        other.Start();
        machine.Start();
        Assert.That(machine.Driver!.Transport.Status, Is.Not.Zero);
        int control = machine.Function.Find(PciCapability.IdPciExpress, isExtended: false) + PciExpressCapability.DeviceControlOffset;
        machine.WriteConfig(control + 1, 1, PciExpressCapability.DeviceControlInitiateFlrMask >> 8);
        Assert.That(machine.ReadConfig(control, 2) & PciExpressCapability.DeviceControlInitiateFlrMask, Is.Zero);
        Assert.That(machine.ReadConfig(PciConfigHeader.CommandOffset, 2), Is.Zero);
        Assert.That(machine.ReadConfig(PciConfigHeader.Bar0Offset, 4) & PciConfigHeader.BarMemoryAddressMask, Is.Zero);
        Assert.That(lab.Root.Read(lab.VFs[0].Address, PciConfigHeader.CommandOffset, 2), Is.Zero);
        machine.WriteConfig(PciConfigHeader.CommandOffset, 2, Enables);
        Assert.That(
            machine.ReadRegion(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset, 1), Is.Zero);
        Assert.That(other.Driver!.Transport.Status & VirtioDeviceStatus.DriverOk, Is.Not.Zero);
        Assert.That(
            lab.Root.Read(lab.VFs[1].Address, PciConfigHeader.CommandOffset, 2), Is.EqualTo(PciConfigHeader.CommandBusMasterEnableMask));
    }

    [Test]
    public void Power_states_of_a_PF_are_the_machines_and_its_VFs_work_on_7_5_2_2()
    {
        using var lab = new FunctionLab(2);
        FunctionMachine physical = lab.Attach(lab.Pf);
        FunctionMachine first = lab.Attach(lab.VFs[0]);
        FunctionMachine second = lab.Attach(lab.VFs[1]);
        int power = physical.Function.Find(PciCapability.IdPowerManagement, isExtended: false);
        Assert.That(power, Is.Not.Zero);
        power += PowerManagementCapability.ControlStatusOffset;
        uint own = lab.Root.Read(lab.Pf.Address, power, 2);
        physical.WriteConfig(PciConfigHeader.CommandOffset, 2, Enables);
        foreach (uint state in new uint[] { PowerManagementCapability.PowerStateD1, PowerManagementCapability.PowerStateD2 })
        {
            physical.WriteConfig(power, 2, state);
            Assert.That(physical.ReadConfig(power, 2) & PowerManagementCapability.ControlStatusPowerStateMask, Is.Zero);
        }

        physical.WriteConfig(power, 2, PowerManagementCapability.PowerStateD3Hot);
        Assert.That(
            physical.ReadConfig(power, 2) & PowerManagementCapability.ControlStatusPowerStateMask,
            Is.EqualTo(PowerManagementCapability.PowerStateD3Hot));
        Assert.That(physical.ReadRegion(VfioRegion.Bar0, 0, 4), Is.EqualTo(0xFFFFFFFF));
        Assert.That(lab.Root.Read(lab.Pf.Address, power, 2), Is.EqualTo(own));
        first.Start();
        second.Start();
        first.Send(second, 1);
        lab.Settle();
        Assert.That(second.Inbox, Is.EqualTo(new[] { first.Frame(second, 1) }));
        physical.WriteConfig(power, 2, PowerManagementCapability.PowerStateD0);
        physical.WriteConfig(PciConfigHeader.CommandOffset, 2, Enables);
        Assert.That(physical.ReadRegion(VfioRegion.Bar0, 0, 4), Is.Not.EqualTo(0xFFFFFFFF));
    }

    [Test]
    public void What_is_not_the_hypervisors_reads_as_the_function_has_it([Values] bool isPhysical)
    {
        using var lab = new FunctionLab(1);
        HostFunction function = isPhysical ? lab.Pf : lab.VFs[0];
        FunctionMachine machine = lab.Attach(function);
        uint[] own = lab.Space(function);
        List<int> differing = [];
        for (int offset = 0; offset < PciExtendedCapability.RegionEnd; offset += 4)
        {
            uint shown = machine.ReadConfig(offset, 4);
            if (shown != own[offset / 4])
            {
                differing.Add(offset);
            }

            for (int part = 0; part < 4; part++)
            {
                Assert.That(machine.ReadConfig(offset + part, 1), Is.EqualTo((shown >> (part * 8)) & 0xFF));
            }
        }

        // Headers of extended capabilities whose link leads past what is hidden, and what is hidden.
        HashSet<int> allowed = [PciConfigHeader.VendorIdOffset, PciConfigHeader.CommandOffset];
        allowed.UnionWith(Enumerable.Range(0, PciConfigHeader.BarCount).Select(bar => PciConfigHeader.Bar0Offset + (bar * 4)));
        allowed.UnionWith(function.Capabilities.Where(capability => capability.IsExtended).Select(capability => capability.Offset));
        AddRange(PciExtendedCapability.IdSriov, SriovCapability.Bytes);
        AddRange(PciExtendedCapability.IdAri, AriCapability.Bytes);
        Assert.That(differing.Where(offset => !allowed.Contains(offset)).Select(offset => $"{offset:x3}"), Is.Empty);
        Assert.That(differing, Is.Not.Empty);

        void AddRange(int id, int bytes)
        {
            int start = function.Find(id, isExtended: true);
            allowed.UnionWith(start == 0 ? [] : Enumerable.Range(0, bytes / 4).Select(word => start + (word * 4)));
        }
    }

    [Test]
    public void Item_04_whatever_a_machine_writes_no_other_function_and_no_register_of_its_host_changes(
        [Values] bool isPhysical, [Values(1, 2)] int seed)
    {
        using var lab = new FunctionLab(2, physicalFunctions: 2);
        HostFunction function = isPhysical ? lab.Pf : lab.VFs[0];
        FunctionMachine machine = lab.Attach(function);
        FunctionMachine first = lab.Attach(lab.VFs[1]);
        FunctionMachine second = lab.Attach(lab.Found.PhysicalFunctions[1].Sriov!.VFs[0]);
        first.Start();
        second.Start();
        HostFunction[] others = [.. lab.Found.Functions.Where(other => other != function)];
        uint[][] before = [.. others.Select(lab.Space)];
        int[] kept = [.. Kept(function)];
        uint[] own = lab.Space(function);
        var random = new Random(seed);
        for (int write = 0; write < 20_000; write++)
        {
            int bytes = 1 << random.Next(3);
            int offset = random.Next(4) == 0 ? random.Next(PciExtendedCapability.RegionEnd) : random.Next(512);
            offset &= -bytes;
            uint value = random.Next(3) switch { 0 => 0xFFFFFFFF, 1 => 0, _ => (uint)random.NextInt64() };
            machine.WriteConfig(offset, bytes, value);
            if (write % 1000 == 0)
            {
                first.Send(second, write);
                second.Send(first, write);
                lab.Settle();
            }
        }

        for (int index = 0; index < others.Length; index++)
        {
            Assert.That(lab.Space(others[index]), Is.EqualTo(before[index]), others[index].Name);
        }

        uint[] after = lab.Space(function);
        Assert.That(kept.Where(offset => after[offset / 4] != own[offset / 4]).Select(offset => $"{offset:x3}"), Is.Empty);
        Assert.That(first.Inbox, Is.EqualTo(Enumerable.Range(0, 20).Select(number => second.Frame(first, number * 1000))));
        Assert.That(second.Inbox, Is.EqualTo(Enumerable.Range(0, 20).Select(number => first.Frame(second, number * 1000))));
    }

    // Registers of a function that belong to its host.
    private static IEnumerable<int> Kept(HostFunction function)
    {
        yield return PciConfigHeader.VendorIdOffset;
        for (int bar = 0; bar < PciConfigHeader.BarCount; bar++)
        {
            yield return PciConfigHeader.Bar0Offset + (bar * 4);
        }

        yield return PciConfigHeader.ExpansionRomBaseOffset;
        yield return function.Find(PciCapability.IdMsix, isExtended: false);
        int sriov = function.Find(PciExtendedCapability.IdSriov, isExtended: true);
        for (int word = 0; sriov != 0 && word < SriovCapability.Bytes; word += 4)
        {
            yield return sriov + word;
        }

        yield return function.Find(PciExtendedCapability.IdAri, isExtended: true) + AriCapability.CapabilityOffset;
    }
}
