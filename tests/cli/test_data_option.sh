# --data: the unique tokens at hand are those of a dataset. $BUILD and $ROOT come from run.sh.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"

# manifest FOLDER VOCAB TOKENS UNIQUE: as data build writes it, with members that nobody here knows
manifest() {
    mkdir -p "$1"
    cat > "$1/manifest.json" <<EOF
{
  "format": "vishwa-dataset",
  "version": 1,
  "description": "a corpus of mine",
  "build": "00000000000000ab",
  "tokenizer": {"kind": "unigram", "model": "tokenizer.model", "hash": "0123456789abcdef", "vocab": $2, "end": 2},
  "unique_tokens": $4,
  "train": {"documents": 3, "tokens": $3, "bytes": $(($3 * 4)), "shards": [
    {"file": "train-00000-00000.safetensors", "documents": 3, "tokens": $3, "bytes": $(($3 * 4)), "hash": "0000000000000001"}]},
  "validation": {"documents": 0, "tokens": 0, "bytes": 0, "shards": []},
  "options": {"seed": 1}
}
EOF
}
manifest mine 32000 120000000 100000000

# the manifest's tokens are the plan's, as if --tokens had said so
$job --tokens 100M --json > told.json 2> /dev/null
answers 0 '.budget.unique_tokens == 1e8 and .budget.unique_tokens_source == "mine/manifest.json" and .rule_6nte.tokens == 1e8' $job --data mine
jq 'del(.budget)' stdout.txt > counted.json
jq 'del(.budget)' told.json > named.json
claim "--data plans what --tokens of its number does" cmp counted.json named.json
answers 0 '.budget.dataset == {"description": "a corpus of mine", "tokenizer": "unigram", "vocab": 32000, "bytes_per_token": 4}' $job --data mine
answers 0 '.budget | .unique_tokens == 1e8 and .unique_tokens_source == "the command line" and (has("dataset") | not)' $job --tokens 100M
answers 0 '.budget | .unique_tokens == null and .unique_tokens_source == null' $job

# and it says where they come from
shows 0 '^  100 M unique tokens of 4.00 bytes: mine/manifest.json$' $job --data mine
answers 0 '[.explain[] | select(.name == "unique tokens")] | length == 1 and .[0].value == 1e8 and .[0].tag == "measured" and .[0].source == "mine/manifest.json"' $job --data mine --explain
answers 0 '[.explain[] | select(.name == "unique tokens")][0].tag == "assumed"' $job --tokens 100M --explain
manifest "a folder/of a very long name that goes on and on until the line is full äöü" 32000 100000000 100000000
run $job --data "a folder/of a very long name that goes on and on until the line is full äöü"
[ "$code" -eq 0 ] && grep -q 'bytes: \.\.\.he line is full äöü/manifest.json$' stdout.txt &&
    [ "$(head -5 stdout.txt | awk '{ if (length($0) > n) n = length($0) } END { print n }')" -le 84 ]
note $? "a long path shows its end"

# tokens of another tokenizer are other tokens
manifest small 8192 100000000 100000000
manifest gpt2 50257 100000000 100000000
answers 0 '[.warnings[] | select(.code == "other_vocabulary")] | length == 1 and (.[0].message | test("8,192 pieces \\(4.00 bytes a token\\)"))' $job --data small --model gpt2-124m
shows 0 'Note      the dataset.s tokens are of 8,192 pieces' $job --data small --model gpt2-124m
answers 0 '[.warnings[] | select(.code == "other_vocabulary")] == []' $job --data gpt2 --model gpt2-124m
answers 0 '[.warnings[] | select(.code == "other_vocabulary")] | length == 1 and (.[0].message | test("50,257 pieces, .* of 8,192 cannot hold them"))' $job --data gpt2 --model tiny-dense

# a model that is recommended has the dataset's vocabulary, in every run and however small it is
for made in small gpt2; do
    vocab=$(jq .tokenizer.vocab $made/manifest.json)
    for hours in 0.001 0.1 100; do
        answers 0 "[.recommended, .alternatives[] | .model.vocab] | unique == [$vocab]" "$plan" --hw laptop --hours $hours --data $made
        claim "$made, $hours h: without a warning" jq -e '[.warnings[] | select(.code == "other_vocabulary")] == []' stdout.txt
    done
done

# the other commands that plan a budget
answers 0 '.budget.unique_tokens == 1e8 and .budget.unique_tokens_source == "mine/manifest.json"' "$plan" experts --hw tpu-v5e --hours 100 --data mine
shows 0 'unique tokens of 4.00 bytes' "$plan" experts --hw tpu-v5e --hours 100 --data mine
run "$plan" advice --hw tpu-v5e --hours 100 --data mine
cp stdout.txt advice.txt
run "$plan" advice --hw tpu-v5e --hours 100 --tokens 100M
claim "advice takes it" cmp stdout.txt advice.txt
refuses 2 'data: expected --tokens beside --batch' "$plan" export --to megatron --hw a100-80gb --chips 64 --model llama3-8b --batch 128 --data mine
run $job --data mine --report page
claim "the page names the manifest" grep -q 'mine/manifest.json (unigram, vocabulary 32,000, measured)' page/index.html

# refused in one line
refuses 2 'data: expected either a dataset or --tokens, got both' $job --data mine --tokens 1G
refuses 2 'nowhere/manifest.json: No such file' $job --data nowhere
refuses 2 'mine/manifest.json/manifest.json: Not a directory' $job --data mine/manifest.json
sed 's/"tokens": 120000000, "bytes": 480000000, "shards"/"tokens": 120000001, "bytes": 480000000, "shards"/' mine/manifest.json > x && mkdir -p sums && mv x sums/manifest.json
refuses 2 'sums/manifest.json:.*120000001, but the shards have 120000000 together' $job --data sums
mkdir -p cut && head -c 300 mine/manifest.json > cut/manifest.json
refuses 2 'cut/manifest.json' $job --data cut
mkdir -p other && echo '{"format": "vishwa-checkpoint", "version": 1}' > other/manifest.json
refuses 2 'expected the manifest of a dataset' $job --data other
manifest much 32000 1000 1001
refuses 2 'unique_tokens: 1001, but the training split has 1000' $job --data much
finish
