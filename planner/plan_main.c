/* vishwa-plan: what can be trained with this hardware in this many hours, and how sure is that. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/cli.h"
#include "core/hardware_auto.h"
#include "core/json.h"
#include "core/library.h"
#include "core/lower.h"
#include "core/term.h"
#include "planner/plan_commands.h"

static const char introduction[] =
    "vishwa-plan: what can be trained with this hardware in this many hours, and how sure is that\n"
    "  vishwa-plan --hw tpu-v5e --hours 100\n"
    "vishwa-plan --help for options and commands\n";

static void print_help(const plan_command *command, vsh_text *out)
{
    vsh_cli_help("vishwa-plan", &command->cli, out);
    if (*command->cli.name)
        return;
    vsh_text_add(out, "\nCommands (vishwa-plan COMMAND --help)\n");
    for (const plan_command *other = plan_commands; other->cli.name; other++)
        if (*other->cli.name) {
            vsh_text_add(out, "  %-11s ", other->cli.name);
            vsh_text_wrap(out, other->run ? other->cli.summary : "not built yet", 14, 80);
        }
}

/* The command that argv names; the main job when the first word is an option. */
static vsh_status find_command(int argc, char **argv, const plan_command **found, vsh_error *err)
{
    const char *names[16];
    char suggestion[160];
    size_t count = 0;

    *found = plan_commands;
    if (argc < 2 || argv[1][0] == '-')
        return VSH_OK;
    for (const plan_command *c = plan_commands; c->cli.name; c++) {
        if (*c->cli.name && strcmp(c->cli.name, argv[1]) == 0) {
            *found = c;
            return VSH_OK;
        }
        if (*c->cli.name)
            names[count++] = c->cli.name;
    }
    vsh_suggest(suggestion, sizeof suggestion, argv[1], names, count);
    return vsh_fail(err, VSH_EINPUT, "unknown command \"%.80s\"%s", argv[1], suggestion);
}

/* One word as a shell takes it back. */
static void quote_word(vsh_text *line, const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./=+,:@%";

    if (*word && strspn(word, plain) == strlen(word)) {
        vsh_text_add(line, "%s", word);
        return;
    }
    vsh_text_put(line, "'", 1);
    for (; *word; word++)
        vsh_text_add(line, *word == '\'' ? "'\\''" : "%c",
                     (unsigned char)*word < 0x20 ? '?' : *word);
    vsh_text_put(line, "'", 1);
}

/* The command line as it was typed, for the last line of a screen. */
static const char *show_command(vsh_arena *arena, int argc, char **argv)
{
    vsh_text line = {.arena = arena};

    for (int i = 0; i < argc; i++) {
        if (i > 0)
            vsh_text_put(&line, " ", 1);
        quote_word(&line, argv[i]);
    }
    return vsh_text_string(&line);
}

/* NULL when the environment names no home: then nothing is kept. */
static const char *cache_folder(vsh_arena *arena)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    vsh_text path = {.arena = arena};

    if (cache && *cache)
        vsh_text_add(&path, "%s/vishwa", cache);
    else if (home && *home)
        vsh_text_add(&path, "%s/.cache/vishwa", home);
    return path.length ? vsh_text_string(&path) : NULL;
}

static vsh_status parse(plan_session *session, int argc, char **argv, vsh_error *err)
{
    plan_config *config = &session->config;
    int skip;

    VSH_TRY(find_command(argc, argv, &session->command, err));
    skip = *session->command->cli.name ? 2 : 1;
    if (!session->command->run)
        return vsh_fail(err, VSH_EINPUT, "%s: not built yet", session->command->cli.name);
    VSH_TRY(vsh_cli_parse(&session->command->cli, argc - skip, argv + skip, config,
                          session->operands, &session->operand_count, err));
    session->term = vsh_term_choose(1, config->common.colour, getenv("NO_COLOR"), getenv("TERM"));
    session->library = vsh_library_open(session->arena, getenv("VISHWA_DATA"));
    session->cache_folder = cache_folder(session->arena);
    session->line = show_command(session->arena, argc, argv);
    return VSH_OK;
}

static vsh_status run(plan_session *session, int argc, char **argv, vsh_error *err)
{
    VSH_TRY(parse(session, argc, argv, err));
    if (session->config.common.help) {
        print_help(session->command, &session->out);
        return VSH_OK;
    }
    if (session->config.common.version) {
        vsh_text_add(&session->out, "vishwa-plan %s (%s)\n", VSH_VERSION, VSH_COMMIT);
        return VSH_OK;
    }
    return session->command->run(session, err);
}

int main(int argc, char **argv)
{
    static plan_session session;
    vsh_arena arena = {0};
    vsh_error err = {""}, lost = {""};
    vsh_status status;

    if (argc < 2) {
        fputs(introduction, stderr);
        return VSH_EINPUT;
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write, told like others */
    session.arena = &arena;
    session.out = session.talk = (vsh_text){.arena = &arena};
    plan_config_default(&session.config);
    status = run(&session, argc, argv, &err);
    /* an answer of "no" is an answer; after any other failure nothing stands on stdout */
    if (status == VSH_OK || (status == VSH_ENO && session.out.length) || session.answered) {
        if (vsh_term_write(stdout, &session.out, &lost) != VSH_OK) {
            status = VSH_EMACHINE;
            err = lost;
        } else if (fclose(stdout) != 0) {
            status = vsh_fail(&err, VSH_EMACHINE, "output: %s", strerror(errno));
        }
    }
    if (!session.config.common.quiet && !*lost.text)
        vsh_term_write(stderr, &session.talk, NULL);
    if (*err.text)
        fprintf(stderr, "vishwa-plan: %s\n", err.text);
    vsh_arena_free(&arena);
    return (int)status;
}
