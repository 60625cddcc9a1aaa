#include "sim/gpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "sim/waterfall.h"
#include "tests/harness.h"

const char vsh_suite[] = "gpu";

static vsh_error err;

enum { CLOSED, EVENT };

static vsh_hardware profile(const char *name)
{
    char path[96];
    vsh_hardware hardware;

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", name);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &hardware, &err), &err);
    return hardware;
}

static sim_gpu_result timed(const vsh_hardware *hardware, int64_t m, int64_t n, int64_t k)
{
    sim_gpu_result result;

    REQUIRE_OK(sim_gpu_product(vsh_test_arena(), hardware, VSH_FP16, m, n, k, &sim_engines[CLOSED],
                               &result, &err),
               &err);
    return result;
}

static vsh_bound bound_of(const vsh_hardware *hardware, const sim_gpu_result *r)
{
    return sim_bound_of(r->seconds * hardware->matrix_clock.value, r->matrix_cycles,
                        r->memory_cycles, 0);
}

/* ---- laws ---------------------------------------------------------------------------------- */

static const int64_t sides[] = {1, 63, 64, 129, 500, 1024, 2304, 4097, 8192};
enum { SIDES = sizeof sides / sizeof sides[0] };

static void more_sms_are_never_slower(void)
{
    vsh_hardware few = profile("a100-80gb"), more;

    for (int units = 1; units < 300; units = units * 3 / 2 + 1)
        for (int i = 0; i < SIDES; i++)
            for (int j = 0; j < SIDES; j++) {
                /* the chip of more SMs: each as fast */
                few.matrix_units.value = units;
                few.peak[VSH_FP16].value = 2e12 * units;
                more = few;
                more.matrix_units.value = units + 1;
                more.peak[VSH_FP16].value = 2e12 * (units + 1);
                CHECK(timed(&more, sides[i], sides[j], 1024).seconds <=
                      timed(&few, sides[i], sides[j], 1024).seconds * 1.0001);
            }
}

/* On a chip whose memory and cache are no limit. */
static vsh_hardware only_matrix_units(void)
{
    vsh_hardware hardware = profile("a100-80gb");

    hardware.memory_rate.value = 1e18;
    hardware.operands.known = false;
    return hardware;
}

static void one_tile_more_than_a_wave_holds_costs_a_wave(void)
{
    vsh_hardware hardware = only_matrix_units();
    int64_t side = 108 * 128; /* 54 x 2 tiles of 256 x 128 and as many SMs */
    sim_gpu_result full = timed(&hardware, 256, side, 4096);
    sim_gpu_result over = timed(&hardware, 256, side + 128, 4096);
    sim_gpu_result twice = timed(&hardware, 256, 2 * side, 4096);

    CHECK_INT(full.waves, 1);
    CHECK_INT(full.tiling.rows * full.tiling.cols, 256 * 128);
    CHECK_NEAR(twice.seconds, 2 * full.seconds, 1e-9, 0);
    CHECK(over.seconds > full.seconds * 1.05);
    /* of the same tile it is a whole wave; a smaller tile may do better */
    CHECK(over.seconds <= twice.seconds);
}

static void a_full_chip_runs_at_the_rate_it_holds(void)
{
    vsh_hardware hardware = only_matrix_units();
    sim_gpu_result r;

    hardware.kernel_overhead.value = 0;
    r = timed(&hardware, 256 * 108, 128 * 10, 8192);
    CHECK_NEAR(2.0 * 256 * 108 * 128 * 10 * 8192 / r.seconds,
               hardware.matrix_efficiency.value * hardware.peak[VSH_FP16].value, 1e-3, 0);
    CHECK_INT(bound_of(&hardware, &r), VSH_BOUND_MATRIX);
}

/* The best of several tiles: the next larger shape may suit another tile and cost a little less. */
static void a_larger_product_takes_no_less(void)
{
    vsh_hardware hardware = profile("a100-80gb");

    for (int i = 0; i + 1 < SIDES; i++)
        for (int j = 0; j < SIDES; j++)
            for (int l = 0; l < SIDES; l++) {
                int64_t a = sides[i], b = sides[i + 1], c = sides[j], d = sides[l];
                CHECK(timed(&hardware, a, c, d).seconds <= timed(&hardware, b, c, d).seconds);
                CHECK(timed(&hardware, c, a, d).seconds <= timed(&hardware, c, b, d).seconds);
                CHECK(timed(&hardware, c, d, a).seconds <= timed(&hardware, c, d, b).seconds);
            }
}

static void the_transposed_product_takes_the_same(void)
{
    vsh_hardware hardware = profile("h100-sxm");

    for (int i = 0; i < SIDES; i++)
        for (int j = 0; j < SIDES; j++)
            CHECK_NEAR(timed(&hardware, sides[i], sides[j], 3000).seconds,
                       timed(&hardware, sides[j], sides[i], 3000).seconds, 1e-9, 0);
}

static void every_engine_says_the_same(void)
{
    vsh_hardware hardware = profile("h100-sxm");
    static const int64_t shapes[][3] = {{1, 4096, 4096}, {300, 5000, 700}, {4096, 8192, 2048}};

    for (int i = 0; i < 3; i++) {
        const int64_t *s = shapes[i];
        sim_gpu_result closed = timed(&hardware, s[0], s[1], s[2]), event;
        REQUIRE_OK(sim_gpu_product(vsh_test_arena(), &hardware, VSH_FP16, s[0], s[1], s[2],
                                   &sim_engines[EVENT], &event, &err),
                   &err);
        CHECK_INT(event.counts.cycles, closed.counts.cycles);
        CHECK_INT(event.counts.folds, closed.counts.folds);
        CHECK_INT(event.counts.streaming, closed.counts.streaming);
        CHECK(event.seconds == closed.seconds);
    }
}

static void a_result_adds_up(void)
{
    vsh_hardware hardware = profile("a100-80gb");

    for (int i = 0; i < SIDES; i++)
        for (int j = 0; j < SIDES; j++) {
            int64_t m = sides[i], n = 4096, k = sides[j];
            sim_gpu_result r = timed(&hardware, m, n, k);
            int64_t unit_cycles = r.counts.streaming;
            for (int cause = 0; cause < SIM_IDLE_CAUSES; cause++)
                unit_cycles += r.counts.idle[cause];
            CHECK_INT(unit_cycles, r.machine.units * r.counts.cycles);
            CHECK_INT(r.counts.macs, m * n * k);
            CHECK_INT(r.counts.bytes_written, 2 * m * n);
            CHECK(r.counts.bytes_read >= 2 * (m * k + n * k));
            CHECK(r.runner_up.seconds >= r.seconds);
            CHECK_NEAR(r.launched_seconds - r.seconds, hardware.kernel_dispatch.value, 1e-9, 0);
            CHECK_INT(r.counts.folds, r.tiling.splits * ((m + r.tiling.rows - 1) / r.tiling.rows) *
                                          ((n + r.tiling.cols - 1) / r.tiling.cols));
        }
}

/* 108 tiles of 256 x 128 are a wave; of 128 x 128, two of half the length, and one more latency. */
static void the_runner_up_is_the_next_best_of_another_tile(void)
{
    vsh_hardware hardware = only_matrix_units();
    sim_gpu_result r = timed(&hardware, 256, 108 * 128, 4096);
    double latency = hardware.kernel_overhead.value / hardware.matrix_clock.value;

    CHECK_INT(r.tiling.rows * r.tiling.cols, 256 * 128);
    CHECK_INT(r.runner_up.rows * r.runner_up.cols * r.runner_up.splits, 128 * 128);
    CHECK_NEAR(r.runner_up.seconds - r.seconds, latency, 1e-3, 0);
    r = timed(&hardware, 64, 108 * 64, 256); /* too short a k to split */
    CHECK_INT(r.tiling.rows * r.tiling.cols, 64 * 64);
    CHECK_INT(r.runner_up.rows * r.runner_up.cols, 128 * 64);
}

static void what_the_cache_holds_is_read_once(void)
{
    vsh_hardware hardware = profile("a100-80gb");
    double once = 2.0 * (8192.0 * 8192 * 2), before = INFINITY;

    /* half of 128 MiB is one operand's */
    hardware.cache_bytes.value = 2 * 8192.0 * 8192 * 2;
    CHECK_INT(timed(&hardware, 8192, 8192, 8192).counts.bytes_read, (int64_t)once);
    for (double cache = 1e6; cache < 1e9; cache *= 2) {
        double bytes;
        hardware.cache_bytes.value = cache;
        bytes = timed(&hardware, 8192, 8192, 8192).dram_bytes;
        CHECK(bytes <= before);
        before = bytes;
    }
}

/* A wave covers a part of out as near a square as fits. */
static void without_a_cache_a_wave_reads_its_rows_and_columns(void)
{
    vsh_hardware hardware = profile("a100-80gb");
    double n = 8192, bytes = 2 * n * n, covered;
    sim_gpu_result r;

    hardware.cache_bytes.value = 1;
    r = timed(&hardware, 8192, 8192, 8192);
    covered = 108 * (double)(r.tiling.rows * r.tiling.cols);
    CHECK_NEAR((double)r.counts.bytes_read, 2 * bytes * n / sqrt(covered), 1e-6, 0);
    r = timed(&hardware, 256, 8192, 8192);
    covered = 108 * (double)(r.tiling.rows * r.tiling.cols);
    CHECK_NEAR((double)r.counts.bytes_read, bytes + bytes / 32 * fmax(1, n / (covered / 256)), 1e-6,
               0);
}

static sim_gpu_result together(const vsh_hardware *hardware, const sim_gpu_group *group,
                               int64_t groups, int64_t n)
{
    sim_gpu_kernel kernel = {.group = group, .groups = groups, .n = n};
    sim_gpu_result r;

    REQUIRE_OK(
        sim_gpu_run(vsh_test_arena(), hardware, VSH_FP16, &kernel, &sim_engines[CLOSED], &r, &err),
        &err);
    return r;
}

static void products_of_a_batch_have_operands_of_their_own(void)
{
    vsh_hardware hardware = profile("h100-sxm");
    double rate = hardware.memory_rate.value * hardware.memory_efficiency.value;
    sim_gpu_group few = {16, 7168, 256};
    sim_gpu_result r = together(&hardware, &few, 1, 4096);

    CHECK_INT(r.counts.bytes_read, 512LL * (7168 * 4096 + 16 * 7168));
    CHECK_INT(r.counts.macs, 256LL * 16 * 7168 * 4096);
    CHECK(r.seconds >= r.dram_bytes / rate);
    CHECK(r.seconds > 10 * timed(&hardware, 256 * 16, 4096, 7168).seconds);
    CHECK_INT(bound_of(&hardware, &r), VSH_BOUND_MEMORY);
}

static void rows_of_each_product_are_rounded_up_to_tiles(void)
{
    vsh_hardware hardware = only_matrix_units();
    sim_gpu_group part = {65, 4096, 256}, whole = {128, 4096, 256};

    CHECK_NEAR(together(&hardware, &part, 1, 4096).seconds,
               together(&hardware, &whole, 1, 4096).seconds, 1e-12, 0);
}

static void products_of_all_sizes_fill_the_waves_together(void)
{
    enum { GROUPS = 64 };
    vsh_hardware hardware = only_matrix_units();
    sim_gpu_group group[GROUPS], same = {1, 4096, GROUPS};
    double alone = 0;

    for (int i = 0; i < GROUPS; i++) {
        group[i] = (sim_gpu_group){1 + i, 4096, 1};
        alone += together(&hardware, &group[i], 1, 1024).seconds;
    }
    CHECK(together(&hardware, group, GROUPS, 1024).seconds < alone / 4);
    CHECK_NEAR(together(&hardware, group, GROUPS, 1024).seconds,
               together(&hardware, &same, 1, 1024).seconds, 1e-12, 0);
    for (int i = 0; i < GROUPS; i++) /* of the mean length as many */
        group[i] = (sim_gpu_group){64, 4096 + 64 * (i % 2 ? i : -i), 1};
    same = (sim_gpu_group){64, 4096 + 32, GROUPS};
    CHECK_NEAR(together(&hardware, group, GROUPS, 1024).seconds,
               together(&hardware, &same, 1, 1024).seconds, 1e-12, 0);
}

/* 64 tiles of 64 x 64 at least, and 108 SMs: they all run at once. */
static void a_wave_takes_as_long_as_its_longest_product(void)
{
    vsh_hardware hardware = only_matrix_units();
    sim_gpu_group group[] = {{64, 64, 63}, {64, 200, 1}}, longest = {64, 200, 1};

    CHECK_NEAR(together(&hardware, group, 2, 64).seconds,
               together(&hardware, &longest, 1, 64).seconds, 1e-12, 0);
}

static void few_tiles_split_k(void)
{
    vsh_hardware hardware = profile("a100-80gb");

    CHECK(timed(&hardware, 128, 1280, 16384).tiling.splits > 1);
    CHECK_INT(timed(&hardware, 8192, 8192, 8192).tiling.splits, 1);
}

static void the_bound_names_what_a_product_waits_for(void)
{
    vsh_hardware hardware = profile("a100-80gb");
    sim_gpu_result square = timed(&hardware, 8192, 8192, 8192);
    sim_gpu_result row = timed(&hardware, 1, 28672, 8192), small = timed(&hardware, 64, 64, 64);
    sim_gpu_result few_tiles = timed(&hardware, 64, 64, 100000);

    CHECK_INT(bound_of(&hardware, &square), VSH_BOUND_MATRIX);
    CHECK_INT(bound_of(&hardware, &row), VSH_BOUND_MEMORY);
    CHECK_INT(bound_of(&hardware, &small), VSH_BOUND_FILL);
    CHECK_INT(bound_of(&hardware, &few_tiles), VSH_BOUND_FILL);
}

static void what_cannot_be_run_is_refused(void)
{
    vsh_hardware hardware = profile("a100-80gb");
    const sim_engine *closed = &sim_engines[CLOSED];
    static const sim_gpu_group many = {1, 1, INT64_MAX};
    sim_gpu_kernel nothing = {.n = 8}, endless = {.group = &many, .groups = 1, .n = 1};
    sim_gpu_result r;
    vsh_arena *arena = vsh_test_arena();

    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, 0, 8, 8, closed, &r, &err), &err,
                VSH_EINPUT, "M: expected at least 1");
    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, 8, 8, -1, closed, &r, &err), &err,
                VSH_EINPUT, "K: expected at least 1");
    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, 1000000000, 1000000000, 1000000000,
                                closed, &r, &err),
                &err, VSH_EINPUT, "pass 63 bits");
    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, 1, 1, INT64_MAX / 2, closed, &r, &err),
                &err, VSH_EINPUT, "pass 63 bits");
    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, INT64_MAX, 1, 1, closed, &r, &err),
                &err, VSH_EINPUT, "pass 63 bits");
    CHECK_FAILS(sim_gpu_run(arena, &hardware, VSH_FP16, &nothing, closed, &r, &err), &err,
                VSH_EINPUT, "without any product");
    CHECK_FAILS(sim_gpu_run(arena, &hardware, VSH_FP16, &endless, closed, &r, &err), &err,
                VSH_EINPUT, "pass 63 bits");
    hardware.matrix_units.known = false;
    CHECK_FAILS(sim_gpu_product(arena, &hardware, VSH_FP16, 8, 8, 8, closed, &r, &err), &err,
                VSH_EINPUT, "matrix.units");
}

/* ---- silicon ----
 * The constants of hwprofiles/ were fitted on rows 0, 3, 6 ... of a list; the others are held out.
 * A row is listed apart when its own spread passes 30 %. */

static const char llmcompass[] = "../shared/sim/measured/a100_fp16_matmul.csv";
static const char llmcompass_more[] = "../shared/reference/kernel_a100_mi210.csv";
static const char vidur[] = "../shared/reference/kernel_a100_h100_transformer_ops.csv";

typedef struct {
    int64_t m, n, k;
    double seconds;
} measured;

enum { ROWS_MAX = 512, FIELDS = 16 };

typedef struct {
    measured row[ROWS_MAX];
    int count;
} measured_list;

/* The fields of the next line, in place; 0 at the end. */
static int next_line(char **at, char *fields[FIELDS])
{
    int count = 0;
    char *line = *at;

    if (!*line)
        return 0;
    *at = line + strcspn(line, "\n");
    if (**at)
        *(*at)++ = '\0';
    while (count < FIELDS) {
        fields[count++] = line;
        line += strcspn(line, ",");
        if (!*line)
            break;
        *line++ = '\0';
    }
    return count;
}

/* NULL when the file is absent. */
static char *file_text(const char *path)
{
    vsh_text text = {.arena = vsh_test_arena()};

    if (vsh_file_read(path, &text, &err) != VSH_OK)
        return NULL;
    return vsh_copy_text(vsh_test_arena(), text.data, text.length);
}

static void add(measured_list *list, measured row)
{
    for (int i = 0; i < list->count; i++)
        if (list->row[i].m == row.m && list->row[i].n == row.n && list->row[i].k == row.k)
            return;
    REQUIRE(list->count < ROWS_MAX);
    list->row[list->count++] = row;
}

/* Wall times of an A100 SXM with the call: both files, a shape once. */
static bool read_llmcompass(measured_list *list)
{
    char *at = file_text(llmcompass), *more = file_text(llmcompass_more), *f[FIELDS];

    *list = (measured_list){.count = 0};
    if (!at || !more)
        return false;
    while (next_line(&at, f) == 4)
        if (atoi(f[0]))
            add(list, (measured){atoi(f[0]), atoi(f[1]), atoi(f[1]), atof(f[2]) * 1e-3});
    while (next_line(&more, f) >= 6)
        if (!strcmp(f[0], "A100") && !strcmp(f[1], "matmul"))
            add(list, (measured){atoi(f[2]), atoi(f[3]), atoi(f[4]), atof(f[5]) * 1e-3});
    return true;
}

/* Kernel times of the linear layers of language models; every row of the file counts. */
static bool read_vidur(const char *gpu, measured_list *list)
{
    char *at = file_text(vidur), *f[FIELDS];

    *list = (measured_list){.count = 0};
    if (!at)
        return false;
    while (next_line(&at, f) >= 12) {
        double median = atof(f[8]), least = atof(f[9]), deviation = atof(f[10]);
        bool spread = deviation > 0.3 * median || median > 1.3 * least;
        if (strcmp(f[0], gpu) != 0 || !*f[5] || spread)
            continue;
        REQUIRE(list->count < ROWS_MAX);
        list->row[list->count++] = (measured){atoi(f[5]), atoi(f[7]), atoi(f[6]), median * 1e-3};
    }
    return true;
}

typedef struct {
    int count;
    double median, worst;
} errors;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Relative errors of the fitted rows or of the held-out ones. */
static errors judge(const measured_list *list, const vsh_hardware *hardware, bool wall, bool fitted)
{
    double error[ROWS_MAX];
    int count = 0;

    for (int i = 0; i < list->count; i++) {
        const measured *row = &list->row[i];
        sim_gpu_result r;
        if ((i % 3 == 0) != fitted)
            continue;
        r = timed(hardware, row->m, row->n, row->k);
        error[count++] = fabs((wall ? r.launched_seconds : r.seconds) / row->seconds - 1);
    }
    qsort(error, (size_t)count, sizeof *error, ascending);
    return (errors){count, error[count / 2], error[count - 1]};
}

/* The figures are shown only when they are beyond the claim. */
static void check_silicon(const measured_list *list, const char *name, bool wall, double median,
                          double worst)
{
    vsh_hardware hardware = profile(name);

    for (int fitted = 0; fitted < 2; fitted++) {
        errors e = judge(list, &hardware, wall, fitted);
        if (e.median >= median || e.worst >= worst)
            fprintf(stderr, "%s, %d %s rows: median error %.1f %%, worst %.1f %%\n", name, e.count,
                    fitted ? "fitted" : "held-out", 100 * e.median, 100 * e.worst);
        CHECK(e.median < median);
        CHECK(e.worst < worst);
    }
}

static void a100_products_are_within_ten_percent_of_silicon(void)
{
    measured_list list;

    if (!read_llmcompass(&list)) {
        vsh_skip("no measured products here");
        return;
    }
    CHECK_INT(list.count, 17);
    check_silicon(&list, "a100-80gb", true, 0.10, 0.25);
}

static void linear_layers_on_an_a100_are_within_ten_percent_of_silicon(void)
{
    measured_list list;

    if (!read_vidur("A100", &list)) {
        vsh_skip("no measured linear layers here");
        return;
    }
    CHECK_INT(list.count, 172);
    check_silicon(&list, "a100-pcie", false, 0.10, 0.30);
    check_silicon(&list, "a100-80gb", false, 0.10, 0.30);
}

static void linear_layers_on_an_h100_are_within_ten_percent_of_silicon(void)
{
    measured_list list;

    if (!read_vidur("H100", &list)) {
        vsh_skip("no measured linear layers here");
        return;
    }
    CHECK_INT(list.count, 123);
    check_silicon(&list, "h100-sxm", false, 0.10, 0.35);
}

/* GELU of PyTorch in fp16, 2 bytes read and 2 written an element; the file has 1e9 elements a
 * second. Below 1e7 elements the host's call is the time, and longer than that of a product. */
static void elementwise_kernels_are_within_fifteen_percent_of_silicon(void)
{
    char *at = file_text(llmcompass_more), *f[FIELDS];
    vsh_hardware hardware = profile("a100-80gb");
    int count = 0;

    if (!at) {
        vsh_skip("no measured kernels here");
        return;
    }
    while (next_line(&at, f) >= 7) {
        double elements = atof(f[2]), seconds = sim_gpu_stream_seconds(&hardware, 4 * elements);
        if (strcmp(f[0], "A100") != 0 || strcmp(f[1], "gelu") != 0 || elements < 1e7)
            continue;
        CHECK_NEAR(seconds + hardware.kernel_dispatch.value, elements / (atof(f[6]) * 1e9), 0.15,
                   0);
        count++;
    }
    CHECK_INT(count, 4);
}

const vsh_test vsh_tests[] = {
    {"more_sms_are_never_slower", more_sms_are_never_slower},
    {"one_tile_more_than_a_wave_holds_costs_a_wave", one_tile_more_than_a_wave_holds_costs_a_wave},
    {"a_full_chip_runs_at_the_rate_it_holds", a_full_chip_runs_at_the_rate_it_holds},
    {"a_larger_product_takes_no_less", a_larger_product_takes_no_less},
    {"the_transposed_product_takes_the_same", the_transposed_product_takes_the_same},
    {"every_engine_says_the_same", every_engine_says_the_same},
    {"a_result_adds_up", a_result_adds_up},
    {"the_runner_up_is_the_next_best_of_another_tile",
     the_runner_up_is_the_next_best_of_another_tile},
    {"what_the_cache_holds_is_read_once", what_the_cache_holds_is_read_once},
    {"without_a_cache_a_wave_reads_its_rows_and_columns",
     without_a_cache_a_wave_reads_its_rows_and_columns},
    {"products_of_a_batch_have_operands_of_their_own",
     products_of_a_batch_have_operands_of_their_own},
    {"rows_of_each_product_are_rounded_up_to_tiles", rows_of_each_product_are_rounded_up_to_tiles},
    {"products_of_all_sizes_fill_the_waves_together",
     products_of_all_sizes_fill_the_waves_together},
    {"a_wave_takes_as_long_as_its_longest_product", a_wave_takes_as_long_as_its_longest_product},
    {"few_tiles_split_k", few_tiles_split_k},
    {"the_bound_names_what_a_product_waits_for", the_bound_names_what_a_product_waits_for},
    {"what_cannot_be_run_is_refused", what_cannot_be_run_is_refused},
    {"a100_products_are_within_ten_percent_of_silicon",
     a100_products_are_within_ten_percent_of_silicon},
    {"linear_layers_on_an_a100_are_within_ten_percent_of_silicon",
     linear_layers_on_an_a100_are_within_ten_percent_of_silicon},
    {"linear_layers_on_an_h100_are_within_ten_percent_of_silicon",
     linear_layers_on_an_h100_are_within_ten_percent_of_silicon},
    {"elementwise_kernels_are_within_fifteen_percent_of_silicon",
     elementwise_kernels_are_within_fifteen_percent_of_silicon},
    {NULL, NULL}};
