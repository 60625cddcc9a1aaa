#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/sort.h"
#include "trainer/train_validate.h"

/* What the errors of one quantity are over all configurations; medians and worst without sign. */
typedef struct {
    int count;
    double median, worst;
} errors;

static const vsh_validate_check *at(const validation *v, int run, int quantity)
{
    return &v->check[run * VSH_VALIDATE_QUANTITIES + quantity];
}

/* Of those whose measurement was not disturbed. */
static errors gather(const validation *v, int quantity, bool simulated, double *room)
{
    errors e = {0};

    for (int i = 0; i < v->runs; i++) {
        const vsh_validate_check *c = at(v, i, quantity);
        double error = simulated ? c->simulated_error : c->rel_error;
        if (isfinite(error) && c->verdict != VSH_CHECK_UNDECIDED)
            room[e.count++] = fabs(error);
    }
    vsh_sort_reals(room, e.count);
    e.median = e.count ? room[e.count / 2] : (double)NAN;
    e.worst = e.count ? room[e.count - 1] : (double)NAN;
    return e;
}

/* Two digits, never a power of ten. */
static vsh_figure_text percent(double share)
{
    vsh_figure_text text;

    snprintf(text.text, sizeof text.text, share < 0.1 ? "%.2g %%" : "%.0f %%", 100 * share);
    return text;
}

static void cell(const errors *e, vsh_text *out)
{
    if (!e->count)
        vsh_text_add(out, " - |");
    else if (e->worst == 0)
        vsh_text_add(out, " exact |");
    else
        vsh_text_add(out, " %s, at worst %s |", percent(e->median).text, percent(e->worst).text);
}

static void row(const validation *v, int quantity, double *room, vsh_text *out)
{
    const vsh_validate_check *first = at(v, 0, quantity);
    errors predicted = gather(v, quantity, false, room), simulated;

    simulated = gather(v, quantity, true, room);
    vsh_text_add(out, "| %s | %d |", first->quantity, predicted.count);
    cell(&predicted, out);
    cell(&simulated, out);
    if (first->tolerance == 0)
        vsh_text_add(out, " exact |\n");
    else
        vsh_text_add(out, " %.0f %% |\n", 100 * first->tolerance);
}

vsh_status train_write_validation_table(const validation *v, const char *folder, vsh_error *err)
{
    vsh_arena *arena = v->session->arena;
    const char *path = vsh_path_join(arena, folder, "table.md");
    double *room = vsh_alloc(arena, (size_t)v->runs + 1, sizeof *room);
    vsh_text out = {.arena = arena};

    if (!path || !room)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_text_add(
        &out, "| quantity | judged | predicted | simulated | let pass |\n|---|---|---|---|---|\n");
    for (int q = 0; q < VSH_VALIDATE_QUANTITIES; q++)
        row(v, q, room, &out);
    vsh_text_add(&out,
                 "\n%d configurations, %d checks passed, %d failed, %d undecided. %s, %" PRId64
                 " threads, version %s.\n",
                 v->runs, v->passed, v->failed, v->checks - v->passed - v->failed, v->machine.name,
                 v->threads, v->session->version);
    return vsh_file_write(path, &out, err);
}
