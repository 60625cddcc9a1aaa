/* A trained model made smaller in place, and written as a checkpoint that the other commands read:
 * matrices pruned by magnitude, or kept in 8 bits (docs/compress.md). */
#ifndef VSH_COMPRESS_H
#define VSH_COMPRESS_H

#include <signal.h>

#include "trainer/base/safetensors.h"
#include "trainer/run/loaded.h"

/* What it came to. Bytes are of tensors, without the files' heads. */
typedef struct {
    int64_t matrices, weights;       /* that were treated, and their elements */
    int64_t nonzero_before, nonzero; /* parameters of the model that are not 0 */
    int64_t dense_bytes;             /* as the checkpoint has them */
    int64_t stored_bytes;            /* as the new one has them */
    int64_t bitmap_bytes;            /* a bit a weight, and those that are left: counted only */
    int64_t rows_bytes;              /* compressed sparse rows: counted only */
    double error_largest;            /* of a weight, over the largest of its row */
    double error_rms;                /* of all treated weights, over their own */
} vsh_compressed;

/* Which tensors: the matrices of attention, MLPs and experts. Norms, biases and the router, which
 * decides and is small, stay. Embeddings and head are quantized but not pruned: the rows of rare
 * tokens are small, and would go first. */
bool vsh_is_pruned(const vsh_parameter *parameter);
bool vsh_is_quantized(const vsh_parameter *parameter);

/* The smallest share of the weights of each matrix becomes 0. */
void vsh_compress_prune(vsh_loaded *model, double share, vsh_compressed *result);

/* The 8-bit form, in the arena; the model's weights become what reading it gives. */
typedef struct {
    vsh_safetensor *tensors;
    int64_t count;
} vsh_int8_model;

vsh_status vsh_compress_int8(vsh_arena *arena, vsh_loaded *model, vsh_int8_model *narrow,
                             vsh_compressed *result, vsh_error *err);

/* Writes folder/step-N: the pruned model with the state of its run, whose master copy loses the
 * same weights; or narrow (else NULL) alone, which has no state. stop is looked at before anything
 * is written: VSH_ESTOPPED. */
vsh_status vsh_compress_write(vsh_arena *arena, const vsh_loaded *model,
                              const vsh_int8_model *narrow, const char *folder,
                              const volatile sig_atomic_t *stop, vsh_error *err);

#endif
