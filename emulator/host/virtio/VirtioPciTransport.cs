// How a driver reaches a VIRTIO device over PCI: structures found by their capabilities, registers read and written.
// Knows nothing of queues' contents nor of the kind of device.
using System;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host.Virtio;

/// <summary>A structure of the device in a BAR.</summary>
/// <param name="Bar">Index of the BAR.</param>
/// <param name="Offset">Offset in the BAR, bytes.</param>
/// <param name="Bytes">Size, bytes.</param>
/// <param name="Address">Bus address of the first byte.</param>
internal readonly record struct VirtioStructure(int Bar, uint Offset, uint Bytes, ulong Address);

/// <summary>
/// The registers of one VIRTIO function, by memory accesses, or all through the window in configuration space.
/// Source: VIRTIO 1.4, 4.1.4.
/// </summary>
public sealed class VirtioPciTransport
{
    private readonly RootComplex _host;
    private readonly HostFunction _function;
    private readonly VirtioStructure _common;
    private readonly VirtioStructure _notify;
    private readonly VirtioStructure _isr;
    private readonly VirtioStructure _device;
    private readonly uint _notifyOffMultiplier;
    private readonly int _window;
    private readonly bool _usesWindow;

    /// <summary>Finds the structures.</summary>
    /// <param name="usesWindow">True: accesses go through the PCI configuration access capability (4.1.4.9).</param>
    /// <exception cref="HostException">A structure that every device must have is missing.</exception>
    public VirtioPciTransport(RootComplex host, HostFunction function, bool usesWindow = false)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(function);
        _host = host;
        _function = function;
        _usesWindow = usesWindow;
        foreach (HostCapability capability in function.Capabilities)
        {
            if (capability.IsExtended || capability.Id != PciCapability.IdVendorSpecific)
            {
                continue;
            }

            // Of several structures of a type the device puts the best first (4.1.4); one of an unknown type is none of ours.
            int type = (int)host.Read(function.Address, capability.Offset + VirtioPciCapability.CfgTypeOffset, 1);
            if (type == VirtioPciCapability.CfgTypePciCfg)
            {
                _window = _window == 0 ? capability.Offset : _window;
            }
            else if (Locate(capability.Offset) is { } found)
            {
                Keep(type, VirtioPciCapability.CfgTypeCommon, found, ref _common);
                Keep(type, VirtioPciCapability.CfgTypeIsr, found, ref _isr);
                Keep(type, VirtioPciCapability.CfgTypeDevice, found, ref _device);
                if (Keep(type, VirtioPciCapability.CfgTypeNotify, found, ref _notify))
                {
                    _notifyOffMultiplier = host.Read(
                        function.Address, capability.Offset + VirtioPciCapability.NotifyMultiplierOffset, 4);
                }
            }
        }

        Require(_common.Bytes >= VirtioCommonConfig.QueueNotifConfigDataOffset, "common configuration structure");
        Require(_notify.Bytes >= sizeof(ushort), "notification structure");
        Require(_isr.Bytes >= 1, "ISR status structure");
        Require(!usesWindow || _window != 0, "PCI configuration access capability");
    }

    /// <summary>Function that is reached.</summary>
    public HostFunction Function => _function;

    /// <summary>Doorbells rung.</summary>
    public long Notifications { get; private set; }

    /// <summary>device_status (2.1).</summary>
    public int Status
    {
        get => (int)ReadCommon(VirtioCommonConfig.DeviceStatusOffset, 1);
        set => WriteCommon(VirtioCommonConfig.DeviceStatusOffset, 1, (uint)value);
    }

    /// <summary>Reads a field of the common configuration; fields of 64 bits are read as two of 32 (4.1.3.1).</summary>
    /// <param name="bytes">Width of the field: 1, 2 or 4.</param>
    public uint ReadCommon(int offset, int bytes) => Read(_common, (uint)offset, bytes);

    /// <summary>Writes a field of the common configuration.</summary>
    /// <param name="bytes">Width of the field: 1, 2 or 4.</param>
    public void WriteCommon(int offset, int bytes, uint value) => Write(_common, (uint)offset, bytes, value);

    /// <summary>Writes a field of 64 bits as two of 32, the lower half first (4.1.3.1).</summary>
    public void WriteCommon64(int offset, ulong value)
    {
        WriteCommon(offset, 4, (uint)value);
        WriteCommon(offset + 4, 4, (uint)(value >> 32));
    }

    /// <summary>Reads a field of the device configuration; all ones where the device has none.</summary>
    /// <param name="bytes">Width of the field: 1, 2 or 4.</param>
    public uint ReadDevice(int offset, int bytes) =>
        (uint)(offset + bytes) <= _device.Bytes ? Read(_device, (uint)offset, bytes) : uint.MaxValue >> (32 - (bytes * 8));

    /// <summary>config_generation: the same before and after reads that belong together (2.5).</summary>
    public int ConfigGeneration => (int)ReadCommon(VirtioCommonConfig.ConfigGenerationOffset, 1);

    /// <summary>Reads the ISR status, which clears it (4.1.4.5).</summary>
    public int ReadIsr() => (int)Read(_isr, 0, 1);

    /// <summary>Reads 64 feature bits that the device offers (4.1.4.3).</summary>
    public ulong ReadDeviceFeatures()
    {
        WriteCommon(VirtioCommonConfig.DeviceFeatureSelectOffset, 4, 0);
        ulong low = ReadCommon(VirtioCommonConfig.DeviceFeatureOffset, 4);
        WriteCommon(VirtioCommonConfig.DeviceFeatureSelectOffset, 4, 1);
        return low | ((ulong)ReadCommon(VirtioCommonConfig.DeviceFeatureOffset, 4) << 32);
    }

    /// <summary>Writes 64 feature bits that the driver accepts (4.1.4.3).</summary>
    public void WriteDriverFeatures(ulong features)
    {
        WriteCommon(VirtioCommonConfig.DriverFeatureSelectOffset, 4, 0);
        WriteCommon(VirtioCommonConfig.DriverFeatureOffset, 4, (uint)features);
        WriteCommon(VirtioCommonConfig.DriverFeatureSelectOffset, 4, 1);
        WriteCommon(VirtioCommonConfig.DriverFeatureOffset, 4, (uint)(features >> 32));
    }

    /// <summary>Rings a doorbell: 2 bytes, or 4 with NOTIFICATION_DATA (4.1.5.2).</summary>
    /// <param name="queueNotifyOff">queue_notify_off of the queue.</param>
    /// <exception cref="HostException">The doorbell would lie outside the structure.</exception>
    public void Notify(int queueNotifyOff, int bytes, uint value)
    {
        ulong offset = (ulong)queueNotifyOff * _notifyOffMultiplier;
        if (offset + (ulong)bytes > _notify.Bytes)
        {
            throw new HostException($"{_function.Name}: queue_notify_off {queueNotifyOff} lies outside the notification structure");
        }

        Notifications++;
        Write(_notify, (uint)offset, bytes, value);
    }

    private static bool Keep(int type, int wanted, VirtioStructure found, ref VirtioStructure kept)
    {
        if (type != wanted || kept.Bytes != 0)
        {
            return false;
        }

        kept = found;
        return true;
    }

    private VirtioStructure? Locate(int capability)
    {
        int index = (int)_host.Read(_function.Address, capability + VirtioPciCapability.BarOffset, 1);
        uint offset = _host.Read(_function.Address, capability + VirtioPciCapability.OffsetOffset, 4);
        uint bytes = _host.Read(_function.Address, capability + VirtioPciCapability.LengthOffset, 4);
        foreach (HostBar bar in _function.Bars)
        {
            if (bar.Index == index && (ulong)offset + bytes <= bar.Bytes)
            {
                return new VirtioStructure(index, offset, bytes, bar.Address + offset);
            }
        }

        return null;
    }

    private void Require(bool isThere, string what)
    {
        if (!isThere)
        {
            throw new HostException($"{_function.Name} has no usable {what}");
        }
    }

    private uint Read(in VirtioStructure structure, uint offset, int bytes)
    {
        if (!_usesWindow)
        {
            return (uint)_host.ReadMemory(structure.Address + offset, bytes);
        }

        Aim(structure, offset, bytes);
        return _host.Read(_function.Address, _window + VirtioPciCapability.PciCfgDataOffset, bytes);
    }

    private void Write(in VirtioStructure structure, uint offset, int bytes, uint value)
    {
        if (!_usesWindow)
        {
            _host.WriteMemory(structure.Address + offset, bytes, value);
            return;
        }

        Aim(structure, offset, bytes);
        _host.Write(_function.Address, _window + VirtioPciCapability.PciCfgDataOffset, bytes, value);
    }

    private void Aim(in VirtioStructure structure, uint offset, int bytes)
    {
        _host.Write(_function.Address, _window + VirtioPciCapability.BarOffset, 1, (uint)structure.Bar);
        _host.Write(_function.Address, _window + VirtioPciCapability.LengthOffset, 4, (uint)bytes);
        _host.Write(_function.Address, _window + VirtioPciCapability.OffsetOffset, 4, structure.Offset + offset);
    }
}
