// Takes management requests from windows and port, one a step, and has the room that knows the opcode answer. Decides nothing itself.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// Every frame is answered, in the buffer that it lies in, and one that is refused has changed nothing. A change of policy is answered
    /// when it is kept; whatever else is asked waits until then.
    /// </summary>
    public sealed class ManagementDispatcher
    {
        private readonly IMonotonicClock _clock;
        private readonly IManagementPort _port;
        private readonly ManagementMailbox _mailbox;
        private readonly PolicyControl _policy;
        private readonly ManagementRights _rights;
        private readonly EndpointRequests _endpoint;
        private readonly FunctionRequests _functions;
        private readonly ReportRequests _reports;
        private readonly PolicyRequests _policies;
        private readonly ManagementAnswer _answer = new ManagementAnswer();
        private readonly ManagementRequest _request = new ManagementRequest();

        // The request that was taken last: of a window or of the port, and whether its answer waits until it is kept.
        private bool _isWindows;
        private bool _isHeld;

        /// <summary>Builds the rooms that answer.</summary>
        public ManagementDispatcher(
            EndpointConfiguration configuration, BoardContracts board, FunctionNumbering numbering, FunctionConfigSpace space,
            ResetControl resets, SriovControl sriov, DataPath path)
        {
            _clock = board.Clock;
            _port = board.ManagementPort;
            _mailbox = path.Mailbox;
            _policy = path.Control;
            _rights = new ManagementRights(numbering, path.Events);
            _endpoint = new EndpointRequests(configuration, numbering, space, resets, sriov, path, board);
            _functions = new FunctionRequests(numbering, space, resets, _endpoint, _rights);
            _reports = new ReportRequests(_functions, _rights, path, board);
            _policies = new PolicyRequests(_functions, _rights, path);
        }

        /// <summary>True when another step has something to do beside what the port holds.</summary>
        public bool HasWork => _mailbox.HasWork || _isHeld || _policy.HasWork || IsPolicyDue;

        /// <summary>
        /// The microsecond of the clock at which a transaction that nobody goes on with is forgotten; <see cref="long.MaxValue"/> for none.
        /// </summary>
        public long NextUs => _policy.NextUs;

        private bool IsPolicyDue => _policy.NextUs != long.MaxValue && _policy.NextUs <= _clock.NowUs;

        /// <summary>Answers a request, or goes on with keeping what the last one has changed.</summary>
        public void Step()
        {
            ForgetWhoWasReset();
            if (_policy.HasWork || IsPolicyDue)
            {
                _policy.Step(_clock.NowUs);
            }

            // Whoever's change is being kept: what is asked meanwhile waits.
            if (_policy.IsSaving)
            {
                return;
            }

            if (_isHeld)
            {
                Release();
                return;
            }

            // Windows and port take turns.
            if (_isWindows)
            {
                if (!TryPort())
                {
                    TryWindow();
                }
            }
            else if (!TryWindow())
            {
                TryPort();
            }
        }

        private void ForgetWhoWasReset()
        {
            int resets = _mailbox.TakeResets();
            for (int window = 0; resets != 0; window++)
            {
                if ((resets & 1) != 0)
                {
                    _policies.Forget(window);
                }

                resets >>= 1;
            }
        }

        private bool TryWindow()
        {
            int window = _mailbox.Take();
            if (window == FunctionNumbering.None)
            {
                return false;
            }

            _rights.Asker = window;
            _isWindows = true;
            Handle(_mailbox.Buffers, ManagementMailbox.BufferOf(window), _mailbox.RequestBytes(window));
            return true;
        }

        private bool TryPort()
        {
            if (!_port.TryTake(_request))
            {
                return false;
            }

            _rights.Asker = _rights.OfClient(_request.Client);
            _isWindows = false;
            if (_request.IsGone)
            {
                _policies.Forget(_rights.Asker);
            }
            else
            {
                Handle(_request.Buffer, 0, _request.Bytes);
            }

            return true;
        }

        private void Handle(byte[] buffer, int offset, int bytes)
        {
            if (_answer.Begin(buffer, offset, bytes))
            {
                Dispatch();
            }

            _isHeld = _answer.Status == ManagementStatus.Ok && _policy.IsSaving;
            if (!_isHeld)
            {
                Answer();
            }
        }

        private void Dispatch()
        {
            switch (_answer.Opcode)
            {
                case ManagementOpcode.EndpointInfo:
                    _endpoint.EndpointInfo(_answer);
                    break;
                case ManagementOpcode.FunctionInfo:
                    _endpoint.FunctionInfo(_answer);
                    break;
                case ManagementOpcode.SetNumVFs:
                    _rights.Deny(_answer, "NumVFs is the host's to write: echo N > sriov_numvfs there");
                    break;
                case ManagementOpcode.ResetVf:
                    _functions.ResetVf(_answer);
                    break;
                case ManagementOpcode.ReadConfig:
                    _functions.ReadConfig(_answer);
                    break;
                case ManagementOpcode.FunctionStatistics:
                    _reports.FunctionStatistics(_answer);
                    break;
                case ManagementOpcode.QueueStatistics:
                    _reports.QueueStatistics(_answer);
                    break;
                case ManagementOpcode.Events:
                    _reports.Events(_answer);
                    break;
                case ManagementOpcode.Health:
                    _reports.Health(_answer);
                    break;
                default:
                    DispatchPolicy();
                    break;
            }
        }

        private void DispatchPolicy()
        {
            switch (_answer.Opcode)
            {
                case ManagementOpcode.GetAttribute:
                    _policies.GetAttribute(_answer);
                    break;
                case ManagementOpcode.SetAttribute:
                    _policies.SetAttribute(_answer);
                    break;
                case ManagementOpcode.AddRateGroup:
                    _policies.AddRateGroup(_answer);
                    break;
                case ManagementOpcode.DeleteRateGroup:
                    _policies.DeleteRateGroup(_answer);
                    break;
                case ManagementOpcode.SetRateGroup:
                    _policies.SetRateGroup(_answer);
                    break;
                case ManagementOpcode.GetRateGroups:
                    _policies.GetRateGroups(_answer);
                    break;
                case ManagementOpcode.BeginTransaction:
                    _policies.Begin(_answer);
                    break;
                case ManagementOpcode.CommitTransaction:
                    _policies.Commit(_answer);
                    break;
                default:
                    _policies.Abort(_answer);
                    break;
            }
        }

        // The change that was held back is kept, or could not be.
        private void Release()
        {
            _isHeld = false;
            if (_policy.SaveStatus != ManagementStatus.Ok)
            {
                _answer.Refuse(_policy.SaveStatus, ManagementReason.None, "it is in force, and could not be kept for the next start");
            }

            // Of a PF that was reset meanwhile the window is as after a reset, and stays so.
            if (!_isWindows || _mailbox.IsTaken)
            {
                Answer();
            }
        }

        private void Answer()
        {
            int bytes = _answer.Write();
            if (_isWindows)
            {
                _mailbox.Complete(bytes);
            }
            else
            {
                _port.Complete(bytes);
            }
        }
    }
}
