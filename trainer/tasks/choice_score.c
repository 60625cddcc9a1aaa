#include "trainer/tasks/choice_score.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of a product from which on more make it no faster. */
enum { TOKENS_SIDE_BY_SIDE = 2048 };

/* ---- ids ---------------------------------------------------------------------------------- */

/* A row before it is known whether another is equal; who asks. */
typedef struct {
    vsh_choice_row row;
    const int32_t *const *id; /* of all rows, where the growing array has them now */
    int64_t asked;
} drafted;

typedef struct {
    vsh_arena *arena;
    const vsh_tokenizer *tokenizer;
    vsh_ids ids;
    drafted *draft;
    int64_t drafts, length_max, cut;
    bool neutral; /* what follows are rows beside the choices */
    const int32_t *id;
} encoder;

static vsh_status encode_row(encoder *e, const char *prompt, const char *choice, vsh_error *err)
{
    drafted *d = &e->draft[e->drafts];
    int32_t end = vsh_tokenizer_end(e->tokenizer);
    int64_t begin = e->ids.count, choice_begin, over;

    VSH_TRY(vsh_ids_add(&e->ids, &end, 1, err));
    VSH_TRY(vsh_tokenizer_encode(e->tokenizer, prompt, strlen(prompt), &e->ids, err));
    choice_begin = e->ids.count;
    VSH_TRY(vsh_tokenizer_encode(e->tokenizer, choice, strlen(choice), &e->ids, err));
    over = e->ids.count - begin - (e->length_max + 1);
    if (over > 0)
        begin += over;
    if (choice_begin <= begin) {
        choice_begin = begin + 1;
        e->cut += !e->neutral;
    }
    d->row = (vsh_choice_row){begin, (int32_t)(e->ids.count - begin),
                              (int32_t)(e->ids.count - choice_begin)};
    d->id = &e->id;
    d->asked = e->drafts++;
    return VSH_OK;
}

static int by_ids(const void *a, const void *b)
{
    const drafted *x = a, *y = b;
    const int32_t *i = *x->id + x->row.begin, *j = *y->id + y->row.begin;

    if (x->row.length != y->row.length)
        return x->row.length - y->row.length;
    if (x->row.scored != y->row.scored)
        return x->row.scored - y->row.scored;
    for (int32_t at = 0; at < x->row.length; at++)
        if (i[at] != j[at])
            return i[at] < j[at] ? -1 : 1;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const drafted *x = a, *y = b;
    int order = by_ids(a, b);

    return order ? order : (x->asked > y->asked) - (x->asked < y->asked);
}

/* Equal rows become one. */
static vsh_status unite(encoder *e, vsh_choice_ids *out, vsh_error *err)
{
    vsh_choice_row *row = vsh_alloc(e->arena, (size_t)e->drafts, sizeof *row);
    int32_t *asked = vsh_alloc(e->arena, (size_t)e->drafts, sizeof *asked);

    if (!row || !asked)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    qsort(e->draft, (size_t)e->drafts, sizeof *e->draft, by_place);
    for (int64_t i = 0; i < e->drafts; i++) {
        if (i == 0 || by_ids(&e->draft[i - 1], &e->draft[i]) != 0)
            row[out->rows++] = e->draft[i].row;
        asked[e->draft[i].asked] = (int32_t)(out->rows - 1);
    }
    out->row = row;
    out->asked = asked;
    out->longest = row[out->rows - 1].length - 1;
    return VSH_OK;
}

static vsh_status encode_all(encoder *e, const vsh_choice_task *task, vsh_error *err)
{
    for (int64_t i = 0; i < task->items; i++)
        for (int32_t c = 0; c < task->item[i].choices; c++)
            VSH_TRY(encode_row(e, task->item[i].prompt, task->item[i].choice[c], err));
    e->neutral = true;
    for (int64_t i = 0; i < task->items; i++) {
        const vsh_choice_item *item = &task->item[i];
        const char *prompt = item->neutral_prompt ? item->neutral_prompt : item->prompt;
        const char *const *choice = item->neutral_choice ? item->neutral_choice : item->choice;
        if (!item->neutral_prompt && !item->neutral_choice)
            return VSH_OK;
        for (int32_t c = 0; c < item->choices; c++)
            VSH_TRY(encode_row(e, prompt, choice[c], err));
    }
    return VSH_OK;
}

vsh_status vsh_choice_encode(vsh_arena *arena, const vsh_choice_task *task,
                             const vsh_tokenizer *tokenizer, int64_t length_max,
                             vsh_choice_ids *ids, vsh_error *err)
{
    encoder e = {
        .arena = arena, .tokenizer = tokenizer, .ids = {.arena = arena}, .length_max = length_max};

    assert(length_max >= 1 && task->items > 0);
    *ids = (vsh_choice_ids){.task = task};
    for (int64_t i = 0; i < task->items; i++)
        ids->choices += task->item[i].choices;
    if (!(e.draft = vsh_alloc(arena, 2 * (size_t)ids->choices, sizeof *e.draft)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(encode_all(&e, task, err));
    e.id = ids->id = e.ids.id;
    ids->neutral = e.drafts > ids->choices;
    ids->cut = e.cut;
    return unite(&e, ids, err);
}

vsh_generator_shape vsh_choice_shape(const vsh_choice_ids *ids)
{
    int64_t sequences = TOKENS_SIDE_BY_SIDE / ids->longest;

    return (vsh_generator_shape){.sequences = sequences < 1 ? 1 : sequences,
                                 .capacity = ids->longest,
                                 .chunk = ids->longest};
}

/* ---- likelihoods -------------------------------------------------------------------------- */

typedef struct {
    const vsh_choice_ids *ids;
    const vsh_choice_run *run;
    int32_t *inputs, *targets;
    double *losses;
} pass;

/* Rows from first on, all of one length: nothing is padded. */
static void score_rows(const pass *p, int64_t first, int64_t count, vsh_choice_scores *scores,
                       int64_t *scored)
{
    int64_t seq = p->ids->row[first].length - 1;
    vsh_exit_report report;

    for (int64_t r = 0; r < count; r++) {
        const vsh_choice_row *row = &p->ids->row[first + r];
        const int32_t *id = p->ids->id + row->begin;
        for (int64_t i = 0; i < seq; i++) {
            p->inputs[r * seq + i] = id[i];
            p->targets[r * seq + i] = i + 1 >= row->length - row->scored ? id[i + 1] : -1;
        }
    }
    report = vsh_exit_evaluation(p->run->generator, p->run->rule, count, seq, p->inputs, p->targets,
                                 p->losses + first);
    scores->tokens += count * seq;
    scores->layers += report.layers * (double)report.tokens;
    scores->executed.v += report.executed.v;
    scores->full.v += report.full.v;
    *scored += report.tokens;
}

static vsh_status score_all(const pass *p, vsh_choice_scores *scores, vsh_error *err)
{
    int64_t scored = 0, count, all = 0;

    for (int64_t r = 0; r < p->ids->rows; r++)
        all += p->ids->row[r].length - 1;
    for (int64_t first = 0; first < p->ids->rows; first += count) {
        const vsh_choice_row *row = &p->ids->row[first];
        for (count = 1; count < p->run->shape.sequences && first + count < p->ids->rows &&
                        row[count].length == row->length;)
            count++;
        score_rows(p, first, count, scores, &scored);
        if (p->run->goes_on &&
            !p->run->goes_on(p->run->context, (double)scores->tokens / (double)all))
            return vsh_fail(err, VSH_ESTOPPED, "stopped");
    }
    scores->layers /= (double)scored;
    for (int64_t r = 0; r < p->ids->rows; r++)
        p->losses[r] = -p->losses[r];
    scores->log_likelihood = p->losses;
    return VSH_OK;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* A choice's worth. */
typedef double worth(const vsh_choice_ids *ids, const double *likelihood, int64_t choice,
                     const char *text);

static double plain(const vsh_choice_ids *ids, const double *likelihood, int64_t choice,
                    const char *text)
{
    (void)text;
    return likelihood[ids->asked[choice]];
}

static double normalized(const vsh_choice_ids *ids, const double *likelihood, int64_t choice,
                         const char *text)
{
    return likelihood[ids->asked[choice]] / (double)strlen(text);
}

static double calibrated(const vsh_choice_ids *ids, const double *likelihood, int64_t choice,
                         const char *text)
{
    (void)text;
    return likelihood[ids->asked[choice]] - likelihood[ids->asked[ids->choices + choice]];
}

/* The first of equals is taken. */
static vsh_proportion answer_all(const vsh_choice_ids *ids, const double *likelihood, worth *of)
{
    vsh_tally tally = {0};
    int64_t choice = 0;

    for (int64_t i = 0; i < ids->task->items; i++) {
        const vsh_choice_item *item = &ids->task->item[i];
        double most = -INFINITY;
        int32_t taken = 0;
        for (int32_t c = 0; c < item->choices; c++) {
            double value = of(ids, likelihood, choice + c, item->choice[c]);
            if (value > most) {
                most = value;
                taken = c;
            }
        }
        choice += item->choices;
        vsh_tally_add(&tally, item->begins, taken == item->answer);
    }
    return vsh_tally_interval(tally);
}

vsh_status vsh_choice_score(vsh_arena *arena, const vsh_choice_ids *ids, const vsh_choice_run *run,
                            vsh_choice_scores *scores, vsh_error *err)
{
    size_t room = (size_t)(run->shape.sequences * run->shape.capacity);
    pass p = {.ids = ids,
              .run = run,
              .inputs = vsh_alloc(arena, room, sizeof *p.inputs),
              .targets = vsh_alloc(arena, room, sizeof *p.targets),
              .losses = vsh_alloc(arena, (size_t)ids->rows, sizeof *p.losses)};

    assert(run->shape.capacity >= ids->longest);
    if (!p.inputs || !p.targets || !p.losses)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *scores = (vsh_choice_scores){.calibrated = {(double)NAN, (double)NAN, (double)NAN}};
    VSH_TRY(score_all(&p, scores, err));
    for (int64_t r = 0; r < ids->rows; r++)
        if (!isfinite(scores->log_likelihood[r]))
            return vsh_fail(err, VSH_ENO, "%s: a likelihood is not finite", ids->task->path);
    scores->accuracy = answer_all(ids, scores->log_likelihood, plain);
    scores->normalized = answer_all(ids, scores->log_likelihood, normalized);
    if (ids->neutral)
        scores->calibrated = answer_all(ids, scores->log_likelihood, calibrated);
    return VSH_OK;
}
