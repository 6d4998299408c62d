// An endpoint that is pulled out of its slot under traffic and put back, beside another one that must not notice.
using System;
using NUnit.Framework;
using SmartNicFw.Emulator.Commands;

namespace SmartNicFw.Tests.Guest;

public sealed class HotPlugTests : GuestFixture
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Test]
    public void The_kernel_removes_what_is_pulled_out_and_finds_it_again()
    {
        using var emulator = new EmulatorProcess("--hierarchy", "{0}/a.sock", "--hierarchy", "{0}/b.sock");
        using Guest guest = Guest.Start(
            Lab,
            """
            load_vmd
            both() { [[ $(our_functions | wc -l) == 2 ]]; }
            wait_for 20 "second endpoint" both
            enable_our_vfs 2 1
            pair other "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
            enable_our_vfs 2 0
            pair vf "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
            serve vf-b
            in_namespace vf-a iperf3 -c 10.0.0.2 -t 60 >/dev/null 2>&1 &
            traffic=$!
            in_namespace other-a ping -i 0.05 -c 100 10.0.0.2 >/tmp/other 2>&1 &
            other=$!
            sleep 1
            ask unplug >/dev/null
            start=$(monotonic_us)
            gone() { ! our_functions | grep -q ^10000:; }
            wait_for 60 "removal" gone
            say gone.us $(($(monotonic_us) - start))
            our_functions | tell left
            kill "$traffic" 2>/dev/null
            wait "$traffic" 2>/dev/null
            ask plug >/dev/null
            start=$(monotonic_us)
            returned() { our_functions | grep -q ^10000:; }
            wait_for 60 "return" returned
            say back.us $(($(monotonic_us) - start))
            our_functions | tell back
            enable_our_vfs 2 0
            place "$(vf_netdev "$pf" 0)" vf-a 10.0.0.1/24
            place "$(vf_netdev "$pf" 1)" vf-b 10.0.0.2/24
            reach after vf-a 10.0.0.2
            wait "$other"
            tell other </tmp/other
            check_kernel_log log
            """,
            new GuestOptions
            {
                Devices = [GuestOptions.VfioUser(emulator.PathOf("a.sock")), GuestOptions.VfioUser(emulator.PathOf("b.sock"))],
                Arguments = QemuArguments.HotPlug,
            });
        guest.WaitFor("unplug", 1, Limit);
        emulator.Say("unplug 1");
        emulator.WaitForLine(line => line == "endpoint 1 is unplugged");
        guest.Answer();
        guest.WaitFor("plug", 1, Limit);
        emulator.Say("plug 1");
        emulator.WaitForLine(line => line == "endpoint 1 is plugged in");
        guest.Answer();
        GuestResults results = guest.Finish(Limit);

        Assert.That(results.Lines("left"), Is.EqualTo(new[] { "10001:01:00.0", "10001:01:00.1", "10001:01:00.2" }));
        Assert.That(results.Lines("back"), Is.EqualTo(new[] { "10000:01:00.0", "10001:01:00.0", "10001:01:00.1", "10001:01:00.2" }));
        Assert.That(results["after.lost"], Is.EqualTo("0"), () => results["after"]);
        Assert.That(results["other"], Does.Contain("100 packets transmitted, 100 received, 0% packet loss"));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        TestContext.Out.WriteLine($"removed after {results.Number("gone.us") / 1e6} s, found again after {results.Number("back.us") / 1e6} s");
    }
}
