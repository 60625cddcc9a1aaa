#include "trainer/run/run_config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/field.h"
#include "core/model_write.h"

const char *const vsh_spike_words[] = {"skip", "rollback", "ignore", NULL};

/* What the trainer has of the words that the planner knows. */
static const char *const optimizer_words[] = {"adamw", "adamw8bit", "adafactor", "sgd", NULL};
static const int optimizer_kinds[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
static const char *const precision_words[] = {"fp32", "bf16", "int8", NULL};
static const int precision_kinds[] = {VSH_FP32, VSH_BF16, VSH_INT8};

/* The file as it is read: maps inside are read by their own tables. */
typedef struct {
    vsh_run_config config;
    const vsh_node *model, *batch, *optimizer, *schedule, *losses, *distill, *checkpoint, *evaluate,
        *spike;
    int optimizer_word, precision_word;
    int64_t seed;
    const vsh_node *betas;
} reading;

#define AT(field) offsetof(reading, config.field)
#define COUNT_MAX 1e12
#define STEP_TOKENS_MAX 1e9

static const vsh_field top_fields[] = {
    {"model", VSH_FIELD_NODE, offsetof(reading, model)},
    {"data", VSH_FIELD_TEXT, AT(data)},
    {"text", VSH_FIELD_TEXT, AT(text)},
    {"tokenizer", VSH_FIELD_TEXT, AT(tokenizer)},
    {"from", VSH_FIELD_TEXT, AT(from)},
    {"unique_tokens", VSH_FIELD_INTEGER, AT(unique_tokens), false, 0, COUNT_MAX},
    {"batch", VSH_FIELD_NODE, offsetof(reading, batch)},
    {"optimizer", VSH_FIELD_NODE, offsetof(reading, optimizer)},
    {"schedule", VSH_FIELD_NODE, offsetof(reading, schedule)},
    {"losses", VSH_FIELD_NODE, offsetof(reading, losses)},
    {"distill", VSH_FIELD_NODE, offsetof(reading, distill)},
    {"steps", VSH_FIELD_INTEGER, AT(steps), false, 1, 1e9},
    {"precision", VSH_FIELD_WORD, offsetof(reading, precision_word), false, 0, 0, 0,
     precision_words},
    {"recompute", VSH_FIELD_WORD, AT(recompute), false, 0, 0, 0, vsh_recompute_words},
    {"seed", VSH_FIELD_INTEGER, offsetof(reading, seed), false, 0, 9e15},
    {"checkpoint", VSH_FIELD_NODE, offsetof(reading, checkpoint)},
    {"evaluate", VSH_FIELD_NODE, offsetof(reading, evaluate)},
    {"spike", VSH_FIELD_NODE, offsetof(reading, spike)},
    {NULL}};

static const vsh_field batch_fields[] = {
    {"tokens", VSH_FIELD_INTEGER, AT(batch.tokens), false, 1, STEP_TOKENS_MAX},
    {"sequence", VSH_FIELD_INTEGER, AT(batch.sequence), false, 1, 1 << 24},
    {"micro", VSH_FIELD_INTEGER, AT(batch.micro), false, 1, 1 << 24},
    {"accumulate", VSH_FIELD_INTEGER, AT(batch.accumulate), false, 1, 1 << 24},
    {"shards", VSH_FIELD_INTEGER, AT(batch.shards), false, 1, 4096},
    {"sequence_start", VSH_FIELD_INTEGER, AT(batch.sequence_start), false, 1, 1 << 24},
    {"sequence_warmup", VSH_FIELD_INTEGER, AT(batch.sequence_warmup), false, 0, 1e9},
    {NULL}};

static const vsh_field optimizer_fields[] = {
    {"name", VSH_FIELD_WORD, offsetof(reading, optimizer_word), false, 0, 0, 0, optimizer_words},
    {"lr", VSH_FIELD_REAL, AT(schedule.peak), false, 0, 1e3},
    {"betas", VSH_FIELD_NODE, offsetof(reading, betas)},
    {"eps", VSH_FIELD_REAL, AT(optimizer.epsilon), false, 0, 1},
    {"weight_decay", VSH_FIELD_REAL, AT(optimizer.weight_decay), false, 0, 100},
    {"clip", VSH_FIELD_REAL, AT(optimizer.clip), false, 0, 1e9},
    {NULL}};

static const vsh_field schedule_fields[] = {
    {"name", VSH_FIELD_WORD, AT(schedule.kind), false, 0, 0, 0, vsh_schedule_words},
    {"warmup", VSH_FIELD_INTEGER, AT(schedule.warmup), false, 0, 1e9},
    {"cooldown", VSH_FIELD_REAL, AT(schedule.cooldown), false, 0, 1},
    {"final", VSH_FIELD_REAL, AT(schedule.final), false, 0, 1},
    {NULL}};

static const vsh_field loss_fields[] = {
    {"balance", VSH_FIELD_REAL, AT(network.balance), false, 0, 100},
    {"z", VSH_FIELD_REAL, AT(network.z), false, 0, 100},
    {"jitter", VSH_FIELD_REAL, AT(network.jitter), false, 0, 0.5},
    {"exit_scale", VSH_FIELD_REAL, AT(network.exit_scale), false, 0, 100},
    {"bias_rate", VSH_FIELD_REAL, AT(bias_rate), false, 0, 1},
    {NULL}};

static const vsh_field distill_fields[] = {
    {"teacher", VSH_FIELD_TEXT, AT(distill.teacher)},
    {"weight", VSH_FIELD_REAL, AT(distill.weight), false, 0, 1},
    {"temperature", VSH_FIELD_REAL, AT(distill.temperature), false, 0.01, 100},
    {NULL}};

static const vsh_field checkpoint_fields[] = {
    {"every", VSH_FIELD_INTEGER, AT(checkpoint_every), false, 0, 1e9},
    {"keep", VSH_FIELD_INTEGER, AT(checkpoint_keep), false, 1, 1e6},
    {NULL}};

static const vsh_field evaluate_fields[] = {
    {"every", VSH_FIELD_INTEGER, AT(evaluate_every), false, 0, 1e9},
    {"tokens", VSH_FIELD_INTEGER, AT(evaluate_tokens), false, 1, COUNT_MAX},
    {NULL}};

static const vsh_field spike_fields[] = {
    {"action", VSH_FIELD_WORD, AT(spike), false, 0, 0, 0, vsh_spike_words},
    {"deviations", VSH_FIELD_REAL, AT(spike_deviations), false, 1, 1e6},
    {"limit", VSH_FIELD_INTEGER, AT(spike_limit), false, 1, 1e6},
    {NULL}};

static const char default_data[] = "runs/default-corpus";

/* distill: of the weights and temperatures that docs/compress.md tried, the ones with the least
 * loss (measured). */
static vsh_run_config defaults(void)
{
    return (vsh_run_config){.data = default_data,
                            .optimizer = {.kind = VSH_ADAMW,
                                          .beta1 = 0.9,
                                          .beta2 = 0.95,
                                          .epsilon = 1e-8,
                                          .weight_decay = 0.1,
                                          .clip = 1.0},
                            .schedule = {.kind = VSH_SCHEDULE_WSD,
                                         .peak = 1e-3,
                                         .warmup = -1,
                                         .cooldown = 0.2,
                                         .final = -1},
                            .bias_rate = -1,
                            .network = {.balance = 0.01, .z = 0.001, .exit_scale = 0.2},
                            .distill = {.weight = 1, .temperature = 1},
                            .steps = 1000,
                            .seed = 1,
                            .checkpoint_every = 500,
                            .checkpoint_keep = 2,
                            .evaluate_every = 250,
                            .evaluate_tokens = 65536,
                            .spike = VSH_SPIKE_SKIP,
                            .spike_deviations = 6,
                            .spike_limit = 5};
}

/* ---- reading ------------------------------------------------------------------------------- */

static vsh_status read_betas(const vsh_doc *doc, const vsh_node *list, vsh_optimizer_options *to,
                             vsh_error *err)
{
    static const vsh_field beta = {"betas", VSH_FIELD_REAL, 0, false, 0, 0.999999};

    if (list->kind != VSH_NODE_LIST || list->child_count != 2)
        return vsh_doc_expected(doc, list, err, "two numbers such as [0.9, 0.95]");
    VSH_TRY(vsh_field_read_value(doc, list->first, &beta, &to->beta1, err));
    return vsh_field_read_value(doc, list->last, &beta, &to->beta2, err);
}

static vsh_status read_model(vsh_arena *arena, const vsh_library *library, const vsh_doc *doc,
                             const vsh_node *node, vsh_model *model, vsh_error *err)
{
    vsh_doc inside = {doc->path, node};
    char what[240];
    const char *path;

    if (node->kind == VSH_NODE_MAP)
        return vsh_model_from_doc(&inside, model, err);
    if (node->kind != VSH_NODE_SCALAR)
        return vsh_doc_expected(doc, node, err, "a model's name, a file, or a map of its keys");
    snprintf(what, sizeof what, "%.160s:%d:%d: model: no model", doc->path, node->line,
             node->column);
    VSH_TRY(vsh_library_find(arena, library, "models", what, node->text, &path, err));
    return vsh_model_read(arena, path, model, err);
}

static vsh_status read_parts(const vsh_doc *doc, reading *r, vsh_error *err)
{
    const struct {
        const vsh_node *node;
        const vsh_field *fields;
        const char *what;
    } parts[] = {
        {r->batch, batch_fields, "tokens and sequence"},
        {r->optimizer, optimizer_fields, "name and lr"},
        {r->schedule, schedule_fields, "name and warmup"},
        {r->losses, loss_fields, "balance and z"},
        {r->distill, distill_fields, "teacher and weight"},
        {r->checkpoint, checkpoint_fields, "every and keep"},
        {r->evaluate, evaluate_fields, "every and tokens"},
        {r->spike, spike_fields, "action and limit"},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].node)
            continue;
        if (parts[i].node->kind != VSH_NODE_MAP)
            return vsh_doc_expected(doc, parts[i].node, err, "a map of keys such as %s",
                                    parts[i].what);
        VSH_TRY(vsh_fields_read(doc, parts[i].node, parts[i].fields, true, r, err));
    }
    return r->betas ? read_betas(doc, r->betas, &r->config.optimizer, err) : VSH_OK;
}

/* One document over what r holds. */
static vsh_status read_doc(vsh_arena *arena, const vsh_library *library, const vsh_doc *doc,
                           reading *r, vsh_error *err)
{
    if (doc->root->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, doc->root, err,
                                "a run: a map of keys such as model and steps");
    r->model = r->batch = r->optimizer = r->schedule = r->losses = r->distill = NULL;
    r->checkpoint = r->evaluate = r->spike = r->betas = NULL;
    VSH_TRY(vsh_fields_read(doc, doc->root, top_fields, true, r, err));
    VSH_TRY(read_parts(doc, r, err));
    r->config.distill.given |= r->distill != NULL;
    if (r->model)
        VSH_TRY(read_model(arena, library, doc, r->model, &r->config.model, err));
    return VSH_OK;
}

/* Keys joined by dots: where the key ends, or NULL when it is none. */
static const char *set_key_end(const char *set)
{
    const char *end = set + strspn(set, "abcdefghijklmnopqrstuvwxyz_0123456789.");

    if (*end != '=' || end == set || *set == '.' || end[-1] == '.')
        return NULL;
    for (const char *c = set; c < end; c++)
        if (c[0] == '.' && c[1] == '.')
            return NULL;
    return end;
}

/* The value is one: "5, seed: 3" would say more than its key. */
static bool says_one_thing(const vsh_node *node, int depth)
{
    for (; depth >= 0; depth--, node = node->first)
        if (node->kind != VSH_NODE_MAP || node->child_count != 1)
            return false;
    return true;
}

/* "optimizer.lr=3e-4" as the document {optimizer: {lr: 3e-4}}. */
static vsh_status read_set(vsh_arena *arena, const vsh_library *library, const char *set,
                           reading *r, vsh_error *err)
{
    const char *equals = set_key_end(set);
    vsh_text text = {.arena = arena};
    int depth = 0;
    char place[100];
    vsh_doc doc;

    if (!equals || equals[1 + strspn(equals + 1, " ")] == '\0')
        return vsh_fail(err, VSH_EINPUT,
                        "--set: expected KEY=VALUE such as optimizer.lr=3e-4, got \"%.80s\"", set);
    snprintf(place, sizeof place, "--set %.80s", set);
    vsh_text_add(&text, "{");
    for (const char *c = set; c < equals; c++) {
        if (*c == '.') {
            vsh_text_add(&text, ": {");
            depth++;
        } else {
            vsh_text_put(&text, c, 1);
        }
    }
    vsh_text_add(&text, ": %s", equals + 1);
    for (int i = 0; i <= depth; i++)
        vsh_text_add(&text, "}");
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_doc_parse(arena, place, text.data, text.length, &doc, err));
    if (!says_one_thing(doc.root, depth))
        return vsh_fail(err, VSH_EINPUT,
                        "--set: expected one value (a text with a comma stands in quotes, a list "
                        "in brackets), got \"%.80s\"",
                        set);
    return read_doc(arena, library, &doc, r, err);
}

/* ---- what follows, and what must hold ------------------------------------------------------ */

/* Tokens of a step and of a run are whole numbers of 64 bits, with room to add some. */
static vsh_status check_tokens(const vsh_run_config *c, vsh_error *err)
{
    const vsh_batch_config *b = &c->batch;
    double step = b->tokens ? (double)b->tokens
                            : (double)(b->micro ? b->micro : 8) *
                                  (double)(b->accumulate ? b->accumulate : 1) * (double)b->sequence;

    if (step > STEP_TOKENS_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: expected at most %g tokens in a step, got %.4g "
                        "(micro x accumulate x sequence)",
                        c->path, STEP_TOKENS_MAX, step);
    if (step * (double)c->steps > 4e18)
        return vsh_fail(err, VSH_EINPUT, "%s: steps: expected at most 4e18 tokens in all, got %.4g",
                        c->path, step * (double)c->steps);
    return VSH_OK;
}

/* micro, accumulate and tokens, as far as they were given, make one whole. */
static vsh_status check_batch(const vsh_run_config *c, vsh_error *err)
{
    const vsh_batch_config *b = &c->batch;
    int64_t sequences = b->tokens / b->sequence;

    if (b->tokens % b->sequence)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: tokens: expected a multiple of sequence %" PRId64
                        ", got %" PRId64,
                        c->path, b->sequence, b->tokens);
    if (b->micro && b->accumulate && b->micro * b->accumulate != sequences)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: expected micro x accumulate to be the %" PRId64
                        " sequences of a step, got %" PRId64 " x %" PRId64,
                        c->path, sequences, b->micro, b->accumulate);
    if (b->micro && sequences % b->micro)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: micro: expected a divisor of %" PRId64
                        " sequences, got %" PRId64,
                        c->path, sequences, b->micro);
    if (b->accumulate && sequences % b->accumulate)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: accumulate: expected a divisor of %" PRId64
                        " sequences, got %" PRId64,
                        c->path, sequences, b->accumulate);
    return VSH_OK;
}

static vsh_status finish_batch(vsh_run_config *c, vsh_error *err)
{
    vsh_batch_config *b = &c->batch;
    int64_t sequences = (b->micro ? b->micro : 8) * (b->accumulate ? b->accumulate : 1);

    if (!b->sequence)
        b->sequence = c->model.context;
    if (b->sequence > c->model.context)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: sequence: expected at most the model's context %" PRId64
                        ", got %" PRId64,
                        c->path, c->model.context, b->sequence);
    VSH_TRY(check_tokens(c, err));
    if (!b->tokens)
        b->tokens = sequences * b->sequence;
    VSH_TRY(check_batch(c, err));
    if (b->sequence_warmup && !b->sequence_start)
        b->sequence_start = b->sequence / 4 > 0 ? b->sequence / 4 : 1;
    if (b->sequence_start > b->sequence)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: sequence_start: expected at most sequence %" PRId64
                        ", got %" PRId64,
                        c->path, b->sequence, b->sequence_start);
    return VSH_OK;
}

static vsh_status finish(reading *r, vsh_error *err)
{
    vsh_run_config *c = &r->config;

    if (!c->model.layers)
        return vsh_fail(err, VSH_EINPUT, "%s: the key \"model\" is missing", c->path);
    VSH_TRY(vsh_trainable(&c->model, err));
    c->optimizer.kind = optimizer_kinds[r->optimizer_word];
    c->precision = precision_kinds[r->precision_word];
    c->data_named = strcmp(c->data, default_data) != 0;
    c->seed = (uint64_t)r->seed;
    c->network.seed = c->seed;
    c->schedule.steps = c->steps;
    c->warmup_given = c->schedule.warmup;
    if (c->schedule.warmup < 0) /* the usual hundred, at most a tenth of the run */
        c->schedule.warmup = c->steps / 10 < 100 ? c->steps / 10 : 100;
    if (c->schedule.final < 0)
        c->schedule.final = c->schedule.kind == VSH_SCHEDULE_COSINE ? 0.1 : 0;
    if (c->bias_rate < 0) /* balancing without a loss wants the rate of Wang et al. 2024 */
        c->bias_rate = c->model.experts.correction_bias ? 1e-3 : 0;
    if (c->bias_rate > 0 && !c->model.experts.correction_bias)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: losses: bias_rate: the model has no balancing bias (experts: "
                        "correction_bias)",
                        c->path);
    if (c->schedule.warmup > c->steps) /* a run cut short still rises all its way */
        c->schedule.warmup = c->steps;
    return finish_batch(c, err);
}

static vsh_status read_all(vsh_arena *arena, const vsh_library *library, const vsh_doc *doc,
                           const char *const *sets, int set_count, vsh_run_config *config,
                           vsh_error *err)
{
    reading r = {.config = defaults(), .seed = 1};

    r.config.path = doc->path;
    VSH_TRY(read_doc(arena, library, doc, &r, err));
    for (int i = 0; i < set_count; i++)
        VSH_TRY(read_set(arena, library, sets[i], &r, err));
    VSH_TRY(finish(&r, err));
    *config = r.config;
    return VSH_OK;
}

vsh_status vsh_run_config_read(vsh_arena *arena, const vsh_library *library, const char *path,
                               const char *const *sets, int set_count, vsh_run_config *config,
                               vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_read(arena, path, &doc, err));
    return read_all(arena, library, &doc, sets, set_count, config, err);
}

vsh_status vsh_run_config_parse(vsh_arena *arena, const vsh_library *library, const char *path,
                                const vsh_text *text, const char *const *sets, int set_count,
                                vsh_run_config *config, vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_parse(arena, path, vsh_text_string(text), text->length, &doc, err));
    return read_all(arena, library, &doc, sets, set_count, config, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The fewest digits that read back as the same number. */
static vsh_figure_text exact(double value)
{
    vsh_figure_text text;
    double back;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text.text, sizeof text.text, "%.*g", digits, value);
        if (vsh_parse_real(text.text, &back) && back == value)
            break;
    }
    return text;
}

/* A text in single quotes, as YAML doubles them inside. */
static void write_quoted(vsh_text *out, const char *value)
{
    vsh_text_put(out, "'", 1);
    for (; *value; value++)
        vsh_text_add(out, *value == '\'' ? "''" : "%c", *value);
    vsh_text_put(out, "'", 1);
}

static void write_text(vsh_text *out, const char *key, const char *value)
{
    if (!value)
        return;
    vsh_text_add(out, "%s: ", key);
    write_quoted(out, value);
    vsh_text_put(out, "\n", 1);
}

static void write_distill(const vsh_distill_config *d, vsh_text *out)
{
    if (!d->teacher)
        return;
    vsh_text_add(out, "distill: {teacher: ");
    write_quoted(out, d->teacher);
    vsh_text_add(out, ", weight: %s, temperature: %s}\n", exact(d->weight).text,
                 exact(d->temperature).text);
}

static const char *word_of(const int *kinds, const char *const *words, int kind)
{
    int i = 0;

    while (words[i] && kinds[i] != kind)
        i++;
    return words[i];
}

/* What is 0 is still to be chosen. */
static void write_batch(const vsh_batch_config *b, vsh_text *out)
{
    const struct {
        const char *key;
        int64_t value;
    } rest[] = {{"micro", b->micro},
                {"accumulate", b->accumulate},
                {"shards", b->shards},
                {"sequence_start", b->sequence_start},
                {"sequence_warmup", b->sequence_warmup}};

    vsh_text_add(out, "batch: {tokens: %" PRId64 ", sequence: %" PRId64, b->tokens, b->sequence);
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (rest[i].value)
            vsh_text_add(out, ", %s: %" PRId64, rest[i].key, rest[i].value);
    vsh_text_add(out, "}\n");
}

void vsh_run_config_write(const vsh_run_config *c, vsh_text *out)
{
    const vsh_optimizer_options *o = &c->optimizer;

    vsh_text_add(out, "model:\n");
    vsh_model_write(&c->model, "  ", out);
    write_text(out, "data", c->data);
    write_text(out, "text", c->text);
    write_text(out, "tokenizer", c->tokenizer);
    write_text(out, "from", c->from);
    if (c->unique_tokens)
        vsh_text_add(out, "unique_tokens: %" PRId64 "\n", c->unique_tokens);
    write_batch(&c->batch, out);
    vsh_text_add(out,
                 "optimizer: {name: %s, lr: %s, betas: [%s, %s], eps: %s, weight_decay: %s, "
                 "clip: %s}\n",
                 word_of(optimizer_kinds, optimizer_words, o->kind), exact(c->schedule.peak).text,
                 exact(o->beta1).text, exact(o->beta2).text, exact(o->epsilon).text,
                 exact(o->weight_decay).text, exact(o->clip).text);
    vsh_text_add(out, "schedule: {name: %s", vsh_schedule_words[c->schedule.kind]);
    if (c->warmup_given >= 0)
        vsh_text_add(out, ", warmup: %" PRId64, c->warmup_given);
    vsh_text_add(out, ", cooldown: %s, final: %s}", exact(c->schedule.cooldown).text,
                 exact(c->schedule.final).text);
    if (c->warmup_given < 0 && c->steps) /* not a key: another number of steps has another one */
        vsh_text_add(out, " # warmup: %" PRId64, c->schedule.warmup);
    vsh_text_put(out, "\n", 1);
    vsh_text_add(out, "losses: {balance: %s, z: %s, jitter: %s, exit_scale: %s, bias_rate: %s}\n",
                 exact(c->network.balance).text, exact(c->network.z).text,
                 exact(c->network.jitter).text, exact(c->network.exit_scale).text,
                 exact(c->bias_rate).text);
    write_distill(&c->distill, out);
    vsh_text_add(out, "steps: %" PRId64 "\nprecision: %s\nrecompute: %s\nseed: %" PRIu64 "\n",
                 c->steps, word_of(precision_kinds, precision_words, c->precision),
                 vsh_recompute_words[c->recompute], c->seed);
    vsh_text_add(out, "checkpoint: {every: %" PRId64 ", keep: %" PRId64 "}\n", c->checkpoint_every,
                 c->checkpoint_keep);
    vsh_text_add(out, "evaluate: {every: %" PRId64 ", tokens: %" PRId64 "}\n", c->evaluate_every,
                 c->evaluate_tokens);
    vsh_text_add(out, "spike: {action: %s, deviations: %s, limit: %" PRId64 "}\n",
                 vsh_spike_words[c->spike], exact(c->spike_deviations).text, c->spike_limit);
}

void vsh_run_config_deciding(const vsh_run_config *c, vsh_text *out)
{
    vsh_run_config decides = *c;

    decides.data = decides.text = decides.tokenizer = NULL; /* the text's hash says it better */
    if (decides.distill.teacher) /* whose weights count, not where they lie */
        decides.distill.teacher = "";
    decides.from = NULL; /* where it lies; what came of it is in this run's own checkpoints */
    decides.checkpoint_every = decides.checkpoint_keep = 0;
    decides.evaluate_every = decides.evaluate_tokens = 0;
    decides.steps = 0;
    vsh_run_config_write(&decides, out);
}
