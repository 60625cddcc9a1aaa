/* checkpoints/step-N/: model.safetensors (weights under Hugging Face names), optimizer.safetensors
 * (master copy, moments and counters), config.json, config.yaml, tokenizer.model and manifest.json
 * (step, counters, and length and checksum of every file and tensor). Written to step-N.tmp,
 * synced, renamed, the parent synced: complete or absent. A step-N that is replaced is step-N.old
 * for the moment between two renames, and found there. The newest complete one is the one with the
 * highest N that holds to the last byte; there is no pointer file. Nothing in it depends on the
 * number of threads or ranks. */
#ifndef VSH_CHECKPOINT_H
#define VSH_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/base/hash64.h"
#include "trainer/base/safetensors.h"

/* What a run needs to go on, besides tensors. */
typedef struct {
    int64_t step;    /* steps done */
    int64_t tokens;  /* tokens seen */
    int64_t skipped; /* steps whose update was skipped */
    int64_t rollbacks;
    double spike_mean, spike_variance; /* running statistics of the loss, finite */
    int64_t spike_count;
    uint64_t seed;
    uint64_t config_hash; /* of the effective configuration */
    uint64_t data_hash;   /* of the training data */
    const char *kernels;  /* what computed: bits are promised for the same one only; NULL: "" */
} vsh_checkpoint_state;

/* One file of a checkpoint: its name and its tensors. */
typedef struct {
    const char *name; /* "model.safetensors" */
    const vsh_safetensor *tensors;
    int64_t count;
} vsh_checkpoint_file;

typedef struct {
    vsh_checkpoint_state state;
    const char *config_json;    /* text of config.json */
    const char *run_yaml;       /* text of config.yaml, the effective run, kept beside */
    const char *tokenizer_path; /* NULL, or a SentencePiece model, copied to tokenizer.model */
    const vsh_checkpoint_file *files;
    int file_count;
} vsh_checkpoint;

/* Writes folder/step-N, making the folder when it is missing and replacing a step-N that is there;
 * removes what earlier attempts left. Then keeps this one and, of the others, the newest complete
 * ones to make keep (>= 1) in all, and removes what is older; what cannot be removed stays for the
 * next time. The arena is
 * scratch: nothing in it is needed afterwards. VSH_EMACHINE: nothing of the others was touched.
 * VSH_EINPUT: the tokenizer cannot be read, or a statistic is not finite. */
vsh_status vsh_checkpoint_write(vsh_arena *arena, const char *folder,
                                const vsh_checkpoint *checkpoint, int keep, vsh_error *err);

/* path of the newest complete checkpoint below folder, or *path NULL, also when there is no folder;
 * every byte is read and checked. Those that are damaged are named in *warning (arena text, "" when
 * none) and passed over. VSH_EMACHINE when one cannot be read for another reason: an older one
 * would not be what the user wants. */
vsh_status vsh_checkpoint_newest(vsh_arena *arena, const char *folder, const char **path,
                                 const char **warning, vsh_error *err);

/* The checkpoint that path means: itself, or the newest complete one of a run directory or of its
 * checkpoints. VSH_EINPUT when there is none. */
vsh_status vsh_checkpoint_find(vsh_arena *arena, const char *path, const char **found,
                               const char **warning, vsh_error *err);

/* Removes every checkpoint of a later step (-1: all), whole or damaged: a run that goes on from
 * step makes its own, and must not find another's. The highest goes first. VSH_EMACHINE when one
 * cannot be removed. */
vsh_status vsh_checkpoint_discard_after(vsh_arena *arena, const char *folder, int64_t step,
                                        vsh_error *err);

/* Reads and verifies one checkpoint: manifest, lengths, checksums of every file and tensor;
 * files[0] is model.safetensors and files[1] optimizer.safetensors, which is not looked at, and may
 * be missing (compress --quantize writes none), when weights_only (count 0). Close both with
 * vsh_safetensors_close. */
typedef struct {
    vsh_checkpoint_state state;
    vsh_safetensors files[2];
} vsh_checkpoint_read_result;

vsh_status vsh_checkpoint_read(vsh_arena *arena, const char *path, bool weights_only,
                               vsh_checkpoint_read_result *result, vsh_error *err);

/* Bytes a write would take at most beside what is there, for the check before a run. */
int64_t vsh_checkpoint_bytes(const vsh_checkpoint *checkpoint);

#endif
