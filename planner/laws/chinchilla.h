/* The form L = E + A/N^alpha + B/D^beta and its optimum under C = 6 N D (Hoffmann et al. 2022,
 * arXiv:2203.15556, equations 4 and 10). */
#ifndef VSH_CHINCHILLA_H
#define VSH_CHINCHILLA_H

#include "planner/laws/law.h"

typedef struct {
    double E, A, B, alpha, beta;
} vsh_chinchilla;

double vsh_chinchilla_loss(const vsh_chinchilla *law, double params, double tokens);
/* N* = G (C/6)^(beta/(alpha+beta)), G = (alpha A / (beta B))^(1/(alpha+beta)). */
vsh_optimum vsh_chinchilla_optimum(const vsh_chinchilla *law, double flops);
/* -dL/d ln C along the optimum: g (L - E) with g = alpha beta / (alpha + beta). */
double vsh_chinchilla_slope(const vsh_chinchilla *law, double loss);

extern const vsh_chinchilla vsh_hoffmann2022_form, vsh_besiroglu2024_form;

#endif
