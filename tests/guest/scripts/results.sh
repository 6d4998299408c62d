# How a script of a guest tells its results. Knows the framing that GuestResults.cs reads, and nothing of what is told.
# RESULTS is the port for it. Each call writes whole lines, so that what runs in the background may tell too. The port is held
# open from here on: what arrives at a serial port that nobody has open is lost.
exec {results}<>"$RESULTS"

# say NAME TEXT...: one result, in one line.
say() {
    local name=$1
    shift
    printf '@@ %s: %s\n' "$name" "$*" >&"$results"
}

# tell NAME: a result of many lines, read from standard input. No line of it can be taken for the frame.
tell() {
    {
        printf '@< %s\n' "$1"
        sed 's/^/@| /'
        printf '@> %s\n' "$1"
    } >&"$results"
}

# run NAME COMMAND...: runs COMMAND, tells its output and errors as NAME and how it ended as NAME.exit; ends as it did and leaves
# the output in output_of_run.
run() {
    local name=$1 code
    shift
    output_of_run=$("$@" 2>&1)
    code=$?
    printf "%s\n" "$output_of_run" | tell "$name"
    say "$name.exit" "$code"
    return $code
}

# die TEXT...: ends the script and the guest, saying why; also from within $(...), whose own exit would end only itself.
# In a person's shell it ends what was typed, and the shell goes on.
die() {
    say error "$*"
    if [[ $- == *i* ]]; then
        kill -INT $$
    else
        kill -USR1 $$
    fi
    exit 1
}
trap 'exit 1' USR1

# ask NAME: tells the host that this point is reached and waits for a line from it; prints that line.
ask() {
    local line
    say "$1" waiting
    IFS= read -r line <&"$results" || die "the host said nothing to $1"
    printf '%s\n' "$line"
}

# wait_for SECONDS WHAT COMMAND...: runs COMMAND ten times a second until it succeeds; WHAT says in a failure what never was.
wait_for() {
    local seconds=$1 what=$2 end
    shift 2
    end=$(($(monotonic_us) + seconds * 1000000))
    until "$@" >/dev/null 2>&1; do
        (($(monotonic_us) < end)) || die "after $seconds s there is still no $what"
        sleep 0.1
    done
}

# monotonic_us: microseconds since boot, to within 10,000.
monotonic_us() {
    local up
    read -r up _ </proc/uptime
    up=${up/./}
    printf '%s\n' $((10#$up * 10000))
}
