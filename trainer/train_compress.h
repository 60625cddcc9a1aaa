/* What compress finds out; train_compress.c finds it, train_compress_report.c shows it. */
#ifndef VSH_TRAIN_COMPRESS_H
#define VSH_TRAIN_COMPRESS_H

#include "core/progress.h"
#include "trainer/study/compress.h"
#include "trainer/study/held_out_loss.h"
#include "trainer/train_commands.h"

typedef struct {
    vsh_session *session;
    train_config *asked; /* what the command line said */
    bool prunes;         /* else int8 */
    vsh_loaded model;
    vsh_prepared data;
    vsh_held_out windows;
    vsh_progress progress;
    const char *stage;
    double stage_start;
    vsh_exit_report before, after;
    vsh_compressed result;
    const char *checkpoints; /* in --out */
} compression;

void train_show_compression(const compression *compression);

#endif
