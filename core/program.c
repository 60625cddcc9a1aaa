#include "core/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Gives descriptors 0 to 2 that came closed to a device that refuses: no file of ours may become
 * stdout or stderr by chance, and what is written to them still fails. */
static void hold_descriptors(void)
{
    /* open takes the lowest that is free, so those below this one are in use */
    for (int file = 0; file <= 2; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file ? O_RDONLY : O_WRONLY) != file)
            return;
}

/* The command that argv[1] names; the job without a name when the first word is an option. */
static vsh_status find_command(const vsh_program_command *commands, int argc, char *const *argv,
                               const vsh_program_command **found, vsh_error *err)
{
    const char *known[VSH_COMMANDS_MAX];
    char suggestion[160];
    size_t known_count = 0;

    *found = commands;
    if (argc < 2 || (argv[1][0] == '-' && !*commands->cli.name))
        return VSH_OK;
    for (; (*found)->cli.name; ++*found) {
        if (!*(*found)->cli.name)
            continue;
        if (strcmp((*found)->cli.name, argv[1]) == 0)
            return VSH_OK;
        assert(known_count < VSH_COMMANDS_MAX);
        known[known_count++] = (*found)->cli.name;
    }
    vsh_suggest(suggestion, sizeof suggestion, argv[1], known, known_count);
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

const char *vsh_show_command(vsh_arena *arena, int argc, char *const *argv)
{
    vsh_text line = {.arena = arena};

    for (int i = 0; i < argc; i++) {
        if (i > 0)
            vsh_text_put(&line, " ", 1);
        quote_word(&line, argv[i]);
    }
    return vsh_text_string(&line);
}

/* Folder of measurements; NULL when the environment names no place: then nothing is kept. */
static const char *cache_folder(vsh_arena *arena, const char *cache, const char *home)
{
    vsh_text path = {.arena = arena};

    if (cache && *cache)
        vsh_text_add(&path, "%s/vishwa", cache);
    else if (home && *home)
        vsh_text_add(&path, "%s/.cache/vishwa", home);
    return path.length ? vsh_text_string(&path) : NULL;
}

/* The session of this command line: what the command takes, and what the environment says. */
static vsh_status prepare(vsh_session *s, const vsh_program *program,
                          const vsh_program_command *command, int argc, char *const *argv,
                          vsh_error *err)
{
    const vsh_environment *environment = s->environment;
    int skip = *command->cli.name ? 2 : 1;

    if (!command->run)
        return vsh_fail(err, VSH_EINPUT, "%s: not built yet", command->cli.name);
    VSH_TRY(vsh_cli_parse(&command->cli, argc - skip, argv + skip, program->config, s->operands,
                          &s->operand_count, err));
    s->term = vsh_term_choose(1, s->common->colour, environment->no_color, environment->term);
    s->talk_is_terminal = isatty(2) && environment->term && strcmp(environment->term, "dumb") != 0;
    s->library = vsh_library_open(s->arena, environment->data);
    s->cache_folder = cache_folder(s->arena, environment->cache_home, environment->home);
    s->line = vsh_show_command(s->arena, argc, argv);
    return VSH_OK;
}

static void show_version(const vsh_program *program, vsh_text *out)
{
    vsh_text_add(out, "%s %s\n", program->name, program->version);
}

static void list_commands(const vsh_program *program, vsh_text *out)
{
    vsh_text_add(out, "\nCommands (%s COMMAND --help)\n", program->name);
    for (const vsh_program_command *c = program->commands; c->cli.name; c++)
        if (*c->cli.name) {
            vsh_text_add(out, "  %-11s ", c->cli.name);
            vsh_text_wrap(out, c->run ? c->cli.summary : "not built yet", 14, 80);
        }
}

/* --help and --version of a program whose every job has a name. */
static bool take_bare_option(const vsh_program *program, const char *word, vsh_text *out)
{
    if (*program->commands->cli.name == '\0')
        return false;
    if (strcmp(word, "--version") == 0) {
        show_version(program, out);
        return true;
    }
    if (strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0)
        return false;
    vsh_text_add(out, "%s", program->introduction);
    list_commands(program, out);
    return true;
}

static vsh_status run_command(vsh_session *s, const vsh_program *program, int argc,
                              char *const *argv, vsh_error *err)
{
    const vsh_program_command *command;

    if (take_bare_option(program, argv[1], &s->out))
        return VSH_OK;
    VSH_TRY(find_command(program->commands, argc, argv, &command, err));
    VSH_TRY(prepare(s, program, command, argc, argv, err));
    if (s->common->help) {
        vsh_cli_help(program->name, &command->cli, &s->out);
        if (!*command->cli.name)
            list_commands(program, &s->out);
        return VSH_OK;
    }
    if (s->common->version) {
        show_version(program, &s->out);
        return VSH_OK;
    }
    if (program->before_run)
        program->before_run();
    return command->run(s, err);
}

static vsh_status end(const vsh_program *program, vsh_session *s, vsh_status status, vsh_error *err)
{
    bool lost = false;

    if (status == VSH_OK || (status == VSH_ENO && s->out.length) || s->answered) {
        vsh_error failure = {""};
        if (vsh_term_write(stdout, &s->out, &failure) != VSH_OK) {
            status = VSH_EMACHINE;
            *err = failure;
            lost = true;
        } else if (fclose(stdout) != 0) {
            status = vsh_fail(err, VSH_EMACHINE, "output: %s", strerror(errno));
        }
    }
    if (!s->common->quiet && !lost)
        vsh_term_write(stderr, &s->talk, NULL);
    if (*err->text)
        fprintf(stderr, "%s: %s\n", program->name, err->text);
    return status;
}

vsh_environment vsh_environment_of(char *(*lookup)(const char *name))
{
    return (vsh_environment){.data = lookup("VISHWA_DATA"),
                             .cache_home = lookup("XDG_CACHE_HOME"),
                             .home = lookup("HOME"),
                             .no_color = lookup("NO_COLOR"),
                             .term = lookup("TERM")};
}

vsh_status vsh_program_run(const vsh_program *program, int argc, char *const *argv)
{
    vsh_arena arena = {0};
    vsh_session session = {.arena = &arena,
                           .config = program->config,
                           .common = program->config,
                           .version = program->version,
                           .environment = &program->environment,
                           .out = {.arena = &arena},
                           .talk = {.arena = &arena}};
    vsh_error err = {""};
    vsh_status status;

    hold_descriptors();
    if (argc < 2) {
        fputs(program->introduction, stderr);
        return VSH_EINPUT;
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write, told like others */
    status = run_command(&session, program, argc, argv, &err);
    status = end(program, &session, status, &err);
    vsh_arena_free(&arena);
    return status;
}
