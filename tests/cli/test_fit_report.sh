# fit --report: one page and its figures; the same bytes for the same seed, whatever the threads.
. "$ROOT/tests/cli/lib.sh"

# Runs of L = 1.8 + 480/N^.35 + 2100/D^.37 on five budgets of nine sizes, off by up to half a percent.
awk 'BEGIN {
    srand(3)
    print "params,tokens,loss"
    for (b = 0; b < 5; b++)
        for (i = -4; i <= 4; i++) {
            C = 1e18 * 10 ^ (b / 2)
            N = 0.11 * C ^ 0.5 * exp(0.25 * i)
            D = C / 6 / N
            printf "%.6g,%.6g,%.6f\n", N, D, (1.8 + 480 / N ^ 0.35 + 2100 / D ^ 0.37) * (1 + 0.005 * (rand() - 0.5) ^ 2 * (rand() < 0.5 ? -4 : 4))
        }
}' > runs.csv
job="$plan fit runs.csv --bootstrap 40 --flops 1e19"

well_formed() { # FILE: every element that is opened is closed
    for element in html body main section table tbody thead tr dl figure figcaption svg pre; do
        [ "$(grep -oE "<$element[ >]" "$1" | wc -l)" -eq "$(grep -o "</$element>" "$1" | wc -l)" ] ||
            return 1
    done
    [ "$(grep -c '</html>' "$1")" -eq 1 ]
}
no_nan() { ! sed 's/<[^>]*>//g' "$1" | grep -qiE '(^|[^a-z])-?(nan|inf)([^a-z]|$)'; }

shows 0 'chinchilla fitted to 45 runs' $job --hold-out 2 --report out
claim "the page is well-formed" well_formed out/index.html
claim "no figure on the page is not a number" no_nan out/index.html
for figure in fitted residuals isoflop optimum draws held-out; do
    claim "fit-$figure is drawn" test -s "out/fit-$figure.svg"
    claim "fit-$figure.gp holds its data" grep -q '<< *EOD' "out/fit-$figure.gp"
done
claim "the page holds six figures" sh -c '[ "$(grep -o "<svg" out/index.html | wc -l)" -eq 6 ]'
claim "five budgets of nine runs" sh -c '[ "$(grep -o "9 of 9" out/index.html | wc -l)" -eq 5 ]'
claim "each of them a valley" sh -c '[ "$(grep -o ">valley<" out/index.html | wc -l)" -eq 5 ]'
claim "the page says what was asked" grep -q 'fit runs.csv --bootstrap 40' out/index.html
claim "the page needs no network and no script" \
    sh -c '! grep -qiE "<script|src=.http|@import|url\(http" out/index.html'

# byte for byte the same again, over what is there; with another seed other draws
cp -r out first
run $job --hold-out 2 --report out
claim "a second report is the same" diff -r first out
run $job --hold-out 2 --report out --seed 9
claim "another seed draws otherwise" sh -c '! cmp -s first/fit-draws.gp out/fit-draws.gp'
claim "and leaves the runs as they are" cmp first/fit-fitted.gp out/fit-fitted.gp

# without a bootstrap there are no draws, without --hold-out nothing was held out
run $plan fit runs.csv --bootstrap 0 --report plain
claim "a report without draws is drawn" test -s plain/fit-isoflop.svg
claim "and has no figure of draws" test ! -e plain/fit-draws.gp
claim "nor of what was not held out" test ! -e plain/fit-held-out.gp
claim "and says nothing that is not a number" no_nan plain/index.html

# runs on no budget: the rest of the report
awk 'BEGIN { srand(5); print "params,tokens,loss"
    for (i = 0; i < 60; i++) { N = 1e7 * exp(5 * rand()); D = 1e17 * exp(i / 6) / 6 / N
        printf "%.6g,%.6g,%.6f\n", N, D, 1.8 + 480 / N ^ 0.35 + 2100 / D ^ 0.37 + 0.01 * rand() } }' > loose.csv
run $plan fit loose.csv --bootstrap 0 --report loose
claim "runs on no budget have no parabolas" test ! -e loose/fit-isoflop.gp
claim "and the page says so" grep -q 'there is no parabola' loose/index.html
claim "and is well-formed" well_formed loose/index.html

# exact runs: residuals of nothing
awk 'BEGIN { print "params,tokens,loss"; for (b = 0; b < 4; b++) for (i = -3; i <= 3; i++) {
    N = 1e8 * 3 ^ b * exp(0.3 * i); D = 2e18 * 9 ^ b / 6 / N
    printf "%.17g,%.17g,%.17g\n", N, D, 1.8 + 480 / N ^ 0.35 + 2100 / D ^ 0.37 } }' > exact.csv
run $plan fit exact.csv --bootstrap 20 --report exact
[ "$code" -eq 0 ] && [ -s exact/fit-residuals.svg ]
note $? "exact runs are drawn"
claim "without what is not a number" no_nan exact/index.html

# gnuplot missing or failing: data and scripts are there, the answer stands, one line, exit 4
mkdir bin
for tool in sh ls cat; do ln -s "$(command -v $tool)" bin/$tool; done
run env PATH="$PWD/bin" $job --report none
[ "$code" -eq 4 ] && [ -s stdout.txt ] && [ -s none/index.html ] && [ "$(ls none/*.gp | wc -l)" -eq 5 ] &&
    [ "$(grep -c 'gnuplot could not draw' stderr.txt)" -eq 1 ]
note $? "gnuplot missing"
claim "the page says how to draw them" grep -q 'run .*gnuplot fit-residuals.gp' none/index.html

# what is not ours is not overwritten, unless it is said
mkdir mine
echo '<p>my own page</p>' > mine/index.html
run $job --report mine
[ "$code" -eq 2 ] && grep -q 'not a report of ours' stderr.txt && grep -q 'my own page' mine/index.html
note $? "the page of somebody else stands"
shows 0 'fitted' $job --report mine --force

# text from outside is text
cp runs.csv "<b>x' ; system('touch owned').csv"
run "$plan" fit "<b>x' ; system('touch owned').csv" --corpus '<script>alert(1)</script>' --bootstrap 0 \
    --report hostile
[ "$code" -eq 0 ] && [ ! -e owned ] && [ ! -e hostile/owned ] && ! grep -qE '<script>|<b>x' hostile/index.html
note $? "names of files and of corpora are text"
finish
