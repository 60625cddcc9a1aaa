# A line of a bench (counts.awk) and behind it the counts of others' arrays for the same product:
# FOLDS FIRST_MAC FIRST_OUT LAST_MAC LAST_OUT, "-" where they do not say.
{
    test = $1 " " $2 " " $3 "x" $4 " golden"
    lines[test]++
    good = NF == 20 && $15 == 0
    for (i = 0; i < 5; i++) if ($(16 + i) != "-" && $(16 + i) != $(9 + i)) good = 0
    if (!good) {
        bad[test]++
        print "FAILED " test ": " $0
    }
}
END {
    for (test in lines) bad[test] ? failed++ : passed++
    print passed + 0 " " failed + 0 " " NR
}
