#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/page.h"
#include "core/report.h"
#include "planner/figures/figure.h"
#include "planner/plan_experts.h"
#include "planner/plan_report.h"
#include "planner/plan_target.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define BYTES(value) vsh_show_bytes(value).text
#define REAL(value) vsh_show_real(value).text
#define INTEGER(value) vsh_show_integer((int64_t)(value)).text
#define POWER(value) vsh_show_power(value).text
#define AMOUNT(value) vsh_show_amount(value).text

/* ---- the plan -------------------------------------------------------------------------------- */

static void write_size_tiles(const plan *p, vsh_text *page)
{
    const plan_run *run = &p->recommended;
    const vsh_model *m = &run->model;
    char loss[16], rate[16];

    snprintf(loss, sizeof loss, "%.2f", run->loss);
    snprintf(rate, sizeof rate, "%s", plan_show_rate(run->tuning.rate).text);
    if (m->experts.count)
        vsh_report_tile(page, "parameters", COUNT((double)run->parameters.total), "%s active",
                        COUNT((double)run->parameters.active));
    else
        vsh_report_tile(page, "parameters", COUNT((double)run->parameters.total), "%s in all",
                        INTEGER(run->parameters.total));
    if (run->epochs > 1.0001)
        vsh_report_tile(page, "tokens", COUNT(run->tokens), "%s epochs of %s", REAL(run->epochs),
                        COUNT(run->unique_tokens));
    else
        vsh_report_tile(page, "tokens", COUNT(run->tokens), "1 epoch");
    vsh_report_tile(page, "predicted loss", loss, "%.2f - %.2f, nats a token", run->loss_range.low,
                    run->loss_range.high);
    vsh_report_tile(page, "batch", COUNT(run->batch_tokens), "tokens; %s - %s do as well",
                    COUNT(run->tuning.laws.batch_low), COUNT(run->tuning.laws.batch_high));
    vsh_report_tile(page, "learning rate", rate, "%s - %s by the published laws",
                    plan_show_rate(run->tuning.laws.rate_low).text,
                    plan_show_rate(run->tuning.laws.rate_high).text);
    vsh_report_tile(page, "steps", INTEGER(run->steps), "of %s",
                    vsh_show_time(run->step_time_s).text);
}

static void write_cost_tiles(const plan *p, vsh_text *page)
{
    const plan_run *run = &p->recommended;
    const vsh_bill *bill = &run->bill;
    char text[48];

    snprintf(text, sizeof text, "%s h", AMOUNT(run->hours));
    vsh_report_tile(page, "time", text, "%s - %s; %s h at hand", AMOUNT(run->hours_range.low),
                    AMOUNT(run->hours_range.high), AMOUNT(p->request.hours));
    snprintf(text, sizeof text, "%.0f %%", 100 * run->mfu);
    vsh_report_tile(page, "of peak (MFU)", text, "scenario %.60s; bound by %s", p->request.scenario,
                    vsh_bound_names[run->bound]);
    vsh_report_tile(page, "memory a chip", BYTES(run->footprint.total.v), "of %s",
                    BYTES(p->request.hardware->memory_bytes.value));
    vsh_report_tile(page, "cost", bill->price_known ? vsh_show_usd(bill->usd).text : "unknown",
                    "%s", bill->price_known ? "at the price of the card below" : "give --price");
    if (bill->power_known) {
        snprintf(text, sizeof text, "%s kWh", AMOUNT(bill->kwh));
        vsh_report_tile(page, "energy (modelled)", text, "%s - %s", AMOUNT(bill->kwh_low),
                        AMOUNT(bill->kwh_high));
        snprintf(text, sizeof text, "%s kg", AMOUNT(bill->co2_kg));
        vsh_report_tile(page, "CO2e (modelled)", text, "%s; %s - %s", p->request.region->code,
                        AMOUNT(bill->co2_low_kg), AMOUNT(bill->co2_high_kg));
    }
}

static void write_architecture(const plan *p, vsh_text *page)
{
    const plan_run *run = &p->recommended;
    const vsh_model *m = &run->model;
    char experts[80] = "Dense";

    if (m->experts.count)
        snprintf(experts, sizeof experts, "%" PRId64 " experts, top-%" PRId64, m->experts.count,
                 m->experts.top_k);
    vsh_page_put(page, "p", NULL,
                 "%s: %" PRId64 " layers of width %s, %" PRId64
                 " heads, feed-forward %s (%s), vocabulary %s, context %s, "
                 "%s embedding; %s, %s, %" PRId64 " sequence%s of %s at a time, recompute %s.",
                 experts, m->layers, INTEGER(m->hidden), m->heads,
                 INTEGER(m->experts.count ? m->experts.hidden : m->ffn), vsh_mlp_words[m->mlp],
                 INTEGER(m->vocab), INTEGER(m->context), m->tied ? "tied" : "untied",
                 vsh_precision_words[p->request.precision], p->request.recipe->name,
                 run->work.sequences, run->work.sequences == 1 ? "" : "s", INTEGER(run->work.seq),
                 vsh_recompute_words[run->work.recompute]);
}

static void write_summary(const plan *p, vsh_text *page)
{
    const plan_request *r = &p->request;
    const plan_run *run = &p->recommended;

    vsh_page_put(page, "h1", NULL, "What to train on %s\u00a0x\u00a0%.200s in %s\u00a0h",
                 INTEGER(r->chips), r->hardware->name, AMOUNT(r->hours));
    vsh_page_put(
        page, "p", "soft", "%s FLOP: %sFLOP/s a chip, %.0f %% of the %s peak (scenario %.60s, %s).",
        POWER(p->flops), vsh_show_si(r->effective.v).text, 100 * r->effective.v / r->peak.v,
        vsh_precision_words[r->peak_of], r->scenario, vsh_tag_names[r->throughput_tag]);
    plan_data_write_page(p, page);
    vsh_text_add(page, "<section class=\"card\">\n");
    if (!plan_has_run(p)) {
        vsh_page_put(page, "p", "lead", "Nothing of a useful size fits.");
        vsh_text_add(page, "</section>\n");
        return;
    }
    vsh_page_put(page, "p", "lead", "%s%s parameters on %s tokens; expect loss %.2f (%.2f - %.2f).",
                 run->fits ? "Train " : "Does not fit: ", COUNT((double)run->parameters.total),
                 COUNT(run->tokens), run->loss, run->loss_range.low, run->loss_range.high);
    write_architecture(p, page);
    vsh_page_put(page, "p", "small", "%s",
                 run->valid ? "Loss on text like that of the law; +-0.2 on other text and "
                              "tokenizers. The range is a 95 % interval of "
                              "the fit, of a new run and of the throughput."
                            : "The law is asked outside its data: its loss is a bound, and the "
                              "nearest measured run lies in the range.");
    vsh_text_add(page, "<dl class=\"figures\">\n");
    write_size_tiles(p, page);
    write_cost_tiles(p, page);
    vsh_text_add(page, "</dl>\n</section>\n");
}

static void write_warnings(const plan *p, vsh_text *page)
{
    if (p->warning_count == 0)
        return;
    vsh_text_add(page, "<section class=\"card warn\">\n<h3>Before you rely on it</h3>\n<ul>\n");
    for (int i = 0; i < p->warning_count; i++) {
        vsh_text_add(page, "<li>");
        vsh_page_text(page, p->warning[i].message);
        vsh_text_add(page, " <code class=\"soft\">");
        vsh_page_text(page, p->warning[i].code);
        vsh_text_add(page, "</code></li>\n");
    }
    vsh_text_add(page, "</ul>\n</section>\n");
}

/* ---- its tables ------------------------------------------------------------------------------ */

static void write_laws(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Law",   "#parameters", "#tokens",
                                        "#loss", "N counts",    "corpus"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "What each law makes of the budget");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 6);
    for (int i = 0; i < p->by_law_count; i++) {
        const vsh_law *law = p->sizing_law[i];
        const vsh_optimum *best = &p->by_law[i];
        vsh_table_row(&table, law == p->request.law ? "strong" : NULL);
        vsh_table_cell(&table, "%s%s", law->title, law == p->request.law ? " (this plan)" : "");
        vsh_table_cell(&table, "%s", COUNT(best->params));
        vsh_table_cell(&table, "%s", COUNT(best->tokens));
        if (isfinite(best->loss))
            vsh_table_cell(&table, "%.2f", best->loss);
        else
            vsh_table_cell(&table, "-");
        vsh_table_cell(&table, "%s", vsh_n_counts_names[law->n_counts]);
        vsh_table_cell(&table, "%s", law->corpus);
    }
    vsh_table_close(&table);
    vsh_page_put(
        page, "p", "small",
        "95 %% of %s: %s - %s parameters, %s - %s tokens. Losses of two corpora do not compare.",
        p->request.law->title, COUNT(p->optimum_params.low), COUNT(p->optimum_params.high),
        COUNT(p->optimum_tokens.low), COUNT(p->optimum_tokens.high));
    vsh_text_add(page, "</section>\n");
}

static void write_alternative(const plan_run *run, const char *name, const char *class,
                              vsh_table *table)
{
    vsh_table_row(table, class);
    vsh_table_cell(table, "%.60s", name);
    vsh_table_cell(table, "%s", COUNT((double)run->parameters.total));
    vsh_table_cell(table, "%s", COUNT(run->tokens));
    if (isfinite(run->loss))
        vsh_table_cell(table, "%.2f", run->loss);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s (%s - %s)", AMOUNT(run->hours), AMOUNT(run->hours_range.low),
                   AMOUNT(run->hours_range.high));
    vsh_table_cell(table, "%s", BYTES(run->footprint.total.v));
    if (run->bill.price_known)
        vsh_table_cell(table, "%s", vsh_show_usd(run->bill.usd).text);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s%s%s", *run->saving ? run->saving : "what this page is about",
                   *run->saving && *run->note ? ". " : "", run->note);
}

static void write_alternatives(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Instead", "#parameters", "#tokens", "#loss",
                                        "#hours",  "#memory",     "#cost",   "+what it saves"};
    vsh_table table;

    if (p->alternative_count == 0)
        return;
    vsh_page_put(page, "h2", NULL, "What else the same budget could do");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 8);
    write_alternative(&p->recommended, "this plan", "strong", &table);
    for (int i = 0; i < p->alternative_count; i++)
        if (strcmp(p->alternative[i].name, "dense") != 0)
            write_alternative(&p->alternative[i], p->alternative[i].name, NULL, &table);
    vsh_table_close(&table);
    vsh_text_add(page, "</section>\n");
}

static void write_rule(const plan *p, vsh_text *page)
{
    const plan_rule *rule = &p->rule;
    const vsh_anchor *near = rule->nearest;

    vsh_page_put(page, "h2", NULL, "The paper's rule");
    vsh_text_add(page,
                 rule->feasible ? "<section class=\"card\">\n" : "<section class=\"card warn\">\n");
    vsh_page_put(page, "p", "lead", "N = C / (6 T E) = %s parameters: %s.", COUNT(rule->params),
                 rule->verdict);
    vsh_page_put(page, "p", NULL, "C is %s FLOP, T %s tokens, E %g epochs.", POWER(p->flops),
                 COUNT(rule->tokens), rule->epochs);
    vsh_text_add(page, "<ul>\n");
    if (rule->vetoed_by_memory)
        vsh_page_put(
            page, "li", NULL,
            "Memory: %s of weights and optimizer state, %s chips' worth before any activation; "
            "there %s %s.",
            BYTES(rule->state_bytes), INTEGER(rule->chips_for_state),
            p->request.chips == 1 ? "is" : "are",
            BYTES(p->request.hardware->memory_bytes.value * p->request.chips));
    if (rule->vetoed_by_data)
        vsh_page_put(
            page, "li", NULL,
            "Data: %s tokens a parameter. The nearest measured run (%s parameters, %s tokens, %s) "
            "reached loss %.2f.",
            REAL(rule->tokens_per_param), COUNT(near->params), COUNT(near->tokens),
            vsh_anchor_corpora[near->corpus], near->loss);
    vsh_page_put(page, "li", NULL, "The law of repeated data gives at least %.2f there%s.",
                 rule->lower_bound_loss,
                 rule->repeats_params > 20
                     ? ": a bound and no prediction, so far is it from any measured run"
                     : "");
    vsh_text_add(page, "</ul>\n</section>\n");
}

static void write_memory(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Memory of a chip", "#bytes", "#share of the chip"};
    const vsh_footprint *f = &p->recommended.footprint;
    const struct {
        const char *name;
        double bytes;
    } parts[] = {{"weights", f->weights.v},     {"gradients", f->gradients.v},
                 {"optimizer", f->optimizer.v}, {"activations", f->activations.v},
                 {"logits", f->logits.v},       {"workspace", f->workspace.v},
                 {"in all", f->total.v}};
    double capacity = p->request.hardware->memory_bytes.value;
    vsh_table table;

    if (!plan_has_run(p))
        return;
    vsh_page_put(page, "h2", NULL, "Where the memory goes");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 3);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        vsh_table_row(&table, i + 1 == sizeof parts / sizeof parts[0] ? "strong" : NULL);
        vsh_table_cell(&table, "%s", parts[i].name);
        vsh_table_cell(&table, "%s", BYTES(parts[i].bytes));
        vsh_table_cell(&table, "%.1f %%", 100 * parts[i].bytes / capacity);
    }
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "A chip has %s; a plan may fill %.0f %%. %s: %g bytes a parameter (%s). The "
                 "largest model by "
                 "memory alone: %s parameters.",
                 BYTES(capacity), 100 * PLAN_MEMORY_SHARE, p->request.recipe->name,
                 vsh_recipe_bytes(p->request.recipe), p->request.recipe->source,
                 COUNT(p->largest_params));
    vsh_text_add(page, "</section>\n");
}

/* ---- its sources ----------------------------------------------------------------------------- */

static void write_explanation(const plan *p, vsh_text *page)
{
    vsh_text lines = {.arena = page->arena};
    const char *text, *after_heading;

    plan_explain(p, &lines);
    text = vsh_text_string(&lines);
    after_heading = strchr(text, '\n'); /* the page has a heading of its own */
    vsh_page_put(page, "h2", NULL, "Where each number comes from");
    vsh_text_add(page, "<section class=\"card long\">\n<pre>");
    vsh_page_text(page, after_heading ? after_heading + 1 : text);
    vsh_text_add(page, "</pre>\n</section>\n");
    page->failed = page->failed || lines.failed;
}

/* Without its folder: a report is the same wherever it was made. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void write_card(const plan *p, const char *command, vsh_text *page)
{
    const plan_request *r = &p->request;
    char seed[32], price[48];

    snprintf(seed, sizeof seed, "%" PRIu64, r->seed);
    snprintf(price, sizeof price, "$%s a chip-hour",
             REAL(r->price_usd >= 0 ? r->price_usd : r->hardware->price.value));
    vsh_page_put(page, "h2", NULL, "The card of this report");
    vsh_text_add(page,
                 "<section class=\"card\">\n<dl class=\"facts\">\n<dt>command</dt>\n<dd><code>");
    vsh_page_text(page, command);
    vsh_text_add(page, "</code></dd>\n");
    vsh_report_fact(page, "version", "vishwa-plan " VSH_VERSION, NULL);
    vsh_report_fact(page, "hardware", r->hardware->name, file_name(r->hardware->path));
    if (r->hardware->note)
        vsh_report_fact(page, "", "", r->hardware->note);
    vsh_report_fact(page, "throughput", r->scenario, r->throughput_source);
    if (r->price_usd >= 0 || r->hardware->price.known)
        vsh_report_fact(page, "price", price,
                        r->price_usd >= 0 ? "--price" : r->hardware->price.source);
    vsh_report_fact(page, "law", r->law->title, r->law->source);
    vsh_report_fact(page, "recipe", r->recipe->name, r->recipe->source);
    vsh_report_fact(page, "grid", r->region->code, r->region->source);
    vsh_report_fact(page, "seed", seed, "of the draws behind the intervals");
    vsh_text_add(page, "</dl>\n</section>\n");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static vsh_status write_report(const plan *p, const char *command, const char *folder,
                               vsh_arena *arena, bool *drawn, vsh_error *err)
{
    vsh_report_figure figures[PLAN_FIGURES];
    vsh_text page = {.arena = arena}, title = {.arena = arena};

    VSH_TRY(vsh_folder_make(folder, err));
    VSH_TRY(plan_make_figures(p, arena, figures, err));
    VSH_TRY(vsh_report_write_scripts(folder, figures, PLAN_FIGURES, err));
    vsh_text_add(&title, "A plan for %.120s, %s h", p->request.hardware->name,
                 AMOUNT(p->request.hours));
    vsh_page_open(&page, vsh_text_string(&title));
    write_summary(p, &page);
    write_warnings(p, &page);
    if (p->check.answered)
        plan_check_write_page(p, &page);
    if (p->target)
        plan_page_target(p->target, &page);
    write_laws(p, &page);
    write_alternatives(p, &page);
    write_rule(p, &page);
    vsh_page_put(&page, "h2", NULL, "Figures");
    *drawn = vsh_report_add_figures(folder, figures, PLAN_FIGURES, &page);
    plan_advice_write_page(p, &page);
    if (plan_has_run(p))
        plan_page_tuning(&p->recommended.tuning, p->recommended.batch_tokens, &page);
    plan_experts_write_page(p, &page);
    plan_bill_write_page(p, &page);
    write_memory(p, &page);
    write_explanation(p, &page);
    write_card(p, command, &page);
    vsh_page_close(&page);
    return vsh_report_write_page(folder, &page, err);
}

vsh_status plan_write_report(const plan *p, const char *command, const char *folder, bool force,
                             bool *drawn, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_status status;

    *drawn = false;
    VSH_TRY(vsh_report_check(folder, force, err));
    status = write_report(p, command, folder, &arena, drawn, err);
    vsh_arena_free(&arena);
    return status;
}
