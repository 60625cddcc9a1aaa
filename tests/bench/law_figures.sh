#!/bin/sh
# Draws docs/figures from published runs: held-out predictions, residuals and isoFLOP curves, the
# same bytes again. Needs ../shared/reference (the runs are not part of the project) and gnuplot.
# usage: tests/bench/law_figures.sh [BUILD_FOLDER]
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build}
runs=../shared/reference/loss_chinchilla_runs.csv
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

[ -r "$runs" ] || { echo "docs-figures: skipped: $runs is not here" >&2; exit 0; }
command -v gnuplot > /dev/null || { echo "docs-figures: skipped: no gnuplot" >&2; exit 0; }

"$build/tests/bench/law_figures" "$scratch" || exit 1

# all runs but the five outliers that the published refit leaves out
awk 'NR == 1 || NR > 6' "$runs" > "$scratch/chinchilla.csv"
./vishwa-plan fit "$scratch/chinchilla.csv" --columns tokens=tokens_derived_C_over_6N --quiet \
    --report "$scratch/fit" > /dev/null || exit 1
cp "$scratch/fit/fit-isoflop.svg" "$scratch/chinchilla-isoflop.svg" || exit 1

# smaller by what draws nothing: indents, empty groups, defaults, the version of gnuplot, and the
# colour of each point where that of the point before it will do
squeeze() {
    sed -e 's/^[ 	]*//' -e '/^$/d' -e '/^<desc>/d' \
        -e 's/ stroke-linecap="butt" stroke-linejoin="miter"//' \
        -e 's/rgb( *\([0-9]*\), *\([0-9]*\), *\([0-9]*\))/rgb(\1,\2,\3)/g' "$1" |
        awk 'held != "" && $0 == "</g>" { held = ""; next }
             held != "" { print held; held = "" }
             /^<g [^>]*>$/ { held = $0 }
             /^<use .* color=.*\/>$/ {
                 match($0, / color=.[^\047]*./)
                 own = substr($0, RSTART, RLENGTH)
                 if (own != colour) { if (colour != "") print "</g>"; print "<g" own ">" }
                 colour = own
                 print substr($0, 1, RSTART - 1) "/>"
                 next
             }
             colour != "" { print "</g>"; colour = "" }
             held == "" { print }'
}

mkdir -p docs/figures
for figure in "$scratch"/*.svg; do
    squeeze "$figure" > "docs/figures/$(basename "$figure")"
done
