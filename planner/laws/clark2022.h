/* The law of routed models at one length of training. */
#ifndef VSH_CLARK_H
#define VSH_CLARK_H

#include "planner/laws/law.h"

/* Parameters of the dense model with the loss of E experts on a base of so many parameters: the
 * paper's effective parameter count, solved in closed form. */
double vsh_clark_dense_equivalent(double params, double experts);

#endif
