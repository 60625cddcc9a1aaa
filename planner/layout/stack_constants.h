/* The constants of one hardware under one software: all that calibration may move, eight at most.
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
    double blend;     /* how chip and host queue up: 0 the longer of the two, 1 their sum */
} vsh_stack;

enum { VSH_STACK_CONSTANTS = 8 };

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

#endif
