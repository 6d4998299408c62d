// The JSON of VFIO_USER_VERSION: what a client proposes, and what is answered. Knows no socket and no state.
using System;
using System.Text.Json;
using System.Text.Unicode;

namespace SmartNicFw.Emulator.VfioUser;

/// <summary>What a client proposed. Source: vfio-user specification, VFIO_USER_VERSION, Capabilities.</summary>
internal struct VersionCapabilities
{
    private const int MaxDepth = 8;
    private const int MaxJsonBytes = 4096;

    /// <summary>What <see cref="Write"/> writes at the most.</summary>
    public const int MaxAnswerBytes = 256;

    private bool _hasMaxMsgFds;
    private bool _hasMaxDataXferSize;
    private bool _hasMaxDmaMaps;
    private bool _hasPgsizes;
    private bool _hasWriteMultiple;

    /// <summary>Bytes of data that the client takes in one message, 1 to <see cref="VfioUserLimits.MaxDataXferSize"/>.</summary>
    public int MaxDataXferSize { get; private set; }

    /// <summary>Whether the client may send VFIO_USER_REGION_WRITE_MULTI.</summary>
    public bool WriteMultiple { get; private set; }

    /// <summary>Reads what follows the version numbers: nothing, or JSON that a zero ends.</summary>
    /// <returns>False when it is neither, or a value is not of its kind.</returns>
    public static bool TryParse(ReadOnlySpan<byte> data, out VersionCapabilities capabilities)
    {
        capabilities = new VersionCapabilities { MaxDataXferSize = VfioUserLimits.MaxDataXferSize };
        if (data.IsEmpty)
        {
            return true;
        }

        if (data.Length > MaxJsonBytes || data[^1] != 0 || !Utf8.IsValid(data))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(data[..^1], new JsonReaderOptions { MaxDepth = MaxDepth });
            return capabilities.ReadDocument(ref reader);
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            // An escape that is half a character.
            return false;
        }
    }

    /// <summary>
    /// Writes the answer: of what was proposed, what there is here, and a zero at its end. QEMU takes no reply that is longer
    /// than its request, so if the answer would be, an empty object is written, and nothing when even that is too long.
    /// </summary>
    /// <param name="data">Receives it; its length is what the request had.</param>
    /// <returns>Bytes written.</returns>
    public readonly int Write(Span<byte> data)
    {
        string members =
            Member(_hasMaxMsgFds, "max_msg_fds", VfioUserLimits.MaxMsgFds)
            + Member(_hasMaxDataXferSize, "max_data_xfer_size", VfioUserLimits.MaxDataXferSize)
            + Member(_hasMaxDmaMaps, "max_dma_maps", VfioUserLimits.MaxDmaMaps)
            + Member(_hasPgsizes, "pgsizes", VfioUserLimits.PageSize)
            + (_hasWriteMultiple && WriteMultiple ? "\"write_multiple\":true," : "");
        string answer = $"{{\"capabilities\":{{{members.TrimEnd(',')}}}}}\0";
        if (answer.Length > data.Length)
        {
            answer = data.Length >= 3 ? "{}\0" : "";
        }

        return System.Text.Encoding.ASCII.GetBytes(answer, data);
    }

    private static string Member(bool isProposed, string name, int value) => isProposed ? $"\"{name}\":{value}," : "";

    private bool ReadDocument(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCapabilities = reader.ValueTextEquals("capabilities"u8);
            reader.Read();
            if (isCapabilities)
            {
                if (reader.TokenType != JsonTokenType.StartObject || !ReadCapabilities(ref reader))
                {
                    return false;
                }
            }
            else
            {
                reader.Skip();
            }
        }

        // Whatever follows the object throws.
        return !reader.Read();
    }

    private bool ReadCapabilities(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isGood;
            if (reader.ValueTextEquals("max_data_xfer_size"u8))
            {
                isGood = ReadNumber(ref reader, ref _hasMaxDataXferSize, out ulong bytes) && bytes != 0;
                MaxDataXferSize = (int)Math.Min(bytes, VfioUserLimits.MaxDataXferSize);
            }
            else if (reader.ValueTextEquals("max_msg_fds"u8))
            {
                isGood = ReadNumber(ref reader, ref _hasMaxMsgFds, out _);
            }
            else if (reader.ValueTextEquals("max_dma_maps"u8))
            {
                isGood = ReadNumber(ref reader, ref _hasMaxDmaMaps, out _);
            }
            else if (reader.ValueTextEquals("pgsizes"u8))
            {
                isGood = ReadNumber(ref reader, ref _hasPgsizes, out ulong sizes) && (sizes & VfioUserLimits.PageSize) != 0;
            }
            else if (reader.ValueTextEquals("write_multiple"u8))
            {
                isGood = reader.Read() && reader.TokenType is JsonTokenType.True or JsonTokenType.False;
                _hasWriteMultiple = true;
                WriteMultiple = reader.TokenType == JsonTokenType.True;
            }
            else
            {
                // Capabilities that are not known here are not answered: twin_socket and migration are among them.
                isGood = reader.Read();
                reader.Skip();
            }

            if (!isGood)
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadNumber(ref Utf8JsonReader reader, ref bool isProposed, out ulong value)
    {
        isProposed = true;
        value = 0;
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out value);
    }
}
