#include "trainer/study/compress.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/trainer/started.h"
#include "trainer/base/folder.h"
#include "trainer/run/checkpoint.h"
#include "trainer/run/snapshot.h"
#include "trainer/study/magnitude.h"

const char vsh_suite[] = "compress";

static vsh_error err;
static char folder[64];

#define MIXTURE                                                                                    \
    "name: mixture\nlayers: 2\nhidden: 16\nheads: 2\nffn: 24\nvocab: 40\ncontext: 48\n"            \
    "bias: attention\nnorm: layer\nposition: learned\n"                                            \
    "experts: {count: 4, top_k: 2, hidden: 8, first_dense: 1, shared: 1}\n"

static const char *in_folder(const char *name)
{
    vsh_text path = {.arena = vsh_test_arena()};

    vsh_text_add(&path, "%s/%s", folder, name);
    return vsh_text_string(&path);
}

/* A checkpoint from/step-2 of a run, and what loading it gives. */
static vsh_loaded *load(started *r)
{
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    vsh_checkpoint checkpoint = {.state = {.step = 2, .tokens = 96, .config_hash = 5},
                                 .config_json = "{}\n",
                                 .run_yaml = "steps: 1\n",
                                 .files = files,
                                 .file_count = VSH_SNAPSHOT_FILES};
    vsh_loaded *l = vsh_alloc(vsh_test_arena(), 1, sizeof *l);

    snprintf(folder, sizeof folder, "/tmp/vsh-compress-XXXXXX");
    REQUIRE(l != NULL && mkdtemp(folder) != NULL);
    train(r, 2, 1e-2);
    REQUIRE_OK(vsh_snapshot_files(vsh_test_arena(), &r->t, files, &err), &err);
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), in_folder("from"), &checkpoint, 1, &err),
               &err);
    *l = (vsh_loaded){.path = in_folder("from/step-2"),
                      .config = r->config,
                      .step = 2,
                      .list = r->t.list,
                      .offsets = r->t.offsets,
                      .element = r->t.arrays.element,
                      .weights = r->t.weights};
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &l->tokenizer, &err), &err);
    return l;
}

static void leave(started *r, vsh_loaded *l)
{
    vsh_tokenizer_close(l->tokenizer);
    CHECK_OK(vsh_folder_remove(folder, &err), &err);
    stop(r);
}

static void *copy_of(const vsh_loaded *l)
{
    size_t bytes = (size_t)l->list.elements * vsh_element_bytes(l->element);
    void *copy = vsh_alloc(vsh_test_arena(), bytes, 1);

    REQUIRE(copy != NULL);
    return memcpy(copy, l->weights.data, bytes);
}

/* ---- pruning ------------------------------------------------------------------------------- */

static int64_t nonzero_of(const vsh_loaded *l, const void *weights, const vsh_parameter *p)
{
    return vsh_magnitude_nonzero(l->element, p->rows * p->cols,
                                 vsh_at_const(weights, l->element, p->offset));
}

static void each_matrix_loses_its_share_and_nothing_else_changes(void)
{
    started *r = start_of(&(setting){.model = MIXTURE});
    vsh_loaded *l = load(r);
    const void *before = copy_of(l);
    vsh_compressed c;
    int64_t left = 0;

    vsh_compress_prune(l, 0.25, &c);
    for (int64_t i = 0; i < l->list.count; i++) {
        const vsh_parameter *p = &l->list.item[i];
        int64_t size = p->rows * p->cols, had = nonzero_of(l, before, p),
                has = nonzero_of(l, l->weights.data, p);
        bool stays = strstr(p->name, "embed") || strstr(p->name, "lm_head") ||
                     strstr(p->name, "norm") || strstr(p->name, "bias") ||
                     strstr(p->name, "moe.gate");
        CHECK_INT(has, stays ? had : size - llrint(0.25 * (double)size));
        CHECK(vsh_is_pruned(p) == !stays);
        left += has;
    }
    CHECK_INT(c.nonzero, left);
    CHECK_INT(c.dense_bytes, 4 * l->list.elements);
    CHECK_INT(c.bitmap_bytes, 4 * (l->list.elements - c.weights / 4) + c.weights / 8);
    leave(r, l);
}

/* The pruned checkpoint is one to go on from, with zeros in the master copy too. */
static void a_pruned_run_can_go_on(void)
{
    static const int precisions[] = {VSH_FP32, VSH_BF16};

    for (int p = 0; p < 2; p++) {
        setting s = {.model = MIXTURE, .precision = precisions[p]};
        started *r = start_of(&s), *again = start_of(&s);
        vsh_loaded *l = load(r);
        vsh_checkpoint_read_result read;
        vsh_compressed c;
        vsh_compress_prune(l, 0.5, &c);
        REQUIRE_OK(vsh_compress_write(vsh_test_arena(), l, NULL, in_folder("to"), NULL, &err),
                   &err);
        REQUIRE_OK(
            vsh_checkpoint_read(vsh_test_arena(), in_folder("to/step-2"), false, &read, &err),
            &err);
        CHECK_INT(read.state.tokens, 96);
        CHECK_INT((int64_t)read.state.config_hash, 5);
        REQUIRE_OK(vsh_snapshot_restore(&read, "to", &again->t, &err), &err);
        CHECK(same_weights(r, again));
        vsh_trainer_round(&again->t); /* from the master copy, which must say the same */
        CHECK(same_weights(r, again));
        vsh_safetensors_close(&read.files[0]);
        vsh_safetensors_close(&read.files[1]);
        stop(again);
        leave(r, l);
    }
}

static void a_signal_leaves_nothing(void)
{
    started *r = start_of(&(setting){.model = MIXTURE});
    vsh_loaded *l = load(r);
    const volatile sig_atomic_t stopped = 1;
    const char *path, *warning;

    CHECK_FAILS(vsh_compress_write(vsh_test_arena(), l, NULL, in_folder("to"), &stopped, &err),
                &err, VSH_ESTOPPED, "stopped");
    CHECK_OK(vsh_checkpoint_newest(vsh_test_arena(), in_folder("to"), &path, &warning, &err), &err);
    CHECK(path == NULL);
    leave(r, l);
}

/* ---- 8 bits, read by hand ------------------------------------------------------------------ */

/* Where the data of a tensor lies in a SafeTensors file, found in the text of its header; *bytes of
 * them. NULL: no such tensor of this type. */
static const char *find_by_hand(const vsh_text *file, const char *name, const char *dtype,
                                int64_t *bytes)
{
    char quoted[160], type[16];
    int64_t begin, end;
    uint64_t head;
    const char *at;

    memcpy(&head, file->data, sizeof head);
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    at = strstr(file->data + 8, quoted);
    if (!at || at >= file->data + 8 + head || !(at = strstr(at, "\"dtype\"")) ||
        sscanf(at, "\"dtype\" : \"%15[A-Z0-9]\"", type) != 1 || strcmp(type, dtype) != 0)
        return NULL;
    at = strchr(strstr(at, "data_offsets"), '[');
    REQUIRE(sscanf(at, "[%" SCNd64 " , %" SCNd64, &begin, &end) == 2);
    *bytes = end - begin;
    return file->data + 8 + head + begin;
}

/* The text before the data has no zero byte, so that strstr ends somewhere; data may. */
static void check_by_hand(const vsh_loaded *l, const float *before, const vsh_text *file)
{
    const float *after = l->weights.data;
    int64_t narrow = 0;

    for (int64_t i = 0; i < l->list.count; i++) {
        const vsh_parameter *p = &l->list.item[i];
        int64_t bytes = 0, scale_bytes = 0, size = p->rows * p->cols;
        char name[140];
        const char *q = find_by_hand(file, p->name, "I8", &bytes), *s;
        if (!q)
            continue;
        snprintf(name, sizeof name, "%s_scale", p->name);
        s = find_by_hand(file, name, "F32", &scale_bytes);
        REQUIRE(s != NULL && bytes == size && scale_bytes == 4 * p->rows);
        narrow++;
        for (int64_t j = 0; j < size; j++) {
            float scale;
            memcpy(&scale, s + 4 * (j / p->cols), sizeof scale);
            CHECK_NEAR((double)before[p->offset + j], (signed char)q[j] * (double)scale, 0,
                       0.5000001 * (double)scale);
            CHECK_NEAR((double)after[p->offset + j], (double)((float)(signed char)q[j] * scale), 0,
                       0);
        }
    }
    CHECK_INT(narrow, 2 * 4 + 3 * 2 + 3 * 4 + 3);
}

static void the_file_alone_says_what_the_format_promises(void)
{
    started *r = start_of(&(setting){.model = MIXTURE});
    vsh_loaded *l = load(r);
    const float *before = copy_of(l);
    vsh_text file = {.arena = vsh_test_arena()};
    vsh_int8_model narrow;
    vsh_compressed c;

    REQUIRE_OK(vsh_compress_int8(vsh_test_arena(), l, &narrow, &c, &err), &err);
    REQUIRE_OK(vsh_compress_write(vsh_test_arena(), l, &narrow, in_folder("to"), NULL, &err), &err);
    REQUIRE_OK(vsh_file_read(in_folder("to/step-2/model.safetensors"), &file, &err), &err);
    check_by_hand(l, before, &file);
    CHECK(c.error_largest > 0 && c.error_largest <= 0.50001 / 127);
    CHECK(c.error_rms > 0 && c.error_rms < 0.02);
    leave(r, l);
}

/* What the library's reader makes of it, in both stored types; a run must not go on with it. */
static void weights_are_read_and_a_run_is_refused(void)
{
    static const int precisions[] = {VSH_FP32, VSH_BF16};

    for (int p = 0; p < 2; p++) {
        setting s = {.model = MIXTURE, .precision = precisions[p]};
        started *r = start_of(&s), *again = start_of(&s);
        vsh_loaded *l = load(r);
        vsh_checkpoint_read_result read;
        vsh_int8_model narrow;
        vsh_compressed c;
        const char *path, *warning;
        bool quantized = false;
        REQUIRE_OK(vsh_compress_int8(vsh_test_arena(), l, &narrow, &c, &err), &err);
        REQUIRE_OK(vsh_compress_write(vsh_test_arena(), l, &narrow, in_folder("to"), NULL, &err),
                   &err);
        REQUIRE_OK(vsh_checkpoint_newest(vsh_test_arena(), in_folder("to"), &path, &warning, &err),
                   &err);
        REQUIRE(path != NULL);
        REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), path, true, &read, &err), &err);
        REQUIRE_OK(vsh_snapshot_weights(&read.files[0], path, &l->list, l->element,
                                        again->t.arrays.weights, &quantized, &err),
                   &err);
        CHECK(quantized);
        CHECK(same_weights(r, again));
        CHECK_FAILS(vsh_snapshot_restore(&read, path, &again->t, &err), &err, VSH_EINPUT,
                    "not this model's");
        vsh_safetensors_close(&read.files[0]);
        CHECK_FAILS(vsh_checkpoint_read(vsh_test_arena(), path, false, &read, &err), &err,
                    VSH_EINPUT, "weights without the state of a run");
        stop(again);
        leave(r, l);
    }
}

/* ---- 8 bits that do not hold --------------------------------------------------------------- */

static vsh_status read_changed(const vsh_loaded *l, vsh_safetensor *tensors, int64_t count)
{
    vsh_safetensors file;
    vsh_status status;
    void *weights = copy_of(l);

    unlink(in_folder("changed"));
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), in_folder("changed"), tensors, count, &err),
               &err);
    REQUIRE_OK(vsh_safetensors_open(vsh_test_arena(), in_folder("changed"), &file, &err), &err);
    status = vsh_snapshot_weights(&file, "changed", &l->list, l->element, weights, NULL, &err);
    vsh_safetensors_close(&file);
    return status;
}

static void a_scale_that_does_not_hold_is_refused(void)
{
    started *r = start_of(&(setting){.model = MIXTURE});
    vsh_loaded *l = load(r);
    vsh_safetensor kept, *scale;
    vsh_int8_model narrow;
    vsh_compressed c;
    float *bad;

    REQUIRE_OK(vsh_compress_int8(vsh_test_arena(), l, &narrow, &c, &err), &err);
    scale = &narrow.tensors[1];
    CHECK_OK(read_changed(l, narrow.tensors, narrow.count), &err);
    kept = *scale;
    *scale = narrow.tensors[narrow.count - 1];
    CHECK_FAILS(read_changed(l, narrow.tensors, narrow.count - 1), &err, VSH_EINPUT,
                "embed_tokens.weight_scale: missing");
    *scale = kept;
    scale->shape[0]--;
    scale->bytes -= 4;
    CHECK_FAILS(read_changed(l, narrow.tensors, narrow.count), &err, VSH_EINPUT,
                "embed_tokens.weight_scale: expected F32 40 x 1, got F32 39 x 1");
    *scale = kept;
    bad = vsh_alloc(vsh_test_arena(), 40, sizeof *bad);
    REQUIRE(bad != NULL);
    memcpy(bad, kept.data, 40 * sizeof *bad);
    bad[3] = NAN;
    scale->data = bad;
    CHECK_FAILS(read_changed(l, narrow.tensors, narrow.count), &err, VSH_EINPUT,
                "not a finite number");
    bad[3] = FLT_MAX; /* of weights that are not */
    CHECK_FAILS(read_changed(l, narrow.tensors, narrow.count), &err, VSH_EINPUT,
                "embed_tokens.weight: element");
    leave(r, l);
}

/* A scale without a matrix in 8 bits belongs to nothing. */
static void a_scale_beside_a_wide_matrix_is_refused(void)
{
    started *r = start_of(&(setting){.model = MIXTURE});
    vsh_loaded *l = load(r);
    vsh_safetensor *tensors =
        vsh_alloc(vsh_test_arena(), (size_t)l->list.count + 1, sizeof *tensors);
    vsh_int8_model narrow;
    vsh_compressed c;

    REQUIRE(tensors != NULL);
    REQUIRE_OK(vsh_compress_int8(vsh_test_arena(), l, &narrow, &c, &err), &err);
    vsh_snapshot_tensors(&l->list, l->element, l->weights.data, tensors);
    tensors[l->list.count] = narrow.tensors[1];
    CHECK_FAILS(read_changed(l, tensors, l->list.count + 1), &err, VSH_EINPUT,
                "embed_tokens.weight_scale: unknown");
    leave(r, l);
}

const vsh_test vsh_tests[] = {
    {"each_matrix_loses_its_share_and_nothing_else_changes",
     each_matrix_loses_its_share_and_nothing_else_changes},
    {"a_pruned_run_can_go_on", a_pruned_run_can_go_on},
    {"a_signal_leaves_nothing", a_signal_leaves_nothing},
    {"the_file_alone_says_what_the_format_promises", the_file_alone_says_what_the_format_promises},
    {"weights_are_read_and_a_run_is_refused", weights_are_read_and_a_run_is_refused},
    {"a_scale_that_does_not_hold_is_refused", a_scale_that_does_not_hold_is_refused},
    {"a_scale_beside_a_wide_matrix_is_refused", a_scale_beside_a_wide_matrix_is_refused},
    {NULL, NULL}};
