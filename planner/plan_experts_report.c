#include <math.h>
#include <stdio.h>

#include "core/explain.h"
#include "core/page.h"
#include "planner/advice/expert_layers.h"
#include "planner/laws/clark2022.h"
#include "planner/laws/krajewski2024.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/plan_experts.h"
#include "planner/plan_report.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define REAL(value) vsh_show_real(value).text

enum { WIDTH = 78 };

/* ---- words that all three share ----------------------------------------------------------------
 */

/* The three comparisons, which are three different questions. */
static const struct {
    const char *name, *words;
} comparisons[] = {
    {"equal loss", "FLOPs saved when both reach the loss of the best dense model under the same "
                   "limits, each at its own best size."},
    {"equal memory", "the same with the experts in no more parameters than that dense model has: "
                     "fewer active ones, more tokens."},
    {"equal hours",
     "experts reach " VSH_EXPERTS_MFU_WORDS " of a dense model's MFU (Mixtral-8x7B 52.6 % beside "
     "Llama2-70B 65.4 % on TPU v5p, 35-36 % beside 44-50 % on Trillium: MaxText; "
     "measured at 8 experts, taken for all): time saved at equal loss, and loss "
     "gained in the same hours."}};

/* What each law is, and why its figure is not the others'. */
static const struct {
    const vsh_law *law;
    const char *words;
} laws[] = {
    {&vsh_ludziejewski2025,
     "knows active parameters, tokens and experts together (top-1, 79 M - 2.7 B active, 0.5 - 80 B "
     "tokens): the verdict is its. Clark's runs, which it has not seen, gained 0.95 - 1.3 times "
     "what "
     "it says. On repeated tokens it is asked about what they are worth to a "
     "dense model (Muennighoff 2023); nobody has measured experts there, and beyond 20 repeats no "
     "figure is given."},
    {&vsh_clark2022,
     "the dense model worth so many experts on a base of these active parameters. It does not know "
     "tokens: all its runs had 130 B, far more than this base would see here, so it says what "
     "experts are worth and not whether the tokens suffice; pessimistic for large bases."},
    {&vsh_krajewski2024,
     "64 experts, cut G times finer. It counts all parameters without embeddings; its runs had 3 - "
     "85 M active ones, and it leaves the router's cost out. Unlimited tokens."}};

static const char not_averaged[] =
    "The three are fitted on different corpora (FineWeb-Edu, MassiveText, C4), count different "
    "parameters and answer different questions: their figures are not to be averaged, and their "
    "losses do not compare.";

static const char fitted_words[] = "from a file, of the form of Ludziejewski 2025: the verdict is "
                                   "its. Geometry, ratio of MFUs and "
                                   "repeats are taken as for the published law.";

/* The first of them is the joint law that was asked. */
static const vsh_law *law_at(const plan *p, size_t i)
{
    return i == 0 ? plan_joint_law(&p->request) : laws[i].law;
}

static const char *words_at(const plan *p, size_t i)
{
    return law_at(p, i) == laws[i].law ? laws[i].words : fitted_words;
}

/* Why the same question has two answers here. */
static const char planned_words[] =
    "As the main job and advice give them: whole runs of real architectures that fit, beside the "
    "dense run that the same law chooses (its vocabulary, gated MLPs, activations and, on few "
    "tokens, no more hours than pay). The table above is of the law's own geometry, with weights "
    "and optimizer alone in memory.";

static bool is_planned(const plan_run *run) { return run->crossing.experts > 0; }

static const vsh_expert_row *here(const vsh_expert_table *t) { return t->row[t->limit_count - 1]; }

/* "at most 775 M parameters in all, 100 M unique tokens" */
static void tell_limits(vsh_expert_limits limits, char *room, size_t bytes)
{
    char memory[80] = "any memory", tokens[80] = "any number of tokens";

    if (limits.total_max > 0)
        snprintf(memory, sizeof memory, "at most %s parameters in all", COUNT(limits.total_max));
    if (limits.unique > 0)
        snprintf(tokens, sizeof tokens, "%s unique tokens", COUNT(limits.unique));
    snprintf(room, bytes, "%s, %s", memory, tokens);
}

typedef struct {
    char text[48];
} cell;

static cell show_share(double share)
{
    cell c = {"-"};

    if (isfinite(share))
        snprintf(c.text, sizeof c.text, "%.0f %%", 100 * share + 0.0);
    return c;
}

/* "14 to 20 %" */
static cell show_shares(double low, double high)
{
    cell c = {"-"};

    if (isfinite(low))
        snprintf(c.text, sizeof c.text, "%.0f to %.0f %%", 100 * low, 100 * high);
    return c;
}

/* "-0.027 to -0.019" */
static cell show_nats(double low, double high)
{
    cell c = {"-"};

    if (isfinite(low))
        snprintf(c.text, sizeof c.text, "%+.3f to %+.3f", low, high);
    return c;
}

static cell show_loss(double nats)
{
    cell c = {"-"};

    if (isfinite(nats))
        snprintf(c.text, sizeof c.text, "%.3f", nats);
    return c;
}

static cell show_tokens(double tokens)
{
    cell c = {"-"};

    if (isfinite(tokens))
        snprintf(c.text, sizeof c.text, "%s", COUNT(tokens));
    return c;
}

/* ---- terminal ----------------------------------------------------------------------------------
 */

static void print_models(const vsh_expert_table *t, vsh_term term, vsh_text *out)
{
    char limits[200];

    vsh_text_add(out,
                 "\n  %s E   active     total    tokens  D/N    loss   pays above  verdict%s\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < t->limit_count; i++) {
        tell_limits(t->limits[i], limits, sizeof limits);
        vsh_text_add(out, "  %s\n", limits);
        for (int j = 0; j < VSH_EXPERT_ROWS; j++) {
            const vsh_expert_row *row = &t->row[i][j];
            const vsh_expert_run *best = &row->best;
            if (!isfinite(best->loss)) {
                vsh_text_add(out, "  %2.0f  %s\n", row->experts, vsh_expert_verdicts[row->verdict]);
                continue;
            }
            vsh_text_add(out, "  %2.0f %8s %9s %9s %4.0f  %6s %12s  %s\n", row->experts,
                         COUNT(best->params_active), COUNT(best->params_total), COUNT(best->tokens),
                         best->tokens / best->params_active, show_loss(row->loss).text,
                         show_tokens(row->crossover).text, vsh_expert_verdicts[row->verdict]);
        }
    }
}

static void print_savings(const vsh_expert_table *t, vsh_term term, vsh_text *out)
{
    const vsh_expert_row *rows = here(t);
    char limits[200], line[240];

    tell_limits(t->limits[t->limit_count - 1], limits, sizeof limits);
    snprintf(line, sizeof line, "Saved against dense, with %s", limits);
    vsh_text_add(out, "\n  ");
    vsh_text_wrap(out, line, 2, WIDTH + 2);
    vsh_text_add(out,
                 "  %s     equal loss  equal memory     equal loss       equal hours      Clark:"
                 "%s\n"
                 "  %s E        FLOPs         FLOPs           time              loss   worth%s\n",
                 vsh_term_bold(term), vsh_term_plain(term), vsh_term_bold(term),
                 vsh_term_plain(term));
    for (int j = 1; j < VSH_EXPERT_ROWS; j++)
        vsh_text_add(out, "  %2.0f %12s %13s %14s %18s %8s\n", rows[j].experts,
                     show_share(rows[j].saving).text, show_share(rows[j].saving_memory).text,
                     show_shares(rows[j].time_low, rows[j].time_high).text,
                     show_nats(rows[j].hours_low, rows[j].hours_high).text,
                     show_tokens(rows[j].dense_equivalent).text);
}

static void print_planned(const plan *p, vsh_term term, vsh_text *out)
{
    bool first = true;

    for (int i = 0; i < p->alternative_count; i++) {
        const plan_run *run = &p->alternative[i];
        const plan_changed *c = &run->changed;
        if (!is_planned(run))
            continue;
        if (first)
            vsh_text_add(out,
                         "\n  %sPlanned   active  total tokens pays above FLOPs     time          "
                         "equal hours%s\n",
                         vsh_term_bold(term), vsh_term_plain(term));
        first = false;
        vsh_text_add(out, "  %-9s %6s %6s %6s %9s %5s %11s %17s\n", run->name,
                     COUNT(run->crossing.params_active), COUNT((double)run->parameters.total),
                     COUNT(run->tokens), show_tokens(run->crossing.crossover).text,
                     show_share(c->compute).text, show_shares(c->time_low, c->time).text,
                     show_nats(c->loss, c->loss_high).text);
    }
    if (!first)
        vsh_text_add(
            out, "  Real architectures, as in the main job; the table: the law's own geometry.\n");
}

/* The one that its printed example of 64 x 100 M has (tests/laws/test_experts.c). */
#define GRANULARITY_USUAL 8.0

static void print_fine(const plan_experts *answer, bool verbose, vsh_term term, vsh_text *out)
{
    vsh_text_add(out,
                 "\n  Krajewski 2024: 64 experts, G times finer\n"
                 "  %s G   active     total    tokens    loss  FLOPs saved  in memory%s\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < VSH_FINE_ROWS; i++) {
        const vsh_fine_row *row = &answer->fine[i];
        if (!verbose && row->granularity != GRANULARITY_USUAL)
            continue;
        vsh_text_add(out, "  %2.0f %8s %9s %9s  %6.3f %12s  %s\n", row->granularity,
                     COUNT(row->params_active), COUNT(row->params_total), COUNT(row->tokens),
                     row->loss, show_share(row->saving).text, row->fits ? "fits" : "does not fit");
    }
}

static void print_crossover(const plan *p, vsh_text *out)
{
    char line[400];
    int used;

    if (!plan_has_run(p))
        return;
    used = snprintf(line, sizeof line, "The main job's run: ");
    vsh_experts_tell_crossing(&p->crossing, line + used, (int)sizeof line - used);
    vsh_text_add(out, "\n  ");
    vsh_text_wrap(out, line, 2, WIDTH + 2);
}

static void print_notes(const plan *p, bool verbose, vsh_text *out)
{
    char line[600];

    if (!verbose) {
        vsh_text_add(out, "\n  ");
        vsh_text_wrap(
            out,
            "Equal hours: experts at " VSH_EXPERTS_MFU_WORDS " of a dense model's MFU. Pays "
            "above: tokens, at the active parameters of the row. What each comparison and "
            "law is: --verbose.",
            2, WIDTH + 2);
        vsh_text_add(out, "  ");
        vsh_text_wrap(out, not_averaged, 2, WIDTH + 2);
        return;
    }

    vsh_text_add(out, "\n");
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        vsh_text_add(out, "  %-13s ", comparisons[i].name);
        vsh_text_wrap(out, comparisons[i].words, 16, WIDTH + 2);
    }
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        snprintf(line, sizeof line, "%s: %s", law_at(p, i)->title, words_at(p, i));
        vsh_text_add(out, "  ");
        vsh_text_wrap(out, line, 16, WIDTH + 2);
    }
    vsh_text_add(out, "  Planned: ");
    vsh_text_wrap(out, planned_words, 16, WIDTH + 2);
    vsh_text_add(out, "  ");
    vsh_text_wrap(out, not_averaged, 2, WIDTH + 2);
}

void plan_experts_print(const plan *p, const plan_experts *answer, bool verbose, vsh_term term,
                        vsh_text *out)
{
    vsh_text_add(out, "\n  %g x %.40s, %s h: %s FLOP\n", p->request.chips,
                 p->request.hardware->name, vsh_show_amount(p->request.hours).text,
                 vsh_show_exponent(p->flops).text);
    plan_data_print(p, out);
    vsh_text_add(out, "  %s", vsh_term_bold(term));
    vsh_text_wrap(out, answer->verdict, 2, WIDTH + 2);
    vsh_text_add(out, "%s", vsh_term_plain(term));
    print_models(&answer->table, term, out);
    print_crossover(p, out);
    print_savings(&answer->table, term, out);
    print_planned(p, term, out);
    print_fine(answer, verbose, term, out);
    print_notes(p, verbose, out);
    vsh_text_add(out, "\n");
}

/* ---- as an explanation -------------------------------------------------------------------------
 */

enum { EXPLAINED_MAX = 16 + PLAN_DATA_EXPLAINED };

/* The row of the number of experts that the verdict is about. */
static int list_numbers(const plan *p, const plan_experts *answer,
                        vsh_explained lines[EXPLAINED_MAX])
{
    static const char mfu[] = "MaxText README: Mixtral beside Llama 2 on TPU v5p and Trillium";
    const vsh_expert_table *t = &answer->table;
    const vsh_expert_row *row = t->advised >= 0 ? &here(t)[t->advised] : vsh_experts_eight(t);
    const char *form = vsh_ludziejewski2025.form->formula;
    const char *law = plan_joint_law(&p->request)->source;
    const vsh_explained all[] = {
        {"budget", p->flops, "FLOP", "chips x effective throughput x hours x 3600", "arithmetic",
         "derived"},
        {"most parameters", p->largest_params, "in all", "(0.9 memory - 2 GB) / bytes a parameter",
         "docs/model.md, memory", "derived"},
        {"MFU ratio, low", VSH_EXPERTS_MFU_LOW, "of dense", "experts / dense", mfu, "measured"},
        {"MFU ratio, high", VSH_EXPERTS_MFU_HIGH, "of dense", "experts / dense", mfu, "measured"},
        {"experts", row->experts, "", "the row explained here", "the verdict", "derived"},
        {"active parameters", row->best.params_active, "", "least loss at 6 N D = C in the memory",
         law, "derived"},
        {"tokens", row->best.tokens, "", "C / (6 N)", law, "derived"},
        {"loss", row->loss, "nats a token", form, law, "calibrated"},
        {"FLOPs saved", row->saving, "share", "1 - C / C of dense at the loss of the best dense",
         law, "derived"},
        {"time saved, low", row->time_low, "share", "1 - (1 - FLOPs saved) / low MFU ratio", law,
         "derived"},
        {"time saved, high", row->time_high, "share", "1 - (1 - FLOPs saved) / high MFU ratio", law,
         "derived"},
        {"crossover", row->crossover, "tokens", "where the law's two losses are equal at that N",
         law, "derived"},
        {"worth, dense", row->dense_equivalent, "parameters", vsh_clark2022.form->formula,
         vsh_clark2022.source, "calibrated"}};
    int count = plan_data_explain(p, lines);

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (isfinite(all[i].value))
            lines[count++] = all[i];
    return count;
}

void plan_experts_explain(const plan *p, const plan_experts *answer, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(p, answer, lines), out);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static void write_budget(const plan *p, vsh_json *json)
{
    vsh_json_object(json, "budget");
    vsh_json_real(json, "hours", p->request.hours);
    vsh_json_real(json, "chips", p->request.chips);
    vsh_json_real(json, "flops", p->flops);
    vsh_json_real(json, "largest_params", p->largest_params);
    plan_data_write_json(p, json);
    vsh_json_real(json, "effective_flops_per_s", p->request.effective.v);
    vsh_json_real(json, "moe_mfu_ratio_low", VSH_EXPERTS_MFU_LOW);
    vsh_json_real(json, "moe_mfu_ratio_high", VSH_EXPERTS_MFU_HIGH);
    vsh_json_end(json);
}

static void write_row(const vsh_expert_row *row, const char *limits, vsh_json *json)
{
    const vsh_expert_run *best = &row->best;
    bool fits = isfinite(best->loss);

    vsh_json_object(json, NULL);
    vsh_json_string(json, "limits", limits);
    vsh_json_real(json, "experts", row->experts);
    vsh_json_known(json, "params_active", fits ? best->params_active : (double)NAN);
    vsh_json_known(json, "params_total", fits ? best->params_total : (double)NAN);
    vsh_json_known(json, "tokens", fits ? best->tokens : (double)NAN);
    vsh_json_known(json, "worth_tokens", fits ? best->worth : (double)NAN);
    vsh_json_known(json, "loss", row->loss);
    vsh_json_known(json, "loss_difference", row->difference);
    vsh_json_known(json, "saving_flops_share", row->saving);
    vsh_json_known(json, "saving_flops_equal_memory_share", row->saving_memory);
    vsh_json_known(json, "saving_time_low_share", row->time_low);
    vsh_json_known(json, "saving_time_high_share", row->time_high);
    vsh_json_known(json, "loss_difference_equal_hours_low", row->hours_low);
    vsh_json_known(json, "loss_difference_equal_hours_high", row->hours_high);
    vsh_json_known(json, "crossover_tokens", row->crossover);
    vsh_json_known(json, "clark_dense_equivalent_params", row->dense_equivalent);
    vsh_json_string(json, "verdict", vsh_expert_verdicts[row->verdict]);
    vsh_json_string(json, "reason", row->reason[0] ? row->reason : NULL);
    vsh_json_end(json);
}

static void write_fine(const vsh_fine_row *row, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_real(json, "granularity", row->granularity);
    vsh_json_real(json, "experts", VSH_KRAJEWSKI_EXPERTS);
    vsh_json_real(json, "params_active_non_embedding", row->params_active);
    vsh_json_real(json, "params_total_non_embedding", row->params_total);
    vsh_json_real(json, "tokens", row->tokens);
    vsh_json_real(json, "loss", row->loss);
    vsh_json_real(json, "saving_flops_share", row->saving);
    vsh_json_real(json, "dense_flops_ratio", row->dense_times);
    vsh_json_bool(json, "fits", row->fits);
    vsh_json_bool(json, "valid", row->valid);
    vsh_json_string(json, "reason", row->valid ? NULL : row->reason);
    vsh_json_end(json);
}

/* What Clark's law makes of the models under the last limits. */
static void write_clark(const vsh_expert_table *t, vsh_json *json)
{
    vsh_json_array(json, "rows");
    for (int j = 0; j < VSH_EXPERT_ROWS; j++) {
        const vsh_expert_row *row = &here(t)[j];
        if (!isfinite(row->best.loss))
            continue;
        vsh_json_object(json, NULL);
        vsh_json_real(json, "experts", row->experts);
        vsh_json_real(json, "base_params", row->best.params_active);
        vsh_json_real(json, "dense_equivalent_params", row->dense_equivalent);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_laws(const plan *p, const plan_experts *answer, vsh_json *json)
{
    vsh_json_array(json, "laws");
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        const vsh_law *law = law_at(p, i);
        vsh_json_object(json, NULL);
        vsh_json_string(json, "law", law->name);
        vsh_json_string(json, "source", law->source);
        vsh_json_string(json, "corpus", law->corpus);
        vsh_json_string(json, "n_counts", vsh_n_counts_names[law->n_counts]);
        vsh_json_string(json, "range", law->range);
        vsh_json_string(json, "note", words_at(p, i));
        if (law == &vsh_clark2022)
            write_clark(&answer->table, json);
        if (law == &vsh_krajewski2024) {
            vsh_json_array(json, "rows");
            for (int j = 0; j < VSH_FINE_ROWS; j++)
                write_fine(&answer->fine[j], json);
            vsh_json_end(json);
        }
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

/* At the run that the main job recommends, as there. */
static void write_crossover(const plan *p, vsh_json *json)
{
    if (!plan_has_run(p)) {
        vsh_json_null(json, "crossover");
        return;
    }
    vsh_json_object(json, "crossover");
    vsh_json_real(json, "experts", p->crossing.experts);
    vsh_json_real(json, "params_active", p->crossing.params_active);
    vsh_json_known(json, "tokens", p->crossing.crossover);
    vsh_json_end(json);
}

void plan_experts_write_json(const plan *p, const plan_experts *answer, bool explain,
                             vsh_json *json)
{
    const vsh_expert_table *t = &answer->table;
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    write_budget(p, json);
    write_laws(p, answer, json);
    vsh_json_array(json, "rows");
    for (int i = 0; i < t->limit_count; i++)
        for (int j = 0; j < VSH_EXPERT_ROWS; j++)
            write_row(&t->row[i][j], vsh_expert_limit_names[i], json);
    vsh_json_end(json);
    write_crossover(p, json);
    vsh_json_array(json, "planned");
    for (int i = 0; i < p->alternative_count; i++) {
        const plan_run *run = &p->alternative[i];
        if (!is_planned(run))
            continue;
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", run->name);
        vsh_json_real(json, "params_total", (double)run->parameters.total);
        vsh_json_real(json, "tokens", run->tokens);
        vsh_json_known(json, "saving_flops_share", run->changed.compute);
        plan_experts_write_changed(run, json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_string(json, "planned_note", planned_words);
    vsh_json_known(json, "advised_experts", t->advised >= 0 ? here(t)[t->advised].experts : 1);
    vsh_json_string(json, "verdict", answer->verdict);
    vsh_json_string(json, "note", not_averaged);
    if (explain)
        vsh_explain_write(lines, list_numbers(p, answer, lines), json);
    vsh_json_end(json);
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static void write_page_models(const vsh_expert_table *t, vsh_text *page)
{
    static const char *const heads[] = {
        "#experts", "#active", "#in all", "#tokens", "#loss", "#pays above, tokens", "verdict"};
    vsh_table table = vsh_table_open(page, heads, 7);

    for (int j = 0; j < VSH_EXPERT_ROWS; j++) {
        const vsh_expert_row *row = &here(t)[j];
        bool fits = isfinite(row->best.loss);
        vsh_table_row(&table, j == t->advised ? "strong" : NULL);
        vsh_table_cell(&table, "%g", row->experts);
        vsh_table_cell(&table, "%s", fits ? COUNT(row->best.params_active) : "-");
        vsh_table_cell(&table, "%s", fits ? COUNT(row->best.params_total) : "-");
        vsh_table_cell(&table, "%s", fits ? COUNT(row->best.tokens) : "-");
        vsh_table_cell(&table, "%s", show_loss(row->loss).text);
        vsh_table_cell(&table, "%s", show_tokens(row->crossover).text);
        vsh_table_cell(&table, "%s%s%s", vsh_expert_verdicts[row->verdict],
                       row->reason[0] ? ": " : "", row->reason);
    }
    vsh_table_close(&table);
}

static void write_page_savings(const vsh_expert_table *t, vsh_text *page)
{
    static const char *const heads[] = {"#experts",           "#equal loss: FLOPs",
                                        "#equal memory",      "#equal loss: time",
                                        "#equal hours: loss", "#worth (Clark)"};
    vsh_table table = vsh_table_open(page, heads, 6);

    for (int j = 1; j < VSH_EXPERT_ROWS; j++) {
        const vsh_expert_row *row = &here(t)[j];
        vsh_table_row(&table, j == t->advised ? "strong" : NULL);
        vsh_table_cell(&table, "%g", row->experts);
        vsh_table_cell(&table, "%s", show_share(row->saving).text);
        vsh_table_cell(&table, "%s", show_share(row->saving_memory).text);
        vsh_table_cell(&table, "%s", show_shares(row->time_low, row->time_high).text);
        vsh_table_cell(&table, "%s", show_nats(row->hours_low, row->hours_high).text);
        vsh_table_cell(&table, "%s", show_tokens(row->dense_equivalent).text);
    }
    vsh_table_close(&table);
}

static void write_page_fine(const plan_experts *answer, vsh_text *page)
{
    static const char *const heads[] = {"#G",    "#active",      "#in all",  "#tokens",
                                        "#loss", "#FLOPs saved", "in memory"};
    vsh_table table = vsh_table_open(page, heads, 7);

    for (int i = 0; i < VSH_FINE_ROWS; i++) {
        const vsh_fine_row *row = &answer->fine[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%g", row->granularity);
        vsh_table_cell(&table, "%s", COUNT(row->params_active));
        vsh_table_cell(&table, "%s", COUNT(row->params_total));
        vsh_table_cell(&table, "%s", COUNT(row->tokens));
        vsh_table_cell(&table, "%.2f", row->loss);
        vsh_table_cell(&table, "%s", show_share(row->saving).text);
        vsh_table_cell(&table, "%s", row->fits ? "fits" : "does not fit");
    }
    vsh_table_close(&table);
}

static void write_page_answer(const plan *p, const plan_experts *answer, vsh_text *page)
{
    const vsh_expert_table *t = &answer->table;
    char limits[200];

    tell_limits(t->limits[t->limit_count - 1], limits, sizeof limits);
    vsh_page_put(page, "p", "lead", "By the joint law, %s.", answer->verdict);
    vsh_page_put(page, "p", NULL, "The best model of each number of experts with %s FLOP and %s.",
                 vsh_show_power(p->flops).text, limits);
    write_page_models(t, page);
    vsh_page_put(page, "h3", NULL, "What they save against the best dense model");
    write_page_savings(t, page);
    vsh_text_add(page, "<ul>\n");
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++)
        vsh_page_put(page, "li", "small", "%s: %s", comparisons[i].name, comparisons[i].words);
    vsh_text_add(page, "</ul>\n");
}

void plan_experts_write_page(const plan *p, vsh_text *page)
{
    plan_experts *answer = vsh_alloc(page->arena, 1, sizeof *answer);

    if (!answer) {
        page->failed = true;
        return;
    }
    plan_experts_of(p, answer);
    vsh_page_put(page, "h2", NULL, "Would experts pay?");
    vsh_text_add(page, "<section class=\"card\">\n");
    write_page_answer(p, answer, page);
    vsh_page_put(page, "h3", NULL, "Fine-grained experts: 64, G times finer, by Krajewski 2024");
    write_page_fine(answer, page);
    vsh_text_add(page, "<ul>\n");
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
        vsh_page_put(page, "li", "small", "%s: %s", law_at(p, i)->title, words_at(p, i));
    vsh_text_add(page, "</ul>\n");
    vsh_page_put(page, "p", "small", "%s", not_averaged);
    vsh_text_add(page, "</section>\n");
}
