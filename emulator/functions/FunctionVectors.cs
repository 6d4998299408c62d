// The host driver's half of a function's MSI-X while a client has it: each vector that has an eventfd is unmasked, the others are
// not. Knows no eventfd.
using System;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Emulator.Functions;

/// <summary>
/// What the kernel's vfio does with the table that a virtual machine never sees (drivers/vfio/pci/vfio_pci_intrs.c). The messages
/// in it are this function's own: whatever the function sends is taken here and can only become one of its vectors.
/// </summary>
internal sealed class FunctionVectors : IInterruptSink
{
    private readonly InterruptController _messages = new();
    private readonly HostMsix _msix;
    private readonly Action<int> _raised;
    private readonly bool[] _isOpen;
    private bool _isEnabled;

    /// <summary>Finds the table of a function.</summary>
    /// <param name="raised">Called with the number of a vector whose message arrived, in the middle of the function's write.</param>
    /// <exception cref="HostException">The function has no usable MSI-X capability.</exception>
    public FunctionVectors(RootComplex root, HostFunction function, Action<int> raised)
    {
        _msix = new HostMsix(root, function);
        _raised = raised;
        _isOpen = new bool[_msix.TableSize];
        uint table = root.Read(
            function.Address, function.Find(PciCapability.IdMsix, isExtended: false) + MsixCapability.TableOffset, 4);
        TableBar = (int)(table & MsixCapability.TableBirMask);
        TableOffset = table & MsixCapability.TableTableOffsetMask;
    }

    /// <summary>Vectors of the function.</summary>
    public int Count => _isOpen.Length;

    /// <summary>BAR of the table.</summary>
    public int TableBar { get; }

    /// <summary>Offset of the table in that BAR, bytes.</summary>
    public uint TableOffset { get; }

    /// <summary>Bytes of the table.</summary>
    public uint TableBytes => (uint)(Count * MsixTableEntry.Bytes);

    /// <summary>Messages that arrived and are no vector's: a driver wrote them into the table behind its host's back.</summary>
    public long Strays => _messages.Strays;

    /// <inheritdoc/>
    public void Deliver(ulong address, uint data) => _messages.Deliver(address, data);

    /// <summary>Opens vectors, or closes them: a message of one that is closed stays pending.</summary>
    /// <param name="first">First vector.</param>
    /// <param name="count">Number of vectors, 1 upwards; all of them are below <see cref="Count"/>.</param>
    public void Set(int first, int count, bool isOpen)
    {
        Enable();
        for (int vector = first; vector < first + count; vector++)
        {
            if (_isOpen[vector] != isOpen)
            {
                _isOpen[vector] = isOpen;
                _msix.SetMask(vector, isMasked: !isOpen);
            }
        }
    }

    /// <summary>Disables MSI-X and closes all vectors.</summary>
    public void Disable()
    {
        Array.Clear(_isOpen);
        if (_isEnabled)
        {
            _isEnabled = false;
            _msix.Disable();
        }
    }

    /// <summary>The function was reset: its table is as the client has set it again.</summary>
    public void Restore()
    {
        if (_isEnabled)
        {
            _isEnabled = false;
            _msix.Disable();
            Enable();
            for (int vector = 0; vector < Count; vector++)
            {
                if (_isOpen[vector])
                {
                    _msix.SetMask(vector, isMasked: false);
                }
            }
        }
    }

    private void Enable()
    {
        if (!_isEnabled)
        {
            _isEnabled = true;
            _msix.Enable(_messages, Count, _raised, isMasked: true);
        }
    }
}
