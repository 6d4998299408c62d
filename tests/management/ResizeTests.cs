// VFs that come and go while others stay: of the registers of the PF, of the VFs that stay, and of their sockets and traffic.
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;
using SmartNicFw.Emulator.Host;
using SmartNicFw.Emulator.Host.Virtio;
using SmartNicFw.Emulator.Loop;
using SmartNicFw.Emulator.VfioUser;
using SmartNicFw.Firmware;
using SmartNicFw.Firmware.Management;
using SmartNicFw.Hal.Regs;
using SmartNicFw.Hal.Spec;
using SmartNicFw.Tests.Fakes;
using SmartNicFw.Tests.Functions;
using SmartNicFw.Tests.VfioUser;
using static SmartNicFw.Tests.Fakes.DataPathUnderTest;

namespace SmartNicFw.Tests.Management;

[NonParallelizable]
public sealed class ResizeTests
{
    [Test]
    public void VFs_that_stay_keep_their_drivers_turns_and_registers_and_those_that_come_are_fresh()
    {
        var nic = new DataPathUnderTest();
        nic.Bring(Vf0);
        nic.Bring(4);
        nic.Notify(Vf0, 1);
        nic.Step();
        int turns = nic.Firmware.DataPath.Turns.Total;
        Assert.That(turns, Is.Positive);

        Assert.That(nic.Firmware.TryResizeVFs(0, 8), Is.True);

        Assert.That(nic.Firmware.Sriov.VisibleVFs(0), Is.EqualTo(8));
        Assert.That(NumVFs(nic), Is.EqualTo(8));
        Assert.That(nic.Config(8, 0).Status, Is.EqualTo(CompletionStatus.Successful), "cleared and ready in the step before");
        Assert.That((nic.Status(Vf0), nic.Status(4), nic.Status(5)), Is.EqualTo((0x0F, 0x0F, 0)));
        Assert.That(nic.Firmware.DataPath.Turns.Total, Is.EqualTo(turns));
        nic.ConfigWrite(8, PciConfigHeader.CommandOffset, PciConfigHeader.CommandBusMasterEnableMask, 2);
        nic.MessageControl(8, MsixCapability.MessageControlEnableMask);
        nic.Bring(8);

        Assert.That(nic.Firmware.TryResizeVFs(0, 2), Is.True);

        nic.Settle();
        Assert.That(NumVFs(nic), Is.EqualTo(2));
        Assert.That(nic.Config(3, 0).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(nic.Status(Vf0), Is.EqualTo(0x0F));
        Assert.That(nic.Engine.Running.Keys.Select(key => key.Function).Distinct(), Is.EqualTo(new[] { Vf0 }), "those that went run no more");

        Assert.That(nic.Firmware.TryResizeVFs(0, 8), Is.True);
        nic.Settle();
        Assert.That((nic.Status(Vf0), nic.Status(8)), Is.EqualTo((0x0F, 0)), "nothing of an earlier life");
        Assert.That(nic.ConfigRead(8, PciConfigHeader.CommandOffset) & 0xFFFF, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(9)]
    public void A_number_that_cannot_be_changes_nothing(int count)
    {
        var nic = new DataPathUnderTest();
        Assert.That(nic.Firmware.TryResizeVFs(0, count), Is.False);
        Assert.That((nic.Firmware.Sriov.VisibleVFs(0), NumVFs(nic)), Is.EqualTo((4, 4)));
    }

    [Test]
    public void While_VF_Enable_is_clear_or_VFs_would_move_it_is_refused()
    {
        var nic = new DataPathUnderTest(vfs: 0);
        Assert.That(nic.Firmware.TryResizeVFs(0, 2), Is.False);
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 16 });
        endpoint.EnableVFs(7, isAri: false);
        endpoint.Settle();
        Assert.That(endpoint.Firmware.TryResizeVFs(0, 8), Is.False, "without ARI eight do not fit beside the PF");
        Assert.That(endpoint.Firmware.TryResizeVFs(0, 5), Is.True);
    }

    [Test]
    public void Resets_that_are_under_way_while_VFs_come_and_go_end_and_the_functions_answer()
    {
        var random = new Random(41);
        var endpoint = new EndpointUnderTest(new EndpointConfiguration { TotalVFs = 200 });
        endpoint.EnableVFs(100);
        int visible = 100;
        for (int round = 0; round < 2000; round++)
        {
            if (random.Next(3) == 0)
            {
                visible = random.Next(1, 201);
                Assert.That(endpoint.Firmware.TryResizeVFs(0, visible), Is.True);
            }
            else
            {
                int vf = 1 + random.Next(200);
                endpoint.Firmware.Resets.BeginFunctionReset(vf);
            }

            if (random.Next(2) == 0)
            {
                endpoint.Board.Step();
            }
        }

        endpoint.Settle();
        for (int vf = 0; vf < 200; vf++)
        {
            Assert.That(endpoint.Firmware.Resets.IsReady(1 + vf), Is.EqualTo(vf < visible), $"VF {vf} of {visible}");
            Assert.That(
                endpoint.Probe(endpoint.VfId(vf)), Is.EqualTo(vf < visible ? CompletionStatus.Successful : CompletionStatus.UnsupportedRequest));
        }
    }

    [Test]
    public void Clients_of_functions_that_stay_notice_nothing_while_sockets_come_and_go_and_traffic_of_theirs_goes_on()
    {
        using var folder = new FolderUnderTest();
        folder.SetVFs(2);
        using RawClient first = folder.Attach("vf0");
        first.WriteRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 6, 0);
        first.WriteRegion(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset, 3);
        foreach (int vfs in new[] { 8, 3, 5, 1, 8, 1 })
        {
            folder.SetVFs(vfs);
            Assert.That(folder.Files, Is.EqualTo(Enumerable.Range(0, vfs).Select(vf => $"vf{vf}.sock").Prepend("pf0.sock")));
            Assert.That(folder.OnLoop(() => folder.Folder.EnabledVFs), Is.EqualTo(vfs));
            Assert.That(first.ReadRegion(VfioRegion.Config, PciConfigHeader.CommandOffset, 2), Is.EqualTo(new byte[] { 6, 0 }));
            Assert.That(
                first.ReadRegion(BarMap.ControlBar, BarMap.CommonConfigOffset + VirtioCommonConfig.DeviceStatusOffset, 1), Is.EqualTo(new byte[] { 3 }));
            using RawClient last = folder.Attach(vfs == 1 ? "pf0" : $"vf{vfs - 1}");
            Assert.That(BitConverter.ToUInt32(last.ReadRegion(VfioRegion.Config, 0, 4)), Is.EqualTo(0x1041_1AF4));
        }
    }

    [Test]
    public void Traffic_on_eight_VFs_loses_and_reorders_nothing_while_56_more_are_enabled_configured_reset_and_disabled()
    {
        const int Busy = 8;
        const int All = 64;
        using var lab = new NetLab(All);
        lab.Found.ResizeVFs(lab.Pf, Busy);
        for (int vf = 0; vf < Busy; vf++)
        {
            lab.Start(vf, new NetDriverOptions());
        }

        var random = new Random(56);
        var sent = Enumerable.Range(0, Busy).Select(_ => new List<byte[]>()).ToArray();
        FirmwareRuntime firmware = lab.Board.Firmware;
        for (int round = 0; round < 60; round++)
        {
            for (int vf = 0; vf < Busy; vf++)
            {
                int to = (vf + 1) % Busy;
                for (int count = 0; count < 20; count++)
                {
                    byte[] frame = lab.Frame(vf, to, random.Next(60, 1500), (100 * round) + count);
                    Assert.That(lab.Drivers[vf].TrySend(frame), Is.True);
                    sent[to].Add(frame);
                }

                lab.Drivers[vf].Flush();
            }

            switch (round % 4)
            {
                case 0:
                    lab.Found.ResizeVFs(lab.Pf, All);
                    break;
                case 1:
                    Configure(firmware.DataPath.Control, lab, Busy, All, random);
                    for (int vf = Busy; vf < All; vf++)
                    {
                        firmware.Resets.BeginFunctionReset(lab.Index(vf));
                    }

                    break;
                case 2:
                    lab.Found.ResizeVFs(lab.Pf, random.Next(Busy, All));
                    break;
                default:
                    lab.Found.ResizeVFs(lab.Pf, Busy);
                    break;
            }

            lab.Settle();
        }

        for (int vf = 0; vf < Busy; vf++)
        {
            Assert.That(lab.Inbox[vf].Select(received => received.Payload), Is.EqualTo(sent[vf]), $"VF {vf}: all, and in order");
        }
    }

    [Test]
    public void A_socket_that_cannot_be_had_leaves_those_that_there_were_with_their_clients()
    {
        using var folder = new FolderUnderTest(physicalFunctions: 2);
        folder.SetVFs(2);
        using RawClient client = folder.Attach("vf1");
        System.IO.File.WriteAllText(folder.PathOf("pf1vf3"), "precious");
        Assert.That(() => folder.SetVFs(5), Throws.TypeOf<SocketPathException>());
        string[] expected = ["pf0.sock", "pf1.sock", "pf1vf0.sock", "pf1vf1.sock", "pf1vf3.sock", "vf0.sock", "vf1.sock"];
        Assert.That(folder.Files, Is.EqualTo(expected), "of both PFs");
        Assert.That(BitConverter.ToUInt32(client.ReadRegion(VfioRegion.Config, 0, 4)), Is.EqualTo(0x1041_1AF4));
        Assert.That(() => folder.SetVFs(9), Throws.TypeOf<HostException>());
        Assert.That(folder.Files, Is.EqualTo(expected));
        System.IO.File.Delete(folder.PathOf("pf1vf3"));
        folder.OnLoop(() =>
        {
            folder.Folder.SetVFs(1, 4);
            return 0;
        });
        Assert.That(folder.Files.Count(name => name.StartsWith("pf1vf", StringComparison.Ordinal)), Is.EqualTo(4));
        Assert.That(folder.Files.Count(name => name.StartsWith("vf", StringComparison.Ordinal)), Is.EqualTo(2), "PF 0 as it was");
    }

    // Shares of the busy, and everything of the others, in one transaction.
    private static void Configure(PolicyControl control, NetLab lab, int busy, int all, Random random)
    {
        Assert.That(control.Begin(out uint transaction), Is.Zero);
        uint changes = 0;
        for (int vf = 0; vf < all; vf++)
        {
            int function = lab.Index(vf);
            (int Attribute, ulong Value)[] wanted = vf < busy
                ? [(ManagementAttributeKind.Weight, (ulong)random.Next(1, 1000)), (ManagementAttributeKind.MinTxRate, (ulong)random.Next(300))]
                :
                [
                    (ManagementAttributeKind.Weight, (ulong)random.Next(1, 1000)), (ManagementAttributeKind.MaxTxRate, (ulong)random.Next(1, 1000)),
                    (ManagementAttributeKind.Mac, 0x0600_0000_0002UL + ((ulong)vf << 8)), (ManagementAttributeKind.Vlan, 0x8100_0000UL + (ulong)vf),
                    (ManagementAttributeKind.Trust, (ulong)random.Next(2)), (ManagementAttributeKind.LinkState, (ulong)random.Next(3)),
                    (ManagementAttributeKind.SpoofCheck, (ulong)random.Next(2)), (ManagementAttributeKind.InterruptCeiling, (ulong)random.Next(1000)),
                    (ManagementAttributeKind.QueuePairs, (ulong)random.Next(1, 3)), (ManagementAttributeKind.MsixVectors, (ulong)random.Next(3, 17)),
                ];
            foreach ((int attribute, ulong value) in wanted)
            {
                Assert.That(control.SetAttribute(function, attribute, value), Is.Zero, control.FaultText);
                changes++;
            }
        }

        Assert.That(control.Commit(transaction, changes, false), Is.Zero, control.FaultText);
    }

    private static uint NumVFs(DataPathUnderTest nic) => nic.ConfigRead(0, nic.Offsets(0).Sriov + SriovCapability.NumVFsOffset) & 0xFFFF;
}
