# vishwa-sim from outside: what its command line refuses, in one line, and the keys of its answers.
. "$ROOT/tests/cli/lib.sh"
sim=$BUILD/vishwa-sim
gemm="$sim gemm 64 48 32"
array="$gemm --array 8x8"

# ---- the program
run "$sim"
[ "$code" -eq 2 ] && [ ! -s stdout.txt ] && grep -q 'vishwa-sim gemm' stderr.txt
note $? "no arguments: what it is, and one example"
for word in --help -h; do
    shows 0 'Commands \(vishwa-sim COMMAND --help\)' "$sim" $word
done
shows 0 '^vishwa-sim [0-9.]+ \(' "$sim" --version
shows 0 'Examples' "$sim" gemm --help
shows 0 '^vishwa-sim [0-9.]+ \(' "$sim" gemm --version
refuses 2 'unknown command "gem"; did you mean gemm\?' "$sim" gem 1 1 1
refuses 2 'unknown command "scalesim"; did you mean scale-sim\?' "$sim" scalesim
refuses 2 'unknown command "--json"' "$sim" --json

# ---- sizes
refuses 2 'expected M N K .* got 0 words' "$sim" gemm --array 8x8
refuses 2 'expected M N K .* got 2 words' "$sim" gemm 64 48 --array 8x8
refuses 2 'unexpected word "16"' "$sim" gemm 64 48 32 16 --array 8x8
for value in 0 1.5 nan inf x 64x 0x40 1_000 '' ' 64' 1e16 1e400 64MB '٤'; do
    refuses 2 'M: expected a whole number from 1 ' "$sim" gemm "$value" 48 32 --array 8x8
    refuses 2 'N: expected a whole number from 1 ' "$sim" gemm 64 "$value" 32 --array 8x8
    refuses 2 'K: expected a whole number from 1 ' "$sim" gemm 64 48 "$value" --array 8x8
done
refuses 2 'unknown option "-64"' "$sim" gemm -64 48 32 --array 8x8
refuses 2 'M: expected a whole number .* got "-64"' "$sim" gemm --array 8x8 -- -64 48 32
refuses 2 'multiply-adds of this product pass 63 bits' "$sim" gemm 1G 1G 1G --array 128x128
for engine in closed event reference; do
    refuses 2 'pass 63 bits' "$sim" gemm 9e15 9e15 9e15 --array 1x1 --engine $engine
    refuses 2 'cycles and bytes of this product pass 63 bits' \
        "$sim" gemm 1 1 1e15 --array 1x65536 --engine $engine
done
refuses 2 'count: expected a whole number from 1 ' $array --count 0
refuses 2 'count: 9000000000000000 executions count beyond 63 bits' $array --count 9e15

# ---- the machine
refuses 2 'either --hw P or --array RxC, got neither' $gemm
refuses 2 'either --hw P or --array RxC, got both' $array --hw tpu-v5e
for value in 0x8 8x0 8x 8 x8 8x8x8 8X8 8*8 -8x8 8x-8 8.5x8 nanx8 8xinf 65537x8 8x65537 '8 x 8' 1e99x8 \
    99999999999999999999999999999999999999999x8; do
    refuses 2 'array: expected rows x columns from 1x1 to 65536x65536 .* got' $gemm --array "$value"
done
refuses 2 'array: expected RxC, got nothing' $gemm --array
refuses 2 'dataflow: expected one of ws, os, is, got "wss"; did you mean ws' $array --dataflow wss
refuses 2 'weights: expected one of serial, shift, double, got "duoble"; did you mean double\?' \
    $array --weights duoble
refuses 2 'engine: expected one of closed, event, reference, got "evnet"; did you mean event\?' \
    $array --engine evnet
refuses 2 'precision: expected one of .* got "bf61"; did you mean bf16\?' $array --precision bf61
refuses 2 'split: expected one of tiles, rows, got "row"; did you mean rows\?' $array --split row
refuses 2 'split: rows are not split with --dataflow os' $array --split rows --dataflow os
for value in 0 -1 nan inf 1e-9 1e12 64GB; do
    refuses 2 'bandwidth: expected a number from' $array --bandwidth "$value"
done
for value in 0 -1 1.5 100000; do
    refuses 2 'buffers: expected a whole number from 1 to 65536' $array --buffers "$value"
done
for value in 0x8x8 8x8 8x8x8x8 8 x 8x8x 1.5x8x8; do
    refuses 2 'block: expected MxNxK such as .* got' $array --block "$value"
done
refuses 2 'resident: expected any of lhs,rhs,out, got "lsh"; did you mean lhs' $array --resident lsh
refuses 2 'resident: expected any of lhs,rhs,out, got ""' $array --resident lhs,,out
refuses 2 'resident: expected any of lhs,rhs,out, got ""' $array --resident lhs,
for option in '--dataflow os' '--weights double' '--bandwidth 8' '--buffers 3'; do
    word=${option%% *}
    refuses 2 "${word#--}: only with --array" $gemm --hw tpu-v5e $option
done
refuses 2 'refresh: only with --hw auto' $array --refresh
refuses 2 'unknown option "--aray"; did you mean --array\?' $gemm --aray 8x8
refuses 2 'unknown option "--model"' $array --model tiny-moe
refuses 4 'output: No space left on device' sh -c "$array > /dev/full"
refuses 4 'output: No space left on device' sh -c "$array --json > /dev/full"

# ---- answers
answers 0 '(keys | contains(["schema_version", "engine", "cycles", "cycles_to_last_mac", "time_s", "macs",
    "utilization", "stall_cycles", "bound", "tiles", "bytes_read", "bytes_written", "idle", "count",
    "array", "dataflow", "weights"])) and .schema_version == 1 and .engine == "event" and
    .time_s == null and .array == "8x8" and .dataflow == "ws" and .weights == "serial"' $array
answers 0 '.macs == 64 * 48 * 32 and .tiles == 24 and .stall_cycles == 0 and .bytes_written == 64 * 48 * 4' $array
# counted in RTL: F (2R + C + M - 2) and R + (F - 1) max(M, R) + M + R + C - 2
answers 0 '.cycles_to_last_mac == 24 * (16 + 8 + 64 - 2)' $array --weights serial
answers 0 '.cycles_to_last_mac == 8 + 23 * 64 + 64 + 8 + 8 - 2' $array --weights double
answers 0 '.cycles_to_last_mac == 32 + 8 + 8 - 2' "$sim" gemm 8 8 32 --array 8x8 --dataflow os
for dataflow in ws os is; do
    for weights in serial shift double; do
        for engine in closed event; do
            answers 0 ".engine == \"$engine\" and .dataflow == \"$dataflow\" and .weights == \"$weights\"
                and .cycles * .units == .streaming + ([.idle[]] | add)
                and (.utilization - .macs / (.cycles * 64) | fabs) < 1e-15
                and .cycles_to_last_mac <= .cycles" \
                $array --dataflow $dataflow --weights $weights --engine $engine
        done
    done
done
answers 0 '.bound == "memory" and .stall_cycles > 0 and .bytes_per_cycle == 0.5' $array --bandwidth 0.5
answers 0 '.bound == "matrix"' $array --weights double
answers 0 '.bound == "fill"' "$sim" gemm 1 1 1 --array 128x128
answers 0 '.bytes_read == 0 and .bytes_written == 0 and .stall_cycles == 0' \
    $array --bandwidth 1 --resident lhs,rhs,out
answers 0 '.bytes_read == (64 + 48) * 32 * 2' $array --precision bf16
answers 0 '.block == [16, 48, 32] and .tiles == 4 * 24' $array --block 16x1000x32
answers 0 '.m == 4000 and .block[0] == 4000' "$sim" gemm 4k 48 32 --array 8x8
answers 0 '[.explain[].name] | contains(["cycles", "utilization", "bound", "tiles"])' $array --explain
shows 0 'Where each number comes from' $array --explain
$array --bandwidth 3 --json > one.json
$array --bandwidth 3 --json --count 7 > seven.json
claim "seven executions one after another are seven times one" jq -es 'map([.cycles, .macs, .tiles,
    .bytes_read, .stall_cycles, .idle.weights]) as [$one, $seven] | ($one | map(. * 7)) == $seven and
    .[1].cycles_to_last_mac == 6 * .[0].cycles + .[0].cycles_to_last_mac' one.json seven.json
for options in '' '--bandwidth 1 --weights double' '--dataflow is --count 9e9' '--explain'; do
    $array $options > wide.txt
    claim "at most 80 columns: $options" \
        test "$(LC_ALL=C.UTF-8 wc -L < wide.txt)" -le 80 -a "$(wc -l < wide.txt)" -gt 9
done
finish
