/* Fewer bits a number, after Kumar et al. 2024 (arXiv:2411.04330), appendix K, table 2: 465 runs of
 * 30 M - 220 M parameters on up to 26 B tokens, quantized in the forward pass only. */
#ifndef VSH_LOW_PRECISION_H
#define VSH_LOW_PRECISION_H

#include "planner/advice/technique.h"

/* 1 - exp(-bits / gamma + offset), equation 3 "with offset" as it was computed. Offset 0: the form
 * as the paper prints it. */
double vsh_kumar_factor(double bits, double gamma, double offset);
/* N_eff / N for bits of weights, activations, and keys and values (equation 4); 0 bits: not
 * quantized. Below 4 bits nothing was fitted. */
double vsh_kumar_effective_share(double weights, double activations, double cache);
/* How the penalty of quantizing after training changes with times as many tokens: times^gamma_D
 * (equation 9). Its absolute size is not fixed by the published table. */
double vsh_kumar_after_training_ratio(double times);

/* Bytes a served weight: bits plus an fp16 scale for each group. */
double vsh_quantized_bytes(double bits, double group);

vsh_technique_fill vsh_advise_bf16, vsh_advise_int8, vsh_advise_int8_serving;

#endif
