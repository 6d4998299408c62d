// The reference of the management protocol in firmware/management/README.md: written from the sources of hal/regs, and held to them.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Tests.Gates;

namespace SmartNicFw.Tests.Management;

/// <summary>UPDATE_GOLDEN=1 writes it anew; look at the difference before you commit it.</summary>
public sealed partial class ReferenceTests
{
    private const string Begin = "<!-- The rest is written by ReferenceTests from hal/regs; UPDATE_GOLDEN=1 writes it anew. -->\n";

    [Test]
    public void The_reference_is_what_the_sources_say()
    {
        string path = Repository.File("firmware", "management", "README.md");
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        Assert.That(begin, Is.GreaterThan(Begin.Length), "the line that says where it begins");
        string wanted = Reference();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text[..begin] + wanted);
            text = File.ReadAllText(path);
        }

        Assert.That(text[begin..], Is.EqualTo(wanted));
    }

    [Test]
    public void Every_number_of_the_protocol_is_in_it_with_words()
    {
        string reference = Reference();
        foreach (Type type in new[]
        {
            typeof(ManagementOpcode), typeof(ManagementStatus), typeof(ManagementReason), typeof(ManagementAttributeKind), typeof(ManagementEventKind),
        })
        {
            foreach (FieldInfo field in Numbers(type))
            {
                Assert.That(reference, Does.Match($@"\| `{field.Name}` \| [^|]{{3,}}"), $"{type.Name}.{field.Name}");
            }
        }

        Assert.That(reference, Does.Not.Contain("<see").And.Not.Contain("///").And.Not.Contain("&lt;"));
    }

    private static string Reference()
    {
        var text = new StringBuilder();
        Table(text, "Opcodes", typeof(ManagementOpcode), value => $"{value:X4}h", "request", "response");
        Table(text, "Statuses", typeof(ManagementStatus), Decimal);
        Table(text, "Reasons of a refusal", typeof(ManagementReason), Decimal);
        Table(text, "Attributes of a function", typeof(ManagementAttributeKind), Decimal);
        Table(text, "Link states", typeof(ManagementLinkState), Decimal);
        Table(text, "Kinds of events", typeof(ManagementEventKind), Decimal);
        text.Append("\n## Layouts\n\nOffsets in bytes, little-endian.\n");
        IEnumerable<Type> layouts = typeof(ManagementFrame).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(ManagementFrame).Namespace && type.Name.StartsWith("Management", StringComparison.Ordinal))
            .Where(type => type.GetField("Bytes") is not null || type == typeof(ManagementFrame) || type == typeof(ManagementVlan))
            .OrderBy(type => type.Name, StringComparer.Ordinal);
        foreach (Type layout in layouts)
        {
            FieldInfo[] offsets = [.. layout.GetFields().Where(field => field.IsLiteral && field.Name.EndsWith("Offset", StringComparison.Ordinal))];
            text.Append(CultureInfo.InvariantCulture, $"\n### {layout.Name}\n\n{Summary(layout.Name, null)}\n\n| offset | field | |\n|---|---|---|\n");
            foreach (FieldInfo field in offsets.OrderBy(Value))
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Value(field):X2}h | `{field.Name[..^6]}` | {Summary(layout.Name, field.Name)} |\n");
            }

            foreach (FieldInfo mask in layout.GetFields().Where(field => field.IsLiteral && field.Name.EndsWith("Mask", StringComparison.Ordinal)))
            {
                long bits = Convert.ToInt64(mask.GetRawConstantValue(), CultureInfo.InvariantCulture);
                text.Append(CultureInfo.InvariantCulture, $"| bits {bits:X}h | `{mask.Name[..^4]}` | {Summary(layout.Name, mask.Name)} |\n");
            }
        }

        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, Type type, Func<int, string> format, params string[] more)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n| number | name | |{string.Concat(more.Select(name => $" {name} |"))}\n");
        text.Append(CultureInfo.InvariantCulture, $"|---|---|---|{string.Concat(more.Select(_ => "---|"))}\n");
        foreach (FieldInfo field in Numbers(type).OrderBy(Value))
        {
            string layouts = string.Concat(more.Select(name => $" {LayoutOf(field.Name, name)} |"));
            text.Append(CultureInfo.InvariantCulture, $"| {format(Value(field))} | `{field.Name}` | {Summary(type.Name, field.Name)} |{layouts}\n");
        }
    }

    // The numbers that a table lists: not the last of them again, nor what stands for none.
    private static IEnumerable<FieldInfo> Numbers(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(int) && Value(field) >= 0
            && !(type == typeof(ManagementAttributeKind) && field.Name == nameof(ManagementAttributeKind.Last)));

    private static int Value(FieldInfo field) => Convert.ToInt32(field.GetRawConstantValue(), CultureInfo.InvariantCulture);

    private static string Decimal(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string LayoutOf(string opcode, string part)
    {
        string remarks = Document(nameof(ManagementOpcode), opcode, "remarks");
        Match found = Regex.Match(remarks, part == "request" ? @"^Request: (.*?)\. Response" : @"Response: (.*)\.$");
        Assert.That(found.Success, Is.True, $"{opcode}: {remarks}");
        return found.Groups[1].Value;
    }

    private static string Summary(string type, string? member) => Document(type, member, "summary");

    // What the source says of a class, or of a constant in it.
    private static string Document(string type, string? member, string element)
    {
        string source = Sources.Single(text => Regex.IsMatch(text, $@" class {type}\n"));
        int start = source.IndexOf($" class {type}\n", StringComparison.Ordinal);
        int end = member is null
            ? source.LastIndexOf('\n', start)
            : start + Regex.Match(source[start..], $@"\n +public const \w+ {member} ").Index;
        Assert.That(end, Is.Positive.And.Not.EqualTo(start), $"{type}.{member}");
        IEnumerable<string> comment = source[..end].Split('\n').Reverse().Select(line => line.Trim())
            .TakeWhile(line => line.StartsWith("///", StringComparison.Ordinal)).Reverse();
        string joined = string.Join(' ', comment.Select(line => line[3..].Trim()));
        string text = Regex.Match(joined, $"<{element}>(.*?)</{element}>").Groups[1].Value.Trim();
        Assert.That(text, Is.Not.Empty, $"{type}.{member} says nothing");
        return Named().Replace(text, match => $"`{match.Groups[1].Value}`").Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static string[] Sources { get; } =
        [.. Directory.GetFiles(Repository.File("hal", "regs"), "Management*.cs").Select(File.ReadAllText)];

    [GeneratedRegex("<see cref=\"([\\w.]+)\"/>")]
    private static partial Regex Named();
}
