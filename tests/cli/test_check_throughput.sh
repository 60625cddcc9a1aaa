# --check-throughput: the simulator beside the planner replaces the assumed throughput.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"
check="$job --check-throughput"

# one that hangs is waited for while the rest is tested
mkdir hangs
cp "$plan" hangs/vishwa-plan
printf '#!/bin/sh\nexec sleep 1000\n' > hangs/vishwa-sim
chmod +x hangs/vishwa-sim
{
    VISHWA_DATA=$ROOT timeout 60 hangs/vishwa-plan --hw tpu-v5e --hours 100 --check-throughput > hangs/out 2> hangs/err
    echo $? > hangs/code
} &

# the answer, and what it is made of
answers 0 '.throughput_check | .assumed_flops_per_s == 5e13 and .assumed_scenario == "paper" and (.assumed_mfu - 0.2538 | fabs) < 1e-4' $check
answers 0 '.throughput_check | .simulated_flops_per_s > 6e13 and .simulated_flops_per_s < 1.97e14 and .simulated_flops_per_s_low < .simulated_flops_per_s and .simulated_flops_per_s < .simulated_flops_per_s_high' $check
answers 0 '.throughput_check | (.bound | IN("matrix", "vector", "memory")) and .rounds >= 1 and .rounds <= 6 and .settled and .caveat == null and (.scope | test("host and the input pipeline are not in it"))' $check
answers 0 '.throughput_check.waterfall | length == 3 and .[0].share >= .[1].share and .[1].share >= .[2].share and all(.[]; .cause != "useful" and .share > 0)' $check
answers 0 '.hardware.scenario == "simulated" and .hardware.tag == "calibrated" and .hardware.effective_flops_per_s == .throughput_check.simulated_flops_per_s and .hardware.mfu == .throughput_check.simulated_mfu' $check
answers 0 '.budget.flops / (360000 * .throughput_check.simulated_flops_per_s) - 1 | fabs < 1e-12' $check
answers 0 '.recommended | (.steps * .step_time_s / 360000 - 1 | fabs) < 1e-3 and (.steps * .batch_tokens - .tokens | fabs) < 1' $check
answers 0 '.throughput_check.after.params == .recommended.params_total and .throughput_check.after.loss == .recommended.loss and .throughput_check.after.steps == .recommended.steps' $check
answers 0 '.throughput_check | .before.params < .after.params and .before.loss > .after.loss' $check
answers 0 '[.alternatives[].name] | contains(["paper", "fleet"])' $check
answers 0 '[.explain[].name] | contains(["assumed throughput", "simulated step", "simulated throughput", "largest loss"])' $check --explain

# before is the plan without the check
run $job --json
cp stdout.txt plain.json
run $check --json
cp stdout.txt checked.json
claim "before is the plan as it was assumed" jq -ne --slurpfile p plain.json --slurpfile c checked.json \
    '$c[0].throughput_check.before as $b | $p[0].recommended | .params_total == $b.params and .tokens == $b.tokens and .steps == $b.steps and .loss == $b.loss'
claim "without the option nothing is said of it" jq -e '(has("throughput_check") | not) and .hardware.scenario == "paper"' plain.json
run $check --json
cp stdout.txt again.json
claim "the same question, the same answer" cmp again.json checked.json

# the simulator asked by hand says the same step; of several chips each updates its share
by_hand() { # CHIPS
    jq -r '.recommended.model | "layers: \(.layers)\nhidden: \(.hidden)\nheads: \(.heads)\nhead_dim: \(.head_dim)\nffn: \(.ffn)\nvocab: \(.vocab)\ncontext: \(.context)\ntied: \(.tied)"' checked.json > model.yaml
    micro=$(jq '.recommended.micro_batch_sequences' checked.json)
    batch=$(jq ".recommended | .batch_tokens / .seq / $1 | round" checked.json)
    "$BUILD/vishwa-sim" step --hw tpu-v5e --model ./model.yaml --seq "$(jq .recommended.seq checked.json)" --batch "$batch" --micro-batch "$micro" --json > step.json &&
        jq -ne --slurpfile s step.json --slurpfile c checked.json "
            ([\$s[0].ops[] | select(.phase == \"optimizer\").time_s] | add) as \$optimizer |
            \$optimizer > 0 and ((\$s[0].time_s - \$optimizer * (1 - 1 / $1)) / \$c[0].recommended.step_time_s - 1 | fabs) < 1e-9"
}
claim "a step takes what vishwa-sim says" by_hand 1
run $check --chips 8 --json
cp stdout.txt checked.json
claim "of eight chips too" by_hand 8

# other questions
shows 0 'Checked +assumed 50\.0 TFLOP/s a chip \(MFU 25 %, paper\); vishwa-sim: ' $check
shows 0 'bound; lost: ' $check
answers 0 '.throughput_check.assumed_scenario == "--mfu" and .hardware.scenario == "simulated"' $check --mfu 0.4
answers 0 '.throughput_check.assumed_flops_per_s == 6e13' $check --effective-tflops 60
answers 0 '.throughput_check.settled and .recommended.params_total == 124439808 and .hardware.mfu < 1' $check --model gpt2-124m
answers 0 '.throughput_check.settled and .recommended.model.experts > 0' $check --model tiny-moe
answers 0 '.throughput_check.settled and (.recommended.steps * .recommended.step_time_s / 360000 - 1 | fabs) < 1e-3 and ([.warnings[].code] | contains(["linear_scaling"])) and (.throughput_check.scope | test("communication between chips"))' $check --chips 8
answers 0 '.recommended.data_limited and .throughput_check.after.hours < 30' $check --tokens 100M
answers 1 '.recommended.recompute == "full" and (.recommended.step_time_s / .throughput_check.simulated_step_time_s - 1 | fabs) < 1e-9 and (.throughput_check.simulated_step_mfu - .recommended.mfu | fabs) < 1e-9 and .throughput_check.simulated_mfu > .recommended.mfu' $check --model gpt2-xl
answers 0 '[.warnings[].code] | contains(["recipe_not_simulated"])' $check --recipe adamw8bit-no-master
answers 0 '(.throughput_check.caveat | test("no measured kernels")) and .hardware.tag == "assumed" and ([.warnings[].code] | contains(["simulated_at_best"]))' "$plan" --hw mi300x --hours 100 --check-throughput
run $check --report page
claim "the page has its section" grep -q 'Does the throughput hold?' page/index.html
run $job --report plain
claim "and none when it was not asked for" sh -c '! grep -q "Does the throughput hold" plain/index.html'

# what the profile lacks is said by the simulator
sed '/^matrix:/,/^[a-z]*:/ { /^matrix:/d; /^ /d; }' "$ROOT/hwprofiles/tpu-v5e.yaml" > bare.yaml
refuses 2 'vishwa-sim: .*bare\.yaml: .*matrix' "$plan" --hw ./bare.yaml --hours 100 --check-throughput

# another program in the simulator's place; none at all
mkdir beside
cp "$plan" beside/vishwa-plan
alone="env VISHWA_DATA=$ROOT beside/vishwa-plan --hw tpu-v5e --hours 100 --check-throughput"
stub() { # SCRIPT
    printf '#!/bin/sh\n%s\n' "$1" > beside/vishwa-sim
    chmod +x beside/vishwa-sim
}
refuses 4 'beside/vishwa-sim: No such file or directory; it belongs beside this program' $alone
claim "without the check nobody misses it" env VISHWA_DATA="$ROOT" beside/vishwa-plan --hw tpu-v5e --hours 100
: > beside/vishwa-sim
refuses 4 'beside/vishwa-sim: Permission denied' $alone
chmod +x beside/vishwa-sim
refuses 4 'beside/vishwa-sim: ' $alone
stub 'echo "vishwa-sim: tpu-v5e: it refuses" >&2; exit 2'
refuses 2 'vishwa-plan: vishwa-sim: tpu-v5e: it refuses' $alone
stub 'echo "vishwa-sim: no disk" >&2; echo "{}"; exit 4'
refuses 4 'vishwa-sim: no disk' $alone
stub 'kill -SEGV $$'
refuses 4 'vishwa-sim: ended by signal 11' $alone
stub 'exit 0'
refuses 4 "vishwa-sim's answer" $alone
stub 'echo hello'
refuses 4 "vishwa-sim's answer: expected a JSON object" $alone
stub 'head -c 300000 /dev/zero'
refuses 4 "vishwa-sim's answer" $alone
stub 'exec yes'
refuses 4 'vishwa-sim: wrote more than' $alone
for change in 's/"time_s": /"time_s": -/' 's/"time_s": [0-9.]*/"time_s": NaN/' 's/"bound": "[a-z]*"/"bound": 3/' \
    's/"model_flops": [0-9]*/"model_flops": 12/' 's/"time_s": [0-9.]*/"time_s": 1e-9/' '/"waterfall"/,$d' 's/"share": [0-9.e-]*/"share": 0.5/'; do
    stub "'$BUILD/vishwa-sim' \"\$@\" | sed '$change'"
    refuses 4 "vishwa-sim's answer" $alone
done
# a simulator to whom wide models are slow and narrow ones fast: each is the better one at the other's
# throughput; one is kept, and that is said
stub "wide=\$(sed -n 's/^hidden: //p' /dev/stdin)
'$BUILD/vishwa-sim' \"\$@\" | jq \"if \$wide > 1300 then .time_s *= 4 else . end\""
answers 0 '(.throughput_check | .rounds > 3 and .settled) and ([.warnings[].code] | contains(["architecture_kept"]))' $alone
answers 0 '.recommended.steps * .recommended.step_time_s / 360000 - 1 | fabs < 1e-3' $alone
stub "exec '$BUILD/vishwa-sim' \"\$@\""
answers 0 '.throughput_check.settled' $alone
wait
claim "a simulator that hangs is ended, and said so in one line" \
    sh -c '[ "$(cat hangs/code)" = 4 ] && [ ! -s hangs/out ] && [ "$(wc -l < hangs/err)" -eq 1 ] && grep -q "hangs/vishwa-sim: not done after 20" hangs/err'
# nothing of the model that was handed over is left behind
claim "no file is left behind" sh -c '[ "$(ls beside | tr "\n" " ")" = "vishwa-plan vishwa-sim " ]'
finish
