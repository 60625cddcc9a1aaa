/* The rows that each expert of a layer gets: even, by Zipf's law, or as a file says. */
#ifndef VSH_EXPERT_ROWS_H
#define VSH_EXPERT_ROWS_H

#include "sim/step_plan.h"

/* Rows of each of the experts, largest first: shares of the routed rows, none above the tokens, to
 * whole rows by largest remainder; with a capacity factor every expert runs exactly its slots,
 * whatever it was sent. */
vsh_status sim_expert_rows(vsh_arena *arena, const sim_step *step, int64_t experts, int64_t **rows,
                           vsh_error *err);

/* word: even, zipf, or a file of one share a line for each expert ("#" begins a comment). */
vsh_status sim_expert_load_read(vsh_arena *arena, const char *word, const vsh_model *model,
                                sim_expert_load *load, vsh_error *err);

#endif
