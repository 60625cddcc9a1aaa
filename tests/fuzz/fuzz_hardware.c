/* Any bytes as a profile: refused with one line, or a profile that prices an operation in finite
 * time. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/cost.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const vsh_op op = {.kind = VSH_OP_MATRIX,
                              .m = 8,
                              .n = 8,
                              .k = 8,
                              .count = 1,
                              .executed_macs = 512,
                              .bytes = {384}};
    vsh_hardware hardware;
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_doc doc;

    if (vsh_doc_parse(&arena, "input", (const char *)bytes, length, &doc, &err) == VSH_OK &&
        vsh_hardware_from_doc(&doc, &hardware, &err) == VSH_OK) {
        vsh_op_cost cost = vsh_cost_op(&op, &hardware, VSH_BF16);
        assert(isfinite(cost.time.v) && cost.time.v > 0);
        assert(vsh_hardware_rows(&hardware, rows) <= VSH_HARDWARE_ROWS);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
