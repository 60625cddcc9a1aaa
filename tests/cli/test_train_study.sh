# study: what it lists, runs, stops at and goes on with; what it says of records with a known law.
. "$ROOT/tests/cli/train.sh"
cat "$ROOT"/docs/*.md "$ROOT"/core/model.c > text.txt
sets="--set data=data --set text=text.txt --set batch.sequence=32 --set evaluate.tokens=2048"
hours=0.02
[ "$SAN" = 1 ] && hours=0.2 # whose runs take longer to begin
law="$train study law --threads 1 --budget-hours $hours $sets"
# all that a record says but for times
still() { jq -cS 'del(.seconds_s, .date)' "$1/records.jsonl"; }
LIMIT=60

# ---- what is asked
refuses 2 'expected law or experts, got "lwa"; did you mean law' $train study lwa --budget-hours 1 --out no
refuses 2 'expected law or experts, got ""' $train study
refuses 2 'expected --budget-hours' $train study law --out no $sets --dry-run
refuses 2 'budget-hours: expected' $train study law --budget-hours 0 --out no
refuses 1 'too short for the smallest study' $train study law --budget-hours 0.0001 --out no --dry-run
refuses 2 'expected --summary or --dry-run, got both' $train study law --out no --summary --dry-run
refuses 2 'no/settings.json: not there' $train study law --out no --summary
for key in model.layers=3 tokenizer=unigram unique_tokens=9 from=x batch.tokens=64 'batch={tokens: 64}' optimizer.lr=1 schedule.name=wsd schedule=1 steps=5 seed=4 evaluate.every=0; do
    refuses 2 'the study decides [a-z_.]+ itself' $train study law --budget-hours 1 --out no --set "$key" --dry-run
done
claim "nothing was made" test ! -e no

# ---- the list: nothing is written, and a longer study is a larger one
shows 0 'held-out-dense' $train study law --budget-hours 2 --out no --dry-run
claim "the list fits 80 columns" sh -c "awk 'length > 80 {bad = 1} END {exit bad}' stdout.txt"
answers 0 '.study == "law" and .time_s < 7200 and .time_s > 2400 and .runs > 20 and (.curves | all(.memory_bytes > 0 and .flops_per_step > 0)) and (.curves[-1] | .role == "held-out")' $train study law --budget-hours 2 --out no --dry-run
cp stdout.txt two.json
$train study law --budget-hours 16 --out no --dry-run --json > 16.json 2> stderr.txt
claim "eight times the time is more than three times the budget" jq -ne --slurpfile a two.json --slurpfile b 16.json '$b[0].largest_budget_flops > 3 * $a[0].largest_budget_flops'
answers 0 '[.curves[].family] | unique == ["dense", "e8k1", "e8k2", "exit"]' $train study experts --budget-hours 4 --out no --dry-run
claim "a dry run makes nothing" test ! -e no

# ---- what it settles before the first run
wait_for() { # FILE LINES
    for i in $(seq 1200); do
        [ -f "$1" ] && [ "$(wc -l < "$1")" -ge "$2" ] && return
        sleep 0.05
    done
}
$law --quiet --out settled > stdout.txt 2> stderr.txt &
pid=$!
wait_for settled/records.jsonl 1
kill -TERM $pid
wait $pid
code=$?
[ "$code" -eq 3 ]
note $? "stopped after it has settled"
claim "settings" jq -e '.study == "law" and .budget_hours == '$hours' and .largest_budget_flops > 1e8 and .train_tokens > 100000 and .tokens_per_byte > 0.9 and (.probes | length > 0 and all(.slower > 0 and .overhead_s >= 0))' settled/settings.json
claim "the plan fits the time" jq -e '.time_s <= 720 and (.curves | length > 8)' settled/plan.json

# ---- a whole study of seconds: the smallest budgets, whatever this machine is capable of
mkdir whole
jq '.largest_budget_flops = 1e10' settled/settings.json > whole/settings.json
$law --out whole > stdout.txt 2> stderr.txt
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 1 ] # so few runs may not tell the law
note $? "a study of seconds comes to its end"
runs=$(jq .runs whole/plan.json)
claim "a record a run" sh -c "[ \$(wc -l < whole/records.jsonl) -eq $runs ]"
claim "records are unique and finite" jq -es 'all(.loss > 0 and .flops > 0 and .seconds_s > 0) and ([.[].name] | . == unique or length == (unique | length))' whole/records.jsonl
claim "what was counted is what was planned" jq -ne --slurpfile p whole/plan.json --slurpfile r whole/records.jsonl '
    [$p[0].curves[] | .name as $n | .points[] | {key: "\($n)-b\(.budget)", value: .flops}] | from_entries as $planned
    | $r | all(.flops == $planned[.name] and .tokens == .steps * .batch_tokens)'
claim "a trunk is constant after its warm-up" sh -c 'for f in whole/runs/curve-*/trunk; do jq -es "map(select(.event == null) | .lr) | max as \$m | .[length / 4 | floor:] | all(. == \$m)" $f/log.jsonl || exit 1; done'
claim "a branch falls from it in a line to 0" sh -c 'for f in whole/runs/curve-*/budget-*; do jq -es --argjson m "$(jq -s "map(.lr // 0) | max" ${f%/*}/trunk/log.jsonl)" "map(select(.event == null) | .lr) | (.[0] - \$m * (1 - 1 / length) | fabs) < 1e-9 and .[-1] == 0" $f/log.jsonl || exit 1; done'
claim "loss a byte is loss a token in other units" jq -es '(map(.loss_per_byte / .loss) | max - min) < 1e-9' whole/records.jsonl
claim "the prediction stands before the run begins" sh -c '[ -s whole/prediction.json ] && [ -s whole/runs/held-out-*/curve.yaml ] && ! [ whole/prediction.json -nt whole/runs/held-out-*/curve.yaml ]'
claim "rates are tuned at two sizes" jq -e '.tuned_lr | length == 2 and .[1].size_params > .[0].size_params and all(.lr > 0)' whole/summary.json
claim "and a curve has the power through both" jq -ne --slurpfile s whole/summary.json --slurpfile r whole/records.jsonl '
    $s[0].tuned_lr as [$a, $b] | ((($b.lr / $a.lr) | log) / (($b.size_params / $a.size_params) | log)) as $power
    | [$r[] | select(.role != "tune")] | length > 8 and all((.lr / $a.lr | log) - $power * (.params_total / $a.size_params | log) | fabs < 1e-9)'
claim "weights that are done with are gone" sh -c '! ls -d whole/runs/curve-*/*/checkpoints'
claim "the held-out model's are kept" sh -c 'ls -d whole/runs/held-out-*/budget-5/checkpoints/step-*'
claim "summary" jq -e '.study == "law" and .status == "done" and .held_out.measured > 0' whole/summary.json
cp whole/records.jsonl before.jsonl
$law --out whole > again.txt 2> stderr.txt
claim "asked again it answers at once" cmp before.jsonl whole/records.jsonl
refuses 2 'begun with another --budget-hours' $train study law --threads 1 --budget-hours 0.1 $sets --out whole
refuses 2 'begun with another --seed' $law --seed 3 --out whole
refuses 2 'begun with another --set' $law --set optimizer.clip=2 --out whole
refuses 2 'begun with another study' $train study experts --threads 1 --budget-hours $hours $sets --out whole
answers 0 '.status == "planned"' $train study law --threads 1 $sets --out whole --dry-run
claim "the card has the whole command" grep -q 'study law --budget-hours '$hours' --seed 1 --threads 1 --set data=data .*--set evaluate.tokens=2048' whole/index.html
claim "why no law is identified is a sentence of ours" sh -c "! grep -q vishwa-plan: whole/summary.json"
timeout 60 $train study law --threads 2 $sets --out whole > stdout.txt 2> talk.txt
claim "other threads are warned of" grep -q 'begun with --threads 1, now 2' talk.txt
mkdir text
jq '.data_hash = "0123456789abcdef"' whole/settings.json > text/settings.json
refuses 2 'text/settings.json: begun on other text, whose hash was 0123456789abcdef' $law --out text
jq '.largest_budget_flops = "1e10"' whole/settings.json > text/settings.json
refuses 2 'text/settings.json: largest_budget_flops: expected a number' $law --out text

# ---- a folder that another version planned otherwise
cp -r whole other
jq '(.curves[2].points[0].steps) += 1' whole/plan.json > other/plan.json
refuses 2 'other/plan.json: this version would plan other runs; go on with version' $law --quiet --out other
claim "and nothing was run" cmp whole/records.jsonl other/records.jsonl

# ---- a record that is lost in the middle of a curve is made again, and no other
cp -r whole lost
middle=$(jq -r 'select(.role == "curve") | .name' whole/records.jsonl | sed -n 2p)
grep -v "\"$middle\"" whole/records.jsonl > lost/records.jsonl
refuses 2 "lost/records.jsonl: no record of $middle, which the plan lists" $train study law --out lost --summary
$law --quiet --out lost > stdout.txt 2> stderr.txt
still whole | sort > a.txt
still lost | sort > b.txt
claim "one record is made again" cmp a.txt b.txt
tail -n 1 whole/records.jsonl >> lost/records.jsonl
refuses 2 'lost/records.jsonl:[0-9]+: a second record of held-out' $law --quiet --out lost
grep -v held-out whole/records.jsonl > lost/records.jsonl
cp lost/records.jsonl before.jsonl
echo '{"name": "held-out", "loss": "2"}' > lost/prediction.json
refuses 2 'lost/prediction.json: loss: expected a number' $law --quiet --out lost
claim "a damaged prediction is found before anything is trained" cmp before.jsonl lost/records.jsonl

# ---- stopped and killed, on the same list
mkdir stopped killed
cp whole/settings.json stopped/
cp whole/settings.json killed/
$law --quiet --out stopped > stdout.txt 2> stderr.txt &
pid=$!
wait_for stopped/records.jsonl 7
kill -TERM $pid
wait $pid
code=$?
[ "$code" -eq 3 ] && grep -q 'stopped, resumable' stdout.txt && [ "$(wc -l < stopped/records.jsonl)" -lt "$runs" ]
note $? "a signal stops it: 3"
[ "$SAN" = 1 ] && points=8 || points="3 8 12"
for lines in $points; do
    $law --quiet --out killed > stdout.txt 2> stderr.txt &
    pid=$!
    wait_for killed/records.jsonl $lines
    kill -KILL $pid
    wait $pid 2> /dev/null
done
for folder in stopped killed; do
    $law --quiet --out $folder > stdout.txt 2> stderr.txt
    still whole > a.txt
    still $folder > b.txt
    claim "$folder and gone on with: the same records" cmp a.txt b.txt
done
printf '{"name": "torn' >> killed/records.jsonl
sed -i 3d killed/records.jsonl
$law --quiet --out killed > stdout.txt 2> stderr.txt
still whole | sort > a.txt
still killed | sort > b.txt
claim "a torn line, and a record that is lost: made again" cmp a.txt b.txt

# ---- records of a known law: its coefficients, and the prediction of the held-out model
# of every run that a plan lists, but for lr, loss and what is counted
planned='def planned: .curves[] as $c | $c.points[] | {name: "\($c.name)-b\(.budget)", role: $c.role, family: $c.family,
    experts: (if $c.family == "dense" then 0 else 8 end), top_k: (if $c.family == "e8k2" then 2 elif $c.family == "e8k1" then 1 else 0 end), layers: $c.layers, hidden: $c.hidden, params_total: $c.params_total,
    params_active: $c.params_active, params_embedding: 0, budget, steps, batch_tokens: $c.batch_tokens, tokens,
    unique_tokens: $c.unique_tokens, seed: $c.seed, lr: 0.004, flops, seconds_s: (.flops / 1e10), loss: 0,
    loss_per_byte: 1, dropped_share: null, load_max: null, skipped_steps: 0, commit: "c", machine: "m", date: "d"};
    def noise: ((.seed * 7 + .tokens + .hidden) % 5 - 2);'
mkdir planted
jq '.largest_budget_flops = 1e13' settled/settings.json > planted/settings.json
$law --out planted --dry-run --json > plan.json 2> stderr.txt && cp plan.json planted/
jq -c "$planned"' planned | if .role == "tune" then .lr = 0.00025 * (.name | capture("-r(?<k>[0-9])").k | tonumber | . * (2 | log) | exp) * (if .params_total < 5e4 then 4 else 1 end)
        | .loss = 2 + (.lr / (0.4 / (.params_total | sqrt)) | log | . * .)
    else .loss = (0.9 + 8 / (.params_total | log * 0.3 | exp) + 30 / (.tokens | log * 0.3 | exp)) * (1 + 0.0005 * noise) end' plan.json > planted/records.jsonl
answers 0 '.identified and (.law | .beta > 0.25 and .beta < 0.35) and (.held_out.rel_error | fabs) < 0.01 and .held_out.inside_interval and .held_out.predicted_low < .held_out.predicted' $law --out planted
claim "the interval holds what every form says" jq -e '(.forms | map(.form)) == ["chinchilla", "bounded", "kaplan"] and
    (. as $p | [.forms[] | select(.loss_low != null)] | length >= 2 and all(.loss_low >= $p.loss_low and .loss_high <= $p.loss_high))' planted/prediction.json
claim "the best rate of each grid is found" jq -e '[.tuned_lr[] | .lr / (0.4 / (.size_params | sqrt)) - 1 | fabs < 0.02] == [true, true]' planted/summary.json
claim "law, fit and figure are there" sh -c 'test -s planted/law.yaml && test -s planted/fit.json && test -s planted/law.gp && test -s planted/runs.csv'
cp planted/prediction.json said.json
claim "a form that is known gives no reason" jq -e '.forms | all((.loss == null) == (.reason != null))' planted/prediction.json
# where chinchilla is not identified the bounded form is the law, and the page says so
mkdir bent
cp planted/settings.json planted/plan.json bent/
jq -c "$planned"' planned | if .role == "tune" then .lr = 0.002 | .loss = 2
    else (40 / (.params_total | log * 0.4 | exp) + 300 / (.tokens | log * 0.35 | exp)) as $h
        | .loss = (1 + (5.549 - 1) * $h / (1 + $h)) * (1 + 0.0005 * noise) end' plan.json > bent/records.jsonl
answers 0 '.identified and .form == "bounded" and (.held_out.rel_error | fabs) < 0.01 and .held_out.inside_interval' $law --out bent
claim "why a form says nothing is kept, without the program's name" jq -e '.forms[0] | .form == "chinchilla" and .loss == null and (.reason | test("not identified") and (startswith("vishwa") | not))' bent/prediction.json
# what is known afterwards moves no prediction
jq -c 'if .role == "held-out" then .loss *= 1.2 else . end' planted/records.jsonl > other.jsonl
cp other.jsonl planted/records.jsonl
answers 0 '(.held_out.rel_error | . < -0.15) and (.held_out.inside_interval | not)' $law --out planted
claim "a prediction stands" cmp said.json planted/prediction.json
shows 0 'outside the interval' $law --out planted
claim "the summary fits 80 columns" sh -c "awk 'length > 80 {bad = 1} END {exit bad}' stdout.txt"

# ---- what is kept of a study is its records: they tell the same again, without runs and text
mkdir kept
(cd planted && cp settings.json plan.json records.jsonl prediction.json fit.json ../kept/)
mv data data-away
mv text.txt text-away.txt
shows 0 'outside the interval' $train study law --out kept --summary
for file in summary.json index.html law.gp; do
    claim "told again: $file" cmp planted/$file kept/$file
done
cp kept/fit.json fit.json
jq '.interval.E[0] = 0' fit.json > kept/fit.json
answers 0 '.interval.E[0] == 0' $train study law --out kept --summary
refuses 2 'begun with another --seed' $train study law --out kept --summary --seed 3
refuses 2 'begun with another --set' $train study law --out kept --summary --set data=other
refuses 2 'begun with another study' $train study experts --out kept --summary
rm kept/prediction.json
refuses 2 'kept/prediction.json: not there' $train study law --out kept --summary
claim "and made nothing" test ! -e kept/runs
mv data-away data
mv text-away.txt text.txt

# ---- rates: the last of a grid is the best, or none gave a loss
cp -r planted ends
jq -c 'if .role != "tune" then . elif .hidden == '"$(jq -s '.[0].hidden' planted/records.jsonl)"' then .loss = 3 - .lr else .loss = null end' planted/records.jsonl > ends/records.jsonl
shows 0 'is an end of its grid' $train study law --out ends --summary
shows 0 'No rate tried for dense at .* gave a finite loss' $train study law --out ends --summary
claim "and so does the summary say" jq -e '.tuned_lr | .[0].inside_grid == false and .[1].lr == null' ends/summary.json

# ---- a held-out model that diverged
cp -r planted nan
jq -c 'if .role == "held-out" then .loss = null else . end' planted/records.jsonl > nan/records.jsonl
answers 1 '.held_out | .measured == null and .rel_error == null and .inside_interval == null and .predicted > 0' $train study law --out nan --summary
shows 1 'measured  diverged$' $train study law --out nan --summary
claim "and so does the page say" sh -c 'grep -q diverged nan/index.html && ! grep -qi "[^a-z]nan[^a-z/]" nan/index.html'

# ---- experts: records of a known saving, on all of the text 40 % and on little -50 %
mkdir experts
jq '.study = "experts" | .largest_budget_flops = 1e12' settled/settings.json > experts/settings.json
ask="$train study experts --threads 1 --budget-hours $hours $sets --out experts"
$ask --dry-run --json > plan.json 2> stderr.txt && cp plan.json experts/
jq -c "$planned"' planned | (if .family == "dense" then 1 elif .unique_tokens > 0 then 1.5 else 0.6 end) as $factor
    | .loss = (0.9 + 8 / (.hidden * .hidden * .layers | log * 0.3 | exp) + 30 / (.tokens | log * 0.3 | exp)) * (1 + 0.0004 * noise)
    | .flops *= $factor | .seconds_s *= $factor * (if .family == "dense" then 1 else 2 end)' plan.json > experts/records.jsonl
echo '{"exits": [{"threshold": 0.5, "loss": 2.1, "accuracy": 0.4, "layers_per_token": 1.5, "flops_per_token": 80, "full_loss": 2, "full_accuracy": 0.41, "full_flops_per_token": 100}]}' > experts/exits.json
near='def near(a; b): (a - b | fabs) < 0.08;'
answers 0 "$near"' (.savings | length == 6 and ([.[].unique_tokens] | unique | length == 3)) and (.savings | all(.[] | select(.text == "all"); near(.flops.saving; 0.4) and .flops.resolved and .flops.claim_20_to_30_percent == "reached") and all(.[] | select(.text == "little"); near(.flops.saving; -0.5) and .flops.saving_high < 0 and .flops.claim_20_to_30_percent == "not reached"))' $ask --summary
answers 0 '[.savings[] | select(.text == "all") | .wall_clock.saving] | all(. < -0.05)' $ask --summary
answers 0 '.savings | all(.at_budgets | length == 3 and all((.difference | fabs) < 0.02 and .difference_low <= .difference and .difference_high >= .difference and (.loss / .loss_dense - 1 - .difference | fabs) < 1e-9))' $ask --summary
claim "summary.json is what was answered" cmp stdout.txt experts/summary.json
shows 0 'at equal FLOP, %' $ask --summary
# steps measured again: of dense half as fast as the logs say, of experts as they say
jq -s '[.[] | select(.role == "curve") | {family, layers, hidden, step_time_s: (.seconds_s / .steps * (if .family == "dense" then 2 else 1 end))}]
    | {models: (group_by([.family, .layers, .hidden]) | map(.[0]))}' experts/records.jsonl > experts/times.json
answers 0 '.wall_clock_by == "steps measured again after the study"' $ask --summary
rm experts/times.json
answers 0 '.wall_clock_by == "the study'"'"'s own logs"' $ask --summary
shows 0 '^ +[0-9.]+ k +e8k2 .*-[45][0-9] ' $ask --summary
claim "the summary of experts fits 80 columns" sh -c "awk 'length > 80 {bad = 1} END {exit bad}' stdout.txt"
claim "a page with its three pictures" sh -c 'grep -q "equal total parameters" experts/index.html && [ "$(ls experts/*.svg | wc -l)" -eq 3 ]'
shows 0 '0\.50 +80\.0 % +1\.50 +\+0\.1000 +-0\.0100' $ask --summary
cp plan.json experts/plan.json
answers 0 '.savings | length == 6 and all(.experts == 8 and .flops.sizes >= 2)' $train study experts --out experts --summary
# two seeds resolve nothing, so the claim is not judged; kinds are those of the records
mkdir two
cp experts/settings.json experts/exits.json two/
jq 'del(.curves[] | select(.seed == 3))' plan.json | sed 's/e8k/e9k/' > two/plan.json
grep -v '"seed":3,' experts/records.jsonl | sed 's/e8k/e9k/g' > two/records.jsonl
answers 0 '.savings | length == 6 and all((.family | startswith("e9k")) and (.flops | (.resolved | not) and .reason == "fewer than three seeds" and .claim_20_to_30_percent == "not resolved"))' $train study experts --out two --summary
# the picture has the means over seeds
claim "a point of the picture is the mean over seeds" sh -c "grep -q \"\$(jq -rs '[.[] | select(.role == \"curve\" and .family == \"e8k1\" and .unique_tokens == 0 and .budget == 2)] | group_by(.hidden) | map(map(.loss) | add / length) | min * 10000 | floor / 10000' experts/records.jsonl)\" experts/experts.gp"
echo '{"exits": 3}' > two/exits.json
refuses 2 'two/exits.json: exits: expected a list' $train study experts --out two --summary
if [ "$SAN" != 1 ]; then # many runs, each of which takes long to begin there
    LIMIT=300
    answers 0 '.wall_clock_by == "steps measured again after the study"' $ask
    claim "a time for every model" jq -e '(.models | length > 8) and all(.models[]; .step_time_s > 0)' experts/times.json
fi
finish
