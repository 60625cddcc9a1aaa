#!/bin/sh
# Arrays in SystemVerilog as the judge of the simulator's cycle counts: verilator runs them on products
# with edge tiles, and their counts are held against the formulas (counts.awk), against counts that
# others' arrays gave (tests/golden/sim/rtl_*.csv) and against `vishwa-sim gemm --array`.
# Without verilator it is skipped.
# usage: tests/rtl/run.sh BUILD_FOLDER
cd "$(dirname "$0")/../.." || exit 1
build=$1
here=$PWD/tests/rtl
work=$build/tests/rtl
golden=tests/golden/sim
passed=0 failed=0

if ! command -v verilator > /dev/null; then
    echo "skipped: verilator is not installed"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi

# add "PASSED FAILED CASES", the last line of an awk script; the lines before it say what failed
add() {
    echo "$1" | sed '$d'
    # shellcheck disable=SC2046
    set -- $(echo "$1" | tail -n 1)
    passed=$((passed + ${1:-0})) failed=$((failed + ${2:-1}))
    # nothing judged is not success
    [ "${3:-0}" -gt 0 ] || failed=$((failed + 1))
}

# most of the time is the compiler's, so what runs once is not optimized
build_bench() {
    verilator --cc --exe --build -Wall --x-initial unique --x-assign unique -I"$here" \
        -Mdir "$work/$1" -o "tb_$1" --top-module "arrays_$1" -CFLAGS "-std=c++17 -I$here" \
        -MAKEFLAGS "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0" \
        "$here/arrays_$1.sv" "$here/tb_$1.cpp" > "$work/$1.log" 2>&1
}

# R C POLICY M N K EARLY of every row of the golden counts; of os they are of the first fold
golden_cases() {
    case $1 in
    ws) awk -F, 'NR > 1 { print $2, $3, $1 == "serial" ? $1 : "double", $4, $5, $6, 0 }' $golden/rtl_ws_counts.csv ;;
    os) awk -F, 'NR > 1 { print $1, $2, "serial", $3 < $1 ? $3 : $1, $4 < $2 ? $4 : $2, $5, 0 }' $golden/rtl_os_counts.csv ;;
    esac
}
# the counts of the same rows, in the words of the bench: FOLDS FIRST_MAC FIRST_OUT LAST_MAC LAST_OUT,
# "-" where the row does not say
golden_counts() {
    case $1 in
    ws) awk -F, 'NR > 1 { print $7, $8, $9, $10, $11 }' $golden/rtl_ws_counts.csv ;;
    os) awk -F, 'NR > 1 { print "- - -", $7, $8 }' $golden/rtl_os_counts.csv ;;
    esac
}

# what the simulator says of each case: LAST_OUT LAST_MAC
simulated() {
    while read -r dataflow policy R C M N K _; do
        "$build/vishwa-sim" gemm "$M" "$N" "$K" --array "${R}x$C" --dataflow "$dataflow" \
            --weights "$policy" --json < /dev/null || echo '{}'
    done | jq -r '"\(.cycles) \(.cycles_to_last_mac)"'
}

mkdir -p "$work" || exit 1
build_bench ws &
ws=$!
build_bench os
os=$?
if ! wait $ws || [ $os -ne 0 ]; then
    grep -h -A 8 -E '%(Error|Warning)|error:' "$work/ws.log" "$work/os.log"
    echo "the benches do not build"
    echo "0 passed, 1 failed"
    exit 1
fi

# a second reader of the language, where there is one
if command -v iverilog > /dev/null; then
    iverilog -g2012 -t null -s sa_ws tests/rtl/sa_ws.sv tests/rtl/ws_pe.sv &&
        iverilog -g2012 -t null -s sa_os tests/rtl/sa_os.sv tests/rtl/os_pe.sv &&
        passed=$((passed + 1)) || failed=$((failed + 1))
fi

# a start takes long under a sanitizer: every eighth product is enough there
stride=1
[ "$SAN" = 1 ] && stride=8

# holds the program against the counts in a file
ask() {
    awk -v stride=$stride '$8 == 0 && n++ % stride == 0' "$1" > "$work/asked"
    simulated < "$work/asked" > "$work/expected"
    add "$(paste -d ' ' "$work/asked" "$work/expected" | awk -f tests/rtl/simulated.awk)"
}

for dataflow in ws os; do
    bench=$work/$dataflow/tb_$dataflow
    awk -v dataflow=$dataflow -f tests/rtl/cases.awk > "$work/cases"
    "$bench" < "$work/cases" > "$work/counts_$dataflow"
    add "$(awk -f tests/rtl/counts.awk "$work/counts_$dataflow")"
    [ "$(wc -l < "$work/cases")" -eq "$(wc -l < "$work/counts_$dataflow")" ] ||
        failed=$((failed + 1))

    golden_cases $dataflow | "$bench" > "$work/golden"
    golden_counts $dataflow > "$work/expected"
    add "$(paste -d ' ' "$work/golden" "$work/expected" | awk -f tests/rtl/golden.awk)"
    ask "$work/counts_$dataflow"
done
# input stationary is weight stationary of the transposed product
awk '{ m = $5; $1 = "is"; $5 = $6; $6 = m; print }' "$work/counts_ws" > "$work/counts_is"
ask "$work/counts_is"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
