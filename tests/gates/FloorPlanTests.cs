// The rows of the README's floor plan for both programs, held to the built assemblies: who may know whom, and that it goes one way.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;

namespace SmartNicFw.Tests.Gates;

[TestFixture("emulator", "emulator.dll", "SmartNicFw.Emulator.", "hal firmware", "board -> engine", "demo -> host", "timing -> hal", "functions -> engine")]
[TestFixture("host-tools", "smartnic.dll", "SmartNicFw.HostTools.", "hal", "client -> transport", "commands -> output", "transport -> hal")]
public sealed class FloorPlanTests
{
    private const string Ours = "SmartNicFw.";
    private const string Nothing = "nothing";
    private const string RoomsAbove = "the rooms above";

    private readonly string _project;
    private readonly string _assembly;
    private readonly string _namespace;
    private readonly string[] _layers;
    private readonly string[] _edges;

    // What a folder may know, by folder, in the order of the rows: layers below, and folders of the program.
    private readonly Dictionary<string, string[]> _permitted;

    /// <summary>Reads the rows of one program.</summary>
    /// <param name="layers">Layers that it may reference at all, lowest first.</param>
    /// <param name="edges">Some that there are: a scan that finds nothing must not pass. Those with calls alone are among them.</param>
    public FloorPlanTests(string project, string assembly, string name, string layers, params string[] edges)
    {
        (_project, _assembly, _namespace, _layers, _edges) = (project, assembly, name, layers.Split(' '), edges);
        _permitted = Read(File.ReadLines(Repository.File("README.md")));
    }

    [Test]
    public void Every_folder_has_a_row()
    {
        IEnumerable<string?> folders = Directory.EnumerateDirectories(Repository.File(_project)).Select(Path.GetFileName)
            .Where(folder => Directory.EnumerateFiles(Repository.File(_project, folder!), "*.cs", SearchOption.AllDirectories).Any());
        Assert.That(_permitted.Keys, Is.EquivalentTo(folders.Except(["bin", "obj"])));
    }

    [Test]
    public void Every_row_names_only_rows_above_it_so_that_no_two_folders_know_each_other()
    {
        string[] order = [.. _layers, .. _permitted.Keys];
        foreach ((string folder, string[] known) in _permitted)
        {
            Assert.That(known.Except(order.TakeWhile(above => above != folder)), Is.Empty, folder);
        }
    }

    [Test]
    public void A_folder_knows_only_what_its_row_permits()
    {
        using AssemblyImage program = AssemblyImage.Open(Path.Combine(AppContext.BaseDirectory, _assembly));
        string[] edges = [.. SignatureScan.Spelled(program).Select(found => Edge(found.Where, found.Type.Name)).OfType<string>().Distinct().Order()];

        Assert.That(_edges.Except(edges), Is.Empty);
        Assert.That(edges.Where(IsForbidden), Is.Empty);
    }

    [Test]
    public void An_edge_against_the_plan_is_found()
    {
        string lowest = _permitted.Keys.First();
        string highest = _permitted.Keys.Last();
        Assert.That(IsForbidden($"{lowest} -> {highest}"), Is.True);
        Assert.That(IsForbidden($"{highest} -> {lowest}"), Is.False);
        Assert.That(Edge($"{_namespace}Link.PcieLink+Lane.Of", $"{_namespace}Board.ConfigLink"), Is.EqualTo("link -> board"));
        Assert.That(Edge($"{_namespace}Host.Virtio.NetDriver.Start", "SmartNicFw.Hal.Spec.Virtqueue"), Is.EqualTo("host -> hal"));
        Assert.That(Edge($"{_namespace}Host.Virtio.NetDriver.Start", $"{_namespace}Host.HostMemory"), Is.Null);
        Assert.That(Edge($"{_namespace}Host.Virtio.NetDriver.Start", "System.Int32"), Is.Null);
    }

    private bool IsForbidden(string edge)
    {
        string[] ends = edge.Split(" -> ");
        return !_permitted[ends[0]].Contains(ends[1]);
    }

    // Null when it is no edge: to what is not ours, within a folder, or from the program, which knows them all.
    private string? Edge(string where, string type)
    {
        string? from = where.StartsWith(_namespace, StringComparison.Ordinal) ? Folder(where) : null;
        string? to = type.StartsWith(Ours, StringComparison.Ordinal) ? Folder(type) : null;
        return from is null || to is null || from == to || from == "program" ? null : $"{from} -> {to}";
    }

    // "host" of SmartNicFw.Emulator.Host.Virtio.NetDriver, "hal" of SmartNicFw.Hal.Spec.Virtqueue.
    private string Folder(string name) =>
        name.Split('.', '+')[name.StartsWith(_namespace, StringComparison.Ordinal) ? 2 : 1].ToLowerInvariant();

    private Dictionary<string, string[]> Read(IEnumerable<string> lines)
    {
        var permitted = new Dictionary<string, string[]>();
        foreach (string[] columns in lines.Where(line => line.StartsWith($"| `{_project}/", StringComparison.Ordinal)).Select(line => line.Split('|')))
        {
            string[] known = columns[3].Trim() switch
            {
                RoomsAbove => [.. _layers, .. permitted.Keys],
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
    private string[] Names(string column) =>
        [.. column.Split(',').Select(name => name.Trim(' ', '`', '/').Replace($"{_project}/", "", StringComparison.Ordinal))];
}
