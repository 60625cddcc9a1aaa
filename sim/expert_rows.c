#include "sim/expert_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"

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
static vsh_status parse_shares(const char *path, char *text, const vsh_model *model, double *share,
                               vsh_error *err)
{
    int64_t found = 0, line = 0;
    double sum = 0;

    for (char *next = text, *at = text; at; at = next) {
        next = strchr(at, '\n');
        if (next)
            *next++ = '\0';
        line++;
        at[strcspn(at, "#")] = '\0';
        at += strspn(at, " \t\r");
        for (size_t end = strlen(at); end && strchr(" \t\r", at[end - 1]);)
            at[--end] = '\0';
        if (!*at)
            continue;
        if (found == model->experts.count)
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: more shares than the model's %lld experts",
                            path, (long long)line, (long long)model->experts.count);
        if (!vsh_parse_real(at, &share[found]) || share[found] < 0 || share[found] > 1e15)
            return vsh_fail(err, VSH_EINPUT,
                            "%s:%lld: expected a share of the rows, at least 0, got \"%.40s\"",
                            path, (long long)line, at);
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
    struct stat there;
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
    if (stat(word, &there) != 0 || !S_ISREG(there.st_mode) || there.st_size > FILE_BYTES_MAX ||
        vsh_file_read(word, &text, err) != VSH_OK)
        return vsh_fail(err, VSH_EINPUT,
                        "--experts-load: expected even, zipf or a file of shares of at most 1 MiB, "
                        "and \"%.80s\" cannot be read",
                        word);
    if (text.length != strlen(vsh_text_string(&text)))
        return vsh_fail(err, VSH_EINPUT, "%s: not a text file", word);
    if (text.length)
        VSH_TRY(parse_shares(word, text.data, model, share, err));
    else
        return vsh_fail(err, VSH_EINPUT, "%s: empty", word);
    *load = (sim_expert_load){word, share, model->experts.count};
    return VSH_OK;
}
