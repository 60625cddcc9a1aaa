# The README shows what the program prints, and every command in it runs.
. "$ROOT/tests/cli/lib.sh"
cp "$ROOT/README.md" readme.md
ln -s "$plan" vishwa-plan

# the first screen is the program's own
./vishwa-plan --hw tpu-v5e --hours 100 | sed -e '1{/^$/d}' -e '${/^$/d}' > real.txt
awk '/^\$ \.\/vishwa-plan --hw tpu-v5e --hours 100$/ { on = 1; next } on && /^```$/ { exit } on' readme.md > shown.txt
claim "the README's screen is the program's own" diff shown.txt real.txt

XDG_CACHE_HOME=$PWD/cache && export XDG_CACHE_HOME
grep -hoE '^\./vishwa-plan [^#]*' readme.md "$ROOT"/docs/*.md | sort -u > commands.txt
while read -r command; do
    run sh -c "$command"
    [ "$code" -eq 0 ] && [ -s stdout.txt ]
    note $? "$command"
done < commands.txt
finish
