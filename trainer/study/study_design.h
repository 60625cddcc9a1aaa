/* The runs of a study: which sizes, kinds of model, budgets and seeds, from one number, the largest
 * budget. A curve is one model trained once at a constant rate (the trunk); at each of its points a
 * cooldown branches off, which is what a run of that length would have given (docs/study.md). */
#ifndef VSH_STUDY_DESIGN_H
#define VSH_STUDY_DESIGN_H

#include "trainer/run/run_config.h"
#include "trainer/run/run_plan.h"

/* A row of the table of sizes: 12 L C^2 + V C parameters and the norms, dense. */
typedef struct {
    int64_t layers, hidden, heads;
} vsh_study_size;

/* A kind of model. The experts of a token are together as wide as the dense MLP: equal active
 * parameters, but for the router. */
typedef struct {
    const char *name;
    int64_t experts, top_k; /* 0: dense */
    bool exit;              /* a head after half of the layers */
} vsh_study_family;

/* A grid of learning rates, for every kind of model. */
typedef struct {
    int budget;
    bool largest; /* at the largest size of this budget; or at the smallest of the study */
    int seeds;    /* whose mean each rate is judged by; 0: no such grid */
} vsh_study_tuning;

enum { VSH_STUDY_TUNINGS = 2, VSH_STUDY_LITTLE = 2 };

/* What is asked. */
typedef struct {
    const char *name;
    const char *summary;
    const vsh_study_family *families; /* the first is the dense one */
    int family_count;
    double optimum;     /* best guess: C = optimum N^2 */
    int budgets;        /* half a decade apart, the largest the last */
    double half_window; /* decades of size around the best guess of a budget's optimum */
    double dense_reach; /* dense sizes go on so many decades above it, towards the totals of
                         * experts; 0: they do not */
    int sizes_least;    /* of a budget */
    vsh_study_tuning tuning[VSH_STUDY_TUNINGS];
    int64_t steps_least; /* of the shortest run */
    int seeds;
    /* The same again on so little text that the guessed best model of the largest budget sees it so
     * often; 0: not. */
    double epochs[VSH_STUDY_LITTLE];
    bool held_out; /* and a model larger than all, half a decade above the largest budget */
    const vsh_study_family *exit_family; /* one more model, for early exit; NULL: none */
} vsh_study_kind;

extern const vsh_study_kind vsh_study_kinds[]; /* closed by a NULL name */

typedef enum {
    VSH_STUDY_TUNE,  /* one rate of a grid */
    VSH_STUDY_CURVE, /* what the study is made of */
    VSH_STUDY_EXIT,
    VSH_STUDY_HELD_OUT
} vsh_study_role;
extern const char *const vsh_study_role_words[];

enum { VSH_STUDY_POINTS = 8, VSH_STUDY_RATES = 5, VSH_STUDY_CURVES = 1024, VSH_STUDY_PROBES = 8 };
/* Learning rates of the smallest size's grid: the first, and each twice the one before. A larger
 * size's grid begins lower, by the power that rates are scaled by. */
#define VSH_STUDY_RATE_LEAST 1e-3

typedef struct {
    int64_t steps;
    int budget; /* index, from 0; one above the last for the held-out model */
} vsh_study_point;

typedef struct {
    char name[64];
    vsh_study_role role;
    const vsh_study_family *family;
    const vsh_study_size *size;
    uint64_t seed;
    int64_t unique_tokens; /* 0: all of the text */
    int64_t batch_tokens, warmup;
    double rate;        /* tune: the rate; 0: the tuned one */
    double size_params; /* of the dense model of this size: what rates go by */
    vsh_study_point point[VSH_STUDY_POINTS];
    int points;
    /* Predicted. */
    int64_t params_total, params_active, params_embedding;
    double flops_per_step; /* executed: with the router and what is padded */
    double memory_bytes;
    double step_s;
    double flops;   /* all of it: trunk and branches */
    double seconds; /* and evaluations */
} vsh_study_curve;

/* A measured step: how far this machine is from its roofline, at a size. */
typedef struct {
    double params; /* active */
    bool experts;
    double slower;     /* measured / predicted by the roofline */
    double overhead_s; /* of beginning and ending a run */
} vsh_study_probe;

/* What the design stands on. */
typedef struct {
    const vsh_study_kind *kind;
    const vsh_library *library;
    const char *const *sets; /* over every run's configuration */
    int set_count;
    int64_t threads, memory_bytes;
    const vsh_hardware *machine; /* NULL: times are not known */
    uint64_t seed;               /* of the first */
    vsh_study_probe probe[VSH_STUDY_PROBES];
    int probes; /* 0: the roofline stands as it is */
} vsh_study_setup;

typedef struct {
    vsh_study_setup setup;
    double largest_flops;
    vsh_study_curve *curve; /* in the order they are run */
    int curves, runs;       /* runs: points of all curves */
    double flops, seconds;
} vsh_study;

/* All curves for a largest budget. VSH_ENO: the held-out model would be above the table. */
vsh_status vsh_study_design(vsh_arena *arena, const vsh_study_setup *setup, double largest_flops,
                            vsh_study *study, vsh_error *err);
/* The largest budget (32 in a decade) whose study is predicted to take at most so
 * long. VSH_ENO: none does. */
vsh_status vsh_study_fit_time(vsh_arena *arena, const vsh_study_setup *setup, double seconds,
                              vsh_study *study, vsh_error *err);

/* A short run that measures: rows of the table, dense, and with experts where the kind has them.
 * false beyond the last. */
bool vsh_study_probe_curve(const vsh_study_kind *kind, int probe, vsh_study_curve *curve);
/* Time of a step and memory of a curve, by the plan of its run. */
vsh_status vsh_study_price(vsh_arena *arena, const vsh_study_setup *setup, vsh_study_curve *curve,
                           vsh_error *err);

/* The configuration of a curve's trunk, as YAML. */
void vsh_study_yaml(const vsh_study_curve *curve, double rate, vsh_text *out);

/* Of a point: unique in a study. */
typedef struct {
    char text[80];
} vsh_study_name;
vsh_study_name vsh_study_point_name(const vsh_study_curve *curve, int point);

/* Steps after which the branch to a point leaves the trunk. */
int64_t vsh_study_branch_step(const vsh_study_point *point);
#define VSH_STUDY_COOLDOWN 0.2

/* The rate that a grid of tuning runs recommends: the lowest point of the parabola in the logarithm
 * through the best and its neighbours, within them; at an end of the grid that end, and *inside is
 * false. Losses that are not finite are passed over; NaN when all are. */
double vsh_study_best_rate(const double *rate, const double *loss, int count, bool *inside);

/* What a grid gave. */
typedef struct {
    double params; /* of the dense model of its size */
    double rate;   /* NaN: every run of it diverged */
    bool inside;   /* not an end of the grid */
} vsh_study_tuned;

/* The rate of a size. Tuned at one size: a power of N between published ones. At two: the power
 * of N through both. NaN: at none. */
double vsh_study_rate(const vsh_study_tuned *tuned, int count, double params);
/* Parameters of the dense model of a size. */
double vsh_study_size_params(const vsh_study_size *size);

#endif
