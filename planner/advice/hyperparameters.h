/* Batch and learning rate from the published laws; they disagree, so a centre and a range. */
#ifndef VSH_HYPERPARAMETERS_H
#define VSH_HYPERPARAMETERS_H

/* Step Law, Li et al. 2025 (arXiv:2503.04715): N without embeddings, D tokens. */
double vsh_steplaw_rate(double params_non_embedding, double tokens);
double vsh_steplaw_batch_tokens(double tokens);
/* DeepSeek LLM 2024 (arXiv:2401.02954) equation 1, fitted on 1e17 - 2e19 FLOP. */
double vsh_deepseek_rate(double flops);
double vsh_deepseek_batch_tokens(double flops);
/* Ludziejewski et al. 2025 (arXiv:2502.05172): N active with both embeddings, E experts. */
double vsh_ludziejewski_rate(double params_active, double experts);
/* Kaplan et al. 2020 (arXiv:2001.08361) equation 1.4: the batch beyond which steps stop saving. */
double vsh_kaplan_critical_batch(double loss);
/* The same, equation 4.4: unique tokens that keep N non-embedding parameters from overfitting. */
double vsh_kaplan_overfit_tokens(double params);

typedef struct {
    double rate, rate_low, rate_high;
    double batch_tokens, batch_low, batch_high; /* before rounding to sequences */
} vsh_hyperparameters;

vsh_hyperparameters vsh_hyperparameters_of(double params_non_embedding, double params_active,
                                           double tokens, double flops, double experts);

/* Fewer optimizer steps than this waste the data (docs/model.md). */
#define VSH_STEPS_MIN 2000.0
/* Above this the laws are extrapolated to small models and overshoot. */
#define VSH_RATE_MAX 3e-3

#endif
