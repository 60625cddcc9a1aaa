#include "core/progress.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

/* s: between two pictures of a line; between two lines; what is over before needs no line */
static const double redraw_s = 0.1, line_s = 2, silence_s = 30;

static bool is_due(vsh_progress *p, const char *stage, double share, double now)
{
    bool next = !p->stage || strcmp(p->stage, stage) != 0;

    if (!p->begun) {
        p->begun = true;
        p->since = p->shown = now;
    }
    if (p->redraws)
        return next || now - p->shown >= redraw_s;
    if (next) { /* a stage's tenths begin anew */
        p->stage = stage;
        p->share = 0;
    }
    return now - p->shown >= silence_s || (now - p->shown >= line_s && share - p->share >= 0.1);
}

void vsh_progress_show(vsh_progress *p, const char *stage, double share, double bytes_per_s,
                       double seconds_left)
{
    double now = vsh_clock_now().v;

    assert(isnan(share) || (share >= 0 && share <= 1));
    if (!p->stream || !is_due(p, stage, share, now))
        return;
    fprintf(p->stream, "%s  %-30s", p->redraws ? "\r" : "", stage);
    if (isfinite(share))
        fprintf(p->stream, " %3.0f %%", 100 * share);
    if (isfinite(bytes_per_s))
        fprintf(p->stream, "  %s/s", vsh_show_bytes(bytes_per_s).text);
    if (isfinite(seconds_left))
        fprintf(p->stream, "  eta %s", vsh_show_time(seconds_left).text);
    fputs(p->redraws ? "\033[K" : "\n", p->stream);
    fflush(p->stream);
    p->open = p->redraws;
    p->stage = stage;
    p->share = isfinite(share) ? share : 0;
    p->shown = now;
}

void vsh_progress_clear(vsh_progress *p)
{
    if (p->stream && p->open)
        fputs("\r\033[K", p->stream);
    if (p->stream)
        fflush(p->stream);
    p->open = false;
}
