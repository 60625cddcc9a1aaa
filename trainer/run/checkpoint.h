/* checkpoints/step-N/: model.safetensors (weights under Hugging Face names), optimizer.safetensors
 * (master copy, moments and counters), config.json and manifest.json (step, counters, and length
 * and checksum of every file and tensor). Written to step-N.tmp, synced, renamed, the parent
 * synced: complete or absent. The newest complete one is the one with the highest N whose manifest
 * holds; there is no pointer file. Nothing in it depends on the number of threads or ranks. */
#ifndef VSH_CHECKPOINT_H
#define VSH_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "trainer/run/safetensors.h"

/* What a run needs to go on, besides tensors. */
typedef struct {
    int64_t step;    /* steps done */
    int64_t tokens;  /* tokens seen */
    int64_t skipped; /* steps whose update was skipped */
    int64_t rollbacks;
    double spike_mean, spike_variance; /* running statistics of the loss for spike detection */
    int64_t spike_count;
    uint64_t seed;
    uint64_t config_hash; /* of the effective configuration */
    uint64_t data_hash;   /* of the training data */
    const char *kernels;  /* what computed: bits are promised for the same one only */
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
    const char *tokenizer_path; /* NULL, or a SentencePiece model that is copied into the folder */
    const vsh_checkpoint_file *files;
    int file_count;
} vsh_checkpoint;

/* Writes folder/step-N; removes what an earlier attempt left, then all but the newest keep
 * complete ones (keep >= 1). VSH_EMACHINE: nothing of the older ones was touched. */
vsh_status vsh_checkpoint_write(vsh_arena *arena, const char *folder,
                                const vsh_checkpoint *checkpoint, int keep, vsh_error *err);

/* path of the newest complete checkpoint below folder, or *path NULL; one that is damaged is named
 * in *warning (arena text, "" when none) and passed over. */
vsh_status vsh_checkpoint_newest(vsh_arena *arena, const char *folder, const char **path,
                                 const char **warning, vsh_error *err);

/* Reads and verifies one checkpoint: manifest, lengths, checksums of every tensor; files[0] is
 * model.safetensors and files[1] optimizer.safetensors, which is absent (count 0) when
 * weights_only. Close both with vsh_safetensors_close. */
typedef struct {
    vsh_checkpoint_state state;
    vsh_safetensors files[2];
} vsh_checkpoint_read_result;

vsh_status vsh_checkpoint_read(vsh_arena *arena, const char *path, bool weights_only,
                               vsh_checkpoint_read_result *result, vsh_error *err);

/* XXH64 (Yann Collet, public specification) with seed 0. */
uint64_t vsh_hash64(const void *bytes, size_t length);

/* Bytes a write would take beside what is there, for the check before a run. */
int64_t vsh_checkpoint_bytes(const vsh_checkpoint *checkpoint);

#endif
