#include "planner/plan_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/laws/repetition.h"
#include "planner/plan_target.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define BYTES(value) vsh_show_bytes(value).text
#define REAL(value) vsh_show_real(value).text
#define INTEGER(value) vsh_show_integer((int64_t)(value)).text

enum { WIDTH = 78, INDENT = 12 };

static void print_head(const plan *p, vsh_term term, vsh_text *out)
{
    const plan_request *r = &p->request;
    char left[200], right[40];
    int gap;

    snprintf(left, sizeof left, "%g x %.60s, %s h", r->chips, r->hardware->name,
             vsh_show_amount(r->hours).text);
    snprintf(right, sizeof right, "%s FLOP", vsh_show_exponent(p->flops).text);
    gap = WIDTH - vsh_columns(left) - vsh_columns(right);
    vsh_text_add(out, "\n  %s%s%s%*s%s\n", vsh_term_bold(term), left, vsh_term_plain(term),
                 gap > 2 ? gap : 2, "", right);
    vsh_text_add(out, "  at %sFLOP/s a chip (%.30s), %.0f %% of its %s peak\n",
                 vsh_show_si(r->effective.v).text, r->scenario, 100 * r->effective.v / r->peak.v,
                 vsh_precision_words[r->peak_of]);
    plan_data_print(p, out);
    vsh_text_add(out, "  ");
    for (int i = 0; i < WIDTH; i++)
        vsh_text_put(out, "-", 1);
    vsh_text_put(out, "\n", 1);
}

static void print_architecture(const plan_run *run, vsh_term term, vsh_text *out)
{
    const vsh_model *m = &run->model;

    vsh_text_add(out, "  Train     %s%s parameters%s, ", vsh_term_bold(term),
                 COUNT((double)run->parameters.total), vsh_term_plain(term));
    if (m->experts.count)
        vsh_text_add(out, "%s active, %" PRId64 " experts top-%" PRId64 "\n            ",
                     COUNT((double)run->parameters.active), m->experts.count, m->experts.top_k);
    else
        vsh_text_add(out, "dense: ");
    vsh_text_add(out, "%" PRId64 " layers x %" PRId64 ", %" PRId64 " head%s, vocab %s\n", m->layers,
                 m->hidden, m->heads, m->heads == 1 ? "" : "s", INTEGER(m->vocab));
}

/* Such a run is stopped by the clock: its tokens are unsure; another's hours are. */
static bool fills_the_hours(const plan *p, const plan_run *run)
{
    return run->hours >= 0.95 * p->request.hours;
}

static void print_expectation(const plan *p, const plan_run *run, vsh_text *out)
{
    const vsh_law *law = run->loss_law;
    const vsh_anchor *near = run->measured;

    char line[200], range[60] = "", epochs[60] = "1 epoch";

    if (fills_the_hours(p, run))
        snprintf(range, sizeof range, " (%s - %s)", COUNT(run->tokens_range.low),
                 COUNT(run->tokens_range.high));
    if (run->epochs > 1.0001)
        snprintf(epochs, sizeof epochs, "%s epochs of %s", REAL(run->epochs),
                 COUNT(run->unique_tokens));
    snprintf(line, sizeof line, "%s tokens%s, %s, sequences of %s", COUNT(run->tokens), range,
             epochs, INTEGER(run->seq));
    vsh_text_add(out, "  On        ");
    vsh_text_wrap(out, line, INDENT, WIDTH + 2);
    if (run->loss >= log((double)run->model.vocab)) {
        vsh_text_add(
            out, "  Expect    loss below %.2f, ln of the vocabulary: no law reaches this size\n",
            run->loss);
        return;
    }
    vsh_text_add(out, "  Expect    loss %.2f (%.2f - %.2f on text like %s, %s)\n", run->loss,
                 run->loss_range.low, run->loss_range.high, plan_show_corpus(law).text,
                 run->valid ? "+-0.2 elsewhere" : "outside its data");
    if (law->offset_runs)
        vsh_text_add(out, "            %d measured runs lie %.2f above this law (%.2f - %.2f)\n",
                     law->offset_runs, law->offset, law->offset_low, law->offset_high);
    if (run->repetition_nats > 0)
        vsh_text_add(out, "            of it %.2f for repeating, by %s\n", run->repetition_nats,
                     vsh_law_of_repetition(law)->title);
    if (near)
        vsh_text_add(out, "            measured: %.2f on %.*s (%s, %s of %s tokens)\n", near->loss,
                     (int)strcspn(vsh_anchor_corpora[near->corpus], " "),
                     vsh_anchor_corpora[near->corpus], COUNT(near->params), COUNT(near->tokens),
                     COUNT(near->unique));
}

static void print_training(const plan *p, const plan_run *run, vsh_text *out)
{
    const vsh_footprint *f = &run->footprint;
    const plan_tuning *tuning = &run->tuning;
    double state = f->weights.v + f->gradients.v + f->optimizer.v;
    char line[200];

    vsh_text_add(out, "  With      batch %s tokens, lr %s (%s - %s), %s steps:\n",
                 COUNT(run->batch_tokens), plan_show_rate(tuning->rate).text,
                 plan_show_rate(tuning->laws.rate_low).text,
                 plan_show_rate(tuning->laws.rate_high).text, INTEGER(run->steps));
    vsh_text_add(out,
                 "            %s of warmup, constant, %.0f %% of cooldown; beta2 %g, decay %g\n",
                 INTEGER(tuning->schedule.warmup_steps), 100 * tuning->schedule.cooldown_share,
                 tuning->schedule.beta2, tuning->schedule.weight_decay);
    vsh_text_add(out, "  Memory    %s of %s: state %s, activations %s,\n", BYTES(f->total.v),
                 BYTES(p->request.hardware->memory_bytes.value), BYTES(state),
                 BYTES(f->activations.v));
    vsh_text_add(out, "            logits %s; %s, %" PRId64 " sequence%s at a time, recompute %s\n",
                 BYTES(f->logits.v), p->request.recipe->name, run->work.sequences,
                 run->work.sequences == 1 ? "" : "s", vsh_recompute_words[run->work.recompute]);
    snprintf(line, sizeof line, "%s (roofline %s, %s), MFU %.0f %%; %s h",
             vsh_show_time(run->step_time_s).text, vsh_show_time(run->roofline_s).text,
             vsh_bound_names[run->bound], 100 * run->mfu, REAL(run->hours));
    if (!fills_the_hours(p, run))
        snprintf(line + strlen(line), sizeof line - strlen(line), " (%s - %s)",
                 REAL(run->hours_range.low), REAL(run->hours_range.high));
    vsh_text_add(out, "  Step      ");
    vsh_text_wrap(out, line, INDENT, WIDTH + 2);
}

/* Losses of other text than the sizing law's do not compare with its own. */
static bool same_corpus(const vsh_law *a, const vsh_law *b)
{
    return (a->same_corpus && b->same_corpus) || strcmp(a->corpus, b->corpus) == 0;
}

/* The first word of a title, where the year would not fit. */
static int author_length(const vsh_law *law)
{
    int length = (int)strcspn(law->title, " ");

    return length < 14 ? length : 14;
}

static void print_laws(const plan *p, vsh_term term, vsh_text *out)
{
    /* more than guessing evenly among the words is no loss of a trained model */
    double guess = log(p->recommended.model.layers ? (double)p->recommended.model.vocab : 32000);

    vsh_text_add(out, "\n  %sLaw                parameters       tokens   loss  N counts%s\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < p->by_law_count; i++) {
        const vsh_law *law = p->sizing_law[i];
        const char *remark = law == p->request.law              ? "  sizes this plan"
                             : same_corpus(law, p->request.law) ? ""
                                                                : "  other corpus";
        char loss[16] = "-";
        if (isfinite(p->by_law[i].loss) && p->by_law[i].loss < guess)
            snprintf(loss, sizeof loss, "%.2f", p->by_law[i].loss);
        vsh_text_add(out, "  %-18.18s %10s %12s %6s  %s%s\n", law->title,
                     COUNT(p->by_law[i].params), COUNT(p->by_law[i].tokens), loss,
                     vsh_n_counts_names[law->n_counts], remark);
        if (law == p->request.law)
            vsh_text_add(out, "    95 %%     %7s - %-7s %6s - %s\n", COUNT(p->optimum_params.low),
                         COUNT(p->optimum_params.high), COUNT(p->optimum_tokens.low),
                         COUNT(p->optimum_tokens.high));
    }
    if (p->request.unique_tokens > 0) {
        char label[32];
        snprintf(label, sizeof label, "on %s unique", COUNT(p->request.unique_tokens));
        char loss[16] = "-";
        if (p->data_optimum.loss < guess)
            snprintf(loss, sizeof loss, "%.2f", p->data_optimum.loss);
        if (isnan(p->data_optimum.params))
            vsh_text_add(out, "  %-18s %10s %12s %6s  sizes no longer differ\n", label, "-", "-",
                         "-");
        else
            vsh_text_add(out, "  %-18s %10s %12s %6s  %s epochs, %.*s\n", label,
                         COUNT(p->data_optimum.params), COUNT(p->data_optimum.tokens), loss,
                         REAL(fmax(1, p->data_optimum.tokens / p->request.unique_tokens)),
                         author_length(vsh_law_of_repetition(p->request.law)),
                         vsh_law_of_repetition(p->request.law)->title);
    }
}

/* One line each: what the same hours would give instead, at equal loss where that is known. */
static void print_alternative(const plan *p, const plan_run *run, bool verbose, vsh_text *out)
{
    char line[600], hours[120] = "";
    int length = verbose ? (int)strlen(run->saving) : (int)strcspn(run->saving, ";");

    if (!fills_the_hours(p, run))
        snprintf(hours, sizeof hours, " in %s h", REAL(run->hours));
    if (verbose && *hours)
        snprintf(hours, sizeof hours, " in %s h (%s - %s)", REAL(run->hours),
                 REAL(run->hours_range.low), REAL(run->hours_range.high));
    snprintf(line, sizeof line, "%s%s, %.*s", COUNT((double)run->parameters.total), hours, length,
             run->saving);
    vsh_text_add(out, "  %-13s ", run->name);
    vsh_text_wrap(out, line, 16, WIDTH + 2);
    if (!verbose)
        return;
    vsh_text_add(out, "%*s", 16, "");
    vsh_text_wrap(out, run->note, 16, WIDTH + 2);
}

static void print_alternatives(const plan *p, bool verbose, vsh_term term, vsh_text *out)
{
    bool first = true;

    for (int i = 0; i < p->alternative_count; i++) {
        if (p->alternative[i].same)
            continue;
        if (first)
            vsh_text_add(out, "\n  %sInstead%s%s\n", vsh_term_bold(term), vsh_term_plain(term),
                         verbose ? "" : "       (--verbose: on what conditions)");
        first = false;
        print_alternative(p, &p->alternative[i], verbose, out);
    }
}

static void print_rule(const plan *p, vsh_term term, vsh_text *out)
{
    const plan_rule *rule = &p->rule;
    const vsh_anchor *near = rule->nearest;

    vsh_text_add(out, "\n  %sThe paper's rule%s (C = 6 N T E, %s tokens x %g): %s parameters.%s\n",
                 vsh_term_bold(term), vsh_term_plain(term), COUNT(rule->tokens), rule->epochs,
                 COUNT(rule->params), rule->feasible ? "" : " Don't:");
    if (rule->vetoed_by_memory)
        vsh_text_add(out, "  memory    %s of weights and optimizer state; there %s %s\n",
                     BYTES(rule->state_bytes), p->request.chips == 1 ? "is" : "are",
                     BYTES(p->request.hardware->memory_bytes.value * p->request.chips));
    if (rule->vetoed_by_data)
        vsh_text_add(
            out, "  data      %.2g tokens a parameter; the nearest measured run has loss %.2f\n",
            rule->tokens_per_param, near->loss);
}

static void print_warnings(const plan *p, vsh_term term, vsh_text *out)
{
    for (int i = 0; i < p->warning_count; i++) {
        const plan_warning *w = &p->warning[i];
        if (strcmp(w->code, "does_not_fit") == 0 || strcmp(w->code, "data_starved") == 0)
            continue; /* the screen has said it already */
        vsh_text_add(out, "\n  %sNote%s      ", vsh_term_warn(term), vsh_term_plain(term));
        vsh_text_wrap(out, w->message, 12, WIDTH + 2);
    }
}

/* A command is shown to be pasted, so it is not broken: where it is too long the option is. */
static void print_next(const char *command, vsh_text *out)
{
    bool reports = strstr(command, "--report");

    if (!reports && vsh_columns(command) + INDENT + 14 <= WIDTH + 2)
        vsh_text_add(out, "\n  Next      %s --report out/\n", command);
    else if (!reports)
        vsh_text_add(out, "\n  Next      the same with --report out/: a page with figures\n");
    vsh_text_add(out, "%s  vishwa-plan advice, same options: what each technique saves here\n\n",
                 reports ? "\n  Next    " : "          ");
}

void plan_print(const plan *p, vsh_term term, const char *command, bool verbose, vsh_text *out)
{
    print_head(p, term, out);
    if (plan_has_run(p)) {
        const plan_run *run = &p->recommended;
        if (!run->fits)
            vsh_text_add(out, "  %sDoes not fit.%s\n", vsh_term_warn(term), vsh_term_plain(term));
        print_architecture(run, term, out);
        print_expectation(p, run, out);
        print_training(p, run, out);
        plan_bill_print(run, out);
    } else {
        vsh_text_add(out, "  %sNo run to recommend.%s\n", vsh_term_warn(term),
                     vsh_term_plain(term));
    }
    if (p->check.answered)
        plan_check_print(p, term, out);
    if (p->target)
        plan_print_target(p, p->target, term, out);
    print_laws(p, term, out);
    print_alternatives(p, verbose, term, out);
    print_rule(p, term, out);
    print_warnings(p, term, out);
    print_next(command, out);
}
