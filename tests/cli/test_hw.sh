# hw: profiles, and this machine.
. "$ROOT/tests/cli/lib.sh"

answers 0 '.profiles | length >= 24' "$plan" hw
for name in tpu-v4 tpu-v5e tpu-v5p tpu-v6e tpu-v7 v100-32gb a100-40gb a100-80gb a100-pcie h100-sxm h100-pcie h200 b200 mi250x mi300x rtx-3090 rtx-4090 l4 t4 trainium2 laptop; do
    answers 0 'all(.figures[]; .source != null and .date != null and (.tag | IN("specification","measured","calibrated","assumed")))' "$plan" hw show $name
done
answers 0 '[.figures[] | select(.name == "peak.bf16")][0].value == 197 and .default_scenario == "paper"' "$plan" hw show tpu-v5e
shows 0 'TPU v5e' "$plan" hw list
refuses 2 'no profile "tpu-v5"; did you mean .*tpu-v5e.*\?' "$plan" hw show tpu-v5
refuses 2 'hw: expected list, show NAME or probe, got "shw"; did you mean show\?' "$plan" hw shw

# this machine, measured once and then remembered
XDG_CACHE_HOME=$PWD/cache && export XDG_CACHE_HOME
answers 0 '.kind == "cpu" and ([.figures[] | select(.name == "peak.fp32")][0] | .value > 0 and .tag == "measured")' "$plan" hw probe
claim "the measurement is kept" sh -c 'ls cache/vishwa/*.yaml'
answers 0 '.recommended.fits and .hardware.peak_flops_per_s > 1e9' "$plan" --hw auto --hours 12
$plan --hw auto --hours 12 --json > a.json 2> /dev/null
$plan --hw auto --hours 12 --json > b.json 2> /dev/null
claim "the second answer is the first" cmp a.json b.json
# a spoilt cache is measured again, not believed
for file in cache/vishwa/*.yaml; do echo 'name: [' > "$file"; done
answers 0 '.hardware.peak_flops_per_s > 1e9' "$plan" --hw auto --hours 12
# a cache that cannot be written is no failure
XDG_CACHE_HOME=/dev/null answers 0 '.kind == "cpu"' "$plan" hw probe
finish
