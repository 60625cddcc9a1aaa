# vishwa-train eval: text and questions, with exits and at full depth; what was learnt is answered.
. "$ROOT/tests/cli/train.sh"

# eight words, each with what it means, again and again; what they mean is asked later
make_pairs() { # FILE
    awk 'BEGIN {
        count = split("red:apple green:leaf blue:water white:snow black:coal yellow:corn brown:bread grey:cloud", pair, " ")
        for (d = 0; d < 4000; d++) {
            split(pair[1 + d % count], side, ":")
            printf "%s: %s %d\n\n", side[1], side[2], d % 53
        }
    }' > "$1"
}
make_questions() { # FOLDER
    mkdir -p "$1"
    cat > "$1/qa.jsonl" << EOF
{"id": "1", "prompt": "red:", "choices": [" apple", " leaf", " water", " snow"], "answer": 0, "neutral_prompt": "it:"}
{"id": "2", "prompt": "green:", "choices": [" apple", " leaf", " water", " snow"], "answer": 1, "neutral_prompt": "it:"}
{"id": "3", "prompt": "blue:", "choices": [" snow", " coal", " water", " leaf"], "answer": 2, "neutral_prompt": "it:"}
{"id": "4", "prompt": "white:", "choices": [" bread", " cloud", " coal", " snow"], "answer": 3, "neutral_prompt": "it:"}
{"id": "5", "prompt": "black:", "choices": [" coal", " corn", " bread", " apple"], "answer": 0, "neutral_prompt": "it:"}
{"id": "6", "prompt": "brown:", "choices": [" corn", " bread", " coal", " leaf"], "answer": 1, "neutral_prompt": "it:"}
EOF
    cat > "$1/nli.jsonl" << EOF
{"id": "1", "premise": "apple", "hypothesis": "fruit", "prompt": "", "choices": ["red: apple", "red: leaf", "red: snow"], "answer": 0}
{"id": "2", "premise": "fruit", "hypothesis": "apple", "prompt": "", "choices": ["white: leaf", "white: snow", "white: coal"], "answer": 1}
EOF
}

make_pairs text.txt
make_config c.yaml "$dense, exits: [1]"
run $train run c.yaml --out r --threads 1 --quiet --steps 200 --set checkpoint.every=0 --set evaluate.every=0 \
    --set batch.tokens=512 --set schedule.warmup=10 --set optimizer.lr=1e-2
note "$code" "a model is trained"
make_questions questions
eval="$train eval --checkpoint r --threads 1"
ask="$eval --task-files questions"

# ---- text
answers 0 '.tasks == {} and .loss > 0 and .loss < 2 and .exit_threshold == null and (has("full_depth") | not) and
    (.perplexity - (.loss | exp) | fabs) < 1e-9 and .layers_per_token == 2 and .flops_per_token == .full_flops_per_token and
    (.perplexity_per_byte - (.bits_per_byte * 0.6931471805599453 | exp) | fabs) < 1e-9 and .perplexity_per_byte > 1' $eval
shows 0 'lm: [0-9,]+ held-out tokens' $eval
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'

# ---- where the context repeats: what was asked for is a part of the whole, and the pairs repeat
answers 0 'has("repeats") | not' $eval
answers 0 '.tokens as $all | .loss as $loss | .repeats | .tokens > 0 and .tokens < $all and .loss < 0.8 * $loss and
    ((.tokens * .loss + ($all - .tokens) * .loss_elsewhere) / $all - $loss | fabs) < 1e-9' $eval --repeats
refuses 2 'repeats: expected lm among --tasks' $ask --tasks qa --repeats
shows 0 'Loss, repeats +[0-9.]+  nats a token, [0-9.]+ % of them' $eval --repeats
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'

# ---- questions
answers 0 '(has("loss") | not) and (.tasks | keys) == ["nli", "qa"] and (.tasks.qa | .items == 6 and .chance == 0.25 and
    .accuracy == 1 and .accuracy_low > 0.6 and .accuracy_high == 1 and .accuracy_normalized == 1 and .accuracy_calibrated >= 0.5 and
    .baseline == 1 and .baseline_low < 1 and .majority > 0.3 and .choices_cut == 0 and .flops_per_token > 0)' $ask --tasks qa,nli
answers 0 '.tasks.nli | .accuracy == 1 and .accuracy_calibrated == null and .majority == 0.5' $ask --tasks nli
answers 0 '.loss > 0 and .tasks.qa.items == 6' $ask --tasks lm,qa,qa
shows 0 'qa: 6 questions, 25.0 % right by chance' $ask --tasks lm,qa,nli
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'
cp questions/*.jsonl data/bytes/
answers 0 '.tasks.qa.accuracy == 1' $eval --tasks qa

# ---- exits: everybody leaves at the first, and the whole depth stands beside
answers 0 '.exit_threshold == 0 and .layers_per_token == 1 and .full_depth.layers_per_token == 2 and
    .flops_per_token < .full_depth.flops_per_token and .full_flops_per_token == .full_depth.flops_per_token and
    .full_depth.loss > 0 and (.tasks.qa | .layers_per_token == 1 and .full_depth.layers_per_token == 2 and
    .flops_per_token < .full_depth.flops_per_token and .full_depth.accuracy == 1)' $ask --tasks lm,qa --exit-threshold 0
shows 0 'exits at 0.* full depth' $ask --tasks lm,qa,nli --exit-threshold 0.9
said=$(cat stderr.txt)
claim "nothing is said about exits that are there" [ -z "$said" ]
claim "no line is wider than a terminal" sh -c '! grep -E "^.{81}" stdout.txt'


# ---- the same bits again, with other threads too
run $ask --tasks lm,qa,nli --json
cp stdout.txt first.txt
run $train eval --checkpoint r --threads 2 --task-files questions --tasks lm,qa,nli --json
same_answers() {
    for file in first.txt stdout.txt; do
        jq -S 'del(.tokens_per_s, .energy_j) | del(.tasks[] | .tokens_per_s, .energy_j)' $file > $file.cut
    done
    cmp first.txt.cut stdout.txt.cut
}
claim "threads change nothing" same_answers

# ---- refusals
refuses 2 'expected lm, qa, nli or several, got "nlj"; did you mean nli' $eval --tasks lm,nlj
refuses 2 'expected lm, qa, nli or several, got ""' $eval --tasks lm,
refuses 2 'nowhere/qa.jsonl: .*data build' $eval --tasks qa --task-files nowhere
echo '{"id": "1"}' > questions/qa.jsonl
refuses 2 'questions/qa.jsonl:1: expected "prompt"' $ask --tasks qa
: > questions/qa.jsonl
refuses 2 'questions/qa.jsonl: expected a question' $ask --tasks qa
finish
