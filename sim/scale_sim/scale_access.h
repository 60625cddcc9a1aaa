/* When an operand passed a port, and how many of its words. */
#ifndef VSH_SCALE_ACCESS_H
#define VSH_SCALE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t start, stop; /* cycles of the first and last word; before cycle 0 they are negative */
    int64_t words;
    bool exact; /* as the tool has it; false where it would wait for what is not followed */
} sim_scale_access;

#endif
