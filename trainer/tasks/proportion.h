/* A share of right answers and how sure it is. */
#ifndef VSH_PROPORTION_H
#define VSH_PROPORTION_H

#include <stdint.h>

/* NaN: not known. */
typedef struct {
    double value, low, high;
} vsh_proportion;

/* With the 95 % interval of Wilson 1927 ("Probable inference, the law of succession, and
 * statistical inference", JASA 22): inside [0, 1] and right near its ends, where the normal one is
 * not. right may have halves, of ties. */
vsh_proportion vsh_wilson(double right, int64_t count);

#endif
