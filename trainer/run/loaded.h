/* A trained model out of a checkpoint: weights, tokenizer and threads, ready to be asked. */
#ifndef VSH_LOADED_H
#define VSH_LOADED_H

#include "core/library.h"
#include "trainer/base/block.h"
#include "trainer/data/tokenizer.h"
#include "trainer/nn/nn.h"
#include "trainer/nn/parameters.h"
#include "trainer/run/run_config.h"

typedef struct {
    const char *path; /* of the checkpoint itself */
    vsh_run_config config;
    int64_t step;
    vsh_parameter_list list;
    vsh_offsets offsets;
    vsh_element element;
    bool quantized; /* some matrices are 8-bit ones in the file */
    vsh_tokenizer *tokenizer;
    vsh_block weights, scratch;
    vsh_pool *pool;
    vsh_nn nn;
} vsh_loaded;

/* path: a run directory (its newest complete checkpoint), its checkpoints folder, or one
 * checkpoint. *warning: damaged ones that were passed over, "" when none. VSH_EINPUT. */
vsh_status vsh_loaded_open(vsh_arena *arena, const vsh_library *library, const char *path,
                           int threads, const vsh_gemm_options *gemm, vsh_loaded *loaded,
                           const char **warning, vsh_error *err);
/* The same without threads. */
vsh_status vsh_loaded_read(vsh_arena *arena, const vsh_library *library, const char *path,
                           vsh_loaded *loaded, const char **warning, vsh_error *err);
void vsh_loaded_close(vsh_loaded *loaded);

#endif
