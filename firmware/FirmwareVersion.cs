// Which firmware this is. Knows nothing.
namespace SmartNicFw.Firmware
{
    /// <summary>The version that the whole product has; a test holds it to the build's.</summary>
    public static class FirmwareVersion
    {
        /// <summary>First number: changes that break users.</summary>
        public const int Major = 0;

        /// <summary>Second number: what was added.</summary>
        public const int Minor = 1;

        /// <summary>Third number: what was mended.</summary>
        public const int Patch = 0;
    }
}
