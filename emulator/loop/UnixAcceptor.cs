// Takes the clients of a listening socket, a few a call, and waits while the process has no room for more. Knows no client.
using System;

namespace SmartNicFw.Emulator.Loop;

/// <summary>Owns the listener. Everything happens on the thread of the loop.</summary>
internal sealed class UnixAcceptor : ILoopSource, IDisposable
{
    private const int AcceptsPerCall = 16;

    private static readonly TimeSpan AcceptAgain = TimeSpan.FromSeconds(1);

    private readonly UnixListener _listener;
    private readonly Action<int> _admit;
    private readonly Action<int> _cannot;
    private readonly LoopRegistration _registration;
    private readonly LoopTimer _accepting;

    /// <summary>Watches a listener, which belongs to it from then on.</summary>
    /// <param name="admit">Called with each client's descriptor, which is the callee's to close.</param>
    /// <param name="cannot">Called with the error when none can be taken now.</param>
    public UnixAcceptor(UnixListener listener, ControllerLoop loop, Action<int> admit, Action<int> cannot)
    {
        _listener = listener;
        _admit = admit;
        _cannot = cannot;
        _accepting = new LoopTimer(loop, () => _registration!.Await(LoopEvents.Readable));
        _registration = loop.Add(listener.Descriptor, this, LoopEvents.Readable);
    }

    /// <summary>Where it listens.</summary>
    public string Path => _listener.Path;

    /// <inheritdoc/>
    public void Ready(LoopEvents events)
    {
        for (int count = 0; count < AcceptsPerCall; count++)
        {
            int client = _listener.Accept(out int error);
            if (client >= 0)
            {
                _admit(client);
            }
            else if (error is Errno.TryAgain)
            {
                return;
            }
            else if (error is Errno.TooManyFiles or Errno.TooManyFilesOfSystem or Errno.NoMemory or Errno.NoBuffers)
            {
                // The client stays in the queue, and the socket readable.
                _cannot(error);
                _registration.Await(LoopEvents.None);
                _accepting.Arm(AcceptAgain);
                return;
            }
        }
    }

    /// <summary>Takes no more clients, closes the socket and removes its path.</summary>
    public void Dispose()
    {
        _accepting.Disarm();
        _registration.Remove();
        _listener.Dispose();
    }
}
