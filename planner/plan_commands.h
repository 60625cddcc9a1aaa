/* The commands of vishwa-plan: what each takes, and what it does with it. */
#ifndef VSH_PLAN_COMMANDS_H
#define VSH_PLAN_COMMANDS_H

#include "core/cli.h"
#include "core/library.h"
#include "core/term.h"
#include "core/text.h"
#include "planner/laws/law.h"

/* What the command line said; numbers that were not given are NaN (or 0 for counts). */
typedef struct {
    vsh_common common;
    const char *hw, *model, *law, *region, *report;
    double hours, days, tokens, epochs, serve_tokens, params, unique;
    double effective_tflops, mfu, price_usd, experts;
    int64_t chips, seq;
    int precision; /* -1: bf16 where the chip has it, else fp16, else fp32 */
    int optimizer; /* -1: adamw, unless a recipe is given */
    int recipe;    /* -1: from precision and optimizer */
    bool refresh;
} plan_config;

void plan_config_default(plan_config *config);

typedef struct plan_command plan_command;

/* One call of the program: filled by main, used by the command. */
typedef struct {
    vsh_arena *arena;
    plan_config config;
    const plan_command *command;
    const char *operands[VSH_OPERANDS_MAX];
    int operand_count;
    vsh_library library;
    const char *cache_folder;
    const char *line; /* the command line, to be shown */
    vsh_term term;
    vsh_text out;  /* results: written whole at the end, or not at all */
    vsh_text talk; /* warnings, to stderr */
    bool answered; /* out is complete although the command failed afterwards */
} plan_session;

struct plan_command {
    vsh_command cli;
    vsh_status (*run)(plan_session *session, vsh_error *err); /* NULL: not built yet */
};

/* The main job first, then the others; closed by a NULL name. */
extern const plan_command plan_commands[];

vsh_status plan_run_main_job(plan_session *session, vsh_error *err); /* plan_main_job.c */
vsh_status plan_run_count(plan_session *session, vsh_error *err);    /* plan_count.c */
vsh_status plan_run_loss(plan_session *session, vsh_error *err);     /* plan_loss.c */
/* The law of this name, the default for NULL; says when one is described and not built yet. */
vsh_status plan_find_law(const char *name, const vsh_law **law, vsh_error *err);
vsh_status plan_run_laws(plan_session *session, vsh_error *err);
vsh_status plan_run_hw(plan_session *session, vsh_error *err); /* plan_hw.c */

#endif
