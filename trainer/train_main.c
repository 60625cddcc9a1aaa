/* vishwa-train: a small, complete trainer of dense and Mixture-of-Experts language models. It
 * executes the operations that vishwa-plan prices, and checks itself against them. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "core/program.h"
#include "trainer/train_commands.h"

static const char introduction[] =
    "vishwa-train: trains small dense and Mixture-of-Experts language models\n"
    "  vishwa-train run trainer/configs/quick-moe.yaml\n"
    "vishwa-train --help for commands\n";

static volatile sig_atomic_t stop_asked;

/* The first signal asks for a checkpoint and the end; the second ends at once. */
static void ask_to_stop(int number)
{
    if (stop_asked) {
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_asked = 1;
}

static void *stand_by(void *unused)
{
    while (pause() != 0) /* it returns after every signal, always -1 */
        ;
    return unused;
}

/* Handlers run on a thread that does nothing else (or on an idle one of a library). On a thread
 * that multiplies they would do harm: some kernels of oneDNN keep the stack pointer in a block of
 * theirs, and the kernel writes the frame of a handler below it, over the blocks of others. */
static void listen_to_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
    struct sigaction action = {.sa_handler = ask_to_stop, .sa_flags = SA_RESTART}, before;
    pthread_t listener;
    sigset_t set;

    sigemptyset(&set);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* under nohup a closed terminal is no reason to stop */
        if (signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
            before.sa_handler == SIG_IGN)
            continue;
        sigaction(signals[i], &action, NULL);
        sigaddset(&set, signals[i]);
    }
    if (pthread_create(&listener, NULL, stand_by, NULL) == 0) {
        pthread_detach(listener);
        pthread_sigmask(SIG_BLOCK, &set, NULL); /* here, and in the threads that begin later */
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write, told like others */
    signal(SIGPIPE, SIG_IGN);
}

static void print_commands(vsh_text *out)
{
    vsh_text_add(out, "%s\nCommands (vishwa-train COMMAND --help)\n", introduction);
    for (const train_command *c = train_commands; c->cli.name; c++) {
        vsh_text_add(out, "  %-11s ", c->cli.name);
        vsh_text_wrap(out, c->run ? c->cli.summary : "not built yet", 14, 80);
    }
}

static vsh_status find_command(int argc, char **argv, const train_command **found, vsh_error *err)
{
    const char *names[VSH_COMMANDS_MAX];
    int count = 0, which;

    for (const train_command *c = train_commands; c->cli.name; c++)
        names[count++] = c->cli.name;
    VSH_TRY(vsh_find_command(argc, argv, names, count, &which, err));
    *found = train_commands + which;
    return VSH_OK;
}

/* The unpacked files of the default corpus: the environment's folder, or data/ of the tree. */
static const char *data_folder(vsh_arena *arena)
{
    const char *data = getenv("VISHWA_DATA");
    vsh_text path = {.arena = arena};

    vsh_text_add(&path, "%s%sdata", data && *data ? data : "", data && *data ? "/" : "");
    return vsh_text_string(&path);
}

static vsh_status prepare(train_session *s, int argc, char **argv, vsh_error *err)
{
    VSH_TRY(find_command(argc, argv, &s->command, err));
    if (!s->command->run)
        return vsh_fail(err, VSH_EINPUT, "%s: not built yet", s->command->cli.name);
    VSH_TRY(vsh_cli_parse(&s->command->cli, argc - 2, argv + 2, &s->config, s->operands,
                          &s->operand_count, err));
    s->term = vsh_term_choose(1, s->config.common.colour, getenv("NO_COLOR"), getenv("TERM"));
    s->library = vsh_library_open(s->arena, getenv("VISHWA_DATA"));
    s->cache_folder = vsh_cache_folder(s->arena, getenv("XDG_CACHE_HOME"), getenv("HOME"));
    s->data_folder = data_folder(s->arena);
    s->line = vsh_show_command(s->arena, argc, argv);
    s->stop = &stop_asked;
    s->talk_is_terminal = isatty(2) && getenv("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
    return VSH_OK;
}

static vsh_status run(train_session *s, int argc, char **argv, vsh_error *err)
{
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_commands(&s->out);
        return VSH_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        vsh_text_add(&s->out, "vishwa-train %s (%s)\n", VSH_VERSION, VSH_COMMIT);
        return VSH_OK;
    }
    VSH_TRY(prepare(s, argc, argv, err));
    if (s->config.common.help) {
        vsh_cli_help("vishwa-train", &s->command->cli, &s->out);
        return VSH_OK;
    }
    if (s->config.common.version) {
        vsh_text_add(&s->out, "vishwa-train %s (%s)\n", VSH_VERSION, VSH_COMMIT);
        return VSH_OK;
    }
    listen_to_signals();
    return s->command->run(s, err);
}

int main(int argc, char **argv)
{
    static train_session session;
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_status status;

    vsh_program_begin();
    if (argc < 2) {
        fputs(introduction, stderr);
        return VSH_EINPUT;
    }
    session.arena = &arena;
    session.out = (vsh_text){.arena = &arena};
    train_config_default(&session.config);
    status = run(&session, argc, argv, &err);
    status = vsh_program_end("vishwa-train", status, session.answered, &session.out, NULL, &err);
    vsh_arena_free(&arena);
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks on the way out */
    /* OpenBLAS starts threads when it is loaded and waits for them at exit; those that find no
     * memory try again for ever. All is written. */
    _exit((int)status);
#endif
    return (int)status;
}
