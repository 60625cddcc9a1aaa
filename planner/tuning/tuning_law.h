/* The published laws of learning rate and batch behind one table: what each says of a run, and
 * whether it was fitted anywhere near it. */
#ifndef VSH_TUNING_LAW_H
#define VSH_TUNING_LAW_H

#include <stdbool.h>

#include "planner/laws/evidence.h"

/* The run to be tuned, its active parameters as the laws count them. */
typedef struct {
    double non_embedding; /* without embeddings and output matrix */
    double matmul;        /* with the output matrix */
    double active;        /* with input and output embedding both counted */
    double tokens, flops; /* flops 0: 6 N D of the parameters without embeddings */
    double experts;       /* 0 or 1: dense */
} vsh_tuned;

typedef struct {
    const char *name, *title, *formula, *source;
    vsh_evidence evidence;
    const char *counts; /* what it asks of the run, N as it counts it */
    const char *range;  /* where it was fitted, in words */
    double params_low, params_high, tokens_low, tokens_high, flops_low, flops_high; /* 0: free */
    double ratio_low, ratio_high; /* tokens a parameter; 0: free */
    double experts_high;
    bool shown_only; /* too weakly known to be followed */
    double (*params)(const vsh_tuned *run);
    double (*rate)(const vsh_tuned *run);         /* NaN where the formula has no answer */
    double (*batch_tokens)(const vsh_tuned *run); /* NULL: says nothing of the batch */
} vsh_tuning_law;

enum { VSH_TUNING_LAWS = 5 };
extern const vsh_tuning_law vsh_tuning_laws[VSH_TUNING_LAWS];

/* Whether the run lies where the law was fitted; if not, reason says why in a few words. */
bool vsh_tuning_law_valid(const vsh_tuning_law *law, const vsh_tuned *run, char *reason,
                          int reason_bytes);

/* Step Law, Li et al. 2025 (arXiv:2503.04715): N without embeddings, D tokens. */
double vsh_steplaw_rate(double params_non_embedding, double tokens);
double vsh_steplaw_batch_tokens(double tokens);
/* DeepSeek LLM 2024 (arXiv:2401.02954) equation 1. */
double vsh_deepseek_rate(double flops);
double vsh_deepseek_batch_tokens(double flops);
/* Ludziejewski et al. 2025 (arXiv:2502.05172): N active with both embeddings, E experts. */
double vsh_ludziejewski_rate(double params_active, double experts);
/* Porian et al. 2024 (arXiv:2406.19146) figure 3: N with the output matrix. */
double vsh_porian_rate(double params_matmul);
double vsh_porian_batch_tokens(double params_matmul);
/* Kaplan et al. 2020 (arXiv:2001.08361) appendix D.6: N without embeddings; NaN from 1e10 on, where
 * the line falls below zero. */
double vsh_kaplan_rate(double params_non_embedding);

#endif
