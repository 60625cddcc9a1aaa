# A line of a bench (counts.awk) and behind it what the simulator says of the same product:
# CYCLES CYCLES_TO_LAST_MAC.
{
    test = $1 " " $2 " " $3 "x" $4 " simulated"
    lines[test]++
    if (NF != 17 || $16 != $13 || $17 != $12) {
        bad[test]++
        print "FAILED " test ": " $0
    }
}
END {
    for (test in lines) bad[test] ? failed++ : passed++
    print passed + 0 " " failed + 0 " " NR
}
