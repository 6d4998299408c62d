// Commands as the driver lays them out (VIRTIO 1.4, 5.1.6.5), seen from the device's side of the control queue.
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;

namespace SmartNicFw.Tests.Unit;

public sealed class DriverControlTests
{
    private FakeVirtioHost _host = null!;
    private NetControl _control = null!;

    [SetUp]
    public void Start()
    {
        _host = new FakeVirtioHost();
        NetDriver driver = _host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(VirtioNetFeature.CtrlVq) });
        _control = driver.Control!;
    }

    [TearDown]
    public void Stop() => _host.Dispose();

    [Test]
    public void A_receive_mode_is_class_0_its_command_and_one_byte()
    {
        Assert.That(_control.SetReceiveMode(VirtioNetControl.RxAllMulticast, true), Is.True);
        Assert.That(_control.SetReceiveMode(VirtioNetControl.RxPromiscuous, false), Is.True);
        Assert.That(_host.Device.Commands, Is.EqualTo(new byte[][] { [0, 1, 1], [0, 0, 0] }));
    }

    [Test]
    public void A_MAC_table_is_two_tables_each_with_its_count()
    {
        byte[] unicast = [.. Enumerable.Range(1, 12).Select(value => (byte)value)];
        byte[] multicast = [0x33, 0x33, 0, 0, 0, 1];
        Assert.That(_control.SetMacTable(unicast, multicast), Is.True);
        Assert.That(_host.Device.Commands[0], Is.EqualTo((byte[])[1, 0, 2, 0, 0, 0, .. unicast, 1, 0, 0, 0, .. multicast]));
    }

    [Test]
    public void A_MAC_address_is_six_bytes()
    {
        Assert.That(_control.SetMacAddress([2, 4, 6, 8, 10, 12]), Is.True);
        Assert.That(_host.Device.Commands[0], Is.EqualTo(new byte[] { 1, 1, 2, 4, 6, 8, 10, 12 }));
    }

    [Test]
    public void A_VLAN_and_a_number_of_pairs_are_16_bits()
    {
        Assert.That(_control.AddVlan(0x123) && _control.DeleteVlan(0xFFE) && _control.SetQueuePairs(8), Is.True);
        Assert.That(_host.Device.Commands, Is.EqualTo(new byte[][] { [2, 0, 0x23, 1], [2, 1, 0xFE, 0x0F], [4, 0, 8, 0] }));
    }

    [Test]
    public void Coalescing_is_frames_and_microseconds_of_a_direction_or_of_a_queue()
    {
        Assert.That(_control.SetCoalescing(isTransmit: false, 0x01020304, 5) && _control.SetCoalescing(isTransmit: true, 6, 0x0708), Is.True);
        Assert.That(_control.SetQueueCoalescing(0x0102, 3, 4), Is.True);
        Assert.That(_control.GetQueueCoalescing(2, out _, out _), Is.False, "there is no result");
        Assert.That(_host.Device.Commands, Is.EqualTo(new byte[][]
        {
            [6, 1, 4, 3, 2, 1, 5, 0, 0, 0], [6, 0, 6, 0, 0, 0, 8, 7, 0, 0], [6, 2, 2, 1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0], [6, 3, 2, 0, 0, 0],
        }));
    }

    [Test]
    public void RSS_is_laid_out_as_virtio_net_rss_config()
    {
        byte[] key = [.. Enumerable.Range(0, VirtioNetHash.KeyBytes).Select(value => (byte)(0xA0 + value))];
        Assert.That(_control.SetRss(0x3F, 1, [0, 1, 2, 3], 4, key), Is.True);
        Assert.That(_host.Device.Commands[0], Is.EqualTo(
            (byte[])[4, 1, 0x3F, 0, 0, 0, 3, 0, 1, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 40, .. key]));
    }

    [Test]
    public void A_hash_without_RSS_has_eight_reserved_bytes()
    {
        Assert.That(_control.SetRss(0x3F, 1, [7], 1, []), Is.True);
        Assert.That(_control.SetHash(0x21, [9, 8]), Is.True);
        Assert.That(_host.Device.Commands[1], Is.EqualTo(new byte[] { 4, 2, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 9, 8 }));
    }

    [Test]
    public void Statistics_come_back_behind_the_ack()
    {
        _host.Device.Answer = command => command[1] == VirtioNetControl.StatsQuery
            ? [0, 1, 0, 1, 0, 0, 0, 0, 0]
            : [0, .. Enumerable.Range(0, 24).Select(value => (byte)value)];

        Assert.That((_control.QueryStatistics(out ulong types), types), Is.EqualTo((true, 0x10001ul)));
        var result = new byte[100];
        Assert.That((_control.GetStatistics(3, 1, result, out int length), length), Is.EqualTo((true, 24)));
        Assert.That(result.Take(24), Is.EqualTo(Enumerable.Range(0, 24)));
        Assert.That(_host.Device.Commands[1], Is.EqualTo(new byte[] { 8, 1, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }));
    }

    [Test]
    public void An_error_is_an_error_and_a_short_answer_is_no_answer()
    {
        _host.Device.Answer = _ => [VirtioNetControl.Error];
        Assert.That((_control.AddVlan(1), _control.LastAck), Is.EqualTo((false, (byte)VirtioNetControl.Error)));
        _host.Device.Answer = _ => [];
        Assert.That((_control.AddVlan(1), _control.LastAck), Is.EqualTo((false, (byte)0xFF)));
        Assert.That(_control.QueryStatistics(out _), Is.False);
        Assert.That(_control.Unanswered, Is.Zero);
    }

    [Test]
    public void Many_commands_go_round_either_ring_direct_or_in_a_table(
        [Values(VirtioNetFeature.Mac, VirtioFeature.RingPacked)] int ring, [Values(VirtioNetFeature.Mac, VirtioFeature.IndirectDesc)] int table)
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions { WantedFeatures = FakeVirtioHost.Features(VirtioNetFeature.CtrlVq, ring, table) });
        for (int number = 0; number < 1000; number++)
        {
            Assert.That(driver.Control!.AddVlan(number), Is.True);
            Assert.That(host.Device.Commands[number], Is.EqualTo(new byte[] { 2, 0, (byte)number, (byte)(number >> 8) }));
        }
    }

    [Test]
    public void Several_pairs_are_asked_for_with_the_control_queue_behind_the_last_possible_pair()
    {
        using var host = new FakeVirtioHost();
        NetDriver driver = host.Start(new NetDriverOptions
        {
            WantedFeatures = FakeVirtioHost.Features(VirtioNetFeature.CtrlVq, VirtioNetFeature.Mq), QueuePairs = 3,
        });
        Assert.That(driver.Control!.Queue.Index, Is.EqualTo(16));
        Assert.That(host.Device.Commands, Is.EqualTo(new byte[][] { [4, 0, 3, 0] }));
    }
}
