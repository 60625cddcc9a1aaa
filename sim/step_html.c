#include "sim/step_html.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/page.h"
#include "core/report.h"
#include "sim/chip_explain.h"
#include "sim/figures/step_figure.h"
#include "sim/step_bars.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define INTEGER(value) vsh_show_integer((int64_t)(value)).text

/* ---- the answer ---------------------------------------------------------------------------- */

/* What a person should do about each bound, in one sentence. */
static const char *const advice[VSH_BOUND_COUNT] = {
    [VSH_BOUND_MATRIX] = "Most of the time the matrix units set the pace: what is left is in the "
                         "shapes of the products and in the operations between them.",
    [VSH_BOUND_VECTOR] = "Most of the time the vector unit sets the pace: fewer results to add, "
                         "fused elementwise work and cheaper activations help, more matrix "
                         "units do not.",
    [VSH_BOUND_MEMORY] = "Most of the time the memory sets the pace: a larger batch, fused "
                         "elementwise work and smaller optimizer state help, more FLOP/s do not.",
    [VSH_BOUND_NETWORK] = "Most of the time the network sets the pace.",
    [VSH_BOUND_LATENCY] = "Most of the time beginning an operation takes longer than doing it.",
    [VSH_BOUND_FILL] = "Most of the time nothing is busy for half of it: the products are too "
                       "small for the matrix units. Larger micro-batches help."};

static void write_tiles(const sim_report_input *in, vsh_text *page)
{
    const sim_step_time *r = in->answer->result;
    double shares[SIM_CAUSES];
    char text[48];

    sim_waterfall_shares(&r->waterfall, shares);
    vsh_text_add(page, "<dl class=\"figures\">\n");
    vsh_report_tile(page, "time of a step", vsh_show_time(r->time.v).text, "%s cycles at %sHz",
                    vsh_show_power(r->cycles).text, vsh_show_si(in->answer->chip.clock.v).text);
    vsh_report_tile(page, "tokens a second", COUNT(r->tokens_per_s), "%s a step",
                    INTEGER(r->tokens_per_s * r->time.v + 0.5));
    snprintf(text, sizeof text, "%.1f %%", 100 * r->mfu);
    vsh_report_tile(page, "of peak (MFU)", text, "%s model FLOPs", vsh_show_power(r->model.v).text);
    snprintf(text, sizeof text, "%.1f %%", 100 * r->utilization);
    vsh_report_tile(page, "utilization", text, "%s FLOPs executed",
                    vsh_show_power(r->executed.v).text);
    vsh_report_tile(page, "bound", vsh_bound_names[r->bound], "under which most time is spent");
    snprintf(text, sizeof text, "%.1f %%", 100 * shares[SIM_USEFUL]);
    vsh_report_tile(page, "multiply-adds of use", text, "of those the chip could do");
    vsh_report_tile(page, "memory", vsh_show_bytes(in->answer->footprint.total.v).text, "of %s%s",
                    vsh_show_bytes(in->answer->chip.hardware->memory_bytes.value).text,
                    in->answer->fits ? "" : ": does not fit, simulated all the same");
    vsh_text_add(page, "</dl>\n");
}

/* Of GPUs and CPUs a chip has no machine: each product has its own. */
static void describe_machine(const sim_chip *chip, vsh_text *out)
{
    const sim_machine *m = &chip->machine;

    if (m->units)
        vsh_text_add(out,
                     "%" PRId64 " core%s with %" PRId64 " matrix unit%s of %" PRId64 " x %" PRId64
                     " at %sHz.",
                     chip->cores, chip->cores == 1 ? "" : "s", m->units, m->units == 1 ? "" : "s",
                     m->rows, m->cols, vsh_show_si(chip->clock.v).text);
    if (sim_chip_caveat(chip->hardware))
        vsh_text_add(out, " %s.", sim_chip_caveat(chip->hardware));
}

static void write_summary(const sim_report_input *in, vsh_text *page)
{
    const sim_step *step = &in->answer->step;
    vsh_text machine = {.arena = page->arena};

    describe_machine(&in->answer->chip, &machine);
    vsh_page_put(page, "h1", NULL, "A training step of %.80s on one %.120s", step->model->name,
                 in->answer->chip.hardware->name);
    vsh_page_put(page, "p", "soft", "Simulated, not measured: engine \u201c%s\u201d. %s",
                 in->answer->engine->name, vsh_text_string(&machine));
    vsh_text_add(page, "<section class=\"card\">\n");
    vsh_page_put(page, "p", "lead", "%s a step, %s tokens a second, MFU %.0f %%; bound by %s.",
                 vsh_show_time(in->answer->result->time.v).text,
                 COUNT(in->answer->result->tokens_per_s), 100 * in->answer->result->mfu,
                 vsh_bound_names[in->answer->result->bound]);
    vsh_page_put(page, "p", NULL, "%s", advice[in->answer->result->bound]);
    vsh_page_put(page, "p", NULL,
                 "%s sequence%s of %s tokens at a time, %s time%s a step; %s, computed in %s; "
                 "%s; recompute %s%s%s.",
                 INTEGER(step->work.sequences), step->work.sequences == 1 ? "" : "s",
                 INTEGER(step->work.seq), INTEGER(step->micro_batches),
                 step->micro_batches == 1 ? "" : "s",
                 vsh_precision_words[in->answer->chip.precision],
                 vsh_precision_words[in->answer->chip.computed],
                 step->work.recipe ? step->work.recipe->name : "no optimizer",
                 vsh_recompute_words[step->work.recompute],
                 step->model->experts.count ? "; rows of experts: " : "",
                 step->model->experts.count ? step->load->name : "");
    write_tiles(in, page);
    vsh_text_add(page, "</section>\n");
}

/* ---- tables -------------------------------------------------------------------------------- */

static void write_op(const sim_report_input *in, const sim_op_time *t, vsh_table *table)
{
    const sim_step_time *r = in->answer->result;
    const vsh_op *op = t->op;

    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", op->name);
    vsh_table_cell(table, "%s", vsh_phase_names[op->phase]);
    if (op->k)
        vsh_table_cell(table, "%" PRId64 " x %" PRId64 " x %" PRId64, op->m, op->n, op->k);
    else
        vsh_table_cell(table, "%" PRId64 " x %" PRId64, op->m, op->n);
    vsh_table_cell(table, "%s", INTEGER(op->count));
    if (t->fused) {
        vsh_table_cell(table, "-");
        vsh_table_cell(table, "-");
    } else {
        vsh_table_cell(table, "%s", vsh_show_time(t->cycles / r->cycles * r->time.v).text);
        vsh_table_cell(table, "%.1f %%", 100 * t->cycles / r->cycles);
    }
    if (op->executed_macs > 0)
        vsh_table_cell(table, "%.0f %%", 100 * t->utilization);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s", t->fused ? "fused" : vsh_bound_names[t->bound]);
}

static void write_ops(const sim_report_input *in, vsh_text *page)
{
    static const char *const heads[] = {"Operation", "phase",  "#m x n x k", "#count",
                                        "#time",     "#share", "#util.",     "bound"};
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "Every operation");
    vsh_text_add(page, "<section class=\"card long\">\n");
    table = vsh_table_open(page, heads, sizeof heads / sizeof heads[0]);
    for (int i = 0; i < in->answer->result->ops.count; i++)
        write_op(in, &in->answer->result->op[i], &table);
    vsh_table_close(&table);
    vsh_page_put(
        page, "p", "small",
        "In the order in which they run. Count: executions in a micro-batch; time and share: of "
        "all of them in a step. Utilization: multiply-adds of those the chip could do in that "
        "time. Fused: its vector work is done on the results of a product as they leave the "
        "array.");
    vsh_text_add(page, "</section>\n");
}

static void write_block(const sim_tiling *t, vsh_table *table)
{
    const sim_product *p = &t->product;

    if (t->cycles)
        vsh_table_cell(table, "%" PRId64 " x %" PRId64 " x %" PRId64 "%s", p->block_m, p->block_n,
                       p->block_k, p->n_outer ? " n" : "");
    else
        vsh_table_cell(table, "-");
}

static void write_op_blocks(const sim_op_time *t, vsh_table *table)
{
    const sim_tilings *found = &t->tilings;

    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", t->op->name);
    vsh_table_cell(table, "%s", vsh_phase_names[t->op->phase]);
    write_block(&found->best, table);
    vsh_table_cell(table, "%s", INTEGER(found->best.cycles));
    write_block(&found->second, table);
    if (found->second.cycles)
        vsh_table_cell(table, "%s", INTEGER(found->second.cycles));
    else
        vsh_table_cell(table, "-");
}

static bool has_blocks(const sim_step_time *r)
{
    for (int i = 0; i < r->ops.count; i++)
        if (r->op[i].tilings.best.cycles)
            return true;
    return false;
}

static void write_blocks(const sim_report_input *in, vsh_text *page)
{
    static const char *const heads[] = {"Operation", "phase",      "#block",
                                        "#cycles",   "#runner-up", "#its cycles"};
    vsh_table table;

    if (!has_blocks(in->answer->result))
        return;
    vsh_page_put(page, "h2", NULL, "The block of every product, and the runner-up");
    vsh_text_add(page, "<section class=\"card long\">\n");
    table = vsh_table_open(page, heads, sizeof heads / sizeof heads[0]);
    for (int i = 0; i < in->answer->result->ops.count; i++)
        if (in->answer->result->op[i].tilings.best.cycles)
            write_op_blocks(&in->answer->result->op[i], &table);
    vsh_table_close(&table);
    vsh_page_put(
        page, "p", "small",
        "A block is m x n x k of what one grid step multiplies on one core: all that fit the "
        "scratchpad are ranked by formulas, the best of them by simulation. Cycles are of one "
        "execution alone. An n after it: blocks of columns are the outer loop. Where the "
        "loads "
        "of experts differ, the block is that of the largest.");
    vsh_text_add(page, "</section>\n");
}

/* What a grouped-product kernel should take at a time; time against the best. */
static void write_advice(const sim_step_answer *a, vsh_text *page)
{
    const char *heads[4 + SIM_ROW_TILES] = {"Operation", "phase", "#rows of an expert", "#best"};
    char tile[SIM_ROW_TILES][24];
    vsh_table table;

    if (!a->advice_count)
        return;
    for (int i = 0; i < SIM_ROW_TILES; i++) {
        snprintf(tile[i], sizeof tile[i], "#%" PRId64, a->advice[0].tile[i]);
        heads[4 + i] = tile[i];
    }
    vsh_page_put(page, "h2", NULL, "Rows at a time for the products of experts");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 4 + SIM_ROW_TILES);
    for (int i = 0; i < a->advice_count; i++) {
        const sim_tile_advice *t = &a->advice[i];
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", t->op->name);
        vsh_table_cell(&table, "%s", vsh_phase_names[t->op->phase]);
        if (t->rows_least == t->rows_most)
            vsh_table_cell(&table, "%s", INTEGER(t->rows_most));
        else
            vsh_table_cell(&table, "%s - %s", INTEGER(t->rows_least), INTEGER(t->rows_most));
        vsh_table_cell(&table, "%s", INTEGER(t->tile[t->best]));
        for (int j = 0; j < SIM_ROW_TILES; j++)
            vsh_table_cell(&table, "%.2f", t->cycles[j] / t->cycles[t->best]);
    }
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "Where every expert's rows are rounded up to whole tiles of that many rows: time "
                 "of one layer's products against the best. Few rows change tiles too often, many "
                 "pad too much.");
    vsh_text_add(page, "</section>\n");
}

/* What a cause means, for the table. */
static const char *const meaning[SIM_CAUSES] = {
    [SIM_USEFUL] = "the model's own multiply-adds",
    [SIM_RECOMPUTE] = "done again for the backward pass",
    [SIM_MASKED] = "attention beyond the causal mask, in tiles",
    [SIM_EXPERTS] = "rows that experts pad: capacity, groups of rows, uneven loads",
    [SIM_PADDING_M] = "rows rounded up to what enters together; cores with fewer rows",
    [SIM_PADDING_N] = "columns of a matrix unit beyond n",
    [SIM_PADDING_K] = "rows of a matrix unit beyond k",
    [SIM_WEIGHTS] = "changing the stationary tile",
    [SIM_FILL] = "filling and draining the array",
    [SIM_UNITS] = "units without a tile while others still have one",
    [SIM_DMA_HEAD] = "before a product's first operands are there",
    [SIM_DMA_TAIL] = "after the last result, until it is written back",
    [SIM_MEMORY] = "waiting for memory, also in operations without products",
    [SIM_VECTOR] = "waiting for the vector unit, also in operations without products",
    [SIM_OVERHEAD] = "beginning grid steps and kernels",
    [SIM_SUSTAINED] = "the rate that large products hold, below the peak"};

static void write_waterfall(const sim_report_input *in, vsh_text *page)
{
    static const char *const heads[] = {"Cause", "#share", "#multiply-adds", "+what it is"};
    double shares[SIM_CAUSES];
    vsh_table table;

    sim_waterfall_shares(&in->answer->result->waterfall, shares);
    vsh_page_put(page, "h2", NULL, "Where the multiply-adds went");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, sizeof heads / sizeof heads[0]);
    for (int i = 0; i < SIM_CAUSES; i++) {
        vsh_table_row(&table, i == SIM_USEFUL ? "strong" : NULL);
        vsh_table_cell(&table, "%s", sim_cause_words[i]);
        vsh_table_cell(&table, "%.2f %%", 100 * shares[i]);
        vsh_table_cell(&table, "%s",
                       in->answer->result->waterfall.slots[i] > 0
                           ? vsh_show_power(in->answer->result->waterfall.slots[i]).text
                           : "0");
        vsh_table_cell(&table, "%s", meaning[i]);
    }
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "Of all multiply-adds that the matrix units could have done in the step; the "
                 "shares sum to exactly 1.");
    vsh_text_add(page, "</section>\n");
}

/* ---- its sources --------------------------------------------------------------------------- */

/* An assumption whose source is another chip of the family: "known only of TPU v4". */
static bool is_of_sibling(const vsh_hardware *h, const vsh_explained *line)
{
    static const char family[] = "TPU v";
    size_t length = strlen(h->name);

    if (!line->source || strcmp(line->tag, vsh_tag_names[VSH_TAG_ASSUMED]) != 0)
        return false;
    for (const char *at = strstr(line->source, family); at; at = strstr(at + 1, family))
        if (strncmp(at, h->name, length) != 0)
            return true;
    return false;
}

/* Returns how many are a sibling's. */
static int write_constants(const vsh_hardware *h, vsh_text *page)
{
    static const char *const heads[] = {"Constant", "#value", "tag", "+source"};
    vsh_explained lines[VSH_HARDWARE_ROWS];
    int count = sim_chip_explain(h, lines), siblings = 0;
    vsh_table table = vsh_table_open(page, heads, sizeof heads / sizeof heads[0]);

    for (int i = 0; i < count; i++) {
        bool sibling = is_of_sibling(h, &lines[i]);
        siblings += sibling;
        vsh_table_row(&table, NULL);
        vsh_table_cell(&table, "%s", lines[i].name);
        vsh_table_cell(&table, "%s %s", vsh_show_real(lines[i].value).text, lines[i].unit);
        vsh_table_cell(&table, "%s%s", lines[i].tag, sibling ? ", sibling" : "");
        vsh_table_cell(&table, "%s", lines[i].source ? lines[i].source : "");
    }
    vsh_table_close(&table);
    return siblings;
}

static void write_chip(const sim_report_input *in, vsh_text *page)
{
    const vsh_hardware *h = in->answer->chip.hardware;
    int siblings;

    vsh_page_put(page, "h2", NULL, "The chip, constant by constant");
    vsh_text_add(page, "<section class=\"card long\">\n");
    if (h->note)
        vsh_page_put(page, "p", NULL, "%s", h->note);
    siblings = write_constants(h, page);
    if (siblings)
        vsh_page_put(page, "p", "small",
                     "%d of these are known only from a sibling chip (tag \u201csibling\u201d): "
                     "nobody published or measured them of this one.",
                     siblings);
    vsh_page_put(
        page, "p", "small",
        "\u201cAssumed\u201d is nobody's measurement; \u201ccalibrated\u201d was fitted to "
        "measured products, \u201cspecification\u201d is what the vendor says.");
    vsh_text_add(page, "</section>\n");
}

/* Whether operations shared a timeline; else each ran alone. */
static bool on_timeline(const sim_step_answer *a)
{
    return a->chip.machine.units && a->engine == &sim_engines[SIM_EVENT];
}

static void write_reading(const sim_report_input *in, vsh_text *page)
{
    const bool timeline = on_timeline(in->answer);
    const char *const lines[] = {
        timeline
            ? "The operations are those of the planner and of the trainer: the same list, names "
              "and counts. They run one after another on one timeline; what an operation leaves "
              "to be written back, and the weights of the next, overlap with it."
            : "The operations are those of the planner and of the trainer: the same list, names "
              "and counts. They run one after another and nothing of one overlaps with the next.",
        timeline ? "A layer that repeats is simulated until two repetitions are alike in every "
                   "instant, and the rest are added: the result is that of running them all."
                 : NULL,
        "Bound is what is busy longest: the matrix units, the vector unit or the memory; fill "
        "when none is busy for half of the time.",
        "Utilization counts executed multiply-adds, recomputed ones too, against what the matrix "
        "units could do; MFU counts the model's own FLOPs against the specified peak.",
        "One chip: communication is not in it.",
        timeline && in->trace ? "Every transfer, load and stream is in trace.json, repetitions as "
                                "one span: open it at ui.perfetto.dev or chrome://tracing."
                              : NULL,
        in->trace && in->trace->left_out ? "The trace has room for the first spans of each "
                                           "operation, and says there how many it left out."
                                         : NULL};

    vsh_page_put(page, "h2", NULL, "How to read this");
    vsh_text_add(page, "<section class=\"card\">\n<ul>\n");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i])
            vsh_page_put(page, "li", NULL, "%s", lines[i]);
    vsh_text_add(page, "</ul>\n</section>\n");
}

/* Without its folder: a report is the same wherever it was made. */
static const char *file_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path;
}

static void write_card(const sim_report_input *in, vsh_text *page)
{
    const vsh_model *model = in->answer->step.model;

    vsh_page_put(page, "h2", NULL, "The card of this report");
    vsh_text_add(page,
                 "<section class=\"card\">\n<dl class=\"facts\">\n<dt>command</dt>\n<dd><code>");
    vsh_page_text(page, in->command);
    vsh_text_add(page, "</code></dd>\n");
    vsh_report_fact(page, "version", "vishwa-sim " VSH_VERSION, NULL);
    vsh_report_fact(page, "engine", in->answer->engine->name, in->answer->engine->what);
    vsh_report_fact(page, "hardware", in->answer->chip.hardware->name,
                    file_name(in->answer->chip.hardware->path));
    vsh_report_fact(page, "model", model->name, NULL);
    if (in->answer->step.work.recipe)
        vsh_report_fact(page, "recipe", in->answer->step.work.recipe->name,
                        in->answer->step.work.recipe->source);
    vsh_text_add(page, "</dl>\n</section>\n");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static vsh_status write_trace(const sim_report_input *in, const char *folder, vsh_arena *arena,
                              vsh_error *err)
{
    const char *path = vsh_path_join(arena, folder, "trace.json");

    if (!path)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return sim_trace_write(in->trace, path, err);
}

static vsh_status write_page(const sim_report_input *in, const char *folder, vsh_arena *arena,
                             bool *drawn, vsh_error *err)
{
    vsh_report_figure figures[SIM_FIGURES];
    vsh_text page = {.arena = arena}, title = {.arena = arena};

    VSH_TRY(sim_make_figures(in, arena, figures, err));
    VSH_TRY(vsh_report_write_scripts(folder, figures, SIM_FIGURES, err));
    vsh_text_add(&title, "A step of %.80s on %.120s, simulated", in->answer->step.model->name,
                 in->answer->chip.hardware->name);
    vsh_page_open(&page, vsh_text_string(&title));
    write_summary(in, &page);
    vsh_page_put(&page, "h2", NULL, "Pictures");
    *drawn = vsh_report_add_figures(folder, figures, SIM_FIGURES, &page);
    write_reading(in, &page);
    write_waterfall(in, &page);
    write_ops(in, &page);
    write_blocks(in, &page);
    write_advice(in->answer, &page);
    write_chip(in, &page);
    write_card(in, &page);
    vsh_page_close(&page);
    return vsh_report_write_page(folder, &page, err);
}

vsh_status sim_step_report(vsh_arena *arena, const char *folder, const sim_report_input *in,
                           vsh_text *talk, vsh_error *err)
{
    bool drawn;

    VSH_TRY(vsh_report_check(folder, in->force, err));
    VSH_TRY(vsh_folder_make(folder, err));
    if (in->trace)
        VSH_TRY(write_trace(in, folder, arena, err));
    VSH_TRY(write_page(in, folder, arena, &drawn, err));
    vsh_text_add(talk, "vishwa-sim: report in %s/index.html\n", folder);
    if (drawn)
        return VSH_OK;
    return vsh_fail(err, VSH_EMACHINE,
                    "--report: gnuplot could not draw; data and scripts are in %s (make deps)",
                    folder);
}
