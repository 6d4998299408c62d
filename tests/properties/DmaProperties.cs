// DMA scheduling against a reference that only knows the contract: turns begun, ended, failed, forgotten, and functions reset in between.
using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Dma;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Properties;

public sealed class DmaProperties
{
    private const int Cases = 10_000;
    private const int Functions = 3;
    private const int Queues = 4;
    private const int Kinds = 4;
    private const int Tags = 16;

    public enum What
    {
        Ring,
        End,
        EndWithMore,
        Fault,
        Stray,
        Time,
        LongTime,
        Flr,
        DeviceReset,
        BusMasterOff,
        BusMasterOn,
    }

    [Test]
    public void Turns_end_once_credits_come_back_and_no_stopped_function_is_granted_one()
    {
        int most = 0;
        var property = (Act[] acts) =>
        {
            var run = new Run(acts[0].Pick % 2 == 0 ? EndpointConfiguration.MinDmaBytes : 1 << 20);
            run.Do(acts);
            most = Math.Max(most, run.Most);
            return true;
        };
        Prop.ForAll(Arb.From(Acts()), property).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithQuietOnSuccess(true));
        Assert.That(most, Is.GreaterThanOrEqualTo(4), "turns of a queue at a time");
    }

    private static Gen<Act[]> Acts()
    {
        Gen<What> kind = Gen.Frequency(
            (8, Gen.Constant(What.Ring)), (6, Gen.Constant(What.End)), (4, Gen.Constant(What.EndWithMore)), (1, Gen.Constant(What.Fault)),
            (1, Gen.Constant(What.Stray)), (2, Gen.Constant(What.Time)), (1, Gen.Constant(What.LongTime)), (2, Gen.Constant(What.Flr)),
            (1, Gen.Constant(What.DeviceReset)), (1, Gen.Constant(What.BusMasterOff)), (2, Gen.Constant(What.BusMasterOn)));
        Gen<Act> act = from what in kind
                       from function in Gen.Choose(1, Functions)
                       from queue in Gen.Choose(0, Queues - 1)
                       from pick in Gen.Choose(0, 1000)
                       select new Act(what, function, queue, pick);
        return act.ArrayOf(40);
    }

    public sealed record Act(What What, int Function, int Queue, int Pick);

    /// <summary>One firmware, and what its engine has been told.</summary>
    private sealed class Run
    {
        private readonly DataPathUnderTest _nic;
        private readonly int _outstandingBytes;
        private readonly List<(int Function, int Queue)> _underWay = [];
        private readonly HashSet<int> _disturbed = [];
        private readonly bool[] _isMaster = [true, true, true, true];

        public Run(int outstandingBytes)
        {
            _outstandingBytes = outstandingBytes;
            _nic = new(
                new EndpointConfiguration { TotalVFs = Functions, VfQueuePairs = 2, DmaTags = Tags, DmaOutstandingBytes = outstandingBytes },
                Functions);
            for (int function = 1; function <= Functions; function++)
            {
                _nic.Bring(function);
            }

            _nic.Engine.Granted = Granted;
            _nic.Engine.Stopped = (function, queue) => _underWay.RemoveAll(turn => turn == (function, queue));
        }

        /// <summary>Turns of one queue at a time, at the most.</summary>
        public int Most { get; private set; }

        private TurnsUnderWay Turns => _nic.Firmware.DataPath.Turns;

        public void Do(Act[] acts)
        {
            foreach (Act act in acts)
            {
                Do(act);
                _nic.Step();
                _nic.Step();
                Check();
            }

            Finish();
        }

        private void Do(Act act)
        {
            switch (act.What)
            {
                case What.Ring:
                    _nic.Notify(act.Function, act.Queue);
                    break;
                case What.End or What.EndWithMore when _underWay.Count > 0:
                    (int function, int queue) = Picked(act);
                    _underWay.Remove((function, queue));
                    _nic.Engine.EndTurn(function, queue, act.What == What.EndWithMore);
                    break;
                case What.Fault when _underWay.Count > 0:
                    (function, queue) = Picked(act);
                    _underWay.RemoveAll(turn => turn == (function, queue));
                    _nic.Engine.Fault(function, queue, (DmaFault)(1 + (act.Pick % 4)));
                    _disturbed.Add(function);
                    break;
                case What.Stray when _nic.Firmware.DataPath.Pending.IsEmpty && !_underWay.Contains((act.Function, act.Queue)):
                    _nic.Engine.Report(QueueEventKind.TurnOver, act.Function, act.Queue, hasMore: true);
                    break;
                case What.Time:
                    _nic.Clock.Advance(act.Pick);
                    break;
                case What.LongTime:
                    _nic.Clock.Advance(60_000);
                    _disturbed.UnionWith(_underWay.Select(turn => turn.Function));
                    break;
                case What.Flr:
                    _nic.InitiateFlr(act.Function);
                    _isMaster[act.Function] = false;
                    _disturbed.Add(act.Function);
                    break;
                case What.DeviceReset:
                    _nic.Status(act.Function, 0);
                    _disturbed.Add(act.Function);
                    break;
                case What.BusMasterOff or What.BusMasterOn when _nic.Firmware.Resets.IsReady(act.Function):
                    _isMaster[act.Function] = act.What == What.BusMasterOn;
                    _nic.ConfigWrite(
                        act.Function, PciConfigHeader.CommandOffset,
                        _isMaster[act.Function] ? (uint)PciConfigHeader.CommandBusMasterEnableMask : 0, 2);
                    break;
                default:
                    break;
            }
        }

        private (int Function, int Queue) Picked(Act act) => _underWay.Order().ElementAt(act.Pick % _underWay.Count);

        private void Granted(int function, int queue)
        {
            _underWay.Add((function, queue));
            int turns = _underWay.Count(turn => turn == (function, queue));
            Require(turns == 1 || (queue & 1) != 0, $"receive queue {queue} of function {function} has two turns");
            Most = Math.Max(Most, turns);
            Require(_nic.Engine.Running.ContainsKey((function, queue)), "a turn of a queue that does not run");
            Require(_nic.Engine.BusMasters.Contains(function), "a turn of a function that is no bus master");
            Require(_nic.Firmware.Resets.IsReady(function), "a turn of a function that is being reset");
            Require(_nic.State.IsLive(function), "a turn of a function that is broken or has no driver");
        }

        private void Check()
        {
            Require(Turns.Total == _underWay.Count, $"firmware knows {Turns.Total} turns, the engine {_underWay.Count}");
            for (int function = 1; function <= Functions; function++)
            {
                Require(Turns.Count(function) == _underWay.Count(turn => turn.Function == function), "turns of a function");
                Require(_underWay.Count(turn => turn.Function == function && (turn.Queue & 1) != 0) <= Tags / 2, "more than half");
            }

            for (int kind = 0; kind < Kinds; kind++)
            {
                int free = Turns.Credits.Free(0, kind);
                int capacity = kind switch
                {
                    1 => Tags,
                    3 => DmaCredits.TurnsOfAChannelAtMost,
                    _ => _outstandingBytes,
                };
                Require(free >= 0 && free <= capacity && (_underWay.Count > 0 || free == capacity), $"{free} credits of kind {kind}");
            }
        }

        // A hanging engine holds up no reset for longer than the bound; whom nothing happened to is as at the start.
        private void Finish()
        {
            _nic.Clock.Advance(DeviceLifecycle.DrainUs);
            _nic.Step();
            Require(_nic.Firmware.Resets.IsIdle, "a reset that does not end");
            for (int round = 0; round < 16 && _underWay.Count > 0; round++)
            {
                foreach ((int function, int queue) in _underWay.ToArray())
                {
                    _underWay.Remove((function, queue));
                    _nic.Engine.EndTurn(function, queue);
                }

                _nic.Step();
                _nic.Step();
            }

            Check();
            Require(_underWay.Count == 0, "turns without end");
            for (int function = 1; function <= Functions; function++)
            {
                if (!_disturbed.Contains(function) && _isMaster[function])
                {
                    _nic.Notify(function, 1);
                    _nic.Step();
                    Require(_underWay.Contains((function, 1)), "an untouched neighbour that gets no turn");
                }
            }
        }

        private static void Require(bool isTrue, string otherwise)
        {
            if (!isTrue)
            {
                throw new InvalidOperationException(otherwise);
            }
        }
    }
}
