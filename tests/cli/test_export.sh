# export: files of other systems that parse, with the plan's numbers, and what is refused.
. "$ROOT/tests/cli/lib.sh"
train=$BUILD/vishwa-train
export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$BUILD/cache}"
ask="$plan export"
gpus="--hw a100-80gb --chips 64 --model llama3-8b --seq 8192 --batch 128 --layout tp=4,sp=1,pp=2,zero=1 --tokens 160G"

# ---- the recommended run: numbers are the main job's ----
"$plan" --hw tpu-v5e --hours 100 --json > plan.json 2> /dev/null
answers 0 '.schema_version == 1 and .target == "maxtext" and (.version | test("@")) and (.files | length == 1) and .files[0].name == "maxtext.yml"' $ask --to maxtext --hw tpu-v5e --hours 100
jq -r '.files[0].text' stdout.txt > maxtext.yml
same() { # KEY JQ: the figure of maxtext.yml is that of the plan
    told=$(sed -n "s/^$1: //p" maxtext.yml)
    jq -e --argjson told "$told" "(\$told - ($2)) | fabs < 1e-9" plan.json > stdout.txt 2> stderr.txt
    code=$?
    note "$code" "maxtext's $1 ($told) is the plan's $2"
}
same steps .recommended.steps
same learning_rate .recommended.learning_rate
same base_num_decoder_layers .recommended.model.layers
same base_emb_dim .recommended.model.hidden
same vocab_size .recommended.model.vocab
same adam_weight_decay .recommended.hyperparameters.weight_decay
batch=$(awk '/^per_device_batch_size:/ { b = $2 } /^gradient_accumulation_steps:/ { a = $2 } /^max_target_length:/ { s = $2 } END { print a * b * s }' maxtext.yml)
claim "per_device_batch_size x accumulation x length is the plan's batch" test "$batch" = "$(jq .recommended.batch_tokens plan.json)"

# ---- they parse ----
run $ask --to megatron $gpus
cp stdout.txt megatron.sh
claim "megatron.sh is shell" sh -n megatron.sh
claim "megatron.sh says what it was asked" grep -q -- '--tensor-model-parallel-size 4 ' megatron.sh
claim "the script insists on what is to be filled in" sh -c '! sh megatron.sh 2> said && grep -q "fill in" said'
for target in megatron torchtitan vishwa-train; do
    run $ask --to slurm --for $target --hw h100-sxm --chips 16 --hours 100
    cp stdout.txt job.sbatch
    claim "the job for $target is shell" sh -n job.sbatch
    nodes=2 tasks=8
    [ $target != vishwa-train ] || nodes=1 tasks=1 # one process
    claim "the job for $target has its nodes and tasks" sh -c 'grep -q "^#SBATCH --nodes=$1$" job.sbatch && grep -q "^#SBATCH --ntasks-per-node=$2$" job.sbatch && grep -qE "^#SBATCH --time=[0-9]+-[0-9]{2}:[0-9]{2}:00$" job.sbatch' sh $nodes $tasks
done
run $ask --to torchtitan --hw h100-sxm --chips 16 --hours 100 --out titan
[ "$code" -eq 0 ] && [ -s titan/config.toml ] && [ -s titan/vishwa_model.py ] && [ ! -s stdout.txt ]
note $? "both files of torchtitan"
if python3 -c 'import tomllib' 2> /dev/null; then
    claim "config.toml is TOML, and its batch is whole" python3 -c 'import tomllib
c = tomllib.load(open("titan/config.toml", "rb"))
p, t = c["parallelism"], c["training"]
ways = p["data_parallel_replicate_degree"] * p["data_parallel_shard_degree"]
assert ways * p["tensor_parallel_degree"] * p["context_parallel_degree"] * p["pipeline_parallel_degree"] == 16
assert t["global_batch_size"] % (t["local_batch_size"] * ways) == 0
assert isinstance(c["optimizer"]["lr"], float)'
    claim "vishwa_model.py is Python" python3 -c 'compile(open("titan/vishwa_model.py").read(), "model", "exec")'
else
    skip "no python3 with tomllib"
fi

# ---- this project's trainer takes its file ----
for what in "--hw laptop --hours 10" "--hw tpu-v5e --hours 1" "--hw laptop --model tiny-moe --batch 64 --micro-batch 8 --tokens 100M"; do
    rm -rf own
    run $ask --to vishwa-train $what --out own
    run "$train" run own/config.yaml --dry-run
    note "$code" "vishwa-train takes the file of: $what"
done
claim "steps and rate are there" sh -c 'grep -q "^steps: 6103$" own/config.yaml && grep -q "lr: 0\.0" own/config.yaml'
shows 0 '^# differs: ' $ask --to vishwa-train --hw tpu-v5e --hours 1
shows 0 '^# FILL IN' $ask --to vishwa-train --hw laptop --hours 10

# ---- with --data its text is named, and its model can hold the tokens ----
awk 'BEGIN { for (d = 0; d < 300; d++) printf "the %d cat of house %d sees dog number %d\n\n", d, d * 7 % 31, d * d }' > text.txt
run "$train" data build --in text.txt --tokenizer bytes --ngram-filter off --dedup off --out "my text"
vocab=$(jq .tokenizer.vocab "my text/manifest.json")
run $ask --to vishwa-train --hw laptop --hours 0.1 --data "my text" --out named
claim "the file names the folder" sh -c 'grep -qx "data: \"my text\"" named/config.yaml && ! grep -q "FILL IN" named/config.yaml'
claim "and has the vocabulary of its manifest" grep -qx "  vocab: $vocab" named/config.yaml
run "$train" run named/config.yaml --threads 1 --steps 2 --set batch.tokens=512 --set batch.sequence=32 --set batch.micro=16 --out named/run
note "$code" "and is trained as it stands"
shows 0 '^data: "my text"$' $ask --to vishwa-train --hw laptop --model tiny-moe --batch 64 --tokens 100M --data "my text"
sed 's/^vocab: .*/vocab: 200/' "$ROOT/models/tiny-dense.yaml" > few.yaml
refuses 2 "data: expected at most the model.s vocabulary of 200, got a dataset of $vocab pieces" $ask --to vishwa-train --hw laptop --hours 0.1 --model ./few.yaml --data "my text"
refuses 2 'nowhere/manifest.json: No such file' $ask --to vishwa-train --hw laptop --model tiny-moe --batch 64 --tokens 100M --data nowhere

# ---- text of files stays text ----
sed "s/^name: .*/name: \"it's \\\\\"x\\\\\" \$(touch pwned) \`touch pwned\`; steps: 9\"/" "$ROOT/models/tiny-dense.yaml" > "evil \$(touch pwned).yaml"
for target in megatron torchtitan slurm; do
    run $ask --to $target --hw h100-sxm --model "./evil \$(touch pwned).yaml" --batch 8 --out evil-$target
    note "$code" "a name with quotes and \$() is exported to $target"
done
claim "the name reached a comment" grep -qF '$(touch pwned)' evil-megatron/megatron.sh
MEGATRON_PATH=. DATA_PATH=d TOKENIZER_TYPE=t TOKENIZER_MODEL=m RANK=0 PATH="$PWD/nowhere:/usr/bin:/bin" sh evil-megatron/megatron.sh > stdout.txt 2> stderr.txt
claim "and is run by none of them" sh -c '[ ! -e pwned ] && sh -n evil-slurm/job.sbatch'
run $ask --to vishwa-train --hw laptop --model "./evil \$(touch pwned).yaml" --batch 8 --out evil-own
run "$train" run evil-own/config.yaml --dry-run
[ "$code" -eq 0 ] && [ ! -e pwned ]
note $? "vishwa-train takes the name as it was"

# ---- nothing is overwritten ----
refuses 2 'titan/config.toml is there \(--force overwrites\)' $ask --to torchtitan --hw h100-sxm --chips 16 --hours 100 --out titan
rm titan/config.toml
refuses 2 'vishwa_model.py is there' $ask --to torchtitan --hw h100-sxm --chips 16 --hours 100 --out titan
claim "and nothing is written beside it" test ! -e titan/config.toml
run $ask --to torchtitan --hw h100-sxm --chips 16 --hours 100 --out titan --force
[ "$code" -eq 0 ] && [ -s titan/config.toml ]
note $? "--force overwrites"

# ---- refusals ----
refuses 2 'to: .*did you mean "?megatron' $ask --to megatorn $gpus
refuses 2 '^vishwa-plan: --to: expected maxtext' $ask $gpus
refuses 2 'cross-layer attention' $ask --to megatron --hw h100-sxm --model vishwa-1b-cla --batch 8
refuses 2 'sliding-window attention' $ask --to maxtext --hw tpu-v5e --model mistral-7b --batch 8
refuses 2 'latent attention' $ask --to torchtitan --hw h100-sxm --model deepseek-v3 --batch 8
refuses 2 'is a tpu' $ask --to megatron --hw tpu-v5e --hours 100
refuses 2 'for: expected with --to slurm' $ask --to megatron --for torchtitan $gpus
refuses 2 'for: expected megatron, torchtitan or vishwa-train' $ask --to slurm --for maxtext $gpus
refuses 2 'batch: expected' $ask --to megatron --hw h100-sxm --model llama3-8b --layout tp=2 --chips 8
refuses 2 'batch: expected' $ask --to megatron --hw h100-sxm --hours 10 --recompute full
refuses 2 'layout: .*chips' $ask --to megatron --hw h100-sxm --model llama3-8b --batch 8 --layout tp=3 --chips 8
refuses 2 'hours: expected' $ask --to maxtext --hw tpu-v5e
refuses 2 'the optimizer lion' $ask --to maxtext --hw tpu-v5e --hours 100 --optimizer lion
refuses 2 'attention: expected full in fp32' $ask --to megatron $gpus --precision fp32
refuses 2 'sp: expected 1 with experts' $ask --to megatron --hw h100-sxm --model mixtral-8x7b --batch 8 --chips 8 --layout tp=2
refuses 2 'at least a step' $ask --to megatron --hw h100-sxm --model llama3-8b --batch 128 --tokens 1k
run $ask --help
[ "$code" -eq 0 ] && [ "$(awk 'length($0) > n { n = length($0) } END { print n }' stdout.txt)" -le 80 ]
note $? "help fits 80 columns"
finish
