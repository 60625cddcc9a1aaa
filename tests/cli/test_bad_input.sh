# Bad input: one line with the place, what was expected and what was found; the right exit code; no
# partial output; never a crash or a hang.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"
good=$ROOT/hwprofiles/tpu-v5e.yaml

# ---- the command line
run "$plan"
[ "$code" -eq 2 ] && [ ! -s stdout.txt ] && grep -q 'vishwa-plan --hw tpu-v5e --hours 100' stderr.txt
note $? "no arguments: what it is, and one example"
shows 0 'Examples' "$plan" --help
shows 0 'Options' "$plan" count -h
shows 0 '^vishwa-plan [0-9.]+ \(' "$plan" --version
refuses 2 'no profile "tpu-v5"; did you mean tpu-v5e or tpu-v5p\?' "$plan" --hw tpu-v5 --hours 100
refuses 2 'hw: expected a profile such as tpu-v5e, got nothing' "$plan" --hours 100
refuses 2 'hours: expected a number such as 100, got nothing' "$plan" --hw tpu-v5e
refuses 2 'either hours or days, got both' "$plan" --hw tpu-v5e --hours 1 --days 1
refuses 2 'unknown option "--hour"; did you mean --hours\?' "$plan" --hw tpu-v5e --hour 100
refuses 2 'unknown command "cuont"; did you mean count\?' "$plan" cuont
refuses 2 'hours: expected a number from .* got "-5"' "$plan" --hw tpu-v5e --hours -5
refuses 2 'hours: expected a number from .* got "0"' "$plan" --hw tpu-v5e --hours 0
for value in nan inf -inf 1e400 0x10 1_000 '10 ' ' 10' 1,5 ten 1e-400 100h '١'; do
    refuses 2 'hours: expected a number' "$plan" --hw tpu-v5e --hours "$value"
done
refuses 2 'hours: expected H, got nothing' "$plan" --hw tpu-v5e --hours
refuses 2 'hours: expected H, got nothing' "$plan" --hw tpu-v5e --hours=
refuses 2 'hours: expected a number from .* got "1e30"' "$plan" --hw tpu-v5e --hours 1e30
refuses 2 'chips: expected a whole number from 1 ' $job --chips 0
refuses 2 'chips: expected a whole number from 1 ' $job --chips 1.5
refuses 2 'chips: expected a whole number from 1 ' $job --chips -1
refuses 2 'tokens: expected a number from 1 ' $job --tokens 0
refuses 2 'tokens: expected a number' $job --tokens 100MB
refuses 2 'epochs: expected a number' $job --epochs nan
refuses 2 'mfu: expected a number from .* to 1' $job --mfu 40
refuses 2 'either a share or TFLOP/s, got both' $job --mfu 0.4 --effective-tflops 50
refuses 2 'above the chip.s bf16 peak of 197 TFLOP/s' $job --effective-tflops 500
refuses 2 'precision: expected one of .* got "bf61"; did you mean bf16\?' $job --precision bf61
refuses 2 'optimizer: expected one of .* got "adam"; did you mean adamw' $job --optimizer adam
refuses 2 'recipe: expected one of' $job --recipe nonsense
refuses 2 'either a recipe or an optimizer, got both' $job --recipe fp32-lion --optimizer adamw
refuses 2 'unique: expected at most --tokens' "$plan" loss --params 1G --tokens 8G --unique 10G
refuses 2 'region: no carbon intensity for "us-centrall1"; did you mean us-central1\?' $job --region us-centrall1
refuses 2 'no law "besiroglu"' $job --law besiroglu
refuses 2 'law: clark2022 ignores tokens' $job --law clark2022
refuses 2 'json: takes no value' $job --json=yes
refuses 2 'unexpected word "now"' $job now
refuses 2 'validate: unknown option "--hw"' "$plan" validate --hw tpu-v5e
refuses 2 'no model "gpt2-124"; did you mean gpt2-124m\?' "$plan" count --model gpt2-124
refuses 2 'seq: expected a whole number' "$plan" count --model gpt2-124m --seq 0
refuses 2 'No such file' "$plan" count --model ./missing.yaml
refuses 2 'found a folder' "$plan" count --model ./
refuses 2 'No such file' "$plan" --hw ./missing.yaml --hours 1

# ---- a profile with one line changed: SED REGEX
breaks() {
    sed "$1" "$good" > profile.yaml
    cmp -s "$good" profile.yaml && { code=0; note 1 "the edit '$1' changes nothing"; return; }
    refuses 2 "$2" "$plan" --hw ./profile.yaml --hours 100
}
breaks 's/197 TFLOP/197 TFLOPS/' 'profile.yaml:[0-9]+:[0-9]+: .*expected a rate such as .*got "197 TFLOPS/s"'
breaks 's/value: 16 GB/value: 16 GBs/' 'profile.yaml:[0-9]+:[0-9]+: value: expected a size .*got "16 GBs"'
breaks 's/value: 16 GB/value: 16/' 'expected a size .*got "16"'
breaks 's/value: 16 GB/value: -16 GB/' 'expected a size'
breaks 's/value: 16 GB/value: 0 GB/' 'expected a size'
breaks 's/value: 16 GB/value: nan/' 'got "nan"'
breaks 's/value: 16 GB/value: 1e400 GB/' 'got "1e400 GB"'
breaks 's/value: 16 GB/value: 16,5 GB/' 'unknown key "5 GB"'
breaks 's/value: 16 GB/value: 16_000 MB/' 'got "16_000 MB"'
breaks 's/value: 16 GB/value: [16]/' 'got a list'
breaks 's/value: 16 GB/value: "16 GB"/' 'expected a size'
breaks 's/^memory:/memroy:/' 'profile.yaml:[0-9]+:1: unknown key "memroy"; did you mean memory\?'
breaks 's/  capacity: {value: 16/  capcity: {value: 16/' 'unknown key "capcity"; did you mean capacity\?'
breaks 's/tag: specification}/tag: specified}/' 'expected one of .* got "specified"'
breaks 's/^kind: tpu/kind: tpv/' 'kind: expected one of tpu, gpu, cpu, got "tpv"; did you mean tpu'
breaks 's/^kind: tpu/kind: {}/' 'kind: expected one of .* got a map'
breaks 's/^kind: tpu/kind: tpu\nkind: gpu/' 'kind: given twice'
breaks 's/default_scenario: paper/default_scenario: papers/' 'no scenario "papers"; did you mean paper\?'
breaks 's/value: 50 TFLOP/value: 500 TFLOP/' 'above every peak'
breaks 's/^name: .*/name: \&x TPU/' 'anchors'
breaks 's/^name: .*/name: *x/' 'aliases'
breaks 's/^kind: tpu//' 'the key "kind" is missing'
breaks 's/value: 0.40/value: 1.40/' 'expected'

# ---- whole files
file() { # NAME: writes stdin there
    cat > "$1"
}
printf '' | file empty.yaml
printf '# only a comment\n' | file comment.yaml
printf 'a: &x [1, *x]\n' | file cycle.yaml
printf 'name: x\n---\nname: y\n' | file two.yaml
printf 'name: "a\0b"\n' | file nul.yaml
printf '\377\376n\0a\0m\0e\0' | file utf16.yaml
printf '\200\201\202: x\n' | file latin.yaml
printf 'just text\n' | file scalar.yaml
printf -- '- 1\n- 2\n' | file list.yaml
printf 'name: [1, 2\n' | file open.yaml
printf 'name: x\n\tkind: tpu\n' | file tab.yaml
printf '? {a: b}\n: c\n' | file complex.yaml
head -c 4096 /dev/urandom > random.yaml
head -c 3000000 /dev/zero | tr '\0' 'a' > large.yaml
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "["; print "" }' > deep.yaml
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "{a: "; print "" }' > deep-map.yaml
awk 'BEGIN { for (i = 0; i < 10000; i++) { printf "%*s", i, ""; print "a:" } }' > deep-block.yaml 2> /dev/null
head -c 900000 deep-block.yaml > deep-block-cut.yaml
awk 'BEGIN { for (i = 0; i < 5000; i++) print "k" i ": 1" }' > many.yaml
for name in *.yaml; do
    case $name in profile.yaml) continue ;; esac
    LIMIT=10 refuses 2 "$name" "$plan" --hw "./$name" --hours 1
    LIMIT=10 refuses 2 "$name" "$plan" count --model "./$name"
done
refuses 2 'nested more than 64 deep' "$plan" --hw ./deep.yaml --hours 1
refuses 2 'binary' "$plan" --hw ./nul.yaml --hours 1
refuses 2 'larger than 1 MiB' "$plan" --hw ./large.yaml --hours 1
refuses 2 'more than 1,024 keys' "$plan" --hw ./many.yaml --hours 1
refuses 2 'second document' "$plan" --hw ./two.yaml --hours 1

# a profile cut anywhere is refused or, where only its end is missing, still whole; never a crash
size=$(wc -c < "$good")
at=0 bad=0
while [ "$at" -lt "$size" ]; do
    head -c "$at" "$good" > cut.yaml
    timeout 10 "$plan" --hw ./cut.yaml --hours 1 --json > stdout.txt 2> stderr.txt
    code=$?
    case $code in
    0 | 1) ;;
    2) [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] || bad=$((bad + 1)) ;;
    *) bad=$((bad + 1)) ;;
    esac
    at=$((at + 37))
done
code=$bad
note "$bad" "a profile truncated at every 37th byte"

# ---- models
model() { # REGEX: a model from stdin
    cat > model.yaml
    refuses 2 "model.yaml:[0-9]+:[0-9]+: .*$1" "$plan" count --model ./model.yaml
}
base='layers: 2
hidden: 64
heads: 4
ffn: 128
vocab: 256
context: 32'
echo "$base" | sed 's/layers/layres/' | model 'unknown key "layres"; did you mean layers'
echo "$base" | sed 's/layers: 2/layers: 0/' | model 'layers: expected a whole number from 1 to 1024'
echo "$base" | sed 's/layers: 2/layers: 010/' | model 'got "010"'
echo "$base" | sed 's/layers: 2/layers: 1_0/' | model 'got "1_0"'
echo "$base" | sed 's/layers: 2/layers: 2.5/' | model 'got "2.5"'
echo "$base" | sed 's/layers: 2/layers: 99999999999999999999/' | model 'layers: expected a whole number'
echo "$base" | sed 's/heads: 4/heads: 5/' | model 'heads: expected a divisor of hidden 64, got 5'
echo "$base" | sed 's/hidden: 64/hidden: nan/' | model 'got "nan"'
echo "$base" | grep -v ffn | model 'the key "ffn" is missing'
echo "$base" | grep -v vocab | model 'the key "vocab" is missing'
printf '%s\nkv_heads: 3\n' "$base" | model 'kv_heads: expected a divisor of heads 4, got 3'
printf '%s\nmlp: swiglue\n' "$base" | model 'mlp: expected one of .* did you mean swiglu\?'
printf '%s\nexperts: {count: 4, top_k: 8, hidden: 64}\n' "$base" | model 'top_k: expected at most count 4, got 8'
printf '%s\nexperts: {count: 4, top_k: 2}\n' "$base" | model 'the key "hidden" is missing'
printf '%s\nexperts: {count: 4, top_k: 2, hidden: 64, capacity: some}\n' "$base" | model 'capacity: expected dropless or a capacity factor'
printf '%s\nexits: [7]\n' "$base" | model 'expected a whole number from 1 to 2'
printf '%s\ntied: maybe\n' "$base" | model 'tied: expected true or false, got "maybe"'
printf '{"model_type": "mamba", "hidden_size": 64}\n' | model 'unknown architecture "mamba"'
printf '{"model_type": "lama", "hidden_size": 64}\n' | model 'unknown architecture "lama"; did you mean llama'
printf '{"architectures": ["X"], "hidden_size": 64}\n' | model 'model_type'
printf '{"model_type": "llama", "hidden_size": "big"}\n' | model 'hidden_size: expected a whole number'
printf '{"model_type": "llama", "hidden_siz": 64}\n' | model 'unknown key "hidden_siz"; did you mean hidden_size'
printf '{"model_type": "llama", "num_hidden_layers": null}\n' | model 'num_hidden_layers: expected a whole number, got "null"'
printf '%s\nlatent: {kv_rank: 8, nope_dim: 8, rope_dim: 4, v_dim: 8}\ncross_layer: 2\n' "$base" | model 'cross_layer: not with latent attention'
printf '%s\nname: "x\\e[31m"\n' "$base" | model 'a control character'
printf '{"model_type": "llama", "hidden_size": 64,\n' | model ''
printf '{"model_type": "llama", "hidden_size": 64, "hidden_size": 65}\n' | model 'hidden_size: given twice'
printf '%s\n' "$base" | sed 's/hidden: 64/hidden: 1048576/; s/layers: 2/layers: 1024/; s/ffn: 128/ffn: 1048576/; s/heads: 4/heads: 8/; s/head_dim.*//' > big.yaml
printf 'experts: {count: 65536, top_k: 65536, hidden: 1048576}\n' >> big.yaml
refuses 2 'more parameters than 63 bits|too large to count|head_dim' "$plan" count --model ./big.yaml
refuses 2 'too large to count|63 bits' "$plan" count --model llama3-405b --seq 1G

# ---- the world
refuses 4 'output: No space left on device' sh -c "$job > /dev/full"
refuses 4 'output: No space left on device' sh -c "$job --json > /dev/full"
refuses 4 'output: No space left on device' sh -c "$plan --help > /dev/full"
sh -c "$job >&-" > /dev/null 2> stderr.txt
code=$?
[ "$code" -eq 4 ]
note $? "a closed stdout is a failure"
if command -v localedef > /dev/null && localedef -i de_DE -f UTF-8 "$PWD/de_DE.UTF-8" > /dev/null 2>&1; then
    $job --json > a.json 2> /dev/null
    LOCPATH=$PWD LC_ALL=de_DE.UTF-8 $job --json > b.json 2> /dev/null
    claim "a comma-decimal locale changes nothing" cmp a.json b.json
else
    skip "no localedef or no locale sources here"
fi
finish
