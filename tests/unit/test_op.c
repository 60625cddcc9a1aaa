#include "core/op.h"

#include "tests/harness.h"

const char vsh_suite[] = "op";

static vsh_op_list ops;

static void make_list(void)
{
    ops.count = 0;
    for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
        ops.item[ops.count++] = (vsh_op){.phase = (vsh_phase)phase,
                                         .model_macs = 1 << (2 * phase),
                                         .executed_macs = 3 << (2 * phase)};
    ops.item[ops.count++] = (vsh_op){.phase = VSH_DGRAD, .model_macs = 1000, .executed_macs = 1000};
}

static void phases_have_the_names_of_the_contract(void)
{
    static const char *const names[] = {"forward", "recompute", "dgrad",
                                        "wgrad",   "optimizer", "communication"};

    for (int phase = 0; phase < VSH_PHASE_COUNT; phase++)
        CHECK_TEXT(vsh_phase_names[phase], names[phase]);
}

static void a_mac_is_two_flops_of_its_own_phase(void)
{
    make_list();
    CHECK_NEAR(vsh_ops_model_flops(&ops, VSH_FORWARD).v, 2, 0, 0);
    CHECK_NEAR(vsh_ops_executed_flops(&ops, VSH_FORWARD).v, 6, 0, 0);
    CHECK_NEAR(vsh_ops_model_flops(&ops, VSH_DGRAD).v, 2 * (16 + 1000), 0, 0);
    CHECK_NEAR(vsh_ops_executed_flops(&ops, VSH_DGRAD).v, 2 * (48 + 1000), 0, 0);
}

static void a_step_is_forward_recompute_and_both_gradients(void)
{
    make_list();
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v, 2 * (1 + 4 + 16 + 64 + 1000), 0, 0);
    CHECK_NEAR(vsh_ops_step_executed_flops(&ops).v, 2 * (3 * (1 + 4 + 16 + 64) + 1000), 0, 0);
}

/* Llama 3 405B needs 3.8e25 FLOPs, more than 64 bits hold: totals are doubles. */
static void totals_pass_64_bits_without_wrapping(void)
{
    ops.count = 0;
    for (int i = 0; i < 100; i++)
        ops.item[ops.count++] = (vsh_op){.phase = VSH_FORWARD, .model_macs = INT64_MAX};
    CHECK_NEAR(vsh_ops_model_flops(&ops, VSH_FORWARD).v, 200 * 0x1p63, 1e-15, 0);
    ops.count = 0;
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v, 0, 0, 0);
}

const vsh_test vsh_tests[] = {
    {"phases_have_the_names_of_the_contract", phases_have_the_names_of_the_contract},
    {"a_mac_is_two_flops_of_its_own_phase", a_mac_is_two_flops_of_its_own_phase},
    {"a_step_is_forward_recompute_and_both_gradients",
     a_step_is_forward_recompute_and_both_gradients},
    {"totals_pass_64_bits_without_wrapping", totals_pass_64_bits_without_wrapping},
    {NULL, NULL}};
