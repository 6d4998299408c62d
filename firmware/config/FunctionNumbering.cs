// How firmware numbers functions: one flat index, so that state of all functions sits in plain arrays.
namespace SmartNicFw.Firmware.Config
{
    /// <summary>
    /// Function indices: physical functions first (0 to P - 1), then the VFs of PF 0, of PF 1, and so on.
    /// The VFs of one PF are a contiguous run. Knows no Routing ID: that is <see cref="FunctionRouter"/>'s.
    /// </summary>
    public sealed class FunctionNumbering
    {
        /// <summary>Index that stands for no function.</summary>
        public const int None = -1;

        /// <summary>Numbers the functions of an endpoint.</summary>
        public FunctionNumbering(int physicalFunctions, int totalVFs)
        {
            PhysicalFunctions = physicalFunctions;
            TotalVFs = totalVFs;
            Count = physicalFunctions + (physicalFunctions * totalVFs);
        }

        /// <summary>Number of physical functions.</summary>
        public int PhysicalFunctions { get; }

        /// <summary>Virtual functions of each physical function.</summary>
        public int TotalVFs { get; }

        /// <summary>Number of functions, enabled or not.</summary>
        public int Count { get; }

        /// <summary>True when the index names a virtual function.</summary>
        public bool IsVirtual(int function)
        {
            return function >= PhysicalFunctions;
        }

        /// <summary>Index of a virtual function.</summary>
        /// <param name="physicalFunction">Its PF, 0 upwards.</param>
        /// <param name="vf">Its number within the PF, 0 upwards (the specification's "VF 1" is 0 here).</param>
        public int VirtualFunction(int physicalFunction, int vf)
        {
            return PhysicalFunctions + (physicalFunction * TotalVFs) + vf;
        }

        /// <summary>The PF itself, or the PF that a virtual function belongs to.</summary>
        public int PhysicalFunctionOf(int function)
        {
            return function < PhysicalFunctions ? function : (function - PhysicalFunctions) / TotalVFs;
        }

        /// <summary>Number of a virtual function within its PF, 0 upwards.</summary>
        public int VfNumberOf(int function)
        {
            return (function - PhysicalFunctions) % TotalVFs;
        }
    }
}
