/* The closed forms of folds and buffers against the tool's own way: every word of every cycle, one
 * after another, through buffers of sets and lines. */
#include <string.h>

#include "core/rng.h"
#include "sim/scale_sim/scale_layer.h"
#include "sim/scale_sim/scale_user.h"
#include "tests/harness.h"

const char vsh_suite[] = "scale_dram";

static vsh_error err;
static vsh_arena work; /* of one case */

/* What each lane of each cycle asks for; -1 for nothing. */
typedef struct {
    int64_t cycles, lanes;
    int32_t *word;
} demand;

static int64_t ceil_of(int64_t a, int64_t b) { return (a + b - 1) / b; }

static demand new_demand(int64_t cycles, int64_t lanes)
{
    demand d = {cycles, lanes, vsh_alloc(&work, (size_t)(cycles * lanes), 4)};

    REQUIRE(d.word != NULL);
    memset(d.word, 0xff, (size_t)(cycles * lanes) * 4);
    return d;
}

static int64_t map_word(const sim_scale_layer *l, int64_t m, int64_t k)
{
    int64_t row = m / l->out_width * l->stride_height + k / (l->filter_width * l->channels);
    int64_t col =
        m % l->out_width * l->stride_width + k % (l->filter_width * l->channels) / l->channels;

    if (row >= l->height || col >= l->width)
        return -1;
    return (row * l->width + col) * l->channels + k % l->channels;
}

static int64_t word_of(const sim_scale_layer *l, sim_operand operand, int64_t m, int64_t n,
                       int64_t k)
{
    return operand == SIM_LHS   ? map_word(l, m, k)
           : operand == SIM_RHS ? n * l->k + k
                                : m * l->n + n;
}

static void put(demand *d, int64_t cycle, int64_t lane, int64_t word)
{
    REQUIRE(cycle < d->cycles && lane < d->lanes && d->word[cycle * d->lanes + lane] == -1);
    d->word[cycle * d->lanes + lane] = (int32_t)word;
}

/* When the array needs or gives (m, n, k), from where it stands in the array. */
static void put_os(demand d[3], const sim_scale_layer *l, int64_t R, int64_t base, int64_t m0,
                   int64_t n0, int64_t r, int64_t c)
{
    for (int64_t k = 0; k < l->k; k++) {
        for (int64_t i = 0; i < r; i++)
            put(&d[SIM_LHS], base + k + i, i, word_of(l, SIM_LHS, m0 + i, 0, k));
        for (int64_t j = 0; j < c; j++)
            put(&d[SIM_RHS], base + k + j, j, word_of(l, SIM_RHS, 0, n0 + j, k));
    }
    for (int64_t i = 0; i < r; i++) /* row R-1 of the array is out first */
        for (int64_t j = 0; j < c; j++)
            put(&d[SIM_OUT], base + l->k - 1 + (R - 1 - i) + j, j,
                word_of(l, SIM_OUT, m0 + i, n0 + j, 0));
}

/* ws; is with the roles of m and n exchanged. */
static void put_ws(demand d[3], const sim_scale_layer *l, bool is, int64_t R, int64_t base,
                   int64_t k0, int64_t c0, int64_t r, int64_t c)
{
    sim_operand still = is ? SIM_LHS : SIM_RHS, moving = is ? SIM_RHS : SIM_LHS;
    int64_t streamed = is ? l->n : l->m;

    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j < c; j++)
            put(&d[still], base + R - 1 - i, j, word_of(l, still, c0 + j, c0 + j, k0 + i));
    for (int64_t t = 0; t < streamed; t++) {
        for (int64_t i = 0; i < r; i++)
            put(&d[moving], base + R + t + i, i, word_of(l, moving, t, t, k0 + i));
        for (int64_t j = 0; j < c; j++)
            put(&d[SIM_OUT], base + 2 * R - 1 + t + j, j,
                is ? word_of(l, SIM_OUT, c0 + j, t, 0) : word_of(l, SIM_OUT, t, c0 + j, 0));
    }
}

static void make_demands(const sim_scale_config *config, const sim_scale_layer *l, demand d[3])
{
    int64_t R = config->rows, C = config->cols, base = 0;
    bool os = config->dataflow == SIM_OS, is = config->dataflow == SIM_IS;
    int64_t rows = os ? l->m : l->k, cols = is ? l->m : l->n;
    int64_t t = os ? l->k : is ? l->n : l->m;
    int64_t cycles = t + (os ? R : 2 * R) + C - 2;

    for (int i = 0; i < 3; i++)
        d[i] = new_demand(cycles * ceil_of(rows, R) * ceil_of(cols, C), R > C ? R : C);
    for (int64_t c = 0; c < cols; c += C)
        for (int64_t r = 0; r < rows; r += R, base += cycles) {
            int64_t height = rows - r < R ? rows - r : R, width = cols - c < C ? cols - c : C;
            if (os)
                put_os(d, l, R, base, r, c, height, width);
            else
                put_ws(d, l, is, R, base, r, c, height, width);
        }
}

static sim_scale_access sram_of(const demand *d, int64_t latency)
{
    sim_scale_access a = {.start = -1};

    for (int64_t at = 0; at < d->cycles * d->lanes; at++)
        if (d->word[at] >= 0) {
            a.start = a.start < 0 ? at / d->lanes + latency : a.start;
            a.stop = at / d->lanes + latency;
        }
    return a;
}

/* A buffer of 100 sets, 50 of them active, as the tool moves its window over them. */
static sim_scale_access read_naively(const demand *d, int64_t kb)
{
    int64_t set = kb * 1024 / 100, id = 0, inside = 0, first_set = 0, first = -1;
    int64_t from = -2, to = -1; /* of the fetch that is going on */
    int32_t *set_of = vsh_alloc(&work, 1 << 16, 4);
    sim_scale_access a = {0};
    bool begun = false;

    memset(set_of, 0xff, (1 << 16) * 4);
    for (int64_t at = 0; at < d->cycles * d->lanes; at++) {
        int64_t word = d->word[at], cycle = at / d->lanes;
        if (word < 0)
            continue;
        first = first < 0 ? cycle : first;
        if (set_of[word] >= first_set)
            continue;
        set_of[word] = (int32_t)id;
        a.words++;
        if (++inside < set)
            continue;
        inside = 0;
        if (++id != first_set + 50)
            continue;
        if (!begun) {
            to = first - 1 - 1;
            from = to - ceil_of(50 * set, 10) + 1;
            a.start = from + 1;
            begun = true;
        }
        first_set += 50;
        from = to + 1;
        to = cycle;
    }
    if (!begun) {
        to = -1 - 1;
        from = to - ceil_of((id + (inside > 0)) * set, 10) + 1;
        a.start = from + 1;
    }
    a.stop = to + 1;
    return a;
}

/* Lines of `rate` words, drained by halves; a line closed early holds fewer. */
static sim_scale_access write_naively(const demand *d, int64_t kb, int64_t rate, bool v3)
{
    int64_t whole = kb * 1024, half = whole / 2, space = whole, until = 0, gone = 0, lines = 0;
    int32_t *line = vsh_alloc(&work, (size_t)(d->cycles * d->lanes), 4);
    sim_scale_access a = {.start = -1};
    bool open = false; /* the last line may still take words */

    for (int64_t at = 0; at <= d->cycles * d->lanes; at++) {
        bool end = at == d->cycles * d->lanes;
        int64_t cycle = end ? d->cycles - 1 : at / d->lanes;
        if (!end && d->word[at] < 0)
            continue;
        if (!end) {
            if (!open)
                lines++;
            line[lines - 1]++;
            space--;
            open = line[lines - 1] < rate;
        }
        if (!end && (cycle < until || space >= half))
            continue;
        open = false;
        do {
            int64_t count = lines - gone < ceil_of(half, rate) ? lines - gone : ceil_of(half, rate);
            int64_t words = count * rate;
            if (count == 0)
                break;
            words -= rate - line[gone + count - 1];
            gone += count;
            a.words += words;
            space += words;
            a.start = a.start < 0 ? cycle : a.start;
            until = cycle + count - 1;
            a.stop = v3 && a.stop > until ? a.stop : until;
            cycle = until + 1;
        } while (end);
    }
    return a;
}

static void check_access(const sim_scale_access *got, const sim_scale_access *want, bool words)
{
    CHECK_INT(got->start, want->start);
    CHECK_INT(got->stop, want->stop);
    if (words)
        CHECK_INT(got->words, want->words);
}

static void check_layer(const sim_scale_config *config, const sim_scale_layer *layer)
{
    sim_scale_figures f;
    sim_scale_access want;
    demand d[3];

    make_demands(config, layer, d);
    if (d[0].cycles == 1)
        return;
    REQUIRE_OK(sim_scale_run_layer(config, layer, "layer.csv", &f, &err), &err);
    CHECK_INT(f.total_cycles, d[0].cycles - 1);
    for (int i = 0; i < 3; i++) {
        want = sram_of(&d[i], i == SIM_OUT ? 0 : 1);
        check_access(&f.sram[i], &want, false);
        want = i == SIM_OUT ? write_naively(&d[i], config->sram_kb[i], config->cols, config->v3)
                            : read_naively(&d[i], config->sram_kb[i]);
        check_access(&f.dram[i], &want, true);
    }
}

/* Draws of one case, one after another. */
static uint64_t case_number, draws;

static int64_t draw(int64_t low, int64_t high)
{
    return low + (int64_t)(vsh_random_uniform(7, case_number, draws++) * (double)(high - low + 1));
}

static sim_scale_config draw_config(void)
{
    sim_scale_config config = {
        .rows = draw(1, 9), .cols = draw(1, 9), .dataflow = (sim_dataflow)draw(SIM_WS, SIM_IS)};

    for (int i = 0; i < 3; i++)
        config.sram_kb[i] = draw(1, 3);
    config.v3 = draw(0, 1);
    return config;
}

static sim_scale_layer draw_gemm(void)
{
    int64_t m = draw(1, 50), n = draw(1, 50), k = draw(1, 50);

    return (sim_scale_layer){.height = m,
                             .width = k,
                             .channels = 1,
                             .filter_height = 1,
                             .filter_width = k,
                             .stride_height = 1,
                             .stride_width = 1,
                             .out_height = m,
                             .out_width = 1,
                             .m = m,
                             .n = n,
                             .k = k};
}

static sim_scale_layer draw_conv(void)
{
    sim_scale_layer l = {.height = draw(1, 14), .width = draw(1, 14), .channels = draw(1, 9)};

    l.filter_height = draw(1, l.height < 4 ? l.height : 4);
    l.filter_width = draw(1, l.width < 4 ? l.width : 4);
    l.stride_height = draw(1, 5);
    l.stride_width = draw(1, 5);
    l.out_height = ceil_of(l.height - l.filter_height + l.stride_height, l.stride_height);
    l.out_width = ceil_of(l.width - l.filter_width + l.stride_width, l.stride_width);
    l.m = l.out_height * l.out_width;
    l.n = draw(1, 20);
    l.k = l.filter_height * l.filter_width * l.channels;
    return l;
}

static void check_cases(sim_scale_layer (*draw_layer)(void), uint64_t first, uint64_t count)
{
    for (case_number = first; case_number < first + count; case_number++) {
        sim_scale_config config;
        sim_scale_layer layer;

        draws = 0;
        config = draw_config();
        layer = draw_layer();
        check_layer(&config, &layer);
        vsh_arena_free(&work);
    }
}

static void products_pass_the_buffers_as_they_do_word_by_word(void)
{
    check_cases(draw_gemm, 0, 900);
}

static void convolutions_pass_the_buffers_as_they_do_word_by_word(void)
{
    check_cases(draw_conv, 1000, 4000);
}

/* In USER mode, what the closed forms say where nothing waits is what following it says. */
static void what_does_not_wait_is_the_same_when_it_is_followed(void)
{
    int waiting = 0, still = 0;

    for (case_number = 9000; case_number < 9600; case_number++) {
        sim_scale_config config;
        sim_scale_layer layer;
        sim_scale_figures f;
        sim_scale_waits waits;
        sim_scale_folds folds;

        draws = 0;
        config = draw_config();
        config.user = true;
        for (int i = 0; i < 3; i++)
            config.bandwidth[i] = draw(1, 40);
        layer = draw_gemm();
        if (sim_scale_run_layer(&config, &layer, "layer.csv", &f, &err) != VSH_OK)
            continue;
        REQUIRE_OK(sim_scale_folds_of(&config, &layer, "layer.csv", &folds, &err), &err);
        REQUIRE(f.exact && sim_scale_user_follow(&config, &layer, &folds, &waits));
        waiting += waits.stall_cycles > 0;
        still += waits.stall_cycles == 0;
        CHECK_INT(f.total_cycles, waits.total_cycles);
        CHECK_INT(f.stall_cycles, waits.stall_cycles);
        for (int i = 0; i < 3; i++) {
            check_access(&f.sram[i], &waits.sram[i], true);
            check_access(&f.dram[i], &waits.dram[i], true);
        }
    }
    CHECK(waiting > 50 && still > 50);
}

const vsh_test vsh_tests[] = {
    {"products_pass_the_buffers_as_they_do_word_by_word",
     products_pass_the_buffers_as_they_do_word_by_word},
    {"convolutions_pass_the_buffers_as_they_do_word_by_word",
     convolutions_pass_the_buffers_as_they_do_word_by_word},
    {"what_does_not_wait_is_the_same_when_it_is_followed",
     what_does_not_wait_is_the_same_when_it_is_followed},
    {NULL, NULL},
};
