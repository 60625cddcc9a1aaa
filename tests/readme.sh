#!/bin/sh
# Puts the program's present screens into the README and docs/advice.md. usage: tests/readme.sh
cd "$(dirname "$0")/.." || exit 1

# screen FILE COMMAND: what stands in FILE between the line "$ COMMAND" and the next ``` is replaced
# by what the command prints, without an empty line at either end.
screen() {
    sh -c "$2" | sed -e '1{/^$/d}' -e '${/^$/d}' > build/screen.txt
    command=$2 awk 'FNR == NR { screen = screen $0 "\n"; next }
         $0 == "$ " ENVIRON["command"] { print; printf "%s", screen; skip = 1; next }
         skip && /^```$/ { skip = 0 }
         !skip' build/screen.txt "$1" > build/readme.md && cp build/readme.md "$1"
}

# table FILE TABLE: what stands in FILE between the lines "<!-- TABLE -->" and "<!-- end -->" is
# replaced by the file TABLE.
table() {
    [ -f "$2" ] || return
    table=$2 awk '$0 == "<!-- " ENVIRON["table"] " -->" {
            print
            while ((getline line < ENVIRON["table"]) > 0)
                print line
            skip = 1
        }
        $0 == "<!-- end -->" { skip = 0 }
        !skip' "$1" > build/readme.md && cp build/readme.md "$1"
}

table README.md reports/validate/table.md
screen README.md "./vishwa-plan --hw tpu-v5e --hours 100"
screen docs/advice.md "$(sed -n 's/^\$ \(.*advice.*\)$/\1/p' docs/advice.md)"
