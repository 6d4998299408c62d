// The page that Prometheus scrapes. Knows HTTP by its library, and no counter.
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

namespace SmartNicFw.Emulator.Metrics;

/// <summary>What clients may take.</summary>
internal sealed record MetricsLimits
{
    /// <summary>Connections at the same time; one more is closed at once.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>From the first byte of a request to the last.</summary>
    public TimeSpan RequestTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the request to where all of its answer is taken but <see cref="MetricsServer.MaxUnreadBytes"/>.</summary>
    public TimeSpan AnswerTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without a request: longer than most scrapes lie apart.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What is waited for a board that does not answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>
/// Kestrel, and nothing of ASP.NET around it: no configuration from the environment, no host, no log. It bounds what a client can take
/// (HttpListener has no bound for connections, and no time-out for one that does not read). Requests are served by threads of the pool;
/// the board's thread only reads counters, see <see cref="CounterReader"/>.
/// </summary>
internal sealed class MetricsServer : IHttpApplication<HttpContext>, IDisposable
{
    /// <summary>The only path there is.</summary>
    public const string Path = "/metrics";

    /// <summary>Bytes of an answer that wait for a client to read them; the kernel holds more.</summary>
    public const int MaxUnreadBytes = 64 << 10;

    private const int MaxRequestBytes = 8 << 10;
    private const int MaxRequestLineBytes = 1 << 10;
    private const int Backlog = 16;

    private static readonly TimeSpan StopTime = TimeSpan.FromMilliseconds(500);

    private readonly CounterReader _reader;
    private readonly MetricsLimits _limits;
    private readonly KestrelServer _server;

    private MetricsServer(CounterReader reader, IPEndPoint address, MetricsLimits limits)
    {
        _reader = reader;
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

    /// <summary>Where it is served, with the port that was chosen when none was asked for.</summary>
    public string Address => _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First() + Path;

    /// <summary>Listens and serves.</summary>
    /// <param name="address">Port 0: any that is free.</param>
    /// <param name="limits">What clients may take; null: as <see cref="MetricsLimits"/> has it.</param>
    /// <exception cref="IOException">The address cannot be had; the message is one line that says why.</exception>
    public static MetricsServer Open(IPEndPoint address, CounterReader reader, MetricsLimits? limits = null)
    {
        var server = new MetricsServer(reader, address, limits ?? new MetricsLimits());
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

            throw new IOException($"metrics at {address}: {(cause is AddressInUseException or SocketException ? cause.Message : refused.Message)}");
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
        if (request.Path != Path)
        {
            await Say(context, StatusCodes.Status404NotFound, $"there is {Path} only", limit).ConfigureAwait(false);
        }
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            await Say(context, StatusCodes.Status405MethodNotAllowed, "counters are only read", limit).ConfigureAwait(false);
        }
        else if (await TryRead().ConfigureAwait(false) is { } reading)
        {
            await Send(context, StatusCodes.Status200OK, Exposition.ContentType, reading.Text, limit).ConfigureAwait(false);
        }
        else
        {
            await Say(context, StatusCodes.Status503ServiceUnavailable, "the endpoint does not answer", limit).ConfigureAwait(false);
        }
    }

    private async Task<CounterReading?> TryRead()
    {
        try
        {
            return await _reader.ReadAsync().WaitAsync(_limits.Patience).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return null;
        }
    }

    private static Task Say(HttpContext context, int status, string line, CancellationToken limit) =>
        Send(context, status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"), limit);

    private static async Task Send(HttpContext context, int status, string type, byte[] text, CancellationToken limit)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(text, limit).ConfigureAwait(false);
        }
    }
}
