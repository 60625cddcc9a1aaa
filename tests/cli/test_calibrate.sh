# calibrate: constants from measured steps, the profile it writes, and tables that are no steps.
. "$ROOT/tests/cli/lib.sh"

# The machine that measures: an A100 whose stack is known.
profile=$ROOT/hwprofiles/a100-80gb.yaml
sed '/^stacks:/,$d' "$profile" > plain.yaml
{ cat plain.yaml; printf 'stacks:\n  mine: {matrix: 0.71, memory: 0.66, attention: 0.42, dispatch: 31 us}\n'; } > true.yaml

# steps COUNT: runs of one to eight chips, as the machine measures them
step() { # LAYERS HIDDEN HEADS SEQ BATCH MICRO CHIPS
    cat > m.yaml <<END
name: m
layers: $1
hidden: $2
heads: $3
ffn: $((4 * $2))
vocab: 50257
context: $4
tied: true
mlp: gelu
norm: layer
position: learned
bias: all
END
    "$plan" estimate --hw true.yaml --stack mine --model m.yaml --batch "$5" --micro-batch "$6" --chips "$7" --json 2> /dev/null |
        jq -r ".step_time_s | \"$1,$2,$3,50257,$4,$5,$6,$7,\\(.)\""
}
head='layers,hidden,heads,vocab,seq,batch,micro_batch,chips,step_time_s'
echo "$head" > steps.csv
for size in '12,768,12' '24,1536,16' '32,4096,32'; do
    for seq in 1024 4096; do
        for micro in 1 2 4; do
            for chips in 1 8; do
                step $(echo "$size" | tr , ' ') $seq 64 $micro $chips
            done
        done
    done
done >> steps.csv
claim "thirty-six steps were made" sh -c '[ "$(wc -l < steps.csv)" -eq 37 ]'
{ head -1 steps.csv; sed -n '2,11p' steps.csv; } > few.csv

# ---- what it finds
near() { echo "(.constants[] | select(.name == \"$1\") | .identified and (.after / $2 - 1 | fabs) < 1e-3)"; }
answers 0 "$(near matrix 0.71) and $(near memory 0.66) and $(near dispatch 31e-6)" "$plan" calibrate steps.csv --hw plain.yaml
answers 0 '.stack == "mine" and .began_from == "none" and .rows == 36 and .runs == 36 and .fitted == 12 and .held_out == 24' "$plan" calibrate steps.csv --hw plain.yaml
answers 0 '.error_before.mean > 0.05 and .error_after.worst < 2e-3 and .null_model.mean > .error_after.mean and .null_model.share_of_peak < 1' "$plan" calibrate steps.csv --hw plain.yaml
answers 0 '[.constants[] | select(.name == "link_slow" or .name == "wait")] | length == 2 and all(.identified == false and .stderr == null and .after == .before)' "$plan" calibrate steps.csv --hw plain.yaml
answers 0 '.constants | all(.low <= .after and .after <= .high)' "$plan" calibrate steps.csv --hw plain.yaml
answers 0 '.held_out == 10 and .fitted == 10 and .rule == "leave one run out"' "$plan" calibrate few.csv --hw plain.yaml
answers 0 '.began_from == "mine" and .error_before.worst < 1e-9 and .error_after.worst < 1e-9' "$plan" calibrate steps.csv --hw true.yaml
shows 0 'link_slow .* not identified by these steps: kept' "$plan" calibrate steps.csv --hw plain.yaml
shows 0 'null model' "$plan" calibrate steps.csv --hw plain.yaml
claim "the answer fits 80 columns" sh -c "'$plan' calibrate steps.csv --hw plain.yaml | awk 'length > 80 {bad = 1} END {exit bad}'"
answers 0 '[.explain[] | select(.name == "matrix") | .tag] == ["calibrated", "calibrated"] and (.explain | all(.source != null and .formula != null))' "$plan" calibrate steps.csv --hw plain.yaml --explain
shows 0 'steps.csv: 36 measured steps, one run in 3 fitted' "$plan" calibrate steps.csv --hw plain.yaml --explain
"$plan" calibrate steps.csv --hw plain.yaml --json > one.json
"$plan" calibrate steps.csv --hw plain.yaml --json > two.json
claim "the same steps give the same constants" cmp one.json two.json

sed '1s/$/,weather/; 2,$s/$/,rain/' steps.csv > more.csv
claim "a column that says nothing is named" sh -c "'$plan' calibrate more.csv --hw plain.yaml 2>&1 > /dev/null | grep -q 'more.csv: column weather is not known: ignored'"
claim "columns that say something are not" sh -c "! '$plan' calibrate steps.csv --hw plain.yaml 2>&1 > /dev/null | grep -q ignored"

# ---- the profile it writes
run "$plan" calibrate steps.csv --hw plain.yaml --out out.yaml
note $((code != 0)) "calibrate --out"
claim "the profile says where its stack is from" sh -c "grep -q 'matrix: {value: 0.7.*steps.csv: 36 measured steps.*tag: calibrated' out.yaml"
model='--model m.yaml --batch 64 --micro-batch 2 --chips 8 --json'
"$plan" estimate --hw true.yaml --stack mine $model | jq .step_time_s > true.txt
"$plan" estimate --hw out.yaml --stack mine $model | jq .step_time_s > fitted.txt
claim "an estimate with it is that of the machine" sh -c "paste true.txt fitted.txt | awk '{e = \$2 / \$1 - 1; exit e * e > 4e-6}'"
"$plan" estimate --hw plain.yaml --stack none $model | jq .step_time_s > plain.txt
"$plan" estimate --hw out.yaml --stack none $model | jq .step_time_s > none.txt
claim "what it does not calibrate stays as it was" cmp plain.txt none.txt
answers 0 '.stack == "theirs" and .began_from == "mine"' "$plan" calibrate steps.csv --hw out.yaml --stack theirs --out both.yaml
claim "stacks stand beside each other" sh -c "grep -q '^  mine:' both.yaml && grep -q '^  theirs:' both.yaml"
answers 0 '.began_from == "mine"' "$plan" calibrate steps.csv --hw out.yaml --out out.yaml
echo "a letter" > letter.txt
refuses 2 'is there and calibrate did not write it' "$plan" calibrate steps.csv --hw plain.yaml --out letter.txt
claim "a refusal leaves the file" grep -q letter letter.txt
run "$plan" calibrate steps.csv --hw plain.yaml --out letter.txt --force
note $((code != 0)) "--force overwrites"
refuses 4 'no/such' "$plan" calibrate steps.csv --hw plain.yaml --out no/such/file.yaml
[ -e /dev/full ] && refuses 4 'full' "$plan" calibrate steps.csv --hw plain.yaml --out /dev/full --force
refuses 2 'expected a name such as mine' "$plan" calibrate steps.csv --hw plain.yaml --stack none
refuses 2 'expected a name such as mine' "$plan" calibrate steps.csv --hw plain.yaml --stack "$(printf '%070d' 0)"

# ---- other shapes of the same table
same='.error_after.worst < 2e-3 and .rows == 36'
{ printf '\357\273\277'; sed 's/$/\r/' steps.csv; } > windows.csv
answers 0 "$same" "$plan" calibrate windows.csv --hw plain.yaml
awk -F, -v OFS=, 'NR == 1 {$9 = "ms"; $6 = "\"global batch\""} NR > 1 {$9 = sprintf("%.17g", $9 * 1000)} {print}' steps.csv > other.csv
answers 0 "$same" "$plan" calibrate other.csv --hw plain.yaml --columns 'step_time_ms=ms,batch=global batch'
awk -F, -v OFS=, 'NR == 1 {$9 = "tokens_per_s"} NR > 1 {$9 = sprintf("%.17g", $5 * $6 / $9)} {print}' steps.csv > tokens.csv
answers 0 "$same" "$plan" calibrate tokens.csv --hw plain.yaml
awk -F, 'NR == 1 {print $0 ",layout,note"; next} {print $0 ",\"zero=0,dp=" $8 "\",odd" NR % 2}' steps.csv > laid.csv
answers 0 "$same" "$plan" calibrate laid.csv --hw plain.yaml
answers 0 '.rows == 18' "$plan" calibrate laid.csv --hw plain.yaml --where note=odd1
sed 's/chips/dp/' steps.csv > keys.csv
answers 0 "$same" "$plan" calibrate keys.csv --hw plain.yaml
answers 0 '.error_after.mean > 2e-3' "$plan" calibrate steps.csv --hw plain.yaml --set recompute=full,precision=bf16
echo model,batch,chips,step_time_s > named.csv
for run in gpt2-124m,8 gpt2-124m,16 gpt2-xl,8 gpt2-xl,16; do
    "$plan" estimate --hw true.yaml --stack mine --model ${run%,*} --batch ${run#*,} --json 2> /dev/null |
        jq -r "\"$run,1,\(.step_time_s)\""
done >> named.csv
answers 0 '.rows == 4 and .runs == 4' "$plan" calibrate named.csv --hw plain.yaml

# ---- tables that are no steps: bad input
refuses 2 'expected one file' "$plan" calibrate --hw plain.yaml
refuses 2 '[-]-hw: expected a profile' "$plan" calibrate steps.csv
refuses 2 'No such file' "$plan" calibrate missing.csv --hw plain.yaml
refuses 2 'no profile "a101"' "$plan" calibrate steps.csv --hw a101
: > empty.csv
refuses 2 'empty.csv: expected a header' "$plan" calibrate empty.csv --hw plain.yaml
head -1 steps.csv > header.csv
refuses 2 'header.csv: expected runs below the header' "$plan" calibrate header.csv --hw plain.yaml
head -3 steps.csv > two.csv
refuses 2 'expected at least 3 different runs, found 2' "$plan" calibrate two.csv --hw plain.yaml
refuses 2 'leaves none of 36' "$plan" calibrate laid.csv --hw plain.yaml --where note=even
refuses 2 'expected a column "notes".*did you mean note' "$plan" calibrate laid.csv --hw plain.yaml --where notes=even
for column in 2 5 6 9; do
    cut -d, -f1-$((column - 1)),$((column + 1))-99 steps.csv > short.csv
    refuses 2 "short.csv:1: expected a column \"$(echo "$head" | cut -d, -f$column)\"" "$plan" calibrate short.csv --hw plain.yaml
done
refuses 2 'expected a column "model"' "$plan" calibrate "$ROOT/tests/cli/lib.sh" --hw plain.yaml
broken() { # REGEX COLUMN CELL: a cell of line 5
    awk -F, -v OFS=, -v column="$2" -v cell="$3" 'NR == 5 {$column = cell} {print}' steps.csv > broken.csv
    refuses 2 "broken.csv:5: $1" "$plan" calibrate broken.csv --hw plain.yaml
}
broken 'step_time_s: expected a positive number, found "soon"' 9 soon
broken 'step_time_s: .* found "nan"' 9 nan
broken 'step_time_s: .* found "0"' 9 0
broken 'step_time_s: .* found "-1"' 9 -1
broken 'step_time_s: .* found ""' 9 ''
broken 'step_time_s: expected a step of' 9 1e300
broken 'batch: expected a positive whole number, found "6.5"' 6 6.5
broken 'batch: expected a positive whole number, found "1e300"' 6 1e300
broken 'batch: expected a multiple of' 6 63
broken 'chips: expected a positive whole number, found "0"' 8 0
broken 'layers: expected a positive whole number, found "-12"' 1 -12
broken 'layers: expected at most' 1 100000
broken 'hidden: expected a model.s width' 2 1000000000
broken 'heads: expected a divisor of hidden' 3 7
broken 'expected 9 fields as in the header, found 10' 9 '1,2'
broken 'expected a closing quote' 9 '"1'
sed '1s/chips/tp/' steps.csv > tp.csv
refuses 2 'tp.csv:3: tensor parallelism: expected a divisor of heads 12, got 8' "$plan" calibrate tp.csv --hw plain.yaml
sed '1s/$/,layout/; 2,$s/$/,"tp=3"/' steps.csv > three.csv
refuses 2 'three.csv:2: layout: tp x pp x cp: expected a divisor' "$plan" calibrate three.csv --hw plain.yaml
sed '1s/$/,layout,tp/; 2,$s/$/,"",1/' steps.csv > both.csv
refuses 2 'expected layout or tp, found both' "$plan" calibrate both.csv --hw plain.yaml
sed '1s/$/,recompute/; 2,$s/$/,some/' steps.csv > some.csv
refuses 2 'some.csv:2: recompute: expected none, selective or full, found "some"' "$plan" calibrate some.csv --hw plain.yaml
sed 's/gpt2-xl/gpt2-xxl/' named.csv > unknown.csv
refuses 2 'unknown.csv:4: model: .*gpt2-xxl.*did you mean' "$plan" calibrate unknown.csv --hw plain.yaml
refuses 2 'expected pairs such as' "$plan" calibrate steps.csv --hw plain.yaml --columns batch
refuses 2 'expected model, layers.*got "batches".*did you mean batch' "$plan" calibrate steps.csv --hw plain.yaml --columns batches=b
refuses 2 'the file has a column batch' "$plan" calibrate steps.csv --hw plain.yaml --set batch=8
refuses 2 'expected a column "gbs"' "$plan" calibrate steps.csv --hw plain.yaml --columns batch=gbs
head -c 5000 /dev/urandom > binary.csv
refuses 2 'binary.csv:' "$plan" calibrate binary.csv --hw plain.yaml
mkdir -p folder
refuses 2 'found a folder' "$plan" calibrate folder --hw plain.yaml

# ---- steps that tell nothing: the answer is no
{ head -1 steps.csv; for i in 1 2 3 4; do sed -n "$((i + 1))p" steps.csv | awk -F, -v OFS=, -v t="$i" '{$9 = 10 ^ (t % 3); print}'; done; } > wild.csv
answers 1 '.constants | all(.identified == false)' "$plan" calibrate wild.csv --hw plain.yaml --out wild.yaml
claim "nothing is written of it" [ ! -e wild.yaml ]
finish
