// How a driver brings a function up: status, features, and what of it reaches the engine, judged through BAR accesses.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Virtio;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Flow;

public sealed class VirtioNegotiationTests
{
    private const int UpToFeaturesOk = VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver | VirtioDeviceStatus.FeaturesOk;
    private const ulong Basic = FeatureOffer.Version1;

    [Test]
    public void A_driver_reaches_DRIVER_OK_and_its_queues_reach_the_engine_as_they_were_set_up()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);

        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(5));
        QueueSetup transmit = nic.Engine.Running[(Vf0, 3)];
        Assert.That(transmit.Role, Is.EqualTo(QueueRole.Transmit));
        Assert.That(transmit.Size, Is.EqualTo(256));
        Assert.That(transmit.DescriptorArea, Is.EqualTo(Area(Vf0, 3)));
        Assert.That(transmit.DriverArea, Is.EqualTo(Area(Vf0, 3) + 0x1000));
        Assert.That(transmit.DeviceArea, Is.EqualTo(Area(Vf0, 3) + 0x2000));
        Assert.That(transmit.Features, Is.EqualTo(AllOffered));
        Assert.That(
            Enumerable.Range(0, 5).Select(queue => nic.Engine.Running[(Vf0, queue)].Role),
            Is.EqualTo(new[] { QueueRole.Receive, QueueRole.Transmit, QueueRole.Receive, QueueRole.Transmit, QueueRole.Control }));
        Assert.That(nic.Switch.Enabled, Is.EquivalentTo(new[] { Vf0 }));
        Assert.That(nic.Switch.SpoofCheck[Vf0], Is.True);
        Assert.That(nic.Switch.VlanFiltering[Vf0], Is.True);
    }

    [Test]
    public void Nothing_runs_before_DRIVER_OK_3_1_1()
    {
        var nic = new DataPathUnderTest();
        nic.Negotiate(Pf, AllOffered);
        nic.SetUpQueue(Pf, 0);
        nic.Notify(Pf, 0);
        nic.Step();

        Assert.That(nic.Engine.Running, Is.Empty);
        Assert.That(nic.Engine.TurnCount, Is.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);
        Assert.That(nic.Firmware.DataPath.Counters.StrayNotifications, Is.EqualTo(1));
    }

    [Test]
    public void The_control_queue_is_number_2_without_MQ_and_RSS_and_the_last_with_either_5_1_2()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Pf, Basic | FeatureOffer.CtrlVq);
        Assert.That(nic.Engine.Running.Keys.Select(key => key.Queue), Is.EquivalentTo(new[] { 0, 1, 2 }));
        Assert.That(nic.Engine.Running[(Pf, 2)].Role, Is.EqualTo(QueueRole.Control));
        nic.Select(Pf, 3);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.QueueSizeOffset, 2), Is.Zero, "not there without MQ");

        nic.Bring(Pf, Basic | FeatureOffer.CtrlVq | FeatureOffer.Rss);
        Assert.That(nic.Engine.Running[(Pf, 8)].Role, Is.EqualTo(QueueRole.Control));
        Assert.That(nic.Engine.Running, Has.Count.EqualTo(9));
    }

    [Test]
    public void SR_IOV_is_offered_by_a_PF_only()
    {
        var nic = new DataPathUnderTest();
        Assert.That(Offered(nic, Pf), Is.EqualTo(AllOffered | (1UL << VirtioFeature.Sriov)));
        Assert.That(Offered(nic, Vf0), Is.EqualTo(AllOffered));
        nic.Common(Pf, VirtioCommonConfig.DeviceFeatureSelectOffset, 4, 2);
        Assert.That(nic.Common(Pf, VirtioCommonConfig.DeviceFeatureOffset, 4), Is.Zero);
    }

    [Test]
    public void Packed_virtqueues_are_not_offered_where_the_configuration_takes_them_away()
    {
        var nic = new DataPathUnderTest(new EndpointConfiguration { TotalVFs = 8, OffersPackedRings = false });
        ulong split = AllOffered & ~(1UL << VirtioFeature.RingPacked);

        Assert.That(Offered(nic, Pf), Is.EqualTo(split | (1UL << VirtioFeature.Sriov)));
        Assert.That(Offered(nic, Vf0), Is.EqualTo(split));
    }

    [TestCase(0UL, TestName = "Hostile_10_without_VERSION_1_FEATURES_OK_is_refused")]
    [TestCase(Basic | (1UL << 12), TestName = "Hostile_10_HOST_TSO6_without_CSUM_is_refused")]
    [TestCase(Basic | (1UL << 7), TestName = "Hostile_10_GUEST_TSO4_without_GUEST_CSUM_is_refused")]
    [TestCase(Basic | (1UL << 22), TestName = "Hostile_10_MQ_without_CTRL_VQ_is_refused")]
    [TestCase(Basic | (1UL << 20), TestName = "Hostile_10_a_feature_that_is_not_offered_is_refused")]
    [TestCase(Basic | (1UL << 37), TestName = "Hostile_10_SR_IOV_on_a_VF_is_refused")]
    public void Hostile_10_features(ulong features)
    {
        var nic = new DataPathUnderTest();
        Assert.That(nic.Negotiate(Vf0, features), Is.EqualTo(VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.Driver));
        Assert.That(nic.State.Features[Vf0] & ~AllOffered, Is.Zero, "what is not offered is kept nowhere");
        nic.Status(Vf0, 0x0F);
        Assert.That(nic.Status(Vf0) & VirtioDeviceStatus.DriverOk, Is.Zero);
        Assert.That(nic.Switch.Enabled, Is.Empty);

        nic.Features(Vf0, Basic);
        nic.Status(Vf0, UpToFeaturesOk);
        Assert.That(nic.Status(Vf0), Is.EqualTo(UpToFeaturesOk), "mended");
    }

    [Test]
    public void Hostile_10_features_word_beyond_the_offer_is_refused()
    {
        var nic = new DataPathUnderTest();
        nic.Status(Pf, 3);
        nic.Features(Pf, Basic);
        nic.Common(Pf, VirtioCommonConfig.DriverFeatureSelectOffset, 4, 0xFFFFFFFF);
        nic.Common(Pf, VirtioCommonConfig.DriverFeatureOffset, 4, 1);
        nic.Status(Pf, UpToFeaturesOk);
        Assert.That(nic.Status(Pf), Is.EqualTo(3));
        Assert.That(nic.Common(Pf, VirtioCommonConfig.DriverFeatureOffset, 4), Is.Zero);
    }

    [Test]
    public void Hostile_10_status_out_of_order_and_features_after_FEATURES_OK_are_refused()
    {
        var nic = new DataPathUnderTest();
        nic.Status(Pf, VirtioDeviceStatus.DriverOk | VirtioDeviceStatus.Driver);
        Assert.That(nic.Status(Pf), Is.Zero);
        nic.Status(Pf, VirtioDeviceStatus.Acknowledge | VirtioDeviceStatus.DriverOk | VirtioDeviceStatus.DeviceNeedsReset);
        Assert.That(nic.Status(Pf), Is.EqualTo(VirtioDeviceStatus.Acknowledge));
        nic.Negotiate(Pf, Basic);
        nic.Features(Pf, AllOffered);
        Assert.That(nic.State.Features[Pf], Is.EqualTo(Basic));
        nic.Status(Pf, VirtioDeviceStatus.Acknowledge);
        Assert.That(nic.Status(Pf), Is.EqualTo(UpToFeaturesOk), "a driver clears no bit but by a reset");
    }

    private static ulong Offered(DataPathUnderTest nic, int function)
    {
        ulong offered = 0;
        for (int select = 0; select < 2; select++)
        {
            nic.Common(function, VirtioCommonConfig.DeviceFeatureSelectOffset, 4, (ulong)select);
            offered |= nic.Common(function, VirtioCommonConfig.DeviceFeatureOffset, 4) << (32 * select);
        }

        return offered;
    }
}
