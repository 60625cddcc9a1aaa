#include "sim/timeline.h"

#include <string.h>

#include "sim/engine.h"
#include "tests/harness.h"
#include "tests/sim/random_case.h"

const char vsh_suite[] = "sim/timeline";

static vsh_error err;

/* Sanitized code is eight times slower. */
#ifdef __SANITIZE_ADDRESS__
enum { PROGRAMS = 150, CASES = 300 };
#else
enum { PROGRAMS = 900, CASES = 3000 };
#endif

/* ---- programs of several operations, drawn at random --------------------------------------- */

enum { OPS_MAX = 5 };

/* An operation: a product times times, or vector work times times. */
typedef struct {
    bool vector;
    sim_product product;
    sim_vector_work work;
    int64_t times;
} operation;

/* A body of operations, repeated, on one machine. */
typedef struct {
    uint32_t number;
    sim_machine machine;
    operation op[OPS_MAX];
    int count;
    int64_t repeats;
} program;

static sim_vector_work random_work(random_draws *d)
{
    return (sim_vector_work){.read_bytes = rarely(d, 4) ? 0 : draw(d, 0, 300),
                             .write_bytes = rarely(d, 4) ? 0 : draw(d, 0, 300),
                             .cycles = rarely(d, 4) ? 0 : draw(d, 0, 200),
                             .chunks = draw(d, 1, 9)};
}

static program program_at(uint32_t number)
{
    random_draws d = {.number = number, .drawn = 1000};
    program p = {.number = number, .machine = random_machine(&d)};

    if (p.machine.dataflow == SIM_IS)
        p.machine.dataflow = SIM_WS;
    p.count = (int)draw(&d, 1, OPS_MAX);
    p.repeats = draw(&d, 1, 20);
    for (int i = 0; i < p.count; i++) {
        p.op[i].vector = rarely(&d, 3);
        p.op[i].product = random_product(&d, rarely(&d, 4));
        p.op[i].work = random_work(&d);
        p.op[i].times = rarely(&d, 2) ? 1 : draw(&d, 1, 12);
        if (p.machine.dataflow == SIM_OS)
            p.op[i].product.split = SIM_SPLIT_TILES;
    }
    return p;
}

/* What each operation took over all repetitions, and the whole. */
typedef struct {
    const program *p;
    sim_counts op[OPS_MAX], last[OPS_MAX], all;
    int64_t bodies; /* that were run */
} outcome;

static void add(sim_counts *to, const sim_counts *after, const sim_counts *before, int64_t times)
{
    int64_t *t = (int64_t *)to;
    const int64_t *a = (const int64_t *)after, *b = (const int64_t *)before;

    for (size_t i = 0; i < sizeof *to / sizeof *t; i++)
        t[i] += times * (a[i] - b[i]);
}

static void run_body(sim_timeline *t, void *context)
{
    outcome *o = context;

    for (int i = 0; i < o->p->count; i++) {
        const operation *op = &o->p->op[i];
        sim_counts before = sim_timeline_counts(t), after;
        if (op->vector)
            sim_timeline_vector(t, &op->work, op->times);
        else
            sim_timeline_product(t, &op->product, op->times);
        after = sim_timeline_counts(t);
        o->last[i] = (sim_counts){0};
        add(&o->last[i], &after, &before, 1);
        add(&o->op[i], &after, &before, 1);
    }
    o->bodies++;
}

static outcome run_program(const program *p, bool exhaustive, const sim_watcher *watcher)
{
    static const sim_counts none;
    outcome o = {.p = p};
    vsh_arena arena = {0};
    sim_timeline *t;
    int64_t skipped;

    REQUIRE_OK(sim_timeline_open(&arena, &p->machine, watcher, exhaustive, &t, &err), &err);
    skipped = sim_timeline_repeat(t, run_body, &o, p->repeats);
    CHECK_INT(o.bodies + skipped, p->repeats);
    for (int i = 0; i < p->count; i++)
        add(&o.op[i], &o.last[i], &none, skipped);
    o.all = sim_timeline_close(t);
    vsh_arena_free(&arena);
    return o;
}

static bool same(const char *what, const sim_counts *a, const sim_counts *b, const program *p)
{
    const int64_t *x = (const int64_t *)a, *y = (const int64_t *)b;

    if (memcmp(a, b, sizeof *a) == 0)
        return true;
    fprintf(stderr, "program %u of %d operations, %lld times, %s:", (unsigned)p->number, p->count,
            (long long)p->repeats, what);
    for (size_t i = 0; i < sizeof *a / sizeof *x; i++)
        if (x[i] != y[i])
            fprintf(stderr, " counter %d: %lld, exhaustively %lld;", (int)i, (long long)x[i],
                    (long long)y[i]);
    fprintf(stderr, "\n");
    return false;
}

static void skipping_repetitions_changes_no_counter(void)
{
    int64_t skipped = 0;

    for (uint32_t number = 0; number < PROGRAMS; number++) {
        program p = program_at(number);
        outcome quick = run_program(&p, false, NULL), slow = run_program(&p, true, NULL);
        CHECK_INT(slow.bodies, p.repeats);
        skipped += slow.bodies - quick.bodies;
        CHECK(same("all", &quick.all, &slow.all, &p));
        for (int i = 0; i < p.count; i++)
            CHECK(same("one operation", &quick.op[i], &slow.op[i], &p));
    }
    CHECK(skipped > PROGRAMS); /* there was something to skip */
}

/* Short products that wait for nothing made before overlap, and every other repetition may be
 * longer: what is counted of an operation must not be the last one's. */
static void repetitions_that_alternate_are_counted_each_for_itself(void)
{
    for (uint32_t number = 0; number < 4 * PROGRAMS; number++) {
        program p = program_at(number);
        outcome quick, slow;
        random_draws d = {.number = number, .drawn = 2000};
        p.count = 1;
        p.repeats = 29;
        p.op[0] = (operation){.product = random_product(&d, false), .times = 1};
        p.op[0].product.resident[SIM_LHS] = true;
        if (p.machine.dataflow == SIM_OS)
            p.op[0].product.split = SIM_SPLIT_TILES;
        quick = run_program(&p, false, NULL);
        slow = run_program(&p, true, NULL);
        CHECK(same("all", &quick.all, &slow.all, &p));
        CHECK(same("the operation", &quick.op[0], &slow.op[0], &p));
    }
}

static void every_cycle_of_every_unit_is_accounted_for_after_every_operation(void)
{
    for (uint32_t number = 0; number < PROGRAMS; number++) {
        program p = program_at(number);
        outcome o = run_program(&p, false, NULL);
        for (int i = 0; i <= p.count; i++) {
            const sim_counts *c = i < p.count ? &o.op[i] : &o.all;
            int64_t sum = c->streaming;
            for (int cause = 0; cause < SIM_IDLE_CAUSES; cause++) {
                CHECK(c->idle[cause] >= 0);
                sum += c->idle[cause];
            }
            CHECK_INT(sum, p.machine.units * c->cycles);
        }
    }
}

static void operations_do_their_work_whatever_stands_beside_them(void)
{
    for (uint32_t number = 0; number < PROGRAMS; number++) {
        program p = program_at(number);
        outcome o = run_program(&p, false, NULL);
        for (int i = 0; i < p.count; i++) {
            const operation *op = &p.op[i];
            int64_t times = op->times * p.repeats;
            sim_counts alone = {0};
            vsh_arena arena = {0};
            if (op->vector) {
                CHECK_INT(o.op[i].bytes_read, times * op->work.read_bytes);
                CHECK_INT(o.op[i].bytes_written, times * op->work.write_bytes);
                CHECK_INT(o.op[i].vector, times * op->work.cycles);
                continue;
            }
            REQUIRE_OK(sim_event_run(&arena, &p.machine, &op->product, &alone, &err), &err);
            vsh_arena_free(&arena);
            CHECK_INT(o.op[i].macs, times * alone.macs);
            CHECK_INT(o.op[i].folds, times * alone.folds);
            CHECK_INT(o.op[i].streaming, times * alone.streaming);
            CHECK_INT(o.op[i].vector, times * alone.vector);
            CHECK_INT(o.op[i].bytes_read, times * alone.bytes_read);
            CHECK_INT(o.op[i].bytes_written, times * alone.bytes_written);
        }
    }
}

/* ---- what is watched ----------------------------------------------------------------------- */

typedef struct {
    int64_t busy[SIM_LANE_UNITS], loading, streaming;
    int64_t end[SIM_LANE_UNITS + 16];
    bool overlap;
} lanes;

static void see(void *context, int lane, int64_t begin, int64_t end, int64_t repeats)
{
    lanes *l = context;

    CHECK_INT(repeats, 1);
    CHECK(lane != SIM_LANE_SKIPPED && begin < end);
    if (lane < SIM_LANE_UNITS)
        l->busy[lane] += end - begin;
    else
        *((lane - SIM_LANE_UNITS) % 2 ? &l->streaming : &l->loading) += end - begin;
    /* the channel is one for reads and writes */
    if (lane <= SIM_LANE_WRITE)
        lane = SIM_LANE_READ;
    l->overlap = l->overlap || begin < l->end[lane];
    l->end[lane] = end;
}

static void what_is_watched_is_what_is_counted_and_no_lane_is_taken_twice(void)
{
    for (uint32_t number = 0; number < PROGRAMS / 3; number++) {
        program p = program_at(number);
        lanes l = {{0}};
        sim_watcher watcher = {see, NULL, &l};
        outcome o = run_program(&p, true, &watcher);
        CHECK(!l.overlap);
        CHECK_INT(l.busy[SIM_LANE_READ], o.all.read);
        CHECK_INT(l.busy[SIM_LANE_WRITE], o.all.write);
        CHECK_INT(l.busy[SIM_LANE_VECTOR], o.all.vector);
        CHECK_INT(l.busy[SIM_LANE_TRANSPOSE], o.all.transposing);
        CHECK_INT(l.loading, o.all.loading);
        CHECK_INT(l.streaming, o.all.streaming);
    }
}

/* A stretch that was skipped is shown as one, with how often it stands for. */
static void see_skips(void *context, int lane, int64_t begin, int64_t end, int64_t repeats)
{
    int64_t *skips = context;

    if (lane == SIM_LANE_SKIPPED) {
        CHECK(repeats >= 1 && end >= begin);
        ++*skips;
    }
}

static void what_is_skipped_is_shown_and_watching_changes_nothing(void)
{
    int64_t skips = 0;

    for (uint32_t number = 0; number < PROGRAMS / 3; number++) {
        program p = program_at(number);
        sim_watcher watcher = {see_skips, NULL, &skips};
        outcome watched = run_program(&p, false, &watcher), alone = run_program(&p, false, NULL);
        CHECK(same("watched", &watched.all, &alone.all, &p));
    }
    CHECK(skips > PROGRAMS / 3);
}

/* ---- what waits for what ------------------------------------------------------------------- */

/* The last write of one operation and the first read of the next. */
typedef struct {
    bool second;
    int64_t last_write, first_read;
} order;

static void see_order(void *context, int lane, int64_t begin, int64_t end, int64_t repeats)
{
    order *o = context;

    (void)repeats;
    if (lane == SIM_LANE_WRITE && !(o->second && o->first_read >= 0))
        o->last_write = end;
    if (lane == SIM_LANE_READ && o->second && o->first_read < 0)
        o->first_read = begin;
}

/* A product and then another operation; the watcher sees both. done: when the product's results are
 * all out. */
static order watch_two(const sim_product *next, const sim_vector_work *work, int64_t *done)
{
    sim_machine m = sim_mesh(8, 8, SIM_WS, SIM_DOUBLE);
    sim_product first = sim_whole_product(64, 32, 16);
    order o = {.first_read = -1};
    sim_watcher watcher = {see_order, NULL, &o};
    vsh_arena arena = {0};
    sim_timeline *t;

    m.bytes_num = 16;
    m.bytes_den = 1;
    m.memory_latency = 50;
    first.block_n = 8;
    REQUIRE_OK(sim_timeline_open(&arena, &m, &watcher, false, &t, &err), &err);
    sim_timeline_product(t, &first, 1);
    *done = sim_timeline_counts(t).cycles;
    o.second = true;
    if (next)
        sim_timeline_product(t, next, 1);
    else
        sim_timeline_vector(t, work, 1);
    sim_timeline_close(t);
    vsh_arena_free(&arena);
    return o;
}

static void what_was_made_is_written_before_it_is_read_and_weights_need_not_wait(void)
{
    sim_product reads_lhs = sim_whole_product(64, 8, 32), reads_rhs = reads_lhs;
    sim_vector_work work = {.read_bytes = 100, .write_bytes = 100, .cycles = 10, .chunks = 2};
    int64_t done;
    order o;

    reads_lhs.resident[SIM_RHS] = reads_lhs.resident[SIM_OUT] = true;
    reads_rhs.resident[SIM_LHS] = reads_rhs.resident[SIM_OUT] = true;
    o = watch_two(&reads_lhs, NULL, &done);
    CHECK(o.first_read >= o.last_write + 50 && o.last_write > done);
    o = watch_two(NULL, &work, &done);
    CHECK(o.first_read >= o.last_write + 50 && o.last_write > done);
    o = watch_two(&reads_rhs, NULL, &done);
    CHECK(o.first_read >= 0 && o.first_read < done);
}

/* ---- one product --------------------------------------------------------------------------- */

static sim_counts run_one(const sim_machine *m, const sim_product *p, int64_t times)
{
    vsh_arena arena = {0};
    sim_timeline *t;
    sim_counts counts;

    REQUIRE_OK(sim_timeline_open(&arena, m, NULL, false, &t, &err), &err);
    sim_timeline_product(t, p, times);
    counts = sim_timeline_close(t);
    vsh_arena_free(&arena);
    return counts;
}

static void a_product_alone_on_a_timeline_is_the_event_engines(void)
{
    for (uint32_t number = 0; number < CASES; number++) {
        random_case c = random_case_at(number);
        sim_machine m = c.machine;
        sim_product p = sim_product_oriented(&c.product, &m);
        sim_counts timeline = run_one(&m, &p, 1), event;
        vsh_arena arena = {0};
        REQUIRE_OK(sim_event_run(&arena, &m, &p, &event, &err), &err);
        vsh_arena_free(&arena);
        CHECK(memcmp(&timeline, &event, sizeof event) == 0);
    }
}

/* Independent executions are prefetched across: never longer than one after another, with the
 * bubble of a change of tile between. */
static void executions_side_by_side_are_not_longer_than_one_by_one(void)
{
    for (uint32_t number = 0; number < CASES; number++) {
        random_case c = random_case_at(number);
        sim_machine m = c.machine;
        sim_product p = sim_product_oriented(&c.product, &m);
        sim_counts one = run_one(&m, &p, 1), seven = run_one(&m, &p, 7);
        if (seven.cycles > 7 * one.cycles + 6 * m.bubble)
            random_case_print(stderr, &c);
        CHECK(seven.cycles <= 7 * one.cycles + 6 * m.bubble);
        CHECK(seven.cycles * m.units >= seven.streaming);
        CHECK_INT(seven.macs, 7 * one.macs);
    }
}

/* More work on each result is never faster, and is work of the vector unit alone. */
static void work_on_results_is_the_vector_units(void)
{
    for (uint32_t number = 0; number < CASES; number++) {
        random_case c = random_case_at(number);
        sim_machine m = c.machine;
        sim_product p = sim_product_oriented(&c.product, &m);
        sim_counts some, more;
        if (!m.vector_rate)
            continue;
        p.result_work = 1;
        some = run_one(&m, &p, 1);
        p.result_work = 7;
        more = run_one(&m, &p, 1);
        CHECK(more.cycles >= some.cycles);
        CHECK(more.vector >= some.vector && more.vector <= 7 * some.vector);
        CHECK_INT(more.streaming, some.streaming);
        CHECK_INT(more.bytes_read, some.bytes_read);
    }
}

/* A transposed lhs passes the transpose unit: the same bytes, never sooner. */
static void a_transposed_lhs_costs_the_transpose_unit_and_nothing_else(void)
{
    int64_t passed = 0;

    for (uint32_t number = 0; number < CASES; number++) {
        random_case c = random_case_at(number);
        sim_machine m = c.machine;
        sim_product p = sim_product_oriented(&c.product, &m);
        sim_counts plain, turned;
        p.transposed = false;
        plain = run_one(&m, &p, 1);
        p.transposed = true;
        turned = run_one(&m, &p, 1);
        CHECK(turned.cycles >= plain.cycles);
        CHECK_INT(plain.transposing, 0);
        CHECK_INT(turned.bytes_read, plain.bytes_read);
        CHECK_INT(turned.streaming, plain.streaming);
        if (!m.bytes_num || p.resident[SIM_LHS])
            CHECK_INT(turned.cycles, plain.cycles);
        passed += turned.transposing > 0;
    }
    CHECK(passed > CASES / 10);
}

const vsh_test vsh_tests[] = {
    {"skipping_repetitions_changes_no_counter", skipping_repetitions_changes_no_counter},
    {"repetitions_that_alternate_are_counted_each_for_itself",
     repetitions_that_alternate_are_counted_each_for_itself},
    {"every_cycle_of_every_unit_is_accounted_for_after_every_operation",
     every_cycle_of_every_unit_is_accounted_for_after_every_operation},
    {"operations_do_their_work_whatever_stands_beside_them",
     operations_do_their_work_whatever_stands_beside_them},
    {"what_is_watched_is_what_is_counted_and_no_lane_is_taken_twice",
     what_is_watched_is_what_is_counted_and_no_lane_is_taken_twice},
    {"what_is_skipped_is_shown_and_watching_changes_nothing",
     what_is_skipped_is_shown_and_watching_changes_nothing},
    {"what_was_made_is_written_before_it_is_read_and_weights_need_not_wait",
     what_was_made_is_written_before_it_is_read_and_weights_need_not_wait},
    {"a_product_alone_on_a_timeline_is_the_event_engines",
     a_product_alone_on_a_timeline_is_the_event_engines},
    {"executions_side_by_side_are_not_longer_than_one_by_one",
     executions_side_by_side_are_not_longer_than_one_by_one},
    {"work_on_results_is_the_vector_units", work_on_results_is_the_vector_units},
    {"a_transposed_lhs_costs_the_transpose_unit_and_nothing_else",
     a_transposed_lhs_costs_the_transpose_unit_and_nothing_else},
    {NULL, NULL}};
