# Judges lines of the benches:
#   DATAFLOW POLICY R C M N K EARLY FOLDS FIRST_MAC FIRST_OUT LAST_MAC LAST_OUT MACS WRONG
# A test is all lines of one dataflow, policy and shape. With EARLY 0 nothing may be wrong and every
# count must be the formula's. With EARLY above 0 a tile began that much before the rule lets it, and
# something must be wrong, but for serial up to C cycles: its rule waits until the whole array is
# idle, where the words of the first column need not wait for those of the last.
function ceil_div(a, b) { return int((a + b - 1) / b) }
function max(a, b) { return a > b ? a : b }
function interval(stream, R, C) {
    if ($1 == "ws" && $2 == "serial") return 2 * R + C + stream - 2
    if ($1 == "os" && $2 == "serial") return stream + 2 * R + C - 2
    return max(stream, $2 == "shift" ? 2 * R - 1 : R)
}
function formulas(R, C, M, N, K,    folds, last) {
    if ($1 == "ws") {
        folds = ceil_div(K, R) * ceil_div(N, C)
        last = R + (folds - 1) * interval(M, R, C) + M + R + C - 2
        return folds " " R " " 2 * R " " last " " last + 1 " " folds * M * R * C " 0"
    }
    folds = ceil_div(M, R) * ceil_div(N, C)
    last = (folds - 1) * interval(K, R, C) + K + R + C - 2
    return folds " 0 " K + R - 1 " " last " " last + R " " folds * K * R * C " 0"
}
{
    counted = $9 " " $10 " " $11 " " $12 " " $13 " " $14 " " $15
    if ($8 == 0) {
        claim = "formulas"
        expected = formulas($3, $4, $5, $6, $7)
        good = counted == expected
    } else {
        claim = "tight"
        right = $2 == "serial" && $8 <= $4
        expected = right ? "wrong 0" : "wrong above 0"
        good = right ? $15 == 0 : $15 > 0
    }
    test = $1 " " $2 " " $3 "x" $4 " " claim
    lines[test]++
    if (!good) {
        bad[test]++
        print "FAILED " test ": " $0 "; expected " expected
    }
}
END {
    for (test in lines) bad[test] ? failed++ : passed++
    print passed + 0 " " failed + 0 " " NR
}
