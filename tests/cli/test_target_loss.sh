# --target-loss: what a loss needs, and whether the budget reaches it; hours and tokens with ranges.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"

answers 0 '.target | .reached and .law == "besiroglu2024" and (.run.loss - 3 | fabs) < 0.003 and .hours < 100' $job --target-loss 3
answers 0 '.target | .flops_low < .flops and .flops < .flops_high and .params_low < .params and .params < .params_high and .tokens_low < .tokens and .tokens < .tokens_high' $job --target-loss 3
answers 0 '.target | .hours_low < .hours and .hours < .hours_high and .cost_low_usd < .cost_usd and .cost_usd < .cost_high_usd and .energy_low_kwh < .energy_kwh and .energy_kwh < .energy_high_kwh and .co2_low_kg < .co2_kg' $job --target-loss 3
answers 0 '.target | (.flops / (6 * .params * .tokens) - 1 | fabs) < 1e-6 and .run.fits and .hours == .run.hours' $job --target-loss 3
answers 1 '.target | (.reached | not) and .hours > 200 and .share_of_draws_reached < 0.05 and (.verdict | test("budget does not reach it: 100 h"))' $job --target-loss 2.7
answers 1 '.target | (.reached | not) and .irreducible_loss == 1.8172 and .flops == null and .hours == null and (.verdict | test("irreducible loss of 1.817"))' $job --target-loss 1.8
# near the floor more than one draw in forty never gets there: no number stands for that end
answers 1 '.target | .flops > 1e26 and .flops_high == null and (.reached | not)' $job --target-loss 1.85
# what it needs is what the optimum gives: asked back and forth
run $job --json
loss=$(jq .optimum.loss stdout.txt)
answers 0 "(.target.flops / 1.8e19 - 1 | fabs) < 1e-6" "$plan" --hw tpu-v5e --hours 200 --target-loss "$loss"
# another law, a model, repeated data
answers 0 '.target.law == "hoffmann2022"' $job --target-loss 3 --law hoffmann2022
answers 0 '.target | .params == 124439808 and .params_low == .params and .run.params_total == 124439808' $job --target-loss 3.3 --model gpt2-124m
answers 1 '.target.verdict | test("no number of tokens")' $job --target-loss 2.5 --model gpt2-124m
answers 1 '.target | (.fits | not) and (.verdict | test("does not fit"))' $job --target-loss 3.3 --model llama3-8b
answers 0 '.target | .loss_repetition_nats > 0.01 and .run.epochs > 3 and (.run.loss - 3.3 | fabs) < 0.01' $job --target-loss 3.3 --tokens 1G
answers 1 '.target.verdict | test("no repeating")' $job --target-loss 3.3 --tokens 100M
answers 0 'has("target") | not' $job
shows 0 'To reach  loss 3 by Besiroglu' $job --target-loss 3
shows 1 'budget does not reach it' $job --target-loss 2.7
run $job --target-loss 2.5
tr -s ' \n' ' ' < stdout.txt | grep -q '2.33e20 FLOP, with activations recomputed; memory holds it below 1.06 B'
note $? "the size that memory leaves, and its compute"
for loss in 1.5 1.85 2.7 3 6; do
    run $job --target-loss $loss
    [ "$(awk 'length($0) > n { n = length($0) } END { print n }' stdout.txt)" -le 80 ] && ! grep -q ' $' stdout.txt
    note $? "a screen of 80 columns to reach $loss"
done
refuses 2 'hours: expected a number' "$plan" --hw tpu-v5e --target-loss 3
refuses 2 'target-loss: expected a number' $job --target-loss -1

# hours of the tokens, and tokens of the hours, over the throughput's spread of 12 %
answers 0 '.recommended | (.hours_high / .hours - 1.265 | fabs) < 0.002 and (.hours / .hours_low - 1.265 | fabs) < 0.002' $job
answers 0 '.recommended | (.tokens_high / .tokens - 1.265 | fabs) < 0.002 and (.tokens / .tokens_low - 1.265 | fabs) < 0.002' $job
answers 0 'all(.alternatives[]; .hours_low <= .hours and .hours <= .hours_high and .tokens_low <= .tokens and .tokens <= .tokens_high)' $job
# a step takes no less than its roofline: no throughput shortens such a run
answers 0 '.recommended | .hours_low >= .steps * .step_roofline_s / 3600 * 0.999999 and .hours_high > .hours' $job --mfu 0.6
answers 0 '.recommended | .hours_low == .hours' $job --mfu 0.99
shows 0 '^  On +7.50 B tokens \(5.93 B - 9.49 B\)' $job
# jq keeps the last of two: a key that stood twice would be counted twice here
run $job --json
runs=$(jq '1 + (.alternatives | length)' stdout.txt)
claim "no key stands twice in a run" [ "$(grep -o '"hours_low":' stdout.txt | wc -l)" -eq "$runs" ]
finish
