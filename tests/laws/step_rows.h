/* Published step times as questions for the planner. tests/laws/test_steptime.c judges the errors,
 * tests/bench/steptime.c prints them. */
#ifndef VSH_TEST_STEP_ROWS_H
#define VSH_TEST_STEP_ROWS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "planner/layout/calibrate.h"

enum { STEP_ROWS = 2000, STEP_FIELDS = 40, STEP_SETS = 9 };

/* One row in three of a data set fits constants (the second, the fifth, ...), in the order of the
 * file; the others judge. */
static inline bool step_fits(int index) { return index % 3 == 1; }

typedef struct {
    int set;   /* of step_sets */
    int index; /* in its data set */
    char label[64];
    vsh_model *model;
    vsh_measured_step step;
} step_row;

typedef struct {
    vsh_arena *arena;
    vsh_hardware hardware[STEP_SETS];
    step_row *row;
    int count;
    vsh_error *err;
} step_table;

/* ---- a CSV file ---------------------------------------------------------------------------- */

typedef struct {
    char *header[STEP_FIELDS], *field[STEP_FIELDS];
    int columns;
    char *next;
} step_csv;

/* Splits one line in place; quotes as in RFC 4180, without quotes inside. */
static inline int step_split(char *line, char **field)
{
    int count = 0;

    while (count < STEP_FIELDS) {
        bool quoted = *line == '"';
        char *end = quoted ? strchr(++line, '"') : line + strcspn(line, ",");
        field[count++] = line;
        if (quoted && end)
            *end++ = '\0';
        if (!end || *end == '\0')
            break;
        *end = '\0';
        line = end + 1;
    }
    return count;
}

/* Fields of the next line; 0: there is none. */
static inline int step_line(step_csv *csv, char **field)
{
    char *line = csv->next, *end;

    if (!line || !*line)
        return 0;
    end = strchr(line, '\n');
    csv->next = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    return step_split(line, field);
}

static inline const char *step_text(const step_csv *csv, const char *column)
{
    for (int i = 0; i < csv->columns; i++)
        if (strcmp(csv->header[i], column) == 0)
            return csv->field[i];
    fprintf(stderr, "no column %s\n", column);
    abort();
}

static inline double step_number(const step_csv *csv, const char *column)
{
    return strtod(step_text(csv, column), NULL);
}

static inline int64_t step_integer(const step_csv *csv, const char *column)
{
    return (int64_t)step_number(csv, column);
}

/* ---- models -------------------------------------------------------------------------------- */

static inline vsh_model step_gpt(int64_t layers, int64_t hidden, int64_t heads, int64_t vocab,
                                 int64_t context)
{
    vsh_model m = vsh_model_default();

    m.layers = layers;
    m.hidden = hidden;
    m.heads = heads;
    m.ffn = 4 * hidden;
    m.vocab = vocab;
    m.context = context;
    m.tied = true;
    m.mlp = VSH_MLP_GELU;
    m.norm = VSH_NORM_LAYER;
    m.bias = VSH_BIAS_ALL;
    m.position = VSH_POSITION_LEARNED;
    return m;
}

/* llm-foundry scripts/train/yamls/pretrain/mpt-*.yaml (from memory): widths, depths, heads. */
static inline vsh_model step_mpt(const char *name, int64_t context)
{
    static const struct {
        const char *name;
        int64_t layers, hidden, heads;
    } mpt[] = {{"125m", 12, 768, 12}, {"350m", 24, 1024, 16}, {"760m", 24, 1536, 12},
               {"1b", 24, 2048, 16},  {"3b", 32, 2560, 20},   {"7b", 32, 4096, 32},
               {"13b", 40, 5120, 40}, {"30b", 48, 7168, 56},  {"70b", 80, 8192, 64}};
    vsh_model m = vsh_model_default();

    for (size_t i = 0; i < sizeof mpt / sizeof mpt[0]; i++)
        if (strcmp(mpt[i].name, name) == 0)
            m = step_gpt(mpt[i].layers, mpt[i].hidden, mpt[i].heads, 50368, context);
    m.norm = VSH_NORM_LAYER_NO_BIAS;
    m.bias = VSH_BIAS_NONE;
    return m;
}

/* MaxText's global_parameter_scale (pyconfig.py, get_individual_scales; from memory): powers of two
 * dealt to heads and MLP, width and depth in turn, from a model of 1 B. */
static inline vsh_model step_maxtext(int64_t scale, int64_t context)
{
    vsh_model m = vsh_model_default();
    int log = 0, base, rest;

    while ((INT64_C(2) << log) <= scale)
        log++;
    base = log / 3;
    rest = log % 3;
    m.layers = INT64_C(16) << base;
    m.hidden = INT64_C(2048) << (base + (rest > 1));
    m.heads = m.kv_heads = INT64_C(16) << (base + (rest > 0));
    m.head_dim = 128;
    m.ffn = INT64_C(7168) << (base + (rest > 0));
    m.vocab = 32000;
    m.context = context;
    return m;
}

static inline vsh_model step_mixtral(int64_t context)
{
    vsh_model m = vsh_model_default();

    m.layers = 32;
    m.hidden = 4096;
    m.heads = 32;
    m.kv_heads = 8;
    m.ffn = 14336;
    m.vocab = 32000;
    m.context = context;
    m.experts =
        (vsh_experts){.count = 8, .top_k = 2, .hidden = 14336, .every = 1, .granularity = 1};
    return m;
}

/* ---- data sets ----------------------------------------------------------------------------- */

enum {
    STEP_MEGATRON,
    STEP_VTRAIN_MULTI,
    STEP_VTRAIN_SINGLE,
    STEP_FOUNDRY_A100,
    STEP_FOUNDRY_H100,
    STEP_FOUNDRY_FP8,
    STEP_V5E,
    STEP_V5P,
    STEP_FOUNDRY_40
};

typedef struct {
    const char *name, *hardware, *stack;
    double calibrated, pure; /* wanted: mean absolute error, %; 0: for information */
    int stacked;             /* the first data set of the same stack */
    int judged;              /* with the rows of this one */
    const char *free;        /* constants that its rows can tell */
    const char *source;
} step_set;

static const step_set step_sets[STEP_SETS] = {
    {"Megatron-LM, A100 (Narayanan)", "a100-80gb", "megatron-lm", 3.5, 3.5, STEP_MEGATRON,
     STEP_MEGATRON, "matrix memory link_fast link_slow overlap", "arXiv:2104.04473 (SC21) Table 1"},
    {"vTrain multi-node, A100", "a100-80gb", "megatron-deepspeed", 6.5, 8, STEP_VTRAIN_MULTI,
     STEP_VTRAIN_MULTI, "matrix memory dispatch link_fast overlap wait blend",
     "VIA-Research/vTrain@f8dda8473a data/ground_truth_multi.csv and _single.csv"},
    {"vTrain single-node, A100", "a100-40gb", "megatron-deepspeed", 6, 20, STEP_VTRAIN_MULTI,
     STEP_VTRAIN_SINGLE, NULL,
     "VIA-Research/vTrain@f8dda8473a data/ground_truth_multi.csv and _single.csv"},
    {"llm-foundry, A100", "a100-80gb", "fsdp", 5, 10, STEP_FOUNDRY_A100, STEP_FOUNDRY_A100,
     "matrix memory attention link_fast overlap",
     "mosaicml/llm-foundry@8c8dd48f72 scripts/train/benchmarking/README.md"},
    {"llm-foundry, H100 bf16", "h100-sxm", "fsdp", 3.5, 18, STEP_FOUNDRY_H100, STEP_FOUNDRY_H100,
     "matrix memory attention link_fast overlap",
     "mosaicml/llm-foundry@8c8dd48f72 scripts/train/benchmarking/README.md"},
    {"llm-foundry, H100 fp8", "h100-sxm", "fsdp", 0, 0, STEP_FOUNDRY_H100, STEP_FOUNDRY_FP8, NULL,
     "mosaicml/llm-foundry@8c8dd48f72 scripts/train/benchmarking/README.md"},
    {"MaxText, TPU v5e", "tpu-v5e", "maxtext", 4, 6, STEP_V5E, STEP_V5E, "matrix",
     "AI-Hypercomputer/maxtext@e591f30cbb src/maxtext/configs/tpu/v5e/README.md"},
    {"MaxText, TPU v5p", "tpu-v5p", "maxtext", 0, 0, STEP_V5P, STEP_V5P, NULL,
     "AI-Hypercomputer/maxtext@e591f30cbb src/maxtext/configs/tpu/v5e/README.md"},
    {"llm-foundry, A100 40 GB", "a100-40gb", "fsdp", 5, 10, STEP_FOUNDRY_40, STEP_FOUNDRY_A100,
     "matrix memory attention link_fast overlap",
     "mosaicml/llm-foundry@8c8dd48f72 scripts/train/benchmarking/README.md"}};

static inline step_row *step_new(step_table *t, int set, const vsh_model *model)
{
    step_row *row = &t->row[t->count];
    int index = 0;

    for (int i = 0; i < t->count; i++)
        index += t->row[i].set == set;
    *row = (step_row){.set = set, .index = index};
    row->model = (vsh_model *)vsh_alloc(t->arena, 1, sizeof *model);
    *row->model = *model;
    for (int64_t l = 0; l < model->layers; l++)
        row->model->layer[l] = (vsh_layer){.own_kv = true, .experts = model->experts.count > 0};
    if (vsh_model_finish(row->model, "", t->err) != VSH_OK) {
        fprintf(stderr, "%s\n", t->err->text);
        abort();
    }
    row->step.hardware = &t->hardware[set];
    row->step.run =
        (vsh_step_run){.laid = {.model = row->model, .seq = model->context},
                       .layout = {.split = {.tensor = 1, .context = 1, .expert = 1, .data = 1},
                                  .pp = 1,
                                  .interleave = 1},
                       .precision = VSH_BF16,
                       .recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW),
                       .flash = true,
                       .software = *vsh_software_of(step_sets[set].stack)};
    t->count++;
    return row;
}

/* The models and layouts of Table 1; its micro-batches are not published, and section 5.1 does
 * not say where pipelines were interleaved: nowhere. */
static inline void step_megatron(step_table *t, const step_csv *c)
{
    vsh_model m = step_gpt(step_integer(c, "layers"), step_integer(c, "hidden_size"),
                           step_integer(c, "attention_heads"), 51200, 2048);
    step_row *r = step_new(t, STEP_MEGATRON, &m);
    vsh_measured_step *s = &r->step;

    s->run.layout.split.tensor = step_integer(c, "tensor_parallel");
    s->run.layout.pp = step_integer(c, "pipeline_parallel");
    s->run.layout.split.data = step_integer(c, "data_parallel_derived");
    s->run.laid.batch = step_integer(c, "batch_size_seqs");
    s->run.recompute = VSH_RECOMPUTE_FULL;
    s->run.precision = VSH_FP16;
    s->run.flash = false;
    s->run.dropout = true;
    s->chips = step_integer(c, "n_gpus_a100_80gb");
    s->micro_most = 4;
    s->seconds = step_number(c, "derived_iter_time_s");
    snprintf(r->label, sizeof r->label, "%s B", step_text(c, "params_b"));
}

static inline void step_vtrain(step_table *t, const step_csv *c, int set)
{
    vsh_model m = step_gpt(step_integer(c, "layers"), step_integer(c, "hidden_size"),
                           step_integer(c, "attention_heads"), 50257, step_integer(c, "seq_len"));
    step_row *r = step_new(t, set, &m);
    vsh_measured_step *s = &r->step;

    s->run.layout.split.tensor = step_integer(c, "tp");
    s->run.layout.pp = step_integer(c, "pp");
    s->run.layout.split.data = step_integer(c, "dp");
    s->run.laid.batch = step_integer(c, "global_batch_seqs");
    s->run.laid.micro = step_integer(c, "micro_batch");
    s->run.recompute = set == STEP_VTRAIN_MULTI ? VSH_RECOMPUTE_FULL : VSH_RECOMPUTE_NONE;
    s->run.precision = VSH_FP16;
    s->run.flash = false;
    s->run.dropout = true;
    s->chips = step_integer(c, "n_gpus");
    s->seconds = step_number(c, "iteration_time_ms") * 1e-3;
    snprintf(r->label, sizeof r->label, "h%d l%d tp%d dp%d pp%d b%d m%d", (int)m.hidden,
             (int)m.layers, (int)s->run.layout.split.tensor, (int)s->run.layout.split.data,
             (int)s->run.layout.pp, (int)s->run.laid.batch, (int)s->run.laid.micro);
}

static inline void step_foundry(step_table *t, const step_csv *c)
{
    vsh_model m = step_mpt(step_text(c, "model"), step_integer(c, "seq_len_tokens"));
    bool a100 = strncmp(step_text(c, "gpu"), "a100", 4) == 0;
    bool small = strcmp(step_text(c, "gpu"), "a100_40gb") == 0;
    bool fp8 = strcmp(step_text(c, "precision"), "amp_fp8") == 0;
    step_row *r = step_new(t,
                           small  ? STEP_FOUNDRY_40
                           : a100 ? STEP_FOUNDRY_A100
                           : fp8  ? STEP_FOUNDRY_FP8
                                  : STEP_FOUNDRY_H100,
                           &m);
    vsh_measured_step *s = &r->step;

    s->run.layout.split.data = s->chips = step_integer(c, "n_gpus");
    s->run.layout.split.zero = 3;
    s->run.laid.batch = step_integer(c, "global_batch_seqs");
    s->run.laid.micro = step_integer(c, "microbatch_seqs");
    s->run.recompute = strcmp(step_text(c, "activation_checkpointing"), "True") == 0
                           ? VSH_RECOMPUTE_FULL
                           : VSH_RECOMPUTE_NONE;
    /* composer's DEFAULT keeps weights in fp32 and autocasts; PURE keeps them in bf16 (from memory)
     */
    if (strcmp(step_text(c, "mp_mode"), "DEFAULT") == 0)
        s->run.recipe = vsh_recipe_for(VSH_FP32, VSH_ADAMW);
    s->run.precision = fp8 ? VSH_FP8 : VSH_BF16;
    s->seconds = step_number(c, "global_batch_tokens") / step_number(c, "throughput_tokens_per_s");
    snprintf(r->label, sizeof r->label, "%s s%d n%d m%d x%d %s%s", step_text(c, "model"),
             (int)m.context, (int)s->chips, (int)s->run.laid.micro,
             (int)step_integer(c, "grad_accum"), s->run.recompute ? "ckpt" : "",
             strstr(step_text(c, "gpu"), "40gb") ? " 40" : "");
}

/* FLOPs as MaxText counted them: every weight product and the whole S x S of attention, three times
 * (maxtext_utils.py before PR 1988). */
static inline double step_maxtext_flops(const vsh_model *m, double batch, double seq)
{
    double q = (double)(m->heads * m->head_dim), h = (double)m->hidden, l = (double)m->layers;
    double weights = l * (h * (4 * q + 3 * (double)m->ffn)) + h * (double)m->vocab;

    return 6 * batch * seq * weights + 12 * batch * seq * seq * q * l;
}

static inline void step_tpu(step_table *t, const step_csv *c)
{
    bool mixtral = strstr(step_text(c, "model"), "Mixtral") != NULL;
    bool v5e = strcmp(step_text(c, "accelerator"), "TPU v5e") == 0;
    vsh_model m =
        mixtral ? step_mixtral(4096) : step_maxtext(step_integer(c, "n_params_nominal_b"), 2048);
    const char *tensor = strstr(step_text(c, "mesh"), "ici_tensor=");
    double per_device = step_number(c, "per_device_batch");
    step_row *r;
    vsh_measured_step *s;

    if (mixtral)
        return; /* its batch is not given */
    r = step_new(t, v5e ? STEP_V5E : STEP_V5P, &m);
    s = &r->step;
    s->chips = step_integer(c, "chips");
    s->slice = s->chips / step_integer(c, "n_slices");
    s->run.layout.split.tensor = tensor ? strtol(tensor + 11, NULL, 10) : 1;
    s->run.layout.split.sequence = s->run.layout.split.tensor > 1;
    s->run.layout.split.data = s->chips / s->run.layout.split.tensor;
    s->run.layout.split.zero = 3;
    s->run.recipe = vsh_recipe_for(VSH_FP32, VSH_ADAMW); /* base.yml: weight_dtype float32 */
    s->run.laid.batch = step_integer(c, "global_batch_seqs");
    s->run.laid.micro = s->run.laid.batch / s->run.layout.split.data;
    s->run.recompute = strcmp(step_text(c, "remat_policy"), "full") == 0 ? VSH_RECOMPUTE_FULL
                                                                         : VSH_RECOMPUTE_SELECTIVE;
    s->seconds =
        step_maxtext_flops(&m, per_device, 2048) / (step_number(c, "tflops_per_s_per_chip") * 1e12);
    snprintf(r->label, sizeof r->label, "%s x%s %s", step_text(c, "model"),
             step_text(c, "n_slices"), step_text(c, "slice_type"));
}

static inline void step_one(step_table *t, int file, const step_csv *csv)
{
    if (file == 0)
        step_megatron(t, csv);
    else if (file == 1 || file == 2)
        step_vtrain(t, csv, file == 1 ? STEP_VTRAIN_MULTI : STEP_VTRAIN_SINGLE);
    else if (file == 3)
        step_foundry(t, csv);
    else
        step_tpu(t, csv);
}

/* VSH_EMACHINE where the measurements are not at hand. */
static inline vsh_status step_read(step_table *t, vsh_error *err)
{
    static const char *const files[] = {"megatron_a100", "vtrain_a100_multi", "vtrain_a100_single",
                                        "llmfoundry", "maxtext_tpu"};

    t->err = err;
    t->row = (step_row *)vsh_alloc(t->arena, STEP_ROWS, sizeof *t->row);
    for (int s = 0; s < STEP_SETS; s++) {
        char path[96];
        snprintf(path, sizeof path, "hwprofiles/%s.yaml", step_sets[s].hardware);
        VSH_TRY(vsh_hardware_read(t->arena, path, &t->hardware[s], err));
    }
    /* vTrain's cluster: 4 cards of 200 Gb/s a node of 8 (its inter_node_bandwidth 800) */
    t->hardware[STEP_VTRAIN_MULTI].inter_rate.value = 12.5e9;
    for (int f = 0; f < 5; f++) {
        char path[128];
        vsh_text text = {.arena = t->arena};
        step_csv csv = {.columns = 0};
        snprintf(path, sizeof path, "../shared/reference/steptime_%s.csv", files[f]);
        VSH_TRY(vsh_file_read(path, &text, err));
        csv.next = text.data;
        csv.columns = step_line(&csv, csv.header);
        while (t->count < STEP_ROWS && step_line(&csv, csv.field))
            step_one(t, f, &csv);
    }
    return VSH_OK;
}

/* ---- errors -------------------------------------------------------------------------------- */

typedef struct {
    int count;
    double mean, median, p90, worst, bias; /* shares */
} step_errors;

static inline int step_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline step_errors step_judge(const double *error, int count)
{
    double size[STEP_ROWS];
    step_errors e = {.count = count};

    for (int i = 0; i < count; i++) {
        size[i] = fabs(error[i]);
        e.mean += size[i] / count;
        e.bias += error[i] / count;
    }
    qsort(size, (size_t)count, sizeof *size, step_by_value);
    if (count) {
        e.median = (size[(count - 1) / 2] + size[count / 2]) / 2;
        e.p90 = size[(int)ceil(0.9 * count) - 1];
        e.worst = size[count - 1];
    }
    return e;
}

/* Of the rows of one set that fitted nothing. */
static inline int step_errors_in(const step_table *t, int set, const vsh_stack *stacks,
                                 double *error, vsh_error *err)
{
    int count = 0;

    for (int i = 0; i < t->count; i++) {
        const step_row *r = &t->row[i];
        vsh_step_time time;
        if (r->set != set || step_fits(r->index))
            continue;
        if (vsh_measured_predict(&r->step, &stacks[set], &time, err) != VSH_OK)
            abort();
        error[count++] = time.step / r->step.seconds - 1;
    }
    return count;
}

/* Of the rows judged with a set that fitted nothing; a set's stack is stacks[set]. */
static inline int step_errors_of(const step_table *t, int set, const vsh_stack *stacks,
                                 double *error, vsh_error *err)
{
    int count = 0;

    for (int s = 0; s < STEP_SETS; s++)
        if (step_sets[s].judged == set)
            count += step_errors_in(t, s, stacks, error + count, err);
    return count;
}

static inline double step_flops(const step_row *r)
{
    vsh_work work = vsh_step_work(&r->step.run);
    vsh_op_list ops;

    work.split = (vsh_split){0};
    work.sequences = 1;
    work.recipe = NULL;
    if (vsh_lower(r->model, &work, &ops, NULL) != VSH_OK)
        abort();
    return vsh_ops_step_model_flops(&ops).v * (double)r->step.run.laid.batch /
           (double)r->step.chips;
}

/* One constant a data set: the FLOP/s a chip that its fitting rows reach, by their geometric mean.
 */
static inline int step_null(const step_table *t, int set, double *error)
{
    double sum = 0;
    int fitted = 0, count = 0;

    for (int i = 0; i < t->count; i++)
        if (step_sets[t->row[i].set].judged == set && step_fits(t->row[i].index)) {
            sum += log(step_flops(&t->row[i]) / t->row[i].step.seconds);
            fitted++;
        }
    for (int i = 0; i < t->count && fitted; i++)
        if (step_sets[t->row[i].set].judged == set && !step_fits(t->row[i].index))
            error[count++] =
                step_flops(&t->row[i]) / exp(sum / fitted) / t->row[i].step.seconds - 1;
    return count;
}

/* The stack as the profile ships it; where it has none, pure. */
static inline vsh_stack step_calibrated(const step_table *t, int set)
{
    const vsh_stack_figures *figures = NULL;

    for (int i = 0; i < t->hardware[set].stack_count; i++)
        if (strcmp(t->hardware[set].stack[i].name, step_sets[set].stack) == 0)
            figures = &t->hardware[set].stack[i];
    return vsh_stack_calibrated(&t->hardware[set], figures);
}

/* Fits a stack to the fitting rows of its data sets, each of which weighs the same. */
static inline vsh_status step_fit(step_table *t, int stacked, vsh_stack *stack, vsh_error *err)
{
    static vsh_measured_step steps[STEP_ROWS];
    int of[STEP_SETS] = {0}, count = 0;
    unsigned free_constants = 0;

    for (int i = 0; i < t->count; i++)
        of[t->row[i].set] += step_fits(t->row[i].index);
    for (int i = 0; i < t->count; i++) {
        int set = t->row[i].set;
        if (step_sets[set].stacked != stacked || step_sets[set].calibrated <= 0 ||
            !step_fits(t->row[i].index))
            continue;
        steps[count] = t->row[i].step;
        steps[count++].weight = 1.0 / of[set];
    }
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        if (strstr(step_sets[stacked].free, vsh_stack_constants[i].name))
            free_constants |= 1U << i;
    return vsh_calibrate(steps, count, free_constants, stack, err);
}

#endif
