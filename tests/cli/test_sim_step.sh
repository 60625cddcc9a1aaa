# vishwa-sim step, and gemm on a profile, from outside: the keys of the answers, what they must add
# up to, and what is refused in one line.
. "$ROOT/tests/cli/lib.sh"
sim=$BUILD/vishwa-sim
tpu="$sim step --hw tpu-v5e"
moe="$tpu --model tiny-moe --batch 4 --seq 128"
dense="$tpu --model tiny-dense --batch 4 --seq 128"

# ---- keys
answers 0 '(keys | contains(["schema_version", "engine", "cycles", "time_s", "flops", "utilization",
    "tokens_per_s", "ops", "waterfall"])) and .schema_version == 1 and .engine == "event"' $moe
answers 0 'all(.ops[]; keys | contains(["name", "phase", "m", "n", "k", "count", "cycles",
    "utilization", "bound"])) and all(.waterfall[]; keys == ["cause", "share"])' $moe
answers 0 'all(.ops[]; (.phase | IN("forward", "recompute", "dgrad", "wgrad", "optimizer")) and
    (.bound | IN("matrix", "vector", "memory", "network", "latency", "fill")) and .cycles >= 0 and
    .utilization >= 0 and .utilization <= 1)' $moe
answers 0 '[.ops[] | .name + .phase] | length == (unique | length)' $moe
answers 0 '([.waterfall[].cause] | length == (unique | length)) and
    ([.waterfall[].share] | add) == 1 and ([.waterfall[].share] | reverse | add) == 1 and
    ([.waterfall[].share] | sort | add) == 1 and all(.waterfall[]; .share >= 0)' $moe
for engine in closed event; do
    answers 0 ".engine == \"$engine\" and .cycles > 0 and .utilization <= 1" $moe --engine $engine
done
answers 0 '([.ops[].cycles] | add) as $sum | .cycles >= $sum and .cycles < $sum * 1.05 and
    (.tokens_per_s * .time_s / 512 - 1 | fabs) < 1e-12 and
    (.cycles / .time_s / 1.5e9 - 1 | fabs) < 1e-12' $moe
answers 0 '(.flops / 2 / (.cycles * 65536) / .utilization - 1 | fabs) < 1e-12 and
    .mfu <= .utilization * 1.01' $moe
answers 0 '.batch == 4 and .micro_batch == 1 and .seq == 128' $moe --micro-batch 1
answers 0 '.seq == 256' $tpu --model tiny-moe --batch 1
answers 0 '.precision == "bf16" and .recompute == "full"' $moe --recompute full
answers 0 '.precision == "int8"' $moe --precision int8
answers 0 '.experts_load == "zipf"' $moe --experts-load zipf
for chip in tpu-v4 tpu-v6e a100-80gb h100-sxm epyc-9654; do
    answers 0 '.cycles > 0 and .time_s > 0 and ([.waterfall[].share] | add) == 1 and
        all(.ops[]; .utilization <= 1)' "$sim" step --hw $chip --model tiny-moe --batch 4 --seq 128
done

# ---- the same operations as the planner's
for model in tiny-moe tiny-dense gpt2-124m gemma2-2b; do
    "$plan" count --model $model --seq 128 --json > count.json
    $tpu --model $model --seq 128 --batch 1 --json > step.json 2> /dev/null
    claim "every operation that count lists is simulated, with its sizes: $model" \
        jq -es '(.[1].ops | map({key: (.name + "/" + .phase), value: .}) | from_entries) as $run |
            all(.[0].ops[]; . as $op | $run[.name + "/" + .phase] |
                . != null and .m == $op.m and .n == $op.n and .k == $op.k and .count == $op.count and
                .executed_macs == $op.executed_macs)' count.json step.json
done

# ---- what is asked changes the answer as it must
$moe --json > even.json
$moe --experts-load zipf --json > zipf.json
$moe --recompute full --json > full.json
$moe --micro-batch 1 --json > micro.json
printf '# equal\n1\n1\n1\n1\n1\n1\n1\n1\n' > equal.txt
$moe --experts-load equal.txt --json > equal.json
claim "an uneven load, recomputation and micro-batches take longer; equal shares do not" \
    jq -es 'map(.cycles) | .[1] > .[0] and .[2] > .[0] and .[3] > .[0] and .[4] == .[0]' \
    even.json zipf.json full.json micro.json equal.json
$moe --json > again.json
claim "the same question has the same bytes for an answer" cmp even.json again.json

# ---- for people
for options in '' '--recompute full' '--micro-batch 1 --experts-load zipf' '--engine closed' \
    '--explain'; do
    $moe $options > wide.txt 2> /dev/null
    claim "at most 80 columns: $options" \
        test "$(LC_ALL=C.UTF-8 wc -L < wide.txt)" -le 80 -a "$(wc -l < wide.txt)" -gt 20
done
"$sim" step --hw tpu-v6e --model deepseek-v2-lite --batch 1 --seq 128 > wide.txt 2> /dev/null
claim "at most 80 columns: the longest names" test "$(LC_ALL=C.UTF-8 wc -L < wide.txt)" -le 80
shows 0 'expert' $moe
shows 0 'useful +[0-9.]+ %' $moe

# ---- what is refused
refuses 2 'hw: expected a profile such as tpu-v5e, got nothing' "$sim" step
refuses 2 'model: expected a model such as gpt2-124m, got nothing' $tpu
refuses 2 'batch: expected a number of sequences, got nothing' $tpu --model tiny-moe
refuses 2 'model: no model "tiny-mo"; did you mean tiny-moe\?' $tpu --model tiny-mo --batch 1
refuses 2 'hw: no profile "tpu-v5"; did you mean tpu-v5e or tpu-v5p\?' \
    "$sim" step --hw tpu-v5 --model tiny-moe --batch 1
for value in 0 -1 1.5 nan x 9e15 1e400; do
    refuses 2 'batch: expected a whole number from 1 ' $tpu --model tiny-moe --batch "$value"
    refuses 2 'seq: expected a whole number from 1 ' $moe --seq "$value"
    refuses 2 'micro-batch: expected a whole number from 1 ' $moe --micro-batch "$value"
done
refuses 2 'micro-batch: expected a divisor of the batch of 4, got 3' $moe --micro-batch 3
refuses 2 'micro-batch: expected a divisor of the batch of 4, got 8' $moe --micro-batch 8
refuses 2 'recompute: expected one of none, selective, full, got "ful"; did you mean full\?' \
    $moe --recompute ful
refuses 2 'precision: expected one of .* got "bf61"; did you mean bf16\?' $moe --precision bf61
refuses 2 'engine: expected one of .* got "evnet"; did you mean event\?' $moe --engine evnet
refuses 2 'engine: a step is too long for the reference' $moe --engine reference
refuses 2 'too large to count in 63 bits' $moe --seq 1e9
refuses 2 'unexpected word "extra"' $moe extra
refuses 2 'unknown option "--array"' $moe --array 8x8
refuses 2 'unknown option "--dataflow"' $moe --dataflow ws
refuses 2 'experts-load: expected even, zipf or a file of shares of at most 1 MiB, and "zpf" cannot be read' \
    $moe --experts-load zpf
refuses 2 'experts-load: tiny-dense has no experts' $dense --experts-load zipf
printf '1\n2\n' > short.txt
printf '1\n1\n1\n1\n1\n1\n1\n1\n1\n' > long.txt
printf '1\n1\nmany\n1\n1\n1\n1\n1\n' > word.txt
printf '0\n0\n0\n0\n0\n0\n0\n0\n' > zeros.txt
printf '1\n1\n-1\n1\n1\n1\n1\n1\n' > minus.txt
: > empty.txt
head -c 4096 /dev/zero > zero-bytes.txt
refuses 2 'short.txt: expected a share for each of 8 experts, found 2' $moe --experts-load short.txt
refuses 2 'long.txt:9: more shares than the model.s 8 experts' $moe --experts-load long.txt
refuses 2 'word.txt:3: expected a share of the rows, at least 0, got "many"' \
    $moe --experts-load word.txt
refuses 2 'minus.txt:3: expected a share of the rows' $moe --experts-load minus.txt
refuses 2 'zeros.txt: all shares are zero' $moe --experts-load zeros.txt
refuses 2 'empty.txt: empty' $moe --experts-load empty.txt
refuses 2 'zero-bytes.txt: not a text file' $moe --experts-load zero-bytes.txt
sed '/^scratchpad:/,/^[a-z]/{/^scratchpad:/d;/capacity/d}' "$ROOT/hwprofiles/tpu-v5e.yaml" > bare.yaml
refuses 2 'bare.yaml: simulating a TPU needs scratchpad: capacity' \
    "$sim" step --hw ./bare.yaml --model tiny-moe --batch 1
refuses 4 'output: No space left on device' sh -c "$moe > /dev/full"

# ---- one product on a profile
gemm="$sim gemm 1024 768 512 --hw tpu-v5e"
answers 0 '(keys | contains(["schema_version", "engine", "cycles", "cycles_to_last_mac", "time_s",
    "macs", "utilization", "stall_cycles", "bound", "tiles", "bytes_read", "bytes_written"])) and
    .engine == "event" and .macs == 1024 * 768 * 512 and
    (.cycles / .time_s / 1.5e9 - 1 | fabs) < 1e-12 and .cycles_to_last_mac <= .cycles' $gemm
answers 0 '.time_with_dispatch_s > .time_s and (.time_with_dispatch_s - .time_s - 1e-4 | fabs) < 1e-9' $gemm
answers 0 '(.block | length) == 3 and .block != .runner_up_block and .runner_up_cycles >= .cycles' $gemm
answers 0 '.cycles * .units == .streaming + ([.idle[]] | add)' $gemm
answers 0 '.cycles * .units == .streaming + ([.idle[]] | add) and .cores == 2' \
    "$sim" gemm 1024 768 512 --hw tpu-v4
answers 0 '.engine == "closed"' $gemm --engine closed
answers 0 '.block == [256, 256, 256]' $gemm --block 256x256x256
answers 0 '.bytes_written == 0' $gemm --resident out
for chip in a100-80gb h100-sxm epyc-9654; do
    answers 0 '.time_s > 0 and .utilization > 0 and .utilization <= 1' \
        "$sim" gemm 4096 4096 4096 --hw $chip
done
for asked in 'a100-80gb fp8' 'v100-32gb bf16' 'tpu-v4 fp8'; do
    shows 0 'computed as' "$sim" gemm 512 512 512 --hw ${asked% *} --precision ${asked#* }
done
shows 0 'the whole chip as$|the whole chip as one' "$sim" gemm 512 512 512 --hw epyc-9654
shows 0 'waiting for memory' "$sim" gemm 300 300 300 --hw epyc-9654
answers 0 '.bound == "fill"' "$sim" gemm 64 64 100000 --hw h100-sxm
for chip in a100-80gb laptop; do
    "$sim" gemm 100 4096 4096 --hw $chip --explain > kernel.txt 2> /dev/null
    claim "a kernel has no stationary tile to change and no transfers" \
        sh -c "! grep -qE 'changing the stationary|over transfers|transposes busy' kernel.txt"
    "$sim" gemm 100 4096 4096 --hw $chip --explain --json > kernel.json 2> /dev/null
    claim "the bound is what --explain says is busy longest" jq -e '.cycles as $all | .bound as $b |
        [.explain[] | select(.name | endswith(" busy"))] | max_by(.value) |
        if 2 * .value < $all then $b == "fill" else .name == $b + " busy" end' kernel.json
done
answers 0 '.bytes_read == 2 * 4096 * 4096' "$sim" gemm 4096 4096 4096 --hw laptop --precision int8
$gemm --json > one.json
$gemm --count 5 --json > five.json
claim "five executions take five times as long" \
    jq -es '.[1].cycles == 5 * .[0].cycles and .[1].macs == 5 * .[0].macs' one.json five.json
refuses 2 'hw: no profile "tpu-v9"; did you mean ' "$sim" gemm 8 8 8 --hw tpu-v9
refuses 2 'a block of 8192 x 8192 x 8192 takes [0-9]+ bytes of the scratchpad.s 134217728' \
    "$sim" gemm 8192 8192 8192 --hw tpu-v5e --block 8192x8192x8192
refuses 2 'pass 63 bits' "$sim" gemm 1G 1G 1G --hw tpu-v5e
refuses 2 'pass 63 bits' "$sim" gemm 9e15 9e15 9e15 --hw tpu-v4
$gemm > wide.txt
claim "a product on a profile: at most 80 columns" \
    test "$(LC_ALL=C.UTF-8 wc -L < wide.txt)" -le 80 -a "$(wc -l < wide.txt)" -gt 9

# ---- files
small="$sim step --hw tpu-v5e --model quick-moe --batch 2 --seq 64"
run $small --trace trace.json
claim "a trace is one JSON object of events" jq -e '.traceEvents | length > 50' trace.json
run $small --trace trace.json
claim "our own trace is written over" [ "$code" -eq 0 ]
echo precious > other.json
refuses 2 'other.json is there and no trace' $small --trace other.json
claim "somebody else's file stays" grep -q precious other.json
run $small --trace other.json --force
claim "--force writes over it" jq -e .traceEvents other.json
refuses 4 '/dev/full: No space left' $small --trace /dev/full
claim "a device stays one" [ -c /dev/full ]
run $small --report page
claim "a report is a page with its pictures" [ "$code" -eq 0 -a -s page/index.html -a -s page/roofline.svg ]
claim "the page asks for nothing beside it" sh -c "! grep -qE 'src=\"http|<script' page/index.html"
finish
