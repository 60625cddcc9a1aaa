/* Whole training steps against published measurements: MosaicML's llm-foundry benchmarks on 8 and
 * 16 GPUs of one or two nodes (../shared/reference/steptime_llmfoundry.csv). Nothing was fitted to
 * them. They contain communication and a host, which the simulation of one chip does not: measured
 * MFU may only be lower, and not by much. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/expert_rows.h"
#include "sim/step_schedule.h"
#include "tests/harness.h"

const char vsh_suite[] = "sim/step_silicon";

/* MPT's sizes: layers, hidden, heads (mosaicml/llm-foundry scripts/train/yamls/pretrain). */
static const struct {
    const char *name;
    int layers, hidden, heads;
} sizes[] = {{"125m", 12, 768, 12}, {"350m", 24, 1024, 16}, {"760m", 24, 1536, 12},
             {"1b", 24, 2048, 16},  {"3b", 32, 2560, 20},   {"7b", 32, 4096, 32},
             {"13b", 40, 5120, 40}, {"30b", 48, 7168, 56}};

static vsh_error err;

static vsh_model mpt(int size, int seq)
{
    char text[400];

    snprintf(text, sizeof text,
             "name: mpt\nlayers: %d\nhidden: %d\nheads: %d\nffn: %d\nmlp: gelu\nnorm: layer\n"
             "position: none\nvocab: 50432\ncontext: %d\ntied: true\n",
             sizes[size].layers, sizes[size].hidden, sizes[size].heads, 4 * sizes[size].hidden,
             seq);
    return vsh_test_model(text);
}

static double simulated_mfu(const char *profile, int size, int seq, int micro, bool recompute)
{
    vsh_hardware hardware;
    sim_chip chip;
    vsh_model model = mpt(size, seq);
    sim_expert_load even = {"even", NULL, 0};
    sim_step step = {
        .model = &model, .work = vsh_work_default(seq), .micro_batches = 1, .load = &even};
    sim_step_time *result;

    step.work.sequences = micro;
    step.work.recompute = recompute ? VSH_RECOMPUTE_FULL : VSH_RECOMPUTE_NONE;
    step.work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), profile, &hardware, &err), &err);
    REQUIRE_OK(sim_chip_from(&hardware, VSH_BF16, &chip, &err), &err);
    REQUIRE_OK(
        sim_schedule(vsh_test_arena(), &chip, &step, &sim_engines[SIM_CLOSED], NULL, &result, &err),
        &err);
    return result->mfu;
}

enum { COLUMNS = 20, ROWS_MAX = 64 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Measured over simulated MFU of the rows of one GPU, sorted; returns how many. */
static int ratios(FILE *file, const char *gpu, const char *profile, double ratio[ROWS_MAX])
{
    char line[1000], *column[COLUMNS];
    int count = 0;

    rewind(file);
    while (fgets(line, sizeof line, file) && count < ROWS_MAX) {
        char *at = line;
        int columns = 0, size = 0;
        if (line[0] == '"') /* a section's name with a comma in it */
            at = strchr(line + 1, '"') + 1;
        for (char *next = at; next && columns < COLUMNS; columns++) {
            column[columns] = next;
            next = strchr(next, ',');
            if (next)
                *next++ = '\0';
        }
        if (columns < 19 || strcmp(column[4], gpu) != 0 || strcmp(column[15], "amp_bf16") != 0 ||
            atoi(column[3]) > 16 || atoi(column[2]) > 8192)
            continue;
        while (size < 8 && strcmp(sizes[size].name, column[1]) != 0)
            size++;
        if (size == 8)
            continue;
        ratio[count++] = atof(column[5]) / 100 /
                         simulated_mfu(profile, size, atoi(column[2]), atoi(column[8]),
                                       strcmp(column[18], "True") == 0);
    }
    qsort(ratio, (size_t)count, sizeof *ratio, by_value);
    return count;
}

static void check_gpu(const char *gpu, const char *profile, int rows, double median_least,
                      double least, double most)
{
    FILE *file = fopen("../shared/reference/steptime_llmfoundry.csv", "r");
    double ratio[ROWS_MAX];
    int count;

    if (!file) {
        vsh_skip("../shared/reference/steptime_llmfoundry.csv is not there");
        return;
    }
    count = ratios(file, gpu, profile, ratio);
    fclose(file);
    CHECK_INT(count, rows);
    CHECK(ratio[count / 2] > median_least && ratio[count / 2] < 1.02);
    CHECK(ratio[0] > least);
    CHECK(ratio[count - 1] < most);
}

static void steps_of_the_a100_reach_most_of_their_simulation(void)
{
    check_gpu("a100_80gb", "hwprofiles/a100-80gb.yaml", 15, 0.8, 0.7, 1.02);
}

static void steps_of_the_h100_reach_three_quarters_of_their_simulation(void)
{
    check_gpu("h100_80gb", "hwprofiles/h100-sxm.yaml", 8, 0.7, 0.6, 1.02);
}

const vsh_test vsh_tests[] = {{"steps_of_the_a100_reach_most_of_their_simulation",
                               steps_of_the_a100_reach_most_of_their_simulation},
                              {"steps_of_the_h100_reach_three_quarters_of_their_simulation",
                               steps_of_the_h100_reach_three_quarters_of_their_simulation},
                              {NULL, NULL}};
