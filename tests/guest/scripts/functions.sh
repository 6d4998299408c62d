# PCI functions as a guest's kernel shows them: finding PFs, enabling VFs, their network devices. Needs results.sh.
# A function is named by its address, such as 10000:01:00.0. Knows no driver by name and no namespace.

pci=/sys/bus/pci/devices

# load_vmd: loads the drivers of our functions, then vmd, and waits until a function of ours is in a VMD's domain.
load_vmd() {
    modprobe virtio_pci && modprobe virtio_net || die "the VIRTIO drivers cannot be loaded"
    modprobe vmd || die "vmd cannot be loaded"
    wait_for 20 "function 1af4:1041 behind a VMD" vmd_has_function
}

# Domains of VMDs begin at 10000, above the four digits of any other.
vmd_has_function() { [[ -n $(our_functions) ]]; }

# our_functions: every 1af4:1041 behind a VMD, PFs and VFs, one a line in the order of their addresses.
our_functions() { lspci -D -n -d 1af4:1041 | awk 'length($1) > 12 { print $1 }'; }

# our_pf [NUMBER]: PF NUMBER (0 unless given) of those behind VMDs. A PF is what can have VFs.
our_pf() {
    local function number=${1:-0}
    for function in $(our_functions); do
        [[ -e $pci/$function/sriov_numvfs ]] || continue
        ((number-- > 0)) || {
            printf '%s\n' "$function"
            return
        }
    done
    die "there is no PF ${1:-0} behind a VMD"
}

# enable_vfs PF NUMBER: as a person does it; waits for the last of them. 0 disables them.
enable_vfs() {
    local pf=$1 number=$2
    echo "$number" >"$pci/$pf/sriov_numvfs" || die "$pf refuses $number VFs"
    [[ $(<"$pci/$pf/sriov_numvfs") == "$number" ]] || die "$pf has $(<"$pci/$pf/sriov_numvfs") VFs and not $number"
    ((number == 0)) || wait_for 20 "VF $((number - 1)) of $pf" test -e "$pci/$pf/virtfn$((number - 1))"
}

# enable_our_vfs NUMBER [PF-NUMBER]: loads the drivers, brings the PF up, enables its VFs; leaves the PF's address in pf.
enable_our_vfs() {
    our_functions | grep -q . || load_vmd
    pf=$(our_pf "${2:-0}")
    ip link set "$(netdev_of "$pf")" up
    enable_vfs "$pf" "$1"
}

# vf_netdev PF NUMBER: the network device of a VF, waited for.
vf_netdev() { netdev_of "$(vf_of "$1" "$2")"; }

# vf_of PF NUMBER: the address of a VF.
vf_of() { basename "$(readlink -f "$pci/$1/virtfn$2")"; }

# driver_of FUNCTION: the name of its driver, or none.
driver_of() {
    if [[ -e $pci/$1/driver ]]; then
        basename "$(readlink -f "$pci/$1/driver")"
    else
        printf 'none\n'
    fi
}

# netdev_of FUNCTION: its network device, waited for; it has to be in this namespace.
netdev_of() {
    local device
    wait_for 20 "network device of $1" has_netdev "$1"
    for device in "$pci/$1"/net/* "$pci/$1"/virtio*/net/*; do
        [[ ! -e $device ]] || basename "$device"
    done
}

has_netdev() { compgen -G "$pci/$1/net/*" || compgen -G "$pci/$1/virtio*/net/*"; }

# reset_function FUNCTION: FLR, through sysfs.
reset_function() {
    echo flr >"$pci/$1/reset_method" || die "$1 offers no FLR"
    echo 1 >"$pci/$1/reset" || die "$1 was not reset"
}
