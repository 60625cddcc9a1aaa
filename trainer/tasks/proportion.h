/* A share of right answers and how sure it is. */
#ifndef VSH_PROPORTION_H
#define VSH_PROPORTION_H

#include <stdbool.h>
#include <stdint.h>

/* NaN: not known. */
typedef struct {
    double value, low, high;
} vsh_proportion;

/* With the 95 % interval of Wilson 1927 ("Probable inference, the law of succession, and
 * statistical inference", JASA 22): inside [0, 1] and right near its ends, where the normal one is
 * not. right may have halves, of ties. */
vsh_proportion vsh_wilson(double right, int64_t count);

/* Answers that come in groups, which are right or wrong together more often or less than by lot.
 * Zeroed at first. */
typedef struct {
    double right, group_right, group_count; /* of all closed groups; of the open one */
    double right_squares, products, count_squares;
    int64_t count, groups;
} vsh_tally;

/* begins: of another group than the one before. */
void vsh_tally_add(vsh_tally *tally, bool begins, double right);

/* Wilson's interval for as many independent answers as give the share's variance over the groups
 * (Kish 1965, "Survey Sampling", section 8.2: the effective sample; Franco, Little, Louis and Slud
 * 2019, J. Survey Statistics and Methodology 7, find it right in Wilson's interval; secondary), but
 * never for more than there are answers; few groups cost the difference of Student's quantile to
 * the normal one. When all are right or all wrong, a group counts as one answer. */
vsh_proportion vsh_tally_interval(vsh_tally tally);

#endif
