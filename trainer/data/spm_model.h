/* A SentencePiece model file (a serialized ModelProto), read field by field by our own reader. The
 * library is given what vsh_spm_model_write makes of it and never the file: its loader of Debian
 * 12 (0.1.97) crashes on some files. Field numbers: google/sentencepiece,
 * sentencepiece_model.proto.
 */
#ifndef VSH_SPM_MODEL_H
#define VSH_SPM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/text.h"

enum {
    VSH_SPM_FILE_BYTES = 64 << 20,
    VSH_SPM_PIECES = 1 << 20,
    VSH_SPM_PIECE_BYTES = 512 /* spm_train's own default is 16 characters */
};

/* The numbers are the format's. */
typedef enum {
    VSH_SPM_NORMAL = 1,
    VSH_SPM_UNKNOWN = 2,
    VSH_SPM_CONTROL = 3,
    VSH_SPM_USER_DEFINED = 4,
    VSH_SPM_UNUSED = 5,
    VSH_SPM_BYTE = 6
} vsh_spm_kind;

typedef enum { VSH_SPM_UNIGRAM = 1, VSH_SPM_BPE = 2 } vsh_spm_algorithm;

typedef struct {
    const char *text; /* not closed by a NUL; a blank is written U+2581 */
    int32_t length;
    int32_t kind;
    float score;
} vsh_spm_piece;

typedef struct {
    const vsh_spm_piece *piece; /* by token id */
    int32_t count;
    int32_t algorithm;
    int32_t unknown;      /* the one piece of its kind */
    int32_t end;          /* the control piece that ends a document */
    int32_t blank;        /* the piece that is one blank; -1: none */
    bool breaks;          /* some piece has a line break in it */
    int32_t byte_id[256]; /* the piece of each byte */
} vsh_spm_model;

/* Reads and checks; pieces point into bytes. What it accepts: unigram or BPE, no normalization (no
 * character map, no added prefix, blanks as they are), all 256 byte pieces, one unknown piece, a
 * piece that ends documents, no piece twice, valid UTF-8, finite scores. VSH_EINPUT with
 * "path: byte N: ..." or "path: piece N: ...". */
vsh_status vsh_spm_model_parse(vsh_arena *arena, const char *path, const void *bytes,
                               int64_t length, vsh_spm_model *model, vsh_error *err);

/* The model in the format, with these fields only: no path of the machine that trained it. */
void vsh_spm_model_write(const vsh_spm_model *model, vsh_text *text);

#endif
