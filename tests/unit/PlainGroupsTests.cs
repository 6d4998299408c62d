// Groups of plain frames when the guest changes each header between two looks: nothing is staged, and no group is left behind.
using System.Collections.Generic;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using SmartNicFw.Emulator.Engine;
using SmartNicFw.Emulator.Net;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Contracts;

namespace SmartNicFw.Tests.Unit;

public sealed unsafe class PlainGroupsTests
{
    private const int Capacity = 4;

    [Test]
    public void Hostile_14_headers_that_change_between_two_looks_leave_no_group_behind()
    {
        var packetSwitch = new PacketSwitch(3 * Capacity);
        var table = new QueueTable(packetSwitch, 1, NullLogger.Instance);
        var plain = new PlainFrames(table, packetSwitch, new ReceiveSide(table, packetSwitch, 1500), Capacity);
        using var guest = new VirtqueueGuest(4, isPacked: false);
        var frame = new TakenBuffer { Address = guest.Memory, Length = 12 + 60, Kind = BufferKind.Read };
        var receivers = new List<RunningQueue>();
        for (int function = 0; function < 3 * Capacity; function++)
        {
            QueueSetup setup = guest.Setup;
            setup.Function = function;
            setup.Role = QueueRole.Receive;
            receivers.Add(RunningQueue.TryStart(setup, guest.Map)!);
        }

        foreach (RunningQueue receiver in receivers)
        {
            long left = 1000;
            plain.Choose(receiver);
            Assert.That(plain.Stage(&frame, 1, 12, PacketSwitch.HeaderOf(System.Runtime.Intrinsics.Vector128.Create((byte)1)), ref left), Is.Zero);
            plain.Deliver(0);
            Assert.That(receiver.Group, Is.EqualTo(-1), $"function {receiver.Function}");
        }
    }
}
