/* Published measurements of TPUs beside what the simulator says of the same products; the tests
 * judge the rows, tests/bench/silicon.c prints them. The machines are the profiles of hwprofiles/
 * and nothing else; a profile's sources say which of these rows fitted one of its constants. */
#ifndef VSH_TEST_SILICON_H
#define VSH_TEST_SILICON_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "sim/product.h"
#include "sim/timeline.h"

typedef enum {
    SILICON_FITTED,   /* a constant of the profile was fitted to it, with others */
    SILICON_HELD_OUT, /* no constant knows it */
    SILICON_UNSTEADY, /* its own 10th and 90th percentile are more than 30 % apart: not judged */
    SILICON_KINDS
} silicon_kind;

typedef struct {
    const char *chip, *unit;
    char what[64];
    double simulated, measured;
    silicon_kind kind;
} silicon_row;

enum { SILICON_ROWS = 128, SILICON_FIELDS = 48 };

typedef struct {
    vsh_arena *arena;
    silicon_row row[SILICON_ROWS];
    int count;
} silicon_table;

static inline double silicon_error(const silicon_row *r) { return r->simulated / r->measured - 1; }

/* ---- files of values between commas -------------------------------------------------------- */

/* Cuts a line at its commas, those in quotation marks apart; missing fields are "". */
static inline void silicon_cut(char *line, char *field[SILICON_FIELDS])
{
    static char nothing[1];
    int count = 0;

    for (char *at = line; at && count < SILICON_FIELDS; count++) {
        char *end;
        if (*at == '"')
            end = strchr(++at, '"');
        else
            end = strchr(at, ',');
        field[count] = at;
        at = end && *end == '"' ? strchr(end, ',') : end;
        if (end)
            *end = '\0';
        if (at)
            *at++ = '\0';
    }
    while (count < SILICON_FIELDS)
        field[count++] = nothing;
}

/* The next line of *rest, cut; false at the end. */
static inline bool silicon_next(char **rest, char *field[SILICON_FIELDS])
{
    char *line = *rest, *end = line ? strchr(line, '\n') : NULL;

    if (!line || !*line)
        return false;
    if (end)
        *end = '\0';
    *rest = end ? end + 1 : NULL;
    silicon_cut(line, field);
    return true;
}

/* The text of a file of ../shared behind its first line; fails when the file is not there. */
static inline vsh_status silicon_open(vsh_arena *arena, const char *name, char **rest,
                                      vsh_error *err)
{
    vsh_text text = {.arena = arena};
    char *field[SILICON_FIELDS];

    VSH_TRY(vsh_file_read(vsh_path_join(arena, "../shared", name), &text, err));
    *rest = text.data;
    silicon_next(rest, field);
    return VSH_OK;
}

/* ---- one product --------------------------------------------------------------------------- */

static inline vsh_status silicon_chip(silicon_table *t, const char *profile, sim_chip *chip,
                                      vsh_error *err)
{
    vsh_hardware *hardware = vsh_alloc(t->arena, 1, sizeof *hardware);
    char path[64];

    if (!hardware)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    snprintf(path, sizeof path, "hwprofiles/%s.yaml", profile);
    VSH_TRY(vsh_hardware_read(t->arena, path, hardware, err));
    return sim_chip_from(hardware, VSH_BF16, chip, err);
}

/* Cycles of a product on a chip by the event engine, as the command answers. */
static inline vsh_status silicon_cycles(silicon_table *t, const sim_chip *chip, const sim_gemm *g,
                                        double *cycles, vsh_error *err)
{
    sim_gemm_answer answer = {
        .engine = &sim_engines[SIM_EVENT], .count = 1, .hertz = chip->clock.v};
    sim_gemm near = *g;

    near.terms.near = true;
    VSH_TRY(sim_gemm_answer_on_tpu(t->arena, chip, &near, &answer, err));
    *cycles = (double)answer.counts.cycles;
    return VSH_OK;
}

static inline void silicon_add(silicon_table *t, silicon_row row)
{
    if (t->count < SILICON_ROWS)
        t->row[t->count++] = row;
}

/* ---- TPU v4 -------------------------------------------------------------------------------- */

/* The items of the file that are a time of a product: how each was run. The three of the scratchpad
 * fitted load and overhead. The bubble is the difference of v5 to v4; the level of the large
 * products fitted nothing. Pallas: each core has half of the rows and cuts n in blocks of 256;
 * XLA's fusion finds its lhs already copied to the chip, its whole program does not. */
typedef struct {
    const char *item; /* begins with this */
    int64_t m, n, k;
    bool one_core, blocked;
    int64_t stream_rows; /* past one tile of weights; 0: the profile's */
    bool resident[SIM_OPERANDS];
    double measured; /* cycles; 0: the file's value */
} silicon_v4_item;

static const silicon_v4_item silicon_v4_items[] = {
    {"bf16[16,128]@", 16, 128, 128, true, false, 0, {1, 1, 1}, 0},
    {"bf16[128,128]@", 128, 128, 128, true, false, 0, {1, 1, 1}, 0},
    {"bf16[1024,128]@", 1024, 128, 128, true, false, 0, {1, 1, 1}, 0},
    {"bf16 2048^3 -> f32, XLA: fusion", 2048, 2048, 2048, false, false, 0, {1, 0, 0}, 0},
    {"bf16 2048^3 -> f32, XLA: LHS copy", /* stands for the whole program, in the next row's note */
     2048,
     2048,
     2048,
     false,
     false,
     0,
     {0, 0, 0},
     84317},
    {"Pallas v1", 2048, 2048, 2048, false, true, 256, {0, 0, 0}, 0},
    {"Pallas v2", 2048, 2048, 2048, false, true, 256, {0, 0, 0}, 0},
    {"Pallas v3", 2048, 2048, 2048, false, true, 256, {0, 0, 0}, 0},
    {"Pallas v4", 2048, 2048, 2048, false, true, 256, {0, 0, 0}, 0},
    {"Pallas v5", 2048, 2048, 2048, false, true, 512, {0, 0, 0}, 0}};

static inline vsh_status silicon_v4_row(silicon_table *t, sim_chip chip, const silicon_v4_item *i,
                                        double measured, vsh_error *err)
{
    sim_gemm g = {.m = i->m, .n = i->n, .k = i->k, .out_bytes = 4};
    silicon_row row = {"TPU v4", "cycles", .measured = i->measured > 0 ? i->measured : measured};

    memcpy(g.resident, i->resident, sizeof g.resident);
    row.kind = i->one_core ? SILICON_FITTED : SILICON_HELD_OUT;
    if (i->one_core)
        chip.cores = 1;
    if (i->blocked) {
        g.block[0] = i->m / chip.cores;
        g.block[1] = 256;
        g.block[2] = i->k;
    }
    if (i->stream_rows)
        chip.stream_rows = i->stream_rows;
    VSH_TRY(silicon_cycles(t, &chip, &g, &row.simulated, err));
    snprintf(row.what, sizeof row.what, "%lld x %lld x %lld, %s", (long long)i->m, (long long)i->n,
             (long long)i->k,
             i->one_core            ? "in scratchpad"
             : i->blocked           ? i->item
             : i->resident[SIM_LHS] ? "XLA fusion"
                                    : "XLA program");
    silicon_add(t, row);
    return VSH_OK;
}

static inline vsh_status silicon_v4(silicon_table *t, vsh_error *err)
{
    char *rest, *field[SILICON_FIELDS];
    sim_chip chip;

    VSH_TRY(silicon_open(t->arena, "sim/measured/tpu_v4_mxu_cycles.csv", &rest, err));
    VSH_TRY(silicon_chip(t, "tpu-v4", &chip, err));
    while (silicon_next(&rest, field))
        for (size_t i = 0; i < sizeof silicon_v4_items / sizeof silicon_v4_items[0]; i++) {
            const silicon_v4_item *item = &silicon_v4_items[i];
            if (strncmp(field[1], item->item, strlen(item->item)) == 0)
                VSH_TRY(silicon_v4_row(t, chip, item, strtod(field[2], NULL), err));
        }
    return VSH_OK;
}

/* ---- TPU v5e ------------------------------------------------------------------------------- */

static inline vsh_status silicon_v5e_row(silicon_table *t, const sim_chip *chip, const sim_gemm *g,
                                         double measured, const char *kernel, vsh_error *err)
{
    silicon_row row = {"TPU v5e", "us", .measured = measured * 1e6};
    double cycles;

    VSH_TRY(silicon_cycles(t, chip, g, &cycles, err));
    row.simulated = (cycles / chip->clock.v + chip->hardware->kernel_dispatch.value) * 1e6;
    row.kind = g->m <= 1024 || g->block[0] == 128 ? SILICON_FITTED : SILICON_HELD_OUT;
    snprintf(row.what, sizeof row.what, "%lld x %lld x %lld, %s", (long long)g->m, (long long)g->n,
             (long long)g->k, kernel);
    if (g->block[0])
        snprintf(row.what + strlen(row.what), sizeof row.what - strlen(row.what),
                 " %lld x %lld x %lld", (long long)g->block[0], (long long)g->block[1],
                 (long long)g->block[2]);
    silicon_add(t, row);
    return VSH_OK;
}

/* Wall times: the dispatch is part of them. Small products fitted it, and blocks of 128 the grid
 * step. A transposed rhs costs the weight port nothing. */
static inline vsh_status silicon_v5e(silicon_table *t, vsh_error *err)
{
    /* XLA's own larger products, as shares of 197 TFLOP/s: jax-ml/jax@1082251c
     * docs/pallas/tpu/matmul.ipynb */
    static const struct {
        int64_t side;
        double share;
    } xla[] = {{4096, 0.843}, {8192, 0.923}};
    char *rest, *field[SILICON_FIELDS];
    sim_chip chip;

    VSH_TRY(silicon_open(t->arena, "sim/measured/tpu_v5e_pallas_matmul.csv", &rest, err));
    VSH_TRY(silicon_chip(t, "tpu-v5e", &chip, err));
    while (silicon_next(&rest, field)) {
        sim_gemm g = {.m = atoll(field[7]), .k = atoll(field[8]), .n = atoll(field[9])};
        g.block[0] = atoll(field[3]);
        g.block[1] = atoll(field[5]);
        g.block[2] = atoll(field[4]);
        VSH_TRY(silicon_v5e_row(t, &chip, &g, strtod(field[10], NULL), field[2], err));
    }
    for (size_t i = 0; i < sizeof xla / sizeof xla[0]; i++) {
        double side = (double)xla[i].side, time = 2 * side * side * side / (xla[i].share * 197e12);
        sim_gemm g = {.m = xla[i].side, .n = xla[i].side, .k = xla[i].side};
        VSH_TRY(silicon_v5e_row(t, &chip, &g, time, "XLA", err));
    }
    return VSH_OK;
}

/* ---- TPU v6e ------------------------------------------------------------------------------- */

/* Chained products: each finds the last one's result on the chip and leaves its own there. A row
 * without percentiles is wall time of 32 products of one call, its dispatch shared by them. Every
 * third of the steady rows, from the first, fitted bubble, stream, memory efficiency and latency,
 * and the dispatch. */
static inline vsh_status silicon_v6e(silicon_table *t, vsh_error *err)
{
    enum { CHAINED = 32, FITTED_OF = 3 };
    char *rest, *field[SILICON_FIELDS];
    int steady = 0;
    sim_chip chip;

    VSH_TRY(silicon_open(t->arena, "sim/measured/tpu_v6e_bf16_gemm.csv", &rest, err));
    VSH_TRY(silicon_chip(t, "tpu-v6e", &chip, err));
    while (silicon_next(&rest, field)) {
        sim_gemm g = {.m = atoll(field[2]), .k = atoll(field[3]), .n = atoll(field[4])};
        silicon_row row = {"TPU v6e", "us", .measured = strtod(field[5], NULL)};
        bool sweep = !*field[6];
        double cycles, spread = strtod(field[7], NULL) - strtod(field[6], NULL);
        g.resident[SIM_LHS] = g.resident[SIM_OUT] = true;
        VSH_TRY(silicon_cycles(t, &chip, &g, &cycles, err));
        row.simulated = cycles / chip.clock.v * 1e6;
        if (sweep)
            row.simulated += chip.hardware->kernel_dispatch.value / CHAINED * 1e6;
        row.kind = spread > 0.3 * row.measured ? SILICON_UNSTEADY
                   : steady++ % FITTED_OF == 0 ? SILICON_FITTED
                                               : SILICON_HELD_OUT;
        snprintf(row.what, sizeof row.what, "%lld x %lld x %lld%s", (long long)g.m, (long long)g.n,
                 (long long)g.k, sweep ? ", wall" : "");
        silicon_add(t, row);
    }
    return VSH_OK;
}

/* The 8192 cubed product that another author timed from the host; dispatch says whether its cost is
 * added. */
static inline vsh_status silicon_v6e_host(silicon_table *t, bool dispatch, vsh_error *err)
{
    char *rest, *field[SILICON_FIELDS];
    sim_chip chip;

    VSH_TRY(silicon_open(t->arena, "reference/kernel_tpu_v7_microbench.csv", &rest, err));
    VSH_TRY(silicon_chip(t, "tpu-v6e", &chip, err));
    while (silicon_next(&rest, field)) {
        sim_gemm g = {.m = atoll(field[2]), .n = atoll(field[3]), .k = atoll(field[4])};
        silicon_row row = {"TPU v6e", "us", .kind = SILICON_HELD_OUT};
        double cycles;
        if (strncmp(field[0], "TPU v6e", 7) != 0 || strncmp(field[1], "gemm", 4) != 0)
            continue;
        VSH_TRY(silicon_cycles(t, &chip, &g, &cycles, err));
        row.simulated = cycles / chip.clock.v * 1e6;
        if (dispatch)
            row.simulated += chip.hardware->kernel_dispatch.value * 1e6;
        row.measured = strtod(field[6], NULL) * 1e3;
        snprintf(row.what, sizeof row.what, "%lld x %lld x %lld, host timed", (long long)g.m,
                 (long long)g.n, (long long)g.k);
        silicon_add(t, row);
    }
    return VSH_OK;
}

/* ---- grouped products of experts ----------------------------------------------------------- */

/* Cycles of equal experts one after another, a kernel held to so many rows at a time. */
static inline vsh_status silicon_experts(silicon_table *t, const sim_chip *chip, sim_gemm g,
                                         int64_t experts, double *cycles, vsh_error *err)
{
    sim_tilings tilings;
    sim_timeline *timeline;

    g.m = (g.m + g.terms.tile_m - 1) / g.terms.tile_m * g.terms.tile_m;
    VSH_TRY(sim_gemm_tile(chip, &g, &tilings, err));
    VSH_TRY(sim_timeline_open(t->arena, &tilings.best.machine, NULL, false, &timeline, err));
    sim_timeline_product(timeline, &tilings.best.product, experts);
    *cycles = (double)sim_timeline_close(timeline).cycles;
    return VSH_OK;
}

/* How much faster tiles of 256 rows are than of 128 on TPU v6e, as claimed. A claim that does not
 * say n and k is simulated with those of the others; loads are taken as even. */
static inline vsh_status silicon_grouped(silicon_table *t, vsh_error *err)
{
    static const struct {
        const char *claim; /* has this in it */
        int64_t experts, rows, n;
    } claims[] = {{"m=65536 g=128 k=3072 n=2048", 128, 512, 2048},
                  {"m=65536 g=128 k=3072 n=512", 128, 512, 512},
                  {"m=16384 g=128", 128, 128, 2048},
                  {"m=65536 g=512", 512, 128, 2048}};
    char *rest, *field[SILICON_FIELDS];
    sim_chip chip;

    VSH_TRY(silicon_open(t->arena, "sim/measured/moe_grouped_gemm_claims.csv", &rest, err));
    VSH_TRY(silicon_chip(t, "tpu-v6e", &chip, err));
    while (silicon_next(&rest, field))
        for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
            silicon_row row = {"grouped", "x", .kind = SILICON_HELD_OUT};
            sim_gemm g = {
                .m = claims[i].rows, .n = claims[i].n, .k = 3072, .terms = {.tile_m = 128}};
            const char *second = strchr(field[1], '/'); /* v7x/v6e/v5p */
            double by_128, by_256;
            if (!strstr(field[0], claims[i].claim) || !second)
                continue;
            VSH_TRY(silicon_experts(t, &chip, g, claims[i].experts, &by_128, err));
            g.terms.tile_m = 256;
            VSH_TRY(silicon_experts(t, &chip, g, claims[i].experts, &by_256, err));
            row.simulated = by_128 / by_256;
            row.measured = strtod(second + 1, NULL);
            snprintf(
                row.what, sizeof row.what, "v6e, %lld experts of %lld rows, n %lld, 128 to 256",
                (long long)claims[i].experts, (long long)claims[i].rows, (long long)claims[i].n);
            silicon_add(t, row);
        }
    return VSH_OK;
}

/* ---- many rows ----------------------------------------------------------------------------- */

/* Rows of the kinds in the set (bit 1 << kind). */
typedef struct {
    int count;
    double median, worst; /* of the sizes of the errors */
} silicon_errors;

static inline int silicon_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline silicon_errors silicon_judge(const silicon_table *t, const char *chip, unsigned kinds)
{
    double error[SILICON_ROWS];
    silicon_errors e = {0};

    for (int i = 0; i < t->count; i++)
        if (strcmp(t->row[i].chip, chip) == 0 && kinds >> t->row[i].kind & 1)
            error[e.count++] = fabs(silicon_error(&t->row[i]));
    if (!e.count)
        return e;
    qsort(error, (size_t)e.count, sizeof error[0], silicon_by_value);
    e.median = (error[e.count / 2] + error[(e.count - 1) / 2]) / 2;
    e.worst = error[e.count - 1];
    return e;
}

enum {
    SILICON_STEADY = 1 << SILICON_FITTED | 1 << SILICON_HELD_OUT,
    SILICON_ONLY_HELD_OUT = 1 << SILICON_HELD_OUT
};

#endif
