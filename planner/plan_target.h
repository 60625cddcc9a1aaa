/* The main job asked backwards: what a loss needs on this hardware, and whether the budget reaches
 * it. */
#ifndef VSH_PLAN_TARGET_H
#define VSH_PLAN_TARGET_H

#include "planner/plan_report.h"

struct plan_target {
    double loss; /* what is wanted */
    const vsh_law *law;
    double floor;           /* the loss that this law never undercuts */
    double repetition_nats; /* of the loss: the price of repeating the tokens at hand */
    vsh_need need;          /* infinite compute: nothing reaches it */
    vsh_uncertain_need range;
    plan_run run; /* a real architecture that reaches it; without layers when none that fits does */
    vsh_interval hours;
    vsh_bill bill; /* of those hours */
    bool reached;  /* that run fits, and within the hours */
    char verdict[300];
};

vsh_status plan_aim(const plan *p, double loss, plan_target *target, vsh_error *err);

/* plan_target_report.c. */
void plan_print_target(const plan *p, const plan_target *target, vsh_term term, vsh_text *out);
void plan_page_target(const plan_target *target, vsh_text *page);
void plan_write_target(const plan_target *target, vsh_json *json); /* the object "target" */

#endif
