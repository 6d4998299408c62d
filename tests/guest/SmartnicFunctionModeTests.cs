// The published smartnic on the emulator's management socket, while two machines have a VF each: what it sets, their own tools confirm.
using System.Text.Json;
using NUnit.Framework;

namespace SmartNicFw.Tests.Guest;

public sealed class SmartnicFunctionModeTests : GuestFixture
{
    private const string FirstMac = "02:aa:bb:cc:dd:01";
    private const string SecondMac = "02:aa:bb:cc:dd:02";
    private const string ForgedMac = "02:de:ad:00:00:01";

    private const int EnabledAtFirst = 2;
    private const int EnabledMeanwhile = 12;
    private const int Resizes = 3;

    // The test says what is done next; it may name functions and device.
    private const string Obey = """
        while [[ ${step:-} != end ]]; do
            step=$(ask step)
            eval "$step"
        done
        """;

    private static string Machine(int own) => FunctionModeTests.Up + $$"""
        end() { check_kernel_log log; }
        # Echo requests in the background, fifty a second, and datagrams from the first machine to the second, a hundred a second.
        begin() {
            ip netns exec vm ping -i 0.02 -c 300 -W 10 10.0.0.{{3 - own}} >/tmp/pings 2>&1 &
            running=$!
            [[ {{own}} == 2 ]] || ip netns exec vm iperf3 -c 10.0.0.2 -p 5302 -u -b 1M -l 1250 -t 6 -f m >/tmp/datagrams 2>&1 &
            running="$running $!"
        }
        finish() {
            wait $running
            tell pings </tmp/pings
            [[ {{own}} == 2 ]] || tell datagrams </tmp/datagrams
        }
        up 10.0.0.{{own}}
        {{Obey}}
        """;

    [Test]
    public void Through_the_socket_it_sets_what_two_machines_see_and_VFs_come_and_go_while_they_lose_nothing()
    {
        using var emulator = new EmulatorProcess("--function-dir", "{0}", "--vfs", $"{EnabledAtFirst}", "--management", "{0}/management.sock");
        JsonElement Operate(params string[] arguments) => PublishedTool.Run(emulator.PathOf("management.sock"), 0, arguments);
        void Set(int vf, params string[] attributes) => Operate(["vf", $"{vf}", "set", .. attributes]);
        Set(0, "mac", FirstMac);
        Set(1, "mac", SecondMac);
        using var first = new Obedient(Guest.Start(Lab, Machine(1), FunctionModeTests.Machine(emulator, "vf0")));
        using var second = new Obedient(Guest.Start(Lab, Machine(2), FunctionModeTests.Machine(emulator, "vf1")));
        first.Await();
        second.Await();
        Assert.That(first.Results["mac"], Is.EqualTo(FirstMac));
        Assert.That(second.Results["mac"], Is.EqualTo(SecondMac));
        first.Do("reach plain vm 10.0.0.2 2");

        Set(0, "vlan", "100", "qos", "3");
        first.Do("silent vm 10.0.0.2");
        Set(1, "vlan", "100");
        first.Do("reach vlan vm 10.0.0.2 2");

        Set(1, "state", "disable");
        second.Do("wait_for 5 'link that is down' has_no_link vm $device");
        first.Do("silent vm 10.0.0.2");
        Set(1, "state", "enable");
        second.Do("wait_for 5 link has_link vm $device");
        Set(1, "state", "auto");
        first.Do("reach state vm 10.0.0.2 2");

        Set(0, "spoofchk", "on");
        second.Do($"ip -n vm address add 10.0.5.2/24 dev $device; listen forged vm $device ether src {ForgedMac}");
        first.Do($"forge vm $device {ForgedMac} 10.0.5.1/24; ip -n vm neigh add 10.0.5.2 lladdr {SecondMac} dev forged; silent vm 10.0.5.2");
        first.Do("say sent $(count_of vm forged tx_packets)");
        second.Do("heard checked forged");
        JsonElement statistics = Operate("vf", "0", "stats").GetProperty("statistics");
        Set(0, "spoofchk", "off");
        first.Do("reach forged vm 10.0.5.2 2; ip -n vm link del forged");
        second.Do("heard unchecked forged");

        Set(0, "max_tx_rate", "50");
        second.Do("take vm; in_namespace vm iperf3 -s -D -p 5302");
        first.Do("flood vm 10.0.0.2");
        second.Do("rate rate.50 5");
        first.Do("kill $!; wait $!");
        Set(0, "max_tx_rate", "0", "vlan", "0");
        Set(1, "vlan", "0");
        first.Do("reach before vm 10.0.0.2 1; begin");
        second.Do("begin");
        for (int resize = 0; resize < Resizes; resize++)
        {
            Operate("numvfs", $"{EnabledMeanwhile}");
            for (int vf = EnabledAtFirst; vf < EnabledMeanwhile; vf++)
            {
                Set(vf, "vlan", "7", "max_tx_rate", "100", "spoofchk", "on");
            }

            Operate("numvfs", $"{EnabledAtFirst}");
        }

        JsonElement shown = Operate("show");
        first.Do("finish");
        second.Do("finish");
        GuestResults results = first.End();
        GuestResults others = second.End();

        foreach (string ping in new[] { "plain", "vlan", "state", "forged" })
        {
            Assert.That(results[$"{ping}.lost"], Is.EqualTo("0"), () => results[ping]);
        }

        Assert.That(results["sent"], Is.EqualTo("3"));
        Assert.That(others["checked"], Is.EqualTo("0"), "gone");
        Assert.That(statistics.GetProperty("sriov_vf_dropped_spoofed").GetInt64(), Is.EqualTo(3), "counted");
        Assert.That(others.Number("unchecked"), Is.GreaterThanOrEqualTo(2));
        RateCheck.Expect(others, 50, isReached: true);
        Assert.That(results["pings"], Does.Contain("300 packets transmitted, 300 received, 0% packet loss"));
        Assert.That(others["pings"], Does.Contain("300 packets transmitted, 300 received, 0% packet loss"));
        Assert.That(results["datagrams"], Does.Match(@" 0/\d+ \(0%\) +receiver").And.Not.Contain("out-of-order"));
        Assert.That(shown.GetProperty("functions").GetArrayLength(), Is.EqualTo(1 + EnabledAtFirst));
        Assert.That(results["log.count"], Is.EqualTo("0"), () => results["log"]);
        Assert.That(others["log.count"], Is.EqualTo("0"), () => others["log"]);
        Assert.That(emulator.Errors, Is.Empty);
        Assert.That(emulator.Quit(), Is.Zero);
    }

    /// <summary>A machine whose script does what it is told, line by line.</summary>
    private sealed class Obedient(Guest guest) : System.IDisposable
    {
        private int _steps;

        public GuestResults Results => guest.Results;

        public void Await() => guest.WaitFor("step", ++_steps);

        public void Do(string line)
        {
            guest.Answer(line);
            Await();
        }

        public GuestResults End()
        {
            guest.Answer("end");
            return guest.Finish();
        }

        public void Dispose() => guest.Dispose();
    }
}
