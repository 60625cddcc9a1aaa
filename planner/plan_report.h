/* A plan as a person reads it on a terminal, as JSON, and as an explanation of its numbers. */
#ifndef VSH_PLAN_REPORT_H
#define VSH_PLAN_REPORT_H

#include "core/explain.h"
#include "core/json.h"
#include "core/term.h"
#include "planner/plan.h"

void plan_print(const plan *p, vsh_term term, const char *command, vsh_text *out);
/* plan_json.c; explain adds the "explain" array. */
void plan_write_json(const plan *p, bool explain, vsh_json *json);
/* plan_check_report.c: what --check-throughput found; for a plan that was asked to check. lines:
 * those of --explain, at most PLAN_CHECK_EXPLAINED; returns how many. */
enum { PLAN_CHECK_EXPLAINED = 6 };
void plan_check_print(const plan *p, vsh_term term, vsh_text *out);
void plan_check_write_json(const plan *p, vsh_json *json);
void plan_check_write_page(const plan *p, vsh_text *page);
int plan_check_explain(const plan *p, vsh_explained lines[PLAN_CHECK_EXPLAINED]);
/* plan_advice.c: what each technique saves. */
void plan_advice_write_json(const plan *p, vsh_json *json);
void plan_advice_write_page(const plan *p, vsh_text *page);
/* plan_explain.c: each number with its formula, source and tag. */
void plan_explain(const plan *p, vsh_text *out);
void plan_explain_json(const plan *p, vsh_json *json);
/* plan_html.c: folder/index.html, one self-contained file, and beside it each figure as a gnuplot
 * script with its data inside and the picture drawn from it. command is shown in the page.
 * A page there that is not one of ours is overwritten only with force (else VSH_EINPUT).
 * VSH_EMACHINE when a file cannot be written. *drawn is false when gnuplot is missing or failed:
 * the scripts are there, and the page says so in place of the figures. */
vsh_status plan_write_report(const plan *p, const char *command, const char *folder, bool force,
                             bool *drawn, vsh_error *err);

#endif
