/* The report of a simulated step: a folder with one page, its pictures and their scripts. */
#ifndef VSH_STEP_HTML_H
#define VSH_STEP_HTML_H

#include "sim/sim_trace.h"
#include "sim/step_report.h"

typedef struct {
    const sim_step_answer *answer;
    const sim_trace *trace; /* of the same step; NULL: there is none */
    const char *command, *version;
    bool force; /* write over what is not ours */
} sim_report_input;

/* Makes folder/index.html with figures beside it, and trace.json where there is a trace, and says
 * so in talk. VSH_EINPUT before anything is written when index.html is somebody else's;
 * VSH_EMACHINE when something could not be written and also when gnuplot could not draw: then
 * all else is there, and the page says it. */
vsh_status sim_step_report(vsh_arena *arena, const char *folder, const sim_report_input *input,
                           vsh_text *talk, vsh_error *err);

#endif
