/* The main job's question and answer as plain structs: plan_budget, plan_recommend and
 * plan_alternatives fill them; plan_report, plan_json and plan_html show them. */
#ifndef VSH_PLAN_H
#define VSH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cost.h"
#include "core/footprint.h"
#include "core/hardware.h"
#include "core/model.h"
#include "core/tensor.h"
#include "planner/tuning/hyperparameters.h"
#include "planner/laws/experts.h"
#include "planner/laws/anchors.h"
#include "planner/laws/law.h"
#include "planner/laws/uncertainty.h"
#include "planner/money/bill.h"

/* The dataset that the unique tokens at hand are counted by (core/dataset.h). */
typedef struct {
    const char *manifest; /* its path; NULL: none was given */
    const char *tokenizer, *description;
    int64_t vocab;          /* that a recommended model has; 0: none was given */
    double bytes_per_token; /* of the training split */
} plan_data;

/* What is asked, with names resolved. */
typedef struct {
    const vsh_hardware *hardware;
    const vsh_model *model; /* NULL: recommend one */
    const vsh_law *law;
    const vsh_recipe *recipe;
    const vsh_region *region;
    double chips, hours;
    double unique_tokens; /* 0: unlimited */
    plan_data data;       /* that says so, or nothing: --tokens did */
    double epochs;        /* of the paper's rule only */
    double serve_tokens;  /* 0: serving is not counted */
    int64_t seq;          /* tokens of a sequence; 0: the model's context */
    double price_usd;     /* of a chip for an hour; below 0: the profile's */
    vsh_precision precision;
    vsh_flop_rate peak;      /* a chip, at the precision */
    vsh_precision peak_of;   /* whose peak that is, when the chip lacks the precision's own */
    vsh_flop_rate effective; /* a chip: model FLOPs a second the run is taken to reach */
    const char *scenario;    /* which one spoke: a scenario of the profile, or the option */
    const char *throughput_source;
    vsh_tag throughput_tag;
    double throughput_log_sd;
    uint64_t seed;
} plan_request;

/* The founding paper's rule N = C / (6 T E), and what else vetoes it. */
typedef struct {
    double tokens, epochs, params;
    double state_bytes;     /* weights and optimizer of so many parameters */
    double chips_for_state; /* before activations */
    double tokens_per_param;
    double lower_bound_loss; /* of the data-constrained law: a bound, not a prediction */
    double repeats_params;   /* R_N there */
    bool vetoed_by_memory, vetoed_by_data;
    bool feasible;
    const vsh_anchor *nearest;
    char verdict[200];
} plan_rule;

/* How to train a run of these parameters on so many tokens. */
typedef struct {
    vsh_tuned run; /* what the laws were asked */
    vsh_hyperparameters laws;
    double rate;                         /* learning rate, to one digit */
    double critical_loss, critical_data; /* batch, tokens: by Kaplan of the loss (NaN: not known),
                                            by Zhang of the tokens */
    vsh_schedule_advice schedule;
} plan_tuning;

/* A plan with a change beside the same plan without, both real architectures that fit, under a law
 * that knows the change. Figures in time take experts' MFU as VSH_EXPERTS_MFU_HIGH of the dense
 * model's, their _low (of loss: _high) as VSH_EXPERTS_MFU_LOW; without new experts both are one. */
typedef struct {
    bool reaches;          /* the loss without the change, on these chips */
    double compute;        /* share saved at equal loss; NaN, like the next, where it does not */
    double time, time_low; /* shares */
    double usd, usd_low;
    double memory_bytes;               /* saved on a chip at equal loss, at one micro-batch */
    double loss, loss_high;            /* nats more in the same hours; NaN where no law says */
    double loss_flops;                 /* of experts: in the same FLOPs */
    double loss_priced;                /* that, also where too many repeats forbid to show it */
    double dense_params, dense_tokens; /* of the run without, which that law chose */
    double params_total, params_active, tokens, hours, footprint_bytes; /* at equal loss */
} plan_changed;

/* One training run: an architecture and how to train it, with what it costs and should reach. */
typedef struct {
    const char *name;
    vsh_model model;
    vsh_parameters parameters;
    int64_t seq;   /* tokens of a sequence */
    vsh_work work; /* of one micro-batch on one chip */
    vsh_footprint footprint;
    bool fits;
    double flops_per_token; /* model FLOPs of training one token */
    double tokens, unique_tokens, epochs;
    double batch_tokens, steps, accumulate;
    plan_tuning tuning;
    const vsh_law *loss_law;
    vsh_point point;        /* what that law was asked */
    double repetition_nats; /* of the loss: the price of repeated tokens, by muennighoff2023 */
    double loss;
    vsh_interval loss_range;
    bool valid;                 /* the law was fitted here */
    const vsh_anchor *measured; /* the measured run put inside the range when it was not; or NULL */
    char invalid_reason[160];
    double step_time_s, mfu, hfu, hours;
    vsh_interval hours_range;  /* 95 % of the time its tokens take, by the throughput's spread */
    vsh_interval tokens_range; /* and of the tokens its hours buy */
    double recomputed;         /* FLOPs that run for each that runs without recomputation */
    double slowdown; /* of the assumed throughput, by recomputation and by the roofline; 1 = none */
    double roofline_s; /* the least time of a step that the chip's ceilings allow */
    vsh_bound bound;   /* the ceiling under which most of that time is spent */
    bool same;         /* an alternative that is the recommended run itself */
    bool too_short;    /* the budget does not buy one step */
    vsh_bill bill;
    bool capped; /* much smaller than wanted: what no architecture here that fits reaches */
    double wanted_params; /* by the law and the memory for weights and optimizer */
    /* Shares at equal loss; NaN where it is not the point. The time of experts: at the high ratio
     * of MFUs, and at the low one. */
    double saving_flops, saving_time, saving_time_low;
    plan_changed changed;         /* of experts: beside the dense run of the joint law */
    vsh_expert_crossing crossing; /* of experts, at their own size */
    char saving[160], note[400];
} plan_run;

/* What is lost to a cause: a share of the multiply-adds that a chip could have done. */
typedef struct {
    const char *cause;
    double share;
} plan_loss;

enum { PLAN_LOSSES = 3 };

/* What vishwa-sim says of one step of a run on one chip. */
typedef struct {
    vsh_seconds time, optimizer; /* of all; of it the optimizer */
    vsh_flops model;             /* the model's own FLOPs */
    vsh_bound bound;
    const char *caveat;          /* why its machine is better than the real one; NULL: it is not */
    plan_loss loss[PLAN_LOSSES]; /* the largest first */
    int loss_count;
} plan_simulated;

/* What a budget buys at a throughput. */
typedef struct {
    bool known; /* a run could be recommended */
    double params, params_active, tokens, batch_tokens, steps, step_time_s, loss, hours;
} plan_outcome;

/* The throughput that was assumed beside the one that vishwa-sim gives the recommended run. Both
 * are a chip's, of model FLOPs without recomputation. */
typedef struct {
    bool asked, answered;  /* without a run there is nothing to ask about */
    int rounds;            /* of asking and pricing again */
    bool settled;          /* the last round recommended what it had been asked about */
    const vsh_model *kept; /* the architecture that was kept, rounds not ending; NULL: none */
    vsh_flop_rate assumed, simulated;
    const char *assumed_scenario, *assumed_source;
    vsh_tag assumed_tag;
    plan_simulated simulation; /* of the last round */
    double recomputed;         /* of the run it simulated */
    plan_outcome before, after;
} plan_check;

typedef struct {
    const char *code;
    char message[400];
} plan_warning;

typedef struct plan_target plan_target; /* plan_target.h */

struct vsh_technique;

/* What one technique does to the recommended run. Shares saved are negative where it costs; NaN
 * where nothing says, or where it is not what the technique is about. */
typedef struct {
    const struct vsh_technique *technique;
    bool applies;   /* it pays here, by what is known of the plan; or is part of it already */
    bool in_plan;   /* its figures are then against going without it */
    double compute; /* share of the training FLOPs saved at equal loss */
    double compute_low, compute_high;
    double loss;           /* nats, at equal training FLOPs */
    double memory_bytes;   /* saved on a chip */
    const char *memory_of; /* while training, or of the model served; NULL: none */
    double time;           /* share of the wall clock saved at equal loss */
    double time_low;       /* of experts: at the low ratio of MFUs; NaN: no range */
    double usd, usd_low;   /* saved with it; low likewise */
    double inference;      /* share of the cost of serving a token */
    double inference_low, inference_high;
    char why[600]; /* what decides it here */
} plan_advice;

enum { PLAN_ALTERNATIVES = 13, PLAN_WARNINGS = 16, PLAN_TECHNIQUES = 24 };

typedef struct {
    plan_request request;
    double flops; /* C, the whole budget */
    plan_check check;
    plan_rule rule;
    double largest_params;                          /* by memory alone */
    const vsh_law *sizing_law[VSH_SIZING_LAWS + 1]; /* those of vsh_laws, then one from a file */
    vsh_optimum by_law[VSH_SIZING_LAWS + 1];        /* what each makes of the budget */
    int by_law_count;
    vsh_optimum optimum; /* of the request's law */
    vsh_interval optimum_params, optimum_tokens, optimum_loss;
    double useful_flops; /* beyond it the unique tokens at hand give nothing; 0 without a limit */
    bool data_limited;   /* the unique tokens, not the hours, end the run or force epochs */
    plan_run recommended;
    bool recommends;          /* a run that fits was found */
    vsh_optimum data_optimum; /* of the data-constrained law on the unique tokens, whole budget */
    plan_run dense_of_joint_law;  /* the dense run that experts are compared with */
    vsh_expert_crossing crossing; /* of the recommended run: its own experts, or 8 */
    const plan_target *target;    /* what a loss needs; NULL: not asked */
    plan_run alternative[PLAN_ALTERNATIVES];
    int alternative_count;
    plan_advice advice[PLAN_TECHNIQUES];
    int advice_count;
    plan_warning warning[PLAN_WARNINGS];
    int warning_count;
} plan;

/* Whether some architecture could be recommended, be it one that does not fit. */
static inline bool plan_has_run(const plan *p) { return p->recommended.model.layers > 0; }

void plan_warn(plan *p, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Share of the memory a plan may fill; the rest is the runtime's (science: 90 %). */
#define PLAN_MEMORY_SHARE 0.9
/* Activations set aside before the real architecture is known. */
#define PLAN_ACTIVATION_RESERVE 2e9
/* z of a 95 % interval. */
#define PLAN_Z95 1.959964
/* Gains below this are within the noise of one run: 0.003-0.02 nats over seeds. */
#define PLAN_NOISE_NATS 0.008
#define PLAN_NOISE_LEAST 0.003

/* plan_budget.c: rule, memory, optimum, useful compute. */
vsh_status plan_budget(const plan_request *request, plan *p, vsh_error *err);
/* plan_recommend.c: the recommended run. */
vsh_status plan_recommend(plan *p, vsh_error *err);
/* plan_data.c: a note where the recommended run has another vocabulary than the data. */
void plan_data_compare(plan *p);
/* plan_check.c: the simulated throughput in place of the assumed one, and the plan made again with
 * it. program: the path of vishwa-sim. */
vsh_status plan_check_throughput(vsh_arena *arena, const char *program, plan *p, vsh_error *err);
/* plan_alternatives.c: what else the same budget could do. */
vsh_status plan_alternatives(plan *p, vsh_error *err);
/* planner/advice/technique.c: what each technique saves, beside the recommended run; after the
 * alternatives, whose runs it reads. Only what is shown need be planned. */
vsh_status plan_advise(plan *p, vsh_error *err);
/* planner/advice/training_memory.c: bytes of a chip that another recipe frees in a run, all else
 * being as it is. */
vsh_status plan_recipe_frees(const plan_run *run, const vsh_recipe *recipe, double *bytes,
                             vsh_error *err);
/* plan_architecture.c: heads in all, spread evenly along the depth. */
void plan_place_exits(vsh_model *model, int64_t heads);

/* What a run is to be found for. */
typedef struct {
    const char *name;
    const vsh_law *law;   /* decides; its N, its experts */
    double flops;         /* model FLOPs at the assumed throughput */
    double unique_tokens; /* 0: unlimited */
    int64_t experts;      /* 0: dense */
    double chips;
    vsh_flop_rate effective; /* a chip */
    const vsh_recipe *recipe;
    const vsh_model *model;  /* NULL: search for one */
    const vsh_law *size_law; /* whose N params counts; NULL: law */
    double params, tokens; /* 0: the law decides; else the size wanted and the tokens it is given */
    double params_share;   /* of N that counts towards the loss at low precision; 0: all of it */
    double forward_speed;  /* of the forward products, those of the backward pass being 1; 0: 1 */
    int64_t exits;         /* output heads along the depth, the last included; 0: the model's own */
    bool recompute;        /* all layers, needed or not */
    bool dense_priced;     /* repeated tokens enter a joint law as what they are worth (experts.h),
                              and not as nats on top of it */
    bool trial;            /* only tried: no interval is drawn for its loss */
} plan_goal;

/* plan_recommend.c: the best run for a goal that fits the chips; run->model.layers is 0 when no
 * architecture does, run->fits is false when the goal's own model does not. */
vsh_status plan_find_run(const plan_request *request, const plan_goal *goal, plan_run *run,
                         vsh_error *err);

/* plan_run.c: an architecture (run->model) becomes a run, in two steps. Sketch: parameters, FLOPs a
 * token, whether it fits and at which recomputation, the tokens that buys, the law's loss.
 * Complete: batch, steps, micro-batch, time under the roofline, cost, intervals. */
vsh_status plan_sketch_run(const plan_request *request, const plan_goal *goal, plan_run *run,
                           vsh_error *err);
vsh_status plan_complete_run(const plan_request *request, const plan_goal *goal, plan_run *run,
                             vsh_error *err);

/* plan_tuning.c: the laws' centre for a run. For a batch that was then chosen: the schedule and the
 * critical batch (loss NaN: not known). */
plan_tuning plan_tune(const vsh_tuned *run);
void plan_tune_schedule(plan_tuning *tuning, double tokens, double batch_tokens, double epochs,
                        double loss);
/* The parameters of an architecture as the laws count them. */
vsh_tuned plan_tuned_of(const vsh_model *model, const vsh_parameters *parameters, double experts,
                        double tokens);

/* plan_architecture.c: rotary, gated, RMS-normed decoders in the steps of the chip. */
typedef struct {
    int64_t width, layers;
} plan_shape;

enum { PLAN_SHAPES = 2048 };

/* Shapes of about params active parameters, or the least there are, in a fixed order. vocab: of
 * the tokenizer; 0: none is at hand, and one that suits the size is taken. */
int plan_list_shapes(const vsh_hardware *hardware, int64_t vocab, double params,
                     plan_shape shapes[PLAN_SHAPES]);
/* experts 0: dense, else that many in every layer, top-1. */
vsh_status plan_describe(const vsh_hardware *hardware, plan_shape shape, int64_t vocab,
                         int64_t experts, vsh_model *model, vsh_error *err);
/* The joint law that experts are asked of: the request's own if it is one, else the published. */
const vsh_law *plan_joint_law(const plan_request *request);

/* How unusual a shape is: 0 at the usual ratio of width to depth. */
double plan_oddness(const vsh_model *model);

#endif
