// What a YAML file is made of, as far as a policy needs it: words and mappings, each with its place. Knows no key.
using System.Collections.Generic;

namespace SmartNicFw.HostTools.Policy.Reading;

/// <summary>A piece of the file; this kind is one that has been found wrong already and is not to be looked at.</summary>
internal record PolicyNode(TextPosition Position);

/// <summary>A word: a number, a name, an address.</summary>
/// <param name="IsQuoted">It stands in quotation marks, so that it is text even where it looks like a number.</param>
internal sealed record PolicyWord(TextPosition Position, string Text, bool IsQuoted) : PolicyNode(Position);

/// <summary>Keys with their values, in the order of the file; no key twice.</summary>
internal sealed record PolicyMapping(TextPosition Position, IReadOnlyList<PolicyEntry> Entries) : PolicyNode(Position);

/// <summary>A list. No key of a policy has one.</summary>
internal sealed record PolicySequence(TextPosition Position) : PolicyNode(Position);

/// <summary>A key and its value.</summary>
internal sealed record PolicyEntry(PolicyWord Key, PolicyNode Value);
