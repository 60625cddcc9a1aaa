/* vishwa-plan: what can be trained with this hardware in this many hours, and how sure is that. */
#include <stdlib.h>

#include "config.h"
#include "planner/plan_commands.h"

static const char introduction[] =
    "vishwa-plan: what can be trained with this hardware in this many hours, and how sure is that\n"
    "  vishwa-plan --hw tpu-v5e --hours 100\n"
    "vishwa-plan --help for options and commands\n";

int main(int argc, char **argv)
{
    plan_config config;
    vsh_program program = {.name = "vishwa-plan",
                           .version = VSH_VERSION " (" VSH_COMMIT ")",
                           .introduction = introduction,
                           .commands = plan_commands,
                           .config = &config,
                           .environment = vsh_environment_of(getenv)};

    plan_config_default(&config);
    return (int)vsh_program_run(&program, argc, argv);
}
