// What the data path hangs into the configuration flow: registers whose meaning lies behind the BARs.
namespace SmartNicFw.Firmware.Config
{
    /// <summary>Called by <see cref="ConfigTlpHandler"/> for functions that are ready.</summary>
    public interface IConfigParticipant
    {
        /// <summary>MSI-X Message Control was written.</summary>
        void MessageControlWritten(int function);

        /// <summary>Command was written: Bus Master Enable may have changed.</summary>
        void CommandWritten(int function);

        /// <summary>The power state of a PF, and so of its VFs, was written.</summary>
        void PowerStateWritten(int physicalFunction);

        /// <summary>Reads pci_cfg_data of the VIRTIO configuration access capability.</summary>
        uint ReadPciCfgData(int function);

        /// <summary>Writes it.</summary>
        /// <param name="lanes">Bits of the enabled bytes.</param>
        void WritePciCfgData(int function, uint data, uint lanes);
    }
}
