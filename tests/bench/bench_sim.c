/* Speed of the simulator's engines on one thread, each beside the bound that the project sets
 * itself, and beside SCALE-Sim's own seconds. Its own processor time, whatever else runs here; the
 * least of several rounds. No test reads the figures. */
#include <stdio.h>
#include <time.h>

#include "core/precision.h"
#include "sim/expert_rows.h"
#include "sim/step_schedule.h"
#include "tests/sim/silicon.h"

enum { ROUNDS = 5 };

static vsh_error err;

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void must(vsh_status status)
{
    if (status == VSH_OK)
        return;
    fprintf(stderr, "bench_sim: %s\n", err.text);
    exit(status == VSH_EMACHINE ? 4 : 2);
}

static void row(const char *what, double figure, const char *unit, const char *sign, double wanted)
{
    bool met = *sign == '<' ? figure < wanted : figure > wanted;

    printf("  %-52s %10.3g %-14s %s %-7.3g %s\n", what, figure, unit, sign, wanted,
           met ? "" : "missed");
}

static sim_chip chip_of(vsh_arena *arena, const char *profile)
{
    silicon_table t = {.arena = arena};
    sim_chip chip;

    must(silicon_chip(&t, profile, &chip, &err));
    return chip;
}

/* ---- single products --------------------------------------------------------------------------
 */

/* Every shape is at most 8192 a side; odd ones, so that nothing divides. */
static const int64_t shapes[][3] = {{8192, 8192, 8192}, {8191, 8191, 8191}, {8192, 8192, 1},
                                    {1, 8192, 8192},    {8192, 1, 8192},    {4097, 8192, 129},
                                    {8192, 130, 8192},  {1000, 8190, 5000}, {7777, 3333, 5555},
                                    {2048, 2048, 2048}, {6144, 8192, 768}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Search for the block and the event engine, as gemm --hw does. */
static double searched(const sim_chip *chip, const int64_t shape[3], bool transposed)
{
    sim_gemm g = {.m = shape[0], .n = shape[1], .k = shape[2], .transposed = transposed};
    double least = INFINITY;

    for (int round = 0; round < ROUNDS; round++) {
        vsh_arena arena = {0};
        sim_gemm_answer answer = {
            .engine = &sim_engines[SIM_EVENT], .count = 1, .hertz = chip->clock.v};
        double start = now();
        must(sim_gemm_answer_on_tpu(&arena, chip, &g, &answer, &err));
        least = fmin(least, now() - start);
        vsh_arena_free(&arena);
    }
    return least;
}

static void products_on_chips(vsh_arena *arena)
{
    static const char *const profiles[] = {"tpu-v4", "tpu-v5e", "tpu-v6e"};

    for (size_t p = 0; p < sizeof profiles / sizeof profiles[0]; p++) {
        sim_chip chip = chip_of(arena, profiles[p]);
        double worst = 0;
        char what[64];
        for (int i = 0; i < 2 * SHAPES; i++)
            worst = fmax(worst, searched(&chip, shapes[i / 2], i % 2));
        snprintf(what, sizeof what, "slowest of %d products on %s, block searched", 2 * SHAPES,
                 chip.hardware->name);
        row(what, worst * 1e3, "ms", "<", 10);
    }
}

static double on_array(const sim_machine *machine, const sim_product *product)
{
    double least = INFINITY;

    for (int round = 0; round < ROUNDS; round++) {
        vsh_arena arena = {0};
        sim_machine m = *machine;
        sim_product p = sim_product_oriented(product, &m);
        sim_counts counts;
        double start = now();
        must(sim_event_run(&arena, &m, &p, &counts, &err));
        least = fmin(least, now() - start);
        vsh_arena_free(&arena);
    }
    return least;
}

/* Bare arrays with a memory of two blocks an operand, all dataflows. */
static void products_on_arrays(void)
{
    for (int64_t side = 8; side <= 256; side *= 2) {
        double worst = 0;
        char what[64];
        for (int i = 0; i < 6 * SHAPES; i++) {
            const int64_t *s = shapes[i / 6];
            sim_machine m = sim_mesh(side, side, (sim_dataflow)(i % 3), SIM_DOUBLE);
            sim_product p = sim_whole_product(s[0], s[1], s[2]);
            m.units = 4;
            if (i / 3 % 2) {
                m.bytes_num = 464;
                m.bytes_den = 1;
                m.memory_latency = 750;
                p.block_m = p.block_m < 500 ? p.block_m : 500;
                p.block_n = p.block_n < 1000 ? p.block_n : 1000;
                p.block_k = p.block_k < 512 ? p.block_k : 512;
            }
            worst = fmax(worst, on_array(&m, &p));
        }
        snprintf(what, sizeof what, "slowest of %d on four %lld x %lld arrays", 6 * SHAPES,
                 (long long)side, (long long)side);
        row(what, worst * 1e3, "ms", "<", 10);
    }
}

/* ---- a step -----------------------------------------------------------------------------------
 */

static void step_of(vsh_arena *arena, const char *profile)
{
    sim_chip chip = chip_of(arena, profile);
    vsh_model *model = vsh_alloc(arena, 1, sizeof *model);
    sim_expert_load load = {"even", NULL, 0};
    sim_step step = {
        .model = model, .work = vsh_work_default(1024), .micro_batches = 1, .load = &load};
    double least = INFINITY;
    char what[64];

    if (!model)
        must(vsh_fail(&err, VSH_EMACHINE, "out of memory"));
    must(vsh_model_read(arena, "models/gpt2-124m.yaml", model, &err));
    step.work.sequences = 32;
    step.work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    for (int round = 0; round < ROUNDS; round++) {
        vsh_arena scratch = {0};
        sim_step_time *result;
        double start = now();
        must(sim_schedule(&scratch, &chip, &step, &sim_engines[SIM_EVENT], NULL, &result, &err));
        least = fmin(least, now() - start);
        vsh_arena_free(&scratch);
    }
    snprintf(what, sizeof what, "step of gpt2-124m, 32,768 tokens, %s", chip.hardware->name);
    row(what, least, "s", "<", 1);
}

/* ---- engines ----------------------------------------------------------------------------------
 */

/* Tiles a second with nothing skipped: a chip's machine, blocks of 512 x 1024 x 1024. */
static void tiles_a_second(vsh_arena *arena)
{
    sim_chip chip = chip_of(arena, "tpu-v5e");
    sim_product p = sim_whole_product(8192, 8192, 8192);
    double best = 0;

    p.block_m = 512;
    p.block_n = p.block_k = 1024;
    for (int round = 0; round < ROUNDS; round++) {
        vsh_arena scratch = {0};
        sim_timeline *timeline;
        sim_counts counts;
        double start;
        must(sim_timeline_open(&scratch, &chip.machine, NULL, true, &timeline, &err));
        start = now();
        sim_timeline_product(timeline, &p, 16);
        counts = sim_timeline_close(timeline);
        best = fmax(best, (double)counts.folds / (now() - start));
        vsh_arena_free(&scratch);
    }
    row("event engine, nothing skipped", best, "tiles/s", ">", 1e7);
}

static void closed_a_second(vsh_arena *arena)
{
    enum { TIMES = 20000 };
    sim_chip chip = chip_of(arena, "tpu-v5e");
    sim_product p = sim_whole_product(8191, 8191, 8191);
    double best = 0;

    p.block_m = 512;
    p.block_n = p.block_k = 1024;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (int i = 0; i < TIMES; i++) {
            sim_counts counts;
            must(sim_closed_run(NULL, &chip.machine, &p, &counts, &err));
        }
        best = fmax(best, TIMES / (now() - start));
    }
    row("closed engine", best, "products/s", ">", 1e5);
}

static void reference_a_second(void)
{
    sim_product p = sim_whole_product(256, 256, 256);

    for (sim_dataflow dataflow = SIM_WS; dataflow <= SIM_OS; dataflow++) {
        sim_machine m = sim_mesh(128, 128, dataflow, SIM_DOUBLE);
        double best = 0;
        char what[64];
        for (int round = 0; round < ROUNDS; round++) {
            vsh_arena arena = {0};
            sim_counts counts;
            double start = now();
            must(sim_reference_run(&arena, &m, &p, &counts, &err));
            best = fmax(best, (double)(counts.cycles * m.rows * m.cols) / (now() - start));
            vsh_arena_free(&arena);
        }
        snprintf(what, sizeof what, "reference engine, 128 x 128, %s",
                 sim_dataflow_words[dataflow]);
        row(what, best, "PE-cycles/s", ">", 1e8);
    }
}

/* ---- beside SCALE-Sim -------------------------------------------------------------------------
 */

static sim_dataflow dataflow_of(const char *word)
{
    return strcmp(word, "os") == 0 ? SIM_OS : strcmp(word, "is") == 0 ? SIM_IS : SIM_WS;
}

/* Seconds that the event engine takes for a row of the file: its layer on its array. */
static double layer(char *field[SILICON_FIELDS])
{
    enum { DATAFLOW = 3, ROWS, COLS, M = 11, N, K };
    sim_machine m =
        sim_mesh(atoll(field[ROWS]), atoll(field[COLS]), dataflow_of(field[DATAFLOW]), SIM_SERIAL);
    sim_product p = sim_whole_product(atoll(field[M]), atoll(field[N]), atoll(field[K]));

    return on_array(&m, &p);
}

/* The cases that took the tool more than ten seconds: its wall time of all their layers over ours.
 */
static void beside_scale_sim(vsh_arena *arena)
{
    enum { CASE, VERSION, WALL = 40 };
    char *rest, *field[SILICON_FIELDS], last[160] = "", name[160];
    double least = INFINITY, ours = 0, theirs = 0;
    vsh_text text = {.arena = arena};
    int cases = 0;
    bool more = true;

    if (vsh_file_read("tests/golden/sim/golden.csv", &text, &err) != VSH_OK)
        return;
    rest = text.data;
    silicon_next(&rest, field);
    while (more) {
        more = silicon_next(&rest, field);
        snprintf(name, sizeof name, "%s %s", more ? field[CASE] : "", more ? field[VERSION] : "");
        if (strcmp(name, last) != 0) {
            if (theirs > 10) {
                cases++;
                least = fmin(least, theirs / ours);
            }
            ours = 0;
            snprintf(last, sizeof last, "%s", name);
        }
        if (!more)
            break;
        theirs = strtod(field[WALL], NULL);
        ours += layer(field);
    }
    snprintf(name, sizeof name, "least of %d cases of more than 10 s", cases);
    if (cases)
        row(name, least, "x SCALE-Sim", ">", 1e5);
}

int main(void)
{
    vsh_arena arena = {0};

    printf("  %-52s %10s\n", "simulator, one thread", "measured");
    products_on_chips(&arena);
    products_on_arrays();
    step_of(&arena, "tpu-v5e");
    step_of(&arena, "tpu-v4");
    tiles_a_second(&arena);
    closed_a_second(&arena);
    reference_a_second();
    beside_scale_sim(&arena);
    vsh_arena_free(&arena);
    return 0;
}
