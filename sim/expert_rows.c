#include "sim/expert_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/lines.h"

enum { FILE_BYTES_MAX = 1 << 20 };

/* Rows of one expert, to whole rows by largest remainder. */
typedef struct {
    int64_t rows;
    double remainder;
} expert;

static int by_remainder(const void *a, const void *b)
{
    double x = ((const expert *)a)->remainder, y = ((const expert *)b)->remainder;

    return (x < y) - (x > y);
}

static int by_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* Rows by share, none above tokens: a token's experts are all different. What is above goes to the
 * others, again by share; to experts without a share when no others are left. */
static void cap_rows(double *rows, const double *share, int64_t experts, double tokens)
{
    for (int64_t round = 0; round < experts; round++) {
        double above = 0, open = 0, idle = 0;
        for (int64_t i = 0; i < experts; i++) {
            above += fmax(0, rows[i] - tokens);
            rows[i] = fmin(rows[i], tokens);
            open += rows[i] < tokens ? share[i] : 0;
            idle += rows[i] < tokens ? 1 : 0;
        }
        if (above < 0.5 || idle == 0)
            return;
        for (int64_t i = 0; i < experts; i++)
            if (rows[i] < tokens)
                rows[i] += above * (open > 0 ? share[i] / open : 1 / idle);
    }
}

/* Whole rows that sum to routed, by largest remainder. */
static void round_rows(const double *exact, expert *each, int64_t experts, int64_t routed,
                       int64_t *rows)
{
    int64_t given = 0;

    for (int64_t i = 0; i < experts; i++) {
        each[i] = (expert){(int64_t)floor(exact[i]), exact[i] - floor(exact[i])};
        given += each[i].rows;
    }
    qsort(each, (size_t)experts, sizeof *each, by_remainder);
    for (int64_t i = 0; i < experts; i++)
        rows[i] = each[i].rows + (given + i < routed);
}

vsh_status sim_expert_rows(vsh_arena *arena, const sim_step *step, int64_t experts, int64_t **rows,
                           vsh_error *err)
{
    const vsh_experts *e = &step->model->experts;
    int64_t tokens = step->work.sequences * step->work.seq, routed = tokens * e->top_k;
    expert *each = vsh_alloc(arena, (size_t)experts, sizeof *each);
    double *exact = vsh_alloc(arena, (size_t)experts, sizeof *exact), sum = 0;

    *rows = vsh_alloc(arena, (size_t)experts, sizeof **rows);
    if (!each || !exact || !*rows)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (step->load->count != experts)
        return vsh_fail(err, VSH_EINPUT, "%s: shares of %lld experts, and the model has %lld",
                        step->load->name, (long long)step->load->count, (long long)experts);
    for (int64_t i = 0; i < experts; i++)
        sum += step->load->share[i];
    for (int64_t i = 0; i < experts; i++)
        exact[i] = (double)routed * step->load->share[i] / sum;
    cap_rows(exact, step->load->share, experts, (double)tokens);
    round_rows(exact, each, experts, routed, *rows);
    if (e->capacity > 0)
        for (int64_t i = 0; i < experts; i++)
            (*rows)[i] = (int64_t)ceil(e->capacity * (double)routed / (double)experts);
    qsort(*rows, (size_t)experts, sizeof **rows, by_rows);
    return VSH_OK;
}

/* Expert number r of Zipf's law gets a share in proportion to 1 / r. */
static vsh_status zipf(vsh_arena *arena, const vsh_model *model, sim_expert_load *load,
                       vsh_error *err)
{
    double *share = vsh_alloc(arena, (size_t)model->experts.count, sizeof *share);

    if (!share)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int64_t i = 0; i < model->experts.count; i++)
        share[i] = 1 / (double)(i + 1);
    *load = (sim_expert_load){"zipf", share, model->experts.count};
    return VSH_OK;
}

/* One share a line. */
static vsh_status parse_shares(vsh_lines *lines, const vsh_model *model, double *share,
                               vsh_error *err)
{
    const char *path = lines->path;
    int64_t found = 0;
    double sum = 0;

    for (char *line; (line = vsh_lines_next(lines));) {
        line[strcspn(line, "#")] = '\0';
        line = vsh_trim(line);
        if (!*line)
            continue;
        if (found == model->experts.count)
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: more shares than the model's %lld experts",
                            path, (long long)lines->line, (long long)model->experts.count);
        if (!vsh_parse_real(line, &share[found]) || share[found] < 0 || share[found] > 1e15)
            return vsh_fail(err, VSH_EINPUT,
                            "%s:%lld: expected a share of the rows, at least 0, got \"%.40s\"",
                            path, (long long)lines->line, line);
        sum += share[found++];
    }
    if (found < model->experts.count)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: expected a share for each of %lld experts, found %lld", path,
                        (long long)model->experts.count, (long long)found);
    return sum > 0 ? VSH_OK : vsh_fail(err, VSH_EINPUT, "%s: all shares are zero", path);
}

vsh_status sim_expert_load_read(vsh_arena *arena, const char *word, const vsh_model *model,
                                sim_expert_load *load, vsh_error *err)
{
    vsh_text text = {.arena = arena};
    vsh_lines lines;
    double *share;

    *load = (sim_expert_load){"even", NULL, model->experts.count};
    if (!word || strcmp(word, "even") == 0)
        return VSH_OK;
    if (model->experts.count == 0)
        return vsh_fail(err, VSH_EINPUT, "--experts-load: %s has no experts", model->name);
    if (strcmp(word, "zipf") == 0)
        return zipf(arena, model, load, err);
    share = vsh_alloc(arena, (size_t)model->experts.count, sizeof *share);
    if (!share)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (vsh_file_read_bounded(word, FILE_BYTES_MAX, &text) != VSH_READ_DONE ||
        text.length > FILE_BYTES_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "--experts-load: expected even, zipf or a file of shares of at most 1 MiB, "
                        "and \"%.80s\" cannot be read",
                        word);
    if (text.length != strlen(vsh_text_string(&text)))
        return vsh_fail(err, VSH_EINPUT, "%s: not a text file", word);
    if (text.length == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: empty", word);
    VSH_TRY(vsh_lines_of(arena, word, text.data, text.length, &lines, err));
    VSH_TRY(parse_shares(&lines, model, share, err));
    *load = (sim_expert_load){word, share, model->experts.count};
    return VSH_OK;
}
