// What is served to scrapers and browsers, and what they can take of it. Knows HTTP by its library, and no page.
using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace SmartNicFw.Emulator.Http;

/// <summary>What clients may take.</summary>
internal sealed record PageLimits
{
    /// <summary>Connections at the same time; one more is closed at once.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>From the first byte of a request to the last.</summary>
    public TimeSpan RequestTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the request to where all of its answer is taken but <see cref="PageServer.MaxUnreadBytes"/>.</summary>
    public TimeSpan AnswerTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without a request: longer than most scrapes lie apart.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What is waited for a board that does not answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>
/// Kestrel, and nothing of ASP.NET around it: no configuration from the environment, no host, no log. It bounds what a client can take
/// (HttpListener has no bound for connections, and no time-out for one that does not read). Requests are served by threads of the pool,
/// never by a board's.
/// </summary>
internal sealed class PageServer : IHttpApplication<HttpContext>, IDisposable
{
    /// <summary>Bytes of an answer that wait for a client to read them; the kernel holds more.</summary>
    public const int MaxUnreadBytes = 64 << 10;

    private const int MaxRequestBytes = 8 << 10;
    private const int MaxRequestLineBytes = 1 << 10;
    private const int Backlog = 16;

    private static readonly TimeSpan StopTime = TimeSpan.FromMilliseconds(500);

    private readonly IPageSource _source;
    private readonly HostNames _hosts;
    private readonly PageLimits _limits;
    private readonly KestrelServer _server;

    private PageServer(IPageSource source, IPEndPoint address, PageLimits limits)
    {
        _source = source;
        _hosts = new HostNames(address.Address, source.IsKnownByName);
        _limits = limits;
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = limits.Connections;
        options.Limits.MaxConcurrentUpgradedConnections = 0;
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxRequestHeaderCount = 64;
        options.Limits.MaxRequestHeadersTotalSize = MaxRequestBytes;
        options.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        options.Limits.MaxRequestBufferSize = MaxRequestBytes + MaxRequestLineBytes;
        options.Limits.MaxResponseBufferSize = MaxUnreadBytes;
        options.Limits.RequestHeadersTimeout = limits.RequestTime;
        options.Limits.KeepAliveTimeout = limits.IdleTime;
        options.Listen(address, listen => listen.Protocols = HttpProtocols.Http1);
        var sockets = new SocketTransportFactory(Options.Create(new SocketTransportOptions { Backlog = Backlog }), NullLoggerFactory.Instance);
        _server = new KestrelServer(Options.Create(options), sockets, NullLoggerFactory.Instance);
    }

    /// <summary>Where it is served, with the port that was chosen when none was asked for, and without a path.</summary>
    public string Address => _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

    /// <summary>Listens and serves.</summary>
    /// <param name="what">What is served, for the message of an error.</param>
    /// <param name="address">Port 0: any that is free.</param>
    /// <param name="limits">What clients may take; null: as <see cref="PageLimits"/> has it.</param>
    /// <exception cref="IOException">The address cannot be had; the message is one line that says why.</exception>
    public static PageServer Open(string what, IPEndPoint address, IPageSource source, PageLimits? limits = null)
    {
        var server = new PageServer(source, address, limits ?? new PageLimits());
        try
        {
            server._server.StartAsync(server, CancellationToken.None).GetAwaiter().GetResult();
            return server;
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            server._server.Dispose();
            Exception cause = refused;
            while (cause.InnerException is { } inner)
            {
                cause = inner;
            }

            throw new IOException($"{what} at {address}: {(cause is AddressInUseException or SocketException ? cause.Message : refused.Message)}");
        }
    }

    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        using var limit = new CancellationTokenSource(_limits.AnswerTime);
        try
        {
            await Answer(context, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Whoever does not read in time does not get the rest.
            context.Abort();
        }
    }

    /// <summary>Closes what is open.</summary>
    public void Dispose()
    {
        using var limit = new CancellationTokenSource(StopTime);
        _server.StopAsync(limit.Token).GetAwaiter().GetResult();
        _server.Dispose();
    }

    private async Task Answer(HttpContext context, CancellationToken limit)
    {
        HttpRequest request = context.Request;
        if (!_hosts.IsOurs(request.Host.Value))
        {
            await Say(context, StatusCodes.Status421MisdirectedRequest, "that host name is not one of this server's", limit).ConfigureAwait(false);
        }
        else if (!_source.Has(request.Path))
        {
            await Say(context, StatusCodes.Status404NotFound, $"there is {_source.Paths} only", limit).ConfigureAwait(false);
        }
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            await Say(context, StatusCodes.Status405MethodNotAllowed, "this is only read", limit).ConfigureAwait(false);
        }
        else if (await TryRead(request.Path).ConfigureAwait(false) is { } page)
        {
            await Send(context, StatusCodes.Status200OK, page, limit).ConfigureAwait(false);
        }
        else
        {
            await Say(context, StatusCodes.Status503ServiceUnavailable, "the endpoint does not answer", limit).ConfigureAwait(false);
        }
    }

    private async Task<Page?> TryRead(string path)
    {
        try
        {
            return await _source.ReadAsync(path).WaitAsync(_limits.Patience).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return null;
        }
    }

    private Task Say(HttpContext context, int status, string line, CancellationToken limit) =>
        Send(context, status, new Page("text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n")), limit);

    private async Task Send(HttpContext context, int status, Page page, CancellationToken limit)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = page.Type;
        response.ContentLength = page.Content.Length;
        foreach ((string name, string value) in _source.Headers)
        {
            response.Headers[name] = value;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(page.Content, limit).ConfigureAwait(false);
        }
    }
}
