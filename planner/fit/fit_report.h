/* The report of a fit: folder/index.html, one self-contained file, and beside it each figure as a
 * gnuplot script with its data inside and the picture drawn from it. */
#ifndef VSH_FIT_REPORT_H
#define VSH_FIT_REPORT_H

#include "planner/fit/fit.h"

/* For a fit whose law is identified; options are those it was made with, command is shown in the
 * page. A page there that is not one of ours is overwritten only with force (else VSH_EINPUT).
 * VSH_EMACHINE when a file cannot be written. *drawn is false when gnuplot is missing or failed:
 * the scripts are there, and the page says so in place of the figures. */
vsh_status vsh_fit_write_report(const vsh_fit *fit, const vsh_fit_options *options,
                                const char *command, const char *folder, bool force, bool *drawn,
                                vsh_error *err);

#endif
