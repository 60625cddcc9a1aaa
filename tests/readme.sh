#!/bin/sh
# Puts the program's present screen into the README. usage: tests/readme.sh
cd "$(dirname "$0")/.." || exit 1
./vishwa-plan --hw tpu-v5e --hours 100 | sed -e '1{/^$/d}' -e '${/^$/d}' > build/screen.txt
awk 'FNR == NR { screen = screen $0 "\n"; next }
     /^\$ \.\/vishwa-plan --hw tpu-v5e --hours 100$/ { print; printf "%s", screen; skip = 1; next }
     skip && /^```$/ { skip = 0 }
     !skip' build/screen.txt README.md > build/readme.md && cp build/readme.md README.md
