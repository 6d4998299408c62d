// Coalescing on real rings: what drivers write into them decides which notification is wanted, and each comes when it is due.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Properties;

/// <summary>
/// VF 0 sends to VF 1. Its transmit queue and the other's receive queue are watched, each with parameters, arming and takes of its own,
/// and each against an account that knows frames only: which are used, which of them the driver asked to hear of, and since when.
/// </summary>
public sealed class RingCoalescingProperties
{
    private const int Cases = 10_000;
    private const ulong Features = (1UL << VirtioNetFeature.Mac) | (1UL << VirtioNetFeature.CtrlVq)
        | (1UL << VirtioNetFeature.NotfCoal) | (1UL << VirtioNetFeature.VqNotfCoal);

    [Test]
    public void No_wanted_interrupt_is_lost_and_none_is_early_on_rings_of_every_kind([Values] bool isPacked, [Values] bool hasEventIdx)
    {
        Gen<(int What, int Which, int Amount)> acts = Gen.Choose(0, 99)
            .SelectMany(what => Gen.Choose(0, 1).SelectMany(which => Gen.Choose(1, 40).Select(amount => (what, which, amount))));
        Rig? rig = null;
        int unwanted = 0;
        int waited = 0;
        try
        {
            Prop.ForAll(acts.ArrayOf().ToArbitrary(), all =>
            {
                Rig one = rig ??= new Rig(isPacked, hasEventIdx);
                one.Begin();
                if (all.All(act => one.Do(act.What, act.Which, act.Amount)) && one.End())
                {
                    return true;
                }

                // The next case is not to pay for this one.
                one.Dispose();
                rig = null;
                return false;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithEndSize(24));
            unwanted = rig!.Unwanted;
            waited = rig.Waited;
        }
        finally
        {
            rig?.Dispose();
        }

        Assert.That(unwanted, Is.GreaterThan(100), "drivers changed their mind");
        Assert.That(waited, Is.GreaterThan(Cases / 2), "notifications waited");
    }

    private sealed class Rig : IDisposable
    {
        private readonly NetLab _lab = new(2);
        private readonly Watched[] _queues;
        private readonly byte[] _frame;

        public Rig(bool isPacked, bool hasEventIdx)
        {
            ulong features = Features | (isPacked ? 1UL << VirtioFeature.RingPacked : 0) | (hasEventIdx ? 1UL << VirtioFeature.EventIdx : 0);
            for (int vf = 0; vf < 2; vf++)
            {
                NetDriver driver = _lab.Start(vf, new NetDriverOptions { WantedFeatures = features, QueueSize = 64, TransmitInterruptAfter = 1 });
                Assert.That(driver.Features & features, Is.EqualTo(features));
            }

            _lab.Settle();
            _frame = _lab.Frame(0, 1, 60);
            _queues = [new Watched(_lab.Drivers[0], 1, isPacked, hasEventIdx), new Watched(_lab.Drivers[1], 0, isPacked, hasEventIdx)];
        }

        public int Unwanted => _queues.Sum(queue => queue.Unwanted);

        public int Waited => _queues.Sum(queue => queue.Waited);

        private long NowUs => _lab.Board.Clock.NowUs;

        public void Begin()
        {
            foreach (Watched queue in _queues)
            {
                queue.Take(int.MaxValue);
                queue.Arm(1);
            }
        }

        public bool Do(int what, int which, int amount)
        {
            Watched queue = _queues[which];
            switch (what)
            {
                case < 10:
                    // The command is handled before time passes; the driver looks for the answer a little later.
                    queue.Change(NowUs, (uint)amount / 2, (uint)amount * 20 * (uint)(what % 3 == 0 ? 0 : 1));
                    if (!queue.Control.SetQueueCoalescing(queue.Index, queue.Packets, queue.Usecs)
                        || !queue.Control.GetQueueCoalescing(queue.Index, out uint packets, out uint usecs)
                        || (packets, usecs) != (queue.Packets, queue.Usecs))
                    {
                        return false;
                    }

                    return Judge();
                case < 25:
                    return Pass(amount * 10);
                case < 33:
                    // Asks for one that is yet to come, with some or none of those before it taken.
                    queue.Take(amount / 16);
                    queue.Arm((int)queue.Untaken + 1 + (amount % 4));
                    return Judge();
                case < 41:
                    // Asks for the next, which may be there already: what waits is wanted, whatever was asked for in between.
                    queue.Arm(1);
                    return Judge();
                case < 46:
                    queue.Take(amount / 2);
                    queue.Arm(1 + (what * amount % 9));
                    return Judge();
                case < 50:
                    queue.Take(amount);
                    queue.Disarm();
                    return Judge();
                default:
                    return Send(1 + (amount / 8));
            }
        }

        public bool End()
        {
            // The longest time there is: all that was asked for has come.
            bool isRight = Pass(800);
            isRight &= _queues.All(queue => !queue.IsWaiting) && _lab.Inbox.All(inbox => inbox.Count == 0 || Drop(inbox));
            return isRight && _lab.Board.Firmware.NextTimerUs == long.MaxValue;
        }

        public void Dispose() => _lab.Dispose();

        private static bool Drop(List<Received> inbox)
        {
            inbox.Clear();
            return true;
        }

        // A frame that finds no buffer waits for one: takes here, so that each turn publishes what it was given.
        private bool Send(int frames)
        {
            foreach (Watched queue in _queues)
            {
                if (queue.Untaken + frames > 48)
                {
                    queue.Take(int.MaxValue);
                    queue.Arm(1);
                }
            }

            for (int frame = 0; frame < frames; frame++)
            {
                if (!_lab.Drivers[0].TrySend(_frame))
                {
                    return false;
                }
            }

            _lab.Drivers[0].Flush();
            foreach (Watched queue in _queues)
            {
                queue.Use(NowUs, frames);
            }

            return Judge();
        }

        // Looks a microsecond before everything that is due, and when it is.
        private bool Pass(long us)
        {
            long end = NowUs + us;
            while (NowUs < end)
            {
                long next = end;
                foreach (Watched queue in _queues.Where(queue => queue.IsWaiting))
                {
                    long dueUs = queue.DueUs - 1 > NowUs ? queue.DueUs - 1 : queue.DueUs;
                    next = Math.Min(next, Math.Max(dueUs, NowUs + 1));
                }

                _lab.Board.Clock.Pass(next - NowUs);
                if (!Judge())
                {
                    return false;
                }
            }

            return true;
        }

        private bool Judge()
        {
            _lab.Board.Step();
            _lab.Board.Step();
            bool isRight = true;
            foreach (Watched queue in _queues)
            {
                queue.Look(NowUs);
                isRight &= queue.IsRight;
            }

            return isRight;
        }
    }

    private sealed class Watched
    {
        private readonly NetDriver _driver;
        private readonly DriverRing _ring;
        private readonly bool _isPacked;
        private readonly bool _hasEventIdx;
        private readonly long _interruptsBefore;

        // Frames since the start: used by the device, taken by the driver; the frame whose use brings an interrupt, or all do, or none.
        private long _used;
        private long _taken;
        private long _event;
        private bool _isArmed;

        private long _firstWaiting;
        private long _sinceUs;
        private uint _frames;
        private long _interrupts;

        public Watched(NetDriver driver, int index, bool isPacked, bool hasEventIdx)
        {
            _driver = driver;
            Index = index;
            _isPacked = isPacked;
            _hasEventIdx = hasEventIdx;
            _ring = (index == 0 ? driver.Receivers[0].Queue : driver.Transmitters[0].Queue).Ring;
            _interruptsBefore = Count;
        }

        public int Index { get; }

        public NetControl Control => _driver.Control!;

        public uint Packets { get; private set; }

        public uint Usecs { get; private set; }

        public bool IsWaiting => _frames > 0;

        public long DueUs => _sinceUs + Usecs;

        public long Untaken => _used - _taken;

        public int Unwanted { get; private set; }

        public int Waited { get; private set; }

        public bool IsRight => Count - _interruptsBefore == _interrupts;

        private long Count => _driver.Msix!.Interrupts[1 + Index].Count;

        public void Take(int most)
        {
            _taken += Index == 0
                ? _driver.Receivers[0].Poll(_driver.FrameHandler!, most)
                : _driver.Transmitters[0].Reap();
        }

        public void Arm(int after)
        {
            _event = _taken + Math.Min(after, _ring.Size) - 1;
            _isArmed = true;
            _ = _ring.EnableInterrupts(after);
        }

        public void Disarm()
        {
            // A split ring with EVENT_IDX cannot say no: it asks for the last frame that it has taken, whose turn has been.
            _event = _taken - 1;
            _isArmed = !_isPacked && _hasEventIdx;
            _ring.DisableInterrupts();
        }

        public void Use(long nowUs, int frames)
        {
            long first = _used;
            _used += frames;
            if (IsWaiting)
            {
                _frames += (uint)frames;
            }
            else if (IsWanted(first))
            {
                _firstWaiting = first;
                _sinceUs = nowUs;
                _frames = (uint)frames;
                Waited += Usecs != 0 && Packets > _frames ? 1 : 0;
            }
        }

        public void Change(long nowUs, uint packets, uint usecs)
        {
            Look(nowUs);
            (Packets, Usecs) = (packets, usecs);
            Look(nowUs);
        }

        public void Look(long nowUs)
        {
            if (!IsWaiting || (Packets != 0 && Usecs != 0 && _frames < Packets && nowUs < DueUs))
            {
                return;
            }

            bool isWanted = IsWanted(_firstWaiting);
            _interrupts += isWanted ? 1 : 0;
            Unwanted += isWanted ? 0 : 1;
            _frames = 0;
        }

        // Whether any frame from this one to the last used is the one that the driver asked for.
        private bool IsWanted(long first) => _isArmed && (!_hasEventIdx || (_event >= first && _event < _used));
    }
}
