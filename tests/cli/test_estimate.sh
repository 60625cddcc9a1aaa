# estimate: step time, memory and MFU of one run.
. "$ROOT/tests/cli/lib.sh"

gpt3="$plan estimate --hw a100-80gb --chips 1024 --model gpt3-175b --batch 1536 --layout tp=8,pp=16,zero=1 --recompute full"
answers 0 '.params_total > 1.7e11 and .layout.dp == 8 and .layout.sp == 0 and .fits' $gpt3
answers 0 '([.time_s.compute, .time_s.exposed_communication, .time_s.bubble, .time_s.optimizer, .time_s.other] | add) as $sum | ($sum / .step_time_s - 1 | fabs) < 1e-9' $gpt3
answers 0 '(.model_flops / (312e12 * 1024 * .step_time_s) / .mfu - 1 | fabs) < 1e-9 and .hfu > .mfu' $gpt3
answers 0 '(.tokens_per_s * .step_time_s / (1536 * 2048) - 1 | fabs) < 1e-9 and .step_time_low_s < .step_time_s and .step_time_s < .step_time_high_s' $gpt3
answers 0 '.memory | .total_bytes > .weights_bytes + .gradients_bytes + .optimizer_bytes + .activations_bytes and has("logits_bytes") and has("workspace_bytes")' $gpt3
answers 0 '(.ops | length) > 40 and all(.ops[]; .time_s >= 0 and (.bound | test("^(matrix|vector|memory|network|latency|fill)$")))' $gpt3
answers 0 '.stack == "megatron-lm"' $gpt3
answers 0 '.stack == "none"' $gpt3 --stack none
answers 0 '(.explain | length) > 20 and all(.explain[]; .tag != null)' $gpt3 --explain
shows 0 'nine in ten' $gpt3
claim "the screen is at most 80 columns" sh -c "$gpt3 | awk 'length > 80 { exit 1 }'"
claim "and at most one screen" sh -c "[ \$($gpt3 | wc -l) -le 26 ]"

# a run that does not fit is shown, and the answer is no
answers 1 '.fits == false and .memory.total_bytes > 16e9' "$plan" estimate --hw tpu-v5e --model llama3-8b --batch 8
answers 0 '.weights_bytes > 1.6e10 and .kv_cache_bytes == 16 * 8192 * 32 * 2 * 8 * 128 * 2 and .decode_time_s < .prefill_time_s' "$plan" estimate --hw h100-sxm --model llama3-8b --inference --batch 16
answers 1 '.fits == false' "$plan" estimate --hw tpu-v5e --model llama3-8b --inference --batch 16

# what the stack does not run is said, not refused
answers 0 '.stack == "megatron-lm" and .stack_does_not_run == "zero"' "$plan" estimate --hw a100-80gb --chips 8 --model gpt2-124m --batch 64 --layout pp=4,zero=2
answers 0 '.stack_does_not_run == null' "$plan" estimate --hw a100-80gb --chips 8 --model gpt2-124m --batch 64 --layout pp=4,zero=1
answers 0 '.stack_does_not_run == "tp"' "$plan" estimate --hw h100-sxm --chips 8 --model gpt2-124m --batch 64 --layout tp=2
shows 0 'megatron-lm does not run this layout: zero' "$plan" estimate --hw a100-80gb --chips 8 --model gpt2-124m --batch 64 --layout zero=3
answers 0 '.refused.software > 0 and all(.layouts[].layout; .zero < 2)' "$plan" search --hw a100-80gb --chips 8 --model gpt2-124m --batch 8

# a run that no step was like has a wider range, and says so
moe="$plan estimate --hw a100-80gb --chips 64 --model mixtral-8x7b --seq 4096 --batch 64 --recompute full --layout zero=3,ep=8"
answers 0 '.outside_measured == [] and .step_time_high_s / .step_time_s < 1.05' $gpt3
answers 0 '.outside_measured == ["ep", "experts", "zero=3"] and .step_time_high_s / .step_time_s > 1.3' $moe
answers 0 '.outside_measured == ["zero=3"] and (.step_time_high_s / .step_time_s - 1.2 | fabs) < 1e-9' "$plan" estimate --hw a100-80gb --chips 64 --model llama3-8b --seq 4096 --batch 64 --layout zero=3
answers 0 '.outside_measured == ["experts"]' "$plan" estimate --hw h100-sxm --chips 64 --model mixtral-8x7b --seq 4096 --batch 64 --recompute full --layout zero=3
shows 0 'outside the steps it was measured on: ep, experts' $moe
shows 0 'wider: outside the steps' $moe --explain

# the list says what may hide behind other work
answers 0 '[.ops[] | select(.overlaps)] | length > 0 and all(.bound == "network")' $moe
answers 0 '[.ops[] | select(.bound == "network" and (.overlaps | not))] | length > 0' $gpt3
large="'$plan' search --hw h100-sxm --chips 64 --model llama3-70b --seq 8192 --batch 16"
claim "a search that the wished stack leaves empty says how to search on" sh -c "$large --stack fsdp 2>&1 >x | grep -q 'no layout that fsdp runs fits on 64 x .*--stack none'"
claim "a search that the profile's own stack leaves empty goes on and says so" sh -c "$large 2>&1 >x | grep -q 'of any software' && grep -q Fastest x"

# nonsense is refused with the reason
few="$plan estimate --hw a100-80gb --chips 8 --model gpt2-124m --batch 64"
refuses 2 'heads' $few --layout tp=8
refuses 2 'layers' $few --layout pp=8,interleave=4
refuses 2 'interleave: expected micro-batches a multiple of pp = 4, got 3' $few --layout pp=4,interleave=3 --batch 6
refuses 2 'sp: expected 0 with tp=1' $few --layout sp=1
refuses 2 'imbalance: expected a model with experts, got gpt2-124m' $few --imbalance 5
refuses 2 'imbalance: expected at most ep = 8.*got 9' "$plan" estimate --hw h100-sxm --chips 64 --model mixtral-8x7b --batch 64 --layout ep=8 --imbalance 9
refuses 2 'seq: expected at most 1024 tokens, the learned positions of gpt2-124m, got 8192' $few --seq 8192
refuses 2 'tp x pp x cp x dp: expected 8 chips, got 4' $few --layout tp=2,dp=2
refuses 2 'ep: expected a divisor' $few --layout ep=3
refuses 2 'dp x micro-batch = 24' $few --micro-batch 3
refuses 2 'unknown key|no key|expected' $few --layout xp=2
refuses 2 'no stack "bogus"' $few --stack bogus
refuses 2 'int8 training is not modelled' $few --precision int8
refuses 2 'batch: expected' "$plan" estimate --hw a100-80gb --model gpt2-124m
refuses 2 'model: expected' "$plan" estimate --hw a100-80gb --batch 8
finish
