#!/bin/sh
# Makes reports/ again, in the folder it is called from, where the programs stand.
# usage: tests/reports.sh stable    what comes out the same: plans, simulations, what was found by
#                                   the studies whose records are in reports/
#        tests/reports.sh all       and what this machine does, in about ten minutes
set -e
mkdir -p reports
./vishwa-plan --hw tpu-v5e --hours 100 --report reports/tpu-v5e-100h --force \
    > reports/tpu-v5e-100h.txt
./vishwa-plan --hw tpu-v5e --hours 100 --check-throughput > reports/throughput.txt
./vishwa-sim step --hw tpu-v5e --model gpt2-124m --seq 1024 --batch 32 \
    --report reports/step-gpt2-tpu-v5e --force > reports/step-gpt2-tpu-v5e.txt
rm -f reports/step-gpt2-tpu-v5e/trace.json # large; --trace FILE writes it
for folder in law law-farther experts; do
    [ -f "reports/$folder/records.jsonl" ] || continue
    # 1: a study that found no law, or whose model diverged, is told too
    ./vishwa-train study "${folder%%-*}" --out "reports/$folder" --summary --quiet \
        > "reports/$folder/summary.txt" || [ $? = 1 ]
    rm -f "reports/$folder/run.lock"
    # as the study had it fitted, in the form that it found: the summary has told its coefficients
    [ -f "reports/$folder/fit.json" ] || continue
    form=$(jq -r .law "reports/$folder/fit.json")
    [ "$form" = bounded ] && vocab="--vocab 257" || vocab=
    fit() {
        # shellcheck disable=SC2086 # no words, or two
        ./vishwa-plan fit "reports/$folder/runs.csv" --columns group=size --resample groups \
            --bootstrap 400 --n-counts total --corpus "vishwa-train study" --law "$form" $vocab \
            --out "reports/$folder/law.yaml" --force "$@"
    }
    fit --report "reports/$folder/fit" > "reports/$folder/fit.txt"
    fit --json > "reports/$folder/fit.json.new"
    mv "reports/$folder/fit.json.new" "reports/$folder/fit.json"
done
[ "$1" = all ] || exit 0
./vishwa-train validate --report reports/validate --force > reports/validate.txt
