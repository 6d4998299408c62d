// MSI-X of a function as a host programs it: the table in a BAR, the enable bit in configuration space.
using System;
using System.Collections.Generic;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Host;

/// <summary>One function's vectors. Source: PCI Express Base Specification 5.0, 6.1.4 and 7.7.2.</summary>
public sealed class HostMsix
{
    private readonly RootComplex _host;
    private readonly HostFunction _function;
    private readonly int _capability;
    private readonly ulong _table;
    private readonly ulong _pba;
    private readonly List<MessageInterrupt> _interrupts = [];
    private InterruptController? _controller;

    /// <summary>Finds table and pending bits.</summary>
    /// <exception cref="HostException">The function has no usable MSI-X capability.</exception>
    public HostMsix(RootComplex host, HostFunction function)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(function);
        _host = host;
        _function = function;
        _capability = function.Find(PciCapability.IdMsix, isExtended: false);
        if (_capability == 0)
        {
            throw new HostException($"{function.Name} has no MSI-X capability");
        }

        uint control = host.Read(function.Address, _capability + MsixCapability.MessageControlOffset, 2);
        TableSize = (int)(control & MsixCapability.MessageControlTableSizeMask) + 1;
        _table = Locate(MsixCapability.TableOffset, MsixCapability.TableBirMask, TableSize * MsixTableEntry.Bytes);
        _pba = Locate(
            MsixCapability.PbaOffset, MsixCapability.PbaBirMask,
            (TableSize + MsixCapability.VectorsPerPbaQuadword - 1) / MsixCapability.VectorsPerPbaQuadword * sizeof(ulong));
    }

    /// <summary>Vectors that the function has.</summary>
    public int TableSize { get; }

    /// <summary>The messages of the enabled vectors.</summary>
    public IReadOnlyList<MessageInterrupt> Interrupts => _interrupts;

    /// <summary>Gives vectors a message each and enables MSI-X: masked as a whole while the table is written.</summary>
    /// <param name="count">Vectors, 1 to <see cref="TableSize"/>.</param>
    /// <param name="handler">Called with the number of the vector when its message arrives.</param>
    /// <param name="isMasked">Leaves them masked, each until <see cref="SetMask"/>.</param>
    public void Enable(InterruptController controller, int count, Action<int> handler, bool isMasked = false)
    {
        ArgumentNullException.ThrowIfNull(controller);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, TableSize);
        _controller = controller;
        WriteControl(MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask);
        for (int vector = 0; vector < TableSize; vector++)
        {
            SetMask(vector, isMasked: true);
        }

        for (int vector = 0; vector < count; vector++)
        {
            int number = vector;
            MessageInterrupt interrupt = controller.Allocate(() => handler(number));
            _interrupts.Add(interrupt);
            ulong entry = Entry(vector);
            _host.WriteMemory(entry + MsixTableEntry.AddressOffset, 4, (uint)interrupt.Address);
            _host.WriteMemory(entry + MsixTableEntry.UpperAddressOffset, 4, interrupt.Address >> 32);
            _host.WriteMemory(entry + MsixTableEntry.DataOffset, 4, interrupt.Data);
            SetMask(vector, isMasked);
        }

        WriteControl(MsixCapability.MessageControlEnableMask);
    }

    /// <summary>Masks or unmasks one vector.</summary>
    public void SetMask(int vector, bool isMasked) =>
        _host.WriteMemory(Entry(vector) + MsixTableEntry.VectorControlOffset, 4, isMasked ? MsixTableEntry.VectorControlMaskBitMask : 0);

    /// <summary>Masks or unmasks all vectors at once (Function Mask).</summary>
    public void SetFunctionMask(bool isMasked) => WriteControl(
        MsixCapability.MessageControlEnableMask | (isMasked ? MsixCapability.MessageControlFunctionMaskMask : 0));

    /// <summary>Whether a vector has a message waiting (7.7.2.9).</summary>
    public bool IsPending(int vector)
    {
        ulong address = _pba + (ulong)(vector / MsixCapability.VectorsPerPbaQuadword * sizeof(ulong));
        return ((_host.ReadMemory(address, 8) >> (vector % MsixCapability.VectorsPerPbaQuadword)) & 1) != 0;
    }

    /// <summary>Disables MSI-X and takes the messages back.</summary>
    public void Disable()
    {
        WriteControl(0);
        foreach (MessageInterrupt interrupt in _interrupts)
        {
            _controller!.Release(interrupt);
        }

        _interrupts.Clear();
    }

    private ulong Entry(int vector)
    {
        if (vector < 0 || vector >= TableSize)
        {
            throw new ArgumentOutOfRangeException(nameof(vector));
        }

        return _table + (ulong)(vector * MsixTableEntry.Bytes);
    }

    private void WriteControl(int value) =>
        _host.Write(_function.Address, _capability + MsixCapability.MessageControlOffset, 2, (uint)value);

    private ulong Locate(int register, uint birMask, int bytes)
    {
        uint value = _host.Read(_function.Address, _capability + register, 4);
        foreach (HostBar bar in _function.Bars)
        {
            if (bar.Index == (int)(value & birMask) && (value & ~birMask) + (ulong)bytes <= bar.Bytes)
            {
                return bar.Address + (value & ~birMask);
            }
        }

        throw new HostException($"{_function.Name}: MSI-X points outside the BARs ({value:x8})");
    }
}
