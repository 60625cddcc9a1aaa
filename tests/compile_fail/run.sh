#!/bin/sh
# Each file here must not compile, and must compile once its marked line is taken out: so it is the
# mistake that is refused, and not something else.
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
compile() { ${CC:-gcc} -std=c11 -D_POSIX_C_SOURCE=200809L -I. -fsyntax-only -x c - 2>/dev/null; }
for file in tests/compile_fail/*.c; do
    if compile < "$file"; then
        echo "compiles, and must not: $file"
        failed=$((failed + 1))
    elif ! grep -v 'MISTAKE' "$file" | compile; then
        echo "does not compile even without its mistake: $file"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
