/* The table of tests/sim/silicon.h: every published measurement of a TPU at hand beside what the
 * simulator says of it, and the median and worst error of each chip, rows that fitted a constant of
 * its profile and rows held out apart. */
#include "tests/sim/silicon.h"

static const char *const kinds[SILICON_KINDS] = {"fitted", "held out", "unsteady"};

static void print_chip(const silicon_table *t, const char *chip)
{
    for (int i = 0; i < t->count; i++) {
        const silicon_row *r = &t->row[i];
        if (strcmp(r->chip, chip) == 0)
            printf("  %-8s %-46s %10.5g %10.5g %-6s %+6.1f %%  %s\n", r->chip, r->what,
                   r->simulated, r->measured, r->unit, 100 * silicon_error(r), kinds[r->kind]);
    }
}

static void print_errors(const silicon_table *t, const char *chip)
{
    for (silicon_kind kind = SILICON_FITTED; kind < SILICON_KINDS; kind++) {
        silicon_errors e = silicon_judge(t, chip, 1U << kind);
        if (e.count)
            printf("  %-8s %-8s %3d rows: median %5.1f %%, worst %5.1f %%\n", chip, kinds[kind],
                   e.count, 100 * e.median, 100 * e.worst);
    }
}

/* The 8192 cubed product without a dispatch, as device time. */
static vsh_status read_v6e_host(silicon_table *t, vsh_error *err)
{
    return silicon_v6e_host(t, false, err);
}

int main(void)
{
    static const char *const chips[] = {"TPU v4", "TPU v5e", "TPU v6e", "grouped"};
    static vsh_status (*const read[])(silicon_table *, vsh_error *) = {
        silicon_v4, silicon_v5e, silicon_v6e, read_v6e_host, silicon_grouped};
    vsh_arena arena = {0};
    silicon_table table = {.arena = &arena};
    vsh_error err;

    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        if (read[i](&table, &err) != VSH_OK) {
            printf("  published measurements: %s\n", err.text);
            vsh_arena_free(&arena);
            return 0;
        }
    printf("  %-8s %-46s %10s %10s\n", "chip", "product m x n x k", "simulated", "measured");
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        print_chip(&table, chips[i]);
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        print_errors(&table, chips[i]);
    vsh_arena_free(&arena);
    return 0;
}
