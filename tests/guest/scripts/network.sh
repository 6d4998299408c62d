# Network devices of a guest in namespaces of their own, so that what they exchange has to pass through the device.
# Needs results.sh. Knows no PCI: a device is the name of a network device, however it came.

# place DEVICE NAMESPACE ADDRESS/LENGTH: moves DEVICE into NAMESPACE, made if need be, gives it the address, waits for its link.
place() {
    local device=$1 namespace=$2 address=$3
    if [[ ! -e /run/netns/$namespace ]]; then
        ip netns add "$namespace" || die "there is no namespace $namespace"
        ip -n "$namespace" link set lo up
    fi
    ip link set "$device" netns "$namespace" || die "$device does not move to $namespace"
    # No IPv6: its own chatter would be among the frames that a test counts.
    ip netns exec "$namespace" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$device/disable_ipv6"
    ip -n "$namespace" address add "$address" dev "$device" || die "$device does not take $address"
    ip -n "$namespace" link set "$device" up || die "$device does not come up"
    wait_for 20 "link of $device" has_link "$namespace" "$device"
}

has_link() { ip -n "$1" -br link show dev "$2" | grep -q LOWER_UP; }

# in_namespace NAMESPACE COMMAND...
in_namespace() {
    local namespace=$1
    shift
    ip netns exec "$namespace" "$@"
}

# reach NAME NAMESPACE ADDRESS [COUNT] [PING-ARGS...]: pings ADDRESS until it first answers, at most 20 s, then COUNT times
# (5 unless given); tells ping's output as NAME and the share that was lost as NAME.lost, in percent.
reach() {
    local name=$1 namespace=$2 address=$3 count=${4:-5}
    shift $(($# < 4 ? 3 : 4))
    wait_for 20 "answer from $address to $namespace" in_namespace "$namespace" ping -c 1 -W 1 "$@" "$address"
    run "$name" in_namespace "$namespace" ping -c "$count" -i 0.2 -W 2 "$@" "$address"
    say "$name.lost" "$(sed -nE 's/.* ([0-9.]+)% packet loss.*/\1/p' <<<"$output_of_run")"
}

# serve NAMESPACE: an iperf3 server, in the background, for as long as the guest lives.
serve() {
    in_namespace "$1" iperf3 -s -D || die "iperf3 does not serve in $1"
    wait_for 10 "iperf3 server in $1" serves "$1"
}

serves() { in_namespace "$1" ss -Hltn 'sport = 5201' | grep -q LISTEN; }

# stream NAME NAMESPACE ADDRESS SECONDS [IPERF3-ARGS...]: sends to the server at ADDRESS; tells iperf3's output as NAME and,
# as NAME.mbits, what the receiver counted in Mbit/s. With -u, NAME.lost is the share that was lost.
stream() {
    local name=$1 namespace=$2 address=$3 seconds=$4
    shift 4
    run "$name" in_namespace "$namespace" iperf3 -c "$address" -t "$seconds" -f m --connect-timeout 5000 "$@" || die "iperf3 failed, see $name"
    say "$name.mbits" "$(sed -nE 's/.* ([0-9.]+) Mbits\/sec .*receiver$/\1/p' <<<"$output_of_run")"
    # UDP only: datagrams that were sent and that the receiver did not count, in percent.
    if grep -q 'Lost/Total' <<<"$output_of_run"; then
        say "$name.lost" "$(sed -nE 's/.*\(([0-9.e+-]+)%\) +receiver$/\1/p' <<<"$output_of_run")"
    fi
}

# set_mtu NAMESPACE DEVICE BYTES
set_mtu() { ip -n "$1" link set "$2" mtu "$3" || die "$2 does not take an MTU of $3"; }

# add_vlan NAMESPACE DEVICE ID ADDRESS/LENGTH: a VLAN on a device that is placed, as DEVICE.ID with an address of its own.
add_vlan() {
    modprobe 8021q || die "8021q cannot be loaded"
    ip -n "$1" link add link "$2" name "$2.$3" type vlan id "$3" || die "$2 takes no VLAN $3"
    ip -n "$1" address add "$4" dev "$2.$3"
    ip -n "$1" link set "$2.$3" up
    wait_for 20 "link of $2.$3" has_link "$1" "$2.$3"
}

# join NAMESPACE DEVICE GROUP: a member of the multicast GROUP that answers pings to it.
join() {
    ip -n "$1" address add "$3/32" dev "$2" autojoin || die "$2 does not join $3"
    in_namespace "$1" sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts'
}

# mac_of NAMESPACE DEVICE
mac_of() { ip -n "$1" -br link show dev "$2" | awk '{ print $3 }'; }

# count_of NAMESPACE DEVICE NAME: one of the kernel's counters of a device, such as rx_packets or tx_dropped.
count_of() { in_namespace "$1" cat "/sys/class/net/$2/statistics/$3"; }

# pair NAME DEVICE DEVICE: two devices in the namespaces NAME-a and NAME-b, as 10.0.0.1 and 10.0.0.2, that have pinged each
# other: tells NAME.ping and NAME.ping.lost.
pair() {
    place "$2" "$1-a" 10.0.0.1/24
    place "$3" "$1-b" 10.0.0.2/24
    reach "$1.ping" "$1-a" 10.0.0.2
}

# pair_rate NAME SECONDS [IPERF3-ARGS...]: after pair, what TCP moves from NAME-a to NAME-b: tells NAME.tcp and NAME.tcp.mbits.
# The same for every kind of device, so that rates of two kinds can be set against each other.
pair_rate() {
    local name=$1 seconds=$2
    shift 2
    serves "$name-b" || serve "$name-b"
    stream "$name.tcp" "$name-a" 10.0.0.2 "$seconds" "$@"
}
