# vishwa-train validate: counts are exact, the other programs are asked, and what cannot be told is
# not judged. Times are not looked at: other tests run beside.
. "$ROOT/tests/cli/train.sh"
LIMIT=120
[ "$SAN" = 1 ] && LIMIT=400
validate="$train validate --quick --steps 1 --threads 1"
some="--only dense-narrow --only classic --only experts-all --only experts-int8"

# ---- counts: exact in every configuration, by this program, the planner and the simulator
run $validate $some --verbose --json
# a machine that is busy all the while is undecided; one that is evenly slow may fail in time
[ "$code" -le 1 ] && jq -e . stdout.txt > /dev/null
note $? "an answer"
cp stdout.txt answer.json
counts='["parameters", "parameters_planner", "tensors", "checkpoint_bytes", "products", "model_flops", "model_flops_planner", "executed_flops", "arena_bytes"]'
holds() { jq -e "$1" answer.json > /dev/null; }
claim "four configurations" holds '[.configurations[] | select(.added | not)] | length == 4'
claim "and all for calibration that teach two of them" holds '[.configurations[] | select(.added)] | length == 5 and all(.calibration)'
claim "each has every quantity, and three are over all" holds '(.configurations | length == 9) and (.checks | length == 9 * 13 + 3)'
claim "counts are exact" holds "$counts"' as $counts | [.checks[] | select(.quantity | IN($counts[]))] | length == 9 * 9 and
    all(.pass == true and .rel_error == 0 and .tolerance == 0 and .predicted == .measured and .predicted > 0)'
claim "the simulator counts the same" holds '[.checks[] | select(.quantity == "model_flops")] | all(.simulated == .measured)'
claim "the simulator gives a time" holds '[.checks[] | select(.quantity == "step_time_s")] | all(.simulated > 0 and .predicted > 0 and .measured > 0)'
claim "nothing is predicted of what nobody predicts" holds '[.checks[] | select(.quantity | IN("tensors", "arena_bytes", "resident_bytes"))] | all(.simulated == null)'
claim "each verdict is counted once" holds '([.checks[] | select(.pass == true)] | length) == .passed and
    ([.checks[] | select(.pass == false)] | length) == .failed and ([.checks[] | select(.pass == null)] | length) == .undecided and
    all(.checks[]; (.pass == null) == (.undecided != null))'
claim "a run for calibration judges no time" holds '[.checks[] | select(.name == "classic.step_time_s")][0] | .pass == null and .undecided == "for calibration"'
claim "JSON says of how many times the median is" holds '(.step_times_judging == 2) and
    ([.checks[] | select(.quantity == "step_time_s" and .pass != null)] | length) == .step_times_decided'
claim "energy is measured, or modelled and called so" holds '[.checks[] | select(.quantity == "energy_j")] |
    all((.measured == null) == (.modelled != null) and .predicted > 0)'
claim "time is recorded by kind and phase" holds '[.configurations[].parts[] | select(.kind == "matrix" and .phase == "wgrad")] |
    length == 9 and all(.measured_s > 0 and .predicted_s > 0)'
claim "so it is by operation" holds '[.configurations[].ops[] | select(.phase == "forward" and .kind == "vector" and .measured_s > 0)] | length > 30'
claim "whose predictions add up to those of the parts" holds '[.configurations[] | (.parts | map({key: (.kind + .phase), value: .predicted_s}) | from_entries) as $parts |
    .ops | group_by(.kind + .phase)[] | (map(.predicted_s) | add) / $parts[.[0].kind + .[0].phase] - 1 | fabs < 1e-9] | length > 40 and all'
claim "the profile's rates are beside what the machine gives" holds '[.checks[] | select(.quantity | startswith("profile_"))] |
    length == 2 and all(.predicted > 0 and .measured > 0 and .configuration == null)'
claim "probes are recorded" holds '[.configurations[]] | all(.probe_before.multiply_flops_per_s > 0 and .probe_after.move_bytes_per_s > 0 and .probe_spread >= 0)'
if [ "$SAN" != 1 ]; then # a sanitizer has memory of its own
    claim "resident memory within its tolerance" holds '[.checks[] | select(.quantity == "resident_bytes")] | all(.pass == true)'
fi

# ---- the terminal, the report, the planner's command
run $validate --only classic --report report
[ "$code" -le 1 ] && grep -qE 'classic \* +exact' stdout.txt
note $? "the terminal shows a line a configuration"
claim "a row whose time was not judged does not say pass" grep -qE '^  classic \* .* (counts|FAILED)$' stdout.txt
claim "of how many times the median is" grep -qE '^  0 of 0 step times decided$' stdout.txt
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'
claim "the report has the table and its plots" sh -c 'grep -q parameters_planner report/index.html && [ "$(ls report/*.svg | wc -l)" -eq 4 ]'
run $validate --only classic --verbose
claim "no line is wider than a terminal with --verbose" sh -c 'grep -q executed_flops stdout.txt && ! grep -E "^.{81}" stdout.txt'
run "$plan" validate --quick --only classic --steps 1 --threads 1 --json
claim "the planner runs the same" jq -e '.configurations[0].name == "classic" and
    all(.checks[] | select(.quantity | startswith("profile_") | not); .pass != false)' stdout.txt

# ---- a planner of another mind fails, and that comes before a report without pictures
mkdir beside bin
cp "$train" beside/
cat > beside/vishwa-plan << 'EOF'
#!/bin/sh
echo '{"params_total": 1, "flops_per_token_train": 1}'
EOF
chmod +x beside/vishwa-plan
ln -s "$(command -v sh)" bin/sh
run env PATH="$PWD/bin" beside/vishwa-train validate --quick --steps 1 --threads 1 --only classic --report none
[ "$code" -eq 1 ] && [ -s stdout.txt ] && [ -s none/index.html ] && grep -q 'gnuplot could not draw' stderr.txt &&
    tail -n 1 stderr.txt | grep -qE '[0-9]+ of [0-9]+ checks failed'
note $? "failed checks come before a report without pictures"
claim "a row with a failed check says so" grep -qE '^  classic \* .* FAILED$' stdout.txt

# ---- a profile of twice the bandwidth fails, unless the machine was too busy to say
XDG_CACHE_HOME=$PWD/wrong
export XDG_CACHE_HOME
run $validate --only classic --json
wrong=$(ls wrong/vishwa/*-1.yaml)
rate=$(sed -n 's|^  bandwidth: {value: \([0-9.]*\) GB/s.*|\1|p' "$wrong")
sed -i "s|^  bandwidth: {value: $rate |  bandwidth: {value: $(awk "BEGIN {print 2 * $rate}") |" "$wrong"
for try in 1 2 3 4 5; do
    run $validate --only classic --json
    verdict=$(jq '.checks[] | select(.quantity == "profile_memory_bytes_per_s") | .pass' stdout.txt)
    [ "$verdict" = null ] || break
done
if [ "$verdict" = null ]; then
    skip "twice the bandwidth: the machine was busy"
else
    [ "$code" -eq 1 ] && [ "$verdict" = false ]
    note $? "twice the bandwidth fails"
fi

# ---- refusals
refuses 2 'no configuration "clasic"; did you mean classic\?' $validate --only clasic
refuses 2 'steps: expected a whole number from 1 to 64' $train validate --steps 65
mkdir -p theirs && echo mine > theirs/index.html
refuses 2 'index.html' $validate --only classic --report theirs
refuses 2 'did you mean classic' "$plan" validate --only clasic
finish
