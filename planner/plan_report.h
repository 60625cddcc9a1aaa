/* A plan as a person reads it on a terminal, as JSON, and as an explanation of its numbers. */
#ifndef VSH_PLAN_REPORT_H
#define VSH_PLAN_REPORT_H

#include "core/explain.h"
#include "core/json.h"
#include "core/term.h"
#include "planner/plan.h"

/* verbose: with what each alternative rests on. */
void plan_print(const plan *p, vsh_term term, const char *command, bool verbose, vsh_text *out);
/* plan_json.c; explain adds the "explain" array. */
void plan_write_json(const plan *p, bool explain, vsh_json *json);
/* plan_laws.c: the text a law is of, in few words. */
vsh_figure_text plan_show_corpus(const vsh_law *law);
/* The object "hardware". */
void plan_write_hardware(const plan *p, vsh_json *json);
/* The keys of a run, of recommended and of each alternative, as an object. */
void plan_run_write_json(const plan_run *run, const char *key, vsh_json *json);
/* plan_tuning_report.c: the object "hyperparameters"; the table of a page; a screen. */
void plan_write_tuning(const plan_tuning *tuning, double batch_tokens, vsh_json *json);
void plan_page_tuning(const plan_tuning *tuning, double batch_tokens, vsh_text *page);
void plan_print_tuning(const plan_tuning *tuning, double batch_tokens, vsh_term term,
                       vsh_text *out);
/* 1.05e-3 as a person writes it: "1e-3", "4.4e-4". */
vsh_figure_text plan_show_rate(double rate);
/* plan_check_report.c: what --check-throughput found; for a plan that was asked to check. lines:
 * those of --explain, at most PLAN_CHECK_EXPLAINED; returns how many. */
enum { PLAN_CHECK_EXPLAINED = 6 };
void plan_check_print(const plan *p, vsh_term term, vsh_text *out);
void plan_check_write_json(const plan *p, vsh_json *json);
void plan_check_write_page(const plan *p, vsh_text *page);
int plan_check_explain(const plan *p, vsh_explained lines[PLAN_CHECK_EXPLAINED]);
/* plan_data.c: where the unique tokens come from, where they are limited: a line, keys of "budget",
 * lines as above. */
enum { PLAN_DATA_EXPLAINED = 2 };
void plan_data_print(const plan *p, vsh_text *out);
void plan_data_write_json(const plan *p, vsh_json *json);
void plan_data_write_page(const plan *p, vsh_text *page);
int plan_data_explain(const plan *p, vsh_explained lines[PLAN_DATA_EXPLAINED]);
/* plan_bill.c: the cost of a run with its ranges and sources; lines as above. */
enum { PLAN_BILL_EXPLAINED = 24 };
void plan_bill_print(const plan_run *run, vsh_text *out);
void plan_bill_write_json(const plan_run *run, vsh_json *json);
void plan_bill_write_page(const plan *p, vsh_text *page);
int plan_bill_explain(const plan *p, vsh_explained explained[PLAN_BILL_EXPLAINED]);
/* plan_advice.c: what each technique saves: an array, a section. */
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
