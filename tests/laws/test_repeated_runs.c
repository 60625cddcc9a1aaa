/* The data-constrained law against the published runs it is about: 157 runs of
 * huggingface/datablations@1370131 on C4, some of which are variants (seed, opt) of one
 * point. What was found:
 *
 *   where the verdict is valid      70 runs: they lie 0.214 nats above the law (median; 10 to 90 %
 *                                   0.178 to 0.373); with that removed none is off by more than
 *                                   0.42, and 81 % are within 0.1
 *   the same, 29 variants left out  41 runs: offset 0.227, none off by more than 0.41, 71 % within
 *                                   0.1: the variants are of long runs, which the law knows best
 *   where it is not                 87 runs: up to 6.9 off, 23 % within 0.1
 *
 * All runs are of one corpus and tokenizer, so one offset serves. The valid runs that are off by
 * more than 0.1 all lie above it and are short or lopsided: 8.7 B parameters on 12 B tokens
 * (+0.42), 83 M on 20 B (+0.34), 3.9 B on 26 B (+0.30), and runs of 2.7 B to 12 B tokens. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "planner/laws/muennighoff2023.h"
#include "tests/harness.h"

const char vsh_suite[] = "repeated_runs";

#define PATH "../shared/reference/loss_repeated_data_runs.csv"

enum { RUNS_MAX = 400, COLUMNS = 12 };

typedef struct {
    vsh_point at;
    double loss, off; /* measured; measured minus law */
    bool valid, variant;
} run;

typedef struct {
    run run[RUNS_MAX];
    int count;
} table;

static int column_of(char *header[COLUMNS], const char *name)
{
    for (int i = 0; i < COLUMNS; i++)
        if (strcmp(header[i], name) == 0)
            return i;
    REQUIRE(!"a column of this name");
    return 0;
}

static void split(char *line, char *cell[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        REQUIRE(line != NULL);
        cell[i] = line;
        line = strchr(line, ',');
        if (line)
            *line++ = '\0';
    }
}

static run read_run(char *header[COLUMNS], char *cell[COLUMNS])
{
    run r = {.at = {strtod(cell[column_of(header, "params")], NULL),
                    strtod(cell[column_of(header, "tokens")], NULL),
                    strtod(cell[column_of(header, "unique_tokens")], NULL), 1, 0},
             .loss = strtod(cell[column_of(header, "val_loss_nats")], NULL)};
    const char *name = cell[column_of(header, "run_name")];
    char reason[160];

    CHECK_TEXT(cell[column_of(header, "dataset")], "c4");
    r.variant = strstr(name, "seed") || strstr(name, "opt");
    r.valid = vsh_law_valid(&vsh_muennighoff2023, &r.at, reason, sizeof reason);
    r.off = r.loss - vsh_law_loss(&vsh_muennighoff2023, &r.at);
    return r;
}

/* False, with a word why, where the runs are not at hand. */
static bool read_runs(table *t)
{
    vsh_lines lines;
    vsh_error err;
    char *header[COLUMNS], *cell[COLUMNS], *line;

    t->count = 0;
    if (vsh_lines_read(vsh_test_arena(), PATH, 1 << 20, &lines, &err) != VSH_OK) {
        vsh_skip("the published runs are not here");
        return false;
    }
    split(vsh_lines_next(&lines), header);
    while ((line = vsh_lines_next(&lines)) && *line) {
        REQUIRE(t->count < RUNS_MAX);
        split(line, cell);
        t->run[t->count++] = read_run(header, cell);
    }
    CHECK_INT(t->count, 157);
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How the runs that a question admits lie about the law. */
typedef struct {
    int count;
    double offset, low, high; /* median, 10 and 90 % of measured minus law */
    double most, within;      /* with the offset removed: the largest; the share within 0.1 */
} lie;

static lie judge(const table *t, bool valid, bool variants, double offset)
{
    double off[RUNS_MAX];
    lie l = {0};

    for (int i = 0; i < t->count; i++)
        if (t->run[i].valid == valid && (variants || !t->run[i].variant))
            off[l.count++] = t->run[i].off;
    REQUIRE(l.count > 10);
    qsort(off, (size_t)l.count, sizeof *off, by_value);
    l.offset = (off[(l.count - 1) / 2] + off[l.count / 2]) / 2;
    l.low = off[l.count / 10];
    l.high = off[9 * l.count / 10];
    if (isnan(offset))
        offset = l.offset;
    for (int i = 0; i < l.count; i++) {
        l.most = fmax(l.most, fabs(off[i] - offset));
        l.within += fabs(off[i] - offset) <= 0.1 ? 1.0 / l.count : 0;
    }
    return l;
}

/* ---- claims ------------------------------------------------------------------------------------
 */

static void the_verdict_is_twenty_of_either_ratio_and_two_billion_tokens(void)
{
    static table t;
    double G = pow(520.8249516599187 / 1487.716093782861, 1 / (2 * 0.3526596));

    if (!read_runs(&t))
        return;
    for (int i = 0; i < t.count; i++) {
        const vsh_point *p = &t.run[i].at;
        double R_N = p->params / fmin(p->params, p->unique * G * G) - 1;
        double R_D = p->tokens / p->unique - 1;
        CHECK(t.run[i].valid == (R_N <= 20 && R_D <= 20 && p->tokens >= 2e9));
    }
}

static void valid_runs_lie_about_the_law_and_one_offset(void)
{
    static table t;
    lie l;

    if (!read_runs(&t))
        return;
    l = judge(&t, true, true, NAN);
    CHECK_INT(l.count, 70);
    CHECK(l.most <= 0.5);
    CHECK(l.within >= 0.8);
    CHECK_NEAR(l.most, 0.42, 0, 0.005);
    CHECK_NEAR(l.within, 0.814, 0, 0.005);
}

static void the_law_ships_the_offset_that_was_measured(void)
{
    static table t;
    const vsh_law *law = &vsh_muennighoff2023;
    double squares = 0;
    lie l;

    if (!read_runs(&t))
        return;
    l = judge(&t, true, true, NAN);
    CHECK_NEAR(law->offset, l.offset, 0, 0.0006);
    CHECK_NEAR(law->offset_low, l.low, 0, 0.0006);
    CHECK_NEAR(law->offset_high, l.high, 0, 0.0006);
    CHECK_INT(law->offset_runs, l.count);
    for (int i = 0; i < t.count; i++)
        if (t.run[i].valid)
            squares += pow((t.run[i].off - l.offset) / t.run[i].loss, 2) / l.count;
    CHECK_NEAR(law->residual_sd, sqrt(squares), 0.2, 0);
}

static void variants_of_one_point_flatter_the_law(void)
{
    static table t;
    lie l;

    if (!read_runs(&t))
        return;
    l = judge(&t, true, false, NAN);
    CHECK_INT(l.count, 41);
    CHECK_NEAR(l.offset, 0.227, 0, 0.001);
    CHECK(l.most <= 0.5);
    CHECK_NEAR(l.within, 0.707, 0, 0.005);
}

static void runs_outside_the_region_are_far_from_the_law(void)
{
    static table t;
    lie l;

    if (!read_runs(&t))
        return;
    l = judge(&t, false, true, vsh_muennighoff2023.offset);
    CHECK_INT(l.count, 87);
    CHECK(l.most > 6.9);
    CHECK(l.within < 0.25);
}

const vsh_test vsh_tests[] = {
    {"the_verdict_is_twenty_of_either_ratio_and_two_billion_tokens",
     the_verdict_is_twenty_of_either_ratio_and_two_billion_tokens},
    {"valid_runs_lie_about_the_law_and_one_offset", valid_runs_lie_about_the_law_and_one_offset},
    {"the_law_ships_the_offset_that_was_measured", the_law_ships_the_offset_that_was_measured},
    {"variants_of_one_point_flatter_the_law", variants_of_one_point_flatter_the_law},
    {"runs_outside_the_region_are_far_from_the_law", runs_outside_the_region_are_far_from_the_law},
    {NULL, NULL}};
