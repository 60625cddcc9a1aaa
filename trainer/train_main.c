/* vishwa-train: a small, complete trainer of dense and Mixture-of-Experts language models. It
 * executes the operations that vishwa-plan prices, and checks itself against them. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
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
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    train_config config;
    vsh_program program = {.name = "vishwa-train",
                           .version = VSH_VERSION " (" VSH_COMMIT ")",
                           .introduction = introduction,
                           .commands = train_commands,
                           .config = &config,
                           .environment = vsh_environment_of(getenv),
                           .before_run = listen_to_signals};
    vsh_status status;

    train_config_default(&config);
    config.stop = &stop_asked;
    status = vsh_program_run(&program, argc, argv);
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks on the way out */
    /* OpenBLAS starts threads when it is loaded and waits for them at exit; those that find no
     * memory try again for ever. All is written. */
    _exit((int)status);
#endif
    return (int)status;
}
