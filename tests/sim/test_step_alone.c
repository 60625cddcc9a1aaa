#include "sim/step_alone.h"

#include <math.h>

#include "tests/sim/step_case.h"

const char vsh_suite[] = "sim/step_alone";

static const char *const mixtures[] = {
    "models/bench-moe8.yaml",  "models/deepseek-v2-lite.yaml",  "models/deepseek-v3.yaml",
    "models/gpt-oss-20b.yaml", "models/mixtral-8x7b.yaml",      "models/olmoe-1b-7b.yaml",
    "models/quick-moe.yaml",   "models/qwen1.5-moe-a2.7b.yaml", "models/qwen3-30b-a3b.yaml",
    "models/tiny-moe.yaml",    "models/vishwa-1b-moe.yaml",     "models/vishwa-500m-moe.yaml"};
enum { MIXTURES = sizeof mixtures / sizeof mixtures[0] };

static void run_preset(step_case *c, const char *profile, const char *model, int64_t seq,
                       int64_t sequences, const char *load)
{
    vsh_error err;

    *c = (step_case){0};
    step_prepare(c, profile, model, seq);
    REQUIRE_OK(sim_expert_load_read(&c->arena, load, &c->model, &c->load, &err), &err);
    c->step.work.sequences = sequences;
    step_run(c);
}

static double bandwidth(const vsh_hardware *h)
{
    return h->memory_rate.value * (h->memory_efficiency.known ? h->memory_efficiency.value : 1);
}

/* Every expert's weights pass memory, and every operand of a batch. */
static void check_bytes(const step_case *c)
{
    for (int i = 0; i < c->result->ops.count; i++) {
        const sim_op_time *t = &c->result->op[i];
        double least = t->op->bytes.v / bandwidth(&c->hardware);
        bool holds = t->cycles / c->chip.clock.v >= least * (1 - 1e-9);
        if (!holds)
            fprintf(stderr, "%s %s on %s: %g s, its bytes take %g s\n", c->model.name, t->op->name,
                    c->hardware.name, t->cycles / c->chip.clock.v, least);
        CHECK(holds);
    }
}

static void no_operation_of_a_gpu_outruns_its_memory(void)
{
    static const char *const gpus[] = {"a100-80gb", "h100-sxm"};
    static step_case c;

    for (int gpu = 0; gpu < 2; gpu++)
        for (int i = 0; i < MIXTURES; i++)
            for (int64_t seq = 64; seq <= 1024; seq *= 4) {
                run_preset(&c, gpus[gpu], mixtures[i], seq, 1, "even");
                check_bytes(&c);
                vsh_arena_free(&c.arena);
            }
}

/* Rows are rounded up to tiles for each expert, so an uneven load costs little more or less. */
static void experts_of_any_load_share_one_kernel(void)
{
    static step_case even, zipf;

    run_preset(&even, "h100-sxm", "models/deepseek-v3.yaml", 512, 1, "even");
    run_preset(&zipf, "h100-sxm", "models/deepseek-v3.yaml", 512, 1, "zipf");
    for (int i = 0; i < even.result->ops.count; i++) {
        const sim_op_time *a = &even.result->op[i], *b = &zipf.result->op[i];
        if (!strstr(a->op->name, ".expert.") || a->op->kind != VSH_OP_MATRIX)
            continue;
        CHECK(zipf.result->plan[i].gemm_count > 1);
        CHECK_NEAR(b->cycles, a->cycles, 0.15, 0);
    }
    vsh_arena_free(&even.arena);
    vsh_arena_free(&zipf.arena);
}

/* Its scores stay in registers, its keys and values in the cache. */
static void tiled_attention_on_a_gpu_does_not_wait_for_memory(void)
{
    static step_case c;

    run_preset(&c, "a100-80gb", "models/gpt2-124m.yaml", 8192, 1, "even");
    for (int i = 0; i < c.result->ops.count; i++)
        if (c.result->op[i].op->kind == VSH_OP_ATTENTION) {
            double macs = c.result->op[i].cycles * sim_chip_macs_a_cycle(&c.chip);
            CHECK(c.result->op[i].bound != VSH_BOUND_MEMORY);
            CHECK(c.result->op[i].memory < c.result->op[i].cycles / 2);
            /* but for the rounding of the pace */
            CHECK(c.result->op[i].waterfall.slots[SIM_MEMORY] < 1e-3 * macs);
        }
    vsh_arena_free(&c.arena);
}

static void packing_on_a_cpu_is_memory(void)
{
    static step_case c;
    double memory = 0;

    run_preset(&c, "epyc-9654", "models/gpt2-124m.yaml", 512, 1, "even");
    for (int i = 0; i < c.result->ops.count; i++) {
        const sim_op_time *t = &c.result->op[i];
        if (t->op->kind != VSH_OP_MATRIX)
            continue;
        CHECK(t->waterfall.slots[SIM_OVERHEAD] == 0);
        memory += t->waterfall.slots[SIM_MEMORY];
    }
    CHECK(memory > 0);
    vsh_arena_free(&c.arena);
}

const vsh_test vsh_tests[] = {
    {"no_operation_of_a_gpu_outruns_its_memory", no_operation_of_a_gpu_outruns_its_memory},
    {"experts_of_any_load_share_one_kernel", experts_of_any_load_share_one_kernel},
    {"tiled_attention_on_a_gpu_does_not_wait_for_memory",
     tiled_attention_on_a_gpu_does_not_wait_for_memory},
    {"packing_on_a_cpu_is_memory", packing_on_a_cpu_is_memory},
    {NULL, NULL}};
