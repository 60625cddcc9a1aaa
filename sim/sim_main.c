/* vishwa-sim: how many cycles the matrix units of a machine take for the operations that
 * vishwa-plan prices and vishwa-train executes. */
#include <stdlib.h>

#include "config.h"
#include "sim/sim_commands.h"

static const char introduction[] =
    "vishwa-sim: a cycle-level simulator of matrix units and their memory\n"
    "  vishwa-sim step --hw tpu-v5e --model gpt2-124m --seq 1024 --batch 32\n"
    "  vishwa-sim gemm 512 768 768 --array 128x128 --weights double\n"
    "vishwa-sim --help for commands\n";

int main(int argc, char **argv)
{
    sim_config config;
    vsh_program program = {.name = "vishwa-sim",
                           .version = VSH_VERSION " (" VSH_COMMIT ")",
                           .introduction = introduction,
                           .commands = sim_commands,
                           .config = &config,
                           .environment = vsh_environment_of(getenv)};

    sim_config_default(&config);
    return (int)vsh_program_run(&program, argc, argv);
}
