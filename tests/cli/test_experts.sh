# experts: what three laws say of Mixture-of-Experts in a budget; and the main job near the crossover.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"
experts="$plan experts --hw tpu-v5e --hours 100"
row() { echo "[.rows[] | select(.limits == \"$1\" and .experts == $2)][0]"; }

# the joint law: equal loss, equal memory, equal hours
answers 0 '.budget.flops == 1.8e19 and .budget.unique_tokens == null and (.rows | length) == 12' $experts
answers 0 '[.rows[] | select(.limits == "unlimited") | .saving_flops_share] as [$one, $two, $four, $eight, $sixteen, $most]
    | $one == 0 and ([$two - 0.10, $four - 0.23, $eight - 0.37, $sixteen - 0.50, $most - 0.62] | all(.[]; fabs < 0.005))' $experts
answers 0 "$(row memory 8) | (.saving_flops_share - 0.36 | fabs) < 0.005 and .params_total <= 775e6 and .verdict == \"wins\"" $experts
answers 0 "$(row memory 8) | .saving_flops_equal_memory_share < .saving_flops_share and .saving_time_high_share > .saving_time_low_share" $experts
answers 0 "$(row memory 8) | (.saving_time_high_share - (1 - (1 - .saving_flops_share) / 0.8) | fabs) < 1e-9 and .loss_difference_equal_hours_high < 0" $experts
answers 0 "$(row memory 4) | .verdict == \"FLOPs, not hours\"" $experts
answers 0 "$(row memory 32) | .verdict == \"outside the data\" and (.reason | test(\"refuses 414\"))" $experts
answers 0 'all(.rows[]; .experts == 1 or .crossover_tokens > 1e8)' $experts
answers 0 '.advised_experts == 16 and (.verdict | test("win")) and .crossover.experts == 8' $experts
# on few tokens they lose, and nothing is promised
answers 0 '(.rows | length) == 18 and .advised_experts == 1 and (.verdict | test("stay dense"))' $experts --tokens 100M
answers 0 "$(row 'memory and tokens' 8) | .verdict == \"loses\" and .saving_flops_share == null and .loss_difference == null" $experts --tokens 100M
answers 0 "$(row 'memory and tokens' 8) | .verdict == \"wins\"" $experts --tokens 20G
# the other two laws stand beside it, and nothing is averaged
answers 0 '[.laws[].law] == ["ludziejewski2025", "clark2022", "krajewski2024"] and all(.laws[]; .source and .corpus and .note)' $experts
answers 0 '.laws[1].rows | all(.[]; .dense_equivalent_params >= .base_params * 0.999999)' $experts
answers 0 '.laws[2].rows | length == 5 and all(.[]; .saving_flops_share > 0.9 and (.fits | not) and .params_total_non_embedding > 1e10)' $experts
answers 0 '.laws[2].rows | all(.[]; .fits)' "$plan" experts --hw tpu-v5e --hours 1 --chips 100
answers 0 '.note | test("not to be averaged")' $experts
shows 0 'not to be averaged' $experts
shows 0 'equal memory' $experts
shows 0 'measured at 8 experts' $experts --verbose
answers 0 '.explain | length > 10 and all(.[]; .source and .tag)' $experts --explain
shows 0 'Where each number comes from' $experts --explain
shows 0 'does not fit' $experts
for tokens in '' '--tokens 100M' '--tokens 3G' --verbose --explain; do
    run $experts $tokens
    [ "$code" -eq 0 ] && [ "$(wc -L < stdout.txt)" -le 80 ]
    note $? "experts $tokens fits 80 columns"
done
run $experts
claim "experts in one screen" [ "$(wc -l < stdout.txt)" -le 50 ]
# a machine that holds nothing: the answer is no
run "$plan" experts --hw tpu-v5e --hours 1 --effective-tflops 1e-6
[ "$code" -eq 0 ]
note $? "a tiny budget has an answer"
sed 's/capacity: {value: 16 GB/capacity: {value: 2 GB/; s/capacity: 16 GB/capacity: 2 GB/' "$ROOT/hwprofiles/tpu-v5e.yaml" > small.yaml
answers 1 'all(.rows[] | select(.limits == "memory"); .verdict == "does not fit" and .loss == null)' "$plan" experts --hw ./small.yaml --hours 100

refuses 2 'hours: expected a number such as 100' "$plan" experts --hw tpu-v5e
refuses 2 'model' $experts --model tiny-moe
refuses 2 'tokens: expected' $experts --tokens 0

# the main job: near the crossover, below it, and where only repeats carry it over
warned='[.warnings[] | select(.code == "experts_crossover")]'
answers 0 "$warned == [] and .experts_crossover.side == \"far_above\" and .experts_crossover.experts == 8" $job
answers 0 "($warned | length) == 1 and .experts_crossover.side == \"undecided\"" $job --tokens 100M
answers 0 "($warned[0].message | test(\"lose here\")) and .experts_crossover.side == \"below\" and .experts_crossover.loss_difference > 0" "$plan" --hw tpu-v5e --hours 1 --model gpt2-medium
answers 0 "($warned | length) == 1 and .experts_crossover.side == \"near\"" "$plan" --hw tpu-v5e --hours 10 --model gpt2-medium
shows 0 'experts are not advised' $job --tokens 100M
answers 0 '[.alternatives[] | select(.name == "experts-8")][0] | .saving_flops_share == null and (.saving | test("nothing here"))' $job --tokens 100M
# a model with experts is held against its dense twin and its own crossover
answers 0 '[.alternatives[] | select(.name == "dense-twin")][0] | .loss > 0 and .model.experts == 0 and (.saving | test("joint law"))' $job --model tiny-moe
answers 0 '[.alternatives[] | select(.name == "dense-twin")][0].params_active as $twin | (.recommended.params_active / $twin - 1 | fabs) < 0.01' $job --model tiny-moe
answers 0 "($warned[0].message | test(\"4 experts lose here\")) and ([.alternatives[] | select(.name == \"dense-twin\")][0].loss < .recommended.loss)" "$plan" --hw tpu-v5e --hours 0.002 --model tiny-moe
answers 0 '[.alternatives[].name] | contains(["dense-twin"]) | not' $job --model gpt2-124m

# one comparison for every command, and the other question beside it in words
for tokens in '' '--tokens 2G' '--tokens 100M'; do
    $job $tokens --json 2> err.txt | jq '[.alternatives[] | select(.name == "experts-8")][0] | [.saving_flops_share, .saving_time_low_share, .saving_time_high_share, .loss_difference_equal_hours_low, .crossover_tokens, .verdict]' > main.txt
    $experts $tokens --json 2> err.txt | jq '[.planned[] | select(.name == "experts-8")][0] | [.saving_flops_share, .saving_time_low_share, .saving_time_high_share, .loss_difference_equal_hours_low, .crossover_tokens, .verdict]' > experts.txt
    claim "the main job and experts agree $tokens" cmp main.txt experts.txt
    "$plan" advice --hw tpu-v5e --hours 100 $tokens --with experts-8 --json 2> err.txt > with.txt
    claim "advice and --with agree $tokens" jq -e '[.advice[] | select(.name == "experts-8")][0] as $row | .combination | .compute_saving == $row.compute_saving and .time_saving_low == $row.time_saving_low and .memory_bytes_saved == $row.memory_bytes_saved' with.txt
    claim "the main job and --with agree $tokens" jq -e --slurpfile main main.txt '.combination | .compute_saving == $main[0][0] and .loss_change_same_hours == $main[0][3]' with.txt
done
shows 0 "law's own geometry" $experts

# a joint law from a file
printf '%s\n' 'name: ours' 'form: joint-experts' 'coefficients: {a: 35.91, al: -0.1889, d: -0.1, ga: 0.0098, b: 35.98, be: -0.1775, w: 0.5529, ze: -0.0259, c: 1.3637, E_start: 2.0732, E_max: 290.4521}' 'source: a test' 'corpus: ours' 'n_counts: active' 'fitted: {params: [79e6, 2.7e9], tokens: [0.5e9, 80e9], experts_max: 32}' > ours.yaml
answers 0 '.laws[0].law == "ours" and .advised_experts == 1' $experts --law ./ours.yaml
sed 's/n_counts: active/n_counts: total/' ours.yaml > total.yaml
refuses 2 'law: expected a law of the form joint-experts whose N counts active' $experts --law ./total.yaml
refuses 2 'law: expected a law of the form joint-experts' $experts --law besiroglu2024

# a budget whose size no architecture here reaches: said, and not compared
huge="$plan --hw h100-sxm --hours 10000 --chips 1000000"
answers 0 '([.warnings[] | select(.code == "architecture_capped")] | length) == 1' $huge
answers 0 'all(.alternatives[] | select(.name | test("experts|more-chips")); .saving_flops_share == null and (.saving | test("architecture_capped")))' $huge
answers 0 '[.warnings[] | select(.code == "architecture_capped")] == []' $job

# no loss above what guessing reaches
answers 0 'all(.rows[]; .loss == null or .loss < 10.83)' "$plan" experts --hw tpu-v5e --hours 0.1 --effective-tflops 0.001

# the page
run $job --tokens 100M --report out
claim "the page asks whether experts pay" grep -q 'Would experts pay' out/index.html
claim "the figure is drawn" test -s out/experts.svg
finish
