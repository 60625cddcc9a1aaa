#!/bin/sh
# Runs every tests/cli/test_*.sh against the built programs, each in a scratch folder of its own.
# usage: tests/cli/run.sh BUILD_FOLDER
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
case $1 in /*) build=$1 ;; *) build=$root/$1 ;; esac
passed=0 failed=0 skipped=0
for script in "$root"/tests/cli/test_*.sh; do
    scratch=$(mktemp -d)
    output=$(cd "$scratch" && ROOT=$root BUILD=$build sh "$script" 2>&1)
    rm -rf "$scratch"
    set -- $(echo "$output" | tail -n 1 | tr -dc '0-9 ')
    if [ $# -lt 2 ]; then
        echo "$script did not close with its counts"
        failed=$((failed + 1))
        echo "$output"
        continue
    fi
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
    [ "$2" -eq 0 ] || echo "$output"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
