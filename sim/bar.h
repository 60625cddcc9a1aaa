/* A bar of block characters, in eighths of a column. */
#ifndef VSH_BAR_H
#define VSH_BAR_H

#include "core/text.h"

/* share in [0, 1] of columns; any share above 0 shows something. */
void sim_bar(double share, int columns, vsh_text *out);

#endif
