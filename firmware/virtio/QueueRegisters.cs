// The registers of the queue that queue_select names. What may be written when; starting and stopping is the lifecycle's.
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Virtio
{
    /// <summary>
    /// A queue that is not there reads zero and takes no write. Source: VIRTIO 1.4, 4.1.4.3 and 2.6.1 (queue reset).
    /// </summary>
    internal sealed class QueueRegisters
    {
        private readonly VirtioState _state;
        private readonly DeviceLifecycle _lifecycle;
        private readonly int _maxSize;

        public QueueRegisters(EndpointConfiguration configuration, VirtioState state, DeviceLifecycle lifecycle)
        {
            _state = state;
            _lifecycle = lifecycle;
            _maxSize = configuration.MaxQueueSize;
        }

        /// <summary>Reads a register of the selected queue.</summary>
        public ulong Read(int function, int offset, int bytes)
        {
            int queue = _state.QueueSelect[function];
            int index = _state.IndexOf(function, queue);
            if (index < 0)
            {
                return 0;
            }

            switch (offset)
            {
                case VirtioCommonConfig.QueueSizeOffset:
                    return _state.Size[index];
                case VirtioCommonConfig.QueueMsixVectorOffset:
                    return _state.Vector[index];
                case VirtioCommonConfig.QueueEnableOffset:
                    return _state.Has(index, QueueFlag.Enabled) ? 1UL : 0;
                case VirtioCommonConfig.QueueNotifyOffOffset:
                case VirtioCommonConfig.QueueNotifConfigDataOffset:
                    return (ulong)queue;
                case VirtioCommonConfig.QueueResetOffset:
                    return 0;
                default:
                    return Part(AreaAt(index, offset), offset, bytes);
            }
        }

        /// <summary>Writes a register of the selected queue.</summary>
        /// <param name="vectors">MSI-X vectors of the function.</param>
        public void Write(int function, int offset, int bytes, ulong data, int vectors)
        {
            int queue = _state.QueueSelect[function];
            int index = _state.IndexOf(function, queue);
            if (index < 0)
            {
                return;
            }

            int value = (int)(data & 0xFFFF);
            switch (offset)
            {
                case VirtioCommonConfig.QueueSizeOffset:
                    WriteSize(function, index, value);
                    break;
                case VirtioCommonConfig.QueueMsixVectorOffset:
                    _state.Vector[index] = (ushort)(value < vectors ? value : VirtioCommonConfig.NoVector);
                    break;
                case VirtioCommonConfig.QueueEnableOffset:
                    WriteEnable(function, queue, index, value);
                    break;
                case VirtioCommonConfig.QueueResetOffset:
                    if (value == 1 && _state.IsNegotiated(function, FeatureOffer.RingReset))
                    {
                        _lifecycle.StopQueue(function, queue);
                        _state.ClearQueue(index);
                    }

                    break;
                default:
                    WriteArea(index, offset, bytes, data);
                    break;
            }
        }

        private void WriteSize(int function, int index, int size)
        {
            if (_state.Has(index, QueueFlag.Enabled))
            {
                return;
            }

            // A size that cannot be is not presented, but it keeps the queue from being enabled until it is mended.
            bool isPacked = _state.IsNegotiated(function, FeatureOffer.RingPacked);
            if (size < 1 || size > _maxSize || (!isPacked && (size & (size - 1)) != 0))
            {
                _state.Change(index, 0, QueueFlag.BadSize);
                return;
            }

            _state.Size[index] = (ushort)size;
            _state.Change(index, QueueFlag.BadSize, 0);
        }

        private void WriteEnable(int function, int queue, int index, int value)
        {
            bool isSetUp = _state.Has(index, QueueFlag.AllSet) && !_state.Has(index, QueueFlag.BadSize);
            if (value != 1 || !isSetUp || _state.Has(index, QueueFlag.Enabled)
                || !_state.IsStatus(function, VirtioDeviceStatus.FeaturesOk)
                || _state.IsStatus(function, VirtioDeviceStatus.DeviceNeedsReset))
            {
                return;
            }

            _state.Change(index, 0, QueueFlag.Enabled);
            if (_state.IsLive(function) && !_lifecycle.TryStart(function, queue))
            {
                _state.Change(index, QueueFlag.Enabled, 0);
            }
        }

        private void WriteArea(int index, int offset, int bytes, ulong data)
        {
            if (_state.Has(index, QueueFlag.Enabled))
            {
                return;
            }

            ulong area = AreaAt(index, offset);
            if (bytes == 8)
            {
                area = data;
            }
            else if ((offset & 4) != 0)
            {
                area = (area & 0xFFFFFFFF) | (data << 32);
            }
            else
            {
                area = (area & 0xFFFFFFFF00000000) | (data & 0xFFFFFFFF);
            }

            switch (offset & ~7)
            {
                case VirtioCommonConfig.QueueDescOffset:
                    _state.DescriptorArea[index] = area;
                    _state.Change(index, 0, QueueFlag.DescriptorSet);
                    break;
                case VirtioCommonConfig.QueueDriverOffset:
                    _state.DriverArea[index] = area;
                    _state.Change(index, 0, QueueFlag.DriverSet);
                    break;
                case VirtioCommonConfig.QueueDeviceOffset:
                    _state.DeviceArea[index] = area;
                    _state.Change(index, 0, QueueFlag.DeviceSet);
                    break;
                default:
                    break;
            }
        }

        private ulong AreaAt(int index, int offset)
        {
            switch (offset & ~7)
            {
                case VirtioCommonConfig.QueueDescOffset:
                    return _state.DescriptorArea[index];
                case VirtioCommonConfig.QueueDriverOffset:
                    return _state.DriverArea[index];
                case VirtioCommonConfig.QueueDeviceOffset:
                    return _state.DeviceArea[index];
                default:
                    return 0;
            }
        }

        private static ulong Part(ulong area, int offset, int bytes)
        {
            if (bytes == 8)
            {
                return area;
            }

            return (offset & 4) != 0 ? area >> 32 : area & 0xFFFFFFFF;
        }
    }
}
