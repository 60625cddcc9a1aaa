/* A fitted law as a person reads it on a terminal, and as JSON. */
#ifndef VSH_PLAN_FIT_H
#define VSH_PLAN_FIT_H

#include "core/json.h"
#include "planner/fit/fit.h"

/* law_file: what the law was written to; NULL: nowhere. */
void plan_fit_print(const vsh_fit *fit, const char *law_file, vsh_text *out);
void plan_fit_write_json(const vsh_fit *fit, bool explain, vsh_json *json);
void plan_fit_explain(const vsh_fit *fit, vsh_text *out);

#endif
