#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "planner/plan_commands.h"

/* Options of vishwa-train validate, as they were given here. */
enum { WORDS_MAX = 2 * VSH_OPT_LIST_MAX + 32 };

typedef struct {
    vsh_arena *arena;
    const char *word[WORDS_MAX]; /* closed by NULL */
    int count;
} words;

static void add(words *w, const char *word)
{
    assert(w->count < WORDS_MAX - 1);
    w->word[w->count++] = word;
}

static void add_flag(words *w, bool given, const char *option)
{
    if (given)
        add(w, option);
}

static void add_text(words *w, const char *option, const char *value)
{
    if (!value)
        return;
    add(w, option);
    add(w, value);
}

/* none: what stands for an option that was not given. */
static void add_integer(words *w, const char *option, int64_t value, int64_t none)
{
    if (value != none)
        add_text(w, option, vsh_integer_text(w->arena, value));
}

static void add_options(words *w, const plan_config *c)
{
    const vsh_common *common = &c->common;

    add_flag(w, c->quick, "--quick");
    add_flag(w, c->refresh, "--refresh");
    add_flag(w, common->json, "--json");
    add_flag(w, common->quiet, "--quiet");
    add_flag(w, common->verbose, "--verbose");
    add_flag(w, common->force, "--force");
    for (int i = 0; i < c->only.count; i++)
        add_text(w, "--only", c->only.item[i]);
    add_text(w, "--report", c->report);
    add_text(w, "--color", vsh_colour_words[common->colour]);
    add_integer(w, "--steps", c->steps, 0);
    add_integer(w, "--threads", common->threads, 0);
    add_integer(w, "--seed", common->seed, -1);
}

/* This process becomes the trainer: its answer, its talk, its exit code and what it keeps of this
 * machine are then the same as when it is called itself. */
vsh_status plan_run_validate(vsh_session *s, vsh_error *err)
{
    words w = {.arena = s->arena};
    const char *program;

    VSH_TRY(vsh_library_program(s->arena, "vishwa-train", &program, err));
    add(&w, program);
    add(&w, "validate");
    add_options(&w, s->config);
    execv(program, (char *const *)(uintptr_t)w.word);
    return vsh_fail(err, VSH_EMACHINE, "%s: cannot be started: %s", program, strerror(errno));
}
