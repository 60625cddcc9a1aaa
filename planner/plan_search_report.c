#include "planner/plan_search.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ---- terminal ------------------------------------------------------------------------------ */

static const char *const short_recompute[] = {"none", "sel", "full"};

/* Three figures, or all before the point. */
static void show_number(char *text, size_t bytes, double value)
{
    snprintf(text, bytes, value >= 100 ? "%.0f" : "%.3g", value);
}

/* Times of one table stand in one unit. */
typedef struct {
    const char *name;
    double seconds;
} unit;

static unit unit_of(const plan_search_row *row)
{
    return row->found.step_s < 0.1 ? (unit){"ms", 1e-3} : (unit){"s", 1};
}

/* Time and its range, or, ranked by money, chips and what a step costs. */
static void print_middle(const plan_search *p, const plan_search_row *row, unit u, vsh_text *out)
{
    char step[24], low[24], high[24], range[56];

    show_number(step, sizeof step, row->found.step_s / u.seconds);
    show_number(low, sizeof low, row->low_s / u.seconds);
    show_number(high, sizeof high, row->high_s / u.seconds);
    snprintf(range, sizeof range, "%s-%s", low, high);
    if (p->question.rank == VSH_RANK_MONEY)
        snprintf(range, sizeof range, "%5" PRId64 " %s", row->found.chips,
                 vsh_show_usd(row->usd).text);
    vsh_text_add(out, " %6s %13s", step, range);
}

static void print_rows(const plan_search *p, const plan_search_row *rows, int count, vsh_text *out)
{
    unit u = unit_of(&rows[0]);

    vsh_text_add(out, "    tp  pp cp   dp  ep s z  v  mb again %4s, %s %13s MFU    GB bound\n",
                 "step", u.name, p->question.rank == VSH_RANK_MONEY ? "chips USD" : "range");
    for (int i = 0; i < count; i++) {
        const vsh_found *f = &rows[i].found;
        const vsh_split *s = &f->layout.split;
        vsh_text_add(out,
                     " %2d %3" PRId64 " %3" PRId64 " %2" PRId64 " %4" PRId64 " %3" PRId64
                     " %d %d %2" PRId64 " %3" PRId64 " %-4s",
                     i + 1, s->tensor, f->layout.pp, s->context, s->data, s->expert, s->sequence,
                     s->zero, f->layout.interleave, f->micro, short_recompute[f->recompute]);
        print_middle(p, &rows[i], u, out);
        vsh_text_add(out, " %3.0f %5.1f %s\n", 100 * rows[i].mfu, f->memory_bytes / 1e9,
                     vsh_bound_names[rows[i].bound]);
    }
}

static void print_head(const plan_search *p, vsh_term term, vsh_text *out)
{
    const plan_estimate *e = p->base;
    const vsh_step_run *run = &e->run;

    vsh_text_add(out, "\n  %s%s%s, %s parameters, on %" PRId64 " x %s of %s\n", vsh_term_bold(term),
                 e->model.name, vsh_term_plain(term),
                 vsh_show_count((double)e->parameters.total).text, e->chips, e->hardware.name,
                 vsh_show_bytes(e->hardware.memory_bytes.value).text);
    vsh_text_add(out, "  %" PRId64 " sequences of %s a step; %s, %s, attention %s\n",
                 run->laid.batch, vsh_show_integer(run->laid.seq).text,
                 vsh_precision_words[run->precision], run->recipe->name,
                 run->flash ? "flash" : "full");
    vsh_text_add(out, "  stack: %s\n",
                 e->figures ? e->figures->name : "none (specifications and kernels only)");
}

static void print_count(int64_t count, const char *what, vsh_text *out)
{
    vsh_text_add(out, "  %14s  %s\n", vsh_show_integer(count).text, what);
}

static void print_counts(const plan_search *p, vsh_text *out)
{
    static const char *const why[VSH_REFUSED_COUNT] = {
        "refused: layers, heads, experts or tokens do not divide",
        "refused: the batch is no multiple of dp x micro-batch",
        "refused: interleave wants micro-batches a multiple of pp",
        "refused: the stack does not run them (any: --stack none)",
        "refused: more memory than a chip has"};
    const vsh_search_answer *a = &p->answer;

    vsh_text_add(out, "\n");
    print_count(a->considered, "layouts", out);
    for (int r = 0; r < VSH_REFUSED_COUNT; r++)
        print_count(a->refused[r], why[r], out);
    print_count(a->fitting, "fit", out);
    if (a->across > 0)
        print_count(a->across, "of them with tensor parallelism over slower links", out);
    vsh_text_add(out, "  %14s  on %" PRId64 " threads\n", vsh_show_time(a->seconds).text,
                 p->question.threads);
}

void plan_search_print(const plan_search *p, vsh_term term, vsh_text *out)
{
    static const char *const best[] = {"Fastest", "Cheapest", "Smallest"};

    print_head(p, term, out);
    if (p->rows > 0) {
        vsh_text_add(out, "\n  %s%s%s\n", vsh_term_bold(term), best[p->question.rank],
                     vsh_term_plain(term));
        print_rows(p, p->row, p->rows, out);
        vsh_text_add(out, "\n  %sFrom fastest to smallest%s, %d of %d that none beats in all\n",
                     vsh_term_bold(term), vsh_term_plain(term), p->front_rows,
                     p->answer.front_count);
        print_rows(p, p->front, p->front_rows, out);
        vsh_text_add(out, "\n  range: nine in ten measured steps; s: sequence parallel, z: ZeRO,\n"
                          "  v: interleave, mb: micro-batch, again: what is recomputed\n");
    }
    print_counts(p, out);
    if (p->next)
        vsh_text_add(out, "\n  Next\n    %s\n", p->next);
    vsh_text_add(out, "\n");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void write_found(const plan_search *p, const vsh_found *f, vsh_json *json)
{
    vsh_json_integer(json, "chips", f->chips);
    vsh_layout_write(&f->layout, json);
    vsh_json_integer(json, "micro_batch", f->micro);
    vsh_json_string(json, "recompute", vsh_recompute_words[f->recompute]);
    vsh_json_real(json, "step_time_s", f->step_s);
    vsh_json_real(json, "memory_bytes", f->memory_bytes);
    vsh_json_real(json, "memory_margin_bytes", p->question.capacity - f->memory_bytes);
    vsh_json_known(json, "step_usd", p->price_usd * f->chip_seconds / 3600);
}

static void write_row(const plan_search *p, const plan_search_row *row, vsh_json *json)
{
    double tokens = (double)p->base->run.laid.batch * (double)p->base->run.laid.seq;

    vsh_json_object(json, NULL);
    write_found(p, &row->found, json);
    vsh_json_real(json, "step_time_low_s", row->low_s);
    vsh_json_real(json, "step_time_high_s", row->high_s);
    vsh_json_real(json, "tokens_per_s", tokens / row->found.step_s);
    vsh_json_real(json, "mfu", row->mfu);
    vsh_json_string(json, "bound", vsh_bound_names[row->bound]);
    vsh_json_end(json);
}

static void write_counts(const vsh_search_answer *a, vsh_json *json)
{
    vsh_json_integer(json, "considered", a->considered);
    vsh_json_integer(json, "evaluated", a->evaluated);
    vsh_json_integer(json, "fitting", a->fitting);
    vsh_json_integer(json, "fitting_across_domains", a->across);
    vsh_json_object(json, "refused");
    for (int r = 0; r < VSH_REFUSED_COUNT; r++)
        vsh_json_integer(json, vsh_refusal_words[r], a->refused[r]);
    vsh_json_end(json);
    vsh_json_real(json, "seconds", a->seconds);
}

void plan_search_write(const plan_search *p, bool explain, vsh_json *json)
{
    const plan_estimate *e = p->base;

    plan_estimate_write_what(e, json);
    vsh_json_integer(json, "seq", e->run.laid.seq);
    vsh_json_integer(json, "batch", e->run.laid.batch);
    vsh_json_string(json, "rank", vsh_rank_words[p->question.rank]);
    vsh_json_integer(json, "threads", p->question.threads);
    write_counts(&p->answer, json);
    vsh_json_array(json, "layouts");
    for (int i = 0; i < p->rows; i++)
        write_row(p, &p->row[i], json);
    vsh_json_end(json);
    vsh_json_array(json, "pareto");
    for (int i = 0; i < p->answer.front_count; i++) {
        vsh_json_object(json, NULL);
        write_found(p, &p->answer.front[i], json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_string(json, "next", p->next);
    if (explain && p->best)
        plan_estimate_explain(p->best, NULL, json);
    vsh_json_end(json);
}
