/* Held-out prediction on published runs: forms fitted to some runs and asked about others that lie
 * beyond them, beside baselines that ignore what the form is about. tests/laws/test_held_out.c
 * judges the errors, tests/bench/laws.c prints them and tests/bench/law_figures.c draws them. */
#ifndef VSH_TEST_HELD_OUT_H
#define VSH_TEST_HELD_OUT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner/fit/fit.h"
#include "planner/fit/fittable.h"
#include "planner/laws/law.h"

enum { HELD_POINTS = 128, HELD_PREDICTORS = 4, HELD_DRAWS = 200 };

/* What predicts: a form fitted to the runs that were not held out, or a published law. */
typedef struct {
    const char *words;
    const vsh_form *form;     /* fitted; NULL: published */
    const vsh_law *published; /* as it stands */
    bool shifted;             /* by the median of measured minus law over the runs not held out */
    bool (*sees)(const vsh_run *); /* of them, fitted only to these; NULL: all */
} held_predictor;

/* Runs whose measure is at most train_to are fitted, those from held_from are predicted. */
typedef struct {
    const char *name, *file;
    vsh_run_columns columns;
    bool per_text;      /* the runs of each pair of training data and text are a set of their own */
    bool least_squares; /* in place of Huber's loss */
    bool (*uses)(const vsh_run *); /* the others are in neither part; NULL: all are */
    double (*measure)(const vsh_run *);
    double train_to, held_from;
    held_predictor predictor[HELD_PREDICTORS]; /* the form, then its baselines */
    int predictors;
} held_experiment;

/* One held-out run. A prediction is NaN where the runs do not tell the form. */
typedef struct {
    vsh_run run;
    int text; /* of held_texts, where the experiment is per text */
    double predicted[HELD_PREDICTORS];
    vsh_interval range; /* 95 % of the form, with the residual of a new run */
} held_point;

typedef struct {
    const held_experiment *experiment;
    held_point point[HELD_POINTS];
    int count, trained, sets;
    int told[HELD_PREDICTORS];                   /* in how many of the sets */
    double c[HELD_PREDICTORS][VSH_COEFFICIENTS]; /* of the last set */
} held_table;

/* ---- fitting ------------------------------------------------------------------------------- */

static inline int held_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts them. */
static inline double held_median(double *value, int count)
{
    qsort(value, (size_t)count, sizeof *value, held_by_value);
    return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

/* The middle 95 % of a new run, as the planner makes it (docs/laws.md). */
static inline vsh_interval held_range(const vsh_fit *fit, const vsh_run *run)
{
    const vsh_draw_options options = {.seed = 1, .residual_sd = vsh_law_residual(&fit->law)};
    vsh_interval range = {NAN, NAN};
    vsh_error err;

    if (fit->draw_count < HELD_DRAWS / 2 ||
        vsh_uncertain_loss(&fit->law, &run->at, &options, &range, &err) != VSH_OK)
        return (vsh_interval){NAN, NAN};
    return range;
}

/* A predictor with its coefficients. */
typedef struct {
    const vsh_form *form;
    const double *c;
    double shift;
    bool told;
} held_fitted;

static inline vsh_status held_publish(vsh_arena *arena, const held_predictor *p,
                                      const vsh_runs *runs, held_fitted *found, vsh_error *err)
{
    double *off = vsh_alloc(arena, (size_t)runs->count, sizeof *off);

    if (!off)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *found = (held_fitted){p->published->form, p->published->coefficient, 0, true};
    for (int i = 0; i < runs->count; i++)
        off[i] = runs->run[i].loss - vsh_law_loss(p->published, &runs->run[i].at);
    if (p->shifted)
        found->shift = held_median(off, runs->count);
    return VSH_OK;
}

static inline vsh_status held_fit(vsh_arena *arena, const held_experiment *e,
                                  const held_predictor *p, const vsh_runs *runs, int bootstraps,
                                  vsh_fit *fit, held_fitted *found, vsh_error *err)
{
    vsh_fit_options options = {.form = p->form,
                               .least_squares = e->least_squares,
                               .delta = 1e-3,
                               .bootstraps = bootstraps,
                               .seed = 1,
                               .threads = 2};
    vsh_runs *seen = vsh_alloc(arena, 1, sizeof *seen);
    vsh_run *run = vsh_alloc(arena, (size_t)runs->count, sizeof *run);

    if (!run || !seen)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (p->published)
        return held_publish(arena, p, runs, found, err);
    *seen = *runs;
    seen->run = run;
    seen->count = 0;
    for (int i = 0; i < runs->count; i++)
        if (!p->sees || p->sees(&runs->run[i]))
            run[seen->count++] = runs->run[i];
    *found = (held_fitted){.form = p->form};
    if (seen->count == 0)
        return VSH_OK;
    VSH_TRY(vsh_fit_run(arena, seen, &options, fit, err));
    *found = (held_fitted){p->form, fit->law.coefficient, 0, fit->identified};
    return VSH_OK;
}

/* ---- one experiment ------------------------------------------------------------------------ */

/* The runs of a file, cut in two by the experiment's rule. */
static inline vsh_status held_split(vsh_arena *arena, const held_experiment *e,
                                    const vsh_run_columns *columns, vsh_runs *train, vsh_runs *held,
                                    vsh_error *err)
{
    char path[128];
    int count;

    snprintf(path, sizeof path, "../shared/reference/%s", e->file);
    VSH_TRY(vsh_runs_read(arena, vsh_copy_text(arena, path, strlen(path)), columns, train, err));
    count = train->count;
    *held = *train;
    held->run = vsh_alloc(arena, (size_t)count, sizeof *held->run);
    if (!held->run)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    held->count = train->count = 0;
    for (int i = 0; i < count; i++) {
        vsh_run run = train->run[i];
        if (e->uses && !e->uses(&run))
            continue;
        if (e->measure(&run) <= e->train_to)
            train->run[train->count++] = run;
        else if (e->measure(&run) >= e->held_from)
            held->run[held->count++] = run;
    }
    return VSH_OK;
}

/* Fits the experiment to one set of runs and adds its held-out runs to the table. */
static inline vsh_status held_add(vsh_arena *arena, held_table *t, const vsh_run_columns *columns,
                                  int text, int draws, vsh_error *err)
{
    const held_experiment *e = t->experiment;
    vsh_fit *fit = vsh_alloc(arena, HELD_PREDICTORS, sizeof *fit);
    held_fitted found[HELD_PREDICTORS];
    vsh_runs train, held;

    if (!fit)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(held_split(arena, e, columns, &train, &held, err));
    if (held.count == 0)
        return VSH_OK;
    for (int p = 0; p < e->predictors; p++) {
        VSH_TRY(held_fit(arena, e, &e->predictor[p], &train, p == 0 ? draws : 0, &fit[p], &found[p],
                         err));
        t->told[p] += found[p].told;
        if (found[p].told)
            memcpy(t->c[p], found[p].c, sizeof t->c[p]);
    }
    for (int i = 0; i < held.count && t->count < HELD_POINTS; i++) {
        held_point *point = &t->point[t->count++];
        *point = (held_point){held.run[i], text, {0}, {NAN, NAN}};
        for (int p = 0; p < e->predictors; p++)
            point->predicted[p] =
                found[p].told
                    ? vsh_form_loss(found[p].form, found[p].c, &point->run.at) + found[p].shift
                    : (double)NAN;
        if (found[0].told)
            point->range = held_range(&fit[0], &point->run);
    }
    t->trained += train.count;
    t->sets++;
    return VSH_OK;
}

/* ---- many runs ----------------------------------------------------------------------------- */

typedef struct {
    int count, covered, twice;          /* held-out runs judged; inside the form's range, and one
                             twice as wide */
    double median, mean, worst;         /* sizes of predicted / measured - 1 */
    double nats, mean_nats, worst_nats; /* median, mean and worst, of predicted - measured */
    double bias;                        /* mean of predicted / measured - 1, with its sign */
    double half_width;                  /* median of half the form's range over the loss */
} held_errors;

/* Of a form's range, stretched about what it predicts. */
static inline bool held_inside(const held_point *p, double stretch)
{
    double said = p->predicted[0];

    return p->run.loss >= said - stretch * (said - p->range.low) &&
           p->run.loss <= said + stretch * (p->range.high - said);
}

enum { HELD_ALL_TEXTS = ~0 };

/* Of one predictor, over the runs of some texts (bit i: text i) that another told too. */
static inline held_errors held_judge(const held_table *t, int predictor, int beside, int texts)
{
    double relative[HELD_POINTS], nats[HELD_POINTS], width[HELD_POINTS];
    held_errors e = {0};

    for (int i = 0; i < t->count; i++) {
        const held_point *p = &t->point[i];
        double off = p->predicted[predictor] - p->run.loss;
        if (!isfinite(off) || !isfinite(p->predicted[beside]) || !(texts >> p->text & 1))
            continue;
        nats[e.count] = fabs(off);
        relative[e.count] = fabs(off) / p->run.loss;
        width[e.count] = (p->range.high - p->range.low) / 2 / p->run.loss;
        e.mean += relative[e.count];
        e.mean_nats += nats[e.count];
        e.bias += off / p->run.loss;
        e.covered += held_inside(p, 1);
        e.twice += held_inside(p, 2);
        e.count++;
    }
    if (!e.count)
        return e;
    e.mean /= e.count;
    e.mean_nats /= e.count;
    e.bias /= e.count;
    e.median = held_median(relative, e.count);
    e.nats = held_median(nats, e.count);
    e.half_width = held_median(width, e.count);
    e.worst = relative[e.count - 1];
    e.worst_nats = nats[e.count - 1];
    return e;
}

/* ---- the experiments ----------------------------------------------------------------------- */

static inline double held_params(const vsh_run *run) { return run->at.params; }
static inline double held_ratio(const vsh_run *run) { return run->at.tokens / run->at.params; }
static inline double held_flops(const vsh_run *run) { return 6 * run->at.params * run->at.tokens; }
static inline bool held_is_dense(const vsh_run *run) { return run->at.experts <= 1; }
/* Within a factor of two of 20 tokens a parameter. */
static inline bool held_is_near_twenty(const vsh_run *run)
{
    return held_ratio(run) > 9.9 && held_ratio(run) < 40.1;
}
/* Shorter ones end inside their warmup: 78.9 M and 412 M parameters on 5 tokens a parameter take
 * 376 and 1963 steps of 512 x 2048 tokens, and 400 and 2000 of them are warmup. */
static inline bool held_is_warm(const vsh_run *run) { return held_ratio(run) > 9.9; }
/* The first five rows are the outliers that the refit of Besiroglu et al. leaves out. */
static inline bool held_is_besiroglus(const vsh_run *run) { return run->line > 6; }

#define HELD_ROUTED(title, routers)                                                                \
    {                                                                                              \
        .name = title, .file = "loss_routed_moe_runs.csv",                                         \
        .columns = {.params = "dense_parameter_count",                                             \
                    .experts = "num_experts",                                                      \
                    .loss = "loss_validation",                                                     \
                    .no_tokens = true,                                                             \
                    .where = {"router_type=Dense," routers, "k=1", "routing_frequency=0.5"},       \
                    .where_count = 3},                                                             \
        .least_squares = true, .measure = held_params, .train_to = 5e8, .held_from = 1e9,          \
        .predictor = {{"routed law", &vsh_form_routed},                                            \
                      {"no experts: L(N)", &vsh_form_size},                                        \
                      {"no experts: L(N), dense runs", &vsh_form_size, .sees = held_is_dense},     \
                      {"Clark's own (saw these runs)", .published = &vsh_clark2022}},              \
        .predictors = 4                                                                            \
    }

#define HELD_TIED                                                                                  \
    {                                                                                              \
        "A/N^a + B/D^a", &vsh_form_tied                                                            \
    }
#define HELD_CHINCHILLA                                                                            \
    {                                                                                              \
        "A/N^a + B/D^b", &vsh_form_chinchilla                                                      \
    }
#define HELD_COMPUTE                                                                               \
    {                                                                                              \
        "compute alone", &vsh_form_compute                                                         \
    }
#define HELD_NEAR_TWENTY                                                                           \
    {                                                                                              \
        "compute alone, 10 - 40 D/N", &vsh_form_compute, .sees = held_is_near_twenty               \
    }

#define HELD_OVERTRAINED(title, used, what, to, from)                                              \
    {                                                                                              \
        .name = title, .file = "loss_overtraining_runs.csv", .columns = {.loss = "loss_nats"},     \
        .per_text = true, .uses = used, .measure = what, .train_to = to, .held_from = from,        \
        .predictor = {HELD_TIED, HELD_CHINCHILLA, HELD_COMPUTE, HELD_NEAR_TWENTY}, .predictors = 4 \
    }

#define HELD_DENSE(title, what, limit)                                                             \
    {                                                                                              \
        .name = title, .file = "loss_chinchilla_runs.csv",                                         \
        .columns = {.tokens = "tokens_derived_C_over_6N"}, .uses = held_is_besiroglus,             \
        .measure = what, .train_to = limit, .held_from = limit,                                    \
        .predictor = {HELD_CHINCHILLA, HELD_TIED, HELD_COMPUTE}, .predictors = 3                   \
    }

#define HELD_REPEATED(title, limit)                                                                \
    {                                                                                              \
        .name = title, .file = "loss_repeated_data_runs.csv",                                      \
        .columns = {.loss = "val_loss_nats"}, .measure = held_params, .train_to = limit,           \
        .held_from = limit,                                                                        \
        .predictor = {{"repeated form", &vsh_form_repeated},                                       \
                      {"bounded form", &vsh_form_bounded},                                         \
                      {"all tokens new", &vsh_form_chinchilla},                                    \
                      {"Muennighoff's own, shifted", .published = &vsh_muennighoff2023,            \
                       .shifted = true}},                                                          \
        .predictors = 4                                                                            \
    }

typedef enum {
    HELD_SBASE,
    HELD_HASH,
    HELD_RLR,
    HELD_LARGER,
    HELD_LARGER_COLD,
    HELD_LONGER,
    HELD_BUDGETS,
    HELD_MODELS,
    HELD_REPEATED_2B,
    HELD_REPEATED_3B,
    HELD_EXPERIMENTS
} held_id;

static const held_experiment held_experiments[HELD_EXPERIMENTS] = {
    [HELD_SBASE] = HELD_ROUTED("experts by S-BASE, 1.3 B from 370 M", "S-Base"),
    [HELD_HASH] = HELD_ROUTED("experts by hash, 1.3 B from 370 M", "Hash"),
    [HELD_RLR] = HELD_ROUTED("experts by RL-R, 1.3 B from 370 M", "RL-R"),
    [HELD_LARGER] = HELD_OVERTRAINED("over-training, 1.4 and 6.9 B from 412 M", held_is_warm,
                                     held_params, 5e8, 1e9),
    [HELD_LARGER_COLD] =
        HELD_OVERTRAINED("the same with runs of 5 tokens a parameter", NULL, held_params, 5e8, 1e9),
    [HELD_LONGER] = HELD_OVERTRAINED("over-training, 320 tokens a parameter from 80", held_is_warm,
                                     held_ratio, 81, 319),
    [HELD_BUDGETS] = HELD_DENSE("Chinchilla, above 2e20 FLOP from below", held_flops, 2e20),
    [HELD_MODELS] = HELD_DENSE("Chinchilla, above 1 B parameters from below", held_params, 1e9),
    [HELD_REPEATED_2B] = HELD_REPEATED("repeated data, above 2 B parameters from below", 2e9),
    [HELD_REPEATED_3B] = HELD_REPEATED("repeated data, above 3 B parameters from below", 3e9)};

/* Every file of runs has eight texts that are asked about; a loss compares with those of its own
 * data and text. */
static const char *const held_datasets[] = {"dataset=c4_original", "dataset=rpj",
                                            "dataset=rw_original", NULL};
static const char *const held_texts[] = {
    "val_set=c4_val/shard-{0000000..0000010}.tar",
    "val_set=de-en/val_de-en_100.tar",
    "val_set=openlm/shard_00000000.tar",
    "val_set=paloma_c4_en/00000001.tar",
    "val_set=paloma_dolma_100_programing_languages/00000001.tar",
    "val_set=paloma_falcon-refinedweb/00000001.tar",
    "val_set=paloma_ptb/00000001.tar",
    "val_set=paloma_redpajama/00000001.tar",
    NULL};

/* Those of English web pages; the others are German, program code and the Penn Treebank. */
enum { HELD_WEB_TEXTS = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 7 };

/* Chinchilla's 240 runs, all of them fitted. */
static inline vsh_status held_refit(vsh_arena *arena, int bootstraps, vsh_runs *runs, vsh_fit *fit,
                                    vsh_error *err)
{
    vsh_fit_options options = {.form = &vsh_form_chinchilla,
                               .delta = 1e-3,
                               .bootstraps = bootstraps,
                               .flops = 1.8e19,
                               .seed = 1,
                               .threads = 2};
    held_experiment all = held_experiments[HELD_BUDGETS];
    vsh_runs none;

    all.train_to = INFINITY;
    VSH_TRY(held_split(arena, &all, &all.columns, runs, &none, err));
    return vsh_fit_run(arena, runs, &options, fit, err);
}

/* ---- what experts take off the loss --------------------------------------------------------- */

/* Nats that experts take off the loss of the dense model of the same size: laws of two corpora
 * compare in such differences at most. */
typedef struct {
    int count;
    double measured;             /* mean */
    double fitted, clark, joint; /* means, of the law fitted here, of Clark's own and of
                                    Ludziejewski's on 130e9 tokens */
} held_gains;

/* Of the held-out runs of a routed experiment with 2 to 32 experts, where the joint law has data.
 */
static inline held_gains held_gain(const held_table *t)
{
    const held_point *dense = NULL;
    held_gains g = {0};

    for (int i = 0; i < t->count; i++)
        if (held_is_dense(&t->point[i].run))
            dense = &t->point[i];
    for (int i = 0; dense && i < t->count; i++) {
        const held_point *p = &t->point[i];
        vsh_point many = p->run.at, one = dense->run.at;
        if (many.experts < 2 || many.experts > 32)
            continue;
        many.tokens = one.tokens = 130e9; /* of every run: arXiv:2202.01169, secondary */
        one.experts = 1;
        g.measured += dense->run.loss - p->run.loss;
        g.fitted += dense->predicted[0] - p->predicted[0];
        g.clark += dense->predicted[3] - p->predicted[3];
        g.joint +=
            vsh_law_loss(&vsh_ludziejewski2025, &one) - vsh_law_loss(&vsh_ludziejewski2025, &many);
        g.count++;
    }
    g.measured /= g.count;
    g.fitted /= g.count;
    g.clark /= g.count;
    g.joint /= g.count;
    return g;
}

/* ---- whole experiments --------------------------------------------------------------------- */

/* draws: HELD_DRAWS, or 0, which leaves the intervals out. Fails when the file is not there. */
static inline vsh_status held_run(vsh_arena *arena, held_id id, int draws, held_table *t,
                                  vsh_error *err)
{
    const held_experiment *e = &held_experiments[id];

    memset(t, 0, sizeof *t);
    t->experiment = e;
    if (!e->per_text)
        return held_add(arena, t, &e->columns, 0, draws, err);
    for (const char *const *data = held_datasets; *data; data++)
        for (int text = 0; held_texts[text]; text++) {
            vsh_run_columns columns = e->columns;
            columns.where[columns.where_count++] = *data;
            columns.where[columns.where_count++] = held_texts[text];
            VSH_TRY(held_add(arena, t, &columns, text, draws, err));
        }
    return VSH_OK;
}

#endif
