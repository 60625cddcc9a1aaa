#!/bin/sh
# `vishwa-train data build` on large texts made of the default corpus (grow_corpus.c): speed of
# filter and deduplication (the passes look and settle) as text a second of processor time on one
# thread, and the largest memory on a text of SIZE bytes with all threads. Then what is asked about each document, one by one, and encoding beside spm_encode.
#   SIZE=2e9      bytes of the large text (default: 200e6, for disks and patience)
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build} size=${SIZE:-200e6}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 3' INT TERM

if [ ! -x /usr/bin/time ]; then
    echo "  data build: /usr/bin/time is not installed, nothing was measured"
    exit 0
fi

# NAME BYTES THREADS: one build of a text of so many bytes
row() {
    "$build/tests/bench/grow_corpus" "$scratch" "$2" > "$scratch/text.txt" || return 1
    rm -rf "$scratch/out"
    /usr/bin/time -o "$scratch/time" -f '%U %S %e %M' ./vishwa-train data build --quiet \
        --in "$scratch/text.txt" --out "$scratch/out" --tokenizer bytes --threads "$3" --json \
        > "$scratch/json" || return 1
    awk -v name="$1" -v threads="$3" -v bytes="$(jq .read.bytes "$scratch/json")" \
        -v cpu="$(jq '[.passes[] | select(.pass == "look" or .pass == "settle") | .cpu_s] | add' \
            "$scratch/json")" \
        -v documents="$(jq .read.documents "$scratch/json")" \
        -v kept="$(jq .kept.bytes "$scratch/json")" '
        { printf "  %-12s %6.0f %9d %5.1f %% %7d %7.1f %8.0f %8.1f %7.1f %8.0f\n", name,
                 bytes / 1e6, documents, 100 * kept / bytes, threads, cpu, bytes / 1e6 / cpu,
                 $1 + $2, $3, $4 / 1024 }' "$scratch/time"
}

printf '  %-12s %6s %9s %7s %7s %7s %8s %8s %7s %8s\n' "data build" MB documents kept threads \
    "CPU, s" "MB/s" "all, s" "wall, s" "RSS, MiB"
row "one thread" 100e6 1 || exit 1
row "large" "$size" "$(nproc)" || exit 1
rm -f "$scratch/text.txt"
echo
"$build/tests/bench/bench_text" || exit 1
echo
"$build/tests/bench/bench_dedup" || exit 1
echo
"$build/tests/bench/bench_encode" || exit 1
