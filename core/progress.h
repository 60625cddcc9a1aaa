/* How far a long piece of work is, on a stream for people: one line drawn again and again on a
 * terminal, a line now and then elsewhere. */
#ifndef VSH_PROGRESS_H
#define VSH_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

/* Start from {.stream = stderr, .redraws = ...}; without a stream nothing is shown. */
typedef struct {
    FILE *stream;
    bool redraws;      /* the stream is a terminal */
    bool open;         /* a line stands there that will be drawn over */
    bool begun;        /* since is known */
    double since;      /* when it was asked first, s */
    double shown;      /* when it last said something, s */
    double share;      /* what it said then */
    const char *stage; /* of that share */
} vsh_progress;

/* At most ten times a second on a terminal; elsewhere every tenth of a stage that takes more than
 * seconds, and at least each half minute. share, bytes_per_s and seconds_left are NaN when they are
 * not known. stage is a constant. */
void vsh_progress_show(vsh_progress *progress, const char *stage, double share, double bytes_per_s,
                       double seconds_left);
/* Takes the line away, so that something else can be written. */
void vsh_progress_clear(vsh_progress *progress);

#endif
