#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/page.h"
#include "planner/advice/combination.h"
#include "planner/advice/technique.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/plan_commands.h"
#include "planner/plan_report.h"

enum { WIDTH = 80 };

/* ---- several techniques together ------------------------------------------------------------ */

/* Each alone and all as one, by the same law; and what adding and multiplying would have said. */
typedef struct {
    vsh_change_list list;
    const vsh_law *law;
    plan_changed alone[VSH_CHANGES_MAX], together;
    double sum_compute, sum_time, product_compute, product_time;
} combination;

/* Experts are known to one law only, under which everything is then compared. */
static const vsh_law *choose_law(const plan *p, const vsh_change *all)
{
    return all->experts ? plan_joint_law(&p->request) : p->recommended.loss_law;
}

static vsh_status combine(const plan *p, combination *c, vsh_error *err)
{
    vsh_change all = vsh_changes_join(&c->list);

    c->law = choose_law(p, &all);
    c->product_compute = c->product_time = 1;
    for (int i = 0; i < c->list.count; i++) {
        plan_changed *one = &c->alone[i];
        VSH_TRY(vsh_change_apply(p, c->law, &c->list.change[i], one, NULL, err));
        c->sum_compute += one->compute;
        c->sum_time += one->time;
        c->product_compute *= 1 - one->compute;
        c->product_time *= 1 - one->time;
    }
    c->product_compute = 1 - c->product_compute;
    c->product_time = 1 - c->product_time;
    return vsh_change_apply(p, c->law, &all, &c->together, NULL, err);
}

/* ---- on a terminal -------------------------------------------------------------------------- */

typedef vsh_figure_text shown;

static shown show_share(double share)
{
    shown s = {"-"};

    if (share <= -10)
        snprintf(s.text, sizeof s.text, "%.0f x", fmin(1 - share, 99999));
    else if (!isnan(share))
        snprintf(s.text, sizeof s.text,
                 fabs(share) < 5e-4  ? "0"
                 : fabs(share) < 0.1 ? "%+.1f %%"
                                     : "%+.0f %%",
                 100 * share);
    return s;
}

/* "14 to 20 %" where there is a range, which is of experts. */
static shown show_time(const plan_advice *a)
{
    shown s;

    if (isnan(a->time) || isnan(a->time_low))
        return show_share(a->time);
    snprintf(s.text, sizeof s.text, "%.0f to %.0f %%", 100 * a->time_low + 0.0,
             100 * a->time + 0.0);
    return s;
}

static shown show_loss(double nats)
{
    shown s = {"-"};

    if (!isnan(nats))
        snprintf(s.text, sizeof s.text, fabs(nats) < 5e-4 ? "0" : "%+.3f", nats);
    return s;
}

static shown show_memory(double bytes)
{
    shown s = {"-"};

    if (isnan(bytes))
        return s;
    if (fabs(bytes) < 1)
        return (shown){"0"};
    snprintf(s.text, sizeof s.text, "%c%.16s", bytes < 0 ? '-' : '+',
             vsh_show_bytes(fabs(bytes)).text);
    return s;
}

static shown show_money(double usd)
{
    shown s = {"-"};

    if (isnan(usd))
        return s;
    if (fabs(usd) < 0.005)
        return (shown){"0"};
    snprintf(s.text, sizeof s.text, "%c%.17s", usd < 0 ? '-' : '+', vsh_show_usd(fabs(usd)).text);
    return s;
}

static char evidence_letter(vsh_evidence evidence) { return "PSMDFA"[evidence]; }

/* The rows asked for by name; all of them without a name. */
typedef struct {
    const char *const *name;
    int count;
} chosen;

static bool is_chosen(const chosen *names, const plan_advice *a)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], a->technique->name) == 0)
            return true;
    return names->count == 0;
}

static const char *mark(const plan_advice *a)
{
    return a->in_plan ? " =" : a->applies ? " *" : "  ";
}

static void print_table(const plan *p, const chosen *names, vsh_term term, vsh_text *out)
{
    vsh_text_add(
        out,
        "\n  %sWhat each saves   compute     loss    memory         time    money  serving%s\n",
        vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < p->advice_count; i++) {
        const plan_advice *a = &p->advice[i];
        if (is_chosen(names, a))
            vsh_text_add(out, "%s %-15s %8s %8s %9s %12s %8s %8s  %c\n", mark(a),
                         a->technique->name, show_share(a->compute).text, show_loss(a->loss).text,
                         show_memory(a->memory_bytes).text, show_time(a).text,
                         show_money(a->usd).text, show_share(a->inference).text,
                         evidence_letter(a->technique->evidence));
    }
    vsh_text_add(out, "\n  ");
    vsh_text_wrap(out,
                  "* pays here; = is in the plan, with figures against going without. Minus: it "
                  "costs. Compute, time and money at equal loss (experts: at 0.75 - 0.80 of the "
                  "MFU; money at the better end); loss in nats at equal compute; - no law says. "
                  "Serving: of a token's cost. Evidence: P read in the paper, S in another's "
                  "account of it, M from memory, D derived here.",
                  2, WIDTH);
}

/* One line each: on what condition that pays which pays here. */
static void print_conditions(const plan *p, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %sCondition%s\n", vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < p->advice_count; i++) {
        const plan_advice *a = &p->advice[i];
        char line[200];
        if (!a->applies)
            continue;
        snprintf(line, sizeof line, "%.*s", (int)strcspn(a->technique->condition, ";:"),
                 a->technique->condition);
        vsh_text_add(out, "%s %-15s ", mark(a), a->technique->name);
        vsh_text_wrap(out, line, 19, WIDTH);
    }
    vsh_text_add(out, "\n  Why, one by one: vishwa-plan advice NAME, same options; or --verbose\n");
}

/* explain: with the claim that is judged, and its source. */
static void print_reasons(const plan *p, const chosen *names, bool explain, vsh_term term,
                          vsh_text *out)
{
    for (int i = 0; i < p->advice_count; i++) {
        const vsh_technique *t = p->advice[i].technique;
        char line[1600];
        int used = snprintf(line, sizeof line, "%s%sCondition: %s.", p->advice[i].why,
                            *p->advice[i].why ? " " : "", t->condition);
        if (!is_chosen(names, &p->advice[i]))
            continue;
        if (explain)
            snprintf(line + used, sizeof line - (size_t)used, " Claim: %s. Source: %s (%s).",
                     t->claim ? t->claim : "none of the seed documents", t->source,
                     vsh_evidence_names[t->evidence]);
        vsh_text_add(out, "\n  %s%-15s%s ", vsh_term_bold(term), t->name, vsh_term_plain(term));
        vsh_text_wrap(out, line, 18, WIDTH);
    }
}

static void print_line(const char *name, double compute, double time, double bytes, double usd,
                       double loss, vsh_text *out)
{
    vsh_text_add(out, "  %-20s %8s %8s %10s %8s %10s\n", name, show_share(compute).text,
                 show_share(time).text, show_memory(bytes).text, show_money(usd).text,
                 show_loss(loss).text);
}

static void print_changed(const char *name, const plan_changed *c, vsh_text *out)
{
    print_line(name, c->compute, c->time, c->memory_bytes, c->usd, c->loss, out);
}

static void print_combination(const plan *p, const combination *c, vsh_term term, vsh_text *out)
{
    const plan_changed *all = &c->together;

    vsh_text_add(out,
                 "\n  %sTogether              compute     time     memory    money   loss, same "
                 "hours%s\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < c->list.count; i++)
        print_changed(c->list.name[i], &c->alone[i], out);
    print_line("added, wrongly", c->sum_compute, c->sum_time, NAN, NAN, NAN, out);
    print_line("multiplied, wrongly", c->product_compute, c->product_time, NAN, NAN, NAN, out);
    vsh_text_add(out, "%s", vsh_term_bold(term));
    print_changed("planned together", all, out);
    vsh_text_add(out, "%s\n  ", vsh_term_plain(term));
    if (all->reaches) {
        char line[640];
        int used = snprintf(
            line, sizeof line,
            "Under %s, against its run without them in these hours: %s parameters (%s active) "
            "on %s "
            "tokens reach the same loss in %s h. Rows are whole runs of real architectures "
            "that fit these chips.",
            c->law->title, vsh_show_count(all->params_total).text,
            vsh_show_count(all->params_active).text, vsh_show_count(all->tokens).text,
            vsh_show_amount(all->hours).text);
        if (all->time_low != all->time)
            snprintf(line + used, sizeof line - (size_t)used,
                     " Experts at %.2f of the dense MFU; at %.2f time %+.0f %%, money %s, loss "
                     "%+.3f.",
                     VSH_EXPERTS_MFU_HIGH, VSH_EXPERTS_MFU_LOW, 100 * all->time_low,
                     show_money(all->usd_low).text, all->loss_high);
        vsh_text_wrap(out, line, 2, WIDTH);
    } else {
        vsh_text_wrap(out,
                      p->data_limited
                          ? "The tokens at hand end this run, and no law knows experts or int8 on "
                            "tokens that are repeated."
                          : "Together they do not reach the loss on these chips, or experts lie "
                            "below their crossover.",
                      2, WIDTH);
    }
}

static void print_head(const plan *p, vsh_term term, vsh_text *out)
{
    const plan_run *run = &p->recommended;

    vsh_text_add(out, "\n  %s%.60s, %s h%s: beside %s parameters on %s tokens", vsh_term_bold(term),
                 p->request.hardware->name, vsh_show_amount(p->request.hours).text,
                 vsh_term_plain(term), vsh_show_count((double)run->parameters.total).text,
                 vsh_show_count(run->tokens).text);
    vsh_text_add(out, ", loss %s%.2f\n", run->loss < log((double)run->model.vocab) ? "" : "below ",
                 run->loss);
    if (run->valid)
        return;
    vsh_text_add(out, "  %sNote%s      ", vsh_term_warn(term), vsh_term_plain(term));
    vsh_text_add(out, "losses are extrapolated: ");
    vsh_text_wrap(out, run->invalid_reason, 37, WIDTH);
}

/* ---- as JSON -------------------------------------------------------------------------------- */

static void write_row(const plan_advice *a, vsh_json *json)
{
    const vsh_technique *t = a->technique;

    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", t->name);
    vsh_json_string(json, "title", t->title);
    vsh_json_bool(json, "applies", a->applies);
    vsh_json_bool(json, "in_plan", a->in_plan);
    vsh_json_known(json, "compute_saving", a->compute);
    vsh_json_known(json, "compute_saving_low", a->compute_low);
    vsh_json_known(json, "compute_saving_high", a->compute_high);
    vsh_json_known(json, "loss_change", a->loss);
    vsh_json_known(json, "memory_bytes_saved", a->memory_bytes);
    vsh_json_string(json, "memory_of", a->memory_of);
    vsh_json_known(json, "time_saving", a->time);
    vsh_json_known(json, "time_saving_low", isnan(a->time_low) ? a->time : a->time_low);
    vsh_json_known(json, "usd_saved", a->usd);
    vsh_json_known(json, "usd_saved_low", isnan(a->usd_low) ? a->usd : a->usd_low);
    vsh_json_known(json, "inference_saving", a->inference);
    vsh_json_known(json, "inference_saving_low", a->inference_low);
    vsh_json_known(json, "inference_saving_high", a->inference_high);
    vsh_json_string(json, "why", a->why);
    vsh_json_string(json, "condition", t->condition);
    vsh_json_string(json, "evidence", vsh_evidence_names[t->evidence]);
    vsh_json_string(json, "source", t->source);
    vsh_json_string(json, "seed_claim", t->claim);
    vsh_json_end(json);
}

void plan_advice_write_json(const plan *p, vsh_json *json)
{
    vsh_json_array(json, "advice");
    for (int i = 0; i < p->advice_count; i++)
        write_row(&p->advice[i], json);
    vsh_json_end(json);
}

static void write_changed(const plan_changed *c, vsh_json *json)
{
    vsh_json_bool(json, "reaches_loss", c->reaches);
    vsh_json_known(json, "compute_saving", c->compute);
    vsh_json_known(json, "time_saving", c->time);
    vsh_json_known(json, "time_saving_low", c->time_low);
    vsh_json_known(json, "memory_bytes_saved", c->memory_bytes);
    vsh_json_known(json, "usd_saved", c->usd);
    vsh_json_known(json, "usd_saved_low", c->usd_low);
    vsh_json_known(json, "loss_change_same_hours", c->loss);
    vsh_json_known(json, "loss_change_same_hours_high", c->loss_high);
}

static void write_combination(const combination *c, vsh_json *json)
{
    const plan_changed *all = &c->together;

    vsh_json_object(json, "combination");
    vsh_json_string(json, "law", c->law->name);
    vsh_json_array(json, "alone");
    for (int i = 0; i < c->list.count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", c->list.name[i]);
        write_changed(&c->alone[i], json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_known(json, "naive_sum_compute_saving", c->sum_compute);
    vsh_json_known(json, "naive_sum_time_saving", c->sum_time);
    vsh_json_known(json, "naive_product_compute_saving", c->product_compute);
    vsh_json_known(json, "naive_product_time_saving", c->product_time);
    write_changed(all, json);
    vsh_json_known(json, "params_total", all->reaches ? all->params_total : (double)NAN);
    vsh_json_known(json, "params_active", all->reaches ? all->params_active : (double)NAN);
    vsh_json_known(json, "tokens", all->reaches ? all->tokens : (double)NAN);
    vsh_json_known(json, "hours", all->reaches ? all->hours : (double)NAN);
    vsh_json_known(json, "memory_bytes", all->reaches ? all->footprint_bytes : (double)NAN);
    vsh_json_end(json);
}

static void write_json(const plan *p, const combination *c, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    plan_write_hardware(p, json);
    vsh_json_real(json, "hours", p->request.hours);
    vsh_json_real(json, "flops", p->flops);
    plan_run_write_json(&p->recommended, "recommended", json);
    plan_advice_write_json(p, json);
    if (c->list.count > 0)
        write_combination(c, json);
    else
        vsh_json_null(json, "combination");
    vsh_json_end(json);
}

/* ---- in the report -------------------------------------------------------------------------- */

static void write_figures(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Technique", "#compute", "#loss",    "#memory",
                                        "#time",     "#money",   "#serving", "evidence"};
    vsh_table table = vsh_table_open(page, heads, 8);

    for (int i = 0; i < p->advice_count; i++) {
        const plan_advice *a = &p->advice[i];
        vsh_table_row(&table, a->applies ? "strong" : NULL);
        vsh_table_cell(&table, "%s", a->technique->name);
        vsh_table_cell(&table, "%s", show_share(a->compute).text);
        vsh_table_cell(&table, "%s", show_loss(a->loss).text);
        vsh_table_cell(&table, "%s", show_memory(a->memory_bytes).text);
        vsh_table_cell(&table, "%s", show_time(a).text);
        vsh_table_cell(&table, "%s", show_money(a->usd).text);
        vsh_table_cell(&table, "%s", show_share(a->inference).text);
        vsh_table_cell(&table, "%s", vsh_evidence_names[a->technique->evidence]);
    }
    vsh_table_close(&table);
}

static void write_reasons(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Technique", "+what decides it here", "+on condition that"};
    vsh_table table = vsh_table_open(page, heads, 3);

    for (int i = 0; i < p->advice_count; i++) {
        const vsh_technique *t = p->advice[i].technique;
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", t->name);
        vsh_table_cell(&table, "%s. %s", t->title, p->advice[i].why);
        vsh_table_cell(&table, "%s (%s)", t->condition, t->source);
    }
    vsh_table_close(&table);
}

void plan_advice_write_page(const plan *p, vsh_text *page)
{
    if (p->advice_count == 0)
        return;
    vsh_page_put(page, "h2", NULL, "What each technique saves");
    vsh_text_add(page, "<section class=\"card\">\n");
    write_figures(p, page);
    vsh_page_put(page, "p", "small",
                 "Set off: what pays here, or is in the plan already. Minus: it costs. Compute, "
                 "time and money at equal loss, loss in nats at equal compute, serving of a "
                 "token's cost. Savings do not add: vishwa-plan advice --with plans several "
                 "together.");
    write_reasons(p, page);
    vsh_text_add(page, "</section>\n");
}

/* ---- the command ---------------------------------------------------------------------------- */

static vsh_status read_combination(vsh_session *s, const plan *p, combination *c, vsh_error *err)
{
    const plan_config *config = s->config;

    if (!config->with)
        return VSH_OK;
    VSH_TRY(vsh_changes_read(s->arena, config->with, p->request.precision, &c->list, err));
    return p->recommends ? combine(p, c, err) : VSH_OK;
}

/* Refused before anything is planned. */
static vsh_status check_names(const chosen *names, vsh_error *err)
{
    const char *known[VSH_TECHNIQUE_COUNT];
    char suggestion[160];

    for (int i = 0; i < VSH_TECHNIQUE_COUNT; i++)
        known[i] = vsh_techniques[i].name;
    for (int i = 0; i < names->count; i++) {
        int at = 0;
        while (at < VSH_TECHNIQUE_COUNT && strcmp(known[at], names->name[i]) != 0)
            at++;
        if (at < VSH_TECHNIQUE_COUNT)
            continue;
        vsh_suggest(suggestion, sizeof suggestion, names->name[i], known, VSH_TECHNIQUE_COUNT);
        return vsh_fail(err, VSH_EINPUT,
                        "advice: no technique \"%.60s\"%s (vishwa-plan advice lists them)",
                        names->name[i], suggestion);
    }
    return VSH_OK;
}

static void print(const vsh_session *s, const plan *p, const combination *c, const chosen *names,
                  vsh_text *out)
{
    print_head(p, s->term, out);
    print_table(p, names, s->term, out);
    if (c->list.count > 0)
        print_combination(p, c, s->term, out);
    if (names->count > 0 || s->common->verbose || s->common->explain)
        print_reasons(p, names, s->common->explain, s->term, out);
    else
        print_conditions(p, s->term, out);
    vsh_text_add(out, "\n");
}

vsh_status plan_run_advice(vsh_session *s, vsh_error *err)
{
    combination *c = vsh_alloc(s->arena, 1, sizeof *c);
    chosen names = {s->operands, s->operand_count};
    plan *p;

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *c = (combination){0};
    VSH_TRY(check_names(&names, err));
    VSH_TRY(plan_make(s, &p, err));
    VSH_TRY(plan_advise(p, err));
    VSH_TRY(read_combination(s, p, c, err));
    if (!p->recommends)
        return vsh_fail(err, VSH_ENO,
                        "advice: no run fits this budget, so nothing to set it beside");
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(p, c, &json);
        return json.refused ? vsh_fail(err, VSH_EINPUT, "a figure of the answer is out of range")
                            : VSH_OK;
    }
    print(s, p, c, &names, &s->out);
    return VSH_OK;
}
