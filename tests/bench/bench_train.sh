#!/bin/sh
# A training step (forward, backward, clip, AdamW; fp32) of our trainer beside the same model in
# PyTorch (torch_step.py, tuned). The two take turns and the least time of each counts, because
# neighbours on a shared machine slow whole seconds down. Figures depend on the machine; no test
# reads them.
#   ROUNDS=3 STEPS=3 THREADS="1 2" MODELS="m10 gpt2 moe8"    turns, steps a turn, rows
#   TORCH_OPTIONS="--attention masked --malloc system"       PyTorch as it is commonly written
#   TRAIN=./vishwa-train                                     the program to time
cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 3' INT TERM
rounds=${ROUNDS:-3} steps=${STEPS:-3} models=${MODELS:-m10 gpt2 moe8} train=${TRAIN:-./vishwa-train}
step=tests/bench/torch_step.py
threads=${THREADS:-1 2}
[ -n "$THREADS" ] || [ "$(nproc)" -ge 2 ] || threads=1
failed=0

# The Python that has PyTorch: Debian's own, where another one stands first in the path.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import torch' 2> "$scratch/import"; then
        python=$candidate
        break
    fi
done

# MODEL -> the file of our trainer, sequences, tokens of a sequence; as in torch_step.py
shape() {
    case $1 in
        m10) echo bench-m10 8 256 ;;
        gpt2) echo gpt2-124m 4 64 ;;
        moe8) echo bench-moe8 8 256 ;;
        *) echo "bench_train.sh: $1: expected m10, gpt2 or moe8" >&2 ;;
    esac
}

# keep OUT COMMAND...: its JSON line is appended to OUT
keep() {
    out=$1
    shift
    if ! "$@" > "$scratch/json" 2> "$scratch/talk"; then
        echo "  $* failed:" >&2
        tail -n 3 "$scratch/talk" >&2
        return 1
    fi
    jq -c . "$scratch/json" >> "$out"
}

# Both sides must have the same number of parameters, or the comparison is of different models.
same_model() { # MODEL FILE
    ours=$(./vishwa-plan count --model "$2" --json | jq .params_total)
    theirs=$("$python" "$step" --model "$1" --count 2> /dev/null | jq .params)
    [ "$ours" = "$theirs" ] && return
    echo "  $1: $ours parameters, in PyTorch $theirs" >&2
    return 1
}

row() { # MODEL THREADS
    set -- "$1" "$2" $(shape "$1")
    [ $# -eq 5 ] || return 1
    : > "$scratch/ours"
    : > "$scratch/theirs"
    if [ -n "$python" ] && ! same_model "$1" "$3"; then
        return 1
    fi
    round=0
    while [ "$round" -lt "$rounds" ]; do
        keep "$scratch/ours" "$train" bench --model "$3" --batch "$4" --seq "$5" --threads "$2" \
            --steps "$steps" --json || return 1
        if [ -n "$python" ]; then
            keep "$scratch/theirs" "$python" "$step" --model "$1" --batch "$4" --seq "$5" \
                --threads "$2" --steps "$steps" $TORCH_OPTIONS || return 1
        fi
        round=$((round + 1))
    done
    jq -n -r --arg model "$1" --arg threads "$2" --slurpfile ours "$scratch/ours" \
        --slurpfile theirs "$scratch/theirs" '
        def seconds(a): if a == [] then "-" else (a | map(.step_time_s) | min) end;
        def peak(a): if a == [] then "-" else (a | map(.peak_rss_bytes) | max / 1e6) end;
        [$model, $threads, seconds($ours), seconds($theirs),
         ($ours | min_by(.step_time_s) | .share_of_gemm_peak), peak($ours), peak($theirs)] | @tsv' |
        awk -F '\t' '{
            speed = $4 == "-" ? "-" : sprintf("%.2f x", $4 / $3)
            theirs = $4 == "-" ? "-" : sprintf("%.3f", $4)
            memory = $7 == "-" ? "-" : sprintf("%.0f", $7)
            less = $7 == "-" ? "-" : sprintf("%.2f x", $7 / $6)
            printf "  %-6s %7d %8.3f %8s %7s %7.0f %% %8.0f %9s %8s\n", $1, $2, $3, theirs,
                speed, 100 * $5, $6, memory, less }'
}

printf '  %-6s %7s %8s %8s %7s %9s %8s %9s %8s\n' model threads "ours, s" "torch, s" faster \
    "GEMM peak" "ours, MB" "torch, MB" smaller
for model in $models; do
    for count in $threads; do
        row "$model" "$count" || failed=1
    done
done
if [ -z "$python" ]; then
    echo "  python3-torch is not installed: only our own steps were timed"
fi
exit "$failed"
