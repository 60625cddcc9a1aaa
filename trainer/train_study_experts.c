#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/page.h"
#include "trainer/base/json_read.h"
#include "trainer/study/study_figure.h"
#include "trainer/train_study.h"

/* ---- savings ------------------------------------------------------------------------------- */

enum { BOOTSTRAPS = 1000, FAMILIES = 8, TEXTS = 4, ROWS = TEXTS * FAMILIES, EXITS = 16 };

typedef struct {
    vsh_study_family family[FAMILIES]; /* of the records: a study of another version had others */
    int families;
    int64_t text[TEXTS]; /* unique tokens, 0: all; from the most to the least */
    int texts;
    vsh_study_comparison item[ROWS];
    int count;
    bool drawn, timed; /* timed: steps again after the study, not by its own logs */
    vsh_study_exit exit[EXITS];
    double layers[EXITS]; /* a token */
    int exits;
} found;

static const char *verdict(const vsh_study_saving *s)
{
    if (!s->resolved)
        return "not resolved";
    if (s->low >= VSH_STUDY_CLAIM_LOW)
        return "reached";
    return s->high < VSH_STUDY_CLAIM_LOW ? "not reached" : "possible";
}

/* More text than another: all of it is the most. */
static bool is_more(int64_t text, int64_t other)
{
    return other != 0 && (text == 0 || text > other);
}

static void take_text(int64_t text, found *f)
{
    int at = 0;

    while (at < f->texts && is_more(f->text[at], text))
        at++;
    if (f->texts == TEXTS || (at < f->texts && f->text[at] == text))
        return;
    for (int i = f->texts++; i > at; i--)
        f->text[i] = f->text[i - 1];
    f->text[at] = text;
}

static void take_family(const vsh_study_record *r, found *f)
{
    if (strcmp(r->role, vsh_study_role_words[VSH_STUDY_CURVE]) != 0)
        return;
    take_text(r->unique_tokens, f);
    for (int i = 0; i < f->families; i++)
        if (strcmp(f->family[i].name, r->family) == 0)
            return;
    if (f->families < FAMILIES)
        f->family[f->families++] =
            (vsh_study_family){.name = r->family, .experts = r->experts, .top_k = r->top_k};
}

static vsh_status compare(const study_work *w, vsh_study_comparison *r, vsh_error *err)
{
    vsh_study_question question = {.family = r->family->name,
                                   .unique_tokens = r->unique_tokens,
                                   .bootstraps = BOOTSTRAPS,
                                   .seed = w->setup.seed};

    VSH_TRY(vsh_study_at_budgets(&w->records, &question, r->at, &r->budgets, err));
    for (int q = 0; q < VSH_STUDY_QUESTIONS; q++) {
        question.cost = q == 1 ? VSH_COST_SECONDS : VSH_COST_FLOPS;
        question.equal_total = q == 2;
        VSH_TRY(vsh_study_saving_of(&w->records, &question, &r->saving[q], err));
    }
    return VSH_OK;
}

static vsh_status find(const study_work *w, found *f, vsh_error *err)
{
    for (int64_t i = 0; i < w->records.count; i++)
        take_family(&w->records.item[i], f);
    for (int t = 0; t < f->texts; t++)
        for (int i = 0; i < f->families; i++) {
            vsh_study_comparison *r = &f->item[f->count];
            if (strcmp(f->family[i].name, "dense") == 0)
                continue;
            f->count++;
            r->family = &f->family[i];
            r->unique_tokens = f->text[t];
            VSH_TRY(compare(w, r, err));
        }
    return VSH_OK;
}

static void write_saving(const char *key, const vsh_study_saving *s, vsh_json *json)
{
    vsh_json_object(json, key);
    vsh_json_known(json, "saving", s->saving);
    vsh_json_known(json, "saving_low", s->low);
    vsh_json_known(json, "saving_high", s->high);
    vsh_json_known(json, "loss_low", isfinite(s->saving) ? s->loss_low : (double)NAN);
    vsh_json_known(json, "loss_high", isfinite(s->saving) ? s->loss_high : (double)NAN);
    vsh_json_integer(json, "draws", s->draws);
    vsh_json_integer(json, "sizes", s->sizes);
    vsh_json_integer(json, "diverged", s->diverged);
    vsh_json_bool(json, "resolved", s->resolved);
    vsh_json_string(json, "reason", s->resolved ? NULL : s->reason);
    vsh_json_string(json, "claim_20_to_30_percent", verdict(s));
    vsh_json_end(json);
}

static void write_budgets(const vsh_study_comparison *r, vsh_json *json)
{
    vsh_json_array(json, "at_budgets");
    for (int i = 0; i < r->budgets; i++) {
        const vsh_study_at_budget *at = &r->at[i];
        vsh_json_object(json, NULL);
        vsh_json_integer(json, "budget", at->budget);
        vsh_json_real(json, "flops_dense", at->dense.cost);
        vsh_json_real(json, "flops", at->family.cost);
        vsh_json_real(json, "loss_dense", at->dense.loss);
        vsh_json_real(json, "loss", at->family.loss);
        vsh_json_real(json, "difference", at->difference);
        vsh_json_known(json, "difference_low", at->low);
        vsh_json_known(json, "difference_high", at->high);
        vsh_json_bool(json, "resolved", at->resolved);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_summary(const study_work *w, const found *f, vsh_text *out)
{
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "study", "experts");
    vsh_json_string(&json, "status", "done");
    vsh_json_integer(&json, "runs", w->records.count);
    vsh_json_string(&json, "wall_clock_by",
                    f->timed ? "steps measured again after the study" : "the study's own logs");
    vsh_json_array(&json, "savings");
    for (int i = 0; i < f->count; i++) {
        const vsh_study_comparison *r = &f->item[i];
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "family", r->family->name);
        vsh_json_integer(&json, "experts", r->family->experts);
        vsh_json_integer(&json, "top_k", r->family->top_k);
        vsh_json_string(&json, "text", r->unique_tokens ? "little" : "all");
        if (r->unique_tokens)
            vsh_json_integer(&json, "unique_tokens", r->unique_tokens);
        for (int q = 0; q < VSH_STUDY_QUESTIONS; q++)
            write_saving(vsh_study_question_words[q], &r->saving[q], &json);
        write_budgets(r, &json);
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    train_study_write_tuned(w, f->family, f->families, &json);
    vsh_json_string(&json, "machine", w->settled_card);
    vsh_json_string(&json, "commit", w->settled_program);
    vsh_json_end(&json);
}

static void show_saving(const vsh_study_saving *s, vsh_text *out)
{
    char cell[48];

    if (!isfinite(s->saving))
        snprintf(cell, sizeof cell, "-");
    else if (!isfinite(s->low))
        snprintf(cell, sizeof cell, "%+.0f ?", 100 * s->saving);
    else
        snprintf(cell, sizeof cell, "%+.0f (%+.0f, %+.0f)%s", 100 * s->saving, 100 * s->low,
                 100 * s->high, s->resolved ? "" : " ?");
    vsh_text_add(out, " %20s", cell);
}

static void show_exits(const found *f, vsh_text *out)
{
    if (!f->exits) {
        vsh_text_add(out, "\n  Early exit: the model diverged, nothing to tell\n");
        return;
    }
    vsh_text_add(out, "\n  Early exit: executed FLOP a token at inference, against full depth\n");
    vsh_text_add(out, "  %9s %10s %9s %9s %9s\n", "threshold", "FLOP", "layers", "loss",
                 "accuracy");
    for (int i = 0; i < f->exits; i++)
        vsh_text_add(out, "  %9.2f %8.1f %% %9.2f %+9.4f %+9.4f\n", f->exit[i].threshold,
                     100 * f->exit[i].flops, f->layers[i], f->exit[i].loss, f->exit[i].accuracy);
}

/* The last budgets of whoever has the most, as many as stand side by side. */
enum { SHOWN = 3 };

typedef struct {
    int budget[SHOWN], count;
    vsh_figure_text flops[SHOWN];
} budget_columns;

static budget_columns columns_of(const found *f)
{
    const vsh_study_comparison *widest = &f->item[0];
    budget_columns c = {.count = 0};

    for (int i = 1; i < f->count; i++)
        if (f->item[i].budgets > widest->budgets)
            widest = &f->item[i];
    for (int b = widest->budgets > SHOWN ? widest->budgets - SHOWN : 0; b < widest->budgets; b++) {
        c.budget[c.count] = widest->at[b].budget;
        c.flops[c.count++] = vsh_show_si(widest->at[b].dense.cost);
    }
    return c;
}

/* "+12.1 (+8.0, +13.5)", percent. */
static vsh_figure_text difference(const vsh_study_comparison *r, int budget)
{
    const vsh_study_at_budget *at = r->at;
    vsh_figure_text cell = {"-"};

    while (at < r->at + r->budgets && at->budget != budget)
        at++;
    if (at == r->at + r->budgets)
        return cell;
    if (isfinite(at->low))
        snprintf(cell.text, sizeof cell.text, "%+.1f (%+.1f, %+.1f)%s", 100 * at->difference,
                 100 * at->low, 100 * at->high, at->resolved ? "" : " ?");
    else
        snprintf(cell.text, sizeof cell.text, "%+.1f ?", 100 * at->difference);
    return cell;
}

static void show_budgets(const found *f, vsh_text *out)
{
    const budget_columns columns = columns_of(f);

    vsh_text_add(out,
                 "\n  Loss against dense at equal FLOP, %% (more than 0: they are worse)\n"
                 "  %-7s %-5s",
                 "text", "kind");
    for (int b = 0; b < columns.count; b++)
        vsh_text_add(out, " %15s FLOP", columns.flops[b].text);
    vsh_text_add(out, "\n");
    for (int i = 0; i < f->count; i++) {
        const vsh_study_comparison *r = &f->item[i];
        vsh_text_add(out, "  %-7s %-5s", vsh_study_text_words(r->unique_tokens).text,
                     r->family->name);
        for (int b = 0; b < columns.count; b++)
            vsh_text_add(out, " %20s", difference(r, columns.budget[b]).text);
        vsh_text_add(out, "\n");
    }
}

static void show_summary(const study_work *w, const found *f, vsh_text *out)
{
    vsh_text_add(out,
                 "\n  Experts against dense, %" PRId64 " runs: what they save at equal loss\n"
                 "  (95 %% over seeds and sizes; less than 0: they cost more; ?: not resolved)\n\n",
                 w->records.count);
    vsh_text_add(out, "  %-7s %-5s %20s %20s %20s\n", "text", "kind", "FLOP, %", "wall clock, %",
                 "equal params, %");
    for (int i = 0; i < f->count; i++) {
        vsh_text_add(out, "  %-7s %-5s", vsh_study_text_words(f->item[i].unique_tokens).text,
                     f->item[i].family->name);
        for (int q = 0; q < VSH_STUDY_QUESTIONS; q++)
            show_saving(&f->item[i].saving[q], out);
        vsh_text_add(out, "\n");
    }
    if (f->count)
        show_budgets(f, out);
    if (!f->timed)
        vsh_text_add(out,
                     "\n  Wall clock is by the study's own logs, with all that ran beside it.\n");
    show_exits(f, out);
    train_study_show_tuned(w, f->family, f->families, out);
    if (!f->drawn)
        vsh_text_add(out, "\n  gnuplot did not draw the figure: its script is there.");
    vsh_text_add(out, "\n  %s\n\n",
                 vsh_show_command(w->session->arena, 1, (char *const *)&w->path.summary));
}

/* ---- the page ------------------------------------------------------------------------------ */

static const char *share(const vsh_study_saving *s, char room[64])
{
    if (!isfinite(s->saving))
        snprintf(room, 64, "-");
    else if (!isfinite(s->low))
        snprintf(room, 64, "%+.0f %%, %s", 100 * s->saving, s->reason);
    else
        snprintf(room, 64, "%+.0f %% (%+.0f to %+.0f), sizes: %d%s", 100 * s->saving, 100 * s->low,
                 100 * s->high, s->sizes, s->resolved ? "" : ", not resolved");
    return room;
}

static void write_table(const found *f, vsh_text *page)
{
    static const char *const heads[] = {"Text, tokens", "experts",    "used a token",
                                        "FLOP",         "wall clock", "equal total parameters",
                                        "20 % in FLOP?"};
    vsh_table table;
    char room[64];

    vsh_page_put(page, "h2", NULL, "Saved at equal loss");
    vsh_text_add(page, "<section class=\"card long\">\n");
    table = vsh_table_open(page, heads, sizeof heads / sizeof *heads);
    for (int i = 0; i < f->count; i++) {
        const vsh_study_comparison *r = &f->item[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", vsh_study_text_words(r->unique_tokens).text);
        vsh_table_cell(&table, "%" PRId64, r->family->experts);
        vsh_table_cell(&table, "%" PRId64, r->family->top_k);
        for (int q = 0; q < VSH_STUDY_QUESTIONS; q++)
            vsh_table_cell(&table, "%s", share(&r->saving[q], room));
        vsh_table_cell(&table, "%s", verdict(&r->saving[0]));
    }
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "One minus cost over dense cost, the geometric mean over the losses that both "
                 "frontiers reach; 95 %% of the draws of seeds and sizes, of which so many "
                 "count. Not resolved: the interval holds 0, fewer than three seeds, or fewer than "
                 "two sizes that compare. The founding paper announces 20 to 30 %%.");
    vsh_text_add(page, "</section>\n");
}

static void write_budget_table(const found *f, vsh_text *page)
{
    const budget_columns columns = columns_of(f);
    const char *heads[3 + SHOWN] = {"Text, tokens", "experts", "used a token"};
    vsh_figure_text flops[SHOWN];
    vsh_table table;

    for (int b = 0; b < columns.count; b++) {
        snprintf(flops[b].text, sizeof flops[b].text, "at %.20sFLOP", columns.flops[b].text);
        heads[3 + b] = flops[b].text;
    }
    vsh_page_put(page, "h2", NULL, "Loss against dense at equal FLOP");
    vsh_text_add(page, "<section class=\"card long\">\n");
    table = vsh_table_open(page, heads, 3 + columns.count);
    for (int i = 0; i < f->count; i++) {
        const vsh_study_comparison *r = &f->item[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", vsh_study_text_words(r->unique_tokens).text);
        vsh_table_cell(&table, "%" PRId64, r->family->experts);
        vsh_table_cell(&table, "%" PRId64, r->family->top_k);
        for (int b = 0; b < columns.count; b++)
            vsh_table_cell(&table, "%s", difference(r, columns.budget[b]).text);
    }
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "Percent, with 95 %% of the draws of seeds and sizes; more than 0: experts are "
                 "worse; ?: not resolved. The best size of each at the end of its training: who "
                 "sees a text too often is not stopped early.");
    vsh_text_add(page, "</section>\n");
}

static vsh_status write_page(study_work *w, found *f, vsh_error *err)
{
    vsh_arena *arena = w->session->arena;
    vsh_text page = {.arena = arena};
    vsh_report_figure figures[] = {
        vsh_report_figure_of(arena, "savings", "What experts save at equal loss"),
        vsh_report_figure_of(arena, "experts", "Experts against dense, at equal FLOP"),
        vsh_report_figure_of(arena, "exits", "Early exit at inference")};

    train_study_page_open("Experts against dense",
                          "Same text, same held-out windows, same schedule, learning rates tuned "
                          "for each kind: what a Mixture-of-Experts saves at equal loss.",
                          &page);
    write_table(f, &page);
    if (f->count)
        write_budget_table(f, &page);
    vsh_study_savings_figure(f->item, f->count, w->settled_card, &figures[0]);
    vsh_study_experts_figure(f->item, f->count, w->settled_card, &figures[1]);
    if (f->exits)
        vsh_study_exits_figure(f->exit, f->exits, w->settled_card, &figures[2]);
    return train_study_page_close(w, figures, f->exits ? 3 : 2, &page, &f->drawn, err);
}

static vsh_status read_exit(const study_work *w, const vsh_value *e, found *f, vsh_error *err)
{
    double threshold, layers, flops, full_flops, loss, full_loss, accuracy, full_accuracy;
    const struct {
        const char *key;
        double *value;
    } numbers[] = {{"threshold", &threshold},
                   {"layers_per_token", &layers},
                   {"flops_per_token", &flops},
                   {"full_flops_per_token", &full_flops},
                   {"loss", &loss},
                   {"full_loss", &full_loss},
                   {"accuracy", &accuracy},
                   {"full_accuracy", &full_accuracy}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        VSH_TRY(vsh_study_number(e, w->path.exits, numbers[i].key, numbers[i].value, err));
    f->layers[f->exits] = layers;
    f->exit[f->exits++] =
        (vsh_study_exit){threshold, flops / full_flops, loss - full_loss, accuracy - full_accuracy};
    return VSH_OK;
}

static vsh_status read_exits(const study_work *w, found *f, vsh_error *err)
{
    const vsh_value *all;
    vsh_value root;

    VSH_TRY(vsh_json_read_file(w->session->arena, w->path.exits, &root, err));
    all = vsh_value_get_kind(&root, "exits", VSH_VALUE_LIST);
    if (!all)
        return vsh_fail(err, VSH_EINPUT, "%s: exits: expected a list", w->path.exits);
    for (int64_t i = 0; i < all->count && f->exits < EXITS; i++)
        VSH_TRY(read_exit(w, &all->item[i], f, err));
    return VSH_OK;
}

vsh_status train_study_experts_summary(study_work *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text text = {.arena = s->arena};
    found *f = vsh_alloc(s->arena, 1, sizeof *f);

    if (!f)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(train_study_apply_times(w, &f->timed, err));
    VSH_TRY(find(w, f, err));
    VSH_TRY(read_exits(w, f, err));
    VSH_TRY(write_page(w, f, err));
    write_summary(w, f, &text);
    VSH_TRY(vsh_file_write(w->path.summary, &text, err));
    if (s->common->json)
        write_summary(w, f, &s->out);
    else
        show_summary(w, f, &s->out);
    return VSH_OK;
}
