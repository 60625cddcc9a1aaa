/* SCALE-Sim's three reports, to the byte: its header lines, its separators, and numbers as Python
 * writes them (whole counts bare, cycles of accesses with ".0", the shortest digits that read back
 * the same). */
#ifndef VSH_SCALE_REPORT_H
#define VSH_SCALE_REPORT_H

#include <stdbool.h>

#include "core/text.h"
#include "sim/scale_sim/scale_layer.h"

enum { SIM_SCALE_COMPUTE, SIM_SCALE_BANDWIDTH, SIM_SCALE_DETAIL, SIM_SCALE_REPORTS };

/* COMPUTE_REPORT.csv and so on */
extern const char *const sim_scale_report_names[SIM_SCALE_REPORTS];

/* Version 3 has one more column than version 2, the total with the first fetch, as second. */
void sim_scale_report_header(vsh_text *out, int report, bool v3);
void sim_scale_report_row(vsh_text *out, int report, bool v3, int layer,
                          const sim_scale_figures *figures);
/* As Python's str() of a float. */
void sim_scale_add_float(vsh_text *out, double value);

#endif
