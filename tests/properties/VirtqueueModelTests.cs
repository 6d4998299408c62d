// A million random operations on rings of both kinds, the driver's half against the device's, judged by a model that has
// queues of serial numbers and nothing of rings.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Unit;

namespace SmartNicFw.Tests.Properties;

public sealed class VirtqueueModelTests
{
    private const int Operations = 600_000;

    [Test]
    public void Million_operations_leave_both_halves_agreed(
        [Values] bool isPacked, [Values] bool hasEventIdx, [Values] bool hasIndirect, [Values] bool isInOrder)
    {
        var features = new List<int>();
        features.AddRange(hasEventIdx ? [VirtioFeature.EventIdx] : []);
        features.AddRange(hasIndirect ? [VirtioFeature.IndirectDesc] : []);
        features.AddRange(isInOrder ? [VirtioFeature.InOrder] : []);

        // A packed ring's size need not be a power of 2.
        using var guest = new VirtqueueGuest(isPacked ? 13 : 16, isPacked, [.. features]);
        int seed = (isPacked ? 8 : 0) + (hasEventIdx ? 4 : 0) + (hasIndirect ? 2 : 0) + (isInOrder ? 1 : 0);
        var run = new Run(guest, seed);
        for (int operation = 0; operation < Operations; operation++)
        {
            string? wrong = run.Step();
            if (wrong != null)
            {
                Assert.Fail($"operation {operation}, seed {seed}: {wrong}");
            }
        }

        TestContext.Out.WriteLine($"{run.Added} buffers, {run.Interrupts} interrupts wanted of {run.Publications} publications");
        Assert.That(guest.IsGuardIntact, Is.True);
        Assert.That(run.Added, Is.GreaterThan(70_000), "the indices of a split ring wrap at 65,536");
        Assert.That(run.Interrupts, Is.InRange(run.Publications / 10, run.Publications * 9 / 10));
        Assert.That(run.Kicks, Is.GreaterThan(1000));
    }

    /// <summary>What the model knows of a buffer.</summary>
    private sealed record Buffer(int Serial, VirtqueueElement[] Elements, int Slots);

    private sealed class Run(VirtqueueGuest guest, int seed)
    {
        private const int MostElements = 4;

        private readonly Random _random = new(seed);
        private readonly VirtqueueDriver _driver = VirtqueueDriver.Of(guest);
        private readonly bool _isPacked = guest.Has(VirtioFeature.RingPacked);
        private readonly bool _hasEventIdx = guest.Has(VirtioFeature.EventIdx);
        private readonly bool _hasIndirect = guest.Has(VirtioFeature.IndirectDesc);
        private readonly Stack<DescriptorChain> _chains = new(Enumerable.Range(0, guest.Size + 1).Select(_ => new DescriptorChain(guest.Size)));

        private readonly BufferBatch _batch = new(6);
        private readonly List<(Buffer Buffer, uint Written)> _turn = [];

        // The life of a buffer: available, taken, staged, published, reaped.
        private readonly LinkedList<Buffer> _available = new();
        private readonly List<(Buffer Buffer, DescriptorChain Chain)> _taken = [];
        private readonly Queue<(int Serial, uint Length)> _staged = new();
        private readonly Queue<(int Serial, uint Length)> _published = new();
        private readonly List<(int Serial, uint Length)> _reaped = [];

        // Buffers (split) or descriptors (packed) used: staged, and published. The count at which an interrupt is wanted;
        // -1 for never, -2 for always.
        private long _usedCount;
        private long _publishedCount;
        private long _wanted = -2;

        // What the next kick must be; null where it may be either.
        private bool? _kick;

        public int Added { get; private set; }

        public int Publications { get; private set; }

        public int Interrupts { get; private set; }

        public int Kicks { get; private set; }

        public string? Step() => _random.Next(16) switch
        {
            0 or 1 or 2 => Add(),
            3 or 4 or 5 => Take(),
            6 or 7 => Complete(),
            8 => _random.Next(3) == 0 ? Untake() : Turn(),
            9 or 10 or 11 => Publish(),
            12 or 13 => Reap(),
            14 => WantInterrupt(),
            _ => Kick(),
        };

        private string? Add()
        {
            int added = 0;
            for (int wish = _random.Next(1, 4); wish > 0; wish--)
            {
                bool isIndirect = _hasIndirect && _random.Next(2) == 0;
                var elements = new VirtqueueElement[_random.Next(1, MostElements + 1)];
                int readable = _random.Next(elements.Length + 1);
                for (int index = 0; index < elements.Length; index++)
                {
                    uint length = (uint)_random.Next(1, 2000);
                    elements[index] = new VirtqueueElement(
                        VirtqueueGuest.BufferArea + (ulong)_random.Next(0x10000 - (int)length), length, index >= readable);
                }

                int slots = isIndirect ? 1 : elements.Length;
                if (_driver.Free < slots)
                {
                    break;
                }

                _driver.Add(Added, elements, isIndirect);
                _available.AddLast(new Buffer(Added, elements, slots));
                Added++;
                added++;
            }

            if (added == 0)
            {
                return null;
            }

            bool? expected = _kick;
            _kick = null;
            bool wants = _driver.WantsKick();
            Kicks += wants ? 1 : 0;
            return expected == null || wants == expected ? null : $"kick {wants}";
        }

        private string? Take()
        {
            for (int wish = _random.Next(1, 6); wish > 0; wish--)
            {
                DescriptorChain chain = _chains.Pop();
                TakeResult result = guest.Queue.TryTake(chain);
                if (result != (_available.Count > 0 ? TakeResult.Taken : TakeResult.Empty))
                {
                    return $"take {result} of {_available.Count}";
                }

                if (result == TakeResult.Empty)
                {
                    _chains.Push(chain);
                    return null;
                }

                Buffer buffer = _available.First!.Value;
                _available.RemoveFirst();
                _taken.Add((buffer, chain));
                if (!IsSame(buffer, chain))
                {
                    return $"chain {chain.Id} is not buffer {buffer.Serial}";
                }
            }

            return null;
        }

        private string? Untake()
        {
            for (int wish = Math.Min(_random.Next(1, 6), _taken.Count); wish > 0; wish--)
            {
                (Buffer buffer, DescriptorChain chain) = _taken[^1];
                if (_completedAfter > buffer.Serial)
                {
                    break;
                }

                guest.Queue.Untake(chain);
                _taken.RemoveAt(_taken.Count - 1);
                _available.AddFirst(buffer);
                _chains.Push(chain);
            }

            return null;
        }

        // Serial of the youngest buffer that was completed: older ones can no longer be given back.
        private int _completedAfter = -1;

        private string? Complete()
        {
            for (int wish = Math.Min(_random.Next(1, 6), _taken.Count); wish > 0; wish--)
            {
                int index = guest.Queue.IsInOrder ? 0 : _random.Next(_taken.Count);
                (Buffer buffer, DescriptorChain chain) = _taken[index];
                uint written = (uint)_random.NextInt64((long)chain.WritableBytes + 1);
                guest.Queue.Complete(chain, written);
                Stage(index, written);
            }

            return null;
        }

        // What a turn of the engine does: takes many, completes the first of them, gives the others back.
        private string? Turn()
        {
            if (guest.Queue.IsInOrder && _taken.Count > 0)
            {
                return null;
            }

            int wish = _random.Next(1, _batch.Capacity + 1);
            int count = guest.Queue.TakeMany(_batch, 0, wish);
            if (count != Math.Min(wish, _available.Count))
            {
                return $"took {count} of {_available.Count}, wished {wish}";
            }

            int done = _random.Next(count + 1);
            bool isRead = _random.Next(2) == 0;
            for (int index = 0; index < count; index++)
            {
                Buffer buffer = _available.First!.Value;
                _available.RemoveFirst();
                DescriptorChain chain = _batch.ChainOf(index);
                if (!IsSame(buffer, chain))
                {
                    return $"chain {chain.Id} of a batch is not buffer {buffer.Serial}";
                }

                uint written = isRead ? 0 : (uint)_random.NextInt64((long)chain.WritableBytes + 1);
                SetWritten(index, written);
                _turn.Add((buffer, written));
            }

            if (isRead)
            {
                guest.Queue.CompleteRead(_batch, 0, done);
            }
            else
            {
                guest.Queue.CompleteMany(_batch, 0, done);
            }

            guest.Queue.UntakeMany(_batch, done, count - done);
            for (int index = count - 1; index >= done; index--)
            {
                _available.AddFirst(_turn[index].Buffer);
            }

            for (int index = 0; index < done; index++)
            {
                Stage(_turn[index].Buffer, _turn[index].Written);
            }

            _turn.Clear();
            return null;
        }

        private unsafe void SetWritten(int index, uint written) => _batch.Buffers[index].Written = written;

        private void Stage(int index, uint written)
        {
            (Buffer buffer, DescriptorChain chain) = _taken[index];
            _taken.RemoveAt(index);
            _chains.Push(chain);
            Stage(buffer, written);
        }

        private void Stage(Buffer buffer, uint written)
        {
            _staged.Enqueue((buffer.Serial, written));
            _usedCount += _isPacked ? buffer.Slots : 1;
            _completedAfter = Math.Max(_completedAfter, buffer.Serial);
        }

        private string? Publish()
        {
            bool isNew = _staged.Count > 0;
            while (_staged.TryDequeue(out (int, uint) used))
            {
                _published.Enqueue(used);
            }

            // An event is a position in the ring, or an index of 16 bits: it comes again.
            long period = _isPacked ? 2 * guest.Size : 65536;
            bool isWanted = _wanted == -2 && isNew;
            for (long at = _publishedCount; at < _usedCount && _wanted >= 0; at++)
            {
                isWanted |= at % period == _wanted % period;
            }

            _publishedCount = _usedCount;
            Publications += isNew ? 1 : 0;
            Interrupts += isWanted ? 1 : 0;
            return guest.Queue.Publish() == isWanted ? null : $"interrupt not {isWanted}";
        }

        private string? Reap()
        {
            _reaped.Clear();
            _driver.Reap(_reaped);
            foreach ((int, uint) used in _reaped)
            {
                if (!_published.TryDequeue(out (int, uint) expected) || used != expected)
                {
                    return $"reaped {used}, not {expected}";
                }
            }

            return _published.Count == 0 ? null : $"{_published.Count} not reaped";
        }

        private string? WantInterrupt()
        {
            if (_hasEventIdx && (!_isPacked || _random.Next(3) > 0))
            {
                _wanted = Math.Max(0, _publishedCount + _random.Next(-2, 8));
                _driver.WantInterruptAt(_wanted);
            }
            else
            {
                _wanted = -_random.Next(1, 3);
                _driver.WantInterrupts(_wanted == -2);
            }

            return null;
        }

        private string? Kick()
        {
            if (_random.Next(3) == 0)
            {
                guest.Queue.DisableKicks();

                // With EVENT_IDX a split ring has no word for "never".
                _kick = _hasEventIdx && !_isPacked ? null : false;
                return null;
            }

            bool hasWork = guest.Queue.EnableKicks();
            _kick = hasWork && _hasEventIdx ? null : true;
            return hasWork == _available.Count > 0 ? null : $"work {hasWork} of {_available.Count}";
        }

        private static unsafe bool IsSame(Buffer buffer, DescriptorChain chain)
        {
            int readable = buffer.Elements.Count(element => !element.IsWritable);
            if (chain.ReadableCount != readable || chain.WritableCount != buffer.Elements.Length - readable)
            {
                return false;
            }

            for (int index = 0; index < buffer.Elements.Length; index++)
            {
                if (chain.Readable[index].Length != buffer.Elements[index].Length)
                {
                    return false;
                }
            }

            return chain.WritableBytes == (ulong)buffer.Elements.Where(element => element.IsWritable).Sum(element => element.Length);
        }
    }
}
