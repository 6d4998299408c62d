// What is kept over a restart: all of the old policy or all of the new, wherever the power goes; and what is damaged is said and not used.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Properties.Policy;

public sealed class StoreProperties
{
    private const int VFs = 3;

    [Test]
    public void All_of_policy_is_there_after_a_restart_and_what_nobody_decided_is_derived_anew()
    {
        var store = new FailingStore();
        DataPathUnderTest nic = Start(store);
        SetAll(nic.Firmware.DataPath.Control, 1);
        Save(nic);
        string wanted = Said(nic);
        long written = store.BytesWritten;
        DataPathUnderTest second = Start(store);
        Assert.That(Said(second), Is.EqualTo(wanted));
        Assert.That(second.Firmware.DataPath.Store.Fault, Is.Null);
        Assert.That(second.Firmware.DataPath.Health.Reasons(second.Firmware.DataPath.Health.Endpoint), Is.Zero);
        Assert.That(store.BytesWritten, Is.EqualTo(written), "a start writes nothing");
        second.Bring(Vf0);
        Assert.That((second.Switch.PortVlan[Vf0], second.Switch.Protocol[Vf0], second.Switch.Trusted[Vf0]), Is.EqualTo(((101, 3), 0x88A8, true)));

        // An address that nobody gave follows the serial number.
        DataPathUnderTest other = Start(store, configuration => configuration.SerialNumber += 0x1000);
        Assert.That(other.Firmware.DataPath.Policy.Mac(Vf0), Is.EqualTo(nic.Firmware.DataPath.Policy.Mac(Vf0)), "given");
        Assert.That(other.Firmware.DataPath.Policy.Mac(Pf), Is.Not.EqualTo(nic.Firmware.DataPath.Policy.Mac(Pf)));
    }

    [Test]
    public void Hostile_32_power_that_goes_after_any_byte_leaves_old_or_new_and_never_a_mixture()
    {
        (FailingStore whole, string old, string wanted, long before) = OldAndNew();
        long bytes = whole.BytesWritten - before;
        int olds = 0;
        var random = new Random(5);
        for (long cut = 0; cut <= bytes; cut++)
        {
            foreach (bool isTorn in new[] { false, true })
            {
                var store = new FailingStore();
                DataPathUnderTest nic = Start(store);
                SetAll(nic.Firmware.DataPath.Control, 1);
                Save(nic);
                store.BytesLeft = cut;
                SetAll(nic.Firmware.DataPath.Control, 2);
                Save(nic);
                if (isTorn)
                {
                    store.Tear(random);
                }

                store.BytesLeft = long.MaxValue;
                DataPathUnderTest after = Start(store);
                string said = Said(after);
                Assert.That(said == old || (said == wanted && cut == bytes), Is.True, $"cut after {cut} of {bytes} bytes, torn {isTorn}: {said}");
                Assert.That(isTorn || after.Firmware.DataPath.Store.Fault is null, Is.True, $"cut after {cut}: nothing is damaged");
                olds += said == old ? 1 : 0;

                // It goes on as if nothing had been.
                SetAll(after.Firmware.DataPath.Control, 2);
                Save(after);
                Assert.That(Said(Start(store)), Is.EqualTo(wanted));
            }
        }

        Assert.That(olds, Is.InRange(2 * bytes, (2 * bytes) + 1));
    }

    [Test]
    public void Any_bit_that_flips_in_the_only_slot_is_said_and_defaults_are_used()
    {
        var store = new FailingStore();
        DataPathUnderTest nic = Start(store);
        string defaults = Said(nic);
        SetAll(nic.Firmware.DataPath.Control, 1);
        Save(nic);
        int slot = store.Slot(0).Any(value => value != 0) ? 0 : 1;
        int bytes = nic.Firmware.DataPath.Store.Bytes;
        int damaged = 0;
        for (int bit = 0; bit < bytes * 8; bit += bit < 512 ? 1 : 37)
        {
            store.Slot(slot)[bit / 8] ^= (byte)(1 << (bit % 8));
            DataPath path = Start(store).Firmware.DataPath;
            store.Slot(slot)[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(Said(path), Is.EqualTo(defaults), $"bit {bit}");
            bool isSaid = path.Store.Fault is not null;
            Assert.That((path.Health.Reasons(path.Health.Endpoint) & ManagementHealth.ReasonsStoreDamagedMask) != 0, Is.EqualTo(isSaid));
            Assert.That(path.Events.Count > 0 && path.Events.Kind(0) == ManagementEventKind.StoreDamaged, Is.EqualTo(isSaid));
            Assert.That(isSaid || bit is >= 16 * 8 and < 20 * 8, Is.True, $"bit {bit}: only without its signature a slot is as one that was never written");
            damaged += isSaid ? 1 : 0;
        }

        Assert.That(damaged, Is.GreaterThan(400));
    }

    [Test]
    public void A_damaged_newer_slot_is_said_and_the_older_one_used()
    {
        (FailingStore store, string old, string wanted, _) = OldAndNew();
        Assert.That(Said(Start(store)), Is.EqualTo(wanted));
        int newer = Enumerable.Range(0, 2).MaxBy(slot => LittleEndian.ReadU32(store.Slot(slot), 4));
        store.Slot(newer)[100] ^= 4;
        DataPath path = Start(store).Firmware.DataPath;
        Assert.That((Said(path), path.Store.Fault), Is.EqualTo((old, "the store of the policy is damaged")));
    }

    [Test]
    public void A_store_of_another_version_or_endpoint_or_that_cannot_be_read_is_said_and_defaults_are_used()
    {
        (FailingStore store, _, _, _) = OldAndNew();
        string defaults = Said(Start(new FailingStore()));
        DataPathUnderTest smaller = Start(store, configuration => configuration.TotalVFs = VFs - 1);
        Assert.That(smaller.Firmware.DataPath.Store.Fault, Does.Contain("other functions or groups"));
        Assert.That(smaller.Firmware.DataPath.Control.Table.Weight[Vf0], Is.EqualTo(1));
        Assert.That(Start(store, configuration => configuration.RateGroups = 3).Firmware.DataPath.Store.Fault, Does.Contain("other functions or groups"));

        // What another port cannot promise is not taken: all of it or nothing.
        DataPath slower = Start(store, configuration => configuration.EthernetMbps = 100).Firmware.DataPath;
        Assert.That(slower.Store.Fault, Does.Contain("guarantees"));
        Assert.That(Said(slower), Is.EqualTo(defaults));
        store.IsUnreadable = true;
        Assert.That(Start(store).Firmware.DataPath.Store.Fault, Is.EqualTo("the store of the policy cannot be read"));
        store.IsUnreadable = false;
        foreach (int slot in new[] { 0, 1 })
        {
            store.Slot(slot)[14]++;
        }

        Assert.That(Start(store).Firmware.DataPath.Store.Fault, Does.Contain("another version"));
    }

    [Test]
    public void A_policy_that_cannot_be_kept_is_in_force_and_said_until_one_can()
    {
        var store = new FailingStore();
        DataPathUnderTest nic = Start(store);
        DataPath path = nic.Firmware.DataPath;
        store.IsBroken = true;
        Assert.That(path.Control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 7), Is.Zero);
        Assert.That(path.Control.IsSaving, Is.True, "whoever asked is not answered yet");
        Save(nic);
        Assert.That((path.Control.SaveStatus, path.Control.Table.Weight[Vf0]), Is.EqualTo((ManagementStatus.StoreFault, 7)));
        Assert.That(path.Health.Reasons(path.Health.Endpoint), Is.EqualTo(ManagementHealth.ReasonsStoreFaultMask));
        Assert.That(path.Events.Kind(path.Events.Count - 1), Is.EqualTo(ManagementEventKind.StoreFault));
        store.IsBroken = false;
        Assert.That(path.Control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 8), Is.Zero);
        Save(nic);
        Assert.That((path.Control.SaveStatus, path.Health.Reasons(path.Health.Endpoint)), Is.EqualTo((ManagementStatus.Ok, 0u)));
        Assert.That(Start(store).Firmware.DataPath.Control.Table.Weight[Vf0], Is.EqualTo(8));
        store.SlotBytes = path.Store.Bytes - 1;
        Assert.That(path.Control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 9), Is.Zero);
        Save(nic);
        Assert.That(path.Control.SaveStatus, Is.EqualTo(ManagementStatus.StoreFault), "no room");
    }

    [Test]
    public void A_step_writes_a_few_records_and_a_change_on_the_way_begins_anew()
    {
        var store = new FailingStore();
        DataPathUnderTest nic = Start(store, configuration => configuration.TotalVFs = 64);
        PolicyControl control = nic.Firmware.DataPath.Control;
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 7), Is.Zero);
        int steps = 0;
        for (int writes = store.Writes; control.IsSaving; writes = store.Writes)
        {
            Assert.That(nic.Firmware.HasWork, Is.True, "a controller does not sleep on it");
            nic.Step();
            Assert.That(store.Writes - writes, Is.LessThanOrEqualTo(PolicyStore.RecordsPerStep + 1));
            if (++steps == 5)
            {
                Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 8), Is.Zero);
            }
        }

        Assert.That(steps, Is.GreaterThan(10));
        Assert.That(Start(store, configuration => configuration.TotalVFs = 64).Firmware.DataPath.Control.Table.Weight[Vf0], Is.EqualTo(8));
        Assert.That(control.SetAttribute(Vf0, ManagementAttributeKind.Weight, 1001), Is.Not.Zero);
        Assert.That(control.IsSaving, Is.False, "what is refused is not written");
    }

    private static (FailingStore Store, string Old, string Wanted, long Before) OldAndNew()
    {
        var store = new FailingStore();
        DataPathUnderTest nic = Start(store);
        SetAll(nic.Firmware.DataPath.Control, 1);
        Save(nic);
        string old = Said(nic);
        long before = store.BytesWritten;
        SetAll(nic.Firmware.DataPath.Control, 2);
        Save(nic);
        Assert.That(Said(nic), Is.Not.EqualTo(old));
        return (store, old, Said(nic), before);
    }

    private static DataPathUnderTest Start(FailingStore store, Action<EndpointConfiguration>? change = null)
    {
        var configuration = new EndpointConfiguration { TotalVFs = VFs, RateGroups = 4, MaxVfQueuePairs = 4, MaxVfMsixVectors = 32 };
        change?.Invoke(configuration);
        return new DataPathUnderTest(configuration, 1, store);
    }

    private static void Save(DataPathUnderTest nic)
    {
        for (int step = 0; nic.Firmware.DataPath.Control.IsSaving; step++)
        {
            nic.Step();
            Assert.That(step, Is.LessThan(100));
        }
    }

    // Every attribute of every VF, and groups one in another.
    private static void SetAll(PolicyControl control, int seed)
    {
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        uint changes = 0;
        for (int group = 1; group <= 3; group++)
        {
            var fields = new Dictionary<int, ulong>
            {
                [ManagementRateGroup.FieldsParentMask] = (ulong)(group - 1),
                [ManagementRateGroup.FieldsWeightMask] = (ulong)(group + seed),
                [ManagementRateGroup.FieldsMaxTxRateMask] = (ulong)(20_000 + seed),
                [ManagementRateGroup.FieldsMinTxRateMask] = (ulong)(1000 * seed),
                [ManagementRateGroup.FieldsPriorityMask] = (ulong)(group + seed),
                [ManagementRateGroup.FieldsNameMask] = 0x4141UL + (ulong)(group + seed),
            };
            byte[] layout = new PolicyChange("", group, 0, 0, fields).Layout();
            Assert.That(control.Table.Exists[group] ? control.SetRateGroup(layout, 0) : control.AddRateGroup(layout, 0), Is.Zero);
            changes++;
        }

        for (int function = 1; function <= VFs; function++)
        {
            ulong[] values =
            [
                0x0200_0000_0000UL + (ulong)((0x100 * function) + (2 * seed)), 0x88A8_6064UL + (ulong)seed, (ulong)(5000 + seed), (ulong)(100 + seed),
                (ulong)(seed & 1), (ulong)(seed & 1), (ulong)((function + seed) % 3), (ulong)(10 * seed), function == 1 ? 3UL : function == 2 ? 1UL : 2UL,
                function == 1 ? 20UL : function == 2 ? 12UL : 16UL, (ulong)((function + seed) % 4), (ulong)(1000 * seed), (ulong)(seed & 1),
            ];
            for (int attribute = 1; attribute <= ManagementAttributeKind.Last; attribute++)
            {
                Assert.That(control.SetAttribute(function, attribute, values[attribute - 1]), Is.Zero, $"{attribute}: {control.FaultText}");
                changes++;
            }
        }

        Assert.That(control.Commit(transaction, changes, false), Is.Zero, control.FaultText);
    }

    private static string Said(DataPathUnderTest nic) => Said(nic.Firmware.DataPath);

    private static string Said(DataPath path)
    {
        PolicyControl control = path.Control;
        var layout = new byte[ManagementRateGroup.Bytes];
        IEnumerable<ulong> values = Enumerable.Range(0, control.Table.Functions).SelectMany(function =>
            Enumerable.Range(1, ManagementAttributeKind.Last).Select(attribute => control.Table.Get(function, attribute)));
        IEnumerable<string> groups = Enumerable.Range(0, control.Table.Groups)
            .Select(group => control.WriteRateGroup(group, layout, 0) ? Convert.ToHexString(layout) : "");
        return string.Join(',', values) + ";" + string.Join(',', groups);
    }
}
