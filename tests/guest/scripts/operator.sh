# What an operator's smartnic sets, and traffic that shows it: frames that must not arrive, forged ones, more than can be sent.
# Needs results.sh, functions.sh and network.sh. Knows no device but by what it is called with.

# operate NAME ARGS...: smartnic, which must do it; tells its JSON as NAME.
operate() {
    local name=$1
    shift
    run "$name" smartnic -j "$@" || die "smartnic $*: $output_of_run"
}

# rebind FUNCTION: takes its driver away and gives it back.
rebind() {
    echo "$1" >"$pci/$1/driver/unbind" || die "$1 is not unbound"
    echo "$1" >/sys/bus/pci/drivers/virtio-pci/bind || die "$1 is not bound"
}

has_no_link() { ! has_link "$@"; }

# silent NAMESPACE ADDRESS: three pings, of which none may be answered.
silent() { ! in_namespace "$1" ping -c 3 -i 0.2 -W 1 "$2" >/dev/null || die "$1 reaches $2"; }

# listen NAME NAMESPACE DEVICE ARGS...: tcpdump in the background; heard tells what it has seen.
listen() {
    local name=$1 namespace=$2 device=$3
    shift 3
    in_namespace "$namespace" tcpdump -Z root -p -l -n -i "$device" "$@" >"/tmp/$name" 2>"/tmp/$name.errors" &
    wait_for 10 "tcpdump of $name" grep -q listening "/tmp/$name.errors"
}

# heard NAME LISTENER: tells the number of frames so far as NAME.
heard() {
    sleep 0.5
    say "$1" "$(grep -c . "/tmp/$2")"
}

# forge NAMESPACE DEVICE MAC ADDRESS/LENGTH: forged, a device that sends through DEVICE from another MAC address. Without IPv6, so that
# nothing is sent but what is asked for.
forge() {
    modprobe macvlan || die "macvlan cannot be loaded"
    in_namespace "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
    ip -n "$1" link add link "$2" name forged address "$3" type macvlan mode private || die "$2 takes no macvlan"
    ip -n "$1" address add "$4" dev forged
    ip -n "$1" link set forged up
}

# Both ends need it for both directions: iperf3 -w sets all and looks whether it has them.
deep_buffers() {
    echo 16777216 >/proc/sys/net/core/rmem_max
    echo 16777216 >/proc/sys/net/core/wmem_max
}

# take NAMESPACE: an iperf3 server that logs each second; its buffer holds what comes while nobody lets it run.
take() {
    deep_buffers
    in_namespace "$1" iperf3 -s -D -i 1 -f m --forceflush --logfile /tmp/iperf || die "iperf3 does not serve in $1"
    wait_for 10 "iperf3 server in $1" serves "$1"
}

# flood NAMESPACE ADDRESS: UDP in the background, more than can be sent; its buffer keeps some hundred milliseconds of it waiting.
flood() {
    deep_buffers
    ip netns exec "$1" iperf3 -c "$2" -u -b 0 -l 8972 -w 8M -t 600 >/dev/null 2>&1 &
}

# rate NAME SECONDS: Mbit/s of the payload in each of the next seconds, as the server counted, one a line.
rate() {
    local first
    # One second for the change, one that is under way.
    first=$(($(logged) + 3))
    wait_for 60 "traffic" has_logged $((first + $2 - 1))
    grep 'Mbits/sec' /tmp/iperf | sed -nE "$first,$((first + $2 - 1))s/.* ([0-9.]+) Mbits.*/\1/p" | tell "$1"
}

logged() { grep -c 'Mbits/sec' /tmp/iperf; }

has_logged() { (($(logged) >= $1)); }
