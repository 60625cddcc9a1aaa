/* What the mains of the three programs share: a table of commands, the session that a command is
 * given, the command line as it was typed, where measurements are kept, and the end, where results
 * leave the program. A main keeps what is its own: its words, its defaults, its signals, and the
 * environment, which nothing else reads. */
#ifndef VSH_PROGRAM_H
#define VSH_PROGRAM_H

#include <stdbool.h>

#include "core/cli.h"
#include "core/library.h"
#include "core/status.h"
#include "core/term.h"
#include "core/text.h"

enum { VSH_COMMANDS_MAX = 24 };

/* The variables that count, as getenv answers: NULL when unset. */
typedef struct {
    const char *data; /* VISHWA_DATA */
    const char *cache_home, *home;
    const char *no_color, *term;
} vsh_environment;

/* Asked once, by a main, of getenv. */
vsh_environment vsh_environment_of(char *(*lookup)(const char *name));

/* One call of a program: filled from the command line, used by the command. */
typedef struct {
    vsh_arena *arena;
    void *config;             /* the program's own struct */
    const vsh_common *common; /* its first member */
    const vsh_environment *environment;
    const char *operands[VSH_OPERANDS_MAX];
    int operand_count;
    vsh_library library;
    const char *cache_folder; /* NULL: nothing is kept */
    const char *line;         /* the command line, to be shown */
    const char *version;      /* the program's */
    vsh_term term;
    bool talk_is_terminal; /* stderr can show a line that changes */
    vsh_text out;          /* results: written whole at the end, or not at all */
    vsh_text talk;         /* warnings, to stderr unless --quiet */
    bool answered;         /* out is complete although the command failed afterwards */
} vsh_session;

typedef vsh_status vsh_command_run(vsh_session *session, vsh_error *err);

/* A line of a program's table; the table is closed by a NULL name. */
typedef struct {
    vsh_command cli;
    vsh_command_run *run; /* NULL: not built yet */
} vsh_program_command;

typedef struct {
    const char *name;         /* "vishwa-plan" */
    const char *version;      /* number and commit */
    const char *introduction; /* lines shown to who types the name alone */
    /* The first may be named "": the job without a name, taken when the first word is an option. */
    const vsh_program_command *commands;
    void *config; /* begins with vsh_common; holds the defaults */
    vsh_environment environment;
    void (*before_run)(void); /* called when a command is about to run; NULL: nothing to do */
} vsh_program;

/* Reads the command line, runs its command or shows help or version, writes the results, the talk
 * and the error; returns the exit status. An answer of "no" is an answer; after any other failure
 * nothing stands on stdout, unless the results were complete before (answered). */
vsh_status vsh_program_run(const vsh_program *program, int argc, char *const *argv);

/* Words as a shell takes them back. */
const char *vsh_show_command(vsh_arena *arena, int argc, char *const *argv);

#endif
