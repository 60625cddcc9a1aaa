#!/bin/sh
# Runs all tests and closes with one line: N passed, N failed, counted over binaries and scripts.
# usage: tests/run.sh BUILD_FOLDER UNIT_BINARY... -- FUZZ_BINARY...
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
passed=0 failed=0 skipped=0
log=$build/tests.log
: > "$log"

# the machine's settings must not decide a test
unset VISHWA_DATA NO_COLOR GNUPLOT_DRIVER_DIR GNUTERM
export XDG_CACHE_HOME=$PWD/$build/cache VISHWA_BUILD=$build
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

# A runner's last line "N passed, N failed[, N skipped]" joins the total; without one it is one test.
run() {
    name=$1
    shift
    output=$build/output.txt
    "$@" > "$output" 2>&1
    code=$?
    cat "$output" >> "$log"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$output" | tail -n 1)
    if [ -n "$line" ]; then
        counts=$(echo "$line" | tr -dc '0-9 ')
        # shellcheck disable=SC2086
        set -- $counts
        passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
        [ "$code" -eq 0 ] || [ "$2" -gt 0 ] || failed=$((failed + 1))
        [ "$code" -eq 0 ] && [ "$2" -eq 0 ] && return
    elif [ "$code" -eq 0 ]; then
        passed=$((passed + 1))
        return
    else
        failed=$((failed + 1))
    fi
    echo "--- $name (exit $code)"
    tail -n 40 "$output"
}

list=unit
for program in "$@"; do
    if [ "$program" = -- ]; then
        list=fuzz
    elif [ $list = unit ]; then
        run "$program" "$program"
    else
        run "$program" "$program" "tests/fuzz/corpus/$(basename "$program" | sed 's/^fuzz_//')"
    fi
done
run layering tests/layering.sh
run compile_fail tests/compile_fail/run.sh
run rtl tests/rtl/run.sh "$build"
run faults tests/faults/checkpoint_faults.sh "$build"
run cli tests/cli/run.sh "$build"

rm -f "$build/output.txt"
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
