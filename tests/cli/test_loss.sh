# loss and laws.
. "$ROOT/tests/cli/lib.sh"

answers 0 '(.loss - 2.225644088998 | fabs) < 1e-9 and .n_counts == "total"' "$plan" loss --law muennighoff2023 --params 6.34G --tokens 242G --unique 25G
answers 0 '(.loss - 1.9738818631585637 | fabs) < 1e-9 and .loss_low < .loss and .loss < .loss_high' "$plan" loss --law besiroglu2024 --params 70G --tokens 1.4T
answers 0 '(.loss - 3.514272631710317 | fabs) < 1e-9 and .n_counts == "non-embedding"' "$plan" loss --law kaplan2020 --params 100M --tokens 100M
answers 0 '(.loss - 2.815 | fabs) < 1e-3 and .valid' "$plan" loss --law hoffmann2022 --params 354.2M --tokens 8.47G
answers 0 '(.loss - 2.7415 | fabs) < 1e-3 and .n_counts == "active" and .valid' "$plan" loss --law ludziejewski2025 --params 364.6M --tokens 8.229G --experts 8
answers 0 '(.valid | not) and (.reason | test("parameters|R_"))' "$plan" loss --law muennighoff2023 --params 10G --tokens 300M --unique 100M
answers 0 '(.valid | not) and (.reason | test("R_D"))' "$plan" loss --law muennighoff2023 --params 146M --tokens 5.9G --unique 100M
answers 0 '.valid | not' "$plan" loss --law muennighoff2023 --params 146M --tokens 1.9G
answers 0 '.nearest_measured.loss > 3.7 and .nearest_measured.loss < 3.73' "$plan" loss --law muennighoff2023 --params 146M --tokens 5.9G --unique 100M
answers 0 '(.valid | not) and (.reason | test("repeated"))' "$plan" loss --law besiroglu2024 --params 350M --tokens 8G --unique 1G
answers 0 '.law == "besiroglu2024"' "$plan" loss --params 350M --tokens 8G
answers 0 '(.valid | not) and (.reason | test("guessing"))' "$plan" loss --params 1 --tokens 1
answers 0 '.nearest_measured.corpus | test("MassiveText")' "$plan" loss --params 350M --tokens 8G
shows 0 'outside validated region' "$plan" loss --law muennighoff2023 --params 10G --tokens 300M --unique 100M
answers 0 '.laws | length == 5 and all(.[]; (.coefficients | length > 3) and .source != null and .range != null)' "$plan" laws
for law in kaplan2020 hoffmann2022 besiroglu2024 muennighoff2023 ludziejewski2025; do
    shows 0 "$law" "$plan" laws
done

refuses 2 'no law "hofmann2022"; did you mean hoffmann2022\?' "$plan" loss --law hofmann2022 --params 1G --tokens 1G
refuses 2 'clark2022: not built yet' "$plan" loss --law clark2022 --params 1G --tokens 1G
refuses 2 'granularity: not built yet' "$plan" loss --granularity 8 --params 1G --tokens 1G
refuses 2 'params: expected a number such as' "$plan" loss --tokens 1G
refuses 2 'tokens: expected a number such as' "$plan" loss --params 1G
refuses 2 'params: expected a number from 1 ' "$plan" loss --params -5 --tokens 1G
finish
