# Sourced by the tests of vishwa-train run: a small text, tiny models, and what two runs share.
# The program keeps what it measures of this machine beside the build.
. "$ROOT/tests/cli/lib.sh"
train=$BUILD/vishwa-train
export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$BUILD/cache}"
# what is preloaded comes before a sanitizer and calls nothing of it
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
inject=$BUILD/tests/faults/inject.so

# 60 kB of sentences in 260 documents, the same everywhere
make_text() { # FILE
    awk 'BEGIN {
        count = split("the a cat dog bird man sees likes finds house tree small big old and or with under over red green", word, " ")
        seed = 7
        for (d = 0; d < 260; d++) {
            for (s = 0; s < 5; s++) {
                for (i = 0; i < 9; i++) {
                    seed = (seed * 1103 + 12345) % 65536
                    printf "%s ", word[1 + int(seed / 8) % count]
                }
                print "end."
            }
            print ""
        }
    }' > "$1"
}

# The fields of a model file in one line: dense, as in Llama, or of experts, as in Mixtral.
dense='layers: 2, hidden: 32, heads: 2, kv_heads: 2, ffn: 64, mlp: swiglu, norm: rms, position: rotary, vocab: 257, context: 32, tied: true'
experts="$dense, experts: {count: 4, top_k: 2, hidden: 32}"

# A run of 20 steps of 256 tokens; more keys are given with --set.
make_config() { # FILE MODEL
    cat > "$1" << EOF
model: {$2}
data: data
text: text.txt
tokenizer: bytes
batch: {tokens: 256, sequence: 32, micro: 4}
optimizer: {name: adamw, lr: 3e-3}
steps: 20
checkpoint: {every: 5, keep: 2}
evaluate: {every: 10, tokens: 128}
EOF
}

# step and loss of every step that counts, in full precision
losses() { # RUN
    jq -r 'select(.event == null) | "\(.step) \(.loss) \(.grad_norm) \(.update)"' "$1/log.jsonl"
}

# Bit for bit: weights, the optimizer's state, and every loss on the way.
same() { # RUN RUN STEP
    cmp "$1/checkpoints/step-$3/model.safetensors" "$2/checkpoints/step-$3/model.safetensors" &&
        cmp "$1/checkpoints/step-$3/optimizer.safetensors" "$2/checkpoints/step-$3/optimizer.safetensors" &&
        losses "$1" > same-a.txt && losses "$2" > same-b.txt && cmp same-a.txt same-b.txt
}

# The energy of a run that has ended is that of all its steps, whatever was between them.
energy_holds() { # RUN
    jq -es '[.[] | select(.event == null) | .energy_j] as $each | .[-1] | .event == "end" and
        if ($each | any(. == null)) then .measured.energy_j == null and (.energy | test("not known"))
        else (.measured.energy_j / ($each | add) - 1 | fabs) < 1e-9 end' "$1/log.jsonl" > /dev/null
}

# What must be true of a log at all times: whole lines of JSON, begun once, no step twice.
log_holds() { # RUN
    jq -es '.[0].event == "start" and ([.[] | select(.event == "start")] | length) == 1 and
        ([.[] | select(.event == null) | .step] | . == unique)' "$1/log.jsonl" > /dev/null &&
        [ "$(tail -c 1 "$1/log.jsonl")" = "" ]
}
