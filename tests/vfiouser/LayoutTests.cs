// Every layout of the vfio-user messages as data: which fields follow each other, how large they are.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using NUnit.Framework;
using SmartNicFw.Emulator.VfioUser;

namespace SmartNicFw.Tests.VfioUser;

public sealed class VfioUserLayoutTests
{
    private static readonly (Type Type, (string Name, int Bytes)[] Fields, string? Total)[] Layouts =
    [
        (typeof(VfioUserHeader), [("MessageId", 2), ("Command", 2), ("MessageSize", 4), ("Flags", 4), ("Error", 4)], "Bytes"),
        (typeof(VersionBody), [("Major", 2), ("Minor", 2)], "DataOffset"),
        (typeof(DmaMapBody), [("Argsz", 4), ("Flags", 4), ("Offset", 8), ("Address", 8), ("Size", 8)], "Bytes"),
        (typeof(DmaUnmapBody), [("Argsz", 4), ("Flags", 4), ("Address", 8), ("Size", 8)], "Bytes"),
        (typeof(DeviceInfoBody), [("Argsz", 4), ("Flags", 4), ("NumRegions", 4), ("NumIrqs", 4)], "Bytes"),
        (typeof(RegionInfoBody), [("Argsz", 4), ("Flags", 4), ("Index", 4), ("CapOffset", 4), ("Size", 8), ("Offset", 8)], "Bytes"),
        (typeof(IrqInfoBody), [("Argsz", 4), ("Flags", 4), ("Index", 4), ("Count", 4)], "Bytes"),
        (typeof(IrqSetBody), [("Argsz", 4), ("Flags", 4), ("Index", 4), ("Start", 4), ("Count", 4)], "DataOffset"),
        (typeof(RegionAccessBody), [("Offset", 8), ("Region", 4), ("Count", 4)], "DataOffset"),
        (typeof(WriteMultiBody), [("WrCnt", 8)], "WrsOffset"),
        (typeof(DmaAccessBody), [("Address", 8), ("Count", 8)], "DataOffset"),
    ];

    [Test]
    public void Fields_follow_each_other_and_their_sizes_add_up()
    {
        foreach ((Type type, (string Name, int Bytes)[] fields, string? total) in Layouts)
        {
            int at = 0;
            foreach ((string name, int bytes) in fields)
            {
                Assert.That(Constant(type, name + "Offset"), Is.EqualTo(at), $"{type.Name}.{name}");
                at += bytes;
            }

            Assert.That(Constant(type, total!), Is.EqualTo(at), type.Name);
        }
    }

    [Test]
    public void An_entry_of_WRITE_MULTI_begins_as_an_access_does_and_has_24_bytes()
    {
        Assert.That(WriteMultiBody.EntryOffsetOffset, Is.EqualTo(RegionAccessBody.OffsetOffset));
        Assert.That(WriteMultiBody.EntryRegionOffset, Is.EqualTo(RegionAccessBody.RegionOffset));
        Assert.That(WriteMultiBody.EntryCountOffset, Is.EqualTo(RegionAccessBody.CountOffset));
        Assert.That(WriteMultiBody.EntryDataOffset, Is.EqualTo(RegionAccessBody.DataOffset));
        Assert.That(WriteMultiBody.EntryDataOffset + WriteMultiBody.EntryDataBytes, Is.EqualTo(WriteMultiBody.EntryBytes));
    }

    [Test]
    public void Every_layout_is_in_the_table_with_every_field()
    {
        IEnumerable<Type> bodies = typeof(VfioUserServer).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(VfioUserServer).Namespace && type.Name.EndsWith("Body", StringComparison.Ordinal));
        Assert.That(bodies, Is.SubsetOf(Layouts.Select(layout => layout.Type)));
        foreach ((Type type, (string Name, int Bytes)[] fields, string? total) in Layouts)
        {
            IEnumerable<string> offsets = type.GetFields().Where(field => field.IsLiteral).Select(field => field.Name)
                .Where(name => name.EndsWith("Offset", StringComparison.Ordinal) && !name.StartsWith("Entry", StringComparison.Ordinal) && name != total);
            Assert.That(offsets, Is.EquivalentTo(fields.Select(field => field.Name + "Offset")), type.Name);
        }
    }

    private static int Constant(Type type, string name) => Convert.ToInt32(
        type.GetField(name, BindingFlags.Public | BindingFlags.Static)!.GetRawConstantValue(), CultureInfo.InvariantCulture);
}
