#include "trainer/run/checkpoint.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/base/mapped_file.h"
#include "trainer/base/new_file.h"
#include "trainer/run/manifest.h"

static const char model_name[] = "model.safetensors", optimizer_name[] = "optimizer.safetensors",
                  manifest_name[] = "manifest.json", config_name[] = "config.json",
                  run_name[] = "config.yaml", tokenizer_name[] = "tokenizer.model";

enum { FILES_MAX = 16, STEP_DIGITS = 18 };

static vsh_status no_memory(const char *folder, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
}

/* ---- what stands in a folder --------------------------------------------------------------- */

/* In the order in which two of one step count. */
typedef enum { PLAIN, OLD, TEMPORARY } entry_kind;

static const char *const suffixes[] = {"", ".old", ".tmp"};

typedef struct {
    int64_t step;
    entry_kind kind;
    char name[5 + STEP_DIGITS + 5];
} entry;

static void name_entry(entry *e, int64_t step, entry_kind kind)
{
    e->step = step;
    e->kind = kind;
    snprintf(e->name, sizeof e->name, "step-%" PRId64 "%s", step, suffixes[kind]);
}

static const char *path_of(vsh_arena *arena, const char *folder, int64_t step, entry_kind kind)
{
    entry e;

    name_entry(&e, step, kind);
    return vsh_path_join(arena, folder, e.name);
}

/* Exactly the names that name_entry makes. */
static bool parse_entry(const char *name, entry *e)
{
    const char *digits = name + 5;
    size_t length;

    if (strncmp(name, "step-", 5) != 0)
        return false;
    length = strspn(digits, "0123456789");
    if (length == 0 || length > STEP_DIGITS)
        return false;
    for (int kind = PLAIN; kind <= TEMPORARY; kind++) {
        name_entry(e, strtoll(digits, NULL, 10), (entry_kind)kind);
        if (strcmp(e->name, name) == 0)
            return true;
    }
    return false;
}

/* The highest step first. */
static int compare_entries(const void *a, const void *b)
{
    const entry *left = a, *right = b;

    if (left->step != right->step)
        return left->step > right->step ? -1 : 1;
    return (int)left->kind - (int)right->kind;
}

static vsh_status list_entries(vsh_arena *arena, const char *folder, entry **list, int64_t *count,
                               vsh_error *err)
{
    DIR *directory = opendir(folder);
    const struct dirent *found;
    int64_t capacity = 0;
    entry e;

    *count = 0;
    if (!directory && errno == ENOENT)
        return VSH_OK;
    if (!directory)
        return vsh_fail(err, errno == ENOTDIR ? VSH_EINPUT : VSH_EMACHINE, "%s: %s", folder,
                        strerror(errno));
    while ((found = readdir(directory)))
        capacity += parse_entry(found->d_name, &e);
    *list = vsh_alloc(arena, (size_t)capacity, sizeof **list);
    rewinddir(directory);
    while (*list && *count < capacity && (found = readdir(directory)))
        if (parse_entry(found->d_name, &e))
            (*list)[(*count)++] = e;
    closedir(directory);
    if (!*list)
        return no_memory(folder, err);
    qsort(*list, (size_t)*count, sizeof **list, compare_entries);
    return VSH_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct {
    vsh_arena *arena;
    const char *folder, *temporary; /* temporary: folder/step-N.tmp */
    vsh_error *err;
    vsh_manifest_file file[FILES_MAX];
    int64_t file_count;
} writer;

static vsh_manifest_file *add_file(writer *w, const char *name, int64_t bytes, uint64_t hash)
{
    vsh_manifest_file *file = &w->file[w->file_count++];

    assert(w->file_count <= FILES_MAX);
    *file = (vsh_manifest_file){.name = name, .bytes = bytes, .hash = hash};
    return file;
}

static vsh_status put_bytes(writer *w, const char *name, const void *bytes, int64_t length)
{
    const char *path = vsh_path_join(w->arena, w->temporary, name);

    if (!path)
        return no_memory(w->folder, w->err);
    VSH_TRY(vsh_new_file_write(path, bytes, length, w->err));
    add_file(w, name, length, vsh_hash64(bytes, (size_t)length));
    return VSH_OK;
}

static vsh_status copy_file(writer *w, const char *name, const char *from)
{
    vsh_mapped_file map;
    vsh_status status;

    VSH_TRY(vsh_mapped_file_open(from, &map, w->err));
    status = put_bytes(w, name, map.data, map.bytes);
    vsh_mapped_file_close(&map);
    return status;
}

static vsh_status put_tensors(writer *w, const vsh_checkpoint_file *from)
{
    const char *path = vsh_path_join(w->arena, w->temporary, from->name);
    vsh_manifest_tensor *tensor = vsh_alloc(w->arena, (size_t)from->count, sizeof *tensor);
    vsh_safetensors_layout layout;
    vsh_manifest_file *file;

    if (!path || !tensor)
        return no_memory(w->folder, w->err);
    VSH_TRY(vsh_safetensors_arrange(w->arena, path, from->tensors, from->count, &layout, w->err));
    VSH_TRY(vsh_safetensors_put(path, &layout, w->err));
    for (int64_t i = 0; i < layout.count; i++) {
        tensor[i].name = layout.order[i]->name;
        tensor[i].hash = vsh_hash64(layout.order[i]->data, (size_t)layout.order[i]->bytes);
    }
    file = add_file(w, from->name, layout.head_bytes + layout.data_bytes,
                    vsh_hash64(layout.head, (size_t)layout.head_bytes));
    file->tensors = tensor;
    file->count = layout.count;
    return VSH_OK;
}

static vsh_status put_manifest(writer *w, const vsh_checkpoint_state *state)
{
    vsh_manifest manifest = {.state = *state, .files = w->file, .file_count = w->file_count};
    const char *path = vsh_path_join(w->arena, w->temporary, manifest_name);
    vsh_text text = {.arena = w->arena};

    if (!path)
        return no_memory(w->folder, w->err);
    VSH_TRY(vsh_manifest_text(path, &manifest, &text, w->err));
    return vsh_new_file_write(path, text.data, (int64_t)text.length, w->err);
}

static vsh_status put_all(writer *w, const vsh_checkpoint *checkpoint)
{
    if (mkdir(w->temporary, 0777) != 0)
        return vsh_fail(w->err, VSH_EMACHINE, "%s: %s", w->temporary, strerror(errno));
    VSH_TRY(put_bytes(w, config_name, checkpoint->config_json,
                      (int64_t)strlen(checkpoint->config_json)));
    VSH_TRY(put_bytes(w, run_name, checkpoint->run_yaml, (int64_t)strlen(checkpoint->run_yaml)));
    if (checkpoint->tokenizer_path)
        VSH_TRY(copy_file(w, tokenizer_name, checkpoint->tokenizer_path));
    for (int i = 0; i < checkpoint->file_count; i++)
        VSH_TRY(put_tensors(w, &checkpoint->files[i]));
    VSH_TRY(put_manifest(w, &checkpoint->state));
    return vsh_folder_sync(w->temporary, w->err);
}

static vsh_status move(const char *from, const char *to, vsh_error *err)
{
    if (rename(from, to) != 0)
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot become %s: %s", from, to, strerror(errno));
    return VSH_OK;
}

/* Gives what is written its name. One that has it already steps aside first: at every moment the
 * old or the new one can be found. */
static vsh_status publish(writer *w, int64_t step)
{
    const char *path = path_of(w->arena, w->folder, step, PLAIN);
    const char *aside = path_of(w->arena, w->folder, step, OLD);
    struct stat info;
    bool replaces;

    if (!path || !aside)
        return no_memory(w->folder, w->err);
    replaces = lstat(path, &info) == 0;
    if (replaces) {
        VSH_TRY(vsh_folder_remove(aside, w->err));
        VSH_TRY(move(path, aside, w->err));
    }
    if (move(w->temporary, path, w->err) != VSH_OK) {
        if (replaces)
            (void)move(aside, path, NULL);
        return VSH_EMACHINE;
    }
    return vsh_folder_sync(w->folder, w->err);
}

/* What a crash left half written, or half removed. Only our own place must be free. */
static vsh_status clear_leftovers(writer *w)
{
    entry *list;
    int64_t count;

    VSH_TRY(list_entries(w->arena, w->folder, &list, &count, w->err));
    for (int64_t i = 0; i < count; i++) {
        const char *path = vsh_path_join(w->arena, w->folder, list[i].name);
        if (path && list[i].kind == TEMPORARY)
            (void)vsh_folder_remove(path, NULL);
    }
    return vsh_folder_remove(w->temporary, w->err);
}

/* Manifest and lengths hold: what deciding about old ones costs no reading. */
static bool looks_complete(vsh_arena *arena, const char *path)
{
    const char *manifest_path = vsh_path_join(arena, path, manifest_name);
    vsh_manifest manifest;

    if (!manifest_path || vsh_manifest_read(arena, manifest_path, &manifest, NULL) != VSH_OK)
        return false;
    for (int64_t i = 0; i < manifest.file_count; i++) {
        const char *file = vsh_path_join(arena, path, manifest.files[i].name);
        struct stat info;
        if (!file || stat(file, &info) != 0 || info.st_size != manifest.files[i].bytes)
            return false;
    }
    return true;
}

/* Renamed first: one that is half removed is no checkpoint. */
static void discard(const writer *w, const entry *e)
{
    const char *path = vsh_path_join(w->arena, w->folder, e->name);
    const char *away = path_of(w->arena, w->folder, e->step, TEMPORARY);

    if (path && away && move(path, away, NULL) == VSH_OK)
        (void)vsh_folder_remove(away, NULL);
}

vsh_status vsh_checkpoint_find(vsh_arena *arena, const char *path, const char **found,
                               const char **warning, vsh_error *err)
{
    const char *folder = vsh_path_join(arena, path, "checkpoints");
    const char *manifest = vsh_path_join(arena, path, "manifest.json");

    if (!folder || !manifest)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *warning = "";
    *found = path;
    if (access(manifest, F_OK) == 0)
        return VSH_OK;
    if (access(folder, F_OK) != 0)
        folder = path;
    VSH_TRY(vsh_checkpoint_newest(arena, folder, found, warning, err));
    if (!*found)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: expected a run directory with a checkpoint, or a "
                        "checkpoint; found none%s%s",
                        path, **warning ? ": " : "", *warning);
    return VSH_OK;
}

vsh_status vsh_checkpoint_discard_after(vsh_arena *arena, const char *folder, int64_t step,
                                        vsh_error *err)
{
    entry *list;
    int64_t count;

    VSH_TRY(list_entries(arena, folder, &list, &count, err));
    for (int64_t i = 0; i < count && list[i].step > step; i++) {
        const char *path = vsh_path_join(arena, folder, list[i].name);
        const char *away = path_of(arena, folder, list[i].step, TEMPORARY);
        if (!path || !away)
            return no_memory(folder, err);
        /* renamed first: one that is half removed is no checkpoint */
        if (list[i].kind != TEMPORARY) {
            VSH_TRY(vsh_folder_remove(away, err));
            VSH_TRY(move(path, away, err));
        }
        VSH_TRY(vsh_folder_remove(away, err));
    }
    return count ? vsh_folder_sync(folder, err) : VSH_OK;
}

/* What fails here is tried again after the next write: the new checkpoint is there. One that does
 * not look complete does not count, but goes only when keep newer ones do: a disk that failed for a
 * moment is no reason to remove anything. */
static void prune(writer *w, int64_t step, int keep)
{
    int64_t count, last = step;
    entry *list;
    int kept = 1;

    if (list_entries(w->arena, w->folder, &list, &count, NULL) != VSH_OK)
        return;
    for (int64_t i = 0; i < count; i++) {
        const char *path = vsh_path_join(w->arena, w->folder, list[i].name);
        if (!path || list[i].kind == TEMPORARY || (list[i].step == step && list[i].kind == PLAIN))
            continue;
        if (kept == keep || list[i].step == last) {
            discard(w, &list[i]);
        } else if (looks_complete(w->arena, path)) {
            last = list[i].step;
            kept++;
        }
    }
}

/* The folder itself must outlive a power cut, too. */
static vsh_status make_folder(writer *w)
{
    struct stat info;
    const char *above;

    if (stat(w->folder, &info) == 0)
        return VSH_OK;
    VSH_TRY(vsh_folder_make(w->folder, w->err));
    above = vsh_path_join(w->arena, w->folder, "..");
    return above ? vsh_folder_sync(above, w->err) : no_memory(w->folder, w->err);
}

vsh_status vsh_checkpoint_write(vsh_arena *arena, const char *folder,
                                const vsh_checkpoint *checkpoint, int keep, vsh_error *err)
{
    int64_t step = checkpoint->state.step;
    writer w = {.arena = arena, .folder = folder, .err = err};
    vsh_status status;

    assert(arena && folder && keep >= 1 && step >= 0);
    assert(checkpoint->config_json && checkpoint->run_yaml &&
           checkpoint->file_count + 3 <= FILES_MAX);
    w.temporary = path_of(arena, folder, step, TEMPORARY);
    if (!w.temporary)
        return no_memory(folder, err);
    VSH_TRY(make_folder(&w));
    VSH_TRY(clear_leftovers(&w));
    status = put_all(&w, checkpoint);
    if (status == VSH_OK)
        status = publish(&w, step);
    if (status != VSH_OK) {
        (void)vsh_folder_remove(w.temporary, NULL);
        return status;
    }
    prune(&w, step, keep);
    return VSH_OK;
}

int64_t vsh_checkpoint_bytes(const vsh_checkpoint *checkpoint)
{
    enum { SMALL = 8192, ROUNDING = 4096, PER_TENSOR = 512 };
    int64_t bytes =
        SMALL + (int64_t)(strlen(checkpoint->config_json) + strlen(checkpoint->run_yaml));
    struct stat info;

    if (checkpoint->tokenizer_path && stat(checkpoint->tokenizer_path, &info) == 0)
        bytes += info.st_size;
    for (int i = 0; i < checkpoint->file_count; i++)
        for (int64_t j = 0; j < checkpoint->files[i].count; j++) {
            const vsh_safetensor *tensor = &checkpoint->files[i].tensors[j];
            /* a name stands in the header and in the manifest, at most six characters for one */
            bytes += tensor->bytes + PER_TENSOR + 12 * (int64_t)strlen(tensor->name);
        }
    return bytes + ROUNDING * (checkpoint->file_count + 6);
}

/* ---- reading ------------------------------------------------------------------------------- */

static vsh_status damaged(const char *path, const char *what, const char *name, vsh_error *err)
{
    return vsh_fail(err, VSH_EINPUT, "%s: damaged: %s%.200s is not what the manifest says", path,
                    what, name);
}

static vsh_status check_length(const char *path, int64_t bytes, int64_t expected, vsh_error *err)
{
    if (bytes != expected)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: damaged: %" PRId64 " bytes; the manifest says %" PRId64, path, bytes,
                        expected);
    return VSH_OK;
}

static vsh_status check_plain(const char *path, const vsh_manifest_file *expected, vsh_error *err)
{
    vsh_mapped_file map;
    vsh_status status;

    VSH_TRY(vsh_mapped_file_open(path, &map, err));
    status = check_length(path, map.bytes, expected->bytes, err);
    if (status == VSH_OK && vsh_hash64(map.data, (size_t)map.bytes) != expected->hash)
        status = damaged(path, "the text", "", err);
    vsh_mapped_file_close(&map);
    return status;
}

static vsh_status check_tensors(const char *path, const vsh_manifest_file *expected,
                                const vsh_safetensors *file, vsh_error *err)
{
    VSH_TRY(check_length(path, file->map_bytes, expected->bytes, err));
    if (vsh_hash64(file->map, (size_t)file->head_bytes) != expected->hash)
        return damaged(path, "the header", "", err);
    if (file->count != expected->count)
        return damaged(path, "the number of tensors", "", err);
    for (int64_t i = 0; i < file->count; i++) {
        const vsh_safetensor *tensor = &file->item[i];
        if (strcmp(tensor->name, expected->tensors[i].name) != 0 ||
            vsh_hash64(tensor->data, (size_t)tensor->bytes) != expected->tensors[i].hash)
            return damaged(path, "tensor ", tensor->name, err);
    }
    return VSH_OK;
}

static vsh_status open_tensors(vsh_arena *arena, const char *path,
                               const vsh_manifest_file *expected, vsh_safetensors *file,
                               vsh_error *err)
{
    vsh_status status;

    VSH_TRY(vsh_safetensors_open(arena, path, file, err));
    status = check_tensors(path, expected, file, err);
    if (status != VSH_OK)
        vsh_safetensors_close(file);
    return status;
}

/* What a reader wants of optimizer.safetensors: a checkpoint of weights alone has none. */
typedef enum { STATE_NEEDED, STATE_IF_LISTED, STATE_LEFT } state_wish;

/* Tensors go to their place in the result; of every other file only the bytes count. */
static vsh_status read_files(vsh_arena *arena, const char *path, const vsh_manifest *manifest,
                             state_wish wish, vsh_checkpoint_read_result *result, vsh_error *err)
{
    const vsh_manifest_file *model = vsh_manifest_find(manifest, model_name);
    const vsh_manifest_file *optimizer = vsh_manifest_find(manifest, optimizer_name);

    if (!model || !model->tensors)
        return vsh_fail(err, VSH_EINPUT, "%s/%s: lists no %s", path, manifest_name, model_name);
    if (optimizer ? !optimizer->tensors : wish == STATE_NEEDED)
        return vsh_fail(err, VSH_EINPUT,
                        "%s/%s: lists no %s: weights without the state of a run are for eval and "
                        "sample, not to go on with",
                        path, manifest_name, optimizer_name);
    for (int64_t i = 0; i < manifest->file_count; i++) {
        const vsh_manifest_file *file = &manifest->files[i];
        const char *at = vsh_path_join(arena, path, file->name);
        vsh_safetensors other = {.count = 0};
        vsh_safetensors *into = file == model       ? &result->files[0]
                                : file == optimizer ? &result->files[1]
                                                    : &other;
        if (!at)
            return no_memory(path, err);
        if (wish == STATE_LEFT && file == optimizer)
            continue;
        if (file->tensors)
            VSH_TRY(open_tensors(arena, at, file, into, err));
        else
            VSH_TRY(check_plain(at, file, err));
        vsh_safetensors_close(&other);
    }
    return VSH_OK;
}

static vsh_status read_wished(vsh_arena *arena, const char *path, state_wish wish,
                              vsh_checkpoint_read_result *result, vsh_error *err)
{
    const char *manifest_path = vsh_path_join(arena, path, manifest_name);
    vsh_manifest manifest;
    vsh_status status;

    *result = (vsh_checkpoint_read_result){.state = {0}};
    if (!manifest_path)
        return no_memory(path, err);
    VSH_TRY(vsh_manifest_read(arena, manifest_path, &manifest, err));
    status = read_files(arena, path, &manifest, wish, result, err);
    if (status != VSH_OK) {
        vsh_safetensors_close(&result->files[0]);
        vsh_safetensors_close(&result->files[1]);
        return status;
    }
    result->state = manifest.state;
    return VSH_OK;
}

vsh_status vsh_checkpoint_read(vsh_arena *arena, const char *path, bool weights_only,
                               vsh_checkpoint_read_result *result, vsh_error *err)
{
    return read_wished(arena, path, weights_only ? STATE_LEFT : STATE_NEEDED, result, err);
}

/* Reads all of it and keeps nothing. */
static vsh_status check_whole(const char *path, int64_t step, vsh_error *err)
{
    vsh_checkpoint_read_result result;
    vsh_arena scratch = {NULL};
    vsh_status status = read_wished(&scratch, path, STATE_IF_LISTED, &result, err);

    if (status == VSH_OK) {
        vsh_safetensors_close(&result.files[0]);
        vsh_safetensors_close(&result.files[1]);
        if (result.state.step != step)
            status = vsh_fail(err, VSH_EINPUT, "%s/%s: step: expected %" PRId64 ", got %" PRId64,
                              path, manifest_name, step, result.state.step);
    }
    vsh_arena_free(&scratch);
    return status;
}

vsh_status vsh_checkpoint_newest(vsh_arena *arena, const char *folder, const char **path,
                                 const char **warning, vsh_error *err)
{
    vsh_text warnings = {.arena = arena};
    entry *list;
    int64_t count;

    *path = NULL;
    *warning = "";
    VSH_TRY(list_entries(arena, folder, &list, &count, err));
    for (int64_t i = 0; i < count && !*path; i++) {
        const char *at = vsh_path_join(arena, folder, list[i].name);
        vsh_error reason;
        vsh_status status;
        if (list[i].kind == TEMPORARY)
            continue;
        if (!at)
            return no_memory(folder, err);
        status = check_whole(at, list[i].step, &reason);
        if (status == VSH_OK)
            *path = at;
        else if (status == VSH_EINPUT)
            vsh_text_add(&warnings, "%spassed over %s", warnings.length ? "; " : "", reason.text);
        else
            return vsh_fail(err, status, "%s", reason.text);
    }
    if (warnings.failed)
        return no_memory(folder, err);
    *warning = vsh_text_string(&warnings);
    return VSH_OK;
}
