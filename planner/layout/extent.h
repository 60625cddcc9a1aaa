/* What kinds of run the steps behind a stack's constants were: elsewhere its errors are not known.
 */
#ifndef VSH_EXTENT_H
#define VSH_EXTENT_H

#include "core/text.h"
#include "planner/layout/step_price.h"

/* A bit for each thing that a run has: tp, pp, cp, ep, experts, shared weights, its precision. */
typedef unsigned vsh_extent;

vsh_extent vsh_extent_of(const vsh_step_run *run);
/* From "tp pp zero=3 16-bit", as profiles write it; NULL, and words it does not know, cover
 * nothing.
 */
vsh_extent vsh_extent_read(const char *words);
/* As it is read, with this between the words. */
void vsh_extent_show(vsh_extent extent, const char *between, vsh_text *out);

/* What is measured of any stack: in these pure constants were judged (docs/steptime.md). */
extern const char vsh_extent_pure[];

/* The share within which nine in ten steps are expected: a stack's own where it was measured; where
 * only others were, pure mode's; where none was, twice that. *outside: what its steps did not have;
 * stack: NULL: pure. */
vsh_figure vsh_extent_spread(const vsh_step_run *run, const vsh_stack_figures *stack,
                             vsh_extent *outside);

#endif
