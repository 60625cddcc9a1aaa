#include <stdio.h>
#include <string.h>

#include "core/explain.h"
#include "planner/plan_calibrate.h"

static double value_of(const vsh_stack *stack, int constant)
{
    vsh_stack copy = *stack;

    return *vsh_stack_value(&copy, &vsh_stack_constants[constant]);
}

/* ---- terminal -------------------------------------------------------------------------------- */

static bool is_time(int constant) { return vsh_stack_constants[constant].most < 0.01; }

static vsh_figure_text show(int constant, double value)
{
    return is_time(constant) && value > 0 ? vsh_show_time(value) : vsh_show_real(value);
}

static void print_constant(const plan_calibration *c, int i, vsh_text *out)
{
    const vsh_stack_constant *k = &vsh_stack_constants[i];

    vsh_text_add(out, "    %-10s %9s ", k->name, show(i, value_of(&c->fit.before, i)).text);
    if (c->fit.identified >> i & 1)
        vsh_text_add(out, "%9s  +- %-9s %s - %s\n", show(i, value_of(&c->fit.after, i)).text,
                     show(i, 2 * c->fit.sd[i]).text, show(i, k->least).text, show(i, k->most).text);
    else
        vsh_text_add(out, "   not identified by these steps: kept%s\n",
                     c->fit.at_end >> i & 1 ? " (would leave its range)" : "");
}

static void print_errors(const char *who, const vsh_step_errors *e, vsh_text *out)
{
    vsh_text_add(out, "    %-16s %7.2f %7.2f %7.2f %7.2f %+8.2f\n", who, 100 * e->mean,
                 100 * e->median, 100 * e->p90, 100 * e->worst, 100 * e->bias);
}

void plan_calibrate_print(const plan_calibration *c, const char *file, vsh_text *out)
{
    const vsh_stack_fit *f = &c->fit;
    char title[400];

    snprintf(title, sizeof title, "%d steps of %.200s on %.60s, beginning from %.60s", f->rows,
             c->steps.path, c->hardware.name, c->began ? c->began->name : "specifications");
    vsh_text_add(out, "\n  ");
    vsh_text_wrap(out, title, 2, 80);
    vsh_text_add(out, "    constant      before     after  95 %%          physical range\n");
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        print_constant(c, i, out);
    vsh_text_add(out, "  held-out error, %%     mean  median    90 %%   worst     bias\n");
    print_errors("before", &f->error_before, out);
    print_errors("after", &f->error_after, out);
    print_errors("null model", &f->error_null, out);
    if (f->leave_one_out)
        vsh_text_add(out,
                     "    each of %d runs was judged by constants of the others; all rows fit\n",
                     f->runs);
    else
        vsh_text_add(out,
                     "    %d rows fit (of %d different runs the 1st, 4th, 7th, ...), %d judge\n",
                     f->fitted, f->runs, f->held_out);
    vsh_text_add(out, "    the null model is one constant: %.3f of the peak\n", f->null_share);
    if (!f->identified)
        return;
    if (file)
        vsh_text_add(out, "  next        vishwa-plan estimate --hw %s --stack %s ...\n\n", file,
                     c->name);
    else
        vsh_text_add(out, "  next        the same with --out FILE, then --hw FILE --stack %s\n\n",
                     c->name);
}

/* ---- explain --------------------------------------------------------------------------------- */

enum { EXPLAINED = 2 * VSH_STACK_CONSTANTS + 4 };

static const char derived[] = "derived";

static int list_constants(const plan_calibration *c, vsh_explained *lines)
{
    int count = 0;

    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *k = &vsh_stack_constants[i];
        const char *unit = is_time(i) ? "s" : "";
        vsh_figure f = c->began && c->began->figure[i].known ? c->began->figure[i]
                                                             : vsh_stack_figure(&c->hardware, i);
        lines[count++] = (vsh_explained){k->name,  value_of(&c->fit.before, i), unit, k->what,
                                         f.source, vsh_tag_names[f.tag]};
        if (c->fit.identified >> i & 1)
            lines[count++] = (vsh_explained){k->name,   value_of(&c->fit.after, i),
                                             unit,      "the least loss of the rows that fit",
                                             c->source, vsh_tag_names[VSH_TAG_CALIBRATED]};
    }
    return count;
}

static int list_all(const plan_calibration *c, vsh_explained lines[EXPLAINED])
{
    static const char formula[] =
        "mean of |predicted / measured - 1| over rows that fitted nothing";
    const vsh_stack_fit *f = &c->fit;
    const vsh_explained all[] = {
        {"error before", f->error_before.mean, "", formula, c->steps.path, derived},
        {"error after", f->error_after.mean, "", formula, c->steps.path, derived},
        {"error of the null model", f->error_null.mean, "", formula, c->steps.path, derived},
        {"share of the peak", f->null_share, "", "median over the rows that fit", c->steps.path,
         derived}};
    int count = list_constants(c, lines);

    memcpy(lines + count, all, sizeof all);
    return count + (int)(sizeof all / sizeof all[0]);
}

void plan_calibrate_explain(const plan_calibration *c, vsh_text *out)
{
    vsh_explained lines[EXPLAINED];

    vsh_explain_print(lines, list_all(c, lines), out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_constants(const plan_calibration *c, vsh_json *json)
{
    vsh_json_array(json, "constants");
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *k = &vsh_stack_constants[i];
        bool identified = c->fit.identified >> i & 1;
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", k->name);
        vsh_json_string(json, "unit", is_time(i) ? "s" : "");
        vsh_json_real(json, "before", value_of(&c->fit.before, i));
        vsh_json_real(json, "after", value_of(&c->fit.after, i));
        if (identified)
            vsh_json_real(json, "stderr", c->fit.sd[i]);
        else
            vsh_json_null(json, "stderr");
        vsh_json_real(json, "low", k->least);
        vsh_json_real(json, "high", k->most);
        vsh_json_bool(json, "identified", identified);
        vsh_json_bool(json, "at_bound", c->fit.at_end >> i & 1);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_errors(const char *key, const vsh_step_errors *e, vsh_json *json)
{
    vsh_json_object(json, key);
    vsh_json_real(json, "mean", e->mean);
    vsh_json_real(json, "median", e->median);
    vsh_json_real(json, "p90", e->p90);
    vsh_json_real(json, "worst", e->worst);
    vsh_json_real(json, "bias", e->bias);
}

void plan_calibrate_write(const plan_calibration *c, bool explain, vsh_json *json)
{
    const vsh_stack_fit *f = &c->fit;
    vsh_explained lines[EXPLAINED];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "hardware", c->hardware.name);
    vsh_json_string(json, "stack", c->name);
    vsh_json_string(json, "began_from", c->began ? c->began->name : "none");
    vsh_json_integer(json, "rows", f->rows);
    vsh_json_integer(json, "runs", f->runs);
    vsh_json_integer(json, "fitted", f->fitted);
    vsh_json_integer(json, "held_out", f->held_out);
    vsh_json_string(json, "rule", f->leave_one_out ? "leave one run out" : "one run in each fits");
    vsh_json_integer(json, "each", f->leave_one_out ? 1 : f->each);
    write_constants(c, json);
    write_errors("error_before", &f->error_before, json);
    vsh_json_end(json);
    write_errors("error_after", &f->error_after, json);
    vsh_json_end(json);
    write_errors("null_model", &f->error_null, json);
    vsh_json_real(json, "share_of_peak", f->null_share);
    vsh_json_end(json);
    if (explain)
        vsh_explain_write(lines, list_all(c, lines), json);
    vsh_json_end(json);
}
