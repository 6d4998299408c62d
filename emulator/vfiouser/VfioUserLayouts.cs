// Bodies of vfio-user messages: offsets behind the header, sizes, flags. Knows no header and no behaviour.
namespace SmartNicFw.Emulator.VfioUser;

/// <summary>Source: vfio-user specification, VFIO_USER_VERSION.</summary>
internal static class VersionBody
{
    public const int MajorOffset = 0;
    public const int MinorOffset = 2;
    public const int DataOffset = 4;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DMA_MAP.</summary>
internal static class DmaMapBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int OffsetOffset = 8;
    public const int AddressOffset = 16;
    public const int SizeOffset = 24;
    public const int Bytes = 32;

    public const uint Readable = 0x1;
    public const uint Writeable = 0x2;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DMA_UNMAP; the flag: Linux vfio.h, VFIO_DMA_UNMAP_FLAG_ALL.</summary>
internal static class DmaUnmapBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int AddressOffset = 8;
    public const int SizeOffset = 16;
    public const int Bytes = 24;

    public const uint All = 0x2;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DEVICE_GET_INFO.</summary>
internal static class DeviceInfoBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int NumRegionsOffset = 8;
    public const int NumIrqsOffset = 12;
    public const int Bytes = 16;

    public const uint Reset = 0x1;
    public const uint Pci = 0x2;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DEVICE_GET_REGION_INFO.</summary>
internal static class RegionInfoBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int IndexOffset = 8;
    public const int CapOffsetOffset = 12;
    public const int SizeOffset = 16;
    public const int OffsetOffset = 24;
    public const int Bytes = 32;

    public const uint Read = 0x1;
    public const uint Write = 0x2;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DEVICE_GET_IRQ_INFO.</summary>
internal static class IrqInfoBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int IndexOffset = 8;
    public const int CountOffset = 12;
    public const int Bytes = 16;

    public const uint Eventfd = 0x1;
    public const uint Maskable = 0x2;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DEVICE_SET_IRQS.</summary>
internal static class IrqSetBody
{
    public const int ArgszOffset = 0;
    public const int FlagsOffset = 4;
    public const int IndexOffset = 8;
    public const int StartOffset = 12;
    public const int CountOffset = 16;
    public const int DataOffset = 20;

    public const uint DataNone = 0x01;
    public const uint DataBool = 0x02;
    public const uint DataEventfd = 0x04;
    public const uint DataMask = 0x07;
    public const uint ActionMask = 0x08;
    public const uint ActionUnmask = 0x10;
    public const uint ActionTrigger = 0x20;
    public const uint ActionsMask = 0x38;
}

/// <summary>Source: vfio-user specification, VFIO_USER_REGION_READ and VFIO_USER_REGION_WRITE.</summary>
internal static class RegionAccessBody
{
    public const int OffsetOffset = 0;
    public const int RegionOffset = 8;
    public const int CountOffset = 12;
    public const int DataOffset = 16;
}

/// <summary>Source: vfio-user specification, VFIO_USER_REGION_WRITE_MULTI; an entry: Single Device Write Format.</summary>
internal static class WriteMultiBody
{
    public const int WrCntOffset = 0;
    public const int WrsOffset = 8;

    public const int EntryOffsetOffset = 0;
    public const int EntryRegionOffset = 8;
    public const int EntryCountOffset = 12;
    public const int EntryDataOffset = 16;
    public const int EntryDataBytes = 8;
    public const int EntryBytes = 24;
}

/// <summary>Source: vfio-user specification, VFIO_USER_DMA_READ and VFIO_USER_DMA_WRITE.</summary>
internal static class DmaAccessBody
{
    public const int AddressOffset = 0;
    public const int CountOffset = 8;
    public const int DataOffset = 16;
}
