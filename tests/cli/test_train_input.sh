# vishwa-train run: bad input and a bad world. One line with the place, what was expected and what was
# found; the right exit code; nothing on stdout; what was there before stays as it was, and nothing new.
. "$ROOT/tests/cli/train.sh"
make_text text.txt
make_config dense.yaml "$dense"
make_config experts.yaml "$experts"
go="$train run dense.yaml --threads 1 --quiet"

# ---- help, version, output
run "$train"
[ "$code" -eq 2 ] && [ ! -s stdout.txt ] && grep -q 'vishwa-train run trainer/configs/quick-moe.yaml' stderr.txt
note $? "no arguments: what it is, and one example"
shows 0 'Commands' "$train" --help
shows 0 '^vishwa-train [0-9.]+ \(' "$train" --version
shows 0 '^vishwa-train [0-9.]+ \(' "$train" run --version
shows 0 'dry-run.*print the prediction' "$train" run --help
shows 0 'Examples|vishwa-train run trainer' "$train" run -h
refuses 2 'unknown command "rum"; did you mean run\?' "$train" rum
refuses 2 'run: expected a configuration such as' "$train" run
refuses 2 'unknown option "--dryrun"; did you mean --dry-run\?' $go --dryrun
refuses 2 'unexpected word "experts.yaml"' $go experts.yaml
refuses 2 'steps: expected a whole number from 1' $go --steps 0
refuses 2 'hours: expected a number' $go --hours 0
refuses 2 'hours: expected a number' $go --hours nan
refuses 2 'threads: expected a whole number' $go --threads 0
refuses 2 'set: expected KEY=VALUE.* got "steps"' $go --set steps
refuses 2 'set: expected KEY=VALUE' $go --set =3
refuses 2 'set: expected KEY=VALUE, got nothing' $go --set=
refuses 2 'No such file' "$train" run missing.yaml
refuses 2 'found a folder' "$train" run .

answers 0 '.schema_version == 1 and .params_total == 28864 and .batch_tokens == 256 and .accumulate == 2 and
    .predicted.memory_bytes == .memory.total_bytes and .predicted.params == .params_total' \
    $go --dry-run --out dry
shows 0 'Memory .*reserved' $go --dry-run --out dry
refuses 4 'output: No space left on device' sh -c "$go --dry-run --out dry > /dev/full"
claim "--dry-run makes nothing" test ! -e dry -a ! -e data

# ---- what a dry run can know of the text it says, in the words and with the code of the run
both() { # CONFIG REGEX OPTIONS...
    config=$1 regex=$2
    shift 2
    refuses 2 "$regex" "$train" run $config --threads 1 --quiet --out dry --dry-run "$@"
    cp stderr.txt dry.txt
    refuses 2 "$regex" "$train" run $config --threads 1 --quiet --out dry "$@"
    cp stderr.txt real.txt
    claim "a dry run says the same of $*" cmp dry.txt real.txt
    claim "and neither makes anything" test ! -e dry -a ! -e data -a ! -e nothing
}
sed '/^text:/d; /^tokenizer:/d' dense.yaml > bare.yaml
both bare.yaml 'data: .*/nothing: no such folder: expected a dataset' --set data=nothing
both dense.yaml 'nowhere.txt: No such file' --set text=nowhere.txt
both dense.yaml 'tokenizer bytes: expected at most the model.s vocabulary of 200, got 257' \
    --set model='{layers: 2, hidden: 32, heads: 2, ffn: 64, vocab: 200, context: 32}'
both dense.yaml 'no-such.model' --set tokenizer=no-such.model
shows 0 'Memory .*reserved' "$train" run bare.yaml --threads 1 --dry-run --set data=runs/default-corpus

# ---- a schedule of which only the warm-up is left
for dry in '' --dry-run; do
    run "$train" run dense.yaml --threads 1 --set schedule.warmup=3 --steps 3 --out rise $dry
    [ "$code" -eq 0 ] && grep -q '^warning: schedule: warmup: 3 of 3 steps: the learning rate only rises' stderr.txt
    note $? "a run that never leaves its warm-up is told of $dry"
    run "$train" run dense.yaml --threads 1 --set schedule.warmup=3 --steps 4 --out risen $dry
    [ "$code" -eq 0 ] && ! grep -q warning stderr.txt
    note $? "one that does is not $dry"
done
rm -r rise risen data
answers 0 '.schema_version == 1 and .status == "done" and .step == 3 and .held_out_loss > 1 and
    .predicted.params == .measured.params and .out == "good"' $go --steps 3 --out good
claim "--json and --quiet say nothing else" test ! -s stderr.txt
answers 0 '.predicted.flops_per_step > 0' $go --dry-run --out good --resume
run $train run dense.yaml --threads 1 --steps 3 --out loud
[ "$code" -eq 0 ] && grep -q 'step 3/3  loss' stderr.txt && [ -s stdout.txt ] && ! grep -q "$(printf '\033')" stderr.txt
note $? "without --quiet it tells of its steps, plainly"

# ---- configurations: keys, types, sizes
sets() { # REGEX KEY=VALUE...
    regex=$1
    shift
    for set; do
        refuses 2 "$regex" $go --out bad --set "$set"
    done
}
sets 'unknown key "optimiser"; did you mean optimizer\?' 'optimiser={name: adamw}'
sets 'unknown key "lerning_rate"' 'optimizer.lerning_rate=1'
sets 'unknown key "tokenz"; did you mean tokens\?' batch.tokenz=1
sets 'unknown key "evry"; did you mean every\?' checkpoint.evry=1
sets 'unknown key "jiter"; did you mean jitter\?' losses.jiter=0.1
sets 'unknown key "actoin"; did you mean action\?' spike.actoin=skip
sets 'steps: expected a whole number from 1 to' steps=0 steps=-1 steps=1.5 steps=ten steps=1e3 steps=[1] 'steps="5"' steps=99999999999999999999 steps=nan
sets 'seed: expected a whole number' seed=-1 seed=x
sets 'lr: expected a number from 0 to 1000' optimizer.lr=nan optimizer.lr=inf optimizer.lr=-1 optimizer.lr=1e6 optimizer.lr=1e400 optimizer.lr=fast optimizer.lr={}
sets 'betas: expected two numbers such as' optimizer.betas=0.9 optimizer.betas=[0.9] 'optimizer.betas=[0.9, 0.9, 0.9]'
sets 'expected a number from 0 to 0.999999' 'optimizer.betas=[0.9, 1]' 'optimizer.betas=[-0.1, 0.9]'
sets 'name: expected one of adamw, adamw8bit, adafactor, sgd, got "adam"; did you mean adamw\?' optimizer.name=adam
sets 'name: expected one of adamw, .* got "lion"' optimizer.name=lion
sets 'name: expected one of constant, cosine, wsd, got "linear"' schedule.name=linear
sets 'precision: expected one of fp32, bf16, int8, got "fp16"' precision=fp16
sets 'recompute: expected one of none, selective, full' recompute=some
sets 'action: expected one of skip, rollback, ignore' spike.action=retry
sets 'cooldown: expected a number from 0 to 1' schedule.cooldown=2
sets 'batch: expected a map of keys such as tokens and sequence' batch=256
sets 'optimizer: expected a map of keys such as name and lr' optimizer=adamw
sets 'tokens: expected a whole number from 1 to' batch.tokens=0 batch.tokens=-5 batch.tokens=1e30 batch.tokens=99999999999999
sets 'tokens: expected a multiple of sequence 32, got 100' batch.tokens=100
sets "sequence: expected at most the model's context 32, got 64" batch.sequence=64
sets 'micro: expected a divisor of 8 sequences, got 3' batch.micro=3
sets 'expected micro x accumulate to be the 8 sequences of a step, got 4 x 5' 'batch.accumulate=5'
sets 'expected micro x accumulate to be the 8 sequences of a step, got 16777216 x 16777216' 'batch={micro: 16777216, accumulate: 16777216}'
sets 'shards: expected a power of two that divides the 2 micro-batches of a step, got 4' batch.shards=4
sets 'sequence_start: expected at most sequence 32, got 64' 'batch={sequence_start: 64, sequence_warmup: 5}'
sets 'keep: expected a whole number from 1' checkpoint.keep=0
sets 'no model "tiny-mole"; did you mean tiny-moe\?' model=tiny-mole
sets 'text: expected a text' text=[1]
refuses 2 'set steps=1: expected at most [0-9]+ times|set: expected at most' $go $(for i in $(seq 200); do echo --set steps=1; done)
claim "bad keys leave no folder" test ! -e bad

config() { # REGEX SED: the configuration edited
    sed "$2" dense.yaml > edited.yaml
    refuses 2 "edited.yaml:?.*$1" "$train" run edited.yaml --threads 1 --quiet --out bad
}
config 'the key "model" is missing' '/^model/d'
config 'unknown key "checkpoints"; did you mean checkpoint\?' 's/^checkpoint/checkpoints/'
config 'heads: expected a divisor of hidden 32, got 3' 's/ heads: 2/ heads: 3/'
config 'layers: expected a whole number from 1' 's/layers: 2/layers: 0/'
config 'context: expected a whole number from 1' 's/context: 32/context: -32/'
config 'top_k: expected at most count 4, got 5' 's/tied: true/tied: true, experts: {count: 4, top_k: 5, hidden: 8}/'
config 'vocab' 's/vocab: 257/vocab: 99999999999999/'
config 'steps: given twice' 's/^steps: 20/steps: 20\nsteps: 21/'
config 'a control character' 's/^text: .*/text: "a\\e[1m"/'
config 'accumulate: expected a divisor of 8 sequences, got 5' 's/micro: 4/accumulate: 5/'
sed 's/rotary/alibi/' dense.yaml > edited.yaml
refuses 2 'model: vishwa-train does not build ALiBi' "$train" run edited.yaml --quiet --out bad
sed 's/vocab: 257/vocab: 200/' dense.yaml > edited.yaml
refuses 2 'tokenizer bytes: expected at most the model.s vocabulary of 200, got 257' "$train" run edited.yaml --quiet --out bad
printf 'model: [' > edited.yaml
refuses 2 'edited.yaml:[0-9]:1:' "$train" run edited.yaml --out bad
head -c 2000000 /dev/zero | tr '\0' 'a' > edited.yaml
refuses 2 'larger than 1 MiB' "$train" run edited.yaml --out bad
claim "bad configurations leave no folder" test ! -e bad

# ---- what does not fit, before anything is reserved
refuses 1 'one sequence of 32 tokens needs [0-9.]+ [GT]B, this machine has .* free; state alone is' \
    $go --dry-run --set model=llama2-70b
refuses 1 'micro-batch of 1048576 sequences of 32 tokens needs .* free; [0-9]+ sequences would fit \(batch: micro\)' \
    $go --dry-run --set model=gpt2-124m --set batch.tokens=33554432 --set batch.micro=1048576
refuses 1 'needs .* this machine has' $go --out big --set model=llama2-70b
claim "what does not fit leaves no folder" test ! -e big

# ---- texts
text() { # CODE REGEX FILE
    refuses "$1" "$2" $go --set "text=$3" --set data=data-bad --out bad
    claim "$3 leaves nothing" test ! -e bad -a ! -e data-bad
}
: > empty.txt
printf '\n\n\r\n\n' > breaks.txt
printf 'a few words\n' > single.txt
mkdir -p folder
mkfifo pipe.txt
text 2 'empty.txt: empty' empty.txt
text 2 'breaks.txt: no text in it' breaks.txt
text 2 'nowhere.txt: No such file' nowhere.txt
text 2 'folder: no file in it' folder
text 2 'pipe.txt: not a regular file' pipe.txt
for i in $(seq 400); do printf 'w%d\n\n' "$i"; done > words.txt
sed 's/context: 32/context: 4096/; s/sequence: 32/sequence: 4096/; s/tokens: 256/tokens: 4096/; s/micro: 4/micro: 1/' dense.yaml > long.yaml
refuses 2 'words.txt: expected text for at least one sequence of 4096 tokens, got [0-9]+ tokens' \
    $train run long.yaml --threads 1 --quiet --set text=words.txt --set data=words --out bad
refuses 2 'single.txt: expected text for at least one sequence of 32 tokens, got 12 tokens' \
    $go --set text=single.txt --set data=words --out bad
claim "a short text leaves no run" test ! -e bad
head -c 3000 text.txt | tr '\n' ' ' > single.txt
run $go --set text=single.txt --set data=words --out single --steps 3
[ "$code" -eq 0 ] && jq -es '.[0].event == "start" and .[-1].event == "end"' single/log.jsonl > /dev/null
note $? "one document is trained on, and nothing held out"
{ head -c 30000 text.txt; printf 'a\0b\377\376 \355\240\200\n\n'; tail -c 20000 text.txt; } > odd.txt
run $go --set text=odd.txt --set data=odd --out odd --steps 3
[ "$code" -eq 0 ] && jq -e '.reading | .documents_not_utf8 == 1 and .documents_with_nul == 1' odd/bytes/report.json > /dev/null
note $? "NUL and malformed bytes are counted, and trained on"
if [ "$(id -u)" -ne 0 ]; then
    cp text.txt secret.txt
    chmod 000 secret.txt
    text 2 'secret.txt: Permission denied' secret.txt
fi
cp -r good before
refuses 2 'empty.txt: empty' $go --out good --force --set text=empty.txt --set data=data-bad
refuses 2 'either --resume or --force, got both' $go --out good --force --resume
claim "a refused --force changes nothing" diff -r -x run.lock before good
rm -r before

# ---- what a text is built into: built again when damaged or of another text, and else not
cp good/checkpoints/step-3/model.safetensors good.weights
built=data/bytes
shard=$(ls $built/train-*.safetensors)
size=$(wc -c < "$shard")
cp "$shard" shard.sound
for spoil in ': >' 'truncate -s 100' "truncate -s $((size - 1))" 'cp another' 'dd' 'rm' 'rm manifest' 'edit manifest' 'rm stamp'; do
    case $spoil in
    cp*) cp odd/bytes/train-*.safetensors "$shard" ;;
    dd) printf '\1\2\3\4' | dd bs=1 seek=5000 conv=notrunc of="$shard" 2> /dev/null ;;
    'rm manifest') rm $built/manifest.json ;;
    'edit manifest') sed 's/"unique_tokens": 1/"unique_tokens": 9/' $built/manifest.json > m && mv m $built/manifest.json ;;
    'rm stamp') rm data/bytes.text ;;
    *) eval "$spoil $shard" ;;
    esac
    run $go --steps 3 --out good --force
    [ "$code" -eq 0 ] && cmp good.weights good/checkpoints/step-3/model.safetensors && cmp "$shard" shard.sound
    note $? "a dataset of its own spoilt by '$spoil' is built again"
done
before=$(stat -c %i%y $built/manifest.json "$shard")
run "$train" run dense.yaml --threads 1 --steps 3 --out good --force
[ "$code" -eq 0 ] && [ "$before" = "$(stat -c %i%y $built/manifest.json "$shard")" ] && ! grep -q again stderr.txt
note $? "the same text is not built again"
touch text.txt
run "$train" run dense.yaml --threads 1 --steps 3 --out good --force
[ "$code" -eq 0 ] && [ "$before" != "$(stat -c %i%y $built/manifest.json "$shard")" ] &&
    grep -q 'text is another than the dataset' stderr.txt && cmp good.weights good/checkpoints/step-3/model.safetensors
note $? "a touched text is built again, says so, and gives the same weights"
rm -r data
$go --steps 3 --out both-a > a.txt 2>&1 &
first=$!
$go --steps 3 --out both-b > b.txt 2>&1
second=$?
wait $first && [ $second -eq 0 ] && cmp both-a/checkpoints/step-3/model.safetensors good.weights &&
    cmp both-b/checkpoints/step-3/model.safetensors good.weights
note $? "two runs that begin together share what one of them builds"

# ---- a dataset of the user's is taken as it is, or refused
cp -r data/bytes mine
mine="$train run mine.yaml --threads 1 --quiet"
sed 's/^data: .*/data: mine/; /^text:/d; /^tokenizer:/d' dense.yaml > mine.yaml
run $mine --steps 3 --out mine-run
[ "$code" -eq 0 ] && cmp good.weights mine-run/checkpoints/step-3/model.safetensors && [ ! -e mine/bytes ]
note $? "a dataset gives the weights that its text gives"
run $mine --steps 3 --out mine-run --force --set tokenizer=bytes
note "$code" "its own tokenizer may be named"
for dry in '' --dry-run; do
refuses 2 'text: .*text.txt, but .*mine has a dataset already' $mine --out bad --set text=text.txt $dry
refuses 2 'tokenizer: sentencepiece, but the dataset in .*mine was made with bytes: leave it out' $mine --out bad --set tokenizer=sentencepiece $dry
sed 's/vocab: 257/vocab: 200/' mine.yaml > small.yaml
refuses 2 'mine: expected at most the model.s vocabulary of 200, got 257' "$train" run small.yaml --threads 1 --quiet --out bad $dry
refuses 2 'mine: expected text for at least one sequence of 16777216 tokens, got [0-9]+ tokens' $mine --out bad $dry \
    --set model='{layers: 1, hidden: 2, heads: 1, ffn: 2, vocab: 257, context: 16777216}' --set batch.sequence=16777216 --set batch.tokens=16777216 --set batch.micro=1
done
cp "$shard" "mine/${shard##*/}" && printf '\1' | dd bs=1 seek=3000 conv=notrunc of="mine/${shard##*/}" 2> /dev/null
refuses 2 'mine/train-.*safetensors: damaged, or of another dataset' $mine --out bad
claim "what is refused leaves no run" test ! -e bad

# ---- places
refuses 4 'dense.yaml: Not a directory' $go --out dense.yaml
refuses 4 'dense.yaml/run: Not a directory|dense.yaml: Not a directory' $go --out dense.yaml/run
refuses 4 '/proc/no: ' $go --out /proc/no/run
refuses 4 '/proc/no: ' $go --out bad --set data=/proc/no/data
claim "a bad place for data leaves no run" test ! -e bad
refuses 4 'File name too long' $go --out "$(printf '%0300d' 1)"
ln -s nowhere dangling
refuses 4 'dangling: ' $go --out dangling
mkdir -p linked
ln -s "$PWD/good.weights" linked/run.lock
refuses 4 'linked/run.lock: a symbolic link' $go --out linked
mkdir -p planted
cp text.txt precious.txt
ln -s "$PWD/precious.txt" planted/log.jsonl
run $go --out planted --force --steps 3
[ "$code" -eq 0 ] && [ ! -L planted/log.jsonl ] && cmp text.txt precious.txt
note $? "a link in the place of the log is replaced, not followed"
newline='
'
for name in 'a b' "it's" '"two"' "line${newline}break" '-dash' '$(touch oops)' 'ü' '%s%n' '*'; do
    run $go --steps 3 --out "$name"
    [ "$code" -eq 0 ] && [ -d "./$name/checkpoints/step-3" ] && cmp good.weights "./$name/checkpoints/step-3/model.safetensors"
    note $? "a folder named $name"
    refuses 2 'has a run already' $go --steps 3 --out "$name"
done
claim "no name is executed" test ! -e oops
cp text.txt "it's a \"text\", {or} not.txt"
run $go --steps 3 --out quoted --set "text='it''s a \"text\", {or} not.txt'" --set 'data="a: {b} ''c"'
[ "$code" -eq 0 ] && cmp good.weights quoted/checkpoints/step-3/model.safetensors
note $? "a text with quotes in its name"
run $train run quoted/config.yaml --threads 1 --quiet --out again
[ "$code" -eq 0 ] && cmp good.weights again/checkpoints/step-3/model.safetensors && cmp quoted/config.yaml again/config.yaml
note $? "the configuration that is kept is one to run"
if unshare -rm true 2> /dev/null; then
    mkdir -p disk
    small() { # OPTIONS: the run in a file system of its own
        options=$1
        shift
        run unshare -rm sh -c 'mount -t tmpfs -o "$1" none disk || exit 77; shift; "$@"; code=$?; ls -A disk >&2; exit $code' sh "$options" "$@"
    }
    small size=512k $go --out disk/run
    [ "$code" -eq 4 ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] && grep -q 'checkpoints of this run need .* the disk has .* free' stderr.txt
    note $? "a disk that is too small is found before the run, and left empty"
    small ro $go --out disk/run
    [ "$code" -eq 4 ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] && grep -q 'disk/run: Read-only file system' stderr.txt
    note $? "a disk that is read-only"
else
    skip "no file systems of our own here"
fi

# a file that may not grow, as a full disk: what is half written goes
run sh -c 'ulimit -f 40; exec "$@"' sh $go --out grow --steps 20
[ "$code" -eq 4 ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] &&
    grep -q 'grow/checkpoints/step-5.tmp/model.safetensors: File too large, after' stderr.txt && [ -z "$(ls grow/checkpoints)" ]
note $? "a file that may not grow: 4, with no half of a checkpoint"

# ---- a checkpoint whose checksums hold, and whose tensors do not
spoil() { # REGEX EDIT TENSOR
    rm -rf spoilt
    cp -r good spoilt
    rm -rf spoilt/checkpoints
    "$BUILD/tests/faults/edit_checkpoint" good/checkpoints/step-3 spoilt/checkpoints "$2" "$3" 2> stderr.txt ||
        { code=$?; note 1 "edits $2 $3"; return; }
    cp -r spoilt before
    refuses 2 "spoilt/checkpoints/step-3/$1" $go --out spoilt --resume --steps 5
    claim "$2 $3: nothing is changed" diff -r -x run.lock before spoilt
    rm -rf before
}
up=model.layers.0.mlp.up_proj.weight
this='1 tensor is not this model.s'
spoil "model.safetensors: $up: element 3 is not a finite number" nan $up
spoil "model.safetensors: $up: element 3 is not a finite number" inf $up
spoil "optimizer.safetensors: moment2: element 3 is not a finite number" nan moment2
spoil "model.safetensors: $this: $up: missing" drop $up
spoil "model.safetensors: $this: $up: missing" rename $up
spoil "model.safetensors: $this: $up.extra: unknown" twice $up
spoil "model.safetensors: $this: $up: expected F32 64 x 32, got I32 64 x 32" integers $up
spoil "model.safetensors: $this: $up: expected F32 64 x 32, got F32 32 x 64" transpose $up
spoil "model.safetensors: $this: $up: expected F32 64 x 32, got F32 2048" flatten $up
spoil "optimizer.safetensors: $this: moment1: missing" drop moment1
spoil "optimizer.safetensors: $this: moment1: expected F32 28864, got I32 28864" integers moment1
spoil "optimizer.safetensors: $this: moment2.extra: unknown" twice moment2
finish
