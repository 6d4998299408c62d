// The controller core's event loop: steps the board while there is work, sleeps on descriptors and one timer while there is
// none. Knows no board, no socket and no protocol.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;

namespace SmartNicFw.Emulator.Loop;

/// <summary>
/// One thread, the one that calls <see cref="Run"/>, owns the board and every source: all callbacks come from it, and all
/// members but <see cref="Stop"/> belong to it. While the board has work, descriptors are polled every few steps without
/// waiting; while it has none, the thread sleeps until a descriptor is ready or a <see cref="LoopTimer"/> is due.
/// </summary>
public sealed unsafe class ControllerLoop : IDisposable
{
    private const int StepsPerPoll = 8;
    private const int EventsPerPoll = 64;
    private const int FirstCapacity = 16;
    private const ulong TimerToken = ulong.MaxValue;
    private const ulong StopToken = ulong.MaxValue - 1;
    private const long Unprogrammed = -1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // struct epoll_event is packed on x86 only. Source: Linux, include/uapi/linux/eventpoll.h, EPOLL_PACKED.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly Func<bool> _step;
    private readonly int _epoll;
    private readonly int _timer;
    private readonly byte[] _events = new byte[EventsPerPoll * 16];
    private readonly Queue<LoopRegistration> _again = new();
    private readonly Lock _stopping = new();

    private LoopRegistration?[] _slots = new LoopRegistration?[FirstCapacity];
    private readonly Stack<int> _freeSlots = new();
    private int _slotsUsed;
    private uint _generation;

    // Armed timers, in no order; the earliest deadline of all, or earlier.
    private LoopTimer[] _timers = new LoopTimer[FirstCapacity];
    private int _timerCount;
    private long _nearest = long.MaxValue;
    private long _programmed = long.MaxValue;

    private int _stop;
    private volatile bool _isStopped;

    /// <summary>Makes a loop.</summary>
    /// <param name="step">One bounded step of the board; true when there is more to do.</param>
    public ControllerLoop(Func<bool> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        _step = step;
        _epoll = Checked(LibC.EpollCreate(LibC.CloseOnExec));
        _timer = Checked(LibC.TimerDescriptor(LibC.ClockMonotonic, LibC.NonBlocking | LibC.CloseOnExec));
        _stop = Checked(LibC.EventDescriptor(0, LibC.NonBlocking | LibC.CloseOnExec));

        // Edges: a timer that has expired needs no reading before it is set again.
        Checked(Control(LibC.EpollAdd, _timer, LibC.EventIn | LibC.EventEdge, TimerToken));
        Checked(Control(LibC.EpollAdd, _stop, LibC.EventIn, StopToken));
    }

    /// <summary>Sources under watch.</summary>
    public int SourceCount => _slotsUsed - _freeSlots.Count;

    /// <summary>Whether <see cref="Stop"/> was called.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>Times that the loop had nothing to do and slept.</summary>
    public long Sleeps { get; private set; }

    /// <summary>Watches a descriptor, which stays the caller's to close after <see cref="LoopRegistration.Remove"/>.</summary>
    /// <exception cref="Win32Exception">The kernel cannot watch it.</exception>
    public LoopRegistration Add(int descriptor, ILoopSource source, LoopEvents interest)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!_freeSlots.TryPop(out int slot))
        {
            if (_slotsUsed == _slots.Length)
            {
                Array.Resize(ref _slots, _slotsUsed * 2);
            }

            slot = _slotsUsed++;
        }

        var registration = new LoopRegistration(this, source, descriptor, slot, ++_generation, interest);
        if (Control(LibC.EpollAdd, descriptor, Bits(interest), Token(registration)) < 0)
        {
            _freeSlots.Push(slot);
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _slots[slot] = registration;
        return registration;
    }

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public void Run()
    {
        int steps = 0;
        while (!_isStopped)
        {
            if (!_step())
            {
                Poll(wait: true);
                steps = 0;
            }
            else if (++steps == StepsPerPoll)
            {
                Poll(wait: false);
                steps = 0;
            }
        }
    }

    /// <summary>Calls the sources that are ready and the timers that are due, once.</summary>
    /// <param name="wait">Sleeps first until there is one, or the loop is stopped.</param>
    public void Poll(bool wait)
    {
        wait = wait && _again.Count == 0 && !_isStopped;
        if (wait)
        {
            ProgramTimer();
            Sleeps++;
        }

        int count;
        fixed (byte* events = _events)
        {
            count = LibC.EpollWait(_epoll, events, EventsPerPoll, wait ? -1 : 0);
        }

        for (int index = 0; index < count; index++)
        {
            Dispatch(_events.AsSpan(index * EventBytes, EventBytes));
        }

        // Those that ask again while they are called come next time.
        for (int left = _again.Count; left > 0; left--)
        {
            LoopRegistration registration = _again.Dequeue();
            registration.IsCalledAgain = false;
            if (!registration.IsRemoved)
            {
                registration.Source.Ready(LoopEvents.None);
            }
        }

        if (_nearest != long.MaxValue)
        {
            FireTimers();
        }
    }

    /// <summary>Ends <see cref="Run"/>, from any thread and from the handler of a signal; of no effect after <see cref="Dispose"/>.</summary>
    public void Stop()
    {
        _isStopped = true;

        // Not device state: keeps the descriptor from being closed, and reused by another, between the look and the write.
        lock (_stopping)
        {
            if (_stop >= 0)
            {
                ulong one = 1;
                _ = LibC.Write(_stop, &one, sizeof(ulong));
            }
        }
    }

    /// <summary>Lets go of what the loop holds; the sources' descriptors stay theirs.</summary>
    public void Dispose()
    {
        lock (_stopping)
        {
            if (_stop < 0)
            {
                return;
            }

            _ = LibC.Close(_stop);
            _stop = -1;
        }

        _isStopped = true;
        _ = LibC.Close(_timer);
        _ = LibC.Close(_epoll);
    }

    internal void Change(LoopRegistration registration, LoopEvents interest) =>
        Checked(Control(LibC.EpollModify, registration.Descriptor, Bits(interest), Token(registration)));

    internal void CallAgain(LoopRegistration registration) => _again.Enqueue(registration);

    internal void Remove(LoopRegistration registration)
    {
        _ = Control(LibC.EpollDelete, registration.Descriptor, 0, 0);
        _slots[registration.Slot] = null;
        _freeSlots.Push(registration.Slot);
    }

    internal void Armed(LoopTimer timer)
    {
        if (!timer.IsArmed)
        {
            if (_timerCount == _timers.Length)
            {
                Array.Resize(ref _timers, _timerCount * 2);
            }

            timer.Place = _timerCount;
            _timers[_timerCount++] = timer;
        }

        _nearest = Math.Min(_nearest, timer.Deadline);
    }

    internal void Disarmed(LoopTimer timer)
    {
        // _nearest may now be too early, which costs one look at the timers.
        LoopTimer last = _timers[--_timerCount];
        _timers[timer.Place] = last;
        last.Place = timer.Place;
        timer.Place = -1;
    }

    private static ulong Token(LoopRegistration registration) => ((ulong)registration.Generation << 32) | (uint)registration.Slot;

    private static uint Bits(LoopEvents interest) =>
        ((interest & LoopEvents.Readable) != 0 ? LibC.EventIn : 0) | ((interest & LoopEvents.Writable) != 0 ? LibC.EventOut : 0);

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    private int Control(int operation, int descriptor, uint bits, ulong token)
    {
        Span<byte> polled = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(polled, bits);
        BinaryPrimitives.WriteUInt64LittleEndian(polled[(EventBytes - sizeof(ulong))..], token);
        fixed (byte* first = polled)
        {
            return LibC.EpollControl(_epoll, operation, descriptor, first);
        }
    }

    private void Dispatch(ReadOnlySpan<byte> polled)
    {
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(polled);
        ulong token = BinaryPrimitives.ReadUInt64LittleEndian(polled[(EventBytes - sizeof(ulong))..]);
        if (token >= StopToken)
        {
            // Whether or not a timer is due by the clock that is read here: the next sleep programs anew.
            _programmed = token == TimerToken ? Unprogrammed : _programmed;
            return;
        }

        // A source that was removed by one called before it, and whose place another may have taken, is not called.
        LoopRegistration? registration = _slots[(int)(uint)token];
        if (registration is null || registration.Generation != (uint)(token >> 32))
        {
            return;
        }

        LoopEvents events = ((bits & LibC.EventIn) != 0 ? LoopEvents.Readable : 0)
            | ((bits & LibC.EventOut) != 0 ? LoopEvents.Writable : 0)
            | ((bits & (LibC.EventError | LibC.EventHangUp)) != 0 ? LoopEvents.HungUp : 0);
        registration.Source.Ready(events);
    }

    private void FireTimers()
    {
        long now = Stopwatch.GetTimestamp();
        if (now < _nearest)
        {
            return;
        }

        // At the most one call for each timer that is armed now: one that arms itself at once waits for the next poll.
        for (int left = _timerCount; left > 0 && TryTakeDue(now, out LoopTimer? due); left--)
        {
            due!.Fire();
        }

        _nearest = long.MaxValue;
        for (int index = 0; index < _timerCount; index++)
        {
            _nearest = Math.Min(_nearest, _timers[index].Deadline);
        }
    }

    private bool TryTakeDue(long now, out LoopTimer? due)
    {
        for (int index = 0; index < _timerCount; index++)
        {
            if (_timers[index].Deadline <= now)
            {
                due = _timers[index];
                Disarmed(due);
                return true;
            }
        }

        due = null;
        return false;
    }

    private void ProgramTimer()
    {
        if (_nearest == _programmed)
        {
            return;
        }

        _programmed = _nearest;
        LibC.TimerSetting setting = default;
        if (_nearest != long.MaxValue)
        {
            // A setting of zero would switch the timer off.
            long nanoseconds = Math.Max(1, (long)Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _nearest).TotalNanoseconds);
            setting.Seconds = nanoseconds / NanosecondsPerSecond;
            setting.Nanoseconds = nanoseconds % NanosecondsPerSecond;
        }

        Checked(LibC.SetTimer(_timer, 0, &setting, null));
    }
}
