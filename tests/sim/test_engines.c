#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "tests/sim/random_case.h"

const char vsh_suite[] = "sim/engines";

static vsh_error err;

/* Sanitized code is ten times slower. */
#ifdef __SANITIZE_ADDRESS__
enum { CASES = 2000 };
#else
enum { CASES = 12000 };
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

const vsh_test vsh_tests[] = {
    {"event_and_reference_agree_in_every_counter", event_and_reference_agree_in_every_counter},
    {NULL, NULL}};
