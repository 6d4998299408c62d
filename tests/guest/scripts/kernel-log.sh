# The kernel's own opinion of what happened. Needs results.sh. Knows which warnings every guest has, and why.

# One extended regular expression a line; its reason behind a tab and #. Whatever is not here is told.
kernel_log_allowed() {
    cut -f 1 <<'LIST'
tsc: Unable to calibrate against PIT	# QEMU's timers under TCG do not keep pace with the host's clock.
tsc: PIT calibration deviates from HPET	# The same.
APIC calibration not consistent with PM-Timer	# The same.
clocksource: (Long readout interval|timekeeping watchdog|Marking clocksource|Override clocksource|.* clocksource's)	# The same, where others use the processor too.
clocksource: +'.*' (wd_nsec|cs_nsec|skewed|is current|is not current)	# What follows such a line.
mtrr: your CPUs had inconsistent	# Processors of QEMU, as they are before any device is looked at.
MP-BIOS bug: 8254 timer not connected	# QEMU's timers under TCG, once more.
hpet: Lost [0-9]+ RTC interrupts	# The same, where others use the processor too.
ACPI: IRQ [0-9]+ override to edge\(!\), high\(!\)	# q35's tables name the ISA interrupts of the serial ports so.
clocksource: .*(tsc|watchdog|wd-tsc|acpi_pm|hpet)	# A busy machine keeps the guest from reading its clocks in time.
Unstable clock detected, switching default tracing clock	# The same, as the tracer sees it: this line and the next three.
If you want to keep using the local clock, then add:	# The second of them.
^ +"trace_clock=local"	# The third.
^ +on the kernel command line	# The fourth.
DMAR: VT-d Scalable Mode not enabled	# QEMU's intel-iommu is without it unless asked; the kernel says that it offers no PASID.
amd_pstate: the _CPC object is not present	# The processor that QEMU models has no such table.
LIST
}

# without_known_reports: drops whole reports of faults that are the kernel's own, and passes on everything else.
# virtnet_get_hw_stats (Linux 6.11 and later) declares the queues of a statistics request as an array of one element, and
# UBSAN reports each further queue that ethtool -S asks for, of any device with VIRTIO_NET_F_DEVICE_STATS.
without_known_reports() {
    awk '
        /------------\[ cut here \]/ { report = ""; inside = 1 }
        !inside { print; next }
        { report = report $0 "\n" }
        /---\[ end trace/ {
            inside = 0
            if (report !~ /UBSAN: array-index-out-of-bounds in [^\n]*virtio_net\.c/ || report !~ /virtnet_get_hw_stats/) printf "%s", report
        }
        END { if (inside) printf "%s", report }'
}

# check_kernel_log NAME [EXPRESSION...]: tells as NAME every line of level warning or worse that is not allowed, and how many as
# NAME.count. EXPRESSIONs match lines that the script itself provoked.
check_kernel_log() {
    local name=$1 lines
    shift
    lines=$(dmesg -l emerg,alert,crit,err,warn) || die "the kernel's log cannot be read"
    lines=$(without_known_reports <<<"$lines" | grep -vEf <(
        kernel_log_allowed
        (($# == 0)) || printf '%s\n' "$@"
    ))
    # 1: every line is allowed. Anything else is no answer.
    (($? < 2)) || die "the kernel's log cannot be judged"
    if [[ -n $lines ]]; then
        printf '%s\n' "$lines" | tell "$name"
        say "$name.count" "$(wc -l <<<"$lines")"
    else
        say "$name.count" 0
    fi
}
