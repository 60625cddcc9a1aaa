/* What the reports of the programs share: a folder with index.html, and for each figure its script
 * and its picture beside it. */
#ifndef VSH_REPORT_H
#define VSH_REPORT_H

#include <stdbool.h>

#include "core/status.h"
#include "core/text.h"

typedef struct {
    const char *name; /* of its files */
    const char *title;
    vsh_text script;  /* gnuplot, with the data inside */
    vsh_text caption; /* plain text */
} vsh_report_figure;

enum { VSH_REPORT_FIGURES_MAX = 12 };

/* One to be drawn. */
vsh_report_figure vsh_report_figure_of(vsh_arena *arena, const char *name, const char *title);

/* Before anything is drawn: VSH_EINPUT when index.html is somebody else's and not forced. */
vsh_status vsh_report_check(const char *folder, bool force, vsh_error *err);

/* Writes NAME.gp of each figure into the folder. */
vsh_status vsh_report_write_scripts(const char *folder, const vsh_report_figure *figures, int count,
                                    vsh_error *err);

/* Draws NAME.svg of each and puts pictures and captions into the page; false when one could not be
 * drawn, and the page says so in its place. */
bool vsh_report_add_figures(const char *folder, const vsh_report_figure *figures, int count,
                            vsh_text *page);

/* Writes index.html. */
vsh_status vsh_report_write_page(const char *folder, const vsh_text *page, vsh_error *err);

/* One figure of a summary, inside <dl class="figures">: what it is, the figure, and a remark under
 * it ("": none). */
void vsh_report_tile(vsh_text *page, const char *name, const char *value, const char *note, ...)
    __attribute__((format(printf, 4, 5)));
/* One line of a card, inside <dl class="facts">; second, set back, may be NULL. */
void vsh_report_fact(vsh_text *page, const char *name, const char *first, const char *second);

#endif
