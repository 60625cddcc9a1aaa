# docs/tutorial.md, as a new user would follow it: every command of its blocks, in its order, in an
# empty folder of a machine where nothing was measured before. A block's second word says what of the
# shown output must be so: exact (these lines), labels (lines that begin so), any (something).
HOME=$PWD/home XDG_CACHE_HOME=$PWD/cache && export HOME XDG_CACHE_HOME
mkdir -p home bin steps
. "$ROOT/tests/cli/train.sh"
LIMIT=180
[ "$SAN" = 1 ] && LIMIT=900
for program in vishwa-plan vishwa-sim vishwa-train; do
    ln -s "$BUILD/$program" $program
done
# make deps and make are what ran before this test: here they only have to be goals of the Makefile
cat > bin/make << EOF
#!/bin/sh
exec env -u MAKEFLAGS $(command -v make) -n -C "$ROOT" "\$@"
EOF
chmod +x bin/make
PATH=$PWD/bin:$PATH

# steps/NN.command, .kind, .shown
split() { # FILE
    awk '/^<!--/ { hidden = 1 }
         /-->$/ { hidden = 0; next }
         hidden { next }
         /^```console/ { inside = 1; kind = $2; next }
         /^```/ { inside = 0; next }
         !inside { next }
         /^\$ / { step = sprintf("steps/%02d", ++count); sub(/^\$ /, ""); more = 1
                  print kind > (step ".kind"); printf "" > (step ".shown") }
         # a command goes on while a line ends in a backslash or ||, or a quotation is open
         more { print > (step ".command"); quotes += gsub(/\047/, "&")
                more = quotes % 2 || /(\\|\|\|)$/; next }
         { print > (step ".shown") }' "$1"
}

# The shown lines stand in the real ones, in order, and next to each other where no ... is between.
agrees() { # KIND SHOWN REAL
    awk -v kind="$1" '
        # what a line of this kind must have: all of it, or what stands before its first figure or gap
        function wanted(line) {
            if (kind == "labels") {
                sub(/^ +/, "", line)
                sub(/(  |[0-9([]).*/, "", line)
            }
            return line
        }
        { sub(/\r$/, "") }
        /^ *$/ { next }
        FNR == NR { real[++count] = wanted($0); next }
        $0 == "..." { gap = 1; next }
        { want = wanted($0)
          shown = 1
          at++
          while (at <= count && real[at] != want && (gap || kind == "labels"))
              at++
          if (at > count || real[at] != want) { print "not so: " $0; exit bad = 1 }
          gap = 0 }
        END { if (!bad && shown && !gap && kind == "exact" && at < count) { print "more: " real[at + 1]; bad = 1 }
              exit bad }' "$3" "$2"
}

as_shown() { # STEP: what the last command answered
    [ -s "$1.shown" ] || return 0
    cat stderr.txt stdout.txt > real.txt
    [ -s real.txt ] && case $(cat "$1.kind") in
        exact | labels) agrees "$(cat "$1.kind")" "$1.shown" real.txt > disagreement.txt ;;
        any) : ;;
        *) echo "a block of no kind" > disagreement.txt; false ;;
    esac
}

split "$ROOT/docs/tutorial.md"
for command in steps/*.command; do
    step=${command%.command}
    : > disagreement.txt
    run sh "$command"
    # busy machines and sanitizers may be beyond a tolerance: then the answer of validate is no
    { [ "$code" -eq 0 ] || { [ "$code" -eq 1 ] && grep -q 'vishwa-train validate' "$command"; }; } &&
        as_shown "$step"
    note $? "$(cat "$command"): $(cat disagreement.txt)"
done
claim "all of the tutorial ran" sh -c '[ "$(ls steps/*.command | wc -l)" -ge 22 ]'
claim "it ran in a folder of its own" test -d cache/vishwa
claim "the prediction's memory is the run's" jq -es 'first(.[] | select(.event == "start").predicted.memory_bytes) ==
    (.[-1].measured.memory_bytes)' runs/moe/log.jsonl
finish
