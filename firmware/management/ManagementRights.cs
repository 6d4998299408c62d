// Who asks by the management protocol, and what that one may change. Knows no opcode.
using SmartNicFw.Firmware.Config;
using SmartNicFw.Hal.Regs;

namespace SmartNicFw.Firmware.Management
{
    /// <summary>
    /// The window of a PF may change that PF and its VFs; what is the whole endpoint's, only the window of PF 0. Who reaches the
    /// management port may change everything. Reading is free to all of them; a VF has no way to ask. Whatever is denied is recorded.
    /// </summary>
    public sealed class ManagementRights
    {
        /// <summary>Nobody, where somebody who asks is meant.</summary>
        public const int Nobody = -1;

        private readonly FunctionNumbering _numbering;
        private readonly EventRing _events;

        /// <summary>Connects the room.</summary>
        public ManagementRights(FunctionNumbering numbering, EventRing events)
        {
            _numbering = numbering;
            _events = events;
            Asker = Nobody;
        }

        /// <summary>Who asks now: a PF by its window, or a client of the port as <see cref="OfClient"/> numbers it.</summary>
        public int Asker { get; set; }

        /// <summary>True when the asker may change what belongs to no single PF.</summary>
        public bool MayChangeEndpoint => Asker == 0 || !IsWindow(Asker);

        /// <summary>True when the asker may change a function.</summary>
        /// <param name="function">One that there is.</param>
        public bool MayChange(int function)
        {
            return !IsWindow(Asker) || _numbering.PhysicalFunctionOf(function) == Asker;
        }

        /// <summary>The number of a client of the port among those who ask.</summary>
        public int OfClient(int client)
        {
            return _numbering.PhysicalFunctions + client;
        }

        /// <summary>True when it is a PF by its window.</summary>
        public bool IsWindow(int asker)
        {
            return asker < _numbering.PhysicalFunctions;
        }

        /// <summary>Refuses the request, and records it.</summary>
        public void Deny(ManagementAnswer answer, string text)
        {
            answer.Refuse(ManagementStatus.Denied, ManagementReason.None, text);
            _events.Add(
                IsWindow(Asker) ? Asker : ManagementFunctionNumber.Endpoint, ManagementEventKind.RequestDenied, (uint)answer.Opcode);
        }
    }
}
