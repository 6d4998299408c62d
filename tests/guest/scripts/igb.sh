# QEMU's own SR-IOV NIC, igb: what our VFs are measured against. Needs results.sh and functions.sh.

# enable_igb_vfs NUMBER: loads the drivers, brings the PF up, enables VFs; leaves the PF's address in pf.
enable_igb_vfs() {
    local device
    modprobe igb || die "igb cannot be loaded"
    modprobe igbvf || die "igbvf cannot be loaded"
    pf=$(lspci -D -n -d 8086:10c9 | cut -d ' ' -f 1 | head -n 1)
    [[ -n $pf ]] || die "this guest has no igb"
    device=$(netdev_of "$pf")
    # VFs ask the PF for their address and their link, so it has to be up before they come.
    ip link set "$device" up
    wait_for 20 "link of $device" has_carrier "$device"
    enable_vfs "$pf" "$1"
}

has_carrier() { ip -br link show dev "$1" | grep -q LOWER_UP; }
