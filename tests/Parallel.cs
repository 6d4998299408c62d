// Fixtures share nothing and run side by side.
using NUnit.Framework;

[assembly: Parallelizable(ParallelScope.Fixtures)]
