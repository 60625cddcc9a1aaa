/* The form L = E + A/N^alpha + B/D^beta and its optimum under C = 6 N D (Hoffmann et al. 2022,
 * arXiv:2203.15556, equations 4 and 10). Coefficients in the order E, A, B, alpha, beta. */
#ifndef VSH_CHINCHILLA_H
#define VSH_CHINCHILLA_H

#include "planner/laws/form.h"

enum {
    VSH_CHINCHILLA_E,
    VSH_CHINCHILLA_A,
    VSH_CHINCHILLA_B,
    VSH_CHINCHILLA_ALPHA,
    VSH_CHINCHILLA_BETA,
    VSH_CHINCHILLA_COUNT
};

typedef struct {
    double E, A, B, alpha, beta;
} vsh_chinchilla;

vsh_chinchilla vsh_chinchilla_of(const double *coefficients);

double vsh_chinchilla_loss(const vsh_chinchilla *law, double params, double tokens);
/* N* = G (C/6)^(beta/(alpha+beta)), G = (alpha A / (beta B))^(1/(alpha+beta)). */
vsh_optimum vsh_chinchilla_optimum(const vsh_chinchilla *law, double flops);
/* -dL/d ln C along the optimum: g (L - E) with g = alpha beta / (alpha + beta). */
double vsh_chinchilla_slope(const vsh_chinchilla *law, double loss);

#endif
