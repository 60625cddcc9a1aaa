#include "planner/plan_estimate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/explain.h"
#include "planner/layout/admits.h"

/* ---- terminal ------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    double value;
} part;

enum { TIME_PARTS = 5, MEMORY_PARTS = 8, BAR = 30 };

static void time_parts(const plan_estimate *e, part parts[TIME_PARTS])
{
    const vsh_step_time *t = &e->time;
    const part all[TIME_PARTS] = {{"compute", t->compute},
                                  {"exposed_communication", t->exposed},
                                  {"bubble", t->bubble},
                                  {"optimizer", t->optimizer},
                                  {"other", t->other}};

    for (int i = 0; i < TIME_PARTS; i++)
        parts[i] = all[i];
}

static void memory_parts(const plan_estimate *e, part parts[MEMORY_PARTS])
{
    const vsh_footprint *f = &e->memory;
    const part all[MEMORY_PARTS] = {{"weights", f->weights.v},
                                    {"gradients", f->gradients.v},
                                    {"optimizer", f->optimizer.v},
                                    {"activations", f->activations.v},
                                    {"logits", f->logits.v},
                                    {"workspace", f->workspace.v},
                                    {"communication", f->communication.v},
                                    {"reserve", f->reserve.v}};

    for (int i = 0; i < MEMORY_PARTS; i++)
        parts[i] = all[i];
}

static void print_bar(double share, vsh_text *out)
{
    int filled = (int)lround(share * BAR);

    for (int i = 0; i < filled; i++)
        vsh_text_put(out, "#", 1);
    vsh_text_put(out, "\n", 1);
}

static void print_parts(const part *parts, int count, double all, bool bytes, vsh_text *out)
{
    static const char *const shown[] = {"compute", "waits for network", "pipeline bubble",
                                        "optimizer", "waits for host"};

    for (int i = 0; i < count; i++) {
        if (parts[i].value <= 0)
            continue;
        vsh_text_add(out, "    %-18s %10s %5.1f %%  ", bytes ? parts[i].name : shown[i],
                     bytes ? vsh_show_bytes(parts[i].value).text
                           : vsh_show_time(parts[i].value).text,
                     100 * parts[i].value / all);
        print_bar(parts[i].value / all, out);
    }
}

static void print_head(const plan_estimate *e, vsh_term term, vsh_text *out)
{
    const vsh_step_run *run = &e->run;
    vsh_text layout = {.arena = out->arena};

    vsh_layout_show(&run->layout, &layout);
    vsh_text_add(out, "\n  %s%s%s, %s parameters, on %" PRId64 " x %s\n", vsh_term_bold(term),
                 e->model.name, vsh_term_plain(term),
                 vsh_show_count((double)e->parameters.total).text, e->chips, e->hardware.name);
    vsh_text_add(out, "  %s\n", vsh_text_string(&layout));
    vsh_text_add(out,
                 "  %" PRId64 " sequences of %s a step, %" PRId64 " x %" PRId64 " a replica\n"
                 "  %s, %s, recompute %s, attention %s\n",
                 run->laid.batch, vsh_show_integer(run->laid.seq).text,
                 vsh_micro_batches(&run->layout, &run->laid), run->laid.micro,
                 vsh_precision_words[run->precision], run->recipe->name,
                 vsh_recompute_words[run->recompute],
                 run->flash ? run->software.first_flash ? "flash" : "flash2" : "full");
}

/* The key of the layout that the stack does not run, or NULL. */
static const char *not_run(const plan_estimate *e)
{
    return e->figures ? vsh_admits_not(vsh_admits_of(e->figures->name), &e->run.layout) : NULL;
}

void plan_estimate_print(const plan_estimate *e, vsh_term term, vsh_text *out)
{
    part times[TIME_PARTS], kinds[MEMORY_PARTS];
    double tokens = (double)e->run.laid.batch * (double)e->run.laid.seq;
    const char *refused = not_run(e);

    print_head(e, term, out);
    time_parts(e, times);
    memory_parts(e, kinds);
    vsh_text_add(out, "\n  Step    %s%s%s  (%s - %s: nine in ten %s)\n", vsh_term_bold(term),
                 vsh_show_time(e->time.step).text, vsh_term_plain(term),
                 vsh_show_time(e->low_s).text, vsh_show_time(e->high_s).text,
                 e->outside ? "expected" : "measured steps");
    if (e->outside) {
        vsh_text_add(out, "          outside the steps it was measured on: ");
        vsh_extent_show(e->outside, ", ", out);
        vsh_text_add(out, "\n");
    }
    vsh_text_add(out, "          %s tokens/s, MFU %.1f %%, HFU %.1f %%, bound by: %s\n",
                 vsh_show_amount(tokens / e->time.step).text, 100 * e->mfu, 100 * e->hfu,
                 vsh_bound_names[e->bound]);
    vsh_text_add(out, "          stack: %s\n",
                 e->figures ? e->figures->name : "none (specifications and kernels only)");
    if (refused)
        vsh_text_add(out, "          %s%s does not run this layout%s: %s\n", vsh_term_warn(term),
                     e->figures->name, vsh_term_plain(term), refused);
    print_parts(times, TIME_PARTS, e->time.step, false, out);
    vsh_text_add(out, "\n  Memory  %s of %s on the fullest chip: %s%s%s (%s)\n",
                 vsh_show_bytes(e->memory.total.v).text,
                 vsh_show_bytes(e->hardware.memory_bytes.value).text,
                 e->fits ? "" : vsh_term_warn(term), e->fits ? "fits" : "DOES NOT FIT",
                 vsh_term_plain(term), e->run.framework->name);
    print_parts(kinds, MEMORY_PARTS, e->memory.total.v, true, out);
    vsh_text_add(out, "\n");
}

/* ---- where numbers come from --------------------------------------------------------------- */

static const char derived[] = "derived";

static int list_constants(const plan_estimate *e, vsh_explained *lines)
{
    vsh_stack stack = e->platform.stack;

    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        vsh_figure f = e->figures && e->figures->figure[i].known
                           ? e->figures->figure[i]
                           : vsh_stack_figure(&e->hardware, i);
        lines[i] = (vsh_explained){c->name,  *vsh_stack_value(&stack, c), "", c->what,
                                   f.source, vsh_tag_names[f.tag]};
    }
    return VSH_STACK_CONSTANTS;
}

static int list_profile(const plan_estimate *e, vsh_explained *lines)
{
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int count = vsh_hardware_rows(&e->hardware, rows);

    for (int i = 0; i < count; i++)
        lines[i] = (vsh_explained){rows[i].name,           rows[i].figure->value / rows[i].scale,
                                   rows[i].unit,           "profile",
                                   rows[i].figure->source, vsh_tag_names[rows[i].figure->tag]};
    return count;
}

static int list_framework(const plan_estimate *e, vsh_explained *lines)
{
    const vsh_framework *f = e->run.framework;
    double pipeline = e->run.layout.pp > 1 ? f->pipeline_fragments : 0;
    const vsh_explained all[] = {
        {"loss", f->loss_bytes, "B", "a logit, at the fullest moment of the loss", f->source,
         f->tag},
        {"gathered ahead", f->ahead, "", "layers of sharded weights", f->source, f->tag},
        {"libraries", f->libraries, "B", "beside tensors", f->source, f->tag},
        {"fragments", f->fragments + pipeline, "", "of all tensors, held and not used", f->source,
         f->tag}};
    int count = (int)(sizeof all / sizeof all[0]);

    for (int i = 0; i < count; i++)
        lines[i] = all[i];
    return count;
}

static int list_answer(const plan_estimate *e, vsh_explained *lines)
{
    const vsh_step_time *t = &e->time;
    const vsh_explained all[] = {
        {"step", t->step, "s", "compute + exposed communication + bubble + optimizer + other",
         "docs/steptime.md", derived},
        {"compute", t->compute, "s",
         "micro-batches x the slowest stage's operations, each by its shape",
         "planner/layout/op_time.c", derived},
        {"exposed communication", t->exposed, "s",
         "collectives of the list, less the share that overlap hides behind computation",
         "planner/layout/collective.c", derived},
        {"bubble", t->bubble, "s", "one micro-batch of every other stage / interleave",
         "arXiv:2104.04473 section 2.2", derived},
        {"optimizer", t->optimizer, "s", "bytes of states / memory bandwidth",
         "planner/layout/step_time.c", derived},
        {"other", t->other, "s", "operations x dispatch, beyond the chip's own time",
         "planner/layout/step_time.c", derived},
        {"model FLOPs", e->model_flops, "FLOP", "2 a multiply-add, exact causal attention",
         "core/lower.c", derived},
        {"MFU", e->mfu, "", "model FLOPs / (peak x chips x step)", "arithmetic", derived},
        {"HFU", e->hfu, "", "executed FLOPs / (peak x chips x step)", "arithmetic", derived},
        {"range", e->spread.value, "",
         e->outside ? "wider: outside the steps it was measured on"
                    : "nine in ten steps that fitted nothing lay within",
         e->spread.source, vsh_tag_names[e->spread.tag]},
        {"memory", e->memory.total.v, "B", "liveness of the list on the fullest chip",
         "core/footprint_layout.c", derived}};
    int count = (int)(sizeof all / sizeof all[0]);

    for (int i = 0; i < count; i++)
        lines[i] = all[i];
    return count;
}

void plan_estimate_explain(const plan_estimate *e, vsh_text *out, vsh_json *json)
{
    vsh_explained lines[VSH_STACK_CONSTANTS + VSH_HARDWARE_ROWS + 20];
    int count = list_profile(e, lines);

    count += list_constants(e, lines + count);
    count += list_framework(e, lines + count);
    count += list_answer(e, lines + count);
    if (json)
        vsh_explain_write(lines, count, json);
    else
        vsh_explain_print(lines, count, out);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void write_time(const plan_estimate *e, vsh_json *json)
{
    part times[TIME_PARTS];

    time_parts(e, times);
    vsh_json_object(json, "time_s");
    for (int i = 0; i < TIME_PARTS; i++)
        vsh_json_real(json, times[i].name, times[i].value);
    vsh_json_end(json);
}

/* What the run has and no step had that its constants were judged on. */
static void write_outside(const plan_estimate *e, vsh_json *json)
{
    vsh_json_array(json, "outside_measured");
    for (vsh_extent left = e->outside; left; left &= left - 1) {
        vsh_text word = {.arena = json->out->arena};
        vsh_extent_show(left & (~left + 1), "", &word);
        vsh_json_string(json, NULL, vsh_text_string(&word));
    }
    vsh_json_end(json);
}

static void write_ops(const plan_estimate *e, vsh_json *json)
{
    vsh_json_array(json, "ops");
    for (int i = 0; i < e->op_count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", e->op[i].name);
        vsh_json_string(json, "phase", e->op[i].phase);
        vsh_json_real(json, "time_s", e->op[i].time_s);
        vsh_json_string(json, "bound", vsh_bound_names[e->op[i].bound]);
        vsh_json_bool(json, "overlaps", e->op[i].overlaps);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

void plan_estimate_write_what(const plan_estimate *e, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "model", e->model.name);
    vsh_json_string(json, "hardware", e->hardware.name);
    vsh_json_integer(json, "chips", e->chips);
    vsh_json_string(json, "stack", e->figures ? e->figures->name : "none");
}

void plan_estimate_write(const plan_estimate *e, bool explain, vsh_json *json)
{
    double tokens = (double)e->run.laid.batch * (double)e->run.laid.seq;

    plan_estimate_write_what(e, json);
    vsh_json_string(json, "stack_does_not_run", not_run(e));
    vsh_json_string(json, "framework", e->run.framework->name);
    vsh_json_integer(json, "params_total", e->parameters.total);
    vsh_json_integer(json, "params_active", e->parameters.active);
    vsh_layout_write(&e->run.layout, json);
    vsh_json_integer(json, "batch", e->run.laid.batch);
    vsh_json_integer(json, "micro_batch", e->run.laid.micro);
    vsh_json_string(json, "precision", vsh_precision_words[e->run.precision]);
    vsh_json_string(json, "recipe", e->run.recipe->name);
    vsh_json_string(json, "recompute", vsh_recompute_words[e->run.recompute]);
    vsh_json_string(json, "attention",
                    !e->run.flash                 ? "full"
                    : e->run.software.first_flash ? "flash"
                                                  : "flash2");
    vsh_json_real(json, "step_time_s", e->time.step);
    vsh_json_real(json, "step_time_low_s", e->low_s);
    vsh_json_real(json, "step_time_high_s", e->high_s);
    write_outside(e, json);
    vsh_json_real(json, "tokens_per_s", tokens / e->time.step);
    vsh_json_real(json, "model_flops", e->model_flops);
    vsh_json_real(json, "hardware_flops", e->hardware_flops);
    vsh_json_real(json, "mfu", e->mfu);
    vsh_json_real(json, "hfu", e->hfu);
    vsh_json_string(json, "bound", vsh_bound_names[e->bound]);
    vsh_footprint_write(&e->memory, json);
    vsh_json_bool(json, "fits", e->fits);
    write_time(e, json);
    write_ops(e, json);
    if (explain)
        plan_estimate_explain(e, NULL, json);
    vsh_json_end(json);
}
