/* The question and the answer of `estimate`: one run, laid out, as plain structs. */
#ifndef VSH_PLAN_ESTIMATE_H
#define VSH_PLAN_ESTIMATE_H

#include "core/footprint.h"
#include "core/program.h"
#include "core/tensor.h"
#include "planner/layout/extent.h"
#include "planner/layout/step_time.h"

enum { PLAN_ESTIMATE_OPS = VSH_OPS_MAX };

/* One operation over a whole step, on a chip of the slowest stage. */
typedef struct {
    const char *name, *phase;
    bool overlaps; /* other work may hide it: of its time only what is exposed is in the step */
    double time_s;
    vsh_bound bound;
} plan_estimate_op;

typedef struct {
    vsh_hardware hardware;
    vsh_model model;
    vsh_parameters parameters;
    const vsh_stack_figures *figures; /* NULL: pure */
    vsh_platform platform;
    vsh_step_run run;
    int64_t chips;
    vsh_list_price price;
    vsh_step_time time;
    vsh_footprint memory;
    bool fits;
    double low_s, high_s; /* nine in ten steps */
    vsh_figure spread;    /* the share behind them */
    vsh_extent outside;   /* what none of the steps that it was measured on had */
    double model_flops, hardware_flops, mfu, hfu;
    vsh_bound bound;
    vsh_op_list list;
    plan_estimate_op op[PLAN_ESTIMATE_OPS];
    int op_count;
} plan_estimate;

/* Fills an estimate from the command line. */
vsh_status plan_estimate_ask(vsh_session *s, plan_estimate *e, vsh_error *err);
vsh_status plan_estimate_answer(plan_estimate *e, vsh_error *err);

/* plan_estimate_report.c */
void plan_estimate_print(const plan_estimate *e, vsh_term term, vsh_text *out);
void plan_estimate_explain(const plan_estimate *e, vsh_text *out, vsh_json *json);
void plan_estimate_write(const plan_estimate *e, bool explain, vsh_json *json);
/* Opens the object and says what was asked about: the first members of the answer. */
void plan_estimate_write_what(const plan_estimate *e, vsh_json *json);

/* plan_inference.c: weights, keys and values, prefill and decode. */
vsh_status plan_inference(vsh_session *s, plan_estimate *e, vsh_error *err);

#endif
