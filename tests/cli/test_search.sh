# search: every layout that fits, best first; the same numbers as estimate; refusals by reason.
. "$ROOT/tests/cli/lib.sh"
search="$plan search --hw a100-80gb --chips 16 --model gpt2-xl --batch 32"

answers 0 '.evaluated > 1000 and .fitting > 100 and .seconds > 0 and (.layouts | length) == 10' $search
answers 0 '.considered == .fitting + ([.refused[]] | add) and .evaluated == .fitting + .refused.memory' $search
answers 0 '[.layouts[].step_time_s] == ([.layouts[].step_time_s] | sort) and all(.layouts[]; .mfu > 0 and .mfu < 1 and .bound and .memory_bytes + .memory_margin_bytes == 85899345920)' $search
answers 0 '(.layouts | length) == 3 and .rank == "time"' $search --top 3
answers 0 '[.layouts[].memory_bytes] == ([.layouts[].memory_bytes] | sort)' $search --rank memory
answers 0 '[.layouts[].step_usd] == ([.layouts[].step_usd] | sort) and .layouts[0].chips <= 16' $search --rank money --price 2
answers 0 '.pareto as $p | all(range(1; $p | length); $p[.].step_time_s >= $p[. - 1].step_time_s and $p[.].memory_bytes < $p[. - 1].memory_bytes)' $search
answers 0 '.explain | length > 10' $search --explain

# any number of threads gives the same answer
run $search --json --threads 1
jq 'del(.seconds, .threads)' stdout.txt > one.json
for threads in 2 3; do
    run $search --json --threads "$threads"
    jq 'del(.seconds, .threads)' stdout.txt > more.json
    claim "$threads threads answer as one" cmp one.json more.json
done

# the best is what estimate says of it, and the next command asks just that
run $search --json
best=$(jq -c '[.layouts[0] | .step_time_s, .memory_bytes, .mfu, .bound]' stdout.txt)
next=$(jq -r '.next' stdout.txt | sed "s|^vishwa-plan|$plan|")
eval "timeout 20 $next --json" > estimate.json 2> stderr.txt
claim "estimate of the best says the same" [ "$(jq -c '[.step_time_s, .memory.total_bytes, .mfu, .bound]' estimate.json)" = "$best" ]

# experts and tensor parallelism beyond a node are there, and counted
answers 0 'any(.layouts[]; .layout.ep > 1)' "$plan" search --hw h100-sxm --chips 16 --model olmoe-1b-7b --seq 2048 --batch 32 --stack none --top 100
answers 0 '.fitting_across_domains > 0' "$plan" search --hw a100-80gb --chips 16 --model llama2-7b --batch 32
# one chip has one layout to try, but for the micro-batch and what is made again
answers 0 '.considered == 12 and all(.layouts[]; .layout.dp == 1)' "$plan" search --hw a100-80gb --model gpt2-124m --batch 8

# nothing fits: the answer is no, and says why
answers 1 '.fitting == 0 and .layouts == [] and .refused.memory > 0 and .next == null' "$plan" search --hw a100-80gb --chips 8 --model gpt3-175b --batch 8
shows 1 'more memory than a chip has' "$plan" search --hw a100-80gb --chips 8 --model gpt3-175b --batch 8

shows 0 'vishwa-plan estimate --hw a100-80gb --chips 16' $search
shows 0 'Fastest' $search
for more in '' '--rank memory' '--rank money' '--top 1'; do
    run $search $more
    [ "$code" -eq 0 ] && [ "$(wc -L < stdout.txt)" -le 80 ] && [ ! -s stderr.txt ]
    note $? "search $more fits 80 columns and says nothing else"
done

refuses 2 'hw: expected a profile' "$plan" search --model gpt2-xl --batch 8
refuses 2 'model: expected a model' "$plan" search --hw a100-80gb --batch 8
refuses 2 'batch: expected sequences' "$plan" search --hw a100-80gb --model gpt2-xl
refuses 2 'rank: expected' $search --rank speed
refuses 2 'top: expected' $search --top 0
refuses 2 'layout' $search --layout tp=2
refuses 2 'no whole number of domains' "$plan" search --hw a100-80gb --chips 12 --model gpt2-xl --batch 12
sed 's/on_demand/#&/' "$ROOT/hwprofiles/laptop.yaml" > laptop.yaml
refuses 2 'rank money: expected a price' "$plan" search --hw ./laptop.yaml --model gpt2-124m --batch 8 --rank money
finish
