#include "trainer/run/loaded.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/run/checkpoint.h"
#include "trainer/run/snapshot.h"

static vsh_status read_weights(vsh_arena *arena, vsh_loaded *l, vsh_error *err)
{
    vsh_checkpoint_read_result read = {0};
    vsh_status status;

    l->element = l->config.precision == VSH_FP32 ? VSH_F32 : VSH_B16;
    VSH_TRY(vsh_parameters_list(arena, &l->config.model, &l->list, &l->offsets, err));
    VSH_TRY(vsh_block_reserve("the weights",
                              l->list.elements * (int64_t)vsh_element_bytes(l->element),
                              VSH_PLACE_INTERLEAVED, &l->weights, err));
    status = vsh_checkpoint_read(arena, l->path, true, &read, err);
    if (status == VSH_OK)
        status = vsh_snapshot_weights(&read.files[0], l->path, &l->list, l->element,
                                      l->weights.data, &l->quantized, err);
    l->step = read.state.step;
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    return status;
}

static vsh_status open_tokenizer(vsh_arena *arena, vsh_loaded *l, vsh_error *err)
{
    const char *model = vsh_path_join(arena, l->path, "tokenizer.model");

    if (!model)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return vsh_tokenizer_open(arena, access(model, F_OK) == 0 ? model : NULL, &l->tokenizer, err);
}

static vsh_status open_threads(vsh_arena *arena, int threads, const vsh_gemm_options *gemm,
                               vsh_loaded *l, vsh_error *err)
{
    VSH_TRY(vsh_block_reserve("the threads' scratch", (int64_t)threads * VSH_SCRATCH_BYTES,
                              VSH_PLACE_LOCAL, &l->scratch, err));
    VSH_TRY(vsh_pool_start(arena, threads, l->scratch.data, VSH_SCRATCH_BYTES, &l->pool, err));
    l->nn = (vsh_nn){.pool = l->pool, .kernels = vsh_kernels_find()};
    return vsh_gemm_open(arena, l->pool, l->nn.kernels, gemm, &l->nn.gemm, err);
}

vsh_status vsh_loaded_read(vsh_arena *arena, const vsh_library *library, const char *path,
                           vsh_loaded *l, const char **warning, vsh_error *err)
{
    const char *config;

    *l = (vsh_loaded){.path = path};
    VSH_TRY(vsh_checkpoint_find(arena, path, &l->path, warning, err));
    if (!(config = vsh_path_join(arena, l->path, "config.yaml")))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_run_config_read(arena, library, config, NULL, 0, &l->config, err));
    VSH_TRY(read_weights(arena, l, err));
    return open_tokenizer(arena, l, err);
}

vsh_status vsh_loaded_open(vsh_arena *arena, const vsh_library *library, const char *path,
                           int threads, const vsh_gemm_options *gemm, vsh_loaded *l,
                           const char **warning, vsh_error *err)
{
    VSH_TRY(vsh_loaded_read(arena, library, path, l, warning, err));
    return open_threads(arena, threads, gemm, l, err);
}

void vsh_loaded_close(vsh_loaded *l)
{
    if (l->nn.gemm)
        vsh_gemm_close(l->nn.gemm);
    vsh_pool_stop(l->pool);
    if (l->tokenizer)
        vsh_tokenizer_close(l->tokenizer);
    vsh_block_release(&l->weights);
    vsh_block_release(&l->scratch);
}
