#include "planner/plan_search.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/clock.h"
#include "planner/plan_commands.h"

/* ---- progress ------------------------------------------------------------------------------ */

typedef struct {
    bool changes; /* the line may be written over */
    double shown; /* s from the start */
} talk;

static const double quiet_seconds = 1; /* a search shorter than this says nothing */

static void show_progress(void *context, double share, double seconds)
{
    talk *t = context;
    double interval = t->changes ? 0.1 : 30;

    if (seconds < quiet_seconds || seconds - t->shown < interval || share <= 0)
        return;
    t->shown = seconds;
    fprintf(stderr, "%ssearch: %.0f %%, eta %s%s", t->changes ? "\r" : "", 100 * share,
            vsh_show_time(seconds * (1 - share) / share).text, t->changes ? "\033[K" : "\n");
    fflush(stderr);
}

/* ---- the question -------------------------------------------------------------------------- */

static vsh_status ask(vsh_session *s, plan_search *p, vsh_error *err)
{
    const plan_config *c = s->config;
    const plan_estimate *e = p->base;
    int64_t cpus = vsh_team_cpus();

    VSH_TRY(plan_estimate_ask(s, p->base, err));
    if (e->run.framework->whole_vocab)
        return vsh_fail(err, VSH_EINPUT,
                        "--framework: expected another than %s, which estimate alone knows "
                        "(galvatron-vtp divides the vocabulary)",
                        e->run.framework->name);
    p->stack = vsh_stack_calibrated(&e->hardware, e->figures);
    p->price_usd = c->price_usd;
    if (isnan(p->price_usd) && e->hardware.price.known)
        p->price_usd = e->hardware.price.value;
    if (c->rank == VSH_RANK_MONEY && isnan(p->price_usd))
        return vsh_fail(err, VSH_EINPUT,
                        "--rank money: expected a price: %s has none, and --price is not given",
                        e->hardware.name);
    p->question = (vsh_search){.run = e->run,
                               .hardware = &e->hardware,
                               .stack = &p->stack,
                               .admits = vsh_admits_of(e->figures ? e->figures->name : NULL),
                               .capacity = e->hardware.memory_bytes.value,
                               .chips = e->chips,
                               .fewer = c->rank == VSH_RANK_MONEY,
                               .rank = (vsh_rank)c->rank,
                               .keep = (int)c->top,
                               .threads = s->common->threads > 0 ? s->common->threads
                                          : cpus > 0             ? cpus
                                                                 : 1};
    return VSH_OK;
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* The layout as `estimate` answers it. */
static vsh_status look_at(const plan_search *p, const vsh_found *f, plan_estimate *e,
                          plan_search_row *row, vsh_error *err)
{
    *e = *p->base;
    e->run.laid.model = &e->model;
    e->run.laid.micro = f->micro;
    e->run.layout = f->layout;
    e->run.recompute = f->recompute;
    e->chips = f->chips;
    VSH_TRY(vsh_platform_of(&e->hardware, &p->stack, e->run.precision, e->run.flash, e->chips, 0,
                            &e->platform, err));
    VSH_TRY(plan_estimate_answer(e, err));
    *row = (plan_search_row){.found = *f,
                             .low_s = e->low_s,
                             .high_s = e->high_s,
                             .mfu = e->mfu,
                             .bound = e->bound,
                             .usd = p->price_usd * (double)e->chips * e->time.step / 3600};
    row->found.step_s = e->time.step;
    row->found.memory_bytes = e->memory.total.v;
    return VSH_OK;
}

static vsh_status look_at_front(plan_search *p, plan_estimate *e, vsh_error *err)
{
    int count = p->answer.front_count;

    p->front_rows = count < PLAN_FRONT_ROWS ? count : PLAN_FRONT_ROWS;
    for (int i = 0; i < p->front_rows; i++) {
        int at = p->front_rows > 1 ? i * (count - 1) / (p->front_rows - 1) : 0;
        VSH_TRY(look_at(p, &p->answer.front[at], e, &p->front[i], err));
    }
    return VSH_OK;
}

static vsh_status look_at_best(vsh_session *s, plan_search *p, vsh_error *err)
{
    plan_estimate *e = vsh_alloc(s->arena, 1, sizeof *e);

    p->row = vsh_alloc(s->arena, (size_t)p->question.keep, sizeof *p->row);
    if (!e || !p->row)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(look_at_front(p, e, err));
    for (p->rows = 0; p->rows < p->answer.count; p->rows++)
        VSH_TRY(look_at(p, &p->answer.best[p->rows], e, &p->row[p->rows], err));
    if (p->rows == 0)
        return VSH_OK;
    p->best = e;
    return look_at(p, &p->answer.best[0], e, &p->row[0], err);
}

/* ---- the next command ---------------------------------------------------------------------- */

static void add_words(vsh_text *out, vsh_arena *arena, const char *option, const char *word)
{
    char *words[] = {(char *)(uintptr_t)option, (char *)(uintptr_t)word};

    if (word)
        vsh_text_add(out, " %s", vsh_show_command(arena, 2, words));
}

static const char *next_command(vsh_session *s, const plan_search *p)
{
    const plan_config *c = s->config;
    const vsh_found *f = &p->row[0].found;
    vsh_text out = {.arena = s->arena};

    vsh_text_add(&out, "vishwa-plan estimate");
    add_words(&out, s->arena, "--hw", c->hw);
    vsh_text_add(&out, " --chips %" PRId64, f->chips);
    add_words(&out, s->arena, "--model", c->model);
    vsh_text_add(&out, " --batch %" PRId64 " \\\n    ", c->batch);
    vsh_text_add(&out, "--layout ");
    vsh_layout_show(&f->layout, &out);
    vsh_text_add(&out, " \\\n    --micro-batch %" PRId64 " --recompute %s", f->micro,
                 vsh_recompute_words[f->recompute]);
    if (c->seq)
        vsh_text_add(&out, " --seq %" PRId64, c->seq);
    add_words(&out, s->arena, "--precision",
              c->precision >= 0 ? vsh_precision_words[c->precision] : NULL);
    add_words(&out, s->arena, "--optimizer",
              c->optimizer >= 0 ? vsh_optimizer_words[c->optimizer] : NULL);
    add_words(&out, s->arena, "--recipe", c->recipe >= 0 ? vsh_recipe_words[c->recipe] : NULL);
    add_words(&out, s->arena, "--attention", c->attention > 0 ? "full" : NULL);
    add_words(&out, s->arena, "--stack", c->stack);
    add_words(&out, s->arena, "--framework",
              f->layout.split.zero == 3 || c->framework >= 0 ? p->base->run.framework->name : NULL);
    return vsh_text_string(&out);
}

/* ---- the command --------------------------------------------------------------------------- */

/* What a profile's own stack runs is no wish of the user's: where none of it fits, layouts of any
 * software are searched, and that is said. */
static vsh_status search_all(vsh_session *s, plan_search *p, vsh_error *err)
{
    const plan_config *c = s->config;

    VSH_TRY(vsh_search_all(&p->question, s->arena, &p->answer, err));
    if (p->answer.count > 0 || c->stack || p->answer.refused[VSH_REFUSED_SOFTWARE] == 0)
        return VSH_OK;
    if (!s->common->quiet)
        vsh_text_add(&s->talk,
                     "vishwa-plan: no layout that %s runs fits; these are of any software, at its "
                     "prices\n",
                     p->base->figures->name);
    p->question.admits = NULL;
    return vsh_search_all(&p->question, s->arena, &p->answer, err);
}

static vsh_status make(vsh_session *s, plan_search *p, vsh_error *err)
{
    talk t = {.changes = s->talk_is_terminal};

    p->base = vsh_alloc(s->arena, 1, sizeof *p->base);
    if (!p->base)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(ask(s, p, err));
    if (!s->common->quiet) {
        p->question.progress = show_progress;
        p->question.context = &t;
    }
    VSH_TRY(search_all(s, p, err));
    if (t.shown > 0 && t.changes)
        fputs("\r\033[K", stderr);
    VSH_TRY(look_at_best(s, p, err));
    if (p->rows > 0)
        p->next = next_command(s, p);
    return VSH_OK;
}

vsh_status plan_run_search(vsh_session *s, vsh_error *err)
{
    plan_search *p = vsh_alloc(s->arena, 1, sizeof *p);

    if (!p)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(make(s, p, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        plan_search_write(p, s->common->explain, &json);
    } else {
        plan_search_print(p, s->term, &s->out);
        if (s->common->explain && p->best)
            plan_estimate_explain(p->best, &s->out, NULL);
    }
    s->answered = true;
    if (p->rows == 0 && p->answer.refused[VSH_REFUSED_SOFTWARE] > 0)
        return vsh_fail(err, VSH_ENO,
                        "no layout that %s runs fits on %" PRId64 " x %s; --stack none searches "
                        "those of any software",
                        p->base->figures->name, p->base->chips, p->base->hardware.name);
    if (p->rows == 0)
        return vsh_fail(err, VSH_ENO, "no layout fits on %" PRId64 " x %s", p->base->chips,
                        p->base->hardware.name);
    return VSH_OK;
}
