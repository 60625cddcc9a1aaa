# vishwa-train run: every precision, optimizer, way to recompute, to cut a batch and to build a model;
# and what was predicted is what is measured.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
steps=12
[ "$SAN" = 1 ] && steps=4

# Predicted equals measured, to the byte and to the operation; the loss falls; the files hold the
# parameters that the planner counts.
trains() { # NAME MODEL OPTION...
    name=$1
    printf '{%s}\n' "$2" > "$name-model.yaml"
    make_config "$name.yaml" "$2"
    shift 2
    run $train run "$name.yaml" --out "$name" --threads 1 --quiet --steps $steps --set checkpoint.every=0 \
        --set schedule.warmup=1 "$@"
    [ "$code" -eq 0 ] && [ ! -s stderr.txt ] && log_holds "$name"
    note $? "$name trains"
    claim "$name learns" jq -es 'map(select(.event == null)) | .[-1].loss < .[0].loss - 0.01' "$name/log.jsonl"
    claim "$name: what was predicted is measured" jq -es '.[0].predicted as $p | .[-1].measured as $m |
        $p.params == $m.params and $p.memory_bytes == $m.memory_bytes and
        $p.flops_per_step == $m.flops_per_step and $m.step_time_s > 0' "$name/log.jsonl"
    claim "$name: the parameters are the planner's" counts "$name"
}
counts() { # NAME
    planned=$("$plan" count --model "./$1-model.yaml" --json | jq .params_total)
    file=$1/checkpoints/step-$steps/model.safetensors
    length=$(od -An -t u8 -N 8 "$file" | tr -d ' ')
    saved=$(tail -c +9 "$file" | head -c "$length" | jq '[to_entries[] | select(.key != "__metadata__") |
        reduce .value.shape[] as $side (1; . * $side)] | add')
    echo "planned $planned, saved $saved"
    [ "$planned" -gt 0 ] && [ "$planned" = "$saved" ] && [ "$(jq -s '.[0].params' "$1/log.jsonl")" = "$saved" ]
}
same_losses() { # RUN RUN
    losses "$1" > a.txt && losses "$2" > b.txt && cmp a.txt b.txt
}

# ---- precisions and optimizers
for model in dense experts; do
    eval "fields=\$$model"
    trains $model "$fields"
    for precision in bf16 int8; do
        trains $model-$precision "$fields" --set precision=$precision
    done
    for optimizer in adamw8bit adafactor sgd; do
        rate=0.003
        [ $optimizer = sgd ] && rate=0.3
        trains $model-$optimizer "$fields" --set optimizer.name=$optimizer --set optimizer.lr=$rate
    done
    trains $model-bf16-adafactor "$fields" --set precision=bf16 --set optimizer.name=adafactor
    trains $model-bf16-adamw8bit "$fields" --set precision=bf16 --set optimizer.name=adamw8bit

    # ---- recomputing: the same numbers by another way
    for mode in selective full; do
        trains $model-$mode "$fields" --set recompute=$mode
        claim "$model: recompute $mode changes no bit" same_losses $model $model-$mode
        trains $model-bf16-$mode "$fields" --set recompute=$mode --set precision=bf16
    done
    claim "$model: recomputing saves memory" sh -c "
        none=\$(jq -s '.[-1].measured.memory_bytes' $model/log.jsonl)
        some=\$(jq -s '.[-1].measured.memory_bytes' $model-selective/log.jsonl)
        full=\$(jq -s '.[-1].measured.memory_bytes' $model-full/log.jsonl)
        [ \$full -lt \$some ] && [ \$some -le \$none ]"

    # ---- four micro-batches in one, two and four shards: near, and each the same on two threads
    for shards in 1 2 4; do
        trains $model-shards-$shards "$fields" --set batch.micro=2 --set batch.shards=$shards
        claim "$model: $shards shards are near" jq -es --slurpfile other $model/log.jsonl '
            (map(select(.event == null)) | .[-1].loss) as $a |
            ($other | map(select(.event == null)) | .[-1].loss) as $b | ($a - $b | fabs) < 0.05' $model-shards-$shards/log.jsonl
    done
done
run $train run dense.yaml --out two --threads 2 --quiet --steps $steps --set checkpoint.every=0 \
    --set schedule.warmup=1 --set batch.micro=2 --set batch.shards=4
claim "shards on two threads change no bit" same_losses dense-shards-4 two

# ---- sequences that grow, exits, layers that share keys, other parts
trains growing "$dense" --set batch.sequence_start=8 --set batch.sequence_warmup=3
trains exits "$dense, exits: [1]"
trains sharing "$(echo "$dense" | sed 's/layers: 2/layers: 4/'), cross_layer: 2"
trains untied "$(echo "$dense" | sed 's/tied: true/tied: false/')"
trains grouped "$(echo "$dense" | sed 's/kv_heads: 2/kv_heads: 1/')"
trains gelu "$(echo "$dense" | sed 's/swiglu/gelu/; s/norm: rms/norm: layer/; s/rotary/learned/'), bias: all"
trains window "$dense, window: 8"
trains dropping "$dense, experts: {count: 4, top_k: 1, hidden: 32, capacity: 1.0}" --set losses.jitter=0.1
trains shared "$dense, experts: {count: 4, top_k: 2, hidden: 32, shared: 1, every: 2}"
trains balanced "$dense, experts: {count: 4, top_k: 2, hidden: 32, correction_bias: true}" --set losses.bias_rate=0.01 --set losses.balance=0

# ---- files that other software reads
python=
for each in python3 /usr/bin/python3; do # the packaged one, when another comes first
    [ -n "$python" ] || ! $each -c 'import numpy' 2> /dev/null || python=$each
done
if [ -n "$python" ]; then
    for name in dense experts dense-bf16 experts-bf16 untied grouped; do
        claim "$name is read as Llama or Mixtral" $python "$ROOT/tests/trainer/read_checkpoint.py" --no-hashes \
            $name/checkpoints/step-$steps
    done
    claim "exits are read, too" $python "$ROOT/tests/trainer/read_checkpoint.py" --any-model exits/checkpoints/step-$steps
else
    skip "python3 with numpy is not installed"
fi
finish
