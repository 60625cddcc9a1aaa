#include "trainer/run/snapshot.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/norm.h"
#include "trainer/nn/rotary.h"
#include "trainer/nn/row_int8.h"

static const char *dtype_of(vsh_element element) { return element == VSH_F32 ? "F32" : "BF16"; }

static vsh_safetensor tensor_of(const vsh_parameter *p, vsh_element element, const void *weights)
{
    vsh_safetensor tensor = {.name = p->name,
                             .dtype = dtype_of(element),
                             .rank = p->cols > 1 ? 2 : 1,
                             .shape = {p->rows, p->cols},
                             .bytes = p->rows * p->cols * (int64_t)vsh_element_bytes(element)};

    if (p->cols == 1)
        tensor.shape[1] = 0;
    tensor.data = weights ? vsh_at_const(weights, element, p->offset) : NULL;
    return tensor;
}

void vsh_snapshot_tensors(const vsh_parameter_list *list, vsh_element element, const void *weights,
                          vsh_safetensor *tensors)
{
    for (int64_t i = 0; i < list->count; i++)
        tensors[i] = tensor_of(&list->item[i], element, weights);
}

void vsh_snapshot_int8(const vsh_parameter *p, const int8_t *q, const float *scale, char *name,
                       vsh_safetensor tensors[2])
{
    snprintf(name, VSH_SNAPSHOT_SCALE_NAME, "%s_scale", p->name);
    tensors[0] = (vsh_safetensor){.name = p->name,
                                  .dtype = "I8",
                                  .rank = 2,
                                  .shape = {p->rows, p->cols},
                                  .bytes = p->rows * p->cols,
                                  .data = q};
    tensors[1] = (vsh_safetensor){.name = name,
                                  .dtype = "F32",
                                  .rank = 2,
                                  .shape = {p->rows, 1},
                                  .bytes = 4 * p->rows,
                                  .data = scale};
}

/* The master copy and the pieces of the optimizer's state, whole. */
static int state_tensors(const vsh_trainer *t, vsh_safetensor tensors[VSH_OPTIMIZER_PIECES + 1])
{
    vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];
    int pieces_count = vsh_optimizer_pieces(&t->list, t->config->optimizer.kind, pieces), count = 0;

    if (t->arrays.master)
        tensors[count++] = (vsh_safetensor){.name = "master",
                                            .dtype = "F32",
                                            .rank = 1,
                                            .shape = {t->list.elements},
                                            .bytes = 4 * t->list.elements,
                                            .data = t->arrays.master};
    for (int i = 0; i < pieces_count; i++)
        tensors[count++] =
            (vsh_safetensor){.name = pieces[i].name,
                             .dtype = pieces[i].dtype,
                             .rank = 1,
                             .shape = {pieces[i].elements},
                             .bytes = pieces[i].elements * vsh_dtype_bytes(pieces[i].dtype),
                             .data = (const char *)t->arrays.state + pieces[i].offset_bytes};
    return count;
}

vsh_status vsh_snapshot_files(vsh_arena *arena, const vsh_trainer *t,
                              vsh_checkpoint_file files[VSH_SNAPSHOT_FILES], vsh_error *err)
{
    vsh_safetensor *weights = vsh_alloc(arena, (size_t)t->list.count, sizeof *weights);
    vsh_safetensor *state = vsh_alloc(arena, VSH_OPTIMIZER_PIECES + 1, sizeof *state);

    if (!weights || !state)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    vsh_snapshot_tensors(&t->list, t->arrays.element, t->arrays.weights, weights);
    files[0] = (vsh_checkpoint_file){"model.safetensors", weights, t->list.count};
    files[1] = (vsh_checkpoint_file){"optimizer.safetensors", state, state_tensors(t, state)};
    return VSH_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void show_shape(const vsh_safetensor *t, char *room, size_t bytes)
{
    int used = snprintf(room, bytes, "%s", t->dtype);

    for (int i = 0; i < t->rank && used > 0 && (size_t)used < bytes; i++)
        used +=
            snprintf(room + used, bytes - (size_t)used, "%s%" PRId64, i ? " x " : " ", t->shape[i]);
}

static bool same_shape(const vsh_safetensor *a, const vsh_safetensor *b)
{
    bool same = strcmp(a->dtype, b->dtype) == 0 && a->rank == b->rank && a->bytes == b->bytes;

    for (int i = 0; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    return same;
}

enum { DIFFERENCES_SHOWN = 5 };

/* Differences are listed in one line, the first few in words. */
typedef struct {
    char text[480];
    size_t used;
    int64_t count;
} differences;

static void differ(differences *d, const char *name, const char *what, const char *found)
{
    if (d->count++ < DIFFERENCES_SHOWN && d->used < sizeof d->text) {
        int wrote = snprintf(d->text + d->used, sizeof d->text - d->used, "%s%.60s: %s%s",
                             d->used ? "; " : "", name, what, found);
        d->used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static void compare(const vsh_safetensors *file, const vsh_safetensor *want, differences *d)
{
    const vsh_safetensor *found = vsh_safetensors_find(file, want->name);
    char expected[80], got[80], both[176];

    if (!found) {
        differ(d, want->name, "missing", "");
        return;
    }
    if (same_shape(found, want))
        return;
    show_shape(want, expected, sizeof expected);
    show_shape(found, got, sizeof got);
    snprintf(both, sizeof both, "%s, got %s", expected, got);
    differ(d, want->name, "expected ", both);
}

static vsh_status judge(const differences *d, const char *path, const char *name, vsh_error *err)
{
    if (d->count == 0)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "%s/%s: %" PRId64 " tensor%s not this model's: %s%s", path,
                    name, d->count, d->count == 1 ? " is" : "s are", d->text,
                    d->count > DIFFERENCES_SHOWN ? "; ..." : "");
}

/* Every wanted tensor is there, and no other. */
static void compare_all(const vsh_safetensors *file, const vsh_safetensor *want, int64_t count,
                        differences *d)
{
    for (int64_t i = 0; i < count; i++)
        compare(file, &want[i], d);
    for (int64_t i = 0; i < file->count && file->count > count; i++) {
        bool known = false;
        for (int64_t j = 0; j < count && !known; j++)
            known = strcmp(file->item[i].name, want[j].name) == 0;
        if (!known)
            differ(d, file->item[i].name, "unknown", "");
    }
}

/* Whether the file has the parameter in 8 bits. */
static bool is_narrow(const vsh_safetensors *file, const vsh_parameter *p)
{
    const vsh_safetensor *found = vsh_safetensors_find(file, p->name);

    return p->cols > 1 && found && strcmp(found->dtype, "I8") == 0;
}

static bool lists(const vsh_safetensors *file, const vsh_parameter_list *list, const char *name)
{
    char scale[VSH_SNAPSHOT_SCALE_NAME];

    for (int64_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i].name, name) == 0)
            return true;
        snprintf(scale, sizeof scale, "%s_scale", list->item[i].name);
        if (strcmp(scale, name) == 0)
            return is_narrow(file, &list->item[i]);
    }
    return false;
}

/* narrow: matrices may be 8-bit ones. */
static void compare_parameters(const vsh_safetensors *file, const vsh_parameter_list *list,
                               vsh_element element, bool narrow, differences *d)
{
    char name[VSH_SNAPSHOT_SCALE_NAME];
    int64_t wanted = 0;

    for (int64_t i = 0; i < list->count; i++) {
        vsh_safetensor want[2] = {tensor_of(&list->item[i], element, NULL)};
        int count = narrow && is_narrow(file, &list->item[i]) ? 2 : 1;
        if (count == 2)
            vsh_snapshot_int8(&list->item[i], NULL, NULL, name, want);
        for (int j = 0; j < count; j++)
            compare(file, &want[j], d);
        wanted += count;
    }
    for (int64_t i = 0; i < file->count && file->count > wanted; i++)
        if (!lists(file, list, file->item[i].name))
            differ(d, file->item[i].name, "unknown", "");
}

static bool finite_element(const void *data, vsh_element element, int64_t i)
{
    if (element == VSH_F32) {
        uint32_t bits;
        memcpy(&bits, (const char *)data + 4 * i, sizeof bits);
        return (bits & 0x7f800000U) != 0x7f800000U;
    }
    return (((const vsh_bf16 *)data)[i] & 0x7f80U) != 0x7f80U;
}

/* Of file path/name, tensor data of so many elements. */
static vsh_status check_finite(const char *path, const char *name, const vsh_safetensor *tensor,
                               vsh_element element, vsh_error *err)
{
    int64_t count = tensor->bytes / (int64_t)vsh_element_bytes(element);

    for (int64_t i = 0; i < count; i++)
        if (!finite_element(tensor->data, element, i))
            return vsh_fail(err, VSH_EINPUT,
                            "%s/%s: %s: element %" PRId64 " is not a finite number", path, name,
                            tensor->name, i);
    return VSH_OK;
}

/* One tensor, of which compare_parameters found nothing wrong. */
static vsh_status read_weight(const vsh_safetensors *file, const char *path, const vsh_parameter *p,
                              vsh_element element, void *weights, vsh_error *err)
{
    const vsh_safetensor *found = vsh_safetensors_find(file, p->name), *scale;
    char name[VSH_SNAPSHOT_SCALE_NAME];
    void *to = vsh_at(weights, element, p->offset);
    vsh_safetensor wide;

    if (is_narrow(file, p)) {
        snprintf(name, sizeof name, "%s_scale", p->name);
        scale = vsh_safetensors_find(file, name);
        vsh_row_int8_restore(p->rows, p->cols, found->data, scale->data, element, to);
        wide = tensor_of(p, element, weights); /* a finite scale can lead beyond what is finite */
        return check_finite(path, "model.safetensors", &wide, element, err);
    }
    VSH_TRY(check_finite(path, "model.safetensors", found, element, err));
    memcpy(to, found->data, (size_t)found->bytes);
    return VSH_OK;
}

static vsh_status read_weights(const vsh_safetensors *file, const char *path,
                               const vsh_parameter_list *list, vsh_element element, bool narrow,
                               void *weights, vsh_error *err)
{
    differences d = {.used = 0};

    compare_parameters(file, list, element, narrow, &d);
    VSH_TRY(judge(&d, path, "model.safetensors", err));
    for (int64_t i = 0; i < list->count; i++)
        VSH_TRY(read_weight(file, path, &list->item[i], element, weights, err));
    return VSH_OK;
}

vsh_status vsh_snapshot_weights(const vsh_safetensors *file, const char *path,
                                const vsh_parameter_list *list, vsh_element element, void *weights,
                                bool *quantized, vsh_error *err)
{
    for (int64_t i = 0; quantized && i < list->count; i++)
        *quantized |= is_narrow(file, &list->item[i]);
    return read_weights(file, path, list, element, true, weights, err);
}

vsh_status vsh_snapshot_restore(const vsh_checkpoint_read_result *read, const char *path,
                                vsh_trainer *t, vsh_error *err)
{
    vsh_safetensor state[VSH_OPTIMIZER_PIECES + 1];
    int count = state_tensors(t, state);
    differences d = {.used = 0};

    VSH_TRY(read_weights(&read->files[0], path, &t->list, t->arrays.element, false,
                         t->arrays.weights, err));
    compare_all(&read->files[1], state, count, &d);
    VSH_TRY(judge(&d, path, "optimizer.safetensors", err));
    for (int i = 0; i < count; i++) {
        const vsh_safetensor *found = vsh_safetensors_find(&read->files[1], state[i].name);
        if (strcmp(found->dtype, "F32") == 0)
            VSH_TRY(check_finite(path, "optimizer.safetensors", found, VSH_F32, err));
        /* state points into the trainer's own blocks */
        memcpy((char *)t->optimizer.data +
                   ((const char *)state[i].data - (const char *)t->optimizer.data),
               found->data, (size_t)found->bytes);
    }
    return VSH_OK;
}

/* ---- config.json --------------------------------------------------------------------------- */

void vsh_snapshot_config_json(const vsh_model *m, vsh_precision precision, vsh_text *out)
{
    const char *family = vsh_parameters_family(m);
    bool mixtral = family && m->experts.count > 0;
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_array(&json, "architectures");
    vsh_json_string(&json, NULL, family ? family : "VishwaForCausalLM");
    vsh_json_end(&json);
    vsh_json_string(&json, "model_type", mixtral ? "mixtral" : family ? "llama" : "vishwa");
    vsh_json_integer(&json, "vocab_size", m->vocab);
    vsh_json_integer(&json, "hidden_size", m->hidden);
    vsh_json_integer(&json, "intermediate_size", mixtral ? m->experts.hidden : m->ffn);
    vsh_json_integer(&json, "num_hidden_layers", m->layers);
    vsh_json_integer(&json, "num_attention_heads", m->heads);
    vsh_json_integer(&json, "num_key_value_heads", m->kv_heads);
    vsh_json_integer(&json, "head_dim", m->head_dim);
    vsh_json_string(&json, "hidden_act", "silu");
    vsh_json_integer(&json, "max_position_embeddings", m->context);
    vsh_json_real(&json, "rms_norm_eps", 1e-5);
    vsh_json_real(&json, "rope_theta", VSH_ROTARY_BASE);
    vsh_json_bool(&json, "tie_word_embeddings", m->tied);
    vsh_json_bool(&json, "attention_bias", false);
    vsh_json_string(&json, "torch_dtype", precision == VSH_FP32 ? "float32" : "bfloat16");
    if (mixtral) {
        vsh_json_integer(&json, "num_local_experts", m->experts.count);
        vsh_json_integer(&json, "num_experts_per_tok", m->experts.top_k);
    }
    vsh_json_end(&json);
}
