#include "sim/tiling.h"

#include <stdio.h>

#include "sim/product.h"
#include "sim/whole.h"
#include "tests/harness.h"

const char vsh_suite[] = "sim/tiling";

static vsh_error err;

static const char *const chips[] = {"tpu-v4", "tpu-v5e", "tpu-v6e"};
enum { CHIPS = sizeof chips / sizeof chips[0] };

static sim_chip chip_of(const char *profile)
{
    vsh_hardware *hardware = vsh_alloc(vsh_test_arena(), 1, sizeof *hardware);
    sim_chip chip;
    char path[64];

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", profile);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, hardware, &err), &err);
    REQUIRE_OK(sim_chip_from(hardware, VSH_BF16, &chip, &err), &err);
    return chip;
}

/* Small enough to try every block, and of every proportion. */
static const int64_t products[][3] = {
    {16, 128, 128},   {1024, 128, 128},  {512, 512, 512},   {1024, 1024, 1024}, {768, 2304, 768},
    {256, 3072, 768}, {2048, 768, 3072}, {100, 1000, 500},  {64, 4096, 1024},   {1, 4096, 4096},
    {8, 1024, 8192},  {4096, 64, 2048},  {2048, 2048, 64},  {1000, 1000, 1000}, {384, 8192, 1536},
    {8192, 512, 512}, {768, 768, 8192},  {300, 50257, 768}, {1, 1, 1},          {130, 300, 257}};
enum { PRODUCTS = sizeof products / sizeof products[0] };

static sim_gemm gemm_of(int i, bool transposed)
{
    return (sim_gemm){.m = products[i][0],
                      .n = products[i][1],
                      .k = products[i][2],
                      .transposed = transposed,
                      .terms = {.near = true}};
}

/* Calls check with every product on every chip, transposed and not, and what the search found. */
static void each_search(void (*check)(const sim_chip *, const sim_gemm *, const sim_tilings *))
{
    for (int c = 0; c < CHIPS; c++) {
        sim_chip chip = chip_of(chips[c]);
        for (int i = 0; i < 2 * PRODUCTS; i++) {
            sim_gemm g = gemm_of(i / 2, i % 2);
            sim_tilings found;
            REQUIRE_OK(sim_gemm_tile(&chip, &g, &found, &err), &err);
            check(&chip, &g, &found);
        }
    }
}

/* ---- what is found ------------------------------------------------------------------------- */

static void check_fits(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    const sim_tiling *both[] = {&found->best, &found->second};

    (void)g;
    for (int i = 0; i < 2; i++) {
        const sim_product *p = &both[i]->product;
        if (!both[i]->cycles)
            continue;
        CHECK(sim_blocks_bytes(&both[i]->machine, p) <= chip->scratchpad_bytes);
        CHECK(p->block_m >= 1 && p->block_m <= p->m);
        CHECK(p->block_n >= 1 && p->block_n <= p->n);
        CHECK(p->block_k >= 1 && p->block_k <= p->k);
        CHECK(p->stream_rows <= p->block_m);
        CHECK(p->block_n == p->n || p->block_n % chip->machine.cols == 0);
        CHECK(p->block_k == p->k || p->block_k % chip->machine.rows == 0);
    }
    CHECK(found->fitting >= 1 && found->fitting <= found->considered);
}

static void blocks_fit_and_are_whole_tiles(void) { each_search(check_fits); }

static void check_second(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    const sim_product *a = &found->best.product, *b = &found->second.product;

    (void)chip, (void)g;
    CHECK(found->best.cycles > 0);
    if (!found->second.cycles)
        return;
    CHECK(found->second.cycles >= found->best.cycles);
    CHECK(a->block_m != b->block_m || a->block_n != b->block_n || a->block_k != b->block_k);
}

static void the_runner_up_is_another_block_and_not_faster(void) { each_search(check_second); }

static int64_t event_cycles(const sim_machine *m, const sim_product *p)
{
    vsh_arena arena = {0};
    sim_counts counts;

    REQUIRE_OK(sim_event_run(&arena, m, p, &counts, &err), &err);
    vsh_arena_free(&arena);
    return counts.cycles;
}

static void check_cycles(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    (void)chip, (void)g;
    CHECK_INT(event_cycles(&found->best.machine, &found->best.product), found->best.cycles);
    if (found->second.cycles)
        CHECK_INT(event_cycles(&found->second.machine, &found->second.product),
                  found->second.cycles);
}

static void the_cycles_are_those_of_the_event_engine(void) { each_search(check_cycles); }

/* ---- how good it is ------------------------------------------------------------------------ */

enum { SIDES_MAX = 24 };

/* Sides in whole tiles: dense, all equal parts of up to 8 and powers of two of them; else the
 * halves, quarters and eighths and powers of two tiles that the search itself takes. */
static int sides_of(int64_t whole, int64_t tile, bool dense, int64_t sides[SIDES_MAX])
{
    int64_t tiles = sim_ceil_div(whole, tile);
    int count = 0;

    sides[count++] = whole;
    for (int64_t parts = 2; parts <= tiles && count < SIDES_MAX; parts++)
        if ((dense && parts <= 8) || (parts & (parts - 1)) == 0) {
            int64_t side = sim_min(sim_ceil_div(tiles, parts) * tile, whole);
            if (side < sides[count - 1])
                sides[count++] = side;
        }
    if (!dense)
        for (int64_t side = tile; side < whole && count < SIDES_MAX; side *= 2)
            sides[count++] = side;
    return count;
}

static int64_t best_of_all(const sim_chip *chip, const sim_machine *m, const sim_product *whole,
                           bool dense)
{
    int64_t ms[SIDES_MAX], ns[SIDES_MAX], ks[SIDES_MAX], best = INT64_MAX;
    int mc = sides_of(whole->m, 128, dense, ms), nc = sides_of(whole->n, m->cols, dense, ns);
    int kc = sides_of(whole->k, m->rows, dense, ks);

    for (int i = 0; i < 4 * mc * nc * kc; i++) {
        sim_product p = *whole;
        p.block_m = ms[i / 4 % mc];
        p.block_n = ns[i / 4 / mc % nc];
        p.block_k = ks[i / 4 / mc / nc];
        p.stream_rows = sim_min(chip->stream_rows, p.block_m);
        p.n_outer = i % 2;
        p.split = i / 2 % 2 ? SIM_SPLIT_ROWS : SIM_SPLIT_TILES;
        if (sim_blocks_bytes(m, &p) <= chip->scratchpad_bytes)
            best = sim_min(best, event_cycles(m, &p));
    }
    return best;
}

/* All units; where the product is one tile, also the nearer half. */
static int64_t best_on_any_units(const sim_chip *chip, const sim_product *whole, bool dense)
{
    sim_machine near = chip->machine;
    int64_t best = best_of_all(chip, &chip->machine, whole, dense);

    if (whole->n > near.cols || whole->k > near.rows || chip->near_latency >= near.latency)
        return best;
    near.units /= 2;
    near.latency = chip->near_latency;
    near.mac_latency = near.latency - 1;
    return sim_min(best, best_of_all(chip, &near, whole, dense));
}

static void check_best(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    int64_t best = best_on_any_units(chip, &found->best.product, false);

    (void)g;
    if (found->best.cycles > best)
        fprintf(stderr, "%s %lld x %lld x %lld%s: %lld, and %lld was possible\n",
                chip->hardware->name, (long long)g->m, (long long)g->n, (long long)g->k,
                g->transposed ? " transposed" : "", (long long)found->best.cycles, (long long)best);
    CHECK(found->best.cycles <= best);
}

/* The formulas rank, the event engine decides among the first: nothing better was passed over. */
static void no_candidate_is_faster_than_the_winner(void) { each_search(check_best); }

static void check_near_best(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    int64_t best = best_on_any_units(chip, &found->best.product, true);

    (void)g;
    CHECK((double)found->best.cycles <= 1.05 * (double)best);
}

static void among_all_equal_parts_little_is_faster(void) { each_search(check_near_best); }

/* ---- laws ---------------------------------------------------------------------------------- */

static int64_t searched(const sim_chip *chip, const sim_gemm *g)
{
    sim_tilings found;

    REQUIRE_OK(sim_gemm_tile(chip, g, &found, &err), &err);
    return found.best.cycles;
}

static void check_scratchpad(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    sim_chip smaller = *chip;
    int64_t last = found->best.cycles;

    for (int i = 0; i < 4; i++) {
        sim_tilings less;
        smaller.scratchpad_bytes /= 4;
        if (sim_gemm_tile(&smaller, g, &less, &err) != VSH_OK)
            return;
        CHECK(less.best.cycles >= last);
        CHECK(less.fitting <= found->fitting);
        last = less.best.cycles;
    }
}

static void a_smaller_scratchpad_is_never_faster(void) { each_search(check_scratchpad); }

static void check_bandwidth(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    sim_chip slower = *chip;
    int64_t last = found->best.cycles;

    for (int i = 0; i < 4; i++) {
        int64_t cycles;
        slower.machine.bytes_num = slower.machine.bytes_num * 2 / 3;
        cycles = searched(&slower, g);
        CHECK(cycles >= last);
        last = cycles;
    }
}

static void a_slower_memory_is_never_faster(void) { each_search(check_bandwidth); }

/* The formulas are what most candidates are judged by. */
static void check_closed(const sim_chip *chip, const sim_gemm *g, const sim_tilings *found)
{
    const sim_tiling *t = &found->best;
    sim_counts closed, event;
    vsh_arena arena = {0};

    (void)chip, (void)g;
    REQUIRE_OK(sim_closed_run(NULL, &t->machine, &t->product, &closed, &err), &err);
    REQUIRE_OK(sim_event_run(&arena, &t->machine, &t->product, &event, &err), &err);
    vsh_arena_free(&arena);
    CHECK_NEAR((double)closed.cycles, (double)event.cycles, 0.20, 0);
    CHECK_INT(closed.bytes_read, event.bytes_read);
    CHECK_INT(closed.bytes_written, event.bytes_written);
    CHECK_INT(closed.transposing, event.transposing);
    CHECK_INT(closed.streaming, event.streaming);
    CHECK_INT(closed.read, event.read);
}

static void formulas_are_within_a_fifth_of_the_winners_cycles(void) { each_search(check_closed); }

static void one_tile_may_run_on_the_nearer_units_alone(void)
{
    sim_chip chip = chip_of("tpu-v4");
    sim_gemm small = {.m = 16, .n = 128, .k = 128, .terms = {.near = true}};
    sim_gemm large = {.m = 4096, .n = 256, .k = 128, .terms = {.near = true}};
    sim_tilings found;

    REQUIRE_OK(sim_gemm_tile(&chip, &small, &found, &err), &err);
    CHECK_INT(found.best.machine.units, 2);
    CHECK_INT(found.best.machine.latency, 83);
    REQUIRE_OK(sim_gemm_tile(&chip, &large, &found, &err), &err);
    CHECK_INT(found.best.machine.units, 4);
    CHECK_INT(found.best.machine.latency, 101);
    small.terms.near = false; /* what follows runs on all of them */
    REQUIRE_OK(sim_gemm_tile(&chip, &small, &found, &err), &err);
    CHECK_INT(found.best.machine.units, 4);
    small.terms.near = true;
    chip.near_latency = 0;
    REQUIRE_OK(sim_gemm_tile(&chip, &small, &found, &err), &err);
    CHECK_INT(found.best.machine.mac_latency, 0);
}

/* Both cores have half of the rows, or of the columns where those are more. */
static void cores_share_the_longer_side(void)
{
    sim_chip chip = chip_of("tpu-v4");
    sim_gemm tall = {.m = 4096, .n = 256, .k = 128}, wide = {.m = 256, .n = 4096, .k = 128};
    sim_tilings found;

    REQUIRE_OK(sim_gemm_tile(&chip, &tall, &found, &err), &err);
    CHECK_INT(found.best.product.m, 2048);
    CHECK_INT(found.best.product.n, 256);
    REQUIRE_OK(sim_gemm_tile(&chip, &wide, &found, &err), &err);
    CHECK_INT(found.best.product.m, 256);
    CHECK_INT(found.best.product.n, 2048);
}

static void what_does_not_fit_is_refused(void)
{
    sim_chip chip = chip_of("tpu-v5e");
    sim_gemm g = {.m = 1024, .n = 1024, .k = 1024}, blocked = g;
    sim_gemm resident = {.m = 65536, .n = 65536, .k = 64, .resident = {0, 0, 1}};
    sim_tilings found;

    blocked.m = blocked.n = blocked.k = 8192;
    blocked.block[0] = blocked.block[1] = blocked.block[2] = 8192;
    CHECK_FAILS(sim_gemm_tile(&chip, &blocked, &found, &err), &err, VSH_EINPUT,
                "a block of 8192 x 8192 x 8192 takes");
    CHECK_FAILS(sim_gemm_tile(&chip, &resident, &found, &err), &err, VSH_EINPUT,
                "no block fits the scratchpad");
    chip.scratchpad_bytes = 1000;
    CHECK_FAILS(sim_gemm_tile(&chip, &g, &found, &err), &err, VSH_EINPUT,
                "no block fits the scratchpad of 1000 bytes");
}

/* Counted by hand: 2 buffers of 128 x 512, 512 x 256 (2 bytes) and 128 x 256 (2 bytes), and partial
 * sums of 4 bytes as k is cut. */
static void bytes_of_blocks_are_buffers_and_partial_sums(void)
{
    sim_machine m = sim_mesh(128, 128, SIM_WS, SIM_DOUBLE);
    sim_product p = sim_whole_product(1024, 1024, 1024);

    p.block_m = 128;
    p.block_n = 256;
    p.block_k = 512;
    p.element_bytes[SIM_LHS] = p.element_bytes[SIM_RHS] = p.element_bytes[SIM_OUT] = 2;
    CHECK_INT(sim_blocks_bytes(&m, &p),
              2 * 2 * (128 * 512 + 512 * 256 + 128 * 256) + 4 * 128 * 256);
    p.resident[SIM_LHS] = true;
    CHECK_INT(sim_blocks_bytes(&m, &p),
              2 * 1024 * 1024 + 2 * 2 * (512 * 256 + 128 * 256) + 4 * 128 * 256);
    p.passing = true;
    CHECK_INT(sim_blocks_bytes(&m, &p),
              2 * 2 * (128 * 512 + 512 * 256 + 128 * 256) + 4 * 128 * 256);
    p.passing = false;
    p.block_k = 1024;
    CHECK_INT(sim_blocks_bytes(&m, &p), 2 * 1024 * 1024 + 2 * 2 * (1024 * 256 + 128 * 256));
}

const vsh_test vsh_tests[] = {
    {"blocks_fit_and_are_whole_tiles", blocks_fit_and_are_whole_tiles},
    {"the_runner_up_is_another_block_and_not_faster",
     the_runner_up_is_another_block_and_not_faster},
    {"the_cycles_are_those_of_the_event_engine", the_cycles_are_those_of_the_event_engine},
    {"no_candidate_is_faster_than_the_winner", no_candidate_is_faster_than_the_winner},
    {"among_all_equal_parts_little_is_faster", among_all_equal_parts_little_is_faster},
    {"a_smaller_scratchpad_is_never_faster", a_smaller_scratchpad_is_never_faster},
    {"a_slower_memory_is_never_faster", a_slower_memory_is_never_faster},
    {"formulas_are_within_a_fifth_of_the_winners_cycles",
     formulas_are_within_a_fifth_of_the_winners_cycles},
    {"one_tile_may_run_on_the_nearer_units_alone", one_tile_may_run_on_the_nearer_units_alone},
    {"cores_share_the_longer_side", cores_share_the_longer_side},
    {"what_does_not_fit_is_refused", what_does_not_fit_is_refused},
    {"bytes_of_blocks_are_buffers_and_partial_sums", bytes_of_blocks_are_buffers_and_partial_sums},
    {NULL, NULL}};
