#include "trainer/study/study_design.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Each 1.4 to 2.1 times the one before. One shape, two layers and heads of 16 (of 12 in a width of
 * 24): a size is a width. Where depth grew with it, a layer more cost as much loss as a size gained
 * (measured in a first trial, runs of ten million bytes). */
static const vsh_study_size sizes[] = {
    {1, 16, 1},   {2, 16, 1},   {2, 24, 2},   {2, 32, 2},   {2, 48, 3},   {2, 64, 4},
    {2, 96, 6},   {2, 128, 8},  {2, 160, 10}, {2, 192, 12}, {2, 256, 16}, {2, 320, 20},
    {2, 384, 24}, {2, 512, 32}, {2, 640, 40}, {2, 768, 48},
};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Early exit is of deep models: a head after three layers of six. */
static const vsh_study_size exit_sizes[] = {
    {6, 16, 1}, {6, 32, 2}, {6, 48, 3}, {6, 64, 4}, {6, 96, 6}, {6, 128, 8}, {6, 192, 12},
};
enum { EXIT_SIZES = sizeof exit_sizes / sizeof *exit_sizes };

/* Bytes are the tokens: no embedding to speak of, and losses that compare with any tokenizer's. */
enum { VOCAB = 257, CONTEXT = 256, BATCH_MOST = 16384 };

/* Tokens of an evaluation, the same windows for all: the whole held-out split of the default corpus
 * (825 k). Its first 250 k would be one dictionary from A to M. */
enum { EVALUATION = 1000000 };

static const vsh_study_family law_families[] = {{"dense", 0, 0, false}};
static const vsh_study_family expert_families[] = {
    {"dense", 0, 0, false}, {"e8k1", 8, 1, false}, {"e8k2", 8, 2, false}};
static const vsh_study_family exit_family = {"exit", 0, 0, true};

/* Optimum: Hoffmann et al. 2022 (arXiv:2203.15556) have twenty tokens a parameter, which are eighty
 * bytes of text: C = 480 N^2. First trials on the default corpus found 300 to 800 (measured).
 * Steps: before them a model has hardly left the frequencies of single bytes, and no law holds; two
 * seeds of experts differed by a tenth of the loss before five hundred. The law's batches are twice
 * as large, so that half as many see as much text.
 * Epochs: eight cost nothing that could be seen, so there is a text that sixty-four are of. */
const vsh_study_kind vsh_study_kinds[] = {
    {.name = "law",
     .summary = "the small law, and a larger model predicted before it is trained",
     .families = law_families,
     .family_count = 1,
     .optimum = 500,
     .budgets = 5,
     .half_window = 0.4,
     .sizes_least = 3,
     .tuning = {{.budget = 1, .seeds = 2}, {.budget = 4, .largest = true, .seeds = 1}},
     .steps_least = 250,
     .seeds = 2,
     .held_out = true},
    {.name = "experts",
     .summary = "experts against dense at equal loss, much text and little",
     .families = expert_families,
     .family_count = sizeof expert_families / sizeof *expert_families,
     .optimum = 600,
     .budgets = 3,
     .half_window = 0.35,
     .dense_reach = 1,
     .sizes_least = 3,
     .tuning = {{.budget = 1, .seeds = 2}},
     .steps_least = 500,
     .seeds = 3,
     .epochs = {8, 64},
     .exit_family = &exit_family},
    {NULL}};

const char *const vsh_study_role_words[] = {"tune", "curve", "exit", "held-out", NULL};

/* ---- one model ----------------------------------------------------------------------------- */

double vsh_study_size_params(const vsh_study_size *s)
{
    double C = (double)s->hidden, L = (double)s->layers;

    return 12 * L * C * C + VOCAB * C + (2 * L + 1) * C;
}

static void write_model(const vsh_study_curve *c, vsh_text *out)
{
    const vsh_study_size *s = c->size;
    const vsh_study_family *f = c->family;

    vsh_text_add(out,
                 "model: {name: %s, layers: %" PRId64 ", hidden: %" PRId64 ", heads: %" PRId64
                 ", kv_heads: %" PRId64 ", ffn: %" PRId64
                 ", mlp: gelu, norm: rms, position: rotary, vocab: %d, context: %d, tied: true",
                 f->name, s->layers, s->hidden, s->heads, s->heads, 4 * s->hidden, VOCAB, CONTEXT);
    if (f->experts)
        vsh_text_add(out,
                     ", experts: {count: %" PRId64 ", top_k: %" PRId64 ", hidden: %" PRId64
                     ", capacity: dropless}",
                     f->experts, f->top_k, 4 * s->hidden / f->top_k);
    if (f->exit)
        vsh_text_add(out, ", exits: [%" PRId64 "]", (s->layers + 1) / 2);
    vsh_text_add(out, "}\n");
}

void vsh_study_yaml(const vsh_study_curve *c, double rate, vsh_text *out)
{
    int64_t most = c->batch_tokens < 4096 ? c->batch_tokens : 4096;

    write_model(c, out);
    vsh_text_add(out, "data: runs/default-corpus\ntokenizer: bytes\n");
    if (c->unique_tokens)
        vsh_text_add(out, "unique_tokens: %" PRId64 "\n", c->unique_tokens);
    vsh_text_add(out,
                 "batch: {tokens: %" PRId64 ", sequence: %d, micro: %" PRId64 "}\n"
                 "optimizer: {name: adamw, lr: %.6g, betas: [0.9, 0.99], weight_decay: 0.1}\n"
                 "schedule: {name: constant, warmup: %" PRId64 "}\n"
                 "steps: %" PRId64 "\nseed: %" PRIu64 "\n"
                 "checkpoint: {every: 0, keep: 1}\nevaluate: {every: 0, tokens: %d}\n"
                 /* losses are compared at equal tokens: none is left out for being high */
                 "spike: {action: ignore}\n",
                 c->batch_tokens, CONTEXT, most / CONTEXT, rate, c->warmup,
                 c->point[c->points - 1].steps, c->seed, EVALUATION);
}

/* Between two probes a line in the logarithm of the size; beyond them as at the end. */
static double slower(const vsh_study_setup *s, double params, bool experts)
{
    const vsh_study_probe *below = NULL, *above = NULL;
    double share;

    for (int i = 0; i < s->probes; i++) {
        const vsh_study_probe *p = &s->probe[i];
        if (p->experts != experts)
            continue;
        if (p->params <= params && (!below || p->params > below->params))
            below = p;
        if (p->params >= params && (!above || p->params < above->params))
            above = p;
    }
    if (!below && !above)
        return experts ? slower(s, params, false) : 1;
    if (!below || !above || below == above)
        return (below ? below : above)->slower;
    share = log(params / below->params) / log(above->params / below->params);
    return below->slower + share * (above->slower - below->slower);
}

static double overhead(const vsh_study_setup *s)
{
    double sum = 0;

    for (int i = 0; i < s->probes; i++)
        sum += s->probe[i].overhead_s;
    return s->probes ? sum / s->probes : 0;
}

int64_t vsh_study_branch_step(const vsh_study_point *p)
{
    return p->steps - (int64_t)round(VSH_STUDY_COOLDOWN * (double)p->steps);
}

vsh_study_name vsh_study_point_name(const vsh_study_curve *c, int point)
{
    vsh_study_name name;

    snprintf(name.text, sizeof name.text, "%s-b%d", c->name, c->point[point].budget);
    return name;
}

/* Steps of the trunk and of all branches. */
static double steps_of(const vsh_study_curve *c)
{
    double steps = (double)vsh_study_branch_step(&c->point[c->points - 1]);

    for (int i = 0; i < c->points; i++)
        steps += (double)(c->point[i].steps - vsh_study_branch_step(&c->point[i]));
    return steps;
}

vsh_status vsh_study_price(vsh_arena *arena, const vsh_study_setup *s, vsh_study_curve *c,
                           vsh_error *err)
{
    vsh_text yaml = {.arena = arena};
    vsh_run_config config;
    vsh_run_plan plan;
    double evaluation;

    vsh_study_yaml(c, 1e-3, &yaml);
    VSH_TRY(vsh_run_config_parse(arena, s->library, c->name, &yaml, s->sets, s->set_count, &config,
                                 err));
    VSH_TRY(vsh_run_plan_make(&config, s->threads, s->memory_bytes, &plan, err));
    c->params_total = plan.parameters.total;
    c->params_active = plan.parameters.active;
    c->params_embedding = config.model.vocab * config.model.hidden;
    c->flops_per_step = plan.executed_flops.v;
    c->flops = steps_of(c) * c->flops_per_step;
    c->memory_bytes = plan.footprint.total.v;
    c->step_s = s->machine ? vsh_run_plan_time(&config, &plan, s->machine).v *
                                 slower(s, (double)c->params_active, c->family->experts > 0)
                           : (double)NAN;
    /* a forward pass is a third of a step */
    evaluation = c->step_s / 3 * (double)config.evaluate_tokens / (double)config.batch.tokens;
    c->seconds = steps_of(c) * c->step_s + (double)c->points * (evaluation + 2 * overhead(s));
    return VSH_OK;
}

/* ---- learning rates ------------------------------------------------------------------------ */

double vsh_study_best_rate(const double *rate, const double *loss, int count, bool *inside)
{
    int best = -1;
    double left, right, step, shift;

    for (int i = 0; i < count; i++)
        if (isfinite(loss[i]) && (best < 0 || loss[i] < loss[best]))
            best = i;
    *inside = best > 0 && best < count - 1 && isfinite(loss[best - 1]) && isfinite(loss[best + 1]);
    if (best < 0)
        return NAN;
    if (!*inside)
        return rate[best];
    left = loss[best - 1] - loss[best];
    right = loss[best + 1] - loss[best];
    step = log(rate[best + 1] / rate[best - 1]) / 2; /* the grid is even */
    shift = left + right > 0 ? 0.5 * (left - right) / (left + right) : 0;
    return rate[best] * exp(shift * step);
}

/* Between the powers of published laws along D ~ N: -0.25 (DeepSeek, arXiv:2401.02954: C^-0.125)
 * and -0.41 (Step Law, arXiv:2503.04715: N^-0.713 D^0.307). */
static const double rate_power = -1.0 / 3;

double vsh_study_rate(const vsh_study_tuned *tuned, int count, double params)
{
    const vsh_study_tuned *one = NULL, *other = NULL;
    double power = rate_power;

    for (int i = 0; i < count; i++) {
        if (!isfinite(tuned[i].rate))
            continue;
        if (one)
            other = &tuned[i];
        else
            one = &tuned[i];
    }
    if (!one)
        return NAN;
    if (other)
        power = log(other->rate / one->rate) / log(other->params / one->params);
    return one->rate * pow(params / one->params, power);
}

/* ---- budgets ------------------------------------------------------------------------------- */

typedef struct {
    vsh_arena *arena;
    const vsh_study_setup *setup;
    vsh_study *study;
    int64_t batch_tokens;
} drafting;

static double budget_flops(const vsh_study *s, int budget)
{
    return s->largest_flops * pow(10, 0.5 * (budget + 1 - s->setup.kind->budgets));
}

/* The window is wide because nobody knows. */
static double guessed_optimum(const vsh_study_kind *kind, double flops)
{
    return sqrt(flops / kind->optimum);
}

/* Decades that a size lies above the guess. */
static double above_guess(const vsh_study *s, int size, double flops)
{
    return log10(vsh_study_size_params(&sizes[size]) / guessed_optimum(s->setup.kind, flops));
}

/* Smaller ones are embedding more than anything else; they serve studies of seconds. */
static bool too_small(const vsh_study *s, int size)
{
    return vsh_study_size_params(&sizes[size]) < 2e4 && s->largest_flops >= 1e12;
}

/* Sizes of a budget: those within the window, at least so many. */
static void choose_window(const vsh_study *s, double flops, bool chosen[SIZES])
{
    const vsh_study_kind *kind = s->setup.kind;
    int count = 0;

    for (int i = 0; i < SIZES; i++) {
        chosen[i] = fabs(above_guess(s, i, flops)) <= kind->half_window && !too_small(s, i);
        count += chosen[i];
    }
    for (; count < kind->sizes_least; count++) {
        int nearest = -1;
        for (int i = 0; i < SIZES; i++)
            if (!chosen[i] && !too_small(s, i) &&
                (nearest < 0 ||
                 fabs(above_guess(s, i, flops)) < fabs(above_guess(s, nearest, flops))))
                nearest = i;
        chosen[nearest] = true;
    }
}

static int largest_of(const bool chosen[SIZES])
{
    int largest = SIZES - 1;

    while (!chosen[largest])
        largest--;
    return largest;
}

/* And for the dense family every other one above it, as far as the totals of experts reach. */
static void choose_sizes(const vsh_study *s, const vsh_study_family *family, double flops,
                         bool chosen[SIZES])
{
    choose_window(s, flops, chosen);
    for (int i = largest_of(chosen) + 2; family == &s->setup.kind->families[0] && i < SIZES; i += 2)
        chosen[i] = above_guess(s, i, flops) <= s->setup.kind->dense_reach;
}

/* Active parameters that one multiplies a token with, and attention: FLOP a token, executed. */
static vsh_status flops_per_token(const drafting *d, vsh_study_curve *c, double *flops,
                                  vsh_error *err)
{
    c->batch_tokens = 4096;
    c->points = 1;
    c->point[0].steps = 100;
    VSH_TRY(vsh_study_price(d->arena, d->setup, c, err));
    *flops = c->flops_per_step / 4096;
    return VSH_OK;
}

/* Tokens of the shortest run: the largest size of some budget, of any family. */
static vsh_status shortest_run(const drafting *d, double *tokens, vsh_error *err)
{
    const vsh_study_kind *kind = d->setup->kind;

    *tokens = INFINITY;
    for (int f = 0; f < kind->family_count; f++)
        for (int k = 0; k < kind->budgets; k++) {
            double flops = budget_flops(d->study, k), each;
            bool chosen[SIZES];
            vsh_study_curve c = {.family = &kind->families[f], .seed = 1};
            choose_sizes(d->study, c.family, flops, chosen);
            c.size = &sizes[largest_of(chosen)];
            VSH_TRY(flops_per_token(d, &c, &each, err));
            *tokens = fmin(*tokens, flops / each);
        }
    return VSH_OK;
}

/* One batch for all: runs that differ in it differ by it, by 5 % of the loss in the first trial.
 * Step Law (arXiv:2503.04715: 0.58 D^0.571 tokens) asks for as many tokens or more. */
static vsh_status choose_batch(drafting *d, vsh_error *err)
{
    const double steps = (double)d->setup->kind->steps_least;
    double tokens;

    VSH_TRY(shortest_run(d, &tokens, err));
    d->batch_tokens = CONTEXT;
    while (d->batch_tokens < BATCH_MOST && 2 * (double)d->batch_tokens * steps <= tokens)
        d->batch_tokens *= 2;
    return VSH_OK;
}

/* Fills in the points of a curve for the budgets that have its size, and prices it. */
static vsh_status set_points(const drafting *d, vsh_study_curve *c, const int *budgets, int count,
                             vsh_error *err)
{
    double each;

    VSH_TRY(flops_per_token(d, c, &each, err));
    c->batch_tokens = d->batch_tokens;
    c->points = count;
    for (int i = 0; i < count; i++) {
        double tokens = budget_flops(d->study, budgets[i]) / each;
        c->point[i] =
            (vsh_study_point){.steps = (int64_t)fmax(10, round(tokens / (double)c->batch_tokens)),
                              .budget = budgets[i]};
    }
    c->warmup = vsh_study_branch_step(&c->point[0]) / 8;
    c->warmup = c->warmup > 100 ? 100 : c->warmup;
    VSH_TRY(vsh_study_price(d->arena, d->setup, c, err));
    d->study->runs += count;
    d->study->seconds += c->seconds;
    d->study->flops += c->flops;
    return VSH_OK;
}

/* Tokens of a text that is not all. A third of what is executed is attention and the head, so that
 * by C = 6 N D it is seen half as often again. */
static int64_t little_text(const vsh_study *s, int text)
{
    const vsh_study_kind *kind = s->setup.kind;
    double flops = budget_flops(s, kind->budgets - 1);
    double seen = flops / (6 * guessed_optimum(kind, flops));

    return (int64_t)(seen / (1.5 * kind->epochs[text - 1]));
}

static vsh_study_curve *new_curve(const drafting *d, vsh_study_role role,
                                  const vsh_study_family *family, const vsh_study_size *size,
                                  int text, int seed)
{
    static const char *const suffixes[] = {"", "-poor", "-poorer"}; /* by the text */
    vsh_study_curve *c = &d->study->curve[d->study->curves++];

    assert(d->study->curves <= VSH_STUDY_CURVES);
    *c = (vsh_study_curve){
        .role = role, .family = family, .size = size, .size_params = vsh_study_size_params(size)};
    c->seed = d->setup->seed + (uint64_t)seed;
    c->unique_tokens = text ? little_text(d->study, text) : 0;
    snprintf(c->name, sizeof c->name, "%s-%s-L%dC%d%s-s%" PRIu64, vsh_study_role_words[role],
             family->name, (int)size->layers, (int)size->hidden, suffixes[text], c->seed);
    return c;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* The smallest size of all budgets: where the first rates are tuned. */
static int first_size(const vsh_study *s)
{
    bool chosen[SIZES];
    int i = 0;

    choose_window(s, budget_flops(s, 0), chosen);
    while (!chosen[i])
        i++;
    return i;
}

/* A grid of a family. */
static vsh_status add_grid(const drafting *d, const vsh_study_family *family,
                           const vsh_study_tuning *tuning, vsh_error *err)
{
    const int first = first_size(d->study);
    bool chosen[SIZES];
    int size = first;

    if (tuning->largest) {
        choose_window(d->study, budget_flops(d->study, tuning->budget), chosen);
        size = largest_of(chosen);
    }
    for (int i = 0; i < tuning->seeds * VSH_STUDY_RATES; i++) {
        vsh_study_curve *c =
            new_curve(d, VSH_STUDY_TUNE, family, &sizes[size], 0, i / VSH_STUDY_RATES);
        int rate = i % VSH_STUDY_RATES;
        size_t used = strlen(c->name);
        c->rate = VSH_STUDY_RATE_LEAST * pow(2, rate) *
                  pow(c->size_params / vsh_study_size_params(&sizes[first]), rate_power);
        snprintf(c->name + used, sizeof c->name - used, "-r%d", rate);
        VSH_TRY(set_points(d, c, &tuning->budget, 1, err));
    }
    return VSH_OK;
}

static vsh_status add_curve(const drafting *d, vsh_study_role role, const vsh_study_family *family,
                            const vsh_study_size *size, int text, int seed, const int *budgets,
                            int count, vsh_error *err)
{
    vsh_study_curve *c = new_curve(d, role, family, size, text, seed);

    return set_points(d, c, budgets, count, err);
}

/* All curves of a family, a text and a seed. */
static vsh_status add_family(const drafting *d, const vsh_study_family *family, int text, int seed,
                             vsh_error *err)
{
    const vsh_study_kind *kind = d->setup->kind;
    bool chosen[VSH_STUDY_POINTS][SIZES];

    for (int k = 0; k < kind->budgets; k++)
        choose_sizes(d->study, family, budget_flops(d->study, k), chosen[k]);
    for (int i = 0; i < SIZES; i++) {
        int budgets[VSH_STUDY_POINTS], count = 0;
        for (int k = 0; k < kind->budgets; k++)
            if (chosen[k][i])
                budgets[count++] = k;
        if (count)
            VSH_TRY(
                add_curve(d, VSH_STUDY_CURVE, family, &sizes[i], text, seed, budgets, count, err));
    }
    return VSH_OK;
}

/* The next size of the table above all that are trained. */
static vsh_status add_held_out(const drafting *d, vsh_error *err)
{
    const vsh_study_kind *kind = d->setup->kind;
    const int budget = kind->budgets;
    bool chosen[SIZES];
    int largest;

    choose_window(d->study, budget_flops(d->study, kind->budgets - 1), chosen);
    largest = largest_of(chosen);
    if (largest == SIZES - 1)
        return vsh_fail(err, VSH_ENO, "study: no size of the table is above this budget's");
    return add_curve(d, VSH_STUDY_HELD_OUT, &kind->families[0], &sizes[largest + 1], 0, 0, &budget,
                     1, err);
}

static vsh_status add_exit(const drafting *d, vsh_error *err)
{
    const vsh_study_kind *kind = d->setup->kind;
    const int budget = kind->budgets - 1;
    double best = guessed_optimum(kind, budget_flops(d->study, budget));
    int size = 0;

    while (size + 1 < EXIT_SIZES && vsh_study_size_params(&exit_sizes[size]) < best)
        size++;
    return add_curve(d, VSH_STUDY_EXIT, kind->exit_family, &exit_sizes[size], 0, 0, &budget, 1,
                     err);
}

vsh_status vsh_study_design(vsh_arena *arena, const vsh_study_setup *setup, double largest,
                            vsh_study *study, vsh_error *err)
{
    const vsh_study_kind *kind = setup->kind;
    vsh_arena scratch = {0};
    drafting d = {.arena = &scratch, .setup = setup, .study = study};
    vsh_status status = VSH_OK;

    *study = (vsh_study){.setup = *setup, .largest_flops = largest};
    study->curve = vsh_alloc(arena, VSH_STUDY_CURVES, sizeof *study->curve);
    if (!study->curve)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    status = choose_batch(&d, err);
    for (int t = 0; t < VSH_STUDY_TUNINGS; t++)
        for (int f = 0; f < kind->family_count && status == VSH_OK; f++)
            status = add_grid(&d, &kind->families[f], &kind->tuning[t], err);
    for (int seed = 0; seed < kind->seeds; seed++)
        for (int text = 0; text <= VSH_STUDY_LITTLE && (!text || kind->epochs[text - 1]); text++)
            for (int f = 0; f < kind->family_count && status == VSH_OK; f++)
                status = add_family(&d, &kind->families[f], text, seed, err);
    if (status == VSH_OK && kind->exit_family)
        status = add_exit(&d, err);
    if (status == VSH_OK && kind->held_out)
        status = add_held_out(&d, err);
    vsh_arena_free(&scratch);
    return status;
}

/* Budgets are powers of ten in 32nds: 1e7 to 1e19 FLOP. */
enum { DECADE = 32, LEAST = 7 * DECADE, MOST = 19 * DECADE };

static double flops_at(int step) { return pow(10, (double)step / DECADE); }

vsh_status vsh_study_fit_time(vsh_arena *arena, const vsh_study_setup *setup, double seconds,
                              vsh_study *study, vsh_error *err)
{
    int low = LEAST, high = MOST; /* low fits, high does not */
    vsh_status status;

    while (high - low > 1) {
        int middle = (low + high) / 2;
        vsh_arena scratch = {0};
        vsh_error tried; /* too large for the table is an answer */
        status = vsh_study_design(&scratch, setup, flops_at(middle), study, &tried);
        if (status == VSH_OK && study->seconds <= seconds)
            low = middle;
        else
            high = middle;
        vsh_arena_free(&scratch);
        if (status != VSH_OK && status != VSH_ENO)
            return vsh_fail(err, status, "%s", tried.text);
    }
    if (low == LEAST)
        return vsh_fail(err, VSH_ENO, "--budget-hours: too short for the smallest study of %s",
                        setup->kind->name);
    return vsh_study_design(arena, setup, flops_at(low), study, err);
}

/* ---- probes -------------------------------------------------------------------------------- */

bool vsh_study_probe_curve(const vsh_study_kind *kind, int probe, vsh_study_curve *c)
{
    static const int rows[] = {4, 7, 10}; /* of the table of sizes */
    enum { ROWS = sizeof rows / sizeof *rows };
    const vsh_study_family *family = &kind->families[kind->family_count > 1 ? probe % 2 * 2 : 0];
    int row = kind->family_count > 1 ? probe / 2 : probe;

    if (row >= ROWS)
        return false;
    *c = (vsh_study_curve){.role = VSH_STUDY_TUNE,
                           .family = family,
                           .size = &sizes[rows[row]],
                           .seed = 1,
                           .batch_tokens = 2048,
                           .points = 1,
                           .point = {{.steps = 12}}};
    snprintf(c->name, sizeof c->name, "probe-%s-%d", family->name, row);
    return true;
}
