// The common configuration structure: features, vectors, status, and the window on the selected queue.
using SmartNicFw.Firmware.Interrupt;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// Fields are accessed at their own width; the 64-bit ones also as two halves (VIRTIO 1.4, 4.1.3.1). Any other access
    /// finds no register. Source: VIRTIO 1.4, 4.1.4.3. The administration virtqueue fields read 0: there is none.
    /// </summary>
    public sealed class CommonConfig
    {
        private const int FeatureWords = 2;

        private readonly VirtioState _state;
        private readonly FeatureOffer _offer;
        private readonly DeviceStatus _status;
        private readonly MsixTable _msix;
        private readonly QueueRegisters _queues;

        /// <summary>Connects the room.</summary>
        public CommonConfig(
            EndpointConfiguration configuration, VirtioState state, FeatureOffer offer, DeviceLifecycle lifecycle, MsixTable msix)
        {
            _state = state;
            _offer = offer;
            _status = new DeviceStatus(state, lifecycle);
            _msix = msix;
            _queues = new QueueRegisters(configuration, state, lifecycle);
        }

        /// <summary>Reads a field.</summary>
        /// <param name="offset">Offset in the structure, a multiple of <paramref name="bytes"/>.</param>
        /// <returns>False where no field of this width is.</returns>
        public bool TryRead(int function, int offset, int bytes, out ulong data)
        {
            data = 0;
            if (!IsField(offset, bytes))
            {
                return false;
            }

            data = Read(function, offset, bytes);
            return true;
        }

        /// <summary>Writes a field; a read-only one stays as it is.</summary>
        /// <returns>False where no field of this width is; nothing happened then.</returns>
        public bool TryWrite(int function, int offset, int bytes, ulong data)
        {
            if (!IsField(offset, bytes))
            {
                return false;
            }

            switch (offset)
            {
                case VirtioCommonConfig.DeviceFeatureSelectOffset:
                    _state.DeviceFeatureSelect[function] = (uint)data;
                    break;
                case VirtioCommonConfig.DriverFeatureSelectOffset:
                    _state.DriverFeatureSelect[function] = (uint)data;
                    break;
                case VirtioCommonConfig.DriverFeatureOffset:
                    WriteDriverFeature(function, data);
                    break;
                case VirtioCommonConfig.ConfigMsixVectorOffset:
                    _state.ConfigVector[function] =
                        data < (ulong)_msix.Vectors(function) ? (ushort)data : (ushort)VirtioCommonConfig.NoVector;
                    break;
                case VirtioCommonConfig.DeviceStatusOffset:
                    _status.Write(function, (int)(data & 0xFF));
                    break;
                case VirtioCommonConfig.QueueSelectOffset:
                    _state.QueueSelect[function] = (ushort)data;
                    break;
                default:
                    if (offset > VirtioCommonConfig.QueueSelectOffset)
                    {
                        _queues.Write(function, offset, bytes, data, _msix.Vectors(function));
                    }

                    break;
            }

            return true;
        }

        private ulong Read(int function, int offset, int bytes)
        {
            switch (offset)
            {
                case VirtioCommonConfig.DeviceFeatureSelectOffset:
                    return _state.DeviceFeatureSelect[function];
                case VirtioCommonConfig.DeviceFeatureOffset:
                    return FeatureWord(_offer.Of(function), _state.DeviceFeatureSelect[function]);
                case VirtioCommonConfig.DriverFeatureSelectOffset:
                    return _state.DriverFeatureSelect[function];
                case VirtioCommonConfig.DriverFeatureOffset:
                    return FeatureWord(_state.Features[function], _state.DriverFeatureSelect[function]);
                case VirtioCommonConfig.ConfigMsixVectorOffset:
                    return _state.ConfigVector[function];
                case VirtioCommonConfig.NumQueuesOffset:
                    return (ulong)_state.MaxQueues(function);
                case VirtioCommonConfig.DeviceStatusOffset:
                    return _state.Status[function];
                case VirtioCommonConfig.ConfigGenerationOffset:
                    return _state.Generation[function];
                case VirtioCommonConfig.QueueSelectOffset:
                    return _state.QueueSelect[function];
                case VirtioCommonConfig.AdminQueueIndexOffset:
                case VirtioCommonConfig.AdminQueueNumOffset:
                    return 0;
                default:
                    return _queues.Read(function, offset, bytes);
            }
        }

        // Only features that are offered are kept; one that is not makes FEATURES_OK fail until the word is written anew.
        private void WriteDriverFeature(int function, ulong data)
        {
            uint select = _state.DriverFeatureSelect[function];
            if (_state.IsStatus(function, VirtioDeviceStatus.FeaturesOk))
            {
                return;
            }

            int fault = select < FeatureWords ? 1 << (int)(long)select : 1 << FeatureWords;
            ulong written = data & 0xFFFFFFFF;
            ulong offered = FeatureWord(_offer.Of(function), select);
            int faults = _state.FeatureFaults[function] & ~fault;
            _state.FeatureFaults[function] = (byte)((written & ~offered) != 0 ? faults | fault : faults);
            if (select == 0)
            {
                _state.Features[function] = (_state.Features[function] & 0xFFFFFFFF00000000) | (written & offered);
            }
            else if (select == 1)
            {
                _state.Features[function] = (_state.Features[function] & 0xFFFFFFFF) | ((written & offered) << 32);
            }
        }

        private static ulong FeatureWord(ulong features, uint select)
        {
            if (select >= FeatureWords)
            {
                return 0;
            }

            return select == 0 ? features & 0xFFFFFFFF : features >> 32;
        }

        private static bool IsField(int offset, int bytes)
        {
            if (offset < VirtioCommonConfig.ConfigMsixVectorOffset)
            {
                return bytes == 4;
            }

            if (offset >= VirtioCommonConfig.QueueDescOffset && offset < VirtioCommonConfig.QueueNotifConfigDataOffset)
            {
                return bytes >= 4;
            }

            return offset == VirtioCommonConfig.DeviceStatusOffset || offset == VirtioCommonConfig.ConfigGenerationOffset
                ? bytes == 1
                : bytes == 2;
        }
    }
}
