namespace SmartNicFw.HostTools;

internal static class Program
{
    private static int Main() => 0;
}
