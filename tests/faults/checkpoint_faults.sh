#!/bin/sh
# Lets every call of three checkpoints, one of them replaced, fail in every way, and looks at what is
# left (write_checkpoints.c says what must hold). Then the order of the calls: synced before renamed.
# usage: tests/faults/checkpoint_faults.sh BUILD_FOLDER
cd "$(dirname "$0")/../.." || exit 1
build=$1
inject=$PWD/$build/tests/faults/inject.so
program=$PWD/$build/tests/faults/write_checkpoints
passed=0 failed=0

# in memory where the system has such a place: thousands of syncs
scratch=$(mktemp -d -p /dev/shm 2>/dev/null) || scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
folder=$scratch/checkpoints

# Under a sanitizer a start takes a tenth of a second: every third call will do, another in each
# mode. Its library need not come first: what is preloaded calls nothing of it.
stride=1
[ "$SAN" = 1 ] && stride=3
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"

note() { # OK(0/1) WHAT
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        cat "$scratch/run.txt" "$scratch/judge.txt" 2>/dev/null
    fi
}

# Leaves its exit code in $code.
write_with() { # MODE K
    rm -rf "$folder"
    env VSH_FAULT_DIR="$folder" VSH_FAULT_MODE="$1" VSH_FAULT_AT="$2" LD_PRELOAD="$inject" \
        "$program" write "$folder" > "$scratch/out.txt" 2> "$scratch/run.txt"
    code=$?
}

# ---- without faults: how many calls there are, and their order
for mode in eio short; do
    rm -rf "$folder"
    env VSH_FAULT_DIR="$folder" VSH_FAULT_MODE=$mode VSH_FAULT_LOG="$scratch/$mode.txt" \
        LD_PRELOAD="$inject" "$program" write "$folder" > /dev/null 2> "$scratch/run.txt"
    note $? "four writes without a fault"
done
all=$(wc -l < "$scratch/eio.txt") # removals count for eio and kill alone
most=$(wc -l < "$scratch/short.txt")
[ "$most" -ge 120 ] && [ "$all" -gt "$most" ]
note $? "the calls are counted: $all and $most"

# a file is synced after its last write, its folder after the last file was made, both before the
# rename; the folder above follows at once
awk -v above="$folder" '
    { call = $1; sub(/^[a-z]+ /, ""); path = $0 }
    due && call != "open" { if (call != "fsync" || path != above) bad = bad " " due; due = "" }
    call == "write" { dirty[path] = 1 }
    call == "open" && path ~ /\.tmp\/./ { folder = path; sub(/\/[^\/]*$/, "", folder); dirty[folder] = 1; files++ }
    call == "fsync" { delete dirty[path] }
    call == "rename" && path ~ /step-[0-9]+$/ {
        for (p in dirty) if (index(p, path ".tmp") == 1) bad = bad " " p
        due = path; renames++
    }
    END { if (bad || due || renames != 4 || files != 20) { print "not synced:" bad, due, renames, files; exit 1 } }
' "$scratch/eio.txt" > "$scratch/run.txt"
note $? "everything is synced before it is renamed, and the folder after"

# ---- with one fault each, and with a disk that is full from some call on
offset=0
for mode in eio enospc short eintr kill full; do
    case $mode in eio | kill) calls=$all ;; *) calls=$most ;; esac
    offset=$((offset + 1))
    k=$(((offset - 1) % stride + 1))
    while [ "$k" -le "$calls" ]; do
        write_with $mode $k
        "$program" judge "$folder" $code "$(grep -c '^wrote' "$scratch/out.txt")" \
            > /dev/null 2> "$scratch/judge.txt"
        judged=$?
        # a short write is no error at all; a failure says where
        case $mode:$code in
        short:0 | kill:137 | *:0) said=0 ;;
        short:* | kill:*) said=1 ;;
        *) grep -qE "^write_checkpoints: ${folder}[^:]*: [^:]" "$scratch/run.txt" && said=0 || said=1 ;;
        esac
        case $mode in eio | kill) log=$scratch/eio.txt ;; *) log=$scratch/short.txt ;; esac
        call=$(sed -n "${k}s/ .*//p" "$log")
        # what failed for good must not pass for written; what was interrupted is done again
        case $mode:$call:$code in
        eio:write:4 | eio:fsync:4 | eio:mkdir:4 | enospc:write:4 | enospc:fsync:4 | enospc:mkdir:4) ;;
        eintr:write:0 | eintr:fsync:0 | eintr:open:0 | short:*:0) ;;
        eio:write:* | eio:fsync:* | eio:mkdir:* | enospc:write:* | enospc:fsync:* | enospc:mkdir:*) said=1 ;;
        eintr:write:* | eintr:fsync:* | eintr:open:* | short:*) said=1 ;;
        esac
        note $((judged + said)) "$mode at call $k, $call: exit $code"
        k=$((k + stride))
    done
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
