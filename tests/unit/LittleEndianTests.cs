using NUnit.Framework;
using SmartNicFw.Hal;

namespace SmartNicFw.Tests.Unit;

public sealed class LittleEndianTests
{
    [Test]
    public void Every_width_is_written_least_significant_byte_first_and_read_back()
    {
        var buffer = new byte[16];
        LittleEndian.WriteU64(buffer, 1, 0xF1E2_D3C4_B5A6_9788);
        LittleEndian.WriteU32(buffer, 9, 0x8899_AABB);
        LittleEndian.WriteU16(buffer, 13, 0xCCDD);

        Assert.That(buffer, Is.EqualTo(new byte[]
        {
            0, 0x88, 0x97, 0xA6, 0xB5, 0xC4, 0xD3, 0xE2, 0xF1, 0xBB, 0xAA, 0x99, 0x88, 0xDD, 0xCC, 0,
        }));
        Assert.That(LittleEndian.ReadU64(buffer, 1), Is.EqualTo(0xF1E2_D3C4_B5A6_9788));
        Assert.That(LittleEndian.ReadU32(buffer, 9), Is.EqualTo(0x8899_AABB));
        Assert.That(LittleEndian.ReadU16(buffer, 13), Is.EqualTo(0xCCDD));
    }
}
