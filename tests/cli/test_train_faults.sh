# vishwa-train run while the machine fails: one call fails, is cut short or interrupted, or is the
# last before the process is killed. What was complete stays complete, and the run that is gone on
# with ends in the same bits. STRIDE=1 tries every call, which takes minutes.
. "$ROOT/tests/cli/train.sh"

# in memory where the system has such a place: thousands of syncs
home=$(mktemp -d -p /dev/shm 2> /dev/null) || home=$PWD
[ "$home" = "$PWD" ] || trap 'rm -rf "$home"' EXIT
cd "$home" || exit 1
stride=${STRIDE:-11}
[ "$SAN" = 1 ] && stride=${STRIDE:-45}

make_text text.txt
make_config dense.yaml "$dense"
go="$train run --threads 1 dense.yaml --steps 6 --set checkpoint.every=3 --set evaluate.every=0"
run $go --quiet --out calm
[ "$code" -eq 0 ] && log_holds calm
note $? "the undisturbed run"
cp -r calm half # as it stood when its first checkpoint was written
rm -r half/checkpoints/step-6
sed -i -e '/"step": [456],/d' -e '/"event": "end"/d' half/log.jsonl
mv data calm-data

# A run with this fault in a call on a file below folder; K "" and a log: no fault, all calls.
disturbed_run() { # MODE K LOG
    rm -rf run data
    [ "$folder" = data ] || cp -r calm-data data
    [ "$how" = --resume ] && cp -r half run
    env VSH_FAULT_DIR="$home/$folder" VSH_FAULT_MODE="$1" ${2:+VSH_FAULT_AT="$2"} ${3:+VSH_FAULT_LOG="$3"} \
        LD_PRELOAD="$inject" $go --quiet --out run $how > stdout.txt 2> stderr.txt
    code=$?
}

# Whether the call may have this exit code: what failed must not pass for written, and what was
# interrupted or cut short is done again. A folder's name may be left to the system to sync.
fitting() { # MODE CALL PATH CODE
    case $1:$2 in
    kill:*) [ "$4" -eq 137 ] ;;
    short:* | eintr:write | eintr:pwrite | eintr:fsync | eintr:ftruncate | eintr:open) [ "$4" -eq 0 ] ;;
    e*:write | e*:pwrite | e*:ftruncate | e*:mkdir) [ "$4" -eq 4 ] ;;
    e*:fsync) [ "$4" -eq 4 ] || { [ "$4" -eq 0 ] && [ -d "$3" ] && [ "${3##*/}" != checkpoints ]; } ;;
    full:write | full:mkdir) [ "$4" -eq 4 ] ;;
    *) [ "$4" -eq 0 ] || [ "$4" -eq 4 ] ;;
    esac
}

disturb() { # MODE K
    what="$folder${how:+, $how}: $1 at call $2"
    disturbed_run "$1" "$2"
    call=$(sed -n "${2}s/ .*//p" "calls-$1.txt") path=$(sed -n "${2}s/^[a-z]* //p" "calls-$1.txt")
    fitting "$1" "$call" "$path" "$code"
    right=$?
    [ "$code" -ne 4 ] || { [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] &&
        grep -qE '^vishwa-train: [^:]+: .' stderr.txt; } || right=1
    note $right "$what, $call ${path#"$home"/}: exit $code"
    # in peace again; whatever has the name of a checkpoint is one: nothing is passed over
    again=--resume
    [ -e run/log.jsonl ] || again= # it never began
    run $go --out run $again
    [ "$code" -eq 0 ] && ! grep -q warning stderr.txt && same calm run 6 && log_holds run &&
        [ "$(ls run run/checkpoints | tr '\n' ' ')" = 'run: checkpoints config.yaml log.jsonl products.yaml run.lock  run/checkpoints: step-3 step-6 ' ]
    note $? "$what, $call ${path#"$home"/}: gone on with${again:+ by $again}"
}

disturb_all() { # FIRST MODE...: every stride-th call, another in each mode
    k=$1
    shift
    for mode in "$@"; do
        rm -f "calls-$mode.txt"
        disturbed_run "$mode" '' "$home/calls-$mode.txt"
        last=$(wc -l < "calls-$mode.txt")
        while [ "$k" -le "$last" ]; do
            disturb "$mode" "$k"
            k=$((k + stride))
        done
        k=$((k - last))
    done
}

folder=run how=
disturb_all 1 eio kill enospc short eintr full
all=$(wc -l < calls-eio.txt) most=$(wc -l < calls-short.txt)
code=0
[ "$all" -gt "$most" ] && [ "$most" -ge 120 ]
note $? "the calls are counted: $all and $most"
how=--resume
disturb_all 2 eio kill enospc
folder=data how=
disturb_all 3 eio kill
finish
