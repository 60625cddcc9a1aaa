#include "planner/layout/measured_steps.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

/* Steps are few and dear: this is some 10,000 characters each. */
#define BYTES_MAX ((size_t)32 << 20)

enum { GPT2_VOCAB = 50257, CHIPS_MAX = 10000000, LAYOUT_TEXT = 160 };

const char *const vsh_step_columns[VSH_STEP_COLUMNS + 1] = {
    "model",        "layers", "hidden",    "heads",      "kv_heads",    "ffn",
    "vocab",        "mlp",    "seq",       "batch",      "micro_batch", "chips",
    "slice",        "layout", "tp",        "pp",         "dp",          "ep",
    "cp",           "sp",     "zero",      "interleave", "precision",   "recompute",
    "optimizer",    "recipe", "attention", "dropout",    "step_time_s", "step_time_ms",
    "tokens_per_s", NULL};

static const char *const attention_words[] = {"flash", "full", NULL};

/* A model of one row may be that of others. */
typedef struct {
    char text[300]; /* what the row said */
    const vsh_model *model;
} known_model;

typedef struct {
    vsh_arena *arena;
    const vsh_library *library;
    const vsh_hardware *hardware;
    vsh_csv csv;
    const char *name[VSH_STEP_COLUMNS], *cell[VSH_STEP_COLUMNS];
    int index[VSH_STEP_COLUMNS]; /* -1: not in the file */
    vsh_measured_steps *steps;
    known_model *model;
    int model_count;
} reader;

static vsh_status out_of_memory(const reader *r, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", r->csv.lines.path);
}

/* "file:line: " before what others say of a row, without the dashes of the option they name. */
static vsh_status at_line(const reader *r, vsh_status status, const vsh_error *said, vsh_error *err)
{
    if (status == VSH_OK)
        return VSH_OK;
    return vsh_fail(err, status, "%s:%lld: %s", r->csv.lines.path, (long long)r->csv.lines.line,
                    said->text + (strncmp(said->text, "--", 2) == 0 ? 2 : 0));
}

/* ---- header ---------------------------------------------------------------------------------- */

/* A column of the file, or what stands for one. */
static bool has(const reader *r, vsh_step_column column)
{
    return r->index[column] >= 0 || r->cell[column];
}

static vsh_status check_header(const reader *r, vsh_error *err)
{
    if (!has(r, VSH_STEP_MODEL))
        for (int i = VSH_STEP_LAYERS; i <= VSH_STEP_HEADS; i++)
            if (!has(r, (vsh_step_column)i))
                return vsh_csv_missing(
                    &r->csv, has(r, VSH_STEP_LAYERS) ? r->name[i] : r->name[VSH_STEP_MODEL], err);
    if (!has(r, VSH_STEP_MODEL) && !has(r, VSH_STEP_SEQ))
        return vsh_csv_missing(&r->csv, r->name[VSH_STEP_SEQ], err);
    if (!has(r, VSH_STEP_BATCH))
        return vsh_csv_missing(&r->csv, r->name[VSH_STEP_BATCH], err);
    if (!has(r, VSH_STEP_TIME_S) && !has(r, VSH_STEP_TIME_MS) && !has(r, VSH_STEP_TOKENS_PER_S))
        return vsh_csv_missing(&r->csv, r->name[VSH_STEP_TIME_S], err);
    if (!has(r, VSH_STEP_LAYOUT))
        return VSH_OK;
    for (int i = VSH_STEP_TP; i <= VSH_STEP_INTERLEAVE; i++)
        if (has(r, (vsh_step_column)i))
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected layout or %s, found both columns",
                            r->csv.lines.path, (long long)r->csv.lines.line, r->name[i]);
    return has(r, VSH_STEP_CHIPS) ? VSH_OK : vsh_csv_missing(&r->csv, r->name[VSH_STEP_CHIPS], err);
}

/* Columns that neither say anything of a step nor choose rows. */
static void list_ignored(reader *r)
{
    for (int c = 0; c < r->csv.header_count; c++) {
        bool used = false;
        for (int i = 0; i < VSH_STEP_COLUMNS; i++)
            used = used || r->index[i] == c;
        for (int i = 0; i < r->csv.where_count; i++)
            used = used || r->csv.where[i].column == c;
        if (!used)
            r->steps->ignored[r->steps->ignored_count++] = r->csv.header[c];
    }
}

static vsh_status read_header(reader *r, const vsh_step_table *table, vsh_error *err)
{
    VSH_TRY(vsh_csv_begin(&r->csv, err));
    for (int i = 0; i < VSH_STEP_COLUMNS; i++) {
        r->name[i] = table->name[i] ? table->name[i] : vsh_step_columns[i];
        VSH_TRY(vsh_csv_find(&r->csv, r->name[i], &r->index[i], err));
        r->cell[i] = table->cell[i];
        if (table->name[i] && r->index[i] < 0)
            return vsh_csv_missing(&r->csv, r->name[i], err);
        if (r->cell[i] && r->index[i] >= 0)
            return vsh_fail(err, VSH_EINPUT, "--set: the file has a column %.60s", r->name[i]);
    }
    VSH_TRY(vsh_csv_where(&r->csv, table->where, table->where_count, err));
    list_ignored(r);
    return check_header(r, err);
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* The text of a cell; "" where nobody says. */
static const char *cell(const reader *r, vsh_step_column column)
{
    if (r->index[column] >= 0)
        return r->csv.field[r->index[column]];
    return r->cell[column] ? r->cell[column] : "";
}

static vsh_status wrong(const reader *r, vsh_step_column column, const char *expected,
                        vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%s:%lld: %.60s: expected %s, found \"%.40s\"%s",
                    r->csv.lines.path, (long long)r->csv.lines.line, r->name[column], expected,
                    cell(r, column), strlen(cell(r, column)) > 40 ? "..." : "");
}

/* A whole number from least to 2^30; otherwise where the cell is empty, which a number below least
 * forbids. */
static vsh_status integer(const reader *r, vsh_step_column column, int64_t least, int64_t otherwise,
                          int64_t *value, vsh_error *err)
{
    const char *text = cell(r, column);

    *value = otherwise;
    if (!*text && otherwise >= least)
        return VSH_OK;
    if (!vsh_parse_integer(text, value) || *value < least || *value > INT64_C(1) << 30)
        return wrong(r, column, least ? "a positive whole number" : "a whole number", err);
    return VSH_OK;
}

static vsh_status word(const reader *r, vsh_step_column column, const char *const *words,
                       int otherwise, int *value, vsh_error *err)
{
    const char *text = cell(r, column);
    char expected[240] = "";
    size_t used = 0;

    *value = otherwise;
    if (!*text)
        return VSH_OK;
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i;
            return VSH_OK;
        }
        if (used < sizeof expected)
            used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s",
                                     i == 0         ? ""
                                     : words[i + 1] ? ", "
                                                    : " or ",
                                     words[i]);
    }
    return wrong(r, column, expected, err);
}

/* ---- models ---------------------------------------------------------------------------------- */

/* A GPT as Megatron-LM trains it, or with a gated MLP a Llama: what the columns do not say follows
 * the MLP. */
static vsh_status build_model(reader *r, vsh_model *m, vsh_error *err)
{
    char place[300];

    *m = vsh_model_default();
    VSH_TRY(integer(r, VSH_STEP_LAYERS, 1, 0, &m->layers, err));
    VSH_TRY(integer(r, VSH_STEP_HIDDEN, 1, 0, &m->hidden, err));
    VSH_TRY(integer(r, VSH_STEP_HEADS, 1, 0, &m->heads, err));
    VSH_TRY(integer(r, VSH_STEP_KV_HEADS, 1, m->heads, &m->kv_heads, err));
    VSH_TRY(integer(r, VSH_STEP_VOCAB, 1, GPT2_VOCAB, &m->vocab, err));
    VSH_TRY(integer(r, VSH_STEP_SEQ, 1, 0, &m->context, err));
    VSH_TRY(word(r, VSH_STEP_MLP, vsh_mlp_words, VSH_MLP_GELU, &m->mlp, err));
    VSH_TRY(integer(r, VSH_STEP_FFN, 1, vsh_model_gated(m) ? 0 : 4 * m->hidden, &m->ffn, err));
    if (m->hidden > 1 << 20 || m->ffn > 1 << 22)
        return wrong(r, m->hidden > 1 << 20 ? VSH_STEP_HIDDEN : VSH_STEP_FFN, "a model's width",
                     err);
    if (!vsh_model_gated(m)) {
        m->norm = VSH_NORM_LAYER;
        m->position = VSH_POSITION_LEARNED;
        m->bias = VSH_BIAS_ALL;
        m->tied = true;
    }
    for (int64_t l = 0; l < m->layers && l < VSH_LAYERS_MAX; l++)
        m->layer[l].own_kv = true;
    snprintf(place, sizeof place, "%.240s:%lld: ", r->csv.lines.path, (long long)r->csv.lines.line);
    return vsh_model_finish(m, place, err);
}

static vsh_status read_model(reader *r, const char *name, vsh_model *m, vsh_error *err)
{
    const char *path;
    vsh_error said;
    vsh_status status =
        vsh_library_find(r->arena, r->library, "models", "model: no model", name, &path, &said);

    if (status == VSH_OK)
        status = vsh_model_read(r->arena, path, m, &said);
    return at_line(r, status, &said, err);
}

static void describe_model(const reader *r, const char *name, char *text, size_t size)
{
    snprintf(text, size, "%.40s|%.20s|%.20s|%.20s|%.20s|%.20s|%.20s|%.20s|%.20s", name,
             cell(r, VSH_STEP_LAYERS), cell(r, VSH_STEP_HIDDEN), cell(r, VSH_STEP_HEADS),
             cell(r, VSH_STEP_KV_HEADS), cell(r, VSH_STEP_FFN), cell(r, VSH_STEP_VOCAB),
             cell(r, VSH_STEP_MLP), cell(r, VSH_STEP_SEQ));
}

/* That of an earlier row, or a new one. */
static vsh_status model_of(reader *r, const vsh_model **model, vsh_error *err)
{
    const char *name = cell(r, VSH_STEP_MODEL);
    known_model *known = &r->model[r->model_count];
    vsh_model *m;

    if (*name)
        snprintf(known->text, sizeof known->text, "%.290s", name);
    else
        describe_model(r, name, known->text, sizeof known->text);
    for (int i = 0; i < r->model_count; i++)
        if (strcmp(r->model[i].text, known->text) == 0) {
            *model = r->model[i].model;
            return VSH_OK;
        }
    *model = known->model = m = vsh_alloc(r->arena, 1, sizeof *m);
    if (!m)
        return out_of_memory(r, err);
    r->model_count++;
    return *name ? read_model(r, name, m, err) : build_model(r, m, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The chips that the keys make where no column says; the layout as --layout takes it. */
static vsh_status keys_of(const reader *r, int64_t *chips, char text[LAYOUT_TEXT], vsh_error *err)
{
    double product = 1;
    size_t used = 0;

    *text = '\0';
    for (int i = VSH_STEP_TP; i <= VSH_STEP_INTERLEAVE; i++) {
        int64_t value;
        bool flag = i == VSH_STEP_SP || i == VSH_STEP_ZERO;
        if (!*cell(r, (vsh_step_column)i))
            continue;
        VSH_TRY(integer(r, (vsh_step_column)i, !flag, !flag, &value, err));
        used += (size_t)snprintf(text + used, LAYOUT_TEXT - used, "%s%s=%" PRId64, used ? "," : "",
                                 vsh_step_columns[i], value);
        if (i <= VSH_STEP_DP || i == VSH_STEP_CP)
            product *= (double)value;
    }
    if (product > CHIPS_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected at most %d chips, found %.0f",
                        r->csv.lines.path, (long long)r->csv.lines.line, CHIPS_MAX, product);
    *chips = (int64_t)product;
    return VSH_OK;
}

static vsh_status read_layout(const reader *r, vsh_measured_step *step, vsh_error *err)
{
    char text[LAYOUT_TEXT];
    vsh_error said;
    int64_t product = 1;
    vsh_status status;

    VSH_TRY(keys_of(r, &product, text, err));
    VSH_TRY(integer(r, VSH_STEP_CHIPS, 1, product, &step->chips, err));
    VSH_TRY(integer(r, VSH_STEP_SLICE, 0, 0, &step->slice, err));
    status = vsh_layout_parse(has(r, VSH_STEP_LAYOUT) ? cell(r, VSH_STEP_LAYOUT) : text,
                              step->chips, &step->run.layout, &said);
    if (status == VSH_OK)
        status = vsh_layout_check(&step->run.layout, &step->run.laid, &said);
    return at_line(r, status, &said, err);
}

static vsh_status read_words(const reader *r, vsh_step_run *run, vsh_error *err)
{
    static const char *const no_yes[] = {"0", "1", NULL};
    vsh_precision usual;
    int precision, recompute, optimizer, recipe, attention, dropout;

    vsh_hardware_peak(r->hardware, VSH_BF16, &usual);
    VSH_TRY(word(r, VSH_STEP_PRECISION, vsh_precision_words, (int)usual, &precision, err));
    VSH_TRY(word(r, VSH_STEP_RECOMPUTE, vsh_recompute_words, 0, &recompute, err));
    VSH_TRY(word(r, VSH_STEP_OPTIMIZER, vsh_optimizer_words, VSH_ADAMW, &optimizer, err));
    VSH_TRY(word(r, VSH_STEP_RECIPE, vsh_recipe_words, -1, &recipe, err));
    VSH_TRY(word(r, VSH_STEP_ATTENTION, attention_words, 0, &attention, err));
    VSH_TRY(word(r, VSH_STEP_DROPOUT, no_yes, 0, &dropout, err));
    run->precision = (vsh_precision)precision;
    run->recompute = (vsh_recompute_mode)recompute;
    run->recipe = recipe >= 0 ? vsh_recipe_at(recipe)
                              : vsh_recipe_for(run->precision, (vsh_optimizer)optimizer);
    run->flash = attention == 0;
    run->dropout = dropout == 1;
    return VSH_OK;
}

static vsh_status read_time(const reader *r, vsh_measured_step *step, vsh_error *err)
{
    vsh_step_column column = has(r, VSH_STEP_TIME_S)    ? VSH_STEP_TIME_S
                             : has(r, VSH_STEP_TIME_MS) ? VSH_STEP_TIME_MS
                                                        : VSH_STEP_TOKENS_PER_S;
    double tokens = (double)step->run.laid.batch * (double)step->run.laid.seq, value;

    if (!vsh_parse_real(cell(r, column), &value) || !(value > 0))
        return wrong(r, column, "a positive number", err);
    step->seconds = column == VSH_STEP_TIME_S    ? value
                    : column == VSH_STEP_TIME_MS ? value * 1e-3
                                                 : tokens / value;
    if (!(step->seconds >= 1e-9 && step->seconds <= 1e9))
        return wrong(r, column, "a step of 1 ns to 30 years", err);
    return VSH_OK;
}

static vsh_status read_row(reader *r, vsh_measured_step *step, vsh_error *err)
{
    vsh_laid_run *laid = &step->run.laid;
    vsh_stack pure = vsh_stack_pure(r->hardware);
    vsh_step_time time;
    vsh_error said;

    *step = (vsh_measured_step){.hardware = r->hardware, .weight = 1};
    VSH_TRY(model_of(r, &laid->model, err));
    VSH_TRY(integer(r, VSH_STEP_SEQ, 1, laid->model->context, &laid->seq, err));
    VSH_TRY(integer(r, VSH_STEP_BATCH, 1, 0, &laid->batch, err));
    VSH_TRY(integer(r, VSH_STEP_MICRO_BATCH, 1, 1, &laid->micro, err));
    VSH_TRY(read_words(r, &step->run, err));
    VSH_TRY(read_layout(r, step, err));
    VSH_TRY(read_time(r, step, err));
    VSH_TRY(at_line(r, vsh_measured_predict(step, &pure, &time, &said), &said, err));
    if (!(time.step > 0) || !isfinite(time.step))
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected a run that takes a finite time",
                        r->csv.lines.path, (long long)r->csv.lines.line);
    return VSH_OK;
}

static vsh_status read_table(reader *r, const vsh_step_table *table, vsh_error *err)
{
    vsh_measured_steps *s = r->steps;

    VSH_TRY(read_header(r, table, err));
    for (;;) {
        bool there;
        VSH_TRY(vsh_csv_next(&r->csv, &there, err));
        if (!there)
            break;
        if (s->count == VSH_STEPS_MAX)
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected at most %d steps, found more",
                            s->path, (long long)r->csv.lines.line, VSH_STEPS_MAX);
        VSH_TRY(read_row(r, &s->step[s->count], err));
        s->line[s->count++] = (int)r->csv.lines.line;
    }
    if (s->count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        r->csv.left_out ? "%s: expected runs, but --where leaves none of %d rows"
                                        : "%s: expected runs below the header, found none",
                        s->path, r->csv.left_out);
    return VSH_OK;
}

static vsh_status start(vsh_arena *arena, const vsh_library *library, const char *path,
                        const vsh_hardware *hardware, vsh_measured_steps *steps, reader **r,
                        vsh_error *err)
{
    *steps = (vsh_measured_steps){.path = path};
    *r = vsh_alloc(arena, 1, sizeof **r);
    steps->step = vsh_alloc(arena, VSH_STEPS_MAX, sizeof *steps->step);
    steps->line = vsh_alloc(arena, VSH_STEPS_MAX, sizeof *steps->line);
    if (!*r || !steps->step || !steps->line)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    **r = (reader){.arena = arena, .library = library, .hardware = hardware, .steps = steps};
    (*r)->model = vsh_alloc(arena, VSH_STEPS_MAX + 1, sizeof *(*r)->model);
    return (*r)->model ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
}

vsh_status vsh_measured_steps_read(vsh_arena *arena, const vsh_library *library, const char *path,
                                   const vsh_step_table *table, const vsh_hardware *hardware,
                                   vsh_measured_steps *steps, vsh_error *err)
{
    reader *r;

    VSH_TRY(start(arena, library, path, hardware, steps, &r, err));
    VSH_TRY(vsh_lines_read(arena, path, BYTES_MAX, &r->csv.lines, err));
    return read_table(r, table, err);
}

vsh_status vsh_measured_steps_of(vsh_arena *arena, const vsh_library *library, const char *path,
                                 const char *bytes, size_t length, const vsh_step_table *table,
                                 const vsh_hardware *hardware, vsh_measured_steps *steps,
                                 vsh_error *err)
{
    reader *r;

    VSH_TRY(start(arena, library, path, hardware, steps, &r, err));
    VSH_TRY(vsh_lines_of(arena, path, bytes, length, &r->csv.lines, err));
    return read_table(r, table, err);
}
