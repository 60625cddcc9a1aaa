/* Heads along the depth, so that easy tokens leave early: dearer to train, and cheaper to run only
 * where the head is small beside the layers. */
#ifndef VSH_EARLY_EXIT_H
#define VSH_EARLY_EXIT_H

#include "planner/advice/technique.h"

enum { VSH_EXITS_MAX = 64 };

/* Of all tokens the share that leaves at each head, and how much of the body it has seen there. */
typedef struct {
    int count;
    double share[VSH_EXITS_MAX], depth[VSH_EXITS_MAX];
} vsh_exits;

/* Heads at equal distances; of three, 0.2, 0.3 and 0.5 leave (assumed: the worked example), of
 * another number as many at each but half of all at the last. */
vsh_exits vsh_exits_even(int count);

/* Forward FLOPs a token, sum of share (depth body + heads tried head): a head that is tried costs
 * whether or not the token leaves there. gate: a cheap gate decides, and one head is run. */
double vsh_exits_forward(const vsh_exits *exits, double body, double head, bool gate);
/* Training with all heads over training with one: (body + count head) / (body + head), never
 * below 1. */
double vsh_exits_training(double count, double body, double head);
/* The largest head over body for which leaving early saves when every head is tried. */
double vsh_exits_break_even(const vsh_exits *exits);

vsh_technique_fill vsh_advise_early_exit;

#endif
