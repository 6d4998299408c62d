// The page of the endpoints and what belongs to it, by path. Knows no connection and no counter.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using SmartNicFw.Emulator.Http;

namespace SmartNicFw.Emulator.Web;

/// <summary>
/// Files that lie in the program, and one path whose content changes. A browser runs and loads nothing but these, shows the page in no frame,
/// and makes no markup of text: see the headers.
/// </summary>
internal sealed class WebPages : IPageSource
{
    /// <summary>Where the endpoints are.</summary>
    public const string Data = "/endpoints.json";

    private const string Start = "/";

    private const string Script = "text/javascript; charset=utf-8";

    private static readonly (string Path, string File, string Type)[] Files =
    [
        (Start, "page.html", "text/html; charset=utf-8"),
        ("/page.css", "page.css", "text/css; charset=utf-8"),
        ("/shares.js", "shares.js", Script),
        ("/rows.js", "rows.js", Script),
        ("/endpoint.js", "endpoint.js", Script),
        ("/page.js", "page.js", Script),
        ("/icon.svg", "icon.svg", "image/svg+xml"),
    ];

    private readonly Func<Task<PictureReading>> _read;
    private readonly Dictionary<string, Page> _pages = [];

    /// <summary>Loads what does not change.</summary>
    /// <param name="read">Reads what does.</param>
    public WebPages(Func<Task<PictureReading>> read)
    {
        _read = read;
        foreach ((string path, string file, string type) in Files)
        {
            using Stream stream = typeof(WebPages).Assembly.GetManifestResourceStream(file)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            _pages.Add(path, new Page(type, content));
        }
    }

    /// <inheritdoc/>
    public string Paths => $"{Start} and {Data}";

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string Value)> Headers { get; } =
    [
        ("Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ];

    /// <inheritdoc/>
    public bool IsKnownByName => false;

    /// <inheritdoc/>
    public bool Has(string path) => path == Data || _pages.ContainsKey(path);

    /// <inheritdoc/>
    public async Task<Page> ReadAsync(string path)
    {
        if (_pages.TryGetValue(path, out Page? page))
        {
            return page;
        }

        PictureReading reading = await _read().ConfigureAwait(false);
        return new Page("application/json; charset=utf-8", reading.Json);
    }
}
