# What stands in reports/ comes out again: plans, simulations, what was found in the studies' records.
. "$ROOT/tests/cli/train.sh"
cp -r "$ROOT/reports" reports
for program in vishwa-plan vishwa-sim vishwa-train; do
    ln -s "$BUILD/$program" $program
done
LIMIT=300
run "$ROOT/tests/reports.sh" stable
note "$code" "reports are made"
drawn=$(gnuplot --version) # what drew the pictures that stand there
for file in $(cd "$ROOT/reports" && find . -type f ! -path './validate*' | sort); do
    case $file in
    *.svg | *.html) [ "$drawn" = "gnuplot 5.4 patchlevel 4" ] || continue ;;
    esac
    claim "the same again: $file" cmp "$ROOT/reports/$file" "reports/$file"
done
finish
