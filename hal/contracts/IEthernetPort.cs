// The wire side of the switch.
namespace SmartNicFw.Hal.Contracts
{
    /// <summary>The endpoint's Ethernet port. Frames to it are the engine's business; frames from it wait for a turn.</summary>
    public interface IEthernetPort
    {
        /// <summary>True while the link is up.</summary>
        bool IsLinkUp { get; }

        /// <summary>True when frames have arrived.</summary>
        bool HasReceived { get; }

        /// <summary>Grants a turn: frames that have arrived go to the functions that the switch says.</summary>
        /// <param name="frames">Frames at the most, 1 upwards.</param>
        /// <returns>Frames that were moved.</returns>
        int SubmitTurn(int frames);
    }
}
