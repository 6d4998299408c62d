// From the Routing ID of a request to the function it is for. Arithmetic only: no table grows with the number of VFs.
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;

namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Knows the captured bus number and asks <see cref="SriovControl"/> where the VFs are.
    /// Source: PCI Express Base Specification 5.0, 2.2.6.2 (captured bus number), 7.3.1 and 9.2.1.2 (VF Routing IDs).
    /// </summary>
    public sealed class FunctionRouter
    {
        private readonly FunctionNumbering _numbering;
        private readonly SriovControl _sriov;

        /// <summary>Starts with bus number 0 captured, as after a reset.</summary>
        public FunctionRouter(FunctionNumbering numbering, SriovControl sriov)
        {
            _numbering = numbering;
            _sriov = sriov;
        }

        /// <summary>Bus number of the last type 0 configuration write, 0 to FFh.</summary>
        public int CapturedBus { get; private set; }

        /// <summary>Takes the bus number of a type 0 write that a function completes.</summary>
        public void Capture(ConfigRequest request)
        {
            if (!request.IsType1)
            {
                CapturedBus = request.RoutingId >> RoutingId.BusShift;
            }
        }

        /// <summary>Forgets the captured bus number: a conventional reset.</summary>
        public void Forget()
        {
            CapturedBus = 0;
        }

        /// <summary>Finds the function that a request is for.</summary>
        /// <returns>Its index, or <see cref="FunctionNumbering.None"/> when there is no such function.</returns>
        public int FunctionOf(ConfigRequest request)
        {
            // A type 0 request has been routed to us already: only the function number counts. A type 1 request is for
            // one of our further buses, so its Routing ID is taken relative to ours.
            if (!request.IsType1)
            {
                return FunctionAt(request.RoutingId & RoutingId.DevfnMask);
            }

            int distance = request.RoutingId - (CapturedBus << RoutingId.BusShift);
            return distance < RoutingId.PerBus ? FunctionNumbering.None : FunctionAt(distance);
        }

        /// <summary>Routing ID of a function that exists now: what its own requests carry.</summary>
        public int RoutingIdOf(int function)
        {
            int distance = function;
            if (_numbering.IsVirtual(function))
            {
                int physicalFunction = _numbering.PhysicalFunctionOf(function);
                distance = physicalFunction + _sriov.FirstVfOffset(physicalFunction)
                    + (_numbering.VfNumberOf(function) << _sriov.VfStrideShift);
            }

            return (CapturedBus << RoutingId.BusShift) + distance;
        }

        private int FunctionAt(int distance)
        {
            if (distance < _numbering.PhysicalFunctions)
            {
                return distance;
            }

            // The remainder by the stride is the PF (see SriovControl): no search, whatever the number of functions.
            int physicalFunction = distance & (_sriov.VfStride - 1);
            if (physicalFunction >= _numbering.PhysicalFunctions)
            {
                return FunctionNumbering.None;
            }

            int beyond = distance - physicalFunction - _sriov.FirstVfOffset(physicalFunction);
            int vf = beyond >> _sriov.VfStrideShift;
            return beyond >= 0 && vf < _sriov.VisibleVFs(physicalFunction)
                ? _numbering.VirtualFunction(physicalFunction, vf)
                : FunctionNumbering.None;
        }
    }
}
