// What a server of pages serves. Knows no HTTP but paths, media types and headers.
using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace SmartNicFw.Emulator.Http;

/// <summary>What one path answers.</summary>
/// <param name="Type">Media type.</param>
/// <param name="Content">The bytes, which do not change any more.</param>
internal sealed record Page(string Type, ReadOnlyMemory<byte> Content);

/// <summary>Pages by their paths, which are read and never written.</summary>
internal interface IPageSource
{
    /// <summary>The paths there are, for a person who asked for another.</summary>
    string Paths { get; }

    /// <summary>Headers of every answer.</summary>
    IReadOnlyList<(string Name, string Value)> Headers { get; }

    /// <summary>Whether clients may call a server that other machines reach by any name.</summary>
    bool IsKnownByName { get; }

    /// <summary>Whether there is a page.</summary>
    bool Has(string path);

    /// <summary>Reads a page that is there, on any thread but a board's.</summary>
    /// <exception cref="OperationCanceledException">What it tells of has ended.</exception>
    Task<Page> ReadAsync(string path);
}
