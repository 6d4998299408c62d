// MSI-X as a driver sees it: table, masks, pending bits and their replay, and accesses that hit nothing.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class MsixTests
{
    private const ulong Pba = BarMap.MinBytes;

    [Test]
    public void Entries_start_masked_and_read_back_what_was_written_in_4_and_8_bytes_7_7_2_5()
    {
        var nic = new DataPathUnderTest();
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 12, 4), Is.EqualTo(1));
        nic.Write(Vf0, BarMap.MsixBar, 16, 8, 0x1_2345_6789_ABCF);
        nic.Write(Vf0, BarMap.MsixBar, 24, 8, 0xFFFF_FFFE_0000_0042);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 16, 8), Is.EqualTo(0x1_2345_6789_ABCC), "address bits 1:0 are zero");
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 20, 4), Is.EqualTo(0x12345));
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 24, 8), Is.EqualTo(0x42), "a VF has the mask bit only");
        Assert.That(nic.Read(Vf1, BarMap.MsixBar, 16, 8), Is.Zero, "the neighbour's");
        Assert.That(nic.Read(Vf1, BarMap.MsixBar, 24, 8), Is.EqualTo(1UL << 32), "the neighbour's");
        nic.Write(Pf, BarMap.MsixBar, 28, 4, 0xABCD_0000);
        Assert.That(nic.Read(Pf, BarMap.MsixBar, 28, 4), Is.EqualTo(0xABCD_0000), "steering tags are the PF's");
    }

    [Test]
    public void A_masked_vector_is_pending_and_leaves_once_when_it_is_unmasked_with_what_the_entry_says_then()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.SetUpVector(Vf0, 2, isMasked: true);
        Use(nic, Vf0, 1);
        Use(nic, Vf0, 1);
        Assert.That(nic.Ports.Messages, Is.Empty);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, (int)Pba, 8), Is.EqualTo(1UL << 2));
        nic.Write(Vf0, BarMap.MsixBar, (2 * 16) + 8, 4, 0x77);
        Assert.That(nic.Ports.Messages, Is.Empty);
        nic.Write(Vf0, BarMap.MsixBar, (2 * 16) + 12, 4, 0);
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), 0x77u) }));
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, (int)Pba, 4), Is.Zero);
        Use(nic, Vf0, 1);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2));
    }

    [Test]
    public void Function_Mask_holds_every_vector_back_and_its_end_sends_those_that_are_not_masked_themselves_7_7_2_2()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf);
        nic.SetUpVector(Pf, 3, isMasked: true);
        nic.MessageControl(Pf, MsixCapability.MessageControlEnableMask | MsixCapability.MessageControlFunctionMaskMask);
        Use(nic, Pf, 0);
        Use(nic, Pf, 2);
        Use(nic, Pf, 7);
        Assert.That(nic.Ports.Messages, Is.Empty);
        nic.SetUpVector(Pf, 8);
        Assert.That(nic.Ports.Messages, Is.Empty, "unmasking a vector does not help against Function Mask");
        nic.MessageControl(Pf, MsixCapability.MessageControlEnableMask);
        Assert.That(nic.Ports.Messages.Select(message => message.Data), Is.EqualTo(new[] { 1u, 8u }));
        Assert.That(nic.Read(Pf, BarMap.MsixBar, (int)Pba, 8), Is.EqualTo(1UL << 3));
        nic.SetUpVector(Pf, 3);
        Assert.That(nic.Ports.Messages.Select(message => message.Data), Is.EqualTo(new[] { 1u, 8u, 3u }));
    }

    [Test]
    public void Without_MSI_X_Enable_the_ISR_status_tells_and_nothing_is_sent_4_1_4_5_1()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.MessageControl(Vf0, 0);
        Use(nic, Vf0, 1);
        Assert.That(nic.Ports.Messages, Is.Empty);
        Assert.That(nic.Read(Vf0, BarMap.ControlBar, BarMap.IsrOffset, 1), Is.EqualTo(VirtioIsr.Queue));
    }

    [Test]
    public void A_vector_that_is_not_there_reads_back_NO_VECTOR_and_raises_nothing_4_1_5_1_2()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Select(Vf0, 1);
        foreach (ulong vector in new[] { 16UL, 0xFFFFUL, 0x8000UL })
        {
            nic.Common(Vf0, VirtioCommonConfig.QueueMsixVectorOffset, 2, vector);
            Assert.That(nic.Common(Vf0, VirtioCommonConfig.QueueMsixVectorOffset, 2), Is.EqualTo(0xFFFF));
            nic.Common(Vf0, VirtioCommonConfig.ConfigMsixVectorOffset, 2, vector);
            Assert.That(nic.Common(Vf0, VirtioCommonConfig.ConfigMsixVectorOffset, 2), Is.EqualTo(0xFFFF));
        }

        Use(nic, Vf0, 1);
        Assert.That(nic.Ports.Messages, Is.Empty);
    }

    [Test]
    public void Hostile_07_a_bad_index_size_or_alignment_reads_ones_or_is_dropped_and_pending_bits_are_read_only()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.SetUpVector(Vf0, 2, isMasked: true);
        Use(nic, Vf0, 1);
        var bad = new[] { (16 * 16, 4), (16 * 16, 8), (0xFF8, 8), ((int)Pba + 8, 4), ((int)Pba + 8, 8), (0, 1), (2, 2), (1, 4), (4, 8), (0x2000, 4), (-8, 8), (0, 16) };
        foreach ((int offset, int bytes) in bad)
        {
            ulong ones = bytes > 7 ? ulong.MaxValue : (1UL << (8 * bytes)) - 1;
            Assert.That(nic.Read(Vf0, BarMap.MsixBar, offset, bytes), Is.EqualTo(ones), $"{offset:x}, {bytes} bytes");
            nic.Write(Vf0, BarMap.MsixBar, offset, bytes, 0);
        }

        nic.Write(Vf0, BarMap.MsixBar, (int)Pba, 8, 0);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, (int)Pba, 8), Is.EqualTo(1UL << 2));
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 0, 8), Is.EqualTo(Address(Vf0)));
        Assert.That(nic.Ports.Messages, Is.Empty);
    }

    [Test]
    public void FLR_masks_all_vectors_and_forgets_what_is_pending_and_a_VIRTIO_reset_keeps_the_table()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(Vf1);
        nic.SetUpVector(Vf0, 2, isMasked: true);
        Use(nic, Vf0, 1);
        nic.Status(Vf0, 0);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 0, 8), Is.EqualTo(Address(Vf0)));
        nic.InitiateFlr(Vf0);
        nic.Settle();
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, 0, 8), Is.Zero);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, (2 * 16) + 12, 4), Is.EqualTo(1));
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, (int)Pba, 8), Is.Zero);
        Assert.That(nic.Read(Vf1, BarMap.MsixBar, 0, 8), Is.EqualTo(Address(Vf1)));
    }

    [TestCase(1)]
    [TestCase(64)]
    [TestCase(65)]
    [TestCase(2048)]
    public void The_last_vector_of_a_table_of_any_size_has_its_entry_and_its_bit(int vectors)
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 1, VfMsixVectors = vectors, PfMsixVectors = vectors }, 1);
        nic.Negotiate(Vf0, 1UL << VirtioFeature.Version1);
        nic.SetUpQueue(Vf0, 0);
        nic.Common(Vf0, VirtioCommonConfig.QueueMsixVectorOffset, 2, (ulong)(vectors - 1));
        nic.Status(Vf0, 0x0F);
        Use(nic, Vf0, 0);
        int last = vectors - 1;
        int pba = BarMap.PbaOffset(vectors);
        Assert.That(nic.Read(Vf0, BarMap.MsixBar, pba + (last / 64 * 8), 8), Is.EqualTo(1UL << (last % 64)));
        Assert.That(nic.Read(Pf, BarMap.MsixBar, pba + (last / 64 * 8), 8), Is.Zero);
        nic.SetUpVector(Vf0, last);
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (Vf0, Address(Vf0), (uint)last) }));
    }

    private static void Use(DataPathUnderTest nic, int function, int queue)
    {
        nic.Engine.Report(QueueEventKind.Used, function, queue);
        nic.Step();
    }
}
