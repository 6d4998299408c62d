// Sockets of functions over real connections: they come and go with VFs, and of a client that is gone nothing stays.
using System;
using System.Diagnostics;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Functions;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.VfioUser;

namespace SmartNicFw.Tests.Functions;

/// <summary>Counts descriptors and mappings of the whole process, and so runs alone.</summary>
[NonParallelizable]
public sealed unsafe class FunctionFolderTests
{
    private const int FileBytes = 1 << 20;
    private const uint InvalidArgument = 22;

    // Of VFIO_DEVICE_SET_IRQS: eventfds that trigger (vfio.h).
    private const uint Eventfds = 0x24;

    [Test]
    public void Sockets_come_and_go_with_VFs_and_nothing_is_left_at_the_end()
    {
        int descriptors = RawSystem.OpenDescriptors();
        using var folder = new FolderUnderTest();
        Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock" }));
        Assert.That(folder.OnLoop(() => folder.Folder.EnabledVFs), Is.Zero);
        int before = RawSystem.OpenDescriptors();
        int sources = folder.Sources;
        foreach (int vfs in new[] { 3, 1, 8, 2 })
        {
            folder.SetVFs(vfs);
            string[] expected = [.. Enumerable.Range(0, vfs).Select(vf => $"vf{vf}.sock").Prepend("pf0.sock")];
            Assert.That(folder.Files, Is.EqualTo(expected));
            Assert.That(folder.OnLoop(() => folder.Folder.EnabledVFs), Is.EqualTo(vfs));
            Assert.That(() => folder.SetVFs(9), Throws.TypeOf<HostException>(), "while some are enabled");
            Assert.That(folder.Files, Is.EqualTo(expected));
            using (RawClient client = folder.Attach($"vf{vfs - 1}"))
            {
                Assert.That(Ids(client), Is.EqualTo(0x1041_1AF4));
            }

            folder.SetVFs(0);
            Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock" }));
            Assert.That(folder.Sources, Is.EqualTo(sources));
            Assert.That(RawSystem.OpenDescriptors(), Is.EqualTo(before));
        }

        Assert.That(() => folder.SetVFs(9), Throws.TypeOf<HostException>());
        Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock" }));
        folder.SetVFs(4);
        Assert.That(folder.Close(), Is.Empty);
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
    }

    [Test]
    public void Every_function_of_several_PFs_has_a_socket_by_its_name_and_is_itself()
    {
        using var folder = new FolderUnderTest(physicalFunctions: 3);
        folder.SetVFs(4);
        string[] names =
        [
            "pf0", "pf1", "pf2", "vf0", "vf1", "vf2", "vf3", "pf1vf0", "pf1vf1", "pf1vf2", "pf1vf3", "pf2vf0", "pf2vf1", "pf2vf2", "pf2vf3",
        ];
        Assert.That(folder.Files, Is.EquivalentTo(names.Select(name => name + ".sock")));
        Assert.That(folder.OnLoop(() => folder.Folder.Sockets.Select(socket => socket.Name).ToArray()), Is.EqualTo(names));
        Assert.That(folder.OnLoop(() => names.Select(name => folder.Folder.Find(name)!.Index).Distinct().Count()), Is.EqualTo(names.Length));
        Assert.That(folder.OnLoop(() => folder.Folder.Find("pf3")), Is.Null);
        string[] addresses = [.. names.Select(name =>
        {
            using RawClient client = folder.Attach(name);
            Assert.That(Ids(client), Is.EqualTo(0x1041_1AF4), name);
            client.WriteRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, PciConfigHeader.CommandMemorySpaceEnableMask, 0);
            Assert.That(folder.OnLoop(() => folder.Folder.Find(name)!.IsAttached), Is.True);
            return Convert.ToHexString(client.ReadRegion(BarMap.ControlBar, BarMap.DeviceConfigOffset + VirtioNetConfig.MacOffset, 6));
        })];
        Assert.That(addresses.Distinct().Count(), Is.EqualTo(names.Length), () => string.Join(' ', addresses));
        folder.SetVFs(0);
        Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock", "pf1.sock", "pf2.sock" }));
        Assert.That(folder.Close(), Is.Empty);
    }

    [Test]
    public void Clients_of_VFs_that_are_disabled_are_closed_with_all_that_they_brought_and_the_PFs_stays()
    {
        using var folder = new FolderUnderTest();
        using RawClient physical = folder.Attach("pf0");
        int file = RawSystem.MemoryFile(FileBytes);
        int vector = RawSystem.Eventfd();
        for (int round = 0; round < 20; round++)
        {
            int descriptors = RawSystem.OpenDescriptors();
            int maps = RawSystem.GuestMappings();
            folder.SetVFs(3);
            RawClient[] clients = [.. Enumerable.Range(0, 3).Select(vf => folder.Attach($"vf{vf}"))];
            foreach (RawClient client in clients)
            {
                Assert.That(client.MapDma(0, FileBytes, file).IsError, Is.False);
                Assert.That(client.SetIrqs(Eventfds, 2, 1, 1, vector).IsError, Is.False);
            }

            // One of them in the middle of a message.
            clients[1].Send(clients[1].Message(9, RawClient.Body(0L, 7, 4)).AsSpan(0, 20));
            folder.SetVFs(0);
            foreach (RawClient client in clients)
            {
                Assert.That(client.IsClosedByServer(), Is.True);
                client.Dispose();
            }

            Assert.That(RawSystem.OpenDescriptors(), Is.EqualTo(descriptors));
            Assert.That(RawSystem.GuestMappings(), Is.EqualTo(maps));
            Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock" }));
            Assert.That(() => folder.Attach("vf0"), Throws.InstanceOf<System.IO.IOException>());
            Assert.That(Ids(physical), Is.EqualTo(0x1041_1AF4));
        }

        _ = RawSystem.Close(file);
        _ = RawSystem.Close(vector);
    }

    [Test]
    public void Item_37_a_client_that_is_killed_frees_its_function_within_a_second_and_its_neighbour_notices_nothing()
    {
        using var folder = new FolderUnderTest();
        folder.SetVFs(2);
        using RawClient neighbour = folder.Attach("vf1");
        int file = RawSystem.MemoryFile(FileBytes);
        int vector = RawSystem.Eventfd();
        Assert.That(neighbour.MapDma(0, FileBytes, file).IsError, Is.False);
        Assert.That(neighbour.SetIrqs(Eventfds, 2, 0, 1, vector).IsError, Is.False);
        neighbour.WriteRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 6, 0);
        int descriptors = RawSystem.OpenDescriptors();
        int maps = RawSystem.GuestMappings();
        foreach (int rest in new[] { 0, 1, 17, 31 })
        {
            using (RawClient victim = folder.Attach("vf0"))
            {
                int memory = RawSystem.MemoryFile(FileBytes);
                Assert.That(victim.MapDma(0, FileBytes, memory).IsError, Is.False);
                Assert.That(victim.SetIrqs(Eventfds, 2, 0, 3, vector, vector, vector).IsError, Is.False);
                victim.WriteRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 6, 0);
                victim.WriteRegion(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset, 3);
                _ = RawSystem.Close(memory);
                if (rest > 0)
                {
                    victim.Send(victim.Message(9, RawClient.Body(0L, 7, 4)).AsSpan(0, rest));
                }
            }

            long start = Stopwatch.GetTimestamp();
            Assert.That(folder.Eventually(() => !folder.Folder.Find("vf0")!.IsAttached), Is.True);
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(1)), "item 37's bound");
            Assert.That(folder.Eventually(() => RawSystem.OpenDescriptors() == descriptors), Is.True);
            Assert.That(RawSystem.GuestMappings(), Is.EqualTo(maps));
            Assert.That(neighbour.ReadRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 2), Is.EqualTo(new byte[] { 6, 0 }));

            using RawClient next = folder.Attach("vf0");
            Assert.That(next.ReadRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 2), Is.EqualTo(new byte[] { 0, 0 }), "fresh");
            next.WriteRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 2, 0);
            Assert.That(
                next.ReadRegion(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset, 1), Is.EqualTo(new byte[] { 0 }));
            next.Dispose();
            Assert.That(folder.Eventually(() => !folder.Folder.Find("vf0")!.IsAttached), Is.True);
        }

        Assert.That(RawSystem.ReadEventfd(vector), Is.Zero, "no interrupt of anybody");
        _ = RawSystem.Close(file);
        _ = RawSystem.Close(vector);
    }

    [Test]
    public void Item_27_interrupts_that_overflow_or_have_no_eventfd_are_refused_and_change_nothing()
    {
        using var folder = new FolderUnderTest();
        folder.SetVFs(1);
        using RawClient client = folder.Attach("vf0");
        int vector = RawSystem.Eventfd();
        int file = RawSystem.MemoryFile(4096);
        uint count = (uint)folder.OnLoop(() => folder.Folder.Find("vf0")!.IrqCount(VfioIrq.Msix));
        Assert.That(client.SetIrqs(Eventfds, 2, 0, 1, vector).IsError, Is.False);
        int descriptors = RawSystem.OpenDescriptors();
        foreach ((uint start, uint number) in new[]
        {
            (count, 1u), (count - 1, 2u), (0xFFFFFFFFu, 1u), (1u, 0xFFFFFFFFu), (0x80000000u, 0x80000000u), (0u, count + 1),
        })
        {
            RawReply reply = client.SetIrqs(Eventfds, 2, start, number, vector);
            Assert.That((reply.IsError, reply.Error), Is.EqualTo((true, InvalidArgument)), $"{start} + {number}");
        }

        Assert.That(client.SetIrqs(Eventfds, 2, 1, 1, file).IsError, Is.True, "no eventfd");
        foreach (uint index in new uint[] { 0, 1, 3, 4, 5, 0xFFFFFFFF })
        {
            Assert.That(client.SetIrqs(Eventfds, index, 0, 1, vector).IsError, Is.True);
        }

        Assert.That(folder.Eventually(() => RawSystem.OpenDescriptors() == descriptors), Is.True, "all that came were closed");
        Assert.That(Ids(client), Is.EqualTo(0x1041_1AF4));
        _ = RawSystem.Close(file);
        _ = RawSystem.Close(vector);
    }

    [Test]
    public void A_socket_that_cannot_be_had_leaves_no_VF_enabled_and_the_next_attempt_works()
    {
        using var folder = new FolderUnderTest();
        System.IO.File.WriteAllText(folder.PathOf("vf1"), "precious");
        int sources = folder.Sources;
        Assert.That(() => folder.SetVFs(3), Throws.TypeOf<SocketPathException>());
        Assert.That(folder.OnLoop(() => folder.Folder.EnabledVFs), Is.Zero);
        Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock", "vf1.sock" }));
        Assert.That(folder.Sources, Is.EqualTo(sources));
        Assert.That(System.IO.File.ReadAllText(folder.PathOf("vf1")), Is.EqualTo("precious"));
        System.IO.File.Delete(folder.PathOf("vf1"));
        folder.SetVFs(3);
        Assert.That(folder.Files, Is.EqualTo(new[] { "pf0.sock", "vf0.sock", "vf1.sock", "vf2.sock" }));
    }

    [Test]
    public void A_folder_of_which_one_socket_cannot_be_had_is_not_opened_and_leaves_nothing()
    {
        int descriptors = RawSystem.OpenDescriptors();
        string path = System.IO.Directory.CreateTempSubdirectory("fn").FullName;
        System.IO.File.WriteAllText(System.IO.Path.Combine(path, "pf1.sock"), "precious");
        var board = new EmulatedBoard(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 8 });
        using (var loop = new ControllerLoop(() => false))
        {
            int sources = loop.SourceCount;
            Assert.That(() => new FunctionFolder(board, path, loop, new RecordingLog()), Throws.TypeOf<SocketPathException>());
            Assert.That(loop.SourceCount, Is.EqualTo(sources));
        }

        Assert.That(System.IO.Directory.EnumerateFiles(path).Select(System.IO.Path.GetFileName), Is.EqualTo(new[] { "pf1.sock" }));
        Assert.That(RawSystem.OpenDescriptors(), Is.LessThanOrEqualTo(descriptors));
        System.IO.Directory.Delete(path, recursive: true);
    }

    private static uint Ids(RawClient client) => BitConverter.ToUInt32(client.ReadRegion(VfioRegion.Config, 0, 4));
}
