# Our VFs against those of QEMU's igb, in one guest and by turns. Needs results.sh, functions.sh, network.sh and igb.sh.

# compare_with_igb ROUNDS SECONDS: TCP from VF to VF, first on ours and then on igb, the other way round in the next round: tells
# ours.tcp.mbits and igb.tcp.mbits once a round.
compare_with_igb() {
    local rounds=$1 seconds=$2 round
    enable_our_vfs 2
    pair ours "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
    enable_igb_vfs 2
    pair igb "$(vf_netdev "$pf" 0)" "$(vf_netdev "$pf" 1)"
    for ((round = 0; round < rounds; round++)); do
        if ((round % 2 == 0)); then
            pair_rate ours "$seconds"
            pair_rate igb "$seconds"
        else
            pair_rate igb "$seconds"
            pair_rate ours "$seconds"
        fi
    done
}
