# vishwa-train run: stopped or killed anywhere and gone on with, on any number of threads, in any
# place: the same bits; and what is gone on with, and what is not.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
make_config dense.yaml "$dense"
make_config experts.yaml "$experts"
go="$train run --threads 1 --quiet"

# ---- the undisturbed runs
for model in dense experts; do
    shows 0 'done: step 20, .* held-out loss' $go $model.yaml --out $model
    claim "the log of $model holds" log_holds $model
    claim "$model learns" jq -es 'map(select(.event == null)) | .[-1].loss < .[0].loss - 0.5' $model/log.jsonl
    claim "$model starts and ends" jq -es '.[0].event == "start" and .[-1].event == "end"' $model/log.jsonl
    claim "$model keeps two" sh -c "[ \"\$(ls $model/checkpoints | tr '\n' ' ')\" = 'step-15 step-20 ' ]"
done

# ---- killed before the log's line of every step
VSH_FAULT_DIR=$PWD/count VSH_FAULT_LOG=$PWD/calls.txt VSH_FAULT_MODE=kill LD_PRELOAD=$inject \
    $go dense.yaml --out count > /dev/null 2>&1
# the first write is the event of the start, then come steps, and evaluations after 10 and 20
grep -nE '^write .*/log\.jsonl$' calls.txt | cut -d : -f 1 > writes.txt
code=0
[ "$(wc -l < writes.txt)" -eq 24 ]
note $? "24 lines of a log are 24 writes"
step=0 stride=1
[ "$SAN" = 1 ] && stride=7
while read -r call; do
    step=$((step + 1))
    [ $((step % stride)) -eq 0 ] || continue
    rm -rf killed
    env VSH_FAULT_DIR="$PWD/killed" VSH_FAULT_AT="$call" VSH_FAULT_MODE=kill LD_PRELOAD="$inject" \
        $go dense.yaml --out killed > stdout.txt 2> stderr.txt
    code=$?
    [ "$code" -eq 137 ]
    note $? "killed at line $step of the log"
    run $go dense.yaml --out killed --resume # before the first checkpoint from the first step on
    [ "$code" -eq 0 ] && same dense killed 20 && log_holds killed && energy_holds killed
    note $? "killed at line $step of the log, gone on with"
done < writes.txt

# a line that was half written, and one that no checkpoint knows of
cp -r dense torn
rm -rf torn/checkpoints/step-20
printf '{"step": 20, "tok' >> torn/log.jsonl
run $go dense.yaml --out torn --resume
[ "$code" -eq 0 ] && same dense torn 20 && log_holds torn
note $? "a torn line is cut"
claim "the log tells of the resume" jq -es 'map(select(.event == "resume")) | length == 1 and .[0].step == 15' torn/log.jsonl
cp -r dense lost
rm -rf lost/checkpoints/step-20 lost/log.jsonl
run $go dense.yaml --out lost --resume
[ "$code" -eq 0 ] && cmp dense/checkpoints/step-20/model.safetensors lost/checkpoints/step-20/model.safetensors
note $? "a lost log is begun anew"

# ---- threads, places, locales
for threads in 2 3; do
    [ "$SAN" = 1 ] && [ $threads = 3 ] && continue
    for model in dense experts; do
        run $train run --quiet --threads $threads $model.yaml --out $model-$threads
        [ "$code" -eq 0 ] && same $model $model-$threads 20
        note $? "$model on $threads threads"
    done
done
mkdir -p other
cp text.txt dense.yaml other/
(cd other && $go dense.yaml --out ../elsewhere > /dev/null 2>&1)
claim "from another folder" same dense elsewhere 20
run env TZ=Asia/Kolkata $go "$PWD/dense.yaml" --out "$PWD/zone"
[ "$code" -eq 0 ] && same dense zone 20
note $? "in another time zone, by absolute paths"
if command -v localedef > /dev/null && localedef -i de_DE -f UTF-8 "$PWD/de_DE.UTF-8" > /dev/null 2>&1; then
    run env LOCPATH="$PWD" LC_ALL=de_DE.UTF-8 $go dense.yaml --out comma
    [ "$code" -eq 0 ] && same dense comma 20 && cmp dense/config.yaml comma/config.yaml
    note $? "in a comma-decimal locale"
else
    skip "no localedef or no locale sources here"
fi
$go dense.yaml --out piped 2> stderr.txt | cat > stdout.txt
claim "into a pipe" same dense piped 20
$train run --threads 1 dense.yaml --out silent > /dev/null 2> /dev/null
claim "with stderr to nowhere" same dense silent 20
$train run --threads 1 dense.yaml --out closed >&- 2>&-
code=$?
[ "$code" -eq 4 ] && same dense closed 20 && log_holds closed
note $? "with stdout and stderr closed: 4, and no file is taken for either"
$train run --threads 1 dense.yaml --out shut <&- > stdout.txt 2>&-
code=$?
[ "$code" -eq 0 ] && same dense shut 20 && log_holds shut
note $? "with stdin and stderr closed"
if [ -w /dev/full ]; then
    $go dense.yaml --out full > /dev/full 2> stderr.txt
    code=$?
    [ "$code" -eq 4 ] && same dense full 20 && grep -q 'output: No space' stderr.txt
    note $? "/dev/full: 4, after a whole run"
fi

# ---- signals and limits: of a run whose steps do not depend on their number
long="$go dense.yaml --set schedule.name=constant --set schedule.warmup=2 --set evaluate.every=0"
last_step() { jq -s 'map(select(.event == null)) | .[-1].step' "$1/log.jsonl"; }
wait_for_steps() { # RUN: at least three
    for i in $(seq 400); do
        [ -f "$1/log.jsonl" ] && [ "$(wc -l < "$1/log.jsonl")" -gt 4 ] && return
        sleep 0.05
    done
}
run $long --steps 1000000 --out limited --hours 0.0001
[ "$code" -eq 3 ] && [ ! -s stderr.txt ] && grep -q 'stopped, resumable: step' stdout.txt &&
    [ -d "limited/checkpoints/step-$(last_step limited)" ] && log_holds limited
note $? "--hours: 3, with a checkpoint"
for signal in INT TERM USR1 HUP; do
    # a shell's background job ignores SIGINT; what env starts does not
    rm -rf stopped reference
    env --default-signal=INT --default-signal=HUP $long --steps 1000000 --out stopped > stdout.txt 2> stderr.txt &
    pid=$!
    wait_for_steps stopped
    kill -$signal $pid
    wait $pid
    code=$?
    at=$(last_step stopped)
    [ "$code" -eq 3 ] && [ -d "stopped/checkpoints/step-$at" ] && log_holds stopped &&
        grep -q 'stopped, resumable: step' stdout.txt
    note $? "SIG$signal: 3, with a checkpoint of its last step"
    end=$((at + 7))
    $long --steps $end --out stopped --resume > stdout.txt 2> stderr.txt
    code=$?
    $long --steps $end --out reference > /dev/null 2>&1
    [ "$code" -eq 0 ] && same reference stopped $end && log_holds stopped && energy_holds stopped
    note $? "SIG$signal: gone on with"
done
# in a step that takes long, a second signal ends at once
$long --steps 10 --set 'batch={tokens: 4194304, sequence: 32, micro: 4}' --out slow > stdout.txt 2> stderr.txt &
pid=$!
for i in $(seq 400); do
    [ -f slow/log.jsonl ] && break
    sleep 0.05
done
sleep 0.2
kill -TERM $pid
sleep 0.2
kill -TERM $pid
wait $pid 2> /dev/null
code=$?
[ "$code" -eq 143 ] && [ ! -s stdout.txt ] && [ "$(wc -l < slow/log.jsonl)" -eq 1 ]
note $? "a second signal ends at once"

# ---- what stands in a folder
refuses 2 'nothing: no checkpoint to resume from; --force begins anew' $go dense.yaml --out nothing --resume
claim "a refused run leaves no folder" test ! -e nothing
refuses 2 'dense: has a run already; --resume goes on with it, --force begins anew' $go dense.yaml --out dense
refuses 2 'either --resume or --force, got both' $go dense.yaml --out dense --resume --force
shows 0 'done: step 20' $go dense.yaml --out dense --resume
claim "a complete run stays as it was" jq -es 'map(select(.event == "resume")) | length == 0' dense/log.jsonl
cp -r dense before
refusal='dense/checkpoints/step-20: made with another configuration'
refuses 2 "$refusal: optimizer.lr was 0.003 and is now 0.001;" $go dense.yaml --out dense --resume --set optimizer.lr=1e-3
refuses 2 "$refusal: seed was 1 and is now 2;" $go dense.yaml --out dense --resume --set seed=2
refuses 2 "$refusal: seed was 1 and is now 3;" $go dense.yaml --out dense --resume --seed 3
refuses 2 "$refusal: batch.micro was 4 and is now 8;" $go dense.yaml --out dense --resume --set batch.micro=8
refuses 2 "$refusal: optimizer.betas was \[0.9, 0.95\] and is now \[0.9, 0.99\];" $go dense.yaml --out dense --resume --set 'optimizer.betas=[0.9, 0.99]'
refuses 2 "$refusal: " $go experts.yaml --out dense --resume
sed 's/cat/cow/g' text.txt > cows.txt
refuses 2 'step-20: made with another training text or tokenizer' $go dense.yaml --out dense --resume --set text=cows.txt --set data=cows
claim "refusals change nothing" diff -r -x run.lock before dense
shows 0 'done: step 25' $go dense.yaml --out dense --resume --steps 25
claim "more steps" jq -es '.[-1].event == "end" and .[-1].step == 25 and (map(select(.event == "end")) | length == 1)' dense/log.jsonl
claim "more steps: the log holds" log_holds dense
shows 0 'done: step 30' $go dense/config.yaml --out dense --resume --steps 30
run $go dense.yaml --out before --force --steps 5
[ "$code" -eq 0 ] && [ "$(ls before/checkpoints)" = step-5 ] && log_holds before
note $? "--force begins anew, without the checkpoints that were there"

# the split of a batch that memory decides is the one that the run was begun with
sed 's/, micro: 4//' dense.yaml > free.yaml
run $go free.yaml --out free --set batch.micro=2 --set batch.shards=4 --steps 10 --set schedule.name=constant
run $go free.yaml --out free --resume --steps 15 --set schedule.name=constant
run $go free.yaml --out bound --set batch.micro=2 --set batch.shards=4 --steps 15 --set schedule.name=constant --set schedule.warmup=1
[ "$code" -eq 0 ] && grep -q 'micro: 2, accumulate: 4, shards: 4' free/config.yaml
note $? "a batch is split as it was before"
claim "whatever the split would be now" cmp free/checkpoints/step-15/model.safetensors bound/checkpoints/step-15/model.safetensors

# ---- one at a time
$long --steps 1000000 --out busy > /dev/null 2>&1 &
pid=$!
wait_for_steps busy
refuses 2 'busy/run.lock: process [0-9]+ on .* runs here' $long --steps 1000000 --out busy --resume
refuses 2 'busy/run.lock: process [0-9]+ on .* runs here' $long --steps 1000000 --out busy --force
kill -KILL $pid
wait $pid 2> /dev/null
run $long --steps 1000000 --out busy --force --hours 0.0001
[ "$code" -eq 3 ]
note $? "a killed run's lock is free"

# ---- damage: the older one is gone on with, to the same bits, and the damaged one is in no way
newest=experts/checkpoints/step-20
size=$(wc -c < $newest/optimizer.safetensors)
damage() { # WHAT COMMAND: damages copy/checkpoints/step-20
    rm -rf copy
    cp -r experts copy
    (cd copy/checkpoints/step-20 && eval "$2")
    run $train run --threads 1 experts.yaml --out copy --resume
    [ "$code" -eq 0 ] && grep -qE '^warning: passed over copy/checkpoints/step-20.*' stderr.txt &&
        same experts copy 20 && log_holds copy &&
        jq -es 'map(select(.event == "resume")) | length == 1 and .[0].step == 15' copy/log.jsonl > /dev/null
    note $? "the newest one damaged: $1"
}
damage "cut to nothing" ': > model.safetensors'
damage "cut in the header" 'truncate -s 100 model.safetensors'
damage "cut in the data" "truncate -s $((size / 2)) optimizer.safetensors"
damage "one byte short" "truncate -s $((size - 1)) optimizer.safetensors"
damage "a byte flipped in the data" "printf '\377' | dd of=model.safetensors bs=1 seek=20000 conv=notrunc 2> /dev/null"
damage "a byte flipped in the header" "printf 'X' | dd of=model.safetensors bs=1 seek=40 conv=notrunc 2> /dev/null"
damage "a byte changed in the manifest" "sed -i 's/\"step\": 20/\"step\": 21/' manifest.json"
damage "the manifest gone" 'rm manifest.json'
damage "the weights gone" 'rm model.safetensors'
damage "the configuration edited" 'echo >> config.yaml'
rm -rf copy
cp -r experts copy
truncate -s 100 copy/checkpoints/step-20/model.safetensors
run $train run --threads 1 experts.yaml --out copy --resume --steps 17
[ "$code" -eq 0 ] && [ "$(ls copy/checkpoints | tr '\n' ' ')" = 'step-15 step-17 ' ]
note $? "a damaged one is gone when the run goes on before it"
rm -rf copy
cp -r experts copy
for step in 15 20; do truncate -s 10 copy/checkpoints/step-$step/optimizer.safetensors; done
refuses 2 'copy: no checkpoint to resume from \(passed over .*step-20.*step-15.*\); --force begins anew' $go experts.yaml --out copy --resume
claim "nothing is removed when nothing is left" test -d copy/checkpoints/step-15 -a -d copy/checkpoints/step-20
finish
