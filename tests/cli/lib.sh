# Sourced by the tests of this folder: what a call must answer. $plan is the program under test.
plan=$BUILD/vishwa-plan
passed=0 failed=0 skipped=0

note() { # OK(0/1) WHAT
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n' "$2"
        printf '  exit %s\n  stdout: %s\n  stderr: %s\n' "$code" "$(head -c 600 stdout.txt)" "$(head -c 600 stderr.txt)"
    fi
}

run() { # COMMAND...: leaves code, stdout.txt, stderr.txt; nothing may take ten seconds
    timeout -k 5 "${LIMIT:-20}" "$@" > stdout.txt 2> stderr.txt < /dev/null
    code=$?
}

# A refusal: this exit code, nothing on stdout, one line on stderr that matches the extended regex.
refuses() { # CODE REGEX COMMAND...
    want=$1 regex=$2
    shift 2
    run "$@"
    [ "$code" -eq "$want" ] && [ ! -s stdout.txt ] && [ "$(wc -l < stderr.txt)" -eq 1 ] &&
        grep -qE "$regex" stderr.txt
    note $? "refuses $want '$regex': $*"
}

# An answer in JSON for which the jq expression is true.
answers() { # CODE JQ COMMAND...
    want=$1 expression=$2
    shift 2
    run "$@" --json
    [ "$code" -eq "$want" ] && jq -e "$expression" stdout.txt > /dev/null 2>&1
    note $? "answers $want '$expression': $*"
}

# Text on stdout that matches the extended regex.
shows() { # CODE REGEX COMMAND...
    want=$1 regex=$2
    shift 2
    run "$@"
    [ "$code" -eq "$want" ] && grep -qE "$regex" stdout.txt
    note $? "shows $want '$regex': $*"
}

claim() { # WHAT COMMAND...: the command succeeds; stdout.txt is still what run left
    what=$1
    shift
    "$@" > claim.txt 2> stderr.txt
    code=$?
    note "$code" "$what"
}

skip() { # WHY
    skipped=$((skipped + 1))
    echo "skipped: $1"
}

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
