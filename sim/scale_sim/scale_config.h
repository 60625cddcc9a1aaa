/* SCALE-Sim's configuration: an INI file as Python's configparser reads it. Only what its reports
 * depend on is kept. */
#ifndef VSH_SCALE_CONFIG_H
#define VSH_SCALE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"
#include "sim/machine.h"
#include "core/lines.h"

typedef struct {
    const char *run_name; /* fit to be the name of one folder */
    int64_t rows, cols;
    sim_dataflow dataflow;
    int64_t sram_kb[SIM_OPERANDS];   /* ifmap, filter, ofmap; a kB has 1024 words of one byte */
    bool user;                       /* InterfaceBandwidth: USER, not CALC */
    int64_t bandwidth[SIM_OPERANDS]; /* USER: words a cycle of each operand */
    bool v3;                         /* has a section that only version 3 knows */
} sim_scale_config;

/* What the file asks for and these reports do without is said in talk. Strings live in the arena.
 */
vsh_status sim_scale_config_read(vsh_arena *arena, vsh_lines *source, sim_scale_config *config,
                                 vsh_text *talk, vsh_error *err);

#endif
