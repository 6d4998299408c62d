// Numbers of PCI Express in words. Knows the standard only.
namespace SmartNicFw.HostTools.Vocabulary;

/// <summary>Source: PCI Express Base Specification 5.0, 7.5.3.6 (Link Capabilities).</summary>
internal static class Pcie
{
    private static readonly string[] TransferRates = ["unknown", "2.5GT/s", "5GT/s", "8GT/s", "16GT/s", "32GT/s", "64GT/s"];

    /// <summary>A link speed as lspci writes it.</summary>
    /// <param name="code">As in Max Link Speed, 1 upwards.</param>
    public static string TransferRate(int code) => code < TransferRates.Length ? TransferRates[code] : TransferRates[0];
}
