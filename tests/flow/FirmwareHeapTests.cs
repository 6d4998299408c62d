// What the firmware's state costs on a controller, computed from the real arrays, and that a running step allocates nothing.
using System;
using System.Collections.Generic;
using System.Reflection;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class FirmwareHeapTests
{
    // An object of four fields costs 60 bytes on nanoFramework; no object is counted for less, and each field beyond costs 12.
    private const int ObjectBytes = 60;
    private const int FieldsWithin = 4;
    private const int FieldBytes = 12;

    [TestCase(8, 96 * 1024)]
    [TestCase(256, 1024 * 1024)]
    public void A_PF_and_its_VFs_fit_the_heap_of_a_controller(int vfs, int budget)
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = vfs }, vfs: 0);
        int bytes = HeapOf(nic.Firmware);
        TestContext.Out.WriteLine($"PF and {vfs} VFs: {bytes} of {budget} bytes");
        Assert.That(bytes, Is.LessThan(budget).And.GreaterThan(vfs * 256), "the MSI-X entries of a VF alone are 256 bytes");
    }

    [Test]
    public void A_step_under_load_allocates_nothing()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        Assert.That(nic.Firmware.DataPath.Interrupts.SetAdaptive(Vf1, true), Is.Null);
        nic.Engine.IsKeepingTurns = false;
        nic.Notify(Vf0, 1);
        nic.Notify(Vf1, 3);
        nic.Ports.Messages.EnsureCapacity(100_000);
        nic.Engine.Held.EnsureCapacity(64);
        var busy = new EndlessBoard();
        var firmware = new FirmwareRuntime(nic.Configuration, busy.Contracts());
        for (int step = 0; step < 1000; step++)
        {
            nic.Clock.Advance(2);
            nic.Step();
            firmware.Step();
        }

        int turns = nic.Engine.TurnCount;
        int messages = nic.Ports.Messages.Count;
        long allocated = Allocations.Of(() =>
        {
            for (int step = 0; step < 1000; step++)
            {
                nic.Clock.Advance(2);
                nic.Step();
                firmware.Step();
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(nic.Firmware.DataPath.Interrupts.Level(Vf1, 3), Is.Positive, "adaptive moderation was at work");
        Assert.That(nic.Engine.TurnCount - turns, Is.GreaterThan(1000));
        Assert.That(nic.Ports.Messages.Count - messages, Is.GreaterThan(1000));
        Assert.That(busy.Accesses, Is.GreaterThan(10_000));
    }

    private static int HeapOf(FirmwareRuntime firmware)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var waiting = new Stack<object>();
        waiting.Push(firmware);
        int bytes = 0;
        while (waiting.TryPop(out object? item))
        {
            if (!seen.Add(item))
            {
                continue;
            }

            if (item is Array array)
            {
                bytes += ObjectBytes + (array.Length * ElementBytes(array.GetType().GetElementType()!));
                Assert.That(array.GetType().GetElementType()!.IsPrimitive, Is.True, "arrays are of primitives");
                continue;
            }

            int fields = 0;
            for (Type? type = item.GetType(); type is not null; type = type.BaseType)
            {
                foreach (FieldInfo field in type.GetFields(
                    BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    fields++;
                    if (!field.FieldType.IsPrimitive && field.GetValue(item) is { } value && IsFirmware(value))
                    {
                        waiting.Push(value);
                    }
                }
            }

            bytes += ObjectBytes + (Math.Max(0, fields - FieldsWithin) * FieldBytes);
        }

        return bytes;
    }

    private static bool IsFirmware(object value)
    {
        string? assembly = value.GetType().Assembly.GetName().Name;
        return value is Array || (!value.GetType().IsEnum && assembly is "SmartNicFw.Firmware" or "SmartNicFw.Hal");
    }

    private static int ElementBytes(Type type) => type == typeof(bool) ? 1
        : type == typeof(byte) ? sizeof(byte)
        : type == typeof(short) || type == typeof(ushort) ? sizeof(ushort)
        : type == typeof(int) || type == typeof(uint) ? sizeof(int)
        : type == typeof(long) || type == typeof(ulong) ? sizeof(long)
        : throw new InvalidOperationException($"no cost known for {type}");

    /// <summary>A board on which BAR accesses of every kind never end.</summary>
    private sealed class EndlessBoard : IBarPort
    {
        public int Accesses { get; private set; }

        public BoardContracts Contracts()
        {
            var link = new Emulator.Board.ConfigLink();
            return InertDataPath.Complete(new BoardContracts
            {
                ConfigPort = link,
                LinkPort = link,
                AddressDecode = new Emulator.Board.AddressComparators(),
                Clock = new Emulator.Timing.VirtualClock(),
                BarPort = this,
            });
        }

        public bool TryTake(BarRequest request)
        {
            Accesses++;
            request.IsWrite = (Accesses & 1) != 0;
            request.PhysicalFunction = 0;
            request.Vf = -1;
            request.Bar = Accesses / 2 % 3 * 2;
            request.Offset = Accesses * 36 % 0x3000;
            request.Bytes = 1 << (Accesses % 4);
            request.Data = (ulong)Accesses * 0x9E37_79B9_7F4A_7C15;
            return true;
        }

        public void Complete(ulong data)
        {
        }
    }
}
