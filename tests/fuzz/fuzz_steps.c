/* Any bytes as a table of measured steps: refused with one line that says where, or steps to which
 * constants are fitted that stay in their ranges. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "planner/layout/stack_fit.h"
#include "tests/fuzz/target.h"

static const char profile[] =
    "name: a\nkind: gpu\npeak: {bf16: 312 TFLOP/s, fp32: 19.5 TFLOP/s}\n"
    "memory: {capacity: 80 GiB, bandwidth: 2 TB/s}\n"
    "matrix: {units: 108, rows: 32, cols: 32, clock: 1.41 GHz}\n"
    "network: {topology: switch, group: 8, link_bandwidth: 300 GB/s, inter_bandwidth: 25 GB/s,\n"
    "  latency: 2 us, inter_latency: 9 us}\n";

static void check_fit(vsh_arena *arena, const vsh_measured_steps *steps, const vsh_stack *pure)
{
    vsh_error err = {""};
    vsh_stack_fit fit;

    if (vsh_stack_fit_of(arena, steps, pure, vsh_software_of(NULL), &fit, &err) != VSH_OK) {
        assert(err.text[0] && !strpbrk(err.text, "\r\n\t\033"));
        return;
    }
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        double value = *vsh_stack_value(&fit.after, c);
        assert(value >= c->least && value <= c->most && isfinite(fit.sd[i]));
    }
    assert(isfinite(fit.error_before.mean) && isfinite(fit.error_after.mean) &&
           isfinite(fit.error_null.mean));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_library library = {{NULL}};
    vsh_step_table table = {{NULL}};
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_measured_steps steps;
    vsh_hardware hardware;
    vsh_stack pure;
    vsh_doc doc;

    assert(vsh_doc_parse(&arena, "profile", profile, sizeof profile - 1, &doc, &err) == VSH_OK);
    assert(vsh_hardware_from_doc(&doc, &hardware, &err) == VSH_OK);
    pure = vsh_stack_pure(&hardware);
    if (vsh_measured_steps_of(&arena, &library, "input", (const char *)bytes, length, &table,
                              &hardware, &steps, &err) != VSH_OK) {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    } else {
        assert(steps.count > 0);
        for (int i = 0; i < steps.count; i++)
            assert(steps.step[i].seconds > 0 && steps.line[i] > 1);
        check_fit(&arena, &steps, &pure);
    }
    vsh_arena_free(&arena);
    return 0;
}
