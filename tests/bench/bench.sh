#!/bin/sh
# Speed of whole commands: least and median wall time of many runs, against the bound that the
# project sets itself, and against the start of an empty process on the same machine in the same
# run; then the simulator's engines (bench_sim.c), its table against silicon (silicon.c), the loss
# laws on published runs (laws.c), predicted step times against published ones (steptime.c) and the
# trainer. Figures depend on the machine; no test reads them.
# usage: tests/bench/bench.sh [BUILD_FOLDER]
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# seconds of one run, by the shell's own clock in nanoseconds
once() {
    begin=$(date +%s%N)
    "$@" > "$scratch/out" 2>&1
    end=$(date +%s%N)
    echo $((end - begin))
}

row() { # NAME BOUND_MS RUNS COMMAND...
    name=$1 bound=$2 runs=$3
    shift 3
    : > "$scratch/times"
    i=0
    while [ "$i" -lt "$runs" ]; do
        once "$@" >> "$scratch/times"
        i=$((i + 1))
    done
    sort -n "$scratch/times" | awk -v name="$name" -v bound="$bound" -v base="$base" '
        { t[NR] = $1 / 1e6 }
        END { printf "  %-38s %9.1f %9.1f %9.0f %11.1f x\n", name, t[1], t[int((NR + 1) / 2)], bound,
              (base > 0 ? t[1] / base : 1) }'
}

base=0
printf '  %-38s %9s %9s %9s %13s\n' "whole process, ms" least median wanted "empty process"
row "true (an empty process)" 0 40 /bin/true
base=$(sort -n "$scratch/times" | head -n 1 | awk '{ print $1 / 1e6 }')
row "count --model gpt2-124m --json" 50 40 ./vishwa-plan count --model gpt2-124m --json
row "count --model deepseek-v3 --json" 50 40 ./vishwa-plan count --model deepseek-v3 --json
row "--hw tpu-v5e --hours 100" 50 40 ./vishwa-plan --hw tpu-v5e --hours 100
row "--hw tpu-v5e --hours 100 --tokens 100M" 50 40 ./vishwa-plan --hw tpu-v5e --hours 100 --tokens 100M
row "--hw b200 --chips 1024 --days 30" 50 20 ./vishwa-plan --hw b200 --chips 1024 --days 30
row "sim gemm 8192 8192 8192 --hw tpu-v6e" 50 20 ./vishwa-sim gemm 8192 8192 8192 --hw tpu-v6e
row "sim step, gpt2-124m, 32k tokens" 1000 10 ./vishwa-sim step --hw tpu-v5e --model gpt2-124m --seq 1024 --batch 32
row "--report" 5000 3 ./vishwa-plan --hw tpu-v5e --hours 100 --report "$scratch/report"
if [ -x /usr/bin/time ]; then
    /usr/bin/time -f '  peak memory of the main job: %M kB' ./vishwa-plan --hw tpu-v5e --hours 100 2>&1 > /dev/null | tail -n 1
fi

echo
"$build/tests/bench/bench_sim" || exit 1
echo
"$build/tests/bench/silicon" || exit 1
echo
"$build/tests/bench/laws" || exit 1
echo
"$build/tests/bench/steptime" || exit 1
echo
"$build/tests/bench/bench_search" || exit 1

# layouts a second of CPU: one thread, so wall time is that, but for the process itself
echo
search='./vishwa-plan search --hw a100-80gb --model gpt3-175b --seq 2048 --batch 1536'
printf '  %-38s %9s %9s %9s %13s\n' "search, one thread" layouts priced seconds "us a priced one"
for chips in 64 256; do
    $search --chips "$chips" --threads 1 --quiet --json > "$scratch/search" || exit 1
    awk -F '[:,]' -v name="gpt3-175b on $chips A100s" '
        /"(considered|evaluated|seconds)":/ { gsub(/[" ]/, "", $1); of[$1] = $2 }
        END { n = of["evaluated"]; s = of["seconds"]
              printf "  %-38s %9d %9d %9.2f %15.2f\n", name, of["considered"], n, s, 1e6 * s / n }' \
        "$scratch/search"
done

# the data pipeline, and encoding beside spm_encode
echo
tests/bench/bench_data.sh "$build" || exit 1

echo
tests/bench/bench_train.sh || exit 1
