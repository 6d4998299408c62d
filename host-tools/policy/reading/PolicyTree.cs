// Makes nodes out of YAML: one document, bounded in depth, without what a policy has no use for. Knows no key.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SmartNicFw.HostTools.Policy.Reading;

/// <summary>
/// Reads the events of the YAML reader one by one. Anchors, aliases, tags and merge keys are refused, so that a small file cannot stand
/// for a large one.
/// </summary>
internal sealed class PolicyTree
{
    /// <summary>Mappings and lists one in another. A policy needs three.</summary>
    public const int MaxDepth = 16;

    private const int LongestShown = 40;

    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly PolicyFaults _faults;

    private PolicyTree(string text, PolicyFaults faults)
    {
        _faults = faults;
        _scanner = new Scanner(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

    /// <summary>Reads the text.</summary>
    /// <param name="faults">Receives what is wrong with it as YAML.</param>
    /// <returns>The document, or null where it cannot be read to its end, or there is none.</returns>
    public static PolicyNode? Read(string text, PolicyFaults faults)
    {
        var tree = new PolicyTree(text, faults);
        try
        {
            return tree.Document();
        }
        catch (TooDeepException deep)
        {
            faults.Add(deep.Position, $"mappings and lists are more than {MaxDepth} deep here");
        }
        catch (YamlException wrong)
        {
            faults.Add(At(wrong.Start), $"this is not YAML: {OneLine(wrong.Message)}");
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say that a list or mapping in brackets does not end.
            faults.Add(At(tree._scanner.CurrentPosition), "this is not YAML: what stands in brackets does not end before here");
        }

        return null;
    }

    private static TextPosition At(in Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string OneLine(string message)
    {
        string line = message.ReplaceLineEndings(" ").Trim(' ', '.');
        return line.Length == 0 ? "it cannot be read" : char.ToLowerInvariant(line[0]) + line[1..];
    }

    private PolicyNode? Document()
    {
        _ = Next<StreamStart>();
        if (Is<StreamEnd>())
        {
            _faults.Add(TextPosition.Start, "the file is empty; the least policy is 'version: 1'");
            return null;
        }

        _ = Next<DocumentStart>();
        PolicyNode root = Node(0);
        _ = Next<DocumentEnd>();
        if (!Is<StreamEnd>())
        {
            _faults.Add(At(_parser.Current!.Start), "another document begins here; a policy is one");
        }

        return root;
    }

    private bool Is<T>()
        where T : ParsingEvent
    {
        if (_parser.Current is null && !_parser.MoveNext())
        {
            throw new YamlException("it ends too early");
        }

        return _parser.Current is T;
    }

    private T Next<T>()
        where T : ParsingEvent
    {
        if (!Is<T>())
        {
            throw new YamlException(_parser.Current!.Start, _parser.Current.End, "nothing of this kind can stand here");
        }

        var found = (T)_parser.Current!;
        _ = _parser.MoveNext();
        return found;
    }

    private PolicyNode Node(int depth)
    {
        if (Is<AnchorAlias>())
        {
            AnchorAlias alias = Next<AnchorAlias>();
            _faults.Add(At(alias.Start), $"alias '*{Short(alias.Value.Value)}' is not taken; write what it stands for");
            return new PolicyNode(At(alias.Start));
        }

        CheckPlainness(_parser.Current as NodeEvent);
        if (Is<Scalar>())
        {
            Scalar word = Next<Scalar>();
            return new PolicyWord(At(word.Start), word.Value, word.Style is not ScalarStyle.Plain);
        }

        if (depth == MaxDepth)
        {
            throw new TooDeepException(At(_parser.Current!.Start));
        }

        return Is<SequenceStart>() ? Sequence(depth) : Mapping(depth);
    }

    private PolicySequence Sequence(int depth)
    {
        SequenceStart start = Next<SequenceStart>();
        while (!Is<SequenceEnd>())
        {
            _ = Node(depth + 1);
        }

        _ = Next<SequenceEnd>();
        return new PolicySequence(At(start.Start));
    }

    private PolicyMapping Mapping(int depth)
    {
        MappingStart start = Next<MappingStart>();
        var entries = new List<PolicyEntry>();
        var first = new Dictionary<string, TextPosition>(StringComparer.Ordinal);
        while (!Is<MappingEnd>())
        {
            PolicyNode key = Node(depth + 1);
            PolicyNode value = Node(depth + 1);
            if (key is not PolicyWord word)
            {
                _faults.Add(key.Position, "a key is a word");
            }
            else if (!first.TryAdd(word.Text, word.Position))
            {
                _faults.Add(word.Position, $"'{Short(word.Text)}' is there already, in line {first[word.Text].Line}");
            }
            else
            {
                entries.Add(new PolicyEntry(word, value));
            }
        }

        _ = Next<MappingEnd>();
        return new PolicyMapping(At(start.Start), entries);
    }

    private void CheckPlainness(NodeEvent? node)
    {
        if (node is null)
        {
            return;
        }

        if (!node.Anchor.IsEmpty)
        {
            _faults.Add(At(node.Start), $"anchor '&{Short(node.Anchor.Value)}' is not taken; write each value where it belongs");
        }

        if (!node.Tag.IsEmpty)
        {
            _faults.Add(At(node.Start), "a tag is not taken; write the value alone");
        }
    }

    /// <summary>A word as a message repeats it.</summary>
    internal static string Short(string text)
    {
        string shown = text.Length <= LongestShown ? text : text[..LongestShown] + "...";
        return string.Concat(shown.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
    }

    private sealed class TooDeepException(TextPosition position) : Exception
    {
        public TextPosition Position { get; } = position;
    }
}
