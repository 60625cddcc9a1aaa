#include "trainer/study/compress.h"

#include <math.h>
#include <string.h>

#include "core/file.h"
#include "trainer/nn/row_int8.h"
#include "trainer/run/checkpoint.h"
#include "trainer/run/snapshot.h"
#include "trainer/study/magnitude.h"

static int64_t size_of(const vsh_parameter *p) { return p->rows * p->cols; }

/* The matrices of layers. */
bool vsh_is_pruned(const vsh_parameter *p)
{
    return p->cols > 1 && (p->group == VSH_GROUP_ATTENTION || p->group == VSH_GROUP_MLP ||
                           p->group == VSH_GROUP_EXPERT || p->group == VSH_GROUP_SHARED);
}

bool vsh_is_quantized(const vsh_parameter *p)
{
    return vsh_is_pruned(p) || p->group == VSH_GROUP_EMBEDDING || p->group == VSH_GROUP_POSITION ||
           p->group == VSH_GROUP_HEAD;
}

static int64_t nonzero(const vsh_loaded *l)
{
    return vsh_magnitude_nonzero(l->element, l->list.elements, l->weights.data);
}

/* ---- pruning ------------------------------------------------------------------------------- */

/* What sparse formats would take of one pruned matrix: one bit says of each weight whether it is
 * there; or each that is there has its column beside it, and each row its beginning. */
static void count_sparse(const vsh_parameter *p, int64_t left, int64_t element_bytes,
                         vsh_compressed *r)
{
    int64_t column_bytes = p->cols <= 1 << 16 ? 2 : 4;

    r->bitmap_bytes += (size_of(p) + 7) / 8 + left * element_bytes;
    r->rows_bytes += left * (element_bytes + column_bytes) + 4 * (p->rows + 1);
}

void vsh_compress_prune(vsh_loaded *l, double share, vsh_compressed *r)
{
    int64_t element_bytes = (int64_t)vsh_element_bytes(l->element), dense = l->list.elements;

    *r = (vsh_compressed){.nonzero_before = nonzero(l)};
    for (int64_t i = 0; i < l->list.count; i++) {
        const vsh_parameter *p = &l->list.item[i];
        void *weights = vsh_at(l->weights.data, l->element, p->offset);
        if (!vsh_is_pruned(p))
            continue;
        vsh_magnitude_prune(l->element, size_of(p), llrint(share * (double)size_of(p)), weights);
        r->matrices++;
        r->weights += size_of(p);
        count_sparse(p, vsh_magnitude_nonzero(l->element, size_of(p), weights), element_bytes, r);
    }
    dense -= r->weights;
    r->nonzero = nonzero(l);
    r->dense_bytes = r->stored_bytes = l->list.elements * element_bytes;
    r->bitmap_bytes += dense * element_bytes;
    r->rows_bytes += dense * element_bytes;
}

/* ---- 8 bits -------------------------------------------------------------------------------- */

/* Squares of the errors and of the weights, summed. */
typedef struct {
    double error, weight;
} squares;

static void measure(const vsh_parameter *p, vsh_element element, const void *weights,
                    const int8_t *q, const float *scale, vsh_compressed *r, squares *sum)
{
    for (int64_t i = 0; i < size_of(p); i++) {
        double w = (double)vsh_element_get(element, weights, i), s = (double)scale[i / p->cols];
        double error = fabs(w - (double)q[i] * s);
        if (s > 0)
            r->error_largest = fmax(r->error_largest, error / (VSH_ROW_INT8_MOST * s));
        sum->error += error * error;
        sum->weight += w * w;
    }
}

/* Makes one matrix narrow; tensors gets two more. */
static vsh_status narrow_matrix(vsh_arena *arena, vsh_loaded *l, const vsh_parameter *p,
                                vsh_int8_model *narrow, vsh_compressed *r, squares *sum,
                                vsh_error *err)
{
    void *weights = vsh_at(l->weights.data, l->element, p->offset);
    int8_t *q = vsh_alloc(arena, (size_t)size_of(p), 1);
    float *scale = vsh_alloc(arena, (size_t)p->rows, sizeof *scale);
    char *name = vsh_alloc(arena, VSH_SNAPSHOT_SCALE_NAME, 1);

    if (!q || !scale || !name)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_row_int8_make(l->element, p->rows, p->cols, weights, q, scale);
    measure(p, l->element, weights, q, scale, r, sum);
    vsh_row_int8_restore(p->rows, p->cols, q, scale, l->element, weights);
    vsh_snapshot_int8(p, q, scale, name, &narrow->tensors[narrow->count]);
    narrow->count += 2;
    r->matrices++;
    r->weights += size_of(p);
    return VSH_OK;
}

vsh_status vsh_compress_int8(vsh_arena *arena, vsh_loaded *l, vsh_int8_model *narrow,
                             vsh_compressed *r, vsh_error *err)
{
    vsh_safetensor *wide = vsh_alloc(arena, (size_t)l->list.count, sizeof *wide);
    squares sum = {0};

    *r = (vsh_compressed){.nonzero_before = nonzero(l)};
    *narrow = (vsh_int8_model){
        .tensors = vsh_alloc(arena, 2 * (size_t)l->list.count, sizeof *narrow->tensors)};
    if (!wide || !narrow->tensors)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_snapshot_tensors(&l->list, l->element, l->weights.data, wide);
    for (int64_t i = 0; i < l->list.count; i++)
        if (vsh_is_quantized(&l->list.item[i]))
            VSH_TRY(narrow_matrix(arena, l, &l->list.item[i], narrow, r, &sum, err));
        else
            narrow->tensors[narrow->count++] = wide[i];
    for (int64_t i = 0; i < narrow->count; i++)
        r->stored_bytes += narrow->tensors[i].bytes;
    r->nonzero = nonzero(l);
    r->dense_bytes = l->list.elements * (int64_t)vsh_element_bytes(l->element);
    r->error_rms = sum.weight > 0 ? sqrt(sum.error / sum.weight) : 0;
    return VSH_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The master copy of 16-bit weights without what is pruned. */
static void prune_master(const vsh_loaded *l, float *master)
{
    for (int64_t i = 0; i < l->list.count; i++) {
        const vsh_parameter *p = &l->list.item[i];
        if (!vsh_is_pruned(p))
            continue;
        for (int64_t at = p->offset; at < p->offset + size_of(p); at++)
            if (vsh_element_get(l->element, l->weights.data, at) == 0)
                master[at] = 0;
    }
}

/* The state of the run as it was read, but for the master copy. */
static vsh_status state_tensors(vsh_arena *arena, const vsh_loaded *l, const vsh_safetensors *read,
                                vsh_safetensor *state, vsh_error *err)
{
    for (int64_t i = 0; i < read->count; i++) {
        float *master;
        state[i] = read->item[i];
        if (strcmp(state[i].name, "master") != 0)
            continue;
        if (state[i].bytes != 4 * l->list.elements)
            return vsh_fail(err, VSH_EINPUT, "%s/optimizer.safetensors: not of this model",
                            l->path);
        if (!(master = vsh_alloc(arena, (size_t)l->list.elements, sizeof *master)))
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        state[i].data = memcpy(master, state[i].data, (size_t)state[i].bytes);
        prune_master(l, master);
    }
    return VSH_OK;
}

/* The files of the checkpoint: weights, and unless they are narrow the state of the run. */
static vsh_status list_files(vsh_arena *arena, const vsh_loaded *l, const vsh_int8_model *narrow,
                             const vsh_checkpoint_read_result *read, vsh_checkpoint_file *files,
                             vsh_error *err)
{
    vsh_safetensor *weights = vsh_alloc(arena, (size_t)l->list.count, sizeof *weights);
    vsh_safetensor *state = vsh_alloc(arena, (size_t)read->files[1].count + 1, sizeof *state);

    if (!weights || !state)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_snapshot_tensors(&l->list, l->element, l->weights.data, weights);
    files[0] = (vsh_checkpoint_file){"model.safetensors", weights, l->list.count};
    files[1] = (vsh_checkpoint_file){"optimizer.safetensors", state, read->files[1].count};
    if (narrow) {
        files[0].tensors = narrow->tensors;
        files[0].count = narrow->count;
        return VSH_OK;
    }
    return state_tensors(arena, l, &read->files[1], state, err);
}

static vsh_status write_files(vsh_arena *arena, const vsh_loaded *l, const vsh_int8_model *narrow,
                              const vsh_checkpoint_read_result *read, const char *folder,
                              vsh_error *err)
{
    const char *config = vsh_path_join(arena, l->path, "config.yaml");
    vsh_text yaml = {.arena = arena}, json = {.arena = arena};
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    vsh_checkpoint checkpoint = {.state = read->state,
                                 .tokenizer_path = vsh_tokenizer_path(l->tokenizer),
                                 .files = files,
                                 .file_count = narrow ? 1 : VSH_SNAPSHOT_FILES};

    if (!config)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_file_read(config, &yaml, err));
    vsh_snapshot_config_json(&l->config.model, (vsh_precision)l->config.precision, &json);
    checkpoint.run_yaml = vsh_text_string(&yaml);
    checkpoint.config_json = vsh_text_string(&json);
    VSH_TRY(list_files(arena, l, narrow, read, files, err));
    return vsh_checkpoint_write(arena, folder, &checkpoint, 1, err);
}

vsh_status vsh_compress_write(vsh_arena *arena, const vsh_loaded *l, const vsh_int8_model *narrow,
                              const char *folder, const volatile sig_atomic_t *stop, vsh_error *err)
{
    vsh_checkpoint_read_result read = {0};
    vsh_status status = vsh_checkpoint_read(arena, l->path, narrow != NULL, &read, err);

    if (status == VSH_OK && stop && *stop)
        status = vsh_fail(err, VSH_ESTOPPED, "stopped");
    if (status == VSH_OK)
        status = write_files(arena, l, narrow, &read, folder, err);
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    return status;
}
