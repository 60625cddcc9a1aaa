# loss and laws.
. "$ROOT/tests/cli/lib.sh"

# values of the papers and their authors' code
answers 0 '(.loss - 2.225644088998 | fabs) < 1e-9 and .n_counts == "total"' "$plan" loss --law muennighoff2023 --params 6.34G --tokens 242G --unique 25G
answers 0 '(.loss - 1.9738818631585637 | fabs) < 1e-9 and .loss_low < .loss and .loss < .loss_high' "$plan" loss --law besiroglu2024 --params 70G --tokens 1.4T
answers 0 '(.loss - 3.514272631710317 | fabs) < 1e-9 and .n_counts == "non-embedding"' "$plan" loss --law kaplan2020 --params 100M --tokens 100M
answers 0 '(.loss - 2.815 | fabs) < 1e-3 and .valid' "$plan" loss --law hoffmann2022 --params 354.2M --tokens 8.47G
answers 0 '(.loss - 2.7415 | fabs) < 1e-3 and .n_counts == "active" and .valid' "$plan" loss --law ludziejewski2025 --params 364.6M --tokens 8.229G --experts 8
answers 0 '.law == "besiroglu2024"' "$plan" loss --params 350M --tokens 8G
answers 0 'has("law") and has("n_counts") and has("loss") and has("loss_low") and has("loss_high") and has("valid")' "$plan" loss --params 350M --tokens 8G

# the region: sizes, tokens, budget, repetition, experts, granularity
answers 0 '(.valid | not) and (.reason | test("1.44e\\+18|1.2e\\+18"))' "$plan" loss --params 100M --tokens 2G
answers 0 '(.valid | not) and (.reason | test("parameters|R_"))' "$plan" loss --law muennighoff2023 --params 8G --tokens 3G --unique 100M
answers 0 '(.valid | not) and (.reason | test("R_D"))' "$plan" loss --law muennighoff2023 --params 146M --tokens 5.9G --unique 100M
answers 0 '(.valid | not) and (.reason | test("1.90 B tokens"))' "$plan" loss --law muennighoff2023 --params 146M --tokens 1.9G
answers 0 '.valid and .offset_nats == 0.214' "$plan" loss --law muennighoff2023 --params 391M --tokens 7.67G --unique 2G
answers 0 '(.valid | not) and (.reason | test("repeated"))' "$plan" loss --law besiroglu2024 --params 350M --tokens 8G --unique 1G
answers 0 '(.valid | not) and (.reason | test("guessing")) and .lower_bound == false' "$plan" loss --params 1 --tokens 1
answers 0 '.valid and .experts == 64 and .granularity == 8' "$plan" loss --law krajewski2024 --params 3G --tokens 20G --granularity 8
answers 0 '(.valid | not) and (.reason | test("granularity 32, fitted on 1 to 16"))' "$plan" loss --law krajewski2024 --params 3G --tokens 20G --granularity 32
answers 0 '(.valid | not) and (.reason | test("8 experts, fitted on 64"))' "$plan" loss --law krajewski2024 --params 3G --tokens 20G --granularity 8 --experts 8
answers 0 '(.valid | not) and (.reason | test("granularity"))' "$plan" loss --law ludziejewski2025 --params 364.6M --tokens 8.229G --experts 8 --granularity 4
answers 0 '(.valid | not) and .n_counts == "dense base" and (.reason | test("ignores tokens: fitted at 130 B"))' "$plan" loss --law clark2022 --params 350M --tokens 8G --experts 8
answers 0 '.valid' "$plan" loss --law clark2022 --params 350M --tokens 130G --experts 8

# beyond the data of repeated tokens: a bound, with what was measured beside it
far="$plan loss --law muennighoff2023 --params 10G --tokens 300M --unique 100M"
answers 0 '.lower_bound and (.valid | not) and (.measured | length == 3) and ([.measured[].loss] | max > 5 and min < 3.72)' $far
answers 0 '[.measured[].why] | contains(["nearest", "nearest on as many unique tokens", "best known on as many unique tokens"])' $far
shows 0 'outside validated region' $far
shows 0 'above 4.589 .*a lower bound' $far
shows 0 '3.718, best known' $far
answers 0 '.nearest_measured.loss > 3.7 and .nearest_measured.loss < 3.73' "$plan" loss --law muennighoff2023 --params 146M --tokens 5.9G --unique 100M
answers 0 '.nearest_measured.corpus | test("MassiveText")' "$plan" loss --params 350M --tokens 8G

# runs of another text are said to be of another
answers 0 '.nearest_measured.same_corpus' "$plan" loss --params 350M --tokens 8G
answers 0 '.nearest_measured.same_corpus | not' "$plan" loss --law ludziejewski2025 --params 350M --tokens 8G
shows 0 'another corpus' "$plan" loss --law ludziejewski2025 --params 350M --tokens 8G
answers 0 '.nearest_measured.corpus | test("MassiveText")' "$plan" loss --law clark2022 --params 350M --tokens 130G

# a law that only sizes; budgets; models
answers 0 '.loss == null and .loss_low == null and (.params - 4.39e8 | fabs) < 1e6' "$plan" loss --law porian2024 --flops 1.8e19
answers 0 '.loss == null' "$plan" loss --law porian2024 --params 100M --tokens 2G
shows 0 'no loss: Porian 2024 says how to spend a budget' "$plan" loss --law porian2024 --params 100M --tokens 2G
answers 0 '(.params - 354352602 | fabs) < 1 and (.loss - 2.8166785 | fabs) < 1e-6' "$plan" loss --flops 1.8e19
answers 0 '.params == 124439808' "$plan" loss --model gpt2-124m --tokens 8G
answers 0 '.params == 85056000' "$plan" loss --law kaplan2020 --model gpt2-124m --tokens 8G

# a law in a file, wherever a law is named
cat > mine.yaml <<YAML
name: mine
form: chinchilla
coefficients: {E: 1.7, A: 400, B: 1800, alpha: 0.34, beta: 0.36}
covariance:
  - [1e-4, 0, 0, 0, 0]
  - [0, 1e-2, 0, 6e-4, 0]
  - [0, 0, 1e-2, 0, 5e-4]
  - [0, 6e-4, 0, 4e-5, 0]
  - [0, 0, 5e-4, 0, 4e-5]
n_counts: non-embedding
corpus: my text, bytes
fitted: {params: [1e6, 1e9], tokens: [1e8, 2e10]}
residual_sd: 0.004
runs: 35
YAML
cp mine.yaml lawfile
job="$plan --hw tpu-v5e --hours 100"
answers 0 '.law == "mine" and .n_counts == "non-embedding" and .valid and (.loss - 2.71470 | fabs) < 1e-3' "$plan" loss --law ./mine.yaml --params 300M --tokens 8G
answers 0 '.law == "mine"' "$plan" loss --law mine.yaml --params 300M --tokens 8G
answers 0 '.law == "mine"' "$plan" loss --law lawfile --params 300M --tokens 8G
answers 0 '.laws | length == 1 and .[0].name == "mine" and .[0].runs == 35 and .[0].evidence == "fit" and (.[0].covariance | length == 5)' "$plan" laws --law mine.yaml
answers 0 '.optimum | .law == "mine" and (.by_law | length == 9) and .by_law[8].law == "mine" and .by_law[8].n_counts == "non-embedding" and .params_low < 0.9 * .params and .params_high > 1.1 * .params' $job --law mine.yaml
answers 0 '.recommended | .loss_law == "mine" and .loss_low < .loss and .loss < .loss_high' $job --law mine.yaml
shows 0 'text like my text' $job --law mine.yaml
shows 0 'mine  .*sizes this plan' $job --law mine.yaml
answers 0 '.optimum.by_law | length == 8' $job
answers 0 '.recommended.loss_offset_nats == 0.214' $job --law muennighoff2023
shows 0 '70 measured runs lie 0.21 above this law' $job --law muennighoff2023
refuses 2 'clark2022 ignores tokens' $job --law clark2022
sed 's/chinchilla/chinchila/' mine.yaml > wrong.yaml
refuses 2 'wrong.yaml:2:7: form: expected one of .*did you mean chinchilla\?' "$plan" loss --law wrong.yaml --params 1G --tokens 1G
refuses 2 'absent.yaml' "$plan" loss --law absent.yaml --params 1G --tokens 1G
refuses 2 'wrong.yaml:2:7' $job --law wrong.yaml

# the documents' own examples
awk '/^## A law/ { law = 1 } inside && /^```$/ { exit } inside { print } law && /^```yaml/ { inside = 1 }' "$ROOT/docs/formats.md" > document.yaml
answers 0 '.laws[0] | .name == "my runs" and (.covariance | length == 5)' "$plan" laws --law document.yaml
awk '/^```$/ { inside = !inside; next } inside && !/^\$/ && !/\.\.\.$/ { print }' "$ROOT/docs/laws.md" > document.txt
run $far
cp stdout.txt far.txt
claim 'docs/laws.md shows what loss says' sh -c 'test -s document.txt; while IFS= read -r line; do grep -qF -e "$line" far.txt || { echo "$line" >&2; exit 1; }; done < document.txt'

# laws
answers 0 '.laws | length == 9 and all(.[]; (.coefficients | length > 1) and .source != null and .range != null and .d_counts != null and .evidence != null and (.fitted.params | length == 2))' "$plan" laws
answers 0 '.laws[0] | .name == "besiroglu2024" and .covariance_of == ["ln E", "ln A", "ln B", "alpha", "beta"] and .runs == 240 and .stderr.beta == 0.021' "$plan" laws
answers 0 '[.laws[] | select(.covariance != null)] | length == 1' "$plan" laws
answers 0 '.laws | length == 1 and .[0].name == "clark2022" and (.[0].d_counts | test("tokens do not enter"))' "$plan" laws clark2022
answers 0 '.laws[0].offset | .runs == 70 and .tag == "calibrated"' "$plan" laws --law muennighoff2023
for law in kaplan2020 hoffmann2022 besiroglu2024 muennighoff2023 ludziejewski2025 clark2022 krajewski2024 sardana2023 porian2024; do
    shows 0 "$law" "$plan" laws
done
fits() { awk '{ gsub(/Ê/, "E") } length($0) > 80 { bad = 1 } END { exit bad }' stdout.txt; }
for options in '' --verbose --explain 'besiroglu2024 --explain'; do
    run "$plan" laws $options
    claim "laws $options fit 80 columns" fits
done
run "$plan" laws
claim 'a line a law' [ "$(wc -l < stdout.txt)" -le 20 ]
refuses 2 'no law "besiroglu"; did you mean besiroglu2024' "$plan" laws besiroglu
refuses 2 'no law "foo", nor a file .*besiroglu2024' "$plan" laws foo
run $far
claim 'a bound with its runs fits 80 columns' fits

# each number with its formula, source and tag
answers 0 '[.explain[].name] | contains(["loss", "loss, low end", "residual of a new run", "E", "beta"])' "$plan" loss --params 350M --tokens 8G --explain
answers 0 'all(.explain[]; .formula and .source and .tag)' "$plan" loss --law porian2024 --flops 1.8e19 --explain
answers 0 '[.explain[].name] | contains(["A", "alpha", "residual of a new run"])' "$plan" laws besiroglu2024 --explain
shows 0 'Where each number comes from' "$plan" loss --params 350M --tokens 8G --explain
shows 0 'loss below 10.82' "$plan" loss --params 1 --tokens 1
for command in '' loss laws hyperparameters experts advice fit count hw; do
    run "$plan" $command --help
    claim "the help of $command fits 80 columns" fits
done

refuses 2 'no law "hofmann2022"; did you mean hoffmann2022\?' "$plan" loss --law hofmann2022 --params 1G --tokens 1G
refuses 2 'no law "clark2023"; did you mean clark2022\?' "$plan" laws clark2023
refuses 2 'either NAME or --law' "$plan" laws clark2022 --law clark2022
refuses 2 'granularity: krajewski2024 needs it' "$plan" loss --law krajewski2024 --params 1G --tokens 20G
refuses 2 'clark2022 cannot say how to spend' "$plan" loss --law clark2022 --flops 1e19
refuses 2 'params: expected a number such as' "$plan" loss --tokens 1G
refuses 2 'tokens: expected a number such as' "$plan" loss --params 1G
refuses 2 'params: expected a number from 1 ' "$plan" loss --params -5 --tokens 1G
refuses 2 'either a model or --params' "$plan" loss --params 1G --model gpt2-124m --tokens 1G
refuses 2 'flops: expected either a budget or' "$plan" loss --params 1G --flops 1e19
finish
