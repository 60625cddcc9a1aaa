/* vishwa-sim: the cycle-level simulator of the planner's operations. Until it is built it says so,
 * as every command of the contract does. */
#include <stdio.h>

#include "core/status.h"

int main(void)
{
    fputs("vishwa-sim: not built yet\n", stderr);
    return VSH_EINPUT;
}
