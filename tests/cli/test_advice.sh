# advice: what each technique saves, and several together.
. "$ROOT/tests/cli/lib.sh"
job="$plan advice --hw tpu-v5e --hours 100"
all=experts-8,int8,early-exit-3,adamw8bit,recompute

answers 0 '.schema_version == 1 and .flops == 1.8e19 and .combination == null' $job
answers 0 '.advice | length >= 17 and all(.[]; has("compute_saving") and has("loss_change") and has("memory_bytes_saved") and has("time_saving") and has("usd_saved") and has("inference_saving") and has("seed_claim"))' $job
answers 0 'all(.advice[]; (.condition | length > 10) and (.source | length > 5) and (.evidence | IN("primary", "secondary", "from memory", "derived")) and (.why | length > 10) and (.applies | type == "boolean"))' $job
answers 0 '[.advice[].name] | contains(["experts-8","bf16","int8","early-exit","pruning","distillation","synthetic-data","memory-layers","serving","over-training","accumulation","recompute","adamw8bit","fine-tuning"])' $job
answers 0 '.advice[] | select(.name == "experts-8") | (.compute_saving - 0.34 | fabs) < 0.01 and (.time_saving - 0.18 | fabs) < 0.01 and .time_saving_low < .time_saving and .usd_saved_low < .usd_saved and .applies and (.seed_claim | test("20 to 30"))' $job
answers 0 '.advice[] | select(.name == "early-exit") | .compute_saving < -0.1 and .inference_saving_low < .inference_saving_high' $job
answers 0 '.advice[] | select(.name == "pruning") | .compute_saving < 0 and (.applies | not) and .evidence == "secondary"' $job
answers 0 '.advice[] | select(.name == "int8") | (.loss_change - 0.035 | fabs) < 0.002 and (.applies | not)' $job

# conditions change with the question
answers 0 '.advice[] | select(.name == "experts-8") | (.applies | not) and .compute_saving == null and .loss_change == null' $job --tokens 100M
answers 0 '.advice[] | select(.name == "serving") | .applies and .inference_saving > 0.5 and .compute_saving < -1' $job --serve-tokens 1T
answers 0 '.advice[] | select(.name == "over-training") | .applies' $job --serve-tokens 1T
answers 0 '.advice[] | select(.name == "over-training") | .applies | not' $job
answers 0 '.advice[] | select(.name == "adamw8bit") | .compute_saving > 0.1' "$plan" advice --hw tpu-v5e --hours 3000
answers 0 '.advice[] | select(.name == "bf16") | .time_saving > 0.9' "$plan" advice --hw h100-sxm --hours 100
answers 0 'all(.advice[]; .usd_saved == null or .name == "more-chips")' "$plan" advice --hw laptop --hours 10
answers 0 '[.advice[] | select(.name | test("experts"))] | all(.[]; .applies | not)' $job --model gpt2-124m

# what is in the plan is marked as such; what serving pays for waits for it; other tasks are not judged
answers 0 '[.advice[] | select(.in_plan) | .name] == ["bf16", "accumulation"] and all(.advice[] | select(.in_plan); .applies)' $job
answers 0 '[.advice[] | select(.applies) | .name] == ["experts-8", "bf16", "accumulation"]' $job
answers 0 '.advice[] | select(.name == "early-exit") | .applies' $job --serve-tokens 1T
answers 0 '.hours == 100 and .hardware.name == "TPU v5e" and .recommended.params_total > 3e8' $job
shows 0 'loss below 6.93' "$plan" advice --hw tpu-v5e --hours 0.001
# a screen, and the reasons of those that are named
run $job
[ "$code" -eq 0 ] && [ "$(wc -l < stdout.txt)" -le 40 ] && ! grep -q 'Worth it from' stdout.txt
note $? "advice is one screen"
run $job early-exit int8
[ "$code" -eq 0 ] && grep -q 'Worth it from' stdout.txt && ! grep -q pruning stdout.txt
note $? "reasons of those that are named"
shows 0 'A 9 B generator' $job --verbose
refuses 2 'no technique "experts8"; did you mean experts-8' $job experts8

# one question, one answer: crossover, savings, equal hours, memory of a smaller optimizer
"$plan" --hw tpu-v5e --hours 100 --json > main.json 2> /dev/null
"$plan" experts --hw tpu-v5e --hours 100 --json > experts.json 2> /dev/null
jq -e --slurpfile other experts.json '
    ([.alternatives[] | select(.name == "experts-8")][0]) as $main
    | ([.advice[] | select(.name == "experts-8")][0]) as $advice
    | ([.alternatives[] | select(.name == "adamw8bit")][0]) as $optimizer
    | ([$other[0].planned[] | select(.name == "experts-8")][0]) as $row
    | $main.saving_flops_share == $row.saving_flops_share and $advice.compute_saving == $row.saving_flops_share
      and $main.saving_time_share == $row.saving_time_high_share and $advice.time_saving == $row.saving_time_high_share
      and $main.saving_time_low_share == $row.saving_time_low_share
      and ($main.loss - .recommended.loss - $row.loss_difference_equal_hours_low | fabs) < 1e-9
      and .experts_crossover.crossover_tokens == $other[0].crossover.tokens
      and .experts_crossover.params_active == $other[0].crossover.params_active
      and ([.advice[] | select(.name == "adamw8bit")][0].memory_bytes_saved) > 2.2e9
      and ($optimizer.saving | startswith("2.26 GB"))' main.json > /dev/null
note $? "main job, advice and experts agree where the question is the same"

# several together are planned anew
answers 0 '.combination | .reaches_loss and .law == "ludziejewski2025" and (.alone | length == 5) and .params_total > .params_active and .hours > 100' $job --with $all
answers 0 '.combination | (.compute_saving - .naive_sum_compute_saving | fabs) > 0.02 and (.time_saving - .naive_sum_time_saving | fabs) > 0.02 and (.time_saving - .naive_product_time_saving | fabs) > 0.02' $job --with $all
answers 0 '.combination | .law == "besiroglu2024" and .compute_saving == .alone[0].compute_saving and (.naive_sum_compute_saving - .compute_saving | fabs) < 1e-12' $job --with int8
answers 0 '.combination | .reaches_loss | not' $job --tokens 100M --with experts-8
shows 0 'planned together' $job --with $all
shows 0 'Claim: founding paper' $job --explain

# every line fits a terminal
for options in "--with $all" "--tokens 100M" "--serve-tokens 1T --explain" "--chips 1000 --hours 100000 --with $all" "--model gpt2-124m"; do
    claim "80 columns: $options" sh -c "$job $options | awk 'length(\$0) > 80 { exit 1 }'"
done

# the main job carries the list, its terminal points here
answers 0 '(.advice | length >= 17) and all(.advice[]; has("seed_claim"))' "$plan" --hw tpu-v5e --hours 100
shows 0 'vishwa-plan advice' "$plan" --hw tpu-v5e --hours 100
answers 1 '.advice == []' "$plan" --hw tpu-v5e --hours 100 --model llama3-405b

# the screen of the documentation is the program's own
ln -s "$plan" vishwa-plan
sh -c "$(sed -n 's/^\$ \(.*advice.*\)$/\1/p' "$ROOT/docs/advice.md")" | sed -e '1{/^$/d}' -e '${/^$/d}' > real.txt
awk '/^\$ .*advice/ { on = 1; next } on && /^```$/ { exit } on' "$ROOT/docs/advice.md" > screen.txt
claim "the screen of docs/advice.md is the program's own (tests/readme.sh renews it)" diff screen.txt real.txt

refuses 2 'with: expected words such as .*got "experts"; did you mean experts-8' $job --with experts
refuses 2 'experts-8 and experts-4 are of one kind' $job --with experts-8,experts-4
refuses 2 'hours: expected a number such as 100' "$plan" advice --hw tpu-v5e
refuses 2 'report' $job --report out
refuses 1 'no run fits this budget' $job --model llama3-405b
finish
