# count: exact parameters and FLOPs.
. "$ROOT/tests/cli/lib.sh"

answers 0 '.params_total == 124439808 and .params_active == 124439808 and .six_n == 746638848' "$plan" count --model gpt2-124m
answers 0 '.flops_per_token_forward == 265956864 and .flops_per_token_train == 797870592 and .seq == 1024' "$plan" count --model gpt2-124m
answers 0 '.params_embedding + .params_non_embedding == .params_total and .params_embedding == 50257*768 + 1024*768' "$plan" count --model gpt2-124m
answers 0 '.params_total == 671026419200 and .params_active < .params_total' "$plan" count --model deepseek-v3 --seq 4096
answers 0 '.attention_convention | test("causal")' "$plan" count --model llama3-8b
answers 0 '.seq == 128' "$plan" count --model llama3-8b --seq 128

# the list sums to the totals: forward, and twice as much backward, on every preset
for model in "$ROOT"/models/*.yaml; do
    answers 0 '(.seq as $s | [.ops[] | select(.phase == "forward") | .model_macs] | add * 2 / $s) as $f | ($f / .flops_per_token_forward - 1 | fabs) < 1e-12 and (.flops_per_token_train / $f - 3 | fabs) < 1e-12' "$plan" count --model "$model" --seq 512
    answers 0 'all(.ops[]; .executed_macs >= .model_macs and .count > 0 and .bytes >= 0) and ([.ops[] | .name + .phase] | length == (unique | length))' "$plan" count --model "$model" --seq 512
done

# published totals, through the program
tail -n +2 "$ROOT/tests/golden/published_models.tsv" > rows.tsv
while IFS="$(printf '\t')" read -r file total active source; do
    answers 0 ".params_total == $total and .params_active == $active" "$plan" count --model "$ROOT/$file" --seq 64
done < rows.tsv

# a file is a model by its content, not by its name
cp "$ROOT/tests/golden/hf/llama-2-7b.json" download.yaml
answers 0 '.params_total == 6738415616' "$plan" count --model download.yaml

# a training configuration has a model inside, or names one
"$plan" export --to vishwa-train --hw laptop --model tiny-moe --batch 64 --out own 2> /dev/null
"$plan" count --model tiny-moe --json > named.json
answers 0 '.params_total > 0' "$plan" count --model own/config.yaml
claim "the model inside a training configuration is the one that was exported" cmp stdout.txt named.json
refuses 2 'quick-moe.yaml:[0-9]+:[0-9]+: model: this is a training configuration, expected a model: give its own, "quick-moe"' "$plan" count --model "$ROOT/trainer/configs/quick-moe.yaml"
sed 's/^model:.*/model: [1]/' "$ROOT/trainer/configs/quick-moe.yaml" > list.yaml
refuses 2 'list.yaml:[0-9]+:[0-9]+: model: expected a model: a map of keys' "$plan" count --model list.yaml
printf 'model: {model: {layers: 2}}\n' > twice.yaml
refuses 2 'twice.yaml:1:9: unknown key "model"' "$plan" count --model twice.yaml
finish
