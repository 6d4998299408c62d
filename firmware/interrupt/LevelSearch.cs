// The search of each queue for its level: where it stands, which way it goes, when it stays. Knows neither clock nor interrupts.
namespace SmartNicFw.Firmware.Interrupt
{
    /// <summary>How a sample compares with the one before.</summary>
    public enum SampleOutcome
    {
        Same = 0,
        Better = 1,
        Worse = 2,
    }

    /// <summary>
    /// Goes on in its direction while samples get better and turns when they do not. It parks on top: where it came back to after one
    /// step, or where there is no further level; there it stays until a sample differs. After so many steps without a top it parks
    /// tired, and rests for as many samples. That is the search of Linux's dynamic interrupt moderation (lib/dim), but for two things:
    /// levels are passed over that would join nothing (<see cref="AdaptiveLevels.Above"/>), and who comes back to level 0 because waiting
    /// was worse rests there for a sample, and each further time for twice as many, 32 at the most, until waiting was better once: traffic
    /// that loses by it has it seldom, and traffic whose samples differ by chance soon goes on.
    /// </summary>
    public sealed class LevelSearch
    {
        /// <summary>Steps without a top after which a search is tired, and samples for which it rests then.</summary>
        public const int TiredSteps = 2 * (AdaptiveLevels.Highest + 1);

        /// <summary>Samples of the longest rest.</summary>
        public const int LongestRest = 32;

        private const byte Up = 0;
        private const byte Down = 1;
        private const byte OnTop = 2;
        private const byte Tired = 3;

        // By queue.
        private readonly byte[] _level;
        private readonly byte[] _tune;
        private readonly byte[] _stepsUp;
        private readonly byte[] _stepsDown;
        private readonly byte[] _tired;

        // By queue: samples of the next rest after something worse.
        private readonly byte[] _nextRest;

        /// <summary>Starts with every queue at level 0 and on its way up.</summary>
        public LevelSearch(int queues)
        {
            _level = new byte[queues];
            _tune = new byte[queues];
            _stepsUp = new byte[queues];
            _stepsDown = new byte[queues];
            _tired = new byte[queues];
            _nextRest = new byte[queues];
            for (int index = 0; index < queues; index++)
            {
                Begin(index);
            }
        }

        /// <summary>Where a queue stands, 0 to <see cref="AdaptiveLevels.Highest"/>.</summary>
        public int Level(int index)
        {
            return _level[index];
        }

        /// <summary>True while it stays on top until a sample differs from the one with which it came there.</summary>
        public bool IsOnTop(int index)
        {
            return _tune[index] == OnTop;
        }

        /// <summary>True while it rests.</summary>
        public bool IsTired(int index)
        {
            return _tune[index] == Tired;
        }

        /// <summary>Begins anew: level 0, on its way up.</summary>
        public void Begin(int index)
        {
            Settle(index, Up, 0);
            _level[index] = 0;
            _nextRest[index] = 1;
        }

        /// <summary>Goes to level 0 and rests there for <see cref="TiredSteps"/> samples.</summary>
        public void Rest(int index)
        {
            Settle(index, Tired, TiredSteps);
            _level[index] = 0;
        }

        /// <summary>A sample is over.</summary>
        /// <param name="outcome">Against the sample before; against the one with which it came on top while it stays there.</param>
        /// <param name="above">The level that a step up leads to; its own when there is none.</param>
        /// <param name="below">The level that a step down leads to; its own when there is none.</param>
        public void Decide(int index, SampleOutcome outcome, int above, int below)
        {
            switch (_tune[index])
            {
                case OnTop:
                    if (outcome != SampleOutcome.Same)
                    {
                        Leave(index, above, below);
                    }

                    break;
                case Tired:
                    _tired[index]--;
                    if (_tired[index] == 0)
                    {
                        Leave(index, above, below);
                    }

                    break;
                default:
                    Search(index, outcome, above, below);
                    break;
            }
        }

        private void Search(int index, SampleOutcome outcome, int above, int below)
        {
            if (outcome != SampleOutcome.Better)
            {
                Turn(index);
            }

            bool isUp = _tune[index] == Up;
            int back = isUp ? _stepsUp[index] : _stepsDown[index];
            int before = isUp ? _stepsDown[index] : _stepsUp[index];
            if (back == 1 && before > 1)
            {
                Settle(index, OnTop, 0);
                return;
            }

            bool hasWaited = _level[index] != 0;
            if (hasWaited && isUp && outcome == SampleOutcome.Better)
            {
                _nextRest[index] = 1;
            }

            Step(index, above, below);
            if (hasWaited && _level[index] == 0 && outcome == SampleOutcome.Worse)
            {
                Settle(index, Tired, _nextRest[index]);
                _nextRest[index] = (byte)(2 * _nextRest[index] < LongestRest ? 2 * _nextRest[index] : LongestRest);
            }
        }

        private void Turn(int index)
        {
            if (_tune[index] == Up)
            {
                _tune[index] = Down;
                _stepsDown[index] = 0;
            }
            else
            {
                _tune[index] = Up;
                _stepsUp[index] = 0;
            }
        }

        private void Leave(int index, int above, int below)
        {
            _tune[index] = _level[index] == 0 ? Up : Down;
            Step(index, above, below);
        }

        private void Step(int index, int above, int below)
        {
            if (_tired[index] == TiredSteps)
            {
                Settle(index, Tired, TiredSteps);
                return;
            }

            bool isUp = _tune[index] == Up;
            int next = isUp ? above : below;
            if (next == _level[index])
            {
                Settle(index, OnTop, 0);
                return;
            }

            _level[index] = (byte)next;
            _tired[index]++;
            if (isUp)
            {
                _stepsUp[index]++;
            }
            else
            {
                _stepsDown[index]++;
            }
        }

        private void Settle(int index, byte tune, byte tired)
        {
            _tune[index] = tune;
            _tired[index] = tired;
            _stepsUp[index] = 0;
            _stepsDown[index] = 0;
        }
    }
}
