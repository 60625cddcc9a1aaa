# fit: what it finds, and what it says to tables that are not what it needs.
. "$ROOT/tests/cli/lib.sh"

# rows SEED COUNT NOISE: runs of L = 1.8 + 480/N^.35 + 2100/D^.37
rows() {
    awk -v seed="$1" -v count="$2" -v noise="$3" 'BEGIN {
        srand(seed)
        print "params,tokens,loss"
        for (i = 0; i < count; i++) {
            N = exp(log(2e7) + log(500) * rand()); D = exp(log(1e9) + log(300) * rand())
            L = 1.8 + 480 / N ^ .35 + 2100 / D ^ .37
            printf "%.8g,%.8g,%.10g\n", N, D, L * exp(noise * (rand() + rand() + rand() - 1.5) * 2)
        }
    }'
}
rows 1 60 0 > exact.csv
rows 2 120 .004 > noisy.csv

# ---- what it finds
answers 0 '.law == "chinchilla" and .runs == 60 and (.E - 1.8 | fabs) < 1e-5 and (.A - 480 | fabs) < 0.1 and (.B - 2100 | fabs) < 1 and (.alpha - .35 | fabs) < 1e-5 and (.beta - .37 | fabs) < 1e-5 and .objective < 1e-12 and .covariance == null' "$plan" fit exact.csv --bootstrap 0
answers 0 '(.stderr | .E > 0 and .A > 0 and .B > 0 and .alpha > 0 and .beta > 0) and (.covariance | length == 5 and all(.[]; length == 5)) and .residual_sd > 0.001 and .residual_sd < 0.01 and .bootstraps == 50' "$plan" fit noisy.csv --bootstrap 50
answers 0 '.optimum.flops == 1e20 and .optimum.params_low < .optimum.params and .optimum.params < .optimum.params_high and .optimum.loss_low <= .optimum.loss' "$plan" fit noisy.csv --bootstrap 50 --flops 1e20
answers 0 '.hold_out.held >= 24 and .hold_out.errors.median < .hold_out.baseline_errors.median' "$plan" fit noisy.csv --bootstrap 0 --hold-out 0.2
answers 0 '.hold_out.held == 3' "$plan" fit noisy.csv --bootstrap 0 --hold-out 3
answers 0 '.law == "tied" and (has("beta") | not)' "$plan" fit noisy.csv --law tied --bootstrap 0
answers 0 '.L0 > 5.54 and .L0 < 5.55' "$plan" fit noisy.csv --law bounded --vocab 256 --bootstrap 0
answers 0 '(.E - 1.8 | fabs) < .1' "$plan" fit noisy.csv --objective least-squares --bootstrap 0
shows 0 'optimum .* parameters' "$plan" fit noisy.csv
answers 0 '[.explain[].name] | contains(["E", "beta", "objective", "residual"])' "$plan" fit noisy.csv --bootstrap 0 --explain
shows 0 'Where each number comes from' "$plan" fit noisy.csv --bootstrap 0 --explain
shows 0 'worst runs' "$plan" fit noisy.csv --bootstrap 0
claim "the answer fits 80 columns" sh -c "'$plan' fit noisy.csv --hold-out 2 | awk 'length > 80 {bad = 1} END {exit bad}'"
claim "the answer fits one screen" sh -c "[ \$('$plan' fit noisy.csv --hold-out 2 | wc -l) -le 30 ]"
"$plan" fit noisy.csv --bootstrap 40 --threads 1 --json > one.json
"$plan" fit noisy.csv --bootstrap 40 --threads 3 --json > three.json
claim "the answer does not depend on threads" cmp one.json three.json
"$plan" fit noisy.csv --bootstrap 40 --seed 2 --json > other.json
claim "the answer depends on the seed" sh -c '! cmp -s one.json other.json'

# ---- a law in a file
run "$plan" fit noisy.csv --bootstrap 50 --out law.yaml --corpus "made up" --n-counts total
note $((code != 0)) "fit --out"
claim "the law says its form, corpus and covariance" sh -c "grep -q 'form: chinchilla' law.yaml && grep -q 'made up' law.yaml && grep -q covariance law.yaml"
answers 0 '.law == "law" and .valid' "$plan" loss --law law.yaml --params 350M --tokens 8G
answers 0 '.optimum.law == "law"' "$plan" --hw tpu-v5e --hours 100 --law law.yaml
echo "a letter" > letter.txt
refuses 2 'is there and is no law' "$plan" fit noisy.csv --bootstrap 0 --out letter.txt

# a weak fit is weak in the law file too: what is open is named, intervals are those of its draws
awk 'BEGIN { srand(5); print "params,tokens,loss"
    for (i = 0; i < 21; i++) { N = 4e7 * 1.6 ^ (i % 7); D = 1e9 * 3 ^ int(i / 7) * (1 + .1 * (i % 3))
        printf "%.6g,%.6g,%.6f\n", N, D, (1.8 + 480 / N ^ .35 + 2100 / D ^ .37) * exp(.04 * (rand() + rand() - 1)) } }' > weak.csv
answers 0 '(.open | contains(["E"])) and .covariance == null and (.stderr | has("E") | not) and (.interval.E[1] > 10 * .interval.E[0])' "$plan" fit weak.csv --out weak.yaml
shows 0 'not identified by these runs' "$plan" fit weak.csv
shows 0 'not identified' "$plan" laws --law weak.yaml
answers 0 '.laws[0] | (.open | contains(["E"])) and .draws == 200' "$plan" laws --law weak.yaml
answers 0 '.loss_low > 0.85 * .loss and .loss_high < 1.15 * .loss' "$plan" loss --law weak.yaml --params 200M --tokens 3G
answers 0 '.recommended | .loss_high < 10.83 and .loss_low > 0' "$plan" --hw tpu-v5e --hours 100 --law weak.yaml
answers 0 '.optimum | .loss_high < 10.83 and .params_low > 0' "$plan" --hw tpu-v5e --hours 100 --law weak.yaml
claim "what is weak fits 80 columns" sh -c "'$plan' fit weak.csv | awk 'length > 80 {bad = 1} END {exit bad}'"

# what cannot be written so that it is read back is refused before anything is fitted
refuses 2 'bootstrap: expected 0 or at least 20' "$plan" fit noisy.csv --bootstrap 2 --out two.yaml
refuses 2 'corpus: expected a text of 1 to 400 bytes' "$plan" fit noisy.csv --corpus "$(awk 'BEGIN {for (i = 0; i < 500; i++) printf "x"}')"
refuses 2 'corpus: expected one line of UTF-8' "$plan" fit noisy.csv --corpus "$(printf 'a\377b')"
claim "nothing was written of them" sh -c '! test -e two.yaml'
answers 0 '.laws[0] | .fitted.flops[0] > 1e16 and .fitted.tokens_per_param[1] > 100' "$plan" laws --law law.yaml
answers 0 '.valid | not' "$plan" loss --law law.yaml --params 20M --tokens 300G

# ---- other shapes of the same table
{ printf '\357\273\277'; sed 's/$/\r/' exact.csv; } > windows.csv
answers 0 '.runs == 60 and (.E - 1.8 | fabs) < 1e-5' "$plan" fit windows.csv --bootstrap 0
{ echo '# made'; echo; sed 's/^/  /' exact.csv; echo; } > blanks.csv
answers 0 '.runs == 60' "$plan" fit blanks.csv --bootstrap 0
awk -F, 'NR == 1 {print "note,\"params\",D,\"the \"\"loss\"\"\""; next} {print "\"a, \"\"b\"\"\"," $1 ",\"" $2 "\"," $3}' exact.csv > quoted.csv
answers 0 '.runs == 60' "$plan" fit quoted.csv --columns 'tokens=D,loss=the "loss"' --bootstrap 0
awk -F, 'NR == 1 {print $0 ",set"; next} {print $0 "," (NR % 2 ? "odd" : "even")}' exact.csv > sets.csv
answers 0 '.runs == 30' "$plan" fit sets.csv --where set=odd --bootstrap 0
answers 0 '.runs == 60' "$plan" fit sets.csv --where set=odd,even --bootstrap 0
answers 0 '.bootstraps == 20' "$plan" fit sets.csv --columns group=set --resample budgets --bootstrap 20
answers 0 '.runs == 30' "$plan" fit sets.csv --where 'set!=odd' --bootstrap 0
refuses 2 'leaves none of 60' "$plan" fit sets.csv --where 'set!=odd,even'
refuses 2 'expected COLUMN=VALUE' "$plan" fit sets.csv --where '!=odd'
refuses 2 'leaves none of 60' "$plan" fit sets.csv --where set=neither
refuses 2 'expected a column "sett".*did you mean set' "$plan" fit sets.csv --where sett=odd
refuses 2 'expected COLUMN=VALUE' "$plan" fit sets.csv --where set
refuses 2 'needs a column of groups' "$plan" fit exact.csv --resample groups

# ---- tables that are no runs: bad input
refuses 2 'expected one file' "$plan" fit
refuses 2 'No such file' "$plan" fit missing.csv
: > empty.csv
refuses 2 'empty.csv: expected a header' "$plan" fit empty.csv
echo 'params,tokens,loss' > header.csv
refuses 2 'header.csv: expected runs below the header' "$plan" fit header.csv
cut -d, -f1,3 exact.csv > short.csv
refuses 2 'short.csv:1: expected a column "tokens", found params, loss' "$plan" fit short.csv
broken() { # REGEX FIELD: a cell of line 5
    awk -F, -v OFS=, -v cell="$2" 'NR == 5 {$2 = cell} {print}' exact.csv > broken.csv
    refuses 2 "$1" "$plan" fit broken.csv
}
broken 'broken.csv:5: tokens: expected a positive number, found "many"' many
broken 'broken.csv:5: tokens: .* found "nan"' nan
broken 'broken.csv:5: tokens: .* found "inf"' inf
broken 'broken.csv:5: tokens: .* found "1e999"' 1e999
broken 'broken.csv:5: tokens: .* found "-5"' -5
broken 'broken.csv:5: tokens: .* found "0"' 0
broken 'broken.csv:5: tokens: .* found ""' ''
broken 'broken.csv:5: expected 3 fields as in the header, found 4' '1,2'
broken 'broken.csv:5: expected a closing quote' '"1'
broken 'found "xxxxxx.*\.\.\.' "$(awk 'BEGIN {for (i = 0; i < 100000; i++) printf "x"}')"
head -c 5000 /dev/urandom > binary.csv
refuses 2 'binary.csv:' "$plan" fit binary.csv
mkdir -p folder
refuses 2 'found a folder' "$plan" fit folder
sed '1s/.*/params,params,tokens,loss/' exact.csv > twice.csv
refuses 2 'two columns are named "params"' "$plan" fit twice.csv
tr , ';' < exact.csv > semicolons.csv
refuses 2 'expected a column "params", found params;tokens;loss' "$plan" fit semicolons.csv
refuses 2 'expected pairs such as' "$plan" fit exact.csv --columns params
refuses 2 'expected params, tokens' "$plan" fit exact.csv --columns size=params
refuses 2 'no form "chinchila" is fitted; did you mean chinchilla' "$plan" fit exact.csv --law chinchila
refuses 2 'needs a column of unique tokens' "$plan" fit exact.csv --law repeated
refuses 2 'needs a column of experts' "$plan" fit exact.csv --law routed
refuses 2 'leave smaller models' "$plan" fit exact.csv --hold-out 60

# ---- runs that do not tell the law: the answer is no, and says of what
unidentified() { # REGEX FILE [OPTION...]: neither terminal nor JSON has a number for it
    regex=$1 file=$2
    shift 2
    refuses 1 "not identified: $regex" "$plan" fit "$file" "$@"
    answers 1 '.identified == false and (.unidentified | length > 0) and has("E") == false and has("A") == false' "$plan" fit "$file" "$@"
}
head -2 exact.csv > one.csv
unidentified '.*1 different run ' one.csv
{ head -1 exact.csv; for i in 1 2 3 4 5 6 7 8 9; do sed -n 2p exact.csv; done; } > same.csv
run "$plan" fit same.csv
[ "$code" -eq 1 ] && grep -q 'not identified: .*1 different run ' stderr.txt
note $? "one run nine times"
{ cat exact.csv; sed -n '2,$p' exact.csv; } > double.csv
run "$plan" fit double.csv --bootstrap 0
[ "$code" -eq 0 ] && grep -q '60 rows of double.csv say again' stderr.txt
note $? "rows that repeat others are counted"
awk -F, -v OFS=, 'NR > 1 {$3 = 3} {print}' exact.csv > flat.csv
unidentified '.*all losses are the same, 3' flat.csv
awk -F, -v OFS=, 'NR > 1 {$1 = 1e8} {print}' exact.csv > size.csv
unidentified 'E, A and alpha: 3 different sizes are needed, the runs have 1' size.csv
awk -F, -v OFS=, 'NR > 1 {$2 = 1e10 * (1 + NR % 2)} {print}' exact.csv > length.csv
unidentified 'E, B and beta: 3 different amounts of tokens are needed, the runs have 2' length.csv
awk -F, -v OFS=, 'NR > 1 {$3 = 2 + 500 / $2 ^ .3} {print}' exact.csv > nosize.csv
unidentified 'A and alpha: no loss' nosize.csv
awk -F, -v OFS=, 'NR > 1 {$3 = 2 + 400 / $1 ^ .3} {print}' exact.csv > notokens.csv
unidentified 'B and beta: no loss' notokens.csv
awk -F, -v OFS=, 'NR > 1 {$2 = 20 * $1; $3 = 2 + 400 / $1 ^ .3} {print}' exact.csv > ray.csv
unidentified 'A and B' ray.csv
rows 3 60 0 | awk -F, -v OFS=, 'NR > 1 {$3 = 3 + .01 * sin(NR * 12.9898)} {print}' > noise.csv
unidentified '' noise.csv
finish
