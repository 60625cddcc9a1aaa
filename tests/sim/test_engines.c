#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "tests/sim/random_case.h"

const char vsh_suite[] = "sim/engines";

static vsh_error err;

/* Sanitized code is eight times slower. */
#ifdef __SANITIZE_ADDRESS__
enum { CASES = 5000, LARGE_CASES = 20 };
#else
enum { CASES = 20000, LARGE_CASES = 100 };
#endif

static const char *const count_words[] = {
    "cycles",        "last_mac",    "steps",      "folds",       "macs",          "streaming",
    "loading",       "vector",      "read",       "write",       "transposing",   "bytes_read",
    "bytes_written", "idle bubble", "idle head",  "idle memory", "idle overhead", "idle vector",
    "idle weights",  "idle fill",   "idle units", "idle tail"};
enum { COUNTS = sizeof count_words / sizeof *count_words };
_Static_assert(sizeof(sim_counts) == COUNTS * sizeof(int64_t), "every counter has a word");

static sim_counts run(sim_engine_run *engine, const random_case *c)
{
    sim_machine machine = c->machine;
    sim_product product = sim_product_oriented(&c->product, &machine);
    sim_counts counts;
    vsh_arena arena = {0};
    vsh_status status;

    REQUIRE_OK(sim_check(&machine, &product, &err), &err);
    status = engine(&arena, &machine, &product, &counts, &err);
    vsh_arena_free(&arena);
    REQUIRE_OK(status, &err);
    return counts;
}

/* The counters and the names, one beside the other. */
static bool same(const sim_counts *got, const sim_counts *want, const random_case *c)
{
    const int64_t *g = (const int64_t *)got, *w = (const int64_t *)want;

    if (memcmp(got, want, sizeof *got) == 0)
        return true;
    random_case_print(stderr, c);
    for (size_t i = 0; i < COUNTS; i++)
        if (g[i] != w[i])
            fprintf(stderr, "  %s: %lld, expected %lld\n", count_words[i], (long long)g[i],
                    (long long)w[i]);
    return false;
}

static void event_and_reference_agree_in_every_counter(void)
{
    int differ = 0;

    for (uint32_t n = 0; n < CASES && differ < 5; n++) {
        random_case c = random_case_at(n);
        sim_counts event = run(sim_event_run, &c), reference = run(sim_reference_run, &c);

        differ += !same(&event, &reference, &c);
    }
    CHECK_INT(differ, 0);
}

/* What repeats is not simulated again by the event engine: hundreds of steps of the same kind. */
static void they_agree_when_repetitions_are_skipped(void)
{
    int differ = 0;

    for (uint32_t n = 0; n < LARGE_CASES && differ < 5; n++) {
        random_case c = random_case_of(n, true);
        sim_counts event = run(sim_event_run, &c), reference = run(sim_reference_run, &c);

        differ += !same(&event, &reference, &c);
    }
    CHECK_INT(differ, 0);
}

/* What the random cases are made of: none of the counters is always nothing. */
static void the_cases_wait_for_everything_that_can_be_waited_for(void)
{
    int seen[COUNTS] = {0};

    for (uint32_t n = 0; n < CASES; n++) {
        random_case c = random_case_at(n);
        sim_counts counts = run(sim_event_run, &c);

        for (size_t i = 0; i < COUNTS; i++)
            seen[i] += ((const int64_t *)&counts)[i] > 0;
    }
    for (size_t i = 0; i < COUNTS; i++)
        if (seen[i] < CASES / 20) {
            fprintf(stderr, "%s: %d cases\n", count_words[i], seen[i]);
            CHECK(seen[i] >= CASES / 20);
        }
}

/* The closed form claims times on ideal memory without work for the vector unit, and what is moved
 * and streamed always. */
static void closed_is_the_event_engine_where_memory_is_ideal(void)
{
    int differ = 0;

    for (uint32_t n = 0; n < CASES && differ < 5; n++) {
        random_case c = random_case_at(n);
        sim_counts closed, event;

        if (n % 4) {
            c.machine.bytes_num = 0;
            c.machine.vector_rate = 0;
        }
        closed = run(sim_closed_run, &c);
        event = run(sim_event_run, &c);
        if (c.machine.bytes_num > 0 || c.machine.vector_rate > 0) {
            closed.cycles = event.cycles;
            closed.last_mac = event.last_mac;
        }
        closed.transposing = event.transposing;
        memcpy(closed.idle, event.idle, sizeof closed.idle); /* causes are not its own */
        differ += !same(&closed, &event, &c);
    }
    CHECK_INT(differ, 0);
}

/* ---- conservation -------------------------------------------------------------------------- */

static int64_t blocks(int64_t side, int64_t block) { return (side + block - 1) / block; }

/* What is fetched of an operand of `elements` when another dimension is cut into `times` blocks:
 * once when its block stays for all of them, each time otherwise. */
static int64_t fetched(const sim_product *p, sim_operand operand)
{
    int64_t times_m = blocks(p->m, p->block_m), times_n = blocks(p->n, p->block_n);
    bool whole_k = p->block_k == p->k;
    int64_t times = operand == SIM_LHS ? times_n : times_m;
    int64_t elements = (operand == SIM_LHS ? p->m : p->n) * p->k;
    bool stays = operand == SIM_LHS ? !p->n_outer || times_m == 1 : p->n_outer || times_n == 1;

    if (whole_k && stays)
        times = 1;
    return p->resident[operand] ? 0 : times * elements * p->element_bytes[operand];
}

static void nothing_is_lost(void)
{
    for (uint32_t n = 0; n < CASES; n++) {
        random_case c = random_case_at(n);
        sim_counts counts = run(sim_event_run, &c);
        const sim_product *p = &c.product;
        int64_t unit_cycles = counts.streaming;
        sim_product turned;
        sim_machine machine = c.machine;

        for (int i = 0; i < SIM_IDLE_CAUSES; i++) {
            REQUIRE(counts.idle[i] >= 0);
            unit_cycles += counts.idle[i];
        }
        REQUIRE(unit_cycles == c.machine.units * counts.cycles);
        REQUIRE(counts.macs == p->m * p->n * p->k);
        REQUIRE(counts.bytes_written ==
                (p->resident[SIM_OUT] ? 0 : p->m * p->n * p->element_bytes[SIM_OUT]));
        turned = sim_product_oriented(p, &machine);
        REQUIRE(counts.bytes_read == fetched(&turned, SIM_LHS) + fetched(&turned, SIM_RHS));
        REQUIRE(counts.last_mac <= counts.cycles);
    }
}

/* ---- less of something is never faster ----------------------------------------------------- */

static void less_bandwidth(sim_machine *m)
{
    if (m->bytes_num == 0) {
        m->bytes_num = 64;
        m->bytes_den = 1;
    } else {
        m->bytes_num *= 2;
        m->bytes_den *= 3;
    }
}
static void less_buffers(sim_machine *m) { m->buffers -= m->buffers > 1; }
static void less_result_buffers(sim_machine *m) { m->result_buffers -= m->result_buffers > 1; }
static void more_memory_latency(sim_machine *m) { m->memory_latency += 3; }
static void more_latency(sim_machine *m) { m->latency += 2; }
static void more_load(sim_machine *m) { m->load += 1; }
static void more_bubble(sim_machine *m) { m->bubble += 1; }
static void more_overhead(sim_machine *m) { m->step_overhead += 2; }
static void more_transpose(sim_machine *m) { m->transpose += 2; }
static void less_vector(sim_machine *m)
{
    m->vector_rate = m->vector_rate == 0 ? 50 : m->vector_rate - (m->vector_rate > 1);
}
static void no_accumulators(sim_machine *m) { m->accumulators = false; }
/* An os array whose results were out before R cycles could show them would gain. */
static void not_double(sim_machine *m)
{
    if (m->policy == SIM_DOUBLE && (m->dataflow != SIM_OS || m->latency >= m->rows))
        m->policy = SIM_SERIAL;
}

static void less_of_anything_is_never_faster(void)
{
    static const struct {
        const char *name;
        void (*change)(sim_machine *machine);
    } laws[] = {{"bandwidth", less_bandwidth},
                {"buffers", less_buffers},
                {"result buffers", less_result_buffers},
                {"memory latency", more_memory_latency},
                {"latency", more_latency},
                {"load", more_load},
                {"bubble", more_bubble},
                {"step overhead", more_overhead},
                {"transpose", more_transpose},
                {"vector rate", less_vector},
                {"accumulators", no_accumulators},
                {"double buffered registers", not_double}};
    int faster = 0;

    for (uint32_t n = 0; n < CASES && faster < 5; n++)
        for (size_t law = 0; law < sizeof laws / sizeof *laws; law++) {
            random_case c = random_case_at(n), less = c;

            laws[law].change(&less.machine);
            if (run(sim_event_run, &less).cycles >= run(sim_event_run, &c).cycles)
                continue;
            fprintf(stderr, "faster with less: %s\n", laws[law].name);
            random_case_print(stderr, &c);
            faster++;
        }
    CHECK_INT(faster, 0);
}

const vsh_test vsh_tests[] = {
    {"event_and_reference_agree_in_every_counter", event_and_reference_agree_in_every_counter},
    {"they_agree_when_repetitions_are_skipped", they_agree_when_repetitions_are_skipped},
    {"the_cases_wait_for_everything_that_can_be_waited_for",
     the_cases_wait_for_everything_that_can_be_waited_for},
    {"closed_is_the_event_engine_where_memory_is_ideal",
     closed_is_the_event_engine_where_memory_is_ideal},
    {"nothing_is_lost", nothing_is_lost},
    {"less_of_anything_is_never_faster", less_of_anything_is_never_faster},
    {NULL, NULL}};
