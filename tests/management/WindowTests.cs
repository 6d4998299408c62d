// The window of a PF as a host has it: registers, states, its interrupt, resets, and what does not fit.
using System;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Board;
using SmartNicFw.Firmware;
using SmartNicFw.Hal.Contracts;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using static SmartNicFw.Tests.Management.ManagementLab;

namespace SmartNicFw.Tests.Management;

public sealed class WindowTests
{
    private const ulong Ones = 0xFFFFFFFF;

    [TestCase(1, 0x2000)]
    [TestCase(64, 0x2000)]
    [TestCase(257, 0x3000)]
    [TestCase(2048, 0x9000)]
    public void A_host_finds_it_one_page_behind_the_pending_bits_that_the_MSI_X_capability_names(int vectors, int expected)
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 2, PfMsixVectors = vectors });
        int capability = lab.Endpoint.Pf().Msix + MsixCapability.PbaOffset;
        uint pba = lab.Endpoint.Read32(EndpointUnderTest.PfId(), capability);
        Assert.That((pba & MsixCapability.PbaBirMask, (pba & MsixCapability.PbaPbaOffsetMask) + 0x1000), Is.EqualTo((2, expected)));
        Assert.That(lab.WindowOffset, Is.EqualTo(expected));
        Assert.That(lab.Read(0, ManagementWindow.SignatureOffset), Is.EqualTo(0x57464E53));
        Assert.That(lab.Read(0, ManagementWindow.VersionOffset), Is.EqualTo((1024u << 16) | 1));
        Assert.That(lab.Ask(0, ManagementOpcode.EndpointInfo).Status, Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void After_a_reset_it_is_idle_without_interrupt_and_its_buffer_zero()
    {
        var lab = new ManagementLab();
        AssertFresh(lab);
        lab.Write(0, ManagementWindow.InterruptControlOffset, 0xFFFFFFFF);
        lab.Write(0, ManagementWindow.InterruptVectorOffset, 5);
        Assert.That(lab.Read(0, ManagementWindow.InterruptControlOffset), Is.EqualTo(1));
        Assert.That(lab.Read(0, ManagementWindow.InterruptVectorOffset), Is.EqualTo(5));
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        Assert.That(lab.State(0), Is.EqualTo(ManagementWindow.StateDone));
        Assert.That(lab.Read(0, ManagementWindow.ResponseBytesOffset), Is.EqualTo(24 + 0x38));
        lab.Endpoint.InitiateFlr(EndpointUnderTest.PfId(), lab.Endpoint.Pf());
        lab.Endpoint.Settle();
        AssertFresh(lab);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        lab.Endpoint.Board.Reset(LinkEvent.HotReset);
        lab.Endpoint.Settle();
        AssertFresh(lab);
    }

    [TestCase(64u, 0xFFFFu)]
    [TestCase(63u, 63u)]
    [TestCase(0xFFFFFFFFu, 0xFFFFu)]
    [TestCase(0x10000u, 0xFFFFu)]
    public void A_vector_that_the_PF_does_not_have_is_none(uint vector, uint kept)
    {
        var lab = new ManagementLab();
        lab.Write(0, ManagementWindow.InterruptVectorOffset, vector);
        Assert.That(lab.Read(0, ManagementWindow.InterruptVectorOffset), Is.EqualTo(kept));
    }

    [Test]
    public void Registers_that_are_read_only_and_places_without_a_register_take_no_write()
    {
        var lab = new ManagementLab();
        int[] readOnly =
        [
            ManagementWindow.SignatureOffset, ManagementWindow.VersionOffset, ManagementWindow.StateOffset, ManagementWindow.ResponseBytesOffset,
        ];
        foreach (int place in readOnly)
        {
            ulong before = lab.Read(0, place);
            lab.Write(0, place, 0xFFFFFFFF);
            Assert.That(lab.Read(0, place), Is.EqualTo(before));
        }

        for (int place = ManagementWindow.InterruptVectorOffset + 4; place < ManagementWindow.BufferOffset; place += 4)
        {
            lab.Write(0, place, 0x12345678);
            Assert.That(lab.Read(0, place), Is.EqualTo(Ones), $"{place:x}");
        }

        Assert.That(lab.Read(0, ManagementWindow.Bytes), Is.EqualTo(Ones));
        Assert.That(lab.Read(0, 0xFFC), Is.EqualTo(Ones));
        AssertFresh(lab);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(8)]
    public void Registers_of_another_width_are_no_registers(int bytes)
    {
        var lab = new ManagementLab();
        ulong nothing = bytes == 8 ? ulong.MaxValue : (1UL << (8 * bytes)) - 1;
        for (int place = 0; place <= ManagementWindow.InterruptVectorOffset; place += 8)
        {
            lab.Write(0, place, 0, bytes);
            Assert.That(lab.Read(0, place, bytes), Is.EqualTo(nothing));
        }

        AssertFresh(lab);
    }

    [Test]
    public void The_buffer_takes_4_and_8_bytes_and_nothing_shorter_and_keeps_them()
    {
        var lab = new ManagementLab();
        lab.Write(0, ManagementWindow.BufferOffset, 0x0807060504030201, 8);
        lab.Write(0, ManagementWindow.BufferOffset + 1020, 0x11223344);
        lab.Write(0, ManagementWindow.BufferOffset, 0xFF, 1);
        lab.Write(0, ManagementWindow.BufferOffset + 2, 0xFFFF, 2);
        Assert.That(lab.Read(0, ManagementWindow.BufferOffset), Is.EqualTo(0x04030201));
        Assert.That(lab.Read(0, ManagementWindow.BufferOffset, 8), Is.EqualTo(0x0807060504030201));
        Assert.That(lab.Read(0, ManagementWindow.BufferOffset + 1016, 8), Is.EqualTo(0x11223344_00000000));
        Assert.That(lab.Read(0, ManagementWindow.BufferOffset, 2), Is.EqualTo(0xFFFF), "no register");
    }

    [Test]
    public void While_it_is_busy_the_buffer_is_the_device_s_and_the_doorbell_does_nothing()
    {
        var lab = new ManagementLab();
        MakeBusy(lab, Frame(ManagementOpcode.Health, Fields(0, 0)));
    }

    [Test]
    public void Any_size_is_answered_and_a_wrong_one_with_WrongLength()
    {
        var lab = new ManagementLab();
        byte[] request = Frame(ManagementOpcode.EndpointInfo, [], sequence: 77);
        foreach (uint bytes in new uint[] { 0, 1, 23, 25, 1023, 1024, 1025, 0x8000_0000, 0xFFFF_FFFF, 0x1_0018 })
        {
            lab.Put(0, request);
            lab.Ring(0, bytes);
            lab.AwaitDone(0);
            Answer answer = Parse(lab.Response(0));
            Assert.That(answer.Status, Is.EqualTo(ManagementStatus.WrongLength), $"{bytes}");
            Assert.That(
                (answer.Opcode, answer.Sequence), Is.EqualTo(bytes < 24 ? (0, 0u) : (ManagementOpcode.EndpointInfo, 77u)), $"{bytes}");
        }

        Assert.That(lab.Ask(0, ManagementOpcode.EndpointInfo).Status, Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void The_end_of_a_request_raises_the_vector_once_where_that_is_switched_on()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.SetUpVector(0, 9);
        nic.Ports.Messages.Clear();
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        lab.Write(0, ManagementWindow.InterruptVectorOffset, 9);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        Assert.That(nic.Ports.Messages, Is.Empty);
        lab.Write(0, ManagementWindow.InterruptControlOffset, 1);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        Assert.That(nic.Ports.Messages, Is.EqualTo(new[] { (0, Address(0), 9u) }));
        lab.Ask(0, 0x7777);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2), "a refusal is an end too");
        lab.Write(0, ManagementWindow.InterruptVectorOffset, 0xFFFF);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(2));

        static ulong Address(int function) => DataPathUnderTest.Address(function);
    }

    [Test]
    public void A_masked_vector_stays_pending_until_it_is_unmasked()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.SetUpVector(0, 3, isMasked: true);
        lab.Write(0, ManagementWindow.InterruptVectorOffset, 3);
        lab.Write(0, ManagementWindow.InterruptControlOffset, 1);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        Assert.That(nic.Ports.Messages, Is.Empty);
        nic.SetUpVector(0, 3);
        Assert.That(nic.Ports.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_VF_has_no_window_and_no_room_for_one()
    {
        var lab = new ManagementLab(new EndpointConfiguration { TotalVFs = 4, VfMsixVectors = 64 });
        lab.Endpoint.EnableVFs(4);
        lab.Endpoint.Settle();
        Assert.That(lab.Endpoint.Board.Configuration.RegionBytes(BarMap.MsixBar, isVirtual: true), Is.EqualTo(0x2000));
        for (uint place = 0; place < 0x1000; place += 4)
        {
            var at = new DecodedAddress(0, 0, BarMap.MsixBar, (uint)lab.WindowOffset + place);
            lab.Endpoint.Board.Write(at, 4, ManagementFrame.HeaderBytes);
            Assert.That(lab.Endpoint.Board.Read(at, 4), Is.EqualTo(Ones));
        }

        AssertFresh(lab);
        Assert.That(lab.Firmware.Management.HasWork, Is.False);
    }

    [Test]
    public void Every_PF_has_a_window_of_its_own_and_they_take_turns()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 4, TotalVFs = 4 });
        for (int pf = 0; pf < 4; pf++)
        {
            lab.Put(pf, Frame(ManagementOpcode.FunctionInfo, Fields(pf, 1), sequence: 100 + (uint)pf));
        }

        int client = lab.Open();
        for (int pf = 0; pf < 4; pf++)
        {
            lab.Ring(pf, 28);
        }

        for (int pf = 0; pf < 4; pf++)
        {
            lab.AwaitDone(pf);
            Answer answer = Parse(lab.Response(pf));
            Assert.That((answer.Status, answer.Sequence, answer.U16(0)), Is.EqualTo((0, 100 + (uint)pf, pf)));
        }

        Assert.That(lab.AskOf(client, ManagementOpcode.EndpointInfo).Status, Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void Windows_and_port_take_turns_one_request_a_step()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });
        int client = lab.Open();
        byte[] frame = Frame(ManagementOpcode.EndpointInfo, []);
        Firmware.Management.ManagementMailbox windows = lab.Firmware.DataPath.Mailbox;
        int ofPort = 0;
        int[] ofWindow = new int[2];
        lab.Send(client, frame);
        for (int step = 0; step < 400; step++)
        {
            // All of them always have a request that waits; any size is answered.
            for (int pf = 0; pf < 2; pf++)
            {
                windows.TryRead(pf, lab.WindowOffset + ManagementWindow.StateOffset, 4, out ulong state);
                if (state != ManagementWindow.StateBusy)
                {
                    ofWindow[pf]++;
                    windows.TryWrite(pf, lab.WindowOffset + ManagementWindow.DoorbellOffset, 4, 24);
                }
            }

            if (lab.TryTakeAnswer(client, out _))
            {
                ofPort++;
                lab.Send(client, frame);
            }

            lab.Step();
        }

        Assert.That(ofPort, Is.InRange(190, 200));
        Assert.That(ofWindow, Is.All.InRange(90, 110));
    }

    [Test]
    public void A_reset_of_the_PF_in_the_middle_of_a_request_makes_it_idle_and_nothing_is_answered_later()
    {
        var lab = new ManagementLab();
        MakeBusy(lab, Frame(ManagementOpcode.EndpointInfo, []), () =>
        {
            lab.Endpoint.Board.Link.Signal(LinkEvent.HotReset);
            lab.Step();
            lab.Endpoint.Settle();
        });
        AssertFresh(lab);
        for (int step = 0; step < 10; step++)
        {
            lab.Step();
        }

        AssertFresh(lab);
        Assert.That(lab.Ask(0, ManagementOpcode.EndpointInfo).Status, Is.EqualTo(ManagementStatus.Ok));
    }

    [Test]
    public void A_function_level_reset_of_the_PF_in_the_middle_of_a_request_makes_it_idle()
    {
        var lab = new ManagementLab();
        var flr = new ConfigRequest
        {
            IsWrite = true, RoutingId = EndpointUnderTest.PfId(), ByteEnables = 0xF,
            RegisterOffset = lab.Endpoint.Pf().PciExpress + PciExpressCapability.DeviceControlOffset,
            Data = PciExpressCapability.DeviceControlInitiateFlrMask,
        };
        MakeBusy(lab, Frame(ManagementOpcode.EndpointInfo, []), () =>
        {
            lab.Endpoint.Board.Complete(flr);
            lab.Endpoint.Settle();
        });
        AssertFresh(lab);
        lab.Step();
        AssertFresh(lab);
    }

    [Test]
    public void The_driver_s_reset_of_the_device_leaves_it_as_it_is()
    {
        var nic = new DataPathUnderTest();
        var lab = new ManagementLab(nic);
        nic.Bring(0);
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        nic.Status(0, 0);
        Assert.That(lab.State(0), Is.EqualTo(ManagementWindow.StateDone));
        Assert.That(Parse(lab.Response(0)).Payload, Has.Length.EqualTo(0x38));
    }

    [Test]
    public void It_is_reached_through_the_configuration_access_capability_too()
    {
        var nic = new DataPathUnderTest();
        int window = nic.Offsets(0).VirtioPciCfg;
        int at = BarMap.ManagementOffset(nic.Configuration.PfMsixVectors);
        nic.ConfigWrite(0, window + VirtioPciCapability.BarOffset, BarMap.MsixBar, 1);
        nic.ConfigWrite(0, window + VirtioPciCapability.LengthOffset, 4);
        nic.ConfigWrite(0, window + VirtioPciCapability.OffsetOffset, (uint)at);
        Assert.That(nic.ConfigRead(0, window + 16), Is.EqualTo(0x57464E53));
    }

    [Test]
    public void Random_accesses_throw_nothing_and_the_window_answers_afterwards()
    {
        var lab = new ManagementLab(new EndpointConfiguration { PhysicalFunctions = 2, TotalVFs = 4 });
        var random = new Random(20260);
        int[] sizes = [1, 2, 4, 8];
        for (int access = 0; access < 30_000; access++)
        {
            int bytes = sizes[random.Next(4)];
            var at = new DecodedAddress(random.Next(2), random.Next(10) == 0 ? random.Next(4) : -1, BarMap.MsixBar, (uint)random.Next(0x1800, 0x4010));
            ulong data = random.Next(4) == 0 ? (ulong)random.Next(1100) : (ulong)random.NextInt64();
            if (random.Next(2) == 0)
            {
                lab.Endpoint.Board.Write(at, bytes, data);
            }
            else
            {
                lab.Endpoint.Board.Read(at, bytes);
            }
        }

        for (int pf = 0; pf < 2; pf++)
        {
            lab.AwaitNotBusy(pf);
            Assert.That(lab.Ask(pf, ManagementOpcode.EndpointInfo).Status, Is.EqualTo(ManagementStatus.Ok));
        }
    }

    // The port goes first after a window: while it does, the window's request waits.
    private static void MakeBusy(ManagementLab lab, byte[] request, Action? meanwhile = null)
    {
        lab.Ask(0, ManagementOpcode.EndpointInfo);
        int client = lab.Open();
        lab.Put(0, request);
        lab.Send(client, Frame(ManagementOpcode.EndpointInfo, []));
        lab.Ring(0, (uint)request.Length);
        Assert.That(lab.Firmware.Management.HasWork, Is.True);
        if (meanwhile is not null)
        {
            Assert.That(lab.Firmware.DataPath.Mailbox.HasWork, Is.True, "it waits");
            meanwhile();
            return;
        }

        // Each access is a step, so look at the register itself.
        lab.Firmware.DataPath.Mailbox.TryRead(0, lab.WindowOffset + ManagementWindow.StateOffset, 4, out ulong state);
        Assert.That(state, Is.EqualTo(ManagementWindow.StateBusy));
        lab.Firmware.DataPath.Mailbox.TryRead(0, lab.WindowOffset + ManagementWindow.BufferOffset, 8, out ulong data);
        Assert.That(data, Is.Zero);
        lab.Firmware.DataPath.Mailbox.TryRead(0, lab.WindowOffset + ManagementWindow.ResponseBytesOffset, 4, out ulong size);
        Assert.That(size, Is.Zero);
        lab.Firmware.DataPath.Mailbox.TryWrite(0, lab.WindowOffset + ManagementWindow.BufferOffset + 8, 8, 0xDEAD);
        lab.Firmware.DataPath.Mailbox.TryWrite(0, lab.WindowOffset + ManagementWindow.DoorbellOffset, 4, 3);
        lab.AwaitDone(0);
        Answer answer = Parse(lab.Response(0));
        Assert.That((answer.Status, answer.Opcode), Is.EqualTo((0, (int)BitConverter.ToUInt16(request, 8))));
    }

    private static void AssertFresh(ManagementLab lab)
    {
        Assert.That(lab.State(0), Is.EqualTo(ManagementWindow.StateIdle));
        Assert.That(lab.Read(0, ManagementWindow.ResponseBytesOffset), Is.Zero);
        Assert.That(lab.Read(0, ManagementWindow.DoorbellOffset), Is.Zero);
        Assert.That(lab.Read(0, ManagementWindow.InterruptControlOffset), Is.Zero);
        Assert.That(lab.Read(0, ManagementWindow.InterruptVectorOffset), Is.EqualTo(0xFFFF));
        Assert.That(
            Enumerable.Range(0, 128).Select(word => lab.Read(0, ManagementWindow.BufferOffset + (8 * word), 8)), Is.All.Zero);
    }
}
