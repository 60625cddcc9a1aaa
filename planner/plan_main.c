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
#include "core/program.h"
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
    const char *names[VSH_COMMANDS_MAX];
    int count = 0, which;

    for (const plan_command *c = plan_commands; c->cli.name; c++)
        names[count++] = c->cli.name;
    VSH_TRY(vsh_find_command(argc, argv, names, count, &which, err));
    *found = plan_commands + which;
    return VSH_OK;
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
    session->cache_folder =
        vsh_cache_folder(session->arena, getenv("XDG_CACHE_HOME"), getenv("HOME"));
    session->line = vsh_show_command(session->arena, argc, argv);
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
    vsh_error err = {""};
    vsh_status status;

    vsh_program_begin();
    if (argc < 2) {
        fputs(introduction, stderr);
        return VSH_EINPUT;
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write, told like others */
    session.arena = &arena;
    session.out = session.talk = (vsh_text){.arena = &arena};
    plan_config_default(&session.config);
    status = run(&session, argc, argv, &err);
    status = vsh_program_end("vishwa-plan", status, session.answered, &session.out,
                             session.config.common.quiet ? NULL : &session.talk, &err);
    vsh_arena_free(&arena);
    return (int)status;
}
