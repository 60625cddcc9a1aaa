# Writes the products for one dataflow: R C POLICY M N K EARLY.
function some(limit) { return 1 + int(rand() * limit) }
BEGIN {
    srand(4)
    shape_count = split("4x4 8x4 4x8 3x5 1x1 8x8", shapes, " ")
    policy_count = split("serial shift double", policies, " ")
    for (s = 1; s <= shape_count; s++)
        for (p = 1; p <= policy_count; p++) {
            split(shapes[s], side, "x")
            R = side[1]; C = side[2]; head = R " " C " " policies[p]
            print head, 1, 1, 1, 0
            print head, R, C, R, 0
            print head, 1, 3 * C, 3 * R, 0
            print head, 3 * R, 3 * C, 1, 0
            print head, 2 * R - 1, 2 * C, 2 * R - 1, 0
            print head, 2 * R, 2 * C, 2 * R, 0
            for (i = 0; i < 40; i++) print head, some(3 * R + 4), some(3 * C), some(3 * R + 4), 0
            early(head, policies[p])
        }
}
# Full tiles only: what becomes of the zeros of an edge tile shows nowhere. A long stream shows a load
# that disturbs the tile in use, a short one the interval. (A long stream on the os array keeps the
# serial chain of accumulators from moving where it would disturb.)
function early(head, policy,    stream) {
    for (stream = 1; stream <= 2 * R + 1; stream += 2 * R) {
        if (policy == "serial") write(head, stream, C)
        if (binds(policy, stream)) write(head, stream, policy == "serial" ? C + 1 : 1)
    }
}
function write(head, stream, by) {
    if (dataflow == "ws") print head, stream, 3 * C, 3 * R, by
    else print head, 3 * R, 3 * C, stream, by
}
# Whether the rule, and not the port or the stream before, says when the next tile may begin.
function binds(policy, stream) {
    if (dataflow == "os") return R > 1 && stream == 1
    if (policy == "serial") return stream + R > 2
    return stream > 1 || (policy == "shift" && R > 1)
}
