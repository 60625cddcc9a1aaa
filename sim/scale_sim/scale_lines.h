/* SCALE-Sim's write buffer: lines of so many words, drained by halves of the buffer. A drain takes
 * whole lines, so the line being filled when it begins is closed short, and counts as full unless
 * it is the last one of a drain. */
#ifndef VSH_SCALE_LINES_H
#define VSH_SCALE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_config.h"

enum { SIM_SCALE_SHORT_LINES_MAX = 64 };
typedef struct {
    int64_t rate, half, whole; /* words a line, in half of the buffer, in all of it */
    int64_t closed;            /* words whose lines are closed */
    int64_t lines, drained;    /* lines closed, lines gone */
    int64_t gone;              /* words gone, as the tool counts them */
    int64_t start, stop;       /* first and last cycle of a drain */
    bool any;
    bool
        latest; /* version 3: of all drains; version 2 reports the end of the one that began last */
    struct {
        int64_t line, missing;
    } queue[SIM_SCALE_SHORT_LINES_MAX]; /* short lines not gone yet */
    int short_count;
    bool exact;
} sim_scale_lines;

sim_scale_lines sim_scale_lines_of(const sim_scale_config *config);
/* Closes the line that the word of this number (from 1) went to. */
void sim_scale_close(sim_scale_lines *b, int64_t written);
/* Drains up to half the buffer from this cycle on; returns the cycle of its last line. */
int64_t sim_scale_drain(sim_scale_lines *b, int64_t cycle);
/* After the last word: drains all there is. */
void sim_scale_drain_rest(sim_scale_lines *b, int64_t written, int64_t cycle);

#endif
