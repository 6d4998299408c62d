// Proves each layout of hal/spec and hal/regs against its row of data: no overlap, no gap unexplained, no bit named twice.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Tests.Unit;

public sealed class LayoutTests
{
    // Offsets that are not registers of the structure, each with its reason.
    private static readonly Dictionary<string, string> NotRegisters = new()
    {
        ["PciCapability.FirstOffset"] = "where a chain may start",
        ["PciExtendedCapability.FirstOffset"] = "where the chain starts",
        ["BarMap.CommonConfigOffset"] = "where a structure begins",
        ["BarMap.IsrOffset"] = "where a structure begins",
        ["BarMap.DeviceConfigOffset"] = "where a structure begins",
        ["VirtioPciCapability.NotifyMultiplierOffset"] = "the notification capability has it where the configuration access capability has its data",
    };

    private static IEnumerable<Layout> Layouts => LayoutTable.All.Concat(ManagementLayouts.All);

    [TestCaseSource(nameof(Layouts))]
    public void Registers_follow_each_other_without_gap_or_overlap_up_to_the_size(object layout)
    {
        var (type, start, end, rows) = (Layout)layout;
        int next = start;
        foreach (LayoutRow row in rows)
        {
            if (row.Name is null)
            {
                Assert.That(row.Why, Is.Not.Null.And.Not.Empty, $"{type.Name}: the gap at {next:x2} has no reason");
            }
            else
            {
                Assert.That(Constant(type, row.Name + "Offset"), Is.EqualTo(next), $"{type.Name}.{row.Name}Offset");
            }

            next += row.Bytes;
        }

        Assert.That(next, Is.EqualTo(end), $"size of {type.Name}");
    }

    [TestCaseSource(nameof(Layouts))]
    public void Every_offset_of_the_class_is_a_row(object layout)
    {
        var (type, _, _, rows) = (Layout)layout;
        IEnumerable<string> offsets = Constants(type).Select(field => field.Name)
            .Where(name => name.EndsWith("Offset", StringComparison.Ordinal) && !NotRegisters.ContainsKey($"{type.Name}.{name}"));
        Assert.That(offsets, Is.EquivalentTo(rows.Where(row => row.Name is not null).Select(row => row.Name + "Offset")));
    }

    [TestCaseSource(nameof(Layouts))]
    public void Named_bits_of_a_register_do_not_overlap_and_the_rest_is_what_the_table_calls_reserved(object layout)
    {
        var (type, _, _, rows) = (Layout)layout;
        foreach (LayoutRow row in rows.Where(row => row.Reserved.HasValue))
        {
            uint seen = 0;
            foreach (FieldInfo mask in MasksOf(type, row, rows))
            {
                uint bits = Value(mask);
                Assert.That(bits & seen, Is.Zero, $"{type.Name}.{mask.Name} overlaps another field of {row.Name}");
                seen |= bits;
            }

            uint all = row.Bytes == 4 ? 0xFFFFFFFF : (1u << (row.Bytes * 8)) - 1;
            Assert.That(seen & ~all, Is.Zero, $"{type.Name}.{row.Name} has bits beyond its size");
            Assert.That(
                (~seen & all).ToString("X8", CultureInfo.InvariantCulture),
                Is.EqualTo(row.Reserved!.Value.ToString("X8", CultureInfo.InvariantCulture)), $"reserved bits of {type.Name}.{row.Name}");
        }
    }

    [Test]
    public void Every_class_of_registers_is_in_the_table()
    {
        var withOffsets = typeof(PciConfigHeader).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(PciConfigHeader).Namespace || type.Namespace == typeof(BarMap).Namespace)
            .Where(type => Constants(type).Any(field => field.Name.EndsWith("Offset", StringComparison.Ordinal)
                && !NotRegisters.ContainsKey($"{type.Name}.{field.Name}")));
        Assert.That(withOffsets, Is.EquivalentTo(Layouts.Select(layout => layout.Type)));
    }

    private static IEnumerable<FieldInfo> MasksOf(Type type, LayoutRow row, LayoutRow[] rows)
    {
        string prefix = row.MaskPrefix ?? row.Name!;
        return Constants(type)
            .Where(field => field.Name.EndsWith("Mask", StringComparison.Ordinal) && field.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Where(field => !rows.Any(other => other.Name is not null && other.MaskPrefix is null && other.Name.Length > prefix.Length
                && field.Name.StartsWith(other.Name, StringComparison.Ordinal)));
    }

    private static IEnumerable<FieldInfo> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral);

    private static int Constant(Type type, string name) => Convert.ToInt32(
        Constants(type).Single(field => field.Name == name).GetRawConstantValue(), CultureInfo.InvariantCulture);

    private static uint Value(FieldInfo field) =>
        (uint)Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture);
}
