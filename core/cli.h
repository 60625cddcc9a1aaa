/* The command line read into a plain struct by a table; the table is also the help text. A pure
 * function of argv: no globals, no abbreviations, nothing printed. */
#ifndef VSH_CLI_H
#define VSH_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/text.h"

typedef enum {
    VSH_OPT_END,
    VSH_OPT_FLAG,    /* bool; --no-NAME clears it */
    VSH_OPT_TEXT,    /* const char * */
    VSH_OPT_LIST,    /* vsh_opt_list: may be given several times */
    VSH_OPT_INTEGER, /* int64_t in [min, max]; SI suffixes, 1e6 and 100M, when whole */
    VSH_OPT_REAL,    /* double in [min, max]; SI suffixes */
    VSH_OPT_WORD,    /* int, the index into words */
    VSH_OPT_LATER    /* described, and not built yet */
} vsh_opt_type;

typedef struct {
    vsh_opt_type type;
    char letter; /* one-letter form, 0 for none */
    const char *name;
    const char *argument; /* what --help calls its value; NULL for flags */
    const char *help;
    size_t offset;
    double min, max;
    const char *const *words; /* NULL-terminated */
} vsh_opt;

enum { VSH_OPT_LIST_MAX = 64 };
typedef struct {
    const char *item[VSH_OPT_LIST_MAX];
    int count;
} vsh_opt_list;

/* The options every program has; put vsh_common first in the program's own struct. */
typedef struct {
    bool help, version, json, quiet, verbose, explain, force;
    int64_t seed, threads;
    int colour; /* vsh_colour_words */
} vsh_common;

extern const char *const vsh_colour_words[];

#define VSH_COMMON_OPTIONS(config)                                                                 \
    {VSH_OPT_FLAG, 0, "json", NULL, "print one JSON object instead", offsetof(config, common.json)}, \
    {VSH_OPT_FLAG, 0, "explain", NULL, "show each number with its formula, source and tag",        \
     offsetof(config, common.explain)},                                                            \
    {VSH_OPT_INTEGER, 0, "seed", "S", "seed of what is drawn at random (default 1)",               \
     offsetof(config, common.seed), 0, 9e15},                                                      \
    {VSH_OPT_INTEGER, 0, "threads", "N", "threads to use (default: all)",                          \
     offsetof(config, common.threads), 1, 4096},                                                   \
    {VSH_OPT_WORD, 0, "color", "WHEN", "auto, always or never", offsetof(config, common.colour), 0, \
     0, vsh_colour_words},                                                                         \
    {VSH_OPT_FLAG, 0, "force", NULL, "overwrite what is there", offsetof(config, common.force)},   \
    {VSH_OPT_FLAG, 0, "quiet", NULL, "no progress and no warnings",                                \
     offsetof(config, common.quiet)},                                                              \
    {VSH_OPT_FLAG, 0, "verbose", NULL, "say more", offsetof(config, common.verbose)},   \
    {VSH_OPT_FLAG, 0, "version", NULL, "version and commit", offsetof(config, common.version)},    \
    {VSH_OPT_FLAG, 'h', "help", NULL, "this text", offsetof(config, common.help)},                 \
    {VSH_OPT_END, 0, NULL, NULL, NULL, 0}

typedef struct {
    const char *name;     /* "count"; "" for the main job */
    const char *usage;    /* "--hw P --hours H [--chips N] ..." */
    const char *summary;  /* one sentence */
    const char *examples; /* lines to paste, shown first; NULL for none */
    const vsh_opt *options;
    int operand_max;
} vsh_command;

enum { VSH_OPERANDS_MAX = 1024 }; /* what a shell makes of *.txt */

/* Reads argv[0..argc) (without program and command name) into *config; operands are stored in
 * order. VSH_EINPUT with "--name: expected ..., got ...". */
vsh_status vsh_cli_parse(const vsh_command *command, int argc, char *const *argv, void *config,
                         const char *operands[VSH_OPERANDS_MAX], int *operand_count,
                         vsh_error *err);

/* Examples first, then the options. */
void vsh_cli_help(const char *program, const vsh_command *command, vsh_text *out);

#endif
