// Values of a policy as text and as the number that the device keeps. Knows no YAML and no device.
using System;
using System.Globalization;
using SmartNicFw.Hal.Regs;
using SmartNicFw.HostTools.Failure;
using SmartNicFw.HostTools.Output;

namespace SmartNicFw.HostTools.Policy;

/// <summary>Reads and writes what one key takes. Group names are text, and not read here.</summary>
internal static class PolicyValue
{
    private const ulong GroupAddress = 1;
    private static readonly string[] LinkStates = ["auto", "enable", "disable"];

    /// <summary>Reads a value.</summary>
    /// <param name="isQuoted">It stands in quotation marks, which a number must not.</param>
    /// <param name="value">Receives it as the device keeps it.</param>
    /// <returns>Null, or what is allowed.</returns>
    public static string? Read(PolicyKey key, string text, bool isQuoted, out ulong value)
    {
        value = 0;
        switch (key.Form)
        {
            case PolicyValueForm.Number:
                return ReadNumber(key, text, isQuoted, out value);
            case PolicyValueForm.Rate:
                return RateText.Read(text, isQuoted, out value);
            case PolicyValueForm.Switch:
                value = text is "on" or "true" ? 1u : 0u;
                return text is "on" or "off" || (!isQuoted && text is "true" or "false") ? null : "allowed: on, off";
            case PolicyValueForm.Mac:
                return ReadMac(text, out value);
            case PolicyValueForm.VlanProtocol:
                value = text == "802.1ad" ? (ulong)ManagementVlan.Ieee8021Ad : ManagementVlan.Ieee8021Q;
                return text is "802.1Q" or "802.1ad" ? null : "allowed: 802.1Q, 802.1ad";
            case PolicyValueForm.LinkState:
                int state = Array.IndexOf(LinkStates, text);
                value = (ulong)Math.Max(0, state);
                return state >= 0 ? null : "allowed: " + string.Join(", ", LinkStates);
            default:
                throw new ArgumentOutOfRangeException(nameof(key));
        }
    }

    /// <summary>A value as it stands in the file.</summary>
    public static string Write(PolicyKey key, ulong value) => key.Form switch
    {
        PolicyValueForm.Rate => RateText.Write(value),
        PolicyValueForm.Switch => value != 0 ? "on" : "off",
        PolicyValueForm.Mac => Units.Mac(value),
        PolicyValueForm.VlanProtocol => value == ManagementVlan.Ieee8021Ad ? "802.1ad" : "802.1Q",
        PolicyValueForm.LinkState => LinkStates[Math.Min(value, (ulong)LinkStates.Length - 1)],
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static string? ReadNumber(PolicyKey key, string text, bool isQuoted, out ulong value)
    {
        string allowed = $"allowed: {key.Least} to {key.Most}";
        bool isPadded = text.Length > 1 && text[0] == '0';
        bool isNumber = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (isNumber && isQuoted)
        {
            return "allowed: a number without quotation marks";
        }

        return isNumber && !isPadded && value >= key.Least && value <= key.Most ? null : allowed;
    }

    private static string? ReadMac(string text, out ulong mac)
    {
        mac = 0;
        try
        {
            mac = Units.ParseMac(text);
        }
        catch (UsageException wrong)
        {
            return wrong.Advice;
        }

        return mac == 0 ? "allowed: an address that is not zero"
            : (mac & GroupAddress) != 0 ? "allowed: the address of one station; this is a group's"
            : null;
    }
}
