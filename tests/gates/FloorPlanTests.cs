// The emulator's rows of the README's floor plan, held to the built assembly: who may know whom, and that it goes one way.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

public sealed class FloorPlanTests
{
    private const string Ours = "SmartNicFw.";
    private const string Emulator = Ours + "Emulator.";
    private const string Nothing = "nothing";
    private const string RoomsAbove = "the rooms above";

    // What a folder may know, by folder, in the order of the rows: hal, firmware, and folders of the emulator.
    private static readonly Dictionary<string, string[]> Permitted = Read(File.ReadLines(Repository.File("README.md")));

    [Test]
    public void Every_folder_of_the_emulator_has_a_row()
    {
        IEnumerable<string?> folders = Directory.EnumerateDirectories(Repository.File("emulator")).Select(Path.GetFileName);
        Assert.That(Permitted.Keys, Is.EquivalentTo(folders.Except(["bin", "obj"])));
    }

    [Test]
    public void Every_row_names_only_rows_above_it_so_that_no_two_folders_know_each_other()
    {
        string[] order = ["hal", "firmware", .. Permitted.Keys];
        foreach ((string folder, string[] known) in Permitted)
        {
            Assert.That(known.Except(order.TakeWhile(above => above != folder)), Is.Empty, folder);
        }
    }

    [Test]
    public void A_folder_of_the_emulator_knows_only_what_its_row_permits()
    {
        using AssemblyImage emulator = AssemblyImage.Open(Path.Combine(AppContext.BaseDirectory, "emulator.dll"));
        string[] edges = [.. SignatureScan.Spelled(emulator).Select(found => Edge(found.Where, found.Type.Name)).OfType<string>().Distinct().Order()];

        Assert.That(edges, Does.Contain("board -> engine").And.Contain("demo -> host").And.Contain("timing -> hal"));
        Assert.That(edges, Does.Contain("functions -> engine"), "by calls alone: no signature there spells a type of the engine");
        Assert.That(edges.Where(IsForbidden), Is.Empty);
    }

    [Test]
    public void An_edge_against_the_plan_is_found()
    {
        Assert.That(IsForbidden("link -> board"), Is.True);
        Assert.That(IsForbidden("board -> link"), Is.False);
        Assert.That(Edge("SmartNicFw.Emulator.Link.PcieLink+Lane.Of", "SmartNicFw.Emulator.Board.ConfigLink"), Is.EqualTo("link -> board"));
        Assert.That(Edge("SmartNicFw.Emulator.Host.Virtio.NetDriver.Start", "SmartNicFw.Hal.Spec.Virtqueue"), Is.EqualTo("host -> hal"));
        Assert.That(Edge("SmartNicFw.Emulator.Host.Virtio.NetDriver.Start", "SmartNicFw.Emulator.Host.HostMemory"), Is.Null);
        Assert.That(Edge("SmartNicFw.Emulator.Host.Virtio.NetDriver.Start", "System.Int32"), Is.Null);
    }

    private static bool IsForbidden(string edge)
    {
        string[] ends = edge.Split(" -> ");
        return !Permitted[ends[0]].Contains(ends[1]);
    }

    // Null when it is no edge: to what is not ours, within a folder, or from the program, which knows them all.
    private static string? Edge(string where, string type)
    {
        string? from = where.StartsWith(Emulator, StringComparison.Ordinal) ? Folder(where) : null;
        string? to = type.StartsWith(Ours, StringComparison.Ordinal) ? Folder(type) : null;
        return from is null || to is null || from == to || from == "program" ? null : $"{from} -> {to}";
    }

    // "host" of SmartNicFw.Emulator.Host.Virtio.NetDriver, "hal" of SmartNicFw.Hal.Spec.Virtqueue.
    private static string Folder(string name) =>
        name.Split('.', '+')[name.StartsWith(Emulator, StringComparison.Ordinal) ? 2 : 1].ToLowerInvariant();

    private static Dictionary<string, string[]> Read(IEnumerable<string> lines)
    {
        var permitted = new Dictionary<string, string[]>();
        foreach (string[] columns in lines.Where(line => line.StartsWith("| `emulator/", StringComparison.Ordinal)).Select(line => line.Split('|')))
        {
            string[] known = columns[3].Trim() switch
            {
                RoomsAbove => ["hal", "firmware", .. permitted.Keys],
                Nothing => [],
                _ => Names(columns[3]),
            };
            foreach (string folder in Names(columns[1]))
            {
                permitted.Add(folder, known);
                known = [.. known, folder];
            }
        }

        return permitted;
    }

    // `emulator/host/`, or a layer by its plain name.
    private static string[] Names(string column) =>
        [.. column.Split(',').Select(name => name.Trim(' ', '`', '/').Replace("emulator/", "", StringComparison.Ordinal))];
}
