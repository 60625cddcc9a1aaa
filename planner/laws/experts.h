/* Whether a Mixture-of-Experts pays in a budget, by a joint law of dense and expert models
 * (laws/ludziejewski2025, or one of its form from a file): at equal loss, in equal memory, in equal
 * hours, and the crossover in tokens below which experts lose. Models here are of the law's own
 * geometry; combination.h asks the same of real architectures that fit a plan's chips. */
#ifndef VSH_EXPERT_ADVICE_H
#define VSH_EXPERT_ADVICE_H

#include <stdbool.h>

#include "planner/laws/law.h"

/* What a run may use, 0: as much as it likes; and who is asked. */
typedef struct {
    double total_max;   /* parameters, of all experts together */
    double unique;      /* unique tokens, which may be repeated */
    const vsh_law *law; /* vsh_is_joint_law; NULL: ludziejewski2025 */
} vsh_expert_limits;

/* A model of the paper's own geometry (equations 9 and 10: width d, d/64 layers, 50257 words,
 * N_act = 2dV + 13nd^2, N_total = 2dV + (4 + 9E)nd^2) and its training. */
typedef struct {
    double params_active, params_total;
    double tokens; /* seen */
    double worth;  /* as many unique ones do as well, were the model dense (laws/muennighoff2023) */
    double loss;   /* the joint law's at that worth; infinite when no model is small enough */
} vsh_expert_run;

/* The best model for a compute budget C = 6 N_act D; experts 1 is dense. Within a memory its width
 * goes in steps of 32, as models are made; without one it is the law's own optimum. */
vsh_expert_run vsh_experts_best(double flops, double experts, vsh_expert_limits limits);
/* Share of the compute saved at equal loss against the best dense model under the same limits;
 * NaN when nothing is small enough or no compute reaches that loss. */
double vsh_experts_saving(double flops, double experts, vsh_expert_limits limits);
/* The same with the experts in no more parameters than that dense model has itself. */
double vsh_experts_saving_in_memory(double flops, double experts, vsh_expert_limits limits);

/* Nats by which experts are worse than the dense run (below 0: better). No law knows experts on
 * repeated tokens, and nobody has measured them: a repeated token is taken to be worth to experts
 * what it is worth to a dense model (the dense-priced reading). unique 0: none is repeated. */
double vsh_experts_difference(const vsh_law *law, double experts, const vsh_expert_run *with,
                              const vsh_expert_run *dense, double unique);
/* Whether that reading is one: not where the tokens are repeated more often than dense runs have
 * been measured. Where it is none the difference is not shown. */
bool vsh_experts_priced(const vsh_expert_run *run, double unique);

/* At a fixed size and one pass: the share of a dense model's compute, spent at its best, that the
 * experts' gain in loss is worth; 0 at the crossover, below 0 where they lose. */
double vsh_experts_compute_share(const vsh_law *law, double experts, double params_active,
                                 double tokens);

/* Experts reach a lower share of a chip's peak than dense models do: Mixtral-8x7B 52.6 % beside
 * Llama2-70B 65.4 % on TPU v5p (0.80), Mixtral 35-36 % beside Llama 44-50 % on Trillium (0.71-0.80;
 * MaxText's README, primary); taken as 0.75 - 0.80. */
#define VSH_EXPERTS_MFU_LOW 0.75
#define VSH_EXPERTS_MFU_HIGH 0.80
#define VSH_EXPERTS_MFU_WORDS "0.75 - 0.80"
/* Share of the time saved, or lost below 0, where so much of the compute is saved. */
static inline double vsh_experts_time_saved(double saving, double mfu_ratio)
{
    return 1 - (1 - saving) / mfu_ratio;
}

/* Differences smaller than this are noise of one run: seeds differ by 0.003 - 0.02 nats. */
#define VSH_EXPERTS_NOISE_NATS 0.008
/* Tokens an active parameter from which a point is outside the law's data: the paper refuses a plan
 * of its own there. */
#define VSH_EXPERTS_RATIO_MAX 414.0

/* ---- the crossover --------------------------------------------------------------------------- */

typedef enum {
    VSH_CROSSOVER_FAR,       /* many more tokens */
    VSH_CROSSOVER_NEAR,      /* within a factor of VSH_CROSSOVER_FACTOR above it */
    VSH_CROSSOVER_UNDECIDED, /* the unique tokens are below it, what they are worth repeated above
                              */
    VSH_CROSSOVER_BELOW      /* experts lose */
} vsh_crossover_side;

#define VSH_CROSSOVER_FACTOR 3.0

/* Where a run stands: experts against a dense model of the same active parameters and tokens. The
 * crossover moves with the active parameters, so the two are always named together. */
typedef struct {
    const vsh_law *law;
    double experts, params_active; /* N as the joint law counts it */
    double crossover;              /* tokens at which the two are equal */
    double fresh;                  /* unique tokens that the run sees */
    double worth;                  /* what the tokens it sees are worth */
    double difference;             /* nats by which experts are worse there; NaN: not priced */
    bool extrapolated;             /* the crossover lies outside the law's data */
    vsh_crossover_side side;
} vsh_expert_crossing;

/* unique 0: all tokens are unique. */
vsh_expert_crossing vsh_experts_crossing(const vsh_law *law, double experts, double params_active,
                                         double tokens, double unique);
/* The same as a sentence. */
void vsh_experts_tell_crossing(const vsh_expert_crossing *crossing, char *room, int room_bytes);

/* ---- the table ------------------------------------------------------------------------------- */

typedef enum {
    VSH_EXPERTS_BASELINE, /* one expert is dense */
    VSH_EXPERTS_WIN,
    VSH_EXPERTS_FLOPS_ONLY, /* win in FLOPs, not beyond the noise in hours */
    VSH_EXPERTS_NOISE,
    VSH_EXPERTS_LOSE,
    VSH_EXPERTS_UNDECIDED, /* repeated tokens */
    VSH_EXPERTS_OUTSIDE,   /* of the law's data, or of what repeats are priced for */
    VSH_EXPERTS_NO_ROOM
} vsh_expert_verdict;

extern const char *const vsh_expert_verdicts[];

typedef struct {
    double experts;
    vsh_expert_run best;
    double loss;             /* of best; NaN where the law says none: guessing does as well, the
                                width is at its least, or the repeats are not priced */
    double difference;       /* of that to the best dense run of the same FLOPs and limits */
    double saving;           /* equal loss: share of the FLOPs; NaN where nothing may be promised */
    double saving_memory;    /* the same in the dense model's own parameters */
    double time_low;         /* share of the time saved at equal loss, at the low ratio of MFUs */
    double time_high;        /* and at the high one */
    double hours_low;        /* equal hours: the difference at the high ratio of MFUs */
    double hours_high;       /* and at the low one */
    double crossover;        /* tokens, at these active parameters */
    double dense_equivalent; /* Clark 2022: parameters of the dense model worth these experts */
    vsh_expert_verdict verdict;
    char reason[160]; /* why it loses or is outside */
} vsh_expert_row;

enum { VSH_EXPERT_ROWS = 6, VSH_EXPERT_LIMITS = 3 };

typedef struct {
    double flops;
    vsh_expert_limits limits[VSH_EXPERT_LIMITS];            /* none; memory; memory and tokens */
    int limit_count;                                        /* 2 where tokens are unlimited */
    vsh_expert_row row[VSH_EXPERT_LIMITS][VSH_EXPERT_ROWS]; /* 1, 2, 4, 8, 16, 32 experts */
    int advised; /* the row under the last limits that wins by most in hours; -1: stay dense */
} vsh_expert_table;

extern const char *const vsh_expert_limit_names[]; /* of limits[], in order */

vsh_expert_row vsh_experts_row(double flops, double experts, vsh_expert_limits limits);
void vsh_experts_table(double flops, vsh_expert_limits limits, vsh_expert_table *table);
/* The row of 8 experts under the last limits. */
const vsh_expert_row *vsh_experts_eight(const vsh_expert_table *table);
/* Under the last limits, in a sentence. */
void vsh_experts_tell(const vsh_expert_table *table, char *room, int room_bytes);

#endif
