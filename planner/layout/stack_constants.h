/* The constants of one hardware under one software: all that calibration may move, and of these no
 * more than VSH_FREE_MOST at once.
 * Pure: every one from specifications and measured kernels (the profile), none from a training
 * step. A calibrated stack is the same struct with other numbers. */
#ifndef VSH_STACK_CONSTANTS_H
#define VSH_STACK_CONSTANTS_H

#include "core/hardware.h"

typedef struct {
    double matrix;    /* share of the peak that a long matrix product holds */
    double memory;    /* share of the memory's bandwidth that streaming kernels reach */
    double attention; /* share of the peak of tiled attention, heads 128 wide, long sequences */
    double dispatch;  /* s of the host to begin one operation; hidden while the chip is behind */
    double link_fast; /* share of link_bandwidth that long collectives reach in a fast domain */
    double link_slow; /* share of inter_bandwidth across domains */
    double overlap;   /* share of overlappable communication that hides behind computation */
    double wait;      /* s that a collective between hosts waits for the last of them */
    double blend;     /* how chip and host queue up: 0 the longer of the two, 1 their sum */
} vsh_stack;

enum { VSH_STACK_CONSTANTS = VSH_STACK_FIGURES, VSH_FREE_MOST = 8 };

/* One constant: its name, where it stands in a vsh_stack, and the range in which it is physical. */
typedef struct {
    const char *name;
    size_t offset;
    double least, most;
    const char *what;
} vsh_stack_constant;

extern const vsh_stack_constant vsh_stack_constants[VSH_STACK_CONSTANTS];

static inline double *vsh_stack_value(vsh_stack *stack, const vsh_stack_constant *constant)
{
    return (double *)(void *)((char *)stack + constant->offset);
}

/* A constant of the pure stack, with its source and tag: the profile's figure, or, where it knows
 * none, what is usual for its kind of machine. */
vsh_figure vsh_stack_figure(const vsh_hardware *hardware, int constant);

/* All of them. */
vsh_stack vsh_stack_pure(const vsh_hardware *hardware);

/* The same with the figures of a stack of the profile in place. */
vsh_stack vsh_stack_calibrated(const vsh_hardware *hardware, const vsh_stack_figures *figures);

/* --stack: NULL: the profile's first, "none" (or a profile without any): *figures is NULL and the
 * pure stack holds. VSH_EINPUT for a name that the profile does not have. */
vsh_status vsh_stack_find(const vsh_hardware *hardware, const char *name,
                          const vsh_stack_figures **figures, vsh_error *err);

#endif
