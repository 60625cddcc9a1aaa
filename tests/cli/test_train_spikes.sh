# vishwa-train run with a loss that is not a number, or leaps: skipped or rolled back, so often and no
# oftener, and nothing of it ever stands in a checkpoint.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
make_config dense.yaml "$dense"
make_config experts.yaml "$experts"
go="$train run --threads 1 --quiet"
wild="--set optimizer.lr=1000 --set schedule.warmup=4 --set optimizer.clip=0 --set checkpoint.every=1"

# Whatever stands there can be gone on with: manifest, checksums, every weight and moment finite.
sound() { # CONFIG RUN OPTION...
    config=$1 name=$2
    shift 2
    [ -d "$name/checkpoints" ] || return 0
    rm -rf after
    cp -r "$name" after
    at=$(ls after/checkpoints | sed 's/step-//' | sort -n | tail -n 1)
    # going on to the very step that it stands at changes nothing, and reads all of it
    timeout 20 $go "$config" --out after --resume "$@" --steps "$at" > stdout.txt 2> stderr.txt
    code=$?
    [ "$code" -eq 0 ] && ! grep -q warning stderr.txt
}

for model in dense experts; do
    for action in skip rollback ignore; do
        for precision in fp32 bf16; do
            [ "$SAN" = 1 ] && [ $action$precision != skipbf16 ] && [ $action$precision != rollbackfp32 ] && continue
            name=$model-$action-$precision
            set -- $wild --set spike.action=$action --set precision=$precision
            run $go $model.yaml --out "$name" --steps 60 "$@"
            [ "$code" -eq 1 ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] &&
                grep -qE '^vishwa-train: step [0-9]+: (the loss is [^ ]+( finite)?, bad 6 times in a row|the weights or moments are not finite); the newest checkpoint stands' stderr.txt
            note $? "$name: fails, says why"
            claim "$name: bad steps are few and told" jq -es '.[0].event == "start" and
                ([.[] | select(.update != null)] | length <= 30)' "$name/log.jsonl"
            claim "$name: what it left is sound" sound $model.yaml "$name" "$@"
        done
    done
done
for optimizer in sgd adafactor adamw8bit; do
    set -- $wild --set optimizer.name=$optimizer
    run $go dense.yaml --out $optimizer --steps 60 "$@"
    [ "$code" -eq 1 ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ]
    note $? "$optimizer: fails"
    claim "$optimizer: what it left is sound" sound dense.yaml $optimizer "$@"
done
run $go dense.yaml --out limit --steps 60 $wild --set spike.limit=2
[ "$code" -eq 1 ] && grep -q 'bad 3 times in a row' stderr.txt && [ "$(grep -c skipped limit/log.jsonl)" -eq 2 ]
note $? "the limit is the limit"

# ---- leaps: on a rough plateau, with one standard deviation for a limit, some in every run
leaps="--set spike.deviations=1 --set spike.limit=1000 --set evaluate.every=0 --set schedule.warmup=5
    --set schedule.name=constant --set optimizer.lr=0.3 --set batch.tokens=64 --set batch.micro=2"
for action in skip rollback; do
    set -- $leaps --set spike.action=$action
    run $go dense.yaml --out leaps-$action --steps 300 "$@"
    [ "$code" -eq 0 ] && grep -q '"update": "' leaps-$action/log.jsonl
    note $? "leaps: $action"
    # the statistics of the loss go on where they stood
    run $go dense.yaml --out cut-$action --steps 243 "$@"
    run $go dense.yaml --out cut-$action --steps 300 "$@" --resume
    [ "$code" -eq 0 ] && cmp leaps-$action/checkpoints/step-300/model.safetensors cut-$action/checkpoints/step-300/model.safetensors &&
        cmp leaps-$action/checkpoints/step-300/optimizer.safetensors cut-$action/checkpoints/step-300/optimizer.safetensors
    note $? "leaps: $action, gone on with"
done
run $go dense.yaml --out leaps-ignored --steps 300 $leaps --set spike.action=ignore
[ "$code" -eq 0 ] && ! grep -q '"update": "' leaps-ignored/log.jsonl
note $? "leaps: ignored"
finish
