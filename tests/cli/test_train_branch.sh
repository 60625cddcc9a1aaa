# from: a run that branches off another's checkpoint: the bits of one run that was never parted, a
# schedule of its own, and what is no trunk. unique_tokens: some documents only.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
make_config dense.yaml "$dense"
make_config experts.yaml "$experts"
go="$train run --threads 1 --quiet"
flat="--set schedule.name=constant --set schedule.warmup=4"
steps_from() { # RUN STEP: losses of the later steps
    jq -r "select(.event == null and .step > $2) | \"\(.step) \(.loss) \(.grad_norm) \(.lr)\"" "$1/log.jsonl"
}
same_end() { # RUN RUN STEP FROM
    cmp "$1/checkpoints/step-$3/model.safetensors" "$2/checkpoints/step-$3/model.safetensors" &&
        cmp "$1/checkpoints/step-$3/optimizer.safetensors" "$2/checkpoints/step-$3/optimizer.safetensors" &&
        steps_from "$1" "$4" > same-a.txt && steps_from "$2" "$4" > same-b.txt && cmp same-a.txt same-b.txt
}

# ---- the bits of a run that was never parted
for model in dense experts; do
    run $go $model.yaml $flat --out $model-whole
    run $go $model.yaml $flat --out $model-trunk --steps 12
    run $go $model.yaml $flat --out $model-branch --set from=$model-trunk
    [ "$code" -eq 0 ] && same_end $model-whole $model-branch 20 12
    note $? "$model: a branch with an unchanged schedule has the bits of the trunk"
    # stable for 16 of 20 steps, then down: one wsd run, and a constant trunk with a branch
    run $go $model.yaml --set schedule.warmup=4 --out $model-wsd
    run $go $model.yaml $flat --out $model-stable --steps 16
    run $go $model.yaml --set schedule.warmup=4 --out $model-cooldown --set from=$model-stable/checkpoints/step-16
    [ "$code" -eq 0 ] && same_end $model-wsd $model-cooldown 20 16
    note $? "$model: a cooldown branch of a constant trunk has the bits of a wsd run"
    # the trunk goes on as if nothing had been taken from it
    run $go $model.yaml $flat --out $model-stable --resume
    [ "$code" -eq 0 ] && same_end $model-whole $model-stable 20 0
    note $? "$model: the trunk goes on"
done
claim "a branch counts on from the trunk's step" jq -es '.[0].event == "start" and .[0].step == 12 and .[1].step == 13 and .[1].tokens == 3328' dense-branch/log.jsonl
claim "the effective configuration names the trunk" grep -q "from: '/.*dense-trunk'" dense-branch/config.yaml

# ---- a branch that was killed, and moved
cp -r dense-branch cut
rm -rf cut/checkpoints/step-20
run $go dense.yaml $flat --out cut --set from=dense-trunk --resume
[ "$code" -eq 0 ] && same_end dense-whole cut 20 12
note $? "a branch goes on from its own checkpoint"
rm -rf cut/checkpoints
run $go dense.yaml $flat --out cut --set from=dense-trunk --resume
[ "$code" -eq 0 ] && same_end dense-whole cut 20 12
note $? "a branch that had none yet begins at its trunk"
cp -r dense-trunk moved
cp -r dense-branch elsewhere
rm -rf elsewhere/checkpoints/step-20
run $go dense.yaml $flat --out elsewhere --set from=moved --resume
[ "$code" -eq 0 ] && same_end dense-whole elsewhere 20 12
note $? "where the trunk lies does not matter"

# ---- what is no trunk
refuses 2 'from: .*expected more steps than the 12 that are done there, got 12' $go dense.yaml --out no --set from=dense-trunk --steps 12
refuses 2 'from: .*expected the seed 1 .*got 2' $go dense.yaml --out no --set from=dense-trunk --seed 2
refuses 2 'expected a run directory with a checkpoint' $go dense.yaml --out no --set from=nowhere
refuses 2 'made with another training text' $go dense.yaml --out no --set from=dense-trunk --set text=dense.yaml --set data=other
refuses 2 'safetensors' $go experts.yaml --out no --set from=dense-trunk
refuses 2 'optimizer.safetensors' $go dense.yaml --out no --set from=dense-trunk --set optimizer.name=sgd
claim "a refused branch leaves nothing" test ! -e no

# ---- some documents only
few="--set unique_tokens=2000"
shows 0 'done: step 20' $go dense.yaml $few --out few
shows 0 'done: step 20' $go dense.yaml $few --out few-2 --threads 2
claim "the same on two threads" same few few-2 20
claim "another text than the whole" sh -c '! cmp -s few/checkpoints/step-20/model.safetensors dense-wsd/checkpoints/step-20/model.safetensors'
run $go dense.yaml --set unique_tokens=1000000 --out all --set schedule.warmup=4
[ "$code" -eq 0 ] && same dense-wsd all 20
note $? "more than there is is all of it"
cp -r few part
rm -rf part/checkpoints/step-20
refuses 2 'unique_tokens was 2000 and is now' $go dense.yaml --set unique_tokens=3000 --out part --resume
run $go dense.yaml $few --out part --resume
[ "$code" -eq 0 ] && same few part 20
note $? "gone on with"
finish
