// One of the two doors by which configuration writes take effect: enabling, placing and disabling virtual functions.
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// SR-IOV of all physical functions: what software may change when, where the VFs are, and how many there are.
    /// Source: PCI Express Base Specification 5.0, 9.3.3.
    /// </summary>
    /// <remarks>
    /// Placement: VF Stride is a power of two, not below the number of PFs, and First VF Offset a multiple of it. So PF p
    /// and its VFs share the Routing IDs that leave p over when divided by it, and can never meet another PF's, whatever
    /// their NumVFs; and a Routing ID leads to its function by a mask and a shift. In an ARI hierarchy the VFs follow the
    /// PFs at once. Without ARI a device has function numbers 0 to 7 on its captured bus: if a PF's VFs do not fit there,
    /// all of them start on the next bus, where every function number is usable.
    /// </remarks>
    public sealed class SriovControl
    {
        private readonly FunctionNumbering _numbering;
        private readonly FunctionConfigSpace _space;
        private readonly ResetControl _resets;
        private readonly EventRing _events;

        // Derived from the registers by Refresh, and by nothing else: routing reads these on every access.
        private readonly int[] _visibleVFs;
        private readonly int[] _firstVfOffset;

        /// <summary>Starts with no VF enabled.</summary>
        public SriovControl(FunctionNumbering numbering, FunctionConfigSpace space, ResetControl resets, EventRing events)
        {
            _events = events;
            _numbering = numbering;
            _space = space;
            _resets = resets;
            _visibleVFs = new int[numbering.PhysicalFunctions];
            _firstVfOffset = new int[numbering.PhysicalFunctions];
            while ((1 << VfStrideShift) < numbering.PhysicalFunctions)
            {
                VfStrideShift++;
            }

            RefreshAll();
        }

        /// <summary>VFs of a PF that exist now: NumVFs while VF Enable is set, else 0.</summary>
        public int VisibleVFs(int physicalFunction)
        {
            return _visibleVFs[physicalFunction];
        }

        /// <summary>First VF Offset of a PF.</summary>
        public int FirstVfOffset(int physicalFunction)
        {
            return _firstVfOffset[physicalFunction];
        }

        /// <summary>VF Stride, the same for all PFs: 1, 2 or 4.</summary>
        public int VfStride => 1 << VfStrideShift;

        /// <summary>Binary logarithm of <see cref="VfStride"/>.</summary>
        public int VfStrideShift { get; private set; }

        /// <summary>Size in bytes of a VF's range in a BAR: never below System Page Size (9.3.3.13).</summary>
        /// <param name="bytes">Size that the BAR has with 4 KB pages.</param>
        public uint VfRangeBytes(int physicalFunction, int bytes)
        {
            uint page = _space.Read(physicalFunction, Register(physicalFunction, SriovCapability.SystemPageSizeOffset))
                << SriovCapability.PageSizeShift;
            return page > (uint)bytes ? page : (uint)bytes;
        }

        /// <summary>
        /// Decides what a write to an SR-IOV register may become, before anything is stored. A write that the
        /// specification calls undefined leaves the register as it was. NumVFs and System Page Size are judged as whole
        /// registers, so that these two, written byte by byte, may end elsewhere than written at once.
        /// </summary>
        /// <param name="effect">Which register.</param>
        /// <param name="offset">Its doubleword.</param>
        /// <param name="before">Its value now.</param>
        /// <param name="proposed">Its value by access modes alone.</param>
        /// <returns>The value to store.</returns>
        public uint Admit(int function, WriteEffect effect, int offset, uint before, uint proposed)
        {
            switch (effect)
            {
                case WriteEffect.NumVFs:
                    return IsEnabled(function) || (proposed & 0xFFFF) > (uint)_numbering.TotalVFs ? before : proposed;
                case WriteEffect.SystemPageSize:
                    return IsEnabled(function) || !IsOneBit(proposed) ? before : proposed;
                case WriteEffect.SriovControl:
                    return AnyEnabled()
                        ? (proposed & ~(uint)SriovCapability.ControlAriCapableHierarchyMask)
                            | (before & SriovCapability.ControlAriCapableHierarchyMask)
                        : proposed;
                case WriteEffect.VfBar:
                    return AlignVfBar(function, offset, proposed);
                default:
                    return proposed;
            }
        }

        /// <summary>Acts on an SR-IOV register that has changed.</summary>
        public void Apply(int function, WriteEffect effect, uint before, uint now)
        {
            switch (effect)
            {
                case WriteEffect.SystemPageSize:
                    AlignVfBars(function);
                    break;
                case WriteEffect.NumVFs:
                    Refresh(function);
                    break;
                case WriteEffect.SriovControl:
                    ApplyControl(function, before, now);
                    break;
                default:
                    break;
            }
        }

        /// <summary>Derives placement and number of the VFs of every PF from the registers, after these were reset.</summary>
        public void RefreshAll()
        {
            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                Refresh(physicalFunction);
            }
        }

        /// <summary>
        /// Changes how many VFs of a PF there are while VF Enable stays set, and NumVFs with it. Those that stay notice nothing; those that
        /// come are as after VF Enable. Never by a register, whose write would be undefined (9.3.3.7): whoever plays the root complex asks.
        /// </summary>
        /// <param name="count">Any number.</param>
        /// <returns>False when VF Enable is clear, the number is not 1 to TotalVFs, or VFs would move; nothing has changed then.</returns>
        public bool TryResize(int physicalFunction, int count)
        {
            int before = _visibleVFs[physicalFunction];
            if (before == 0 || count < 1 || count > _numbering.TotalVFs
                || Place(physicalFunction, count) != _firstVfOffset[physicalFunction])
            {
                return false;
            }

            _space.StoreBits(
                physicalFunction, Register(physicalFunction, SriovCapability.NumVFsOffset), 0xFFFF, (uint)count);
            SetVisible(physicalFunction, count);
            _resets.ResizeVirtualFunctions(physicalFunction, before, count);
            return true;
        }

        /// <summary>The VFs of a PF go at once, VF Enable with them: they answer nothing and start nothing from here on.</summary>
        public void Withdraw(int physicalFunction)
        {
            if (_numbering.TotalVFs == 0)
            {
                return;
            }

            int gone = _visibleVFs[physicalFunction];
            SetVisible(physicalFunction, 0);
            _space.StoreBits(
                physicalFunction, Register(physicalFunction, SriovCapability.ControlOffset),
                SriovCapability.ControlVfEnableMask, 0);
            if (gone > 0)
            {
                _resets.StopVirtualFunctions(physicalFunction, gone);
            }
        }

        private void ApplyControl(int physicalFunction, uint before, uint now)
        {
            uint changed = before ^ now;
            if ((changed & SriovCapability.ControlVfEnableMask) != 0)
            {
                if ((now & SriovCapability.ControlVfEnableMask) == 0)
                {
                    Withdraw(physicalFunction);
                }
                else
                {
                    Refresh(physicalFunction);
                    _resets.StartVirtualFunctions(physicalFunction, _visibleVFs[physicalFunction]);
                }
            }

            if ((changed & SriovCapability.ControlAriCapableHierarchyMask) != 0)
            {
                RefreshAll();
            }
        }

        /// <summary>Derives placement and number of the VFs of one PF from its registers.</summary>
        public void Refresh(int physicalFunction)
        {
            if (_numbering.TotalVFs == 0)
            {
                return;
            }

            int numVFs = _space.Read16(physicalFunction, Register(physicalFunction, SriovCapability.NumVFsOffset));
            _firstVfOffset[physicalFunction] = Place(physicalFunction, numVFs);
            SetVisible(physicalFunction, IsEnabled(physicalFunction) ? numVFs : 0);
            _space.StoreBits(
                physicalFunction, Register(physicalFunction, SriovCapability.FirstVfOffsetOffset), 0xFFFF,
                (uint)_firstVfOffset[physicalFunction]);
            _space.StoreBits(
                physicalFunction, Register(physicalFunction, SriovCapability.VfStrideOffset), 0xFFFF, (uint)VfStride);
        }

        private void SetVisible(int physicalFunction, int count)
        {
            if (_visibleVFs[physicalFunction] != count)
            {
                _visibleVFs[physicalFunction] = count;
                _events.Add(physicalFunction, ManagementEventKind.VFsChanged, (uint)count);
            }
        }

        private int Place(int physicalFunction, int numVFs)
        {
            bool isAri = (_space.Read16(0, Register(0, SriovCapability.ControlOffset))
                & SriovCapability.ControlAriCapableHierarchyMask) != 0;
            bool fitsOnDevice = physicalFunction + (numVFs * VfStride) < RoutingId.FunctionsPerDevice;
            return isAri || fitsOnDevice ? VfStride : RoutingId.PerBus;
        }

        private void AlignVfBars(int physicalFunction)
        {
            int first = Register(physicalFunction, SriovCapability.VfBar0Offset);
            for (int bar = 0; bar < PciConfigHeader.BarCount; bar++)
            {
                int offset = first + (bar * PciConfigHeader.BarBytes);
                _space.Store(
                    physicalFunction, offset, AlignVfBar(physicalFunction, offset, _space.Read(physicalFunction, offset)));
            }
        }

        // The address bits below the page size read zero, which is how software learns the size that holds (9.3.3.13).
        private uint AlignVfBar(int physicalFunction, int offset, uint value)
        {
            int bar = (offset - Register(physicalFunction, SriovCapability.VfBar0Offset)) / PciConfigHeader.BarBytes;
            if ((bar & 1) != 0)
            {
                return value;
            }

            uint page = VfRangeBytes(physicalFunction, 1);
            return value & (~(page - 1) | ~PciConfigHeader.BarMemoryAddressMask);
        }

        private bool IsEnabled(int physicalFunction)
        {
            return (_space.Read16(physicalFunction, Register(physicalFunction, SriovCapability.ControlOffset))
                & SriovCapability.ControlVfEnableMask) != 0;
        }

        private bool AnyEnabled()
        {
            for (int physicalFunction = 0; physicalFunction < _numbering.PhysicalFunctions; physicalFunction++)
            {
                if (IsEnabled(physicalFunction))
                {
                    return true;
                }
            }

            return false;
        }

        private int Register(int physicalFunction, int offset)
        {
            return _space.TemplateOf(physicalFunction).Offsets.Sriov + offset;
        }

        private static bool IsOneBit(uint value)
        {
            return value != 0 && (value & (value - 1)) == 0;
        }
    }
}
