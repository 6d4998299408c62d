// The driver brings a device up in the order of VIRTIO 1.4, 3.1.1 and 4.1.5.1, and takes no for an answer.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverStartTests
{
    private const int Acknowledge = VirtioDeviceStatus.Acknowledge;
    private const int Driver = VirtioDeviceStatus.Driver;
    private const int FeaturesOk = VirtioDeviceStatus.FeaturesOk;
    private const int DriverOk = VirtioDeviceStatus.DriverOk;

    [Test]
    public void Status_is_written_in_the_order_of_3_1_1_and_no_doorbell_rings_before_DRIVER_OK()
    {
        using var host = new FakeVirtioHost();
        host.Start();

        Assert.That(host.Device.StatusWrites, Is.EqualTo(new[]
        {
            0, Acknowledge, Acknowledge | Driver, Acknowledge | Driver | FeaturesOk, Acknowledge | Driver | FeaturesOk | DriverOk,
        }));
        Assert.That(host.Device.Doorbells, Is.Not.Empty);
        Assert.That(host.Device.Doorbells.All(bell => (bell.Status & DriverOk) != 0), Is.True);
    }

    [Test]
    public void A_queue_is_enabled_after_all_its_other_registers_and_every_area_is_aligned_and_in_memory()
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features() });

        foreach (int queue in new[] { 0, 1 })
        {
            int[] written = [.. host.Device.QueueWrites.Where(write => write.Queue == queue).Select(write => write.Offset)];
            Assert.That(written, Is.Unique);
            Assert.That(written[^1], Is.EqualTo(VirtioCommonConfig.QueueEnableOffset));
            Assert.That(written, Is.SupersetOf(new[]
            {
                VirtioCommonConfig.QueueSizeOffset, VirtioCommonConfig.QueueMsixVectorOffset, VirtioCommonConfig.QueueDescOffset,
                VirtioCommonConfig.QueueDescOffset + 4, VirtioCommonConfig.QueueDriverOffset, VirtioCommonConfig.QueueDeviceOffset,
            }));
        }

        DriverRing ring = driver.Receivers[0].Queue.Ring;
        Assert.That((ring.DescriptorArea % 16, ring.DriverArea % 2, ring.DeviceArea % 4), Is.EqualTo((0ul, 0ul, 0ul)));
        Assert.That(host.Memory.At(ring.DescriptorArea, 256 * 16).Length, Is.EqualTo(256 * 16));
        Assert.That(driver.MacAddress.ToArray(), Is.EqualTo(FakeVirtioDevice.Mac));
    }

    [Test]
    public void Only_features_that_are_offered_and_wanted_and_whose_requirements_are_met_are_accepted()
    {
        using var host = new FakeVirtioHost();
        host.Device.Offered = FakeVirtioHost.Features(
            VirtioNetFeature.HostTso4, VirtioNetFeature.Csum, VirtioNetFeature.GuestTso4, VirtioNetFeature.Mq, VirtioFeature.InOrder);
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = NetFeatures.Supported & ~(1UL << VirtioFeature.InOrder) });

        // GUEST_TSO4 without GUEST_CSUM and MQ without CTRL_VQ are left out (5.1.3.1).
        ulong expected = FakeVirtioHost.Features(VirtioNetFeature.HostTso4, VirtioNetFeature.Csum);
        Assert.That(host.Device.DriverFeatures, Is.EqualTo(expected));
        Assert.That(driver.Features, Is.EqualTo(expected));
    }

    [Test]
    public void A_device_that_refuses_the_features_is_told_FAILED_and_all_memory_and_interrupts_come_back()
    {
        using var host = new FakeVirtioHost();
        host.Device.RefusesFeatures = true;
        NetDriver driver = host.Make();

        Assert.That(driver.Start, Throws.TypeOf<HostException>().With.Message.Contains("refuses the features"));
        Assert.That(host.Device.StatusWrites, Does.Contain(Acknowledge | Driver | VirtioDeviceStatus.Failed));
        Assert.That(host.Device.StatusWrites.Any(status => (status & DriverOk) != 0), Is.False);
        Assert.That(host.Memory.InUse, Is.Zero);
    }

    [Test]
    public void A_device_without_VERSION_1_is_refused()
    {
        using var host = new FakeVirtioHost();
        host.Device.Offered &= ~(1UL << VirtioFeature.Version1);

        Assert.That(host.Make().Start, Throws.TypeOf<HostException>().With.Message.Contains("VERSION_1"));
    }

    [Test]
    public void Forced_features_are_written_as_they_are()
    {
        using var host = new FakeVirtioHost();
        host.Device.Offered = FakeVirtioHost.Features();
        host.Start(new NetDriverOptions { ForcedFeatures = 1UL << VirtioNetFeature.HostTso4 });

        Assert.That(host.Device.DriverFeatures, Is.EqualTo(1UL << VirtioNetFeature.HostTso4));
    }

    [Test]
    public void After_removal_the_device_is_reset_and_all_memory_and_messages_are_free_and_it_starts_again()
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { QueuePairs = 3 });
        ulong message = driver.Msix!.Interrupts[0].Address;
        driver.Remove();

        Assert.That(host.Device.Status, Is.Zero);
        Assert.That(host.Memory.InUse, Is.Zero);
        host.Interrupts.Deliver(message, 0);
        Assert.That(host.Interrupts.Strays, Is.EqualTo(1));

        driver.Start();
        Assert.That((driver.IsRunning, driver.Receivers.Count), Is.EqualTo((true, 3)));
    }

    [Test]
    public void Each_queue_has_a_message_of_its_own_while_there_are_vectors_and_the_rest_share()
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { QueuePairs = 4 });

        int[] vectors = [.. Enumerable.Range(0, 8).Append(host.Device.ControlQueue).Select(queue => host.Device[queue].Vector)];
        Assert.That(vectors, Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 }));
        Assert.That(driver.Msix!.Interrupts, Has.Count.EqualTo(10));
    }

    [Test]
    public void With_the_window_an_access_is_aimed_by_bar_length_and_offset_and_no_memory_access_is_made()
    {
        using var host = new FakeVirtioHost();
        var transport = new VirtioPciTransport(host.Root, host.Function, usesWindow: true);
        int window = host.Function.Capabilities
            .Where(capability => capability is { Id: PciCapability.IdVendorSpecific, IsExtended: false })
            .Select(capability => capability.Offset)
            .First(offset => host.Root.Read(host.Function.Address, offset + VirtioPciCapability.CfgTypeOffset, 1)
                == VirtioPciCapability.CfgTypePciCfg);
        long before = host.Root.MemoryAccesses;
        transport.WriteCommon(VirtioCommonConfig.QueueSelectOffset, 2, 5);

        uint Field(int offset, int bytes) => host.Root.Read(host.Function.Address, window + offset, bytes);
        Assert.That(
            (Field(VirtioPciCapability.BarOffset, 1), Field(VirtioPciCapability.LengthOffset, 4), Field(VirtioPciCapability.OffsetOffset, 4)),
            Is.EqualTo((0u, 2u, (uint)VirtioCommonConfig.QueueSelectOffset)));
        Assert.That(host.Root.MemoryAccesses, Is.EqualTo(before));
    }

    [Test]
    public void Memory_that_nobody_answers_reads_all_ones()
    {
        using var host = new FakeVirtioHost();
        Assert.That(host.Root.ReadMemory(0x1234_5678, 4), Is.EqualTo(0xFFFF_FFFFul));
        Assert.That(host.Root.ReadMemory(0x1234_5678, 2), Is.EqualTo(0xFFFFul));
        Assert.That(host.Root.ReadMemory(0x1234_5678, 8), Is.EqualTo(ulong.MaxValue));
    }
}
