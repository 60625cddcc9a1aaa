/* A student that learns from a teacher, after Busbridge et al. 2025 (arXiv:2502.08606). */
#ifndef VSH_DISTILLATION_H
#define VSH_DISTILLATION_H

#include "planner/advice/technique.h"

/* Equation 9, 3 F_S D_S + F_T (D_S + 3 D_T): F forward FLOPs a token; teacher_tokens 0: the teacher
 * is there already. */
double vsh_distillation_flops(double student_forward, double student_tokens, double teacher_forward,
                              double teacher_tokens);
/* Table 6, N without embeddings, C4, 143 M - 12.6 B parameters, up to 512 B tokens. */
double vsh_busbridge_supervised(double params, double tokens);
/* Equation 8: the loss of a student, given its teacher's. */
double vsh_busbridge_distilled(double params, double tokens, double teacher_loss);

vsh_technique_fill vsh_advise_distillation;

#endif
