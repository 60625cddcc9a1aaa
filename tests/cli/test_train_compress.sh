# vishwa-train compress: pruned and 8-bit checkpoints that the other commands read, students of a
# teacher, and what is refused.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
make_config dense.yaml "$dense"
make_config experts.yaml "$experts, exits: [1]"
run $train run dense.yaml --out trained --threads 1 --quiet --steps 60 --set schedule.warmup=5
note "$code" "a model is trained"
compress="$train compress --threads 1 --quiet"
loss_of() { # RUN: on all held-out text, with the weights that are there
    $train eval --checkpoint "$1" --threads 1 --quiet --json | jq -c '[.loss, .flops_per_token]'
}
before=$(loss_of trained)

# ---- pruning
answers 0 ".method == \"prune\" and [.loss_before, .flops_per_token_before] == $before and .flops_per_token == .flops_per_token_before and
    .params_total == 28864 and .matrices == 14 and .matrix_params == 20480 and .params_nonzero == 28864 - 10240 and
    .stored_bytes == 4 * 28864 and .bitmap_counted_bytes == 4 * (28864 - 20480) + 4 * 10240 + 20480 / 8 and
    .sparse_rows_counted_bytes == 4 * (28864 - 20480) + 6 * 10240 + 4 * (2 * (4 * 32 + 2 * 64 + 32) + 14)" \
    $compress --checkpoint trained --out half --prune 0.5
after=$(jq -c '[.loss, .flops_per_token]' stdout.txt)
[ "$(loss_of half)" = "$after" ]
note $? "eval of the pruned checkpoint has the loss that compress said"
[ "$after" != "$before" ]
note $? "pruning changed something"
run $compress --checkpoint trained --out half-2 --prune 0.5 --threads 2
cmp half/checkpoints/step-60/model.safetensors half-2/checkpoints/step-60/model.safetensors
note $? "the same weights go on two threads"
run $compress --checkpoint trained --out whole --prune 0
cmp trained/checkpoints/step-60/model.safetensors whole/checkpoints/step-60/model.safetensors &&
    cmp trained/checkpoints/step-60/optimizer.safetensors whole/checkpoints/step-60/optimizer.safetensors
note $? "a share of 0 changes nothing"
shows 0 'Time +none saved' $compress --checkpoint trained --out half-3 --prune 0.5 --tokens 64
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'
shows 0 '.' $train sample --checkpoint half --prompt the --tokens 8 --threads 1
run $train run dense.yaml --out tuned --threads 1 --quiet --steps 70 --set schedule.warmup=5 --set from=half
[ "$code" -eq 0 ] && jq -es '.[1].step == 61' tuned/log.jsonl > claim.txt
note $? "a run branches off a pruned checkpoint"

# ---- 8 bits
answers 0 ".method == \"int8\" and .loss_before == $before[0] and .matrices == 15 and .matrix_params == 28704 and
    .stored_bytes_before == 4 * 28864 and .stored_bytes == 28704 + 4 * (28864 - 28704) + 4 * (257 + 2 * (4 * 32 + 2 * 64 + 32)) and
    .error_largest <= 0.5001 / 127 and .error_rms > 0 and .error_rms < 0.02 and (.loss - .loss_before | fabs) < 0.02" \
    $compress --checkpoint trained --out narrow --quantize int8
narrow=$(jq -c '[.loss, .flops_per_token]' stdout.txt)
[ "$(loss_of narrow)" = "$narrow" ] && [ "$(loss_of narrow/checkpoints/step-60)" = "$narrow" ]
note $? "eval of the 8-bit checkpoint has the loss that compress said"
claim "it holds no state of a run" test ! -e narrow/checkpoints/step-60/optimizer.safetensors
shows 0 '8 bits +15 matrices' $compress --checkpoint half --out half-narrow --quantize int8 --tokens 64
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'
shows 0 '.' $train sample --checkpoint narrow --prompt the --tokens 8 --threads 1
refuses 2 'weights without the state of a run are for eval and sample' $train run dense.yaml --out narrow --resume --quiet --steps 80 --set schedule.warmup=5
refuses 2 'weights without the state of a run are for eval and sample' $train run dense.yaml --out no --quiet --steps 80 --set from=narrow
refuses 2 'in 8 bits already' $compress --checkpoint narrow --out no --prune 0.5
refuses 2 'in 8 bits already' $compress --checkpoint narrow --out no --quantize int8

# ---- distillation
answers 0 '.held_out_loss > 0 and .teacher.held_out_loss > 0 and .teacher.params == 28864 and .teacher.weight == 1 and
    .teacher.flops_per_step > 0 and .teacher.flops_per_step < .measured.flops_per_step and .teacher.memory_bytes > 4 * 28864 and
    .predicted.flops_per_step == .measured.flops_per_step and .step == 20' \
    $compress --checkpoint trained --out student --distill-into experts.yaml
claim "the log counts both" jq -es '[.[] | select(.event == null) | .teacher_flops > 0 and .flops > 0] | length == 20 and all' student/log.jsonl
claim "the log has the loss of the text and what is learnt" \
    jq -es '[.[] | select(.event == null)] | .[0].loss > 5.3 and .[0].loss < 5.8 and all(.loss != .joint_loss)' student/log.jsonl
claim "the log has the teacher's loss" jq -es '[.[] | select(.event == "evaluate")] | last | .teacher_loss > 0' student/log.jsonl
run $compress --checkpoint trained --out student-2 --distill-into experts.yaml --threads 2
[ "$code" -eq 0 ] && same student student-2 20
note $? "the same on two threads"
run $compress --checkpoint trained --out cut --distill-into experts.yaml
rm -rf cut/checkpoints/step-20
run $compress --checkpoint trained --out cut --distill-into experts.yaml --resume
[ "$code" -eq 0 ] && same student cut 20
note $? "a student's run is gone on with"
rm -rf cut/checkpoints/step-20
run $train run cut/config.yaml --out cut --resume --threads 1 --quiet
[ "$code" -eq 0 ] && same student cut 20
note $? "run goes on with it, too"
rm -rf cut/checkpoints/step-20
refuses 2 'made with another teacher' $compress --checkpoint half --out cut --distill-into experts.yaml --resume
answers 0 '.memory.total_bytes == .predicted.memory_bytes and .teacher.memory_bytes > 4 * 28864 and .teacher.held_out_loss == null' \
    $compress --checkpoint trained --out no --distill-into experts.yaml --dry-run
shows 0 'Teacher +28,864 parameters' $compress --checkpoint trained --out no --distill-into experts.yaml --dry-run
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'
run $compress --checkpoint narrow --out of-narrow --distill-into dense.yaml --steps 3 --set distill.weight=1 --set distill.temperature=2
note "$code" "an 8-bit checkpoint teaches"
shows 0 'FLOP by its teacher' $train run dense.yaml --out by-run --steps 3 --threads 1 --quiet --set "distill.teacher=trained"
refuses 2 'distill: teacher: expected a checkpoint' $train run dense.yaml --out no --set distill.weight=0.3
refuses 2 'vocabulary of 258, got 257' $compress --checkpoint trained --out no --distill-into dense.yaml --set 'model={layers: 1, hidden: 32, heads: 2, ffn: 64, vocab: 258, context: 32}'
refuses 2 "teacher's context of 32, got 64" $compress --checkpoint trained --out no --distill-into dense.yaml --set 'model={layers: 1, hidden: 32, heads: 2, ffn: 64, vocab: 257, context: 64}' --set batch.sequence=64
# another tokenizer of the same size
sed 's/257/300/; s/tokenizer: bytes/tokenizer: bpe/' dense.yaml > bpe.yaml
tr 'a-m' 'n-z' < text.txt > other.txt
run $train run bpe.yaml --out bpe-trained --threads 1 --quiet --steps 2 --set evaluate.every=0
note "$code" "a teacher of another tokenizer is trained"
refuses 2 'trained with another tokenizer' $compress --checkpoint bpe-trained --out no --distill-into bpe.yaml --set text=other.txt --set data=other
refuses 2 'weight: expected a number from 0 to 1' $compress --checkpoint trained --out no --distill-into dense.yaml --set distill.weight=1.5

refuses 2 'expected another directory than that of' $compress --checkpoint trained --out trained --distill-into experts.yaml --force
refuses 2 'expected another directory than that of' $train run dense.yaml --out trained --force --quiet --steps 80 --set from=trained
[ "$(loss_of trained)" = "$before" ]
note $? "a teacher or a trunk is not begun over"

# ---- wrong arguments
refuses 2 'expected --checkpoint DIR' $compress --out no --prune 0.5
refuses 2 'expected --out DIR' $compress --checkpoint trained --prune 0.5
refuses 2 'expected one of --prune F, --quantize int8 and --distill-into CONFIG, got none' $compress --checkpoint trained --out no
refuses 2 'got two' $compress --checkpoint trained --out no --prune 0.5 --quantize int8
refuses 2 'got two' $compress --checkpoint trained --out no --prune 0.5 --distill-into dense.yaml
refuses 2 'got three' $compress --checkpoint trained --out no --prune 0.5 --quantize int8 --distill-into dense.yaml
refuses 2 'from 0 to less than 1' $compress --checkpoint trained --out no --prune 1
refuses 2 'prune: expected a number from 0 to 1' $compress --checkpoint trained --out no --prune 1.5
refuses 2 'prune: expected a number from 0 to 1' $compress --checkpoint trained --out no --prune=-0.1
refuses 2 'prune: expected a number from 0 to 1' $compress --checkpoint trained --out no --prune nan
refuses 2 'quantize: expected one of int8' $compress --checkpoint trained --out no --quantize int4
refuses 2 'steps: expected with --distill-into only' $compress --checkpoint trained --out no --prune 0.5 --steps 3
refuses 2 'hours: expected with --distill-into only' $compress --checkpoint trained --out no --quantize int8 --hours 1
refuses 2 'tokens: expected with' $compress --checkpoint trained --out no --distill-into dense.yaml --tokens 64
refuses 2 'expected a run directory with a checkpoint' $compress --checkpoint nowhere --out no --prune 0.5
refuses 2 'nowhere.yaml' $compress --checkpoint trained --out no --distill-into nowhere.yaml
refuses 2 'expected a new or an empty folder' $compress --checkpoint trained --out half --prune 0.5
refuses 2 'expected a new or an empty folder' $compress --checkpoint trained --out trained --quantize int8 --force
refuses 2 'has a run already' $compress --checkpoint trained --out student --distill-into experts.yaml
refuses 2 'Not a directory' $compress --checkpoint trained --out text.txt --prune 0.5
claim "what was refused leaves nothing" test ! -e no

# ---- the machine fails: no checkpoint, or a whole one
mkdir empty
for at in 1 4 8 12 16 24; do
    rm -rf out
    env VSH_FAULT_DIR="$PWD/out" VSH_FAULT_MODE=kill VSH_FAULT_AT=$at LD_PRELOAD="$inject" \
        $compress --checkpoint trained --out out --prune 0.5 --tokens 64 > stdout.txt 2> stderr.txt
    code=$?
    if [ -e out/checkpoints/step-60 ]; then
        cmp -s out/checkpoints/step-60/model.safetensors half/checkpoints/step-60/model.safetensors
    else
        [ "$code" -eq 137 ] && ! $train eval --checkpoint out --threads 1 --quiet > /dev/null 2>&1
    fi
    note $? "killed at call $at"
    rm -rf out
    env VSH_FAULT_DIR="$PWD/out" VSH_FAULT_MODE=full VSH_FAULT_AT=$at LD_PRELOAD="$inject" \
        $compress --checkpoint trained --out out --quantize int8 --tokens 64 > stdout.txt 2> stderr.txt
    code=$?
    [ "$code" -eq 0 ] || { [ "$code" -eq 4 ] && [ ! -e out/checkpoints ] && [ ! -s stdout.txt ]; }
    note $? "a full disk at call $at"
done
finish
