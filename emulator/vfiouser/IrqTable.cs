// The eventfds of one client's interrupts, and which are masked. Knows no message layout and no socket.
using System;
using SmartNicFw.Emulator.Loop;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>Vectors of every index of <see cref="VfioIrq"/>. Vectors given to its members are within the device's counts.</summary>
internal sealed class IrqTable
{
    private const int None = -1;

    private readonly Vector[][] _vectors = new Vector[VfioIrq.Count][];

    public IrqTable() => Array.Fill(_vectors, []);

    /// <summary>Eventfds that are held.</summary>
    public int Assigned { get; private set; }

    /// <summary>Gives a vector an eventfd, which is the table's from then on; -1 takes its own away.</summary>
    public void Assign(int index, int vector, int descriptor)
    {
        if (vector >= _vectors[index].Length)
        {
            if (descriptor < 0)
            {
                return;
            }

            Grow(index, vector + 1);
        }

        ref Vector place = ref _vectors[index][vector];
        if (place.Descriptor >= 0)
        {
            _ = LibC.Close(place.Descriptor);
            Assigned--;
        }

        place.Descriptor = descriptor;
        place.IsPending = false;
        Assigned += descriptor >= 0 ? 1 : 0;
    }

    /// <summary>Signals a vector, or remembers to when it is masked. Nothing when it has no eventfd.</summary>
    public void Trigger(int index, int vector)
    {
        if ((uint)index >= VfioIrq.Count || (uint)vector >= (uint)_vectors[index].Length)
        {
            return;
        }

        ref Vector place = ref _vectors[index][vector];
        if (place.Descriptor < 0)
        {
            return;
        }

        if (place.IsMasked)
        {
            place.IsPending = true;
        }
        else
        {
            EventSignal.Signal(place.Descriptor);
        }
    }

    /// <summary>Masks a vector, or unmasks it and signals what came meanwhile.</summary>
    public void Mask(int index, int vector, bool isMasked)
    {
        if (vector >= _vectors[index].Length)
        {
            Grow(index, vector + 1);
        }

        ref Vector place = ref _vectors[index][vector];
        place.IsMasked = isMasked;
        if (!isMasked && place.IsPending)
        {
            place.IsPending = false;
            Trigger(index, vector);
        }
    }

    /// <summary>Closes all eventfds of an index and forgets its masks.</summary>
    public void Clear(int index)
    {
        for (int vector = 0; vector < _vectors[index].Length; vector++)
        {
            Assign(index, vector, None);
        }

        _vectors[index] = [];
    }

    /// <summary>Closes all eventfds.</summary>
    public void Clear()
    {
        for (int index = 0; index < VfioIrq.Count; index++)
        {
            Clear(index);
        }
    }

    private void Grow(int index, int count)
    {
        int before = _vectors[index].Length;
        Array.Resize(ref _vectors[index], Math.Max(count, before * 2));
        for (int vector = before; vector < _vectors[index].Length; vector++)
        {
            _vectors[index][vector].Descriptor = None;
        }
    }

    private struct Vector
    {
        public int Descriptor;
        public bool IsMasked;
        public bool IsPending;
    }
}
