/* The learning rate of a step. */
#ifndef VSH_SCHEDULE_H
#define VSH_SCHEDULE_H

#include <stdint.h>

typedef enum { VSH_SCHEDULE_CONSTANT, VSH_SCHEDULE_COSINE, VSH_SCHEDULE_WSD } vsh_schedule_kind;

extern const char *const vsh_schedule_words[]; /* constant, cosine, wsd; closed by NULL */

typedef struct {
    int kind;
    double peak;     /* learning rate after warmup */
    int64_t steps;   /* of the whole run */
    int64_t warmup;  /* steps of linear rise from 0 */
    double cooldown; /* wsd: share of the steps that end the run, linear to final */
    double final;    /* share of the peak at the last step: cosine 0.1, wsd 0 by default */
} vsh_schedule;

/* Of step 1, 2, ..., steps. Cosine: Loshchilov and Hutter 2017 (arXiv:1608.03983), ending exactly
 * at the last step; WSD: Hu et al. 2024 (arXiv:2404.06395), Hagele et al. 2024 (arXiv:2405.18392).
 */
double vsh_schedule_rate(const vsh_schedule *schedule, int64_t step);

#endif
