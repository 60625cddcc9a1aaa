# vishwa-train data build from outside: what it answers and refuses, the same bytes for any number
# of threads and wherever it is stopped or killed, and input that is none.
. "$ROOT/tests/cli/train.sh"
build="$train data build --tasks off"
small="$build --quiet --tokenizer bytes --shard-bytes 8192"

# 200 documents that differ, 20 again in other case and white space, 10 with a word changed, 12 that
# are no prose
make_corpus() { # FILE
    awk 'BEGIN {
        count = split("harbour winter morning the a letter brother window of and table evening village under garden with old was in it stone river letters market answer silver to their first history between among paper island country yellow", word, " ")
        seed = 11
        for (d = 0; d < 200; d++) {
            text = ""
            for (i = 0; i < 60; i++) {
                seed = (seed * 1103 + 12345) % 65536
                text = text word[1 + int(seed / 8) % count] (i % 12 == 11 ? ".\n" : " ")
            }
            print "Number " d " of the " text
            if (d % 10 == 3)
                again = again "\n" toupper("Number " d "  of the\t" text)
            if (d % 20 == 7) {
                sub(/[.]\n[a-z]+ /, ".\nzebra ", text)
                again = again "\nNumber " d " of the " text
            }
        }
        print again
        for (d = 0; d < 12; d++)
            print "\n#### " d d d d d d " $$$$ %%%% @@@@ " d d d d d " ||| " d d d d
    }' > "$1"
}
make_corpus corpus.txt
head -c 30000 corpus.txt | gzip -n > more.txt.gz
jq -Rsc 'split("\n\n")[] | {text: .}' corpus.txt | tail -40 > lines.jsonl

same_folder() { diff -r "$1" "$2"; }
no_work() { [ ! -e "$1/work" ]; }

# ---- the answer
answers 0 '.schema_version == 1 and .read.documents == 242 and .kept.documents == 200 and
    ([.stages[] | .dropped_documents] | add) == 42 and .stages[-1].kept_documents == 200 and
    (.stages | map(.stage)) == ["quality", "language", "overlap", "exact", "near"] and
    (.stages[0] | .dropped_documents == 12) and (.stages[3] | .dropped_documents == 20) and
    (.stages[4] | .dropped_documents == 10) and (.drops | all(.samples | length > 0)) and
    .unique_tokens == .train.tokens and .vocab == 257 and .duration_s > 0 and
    (.near_duplicate_recall | map(select(.similarity == 0.8))[0].recall > 0.92)' \
    $small --in corpus.txt --out answer
claim "the manifest says what was done" jq -e '.options.tokenizer == "bytes" and
    .options.in == ["corpus.txt"] and .options.shard_bytes == 8192 and .options.seed == 1 and
    .options.limits["symbol-share"] > 0 and .counts.kept_documents == 200 and
    (.train.shards | length) > 5 and .train.documents + .validation.documents == 200' answer/manifest.json
claim "the inputs are listed" jq -e '.path == "corpus.txt" and .bytes > 50000' answer/inputs.jsonl
claim "work is gone" no_work answer
shows 0 'unigram, 340 pieces' $build --quiet --in corpus.txt --out shown --vocab 340
claim "80 columns" awk 'length($0) > 80 { exit 1 }' stdout.txt
claim "the next command stands there" grep -q 'vishwa-train run .* --set data=shown' stdout.txt
claim "the report is a file" jq -e '.vocab == 340 and .bytes_per_token > 1 and (has("duration_s") | not)' shown/report.json
answers 0 '.explain | length > 10 and all(.source != null)' $small --in lines.jsonl --out explained --explain
shows 0 '^Usage|--ngram-filter' $train data --help

# ---- inputs of all kinds, named and in folders, as words behind --in
mkdir -p texts/inner
cp corpus.txt texts/inner/b.txt
cp lines.jsonl texts/a.jsonl
ln -s .. texts/inner/loop
head -c 1000 /dev/urandom > texts/noise.bin
: > texts/empty.txt
answers 0 '.reading.files == 2 and .reading.files_passed_over == 3 and .read.documents == 41' \
    $build --quiet --tokenizer bytes --in texts --out folder
answers 0 '.reading.files == 3 and .options.in == ["corpus.txt", "more.txt.gz", "lines.jsonl"]' \
    $small --in corpus.txt more.txt.gz lines.jsonl --out three
answers 0 '.reading.files == 2' $small --in corpus.txt --in lines.jsonl --out two
answers 0 '.kept.documents == 242 and .options.dedup == false' \
    $small --in corpus.txt --out all --dedup off --ngram-filter off
answers 0 '.validation.documents == 0 and .options.held_out == 0' \
    $small --in corpus.txt --out none --held-out 0
answers 0 '.drops | all(.reason != "digit-share")' $small --in corpus.txt --out lax --limit symbol-share=off \
    --limit digit-share=off
head -c 300 corpus.txt > forbidden.txt
answers 0 '.stages[2].dropped_documents > 0' $small --in corpus.txt --out against --against forbidden.txt
claim "the manifest says what was looked for" jq -e \
    '.forbidden | .against != null and .tasks == null and .texts > 0 and .overlap_grams > 0' against/manifest.json
mkfifo pipe.txt
echo '{"question": "what is this all about then"}' > question.jsonl
refuses 2 'no-such' $small --in corpus.txt --out x --against no-such.txt
refuses 2 'pipe.txt: not a regular file' $small --in corpus.txt --out x --against pipe.txt
refuses 2 'expected texts of 5 words' $small --in corpus.txt --out x --against question.jsonl

# ---- nothing held out, and why
shows 0 'Held out  nothing: of 200 documents none was drawn' $small --in corpus.txt --out undrawn --held-out 100000000
shows 0 'Held out  nothing: of 200 documents all were drawn' $small --in corpus.txt --out drawn --held-out 1
claim "which was asked for" sh -c '! grep -q Hint stdout.txt'
shows 0 '^  Hint      to hold some out: --documents line, or add blank lines$' $small --in corpus.txt --out undrawn --held-out 100000000 --force
shows 0 '^  Hint      to hold some out: more lines, or a smaller --held-out$' $small --in corpus.txt --out undrawn --held-out 100000000 --documents line --ngram-filter off --force

# ---- a text that nothing parts is one document, and the report says what parts it
sed '/^$/d' corpus.txt > unparted.txt
shows 0 '^  Hint      one document is 100 % of it: --documents line, or add blank lines$' $small --in unparted.txt --out unparted --ngram-filter off
claim "the answer says how large it is" jq -e '.largest_document_bytes == .kept.bytes' unparted/report.json
run $small --in unparted.txt --out unparted --ngram-filter off --documents line --force
claim "and with the hint taken there is none" sh -c '! grep -q Hint stdout.txt && grep -q "Held out  [0-9,]* tokens" stdout.txt'

# ---- infilling
answers 0 '.augmented_documents > 20 and .unique_tokens + .augmented_tokens == .train.tokens and
    .validation.documents > 0' \
    $build --quiet --in corpus.txt --out infill --vocab 340 --augment infill --augment-share 0.5
claim "augmented shards are shards of training" jq -e \
    '[.train.shards[].file] | any(startswith("augmented-"))' infill/manifest.json

# ---- refusals
refuses 2 'data: expected build' $train data
refuses 2 'data: expected build' $train data make
refuses 2 'out: expected a folder' $small --in corpus.txt
refuses 2 'no-such' $small --in no-such.txt --out x
refuses 2 'empty' $small --in texts/empty.txt --out x
refuses 2 'dedup' $small --in corpus.txt --out x --dedup maybe
refuses 2 'symbol-share' $small --in corpus.txt --out x --limit symbol-shore=1
refuses 2 'language: expected a code' $small --in corpus.txt --out x --language english
refuses 2 'tokenizer: expected unigram' $build --quiet --in corpus.txt --out x --tokenizer wordpiece
refuses 2 'corpus.txt' $build --quiet --in corpus.txt --out x --tokenizer corpus.txt
refuses 2 'infill' $small --in corpus.txt --out x --augment infill
refuses 2 "piece" $build --quiet --in corpus.txt --out x --tokenizer shown/tokenizer.model --augment infill
refuses 2 'hashes' $small --in corpus.txt --out x --bands 64 --rows 64
refuses 2 'vocab|pieces' $build --quiet --in corpus.txt --out large --vocab 100000
refuses 2 'holds a dataset; --force' $small --in corpus.txt --out answer
mkdir mine && echo mine > mine/notes.txt
refuses 2 'notes.txt' $small --in corpus.txt --out mine
refuses 2 'notes.txt' $small --in corpus.txt --out mine --force
refuses 2 'expected a folder' $small --in corpus.txt --out corpus.txt
claim "what cannot be finished leaves nothing" sh -c '[ ! -e x ] && [ ! -e large ]'
awk 'BEGIN { for (i = 0; i < 50; i++) print "## " i i i i "\n" }' > garbage.txt
run $small --in garbage.txt --out garbage
[ "$code" -eq 1 ] && grep -q '^  kept  *0 ' stdout.txt && grep -q 'nothing was kept' stderr.txt
note $? "nothing kept is an answer of no"
claim "and leaves nothing" sh -c '[ ! -e garbage ]'

# ---- the same bytes for any number of threads
inputs="--in corpus.txt more.txt.gz lines.jsonl"
go="$train data build --tasks off --quiet --shard-bytes 8192 --vocab 340 --augment infill $inputs"
for threads in 1 2 5; do
    run $go --out data --threads $threads
    note "$code" "builds with $threads threads"
    mv data threads-$threads
done
claim "one thread as two" same_folder threads-1 threads-2
claim "one thread as five" same_folder threads-1 threads-5
run $go --out data --threads 2 && run $go --out data --threads 2 --force
[ "$code" -eq 0 ] && same_folder threads-1 data > /dev/null
note $? "--force builds the same again"
rm -rf data

# ---- killed and stopped anywhere; descriptors are counted in one thread
export VSH_FAULT_LOG="$PWD/calls.txt"
VSH_FAULT_DIR=$PWD/count LD_PRELOAD=$inject $go --out count --threads 1 > /dev/null 2>&1
unset VSH_FAULT_LOG
calls=$(wc -l < calls.txt) tries=18
[ "$SAN" = 1 ] && tries=6
try=0
while [ $try -lt $tries ]; do
    call=$((1 + try * (calls - 1) / (tries - 1)))
    mode=kill
    [ $((try % 3)) -eq 2 ] && mode=term
    rm -rf data
    env VSH_FAULT_DIR="$PWD/data" VSH_FAULT_AT=$call VSH_FAULT_MODE=$mode LD_PRELOAD="$inject" \
        $go --out data --threads 1 > stdout.txt 2> stderr.txt
    code=$?
    if [ $mode = kill ]; then
        [ "$code" -eq 137 ]
    else
        [ "$code" -eq 0 ] || { [ "$code" -eq 3 ] && [ "$(wc -l < stderr.txt)" -eq 1 ] && grep -q 'the same command goes on' stderr.txt; }
    fi
    note $? "$mode at call $call of $calls"
    if [ ! -e data/manifest.json ] || [ -e data/work ]; then
        run $go --out data --threads 2
        [ "$code" -eq 0 ]
        note $? "goes on after $mode at call $call"
    else # all was done
        refuses 2 'holds a dataset' $go --out data
    fi
    no_work data && same_folder threads-1 data > /dev/null
    note $? "the same bytes after $mode at call $call"
    try=$((try + 1))
done

# ---- a disk that fails
write=$(grep -n '^write' calls.txt | sed -n 40p | cut -d : -f 1)
for mode in enospc eio full; do
    rm -rf data
    env VSH_FAULT_DIR="$PWD/data" VSH_FAULT_AT="$write" VSH_FAULT_MODE=$mode LD_PRELOAD="$inject" \
        $go --out data --threads 1 > stdout.txt 2> stderr.txt
    code=$?
    [ "$code" -eq 4 ] && [ "$(wc -l < stderr.txt)" -eq 1 ]
    note $? "$mode is the machine's fault"
    run $go --out data
    [ "$code" -eq 0 ] && same_folder threads-1 data > /dev/null
    note $? "goes on after $mode"
done

# ---- other input than before, found when it goes on; two at once
rm -rf data
cp corpus.txt changing.txt
env VSH_FAULT_DIR="$PWD/data" VSH_FAULT_AT="$write" VSH_FAULT_MODE=kill LD_PRELOAD="$inject" \
    $small --in changing.txt --out data --threads 1 > stdout.txt 2> stderr.txt
echo "Another line." >> changing.txt
refuses 2 'differs in "paths, sizes and dates of the files"' $small --in changing.txt --out data
refuses 2 'unfinished build that differs in "held_out"' $small --in changing.txt --out data --held-out 7
answers 0 '.options.held_out == 7' $small --in changing.txt --out data --held-out 7 --force
exec 9< data
flock 9
refuses 2 'another build is at work' $small --in corpus.txt --out data --force
exec 9<&-

# ---- bad input is counted and passed over
printf '{"text": "a good line of the text"}\n{"text": 5}\nno json\n{"text": "another good line"}\n' > bad.jsonl
answers 0 '.reading.bad_lines == 2 and (.reading.troubles | length) == 2 and .kept.documents == 2' \
    $small --in bad.jsonl --out bad
head -c 900 more.txt.gz > short.gz
answers 0 '.reading.damaged_files == 1' $small --in short.gz corpus.txt --out short
printf 'x' > one.txt
answers 1 '.kept.documents == 0' $small --in one.txt --out one
answers 0 '.kept.documents == 1' $small --in one.txt --out one --ngram-filter off --force
printf 'a text with\000a NUL and \377\376 bytes in it\n' > nul.txt
answers 0 '.reading.documents_with_nul == 1 and .reading.documents_not_utf8 == 1' \
    $small --in nul.txt --out nul --ngram-filter off --documents paragraph
awk 'BEGIN { for (i = 0; i < 3000000; i++) printf "word%d ", i % 977; print "" }' > long.txt
answers 0 '.reading.documents_cut == 1' $build --quiet --tokenizer bytes --in long.txt --out long --ngram-filter off

finish
