/* vishwa-sim scale-sim: SCALE-Sim's own inputs in, its own three reports out. Kept apart from the
 * native counting, which says different things on purpose (sim/scale_sim/scale_layer.h). */
#ifndef VSH_SIM_SCALE_H
#define VSH_SIM_SCALE_H

#include <stdbool.h>

#include "core/text.h"
#include "sim/scale_sim/scale_topology.h"

typedef struct {
    const char *config, *topology; /* paths */
    const char *layout;            /* path, NULL for none */
    sim_scale_input input;         /* BY_HEADER where the user did not say */
    const char *folder;            /* reports go to folder/run_name/ */
    bool force;                    /* overwrite reports that are there */
    bool json;                     /* out is one JSON object in place of a table */
} sim_scale_request;

/* Writes all three reports or none. What is read otherwise than the user may think goes to talk.
 * VSH_EINPUT for files that cannot be meant, and for reports in the way. */
vsh_status sim_scale_sim(vsh_arena *arena, const sim_scale_request *request, vsh_text *out,
                         vsh_text *talk, vsh_error *err);

#endif
