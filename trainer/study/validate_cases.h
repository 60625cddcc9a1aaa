/* The runs that `validate` foresees, simulates and makes: small models, one feature each and some
 * together, on random tokens. */
#ifndef VSH_VALIDATE_CASES_H
#define VSH_VALIDATE_CASES_H

#include "trainer/run/run_config.h"

typedef struct {
    const char *name;
    const char *model; /* keys of a model file, in one line */
    int precision, optimizer, recompute;
    int64_t sequence, micro, accumulate;
    bool calibration; /* a model of step time may be fitted to it, so it cannot judge one */
    bool slow;        /* not in --quick */
} vsh_validate_case;

extern const vsh_validate_case vsh_validate_cases[]; /* closed by a NULL name */

/* A calibration run that the time of this case rests on: of its precision, which products have
 * factors for, or of its optimizer. Large ones teach large ones only, or asking for one small
 * configuration would take minutes. */
bool vsh_validate_teaches(const vsh_validate_case *calibration, const vsh_validate_case *which);

/* The case as the configuration of a run. Text lives in the arena. */
vsh_status vsh_validate_configure(vsh_arena *arena, const vsh_validate_case *which, uint64_t seed,
                                  vsh_run_config *config, vsh_error *err);

#endif
