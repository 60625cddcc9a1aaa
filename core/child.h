/* Another program, run without a shell, its output collected. */
#ifndef VSH_CHILD_H
#define VSH_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "core/text.h"
#include "core/units.h"

typedef struct {
    const char *const *argv; /* closed by NULL; argv[0] is looked for in PATH */
    const char *input_path;  /* its standard input; NULL: empty */
    vsh_seconds time_max;    /* it is killed after that */
    size_t output_max;       /* bytes of standard output; more is a failure */
    bool ours; /* a program of this house: it names itself when it complains, and ends with a
                  vsh_status */
    const volatile sig_atomic_t *stop; /* once set it is killed: VSH_ESTOPPED; NULL: nobody asks */
} vsh_child;

/* Runs it to its end in the C locale with an otherwise empty environment. VSH_EINPUT when it ends
 * otherwise than with 0, with the end of its complaints (one of ours: VSH_ENO or VSH_EINPUT when
 * it says so, else VSH_EMACHINE); VSH_EMACHINE when it cannot be started, takes too long or says too
 * much. */
vsh_status vsh_child_run(const vsh_child *child, vsh_text *output, vsh_error *err);

#endif
