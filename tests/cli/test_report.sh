# --report: one page and its figures; nothing from a file is ever executed.
. "$ROOT/tests/cli/lib.sh"
job="$plan --hw tpu-v5e --hours 100"

shows 0 'Train' $job --report out
claim "the page is there" test -s out/index.html
count=$(ls out/*.gp | wc -l)
code=$count
[ "$count" -ge 6 ]
note $? "at least six figures"
for script in out/*.gp; do
    figure=${script%.gp}.svg
    claim "$(basename "$figure") is drawn" test -s "$figure"
    claim "$(basename "$script") holds its data" grep -q '<< *EOD' "$script"
done
claim "the page needs no network and no script" sh -c '! grep -qiE "<script|src=.http|href=.http[^>]*stylesheet|@import|url\(http" out/index.html'
claim "the page holds its figures" sh -c '[ "$(grep -o "<svg" out/index.html | wc -l)" -ge 6 ]'

# byte for byte the same again, over what is there
cp -r out first
run $job --report out
claim "a second report is the same" diff -r first out
claim "the page names no folder of this machine" sh -c '! grep -qF "$ROOT" out/index.html || grep -qF "$BUILD" out/index.html'
# and redrawn by a reader
(cd out && rm ./*.svg && for script in *.gp; do gnuplot "$script"; done) > /dev/null 2>&1
for script in out/*.gp; do
    claim "a reader redraws $(basename "${script%.gp}.svg")" test -s "${script%.gp}.svg"
done

# gnuplot missing, failing or hanging: data and scripts are there, one warning, exit 4
mkdir bin
for tool in sh ls cat; do ln -s "$(command -v $tool)" bin/$tool; done
run env PATH="$PWD/bin" $job --report none
[ "$code" -eq 4 ] && [ -s stdout.txt ] && [ -s none/index.html ] && [ "$(ls none/*.gp | wc -l)" -ge 6 ] &&
    grep -q 'gnuplot' stderr.txt
note $? "gnuplot missing"
printf '#!/bin/sh\nexit 1\n' > bin/gnuplot
chmod +x bin/gnuplot
run env PATH="$PWD/bin:$PATH" $job --report failing
[ "$code" -eq 4 ] && [ -s failing/index.html ]
note $? "gnuplot failing"

# places that cannot be written
refuses 4 'report|/dev/null|Not a directory' $job --report /dev/null/x
: > file
refuses 4 'file' $job --report file
refuses 4 'proc' $job --report /proc/vishwa
if mkdir small 2> /dev/null && mount -t tmpfs -o size=16k tmpfs small 2> /dev/null; then
    refuses 4 'No space left' $job --report small/out
    left=$(find small -type f -name '*.??????' | wc -l)
    umount small
    code=$left
    note "$left" "no temporary file stays behind on a full disk"
else
    skip "cannot mount a small disk here"
fi

# what is not ours is not overwritten, unless it is said
mkdir mine taken
echo '<p>my own page</p>' > mine/index.html
refuses 2 'not a report of ours; --force overwrites it' $job --report mine
claim "the page of somebody else stands" grep -q 'my own page' mine/index.html
shows 0 'Train' $job --report mine --force
mkdir taken/index.html
refuses 4 'is a folder' $job --report taken
claim "and nothing was left beside it" test "$(ls taken | wc -l)" -eq 1
run sh -c "ulimit -f 4; $job --report limited"
[ "$code" -eq 4 ] && [ ! -s stdout.txt ] && [ -z "$(find limited -name '*.??????' 2> /dev/null)" ]
note $? "a file that may not grow"

# text from a profile is text
sed -e "s|^name: .*|name: \"x' ; system('touch owned1') ; \`touch owned2\` <script>alert(1)</script> \\\\\" EOD\"|" \
    -e 's|^note: .*|note: "<img src=x onerror=alert(1)> `touch owned3`\\nEOD\\n!touch owned4"|' \
    "$ROOT/hwprofiles/tpu-v5e.yaml" | sed '/^  45 usable/d' > hostile.yaml
run "$plan" --hw ./hostile.yaml --hours 100 --report hostile
[ "$code" -eq 0 ]
note $? "a hostile profile is a profile"
claim "nothing was executed" sh -c '! ls owned* hostile/owned* "$HOME"/owned* 2> /dev/null | grep .'
claim "no markup of the profile reaches the page" sh -c '! grep -qE "<script>alert|<img src=x" hostile/index.html'
claim "its figures are drawn" sh -c '[ "$(ls hostile/*.svg | wc -l)" -ge 6 ]'
run $job --report "a b'c\"d"
claim "a folder with blanks and quotes" test -s "a b'c\"d/index.html"
finish
