#include <inttypes.h>
#include <string.h>

#include "trainer/run/run_loop.h"
#include "trainer/run/snapshot.h"

uint64_t vsh_run_config_hash(vsh_arena *arena, const vsh_run_config *config)
{
    vsh_text text = {.arena = arena};

    vsh_run_config_deciding(config, &text);
    return vsh_hash64(vsh_text_string(&text), text.length);
}

vsh_status vsh_run_save(vsh_run *run, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    vsh_text json = {.arena = &scratch};
    vsh_checkpoint checkpoint = {.state = run->state,
                                 .run_yaml = run->config_yaml,
                                 .tokenizer_path = vsh_tokenizer_path(run->data->tokenizer),
                                 .files = files,
                                 .file_count = VSH_SNAPSHOT_FILES};
    vsh_status status = vsh_run_log_sync(&run->log, err);

    vsh_snapshot_config_json(&run->config->model, (vsh_precision)run->config->precision, &json);
    checkpoint.config_json = vsh_text_string(&json);
    if (status == VSH_OK && !vsh_trainer_finite(run->trainer))
        status = vsh_fail(err, VSH_ENO,
                          "step %" PRId64 ": the weights or moments are not finite; the newest "
                          "checkpoint stands (a smaller lr may help)",
                          run->state.step);
    if (status == VSH_OK)
        status = vsh_snapshot_files(&scratch, run->trainer, files, err);
    if (status == VSH_OK)
        status = vsh_checkpoint_write(&scratch, run->checkpoints, &checkpoint,
                                      (int)run->config->checkpoint_keep, err);
    vsh_arena_free(&scratch);
    return status;
}

/* ---- going on ------------------------------------------------------------------------------ */

/* Where the value begins that stands around place i of a configuration as it is written. */
static size_t value_around(const char *text, size_t i)
{
    while (i > 0 && !(text[i - 1] == ' ' && i > 1 && text[i - 2] == ':'))
        i--;
    return i;
}

static int key_before(const char *text, size_t value, const char **key)
{
    size_t end = value < 2 ? 0 : value - 2, begin = end;

    while (begin > 0 && !strchr(" {\n", text[begin - 1]))
        begin--;
    *key = text + begin;
    return (int)(end - begin);
}

static int value_length(const char *value)
{
    return (int)(*value == '[' ? strcspn(value, "]\n") + 1 : strcspn(value, ",}\n"));
}

/* Names the first key in which two configurations differ, with both values. */
static vsh_status name_difference(const char *path, const char *saved, const char *ours,
                                  vsh_error *err)
{
    size_t i = 0, line, value;
    const char *key;
    int key_length;

    while (saved[i] && saved[i] == ours[i])
        i++;
    if (!saved[i] && !ours[i])
        return vsh_fail(err, VSH_EINPUT,
                        "%s: made with another teacher, or its config.yaml is not the one it was "
                        "made with; begin anew with --force",
                        path);
    value = value_around(saved, i);
    if (value_around(ours, i) != value) /* one of them has a key more */
        value = value_around(saved, value > 2 ? value - 3 : 0);
    key_length = key_before(saved, value, &key);
    for (line = value; line > 0 && saved[line - 1] != '\n';)
        line--;
    line += strspn(saved + line, " ");
    return vsh_fail(err, VSH_EINPUT,
                    "%s: made with another configuration: %.*s%s%.*s was %.*s and is now %.*s; go "
                    "on with its config.yaml, or begin anew with --force",
                    path, saved + line == key ? 0 : (int)strcspn(saved + line, ":"), saved + line,
                    saved + line == key ? "" : ".", key_length, key, value_length(saved + value),
                    saved + value, value_length(ours + value), ours + value);
}

static vsh_status another_configuration(const vsh_run *run, const char *path, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_text file = {.arena = &scratch}, saved = {.arena = &scratch}, ours = {.arena = &scratch};
    const vsh_library none = {{NULL}};
    vsh_run_config config;
    vsh_status status;

    vsh_text_add(&file, "%s/config.yaml", path);
    status = vsh_run_config_read(&scratch, &none, vsh_text_string(&file), NULL, 0, &config, err);
    if (status == VSH_OK) {
        vsh_run_config_deciding(&config, &saved);
        vsh_run_config_deciding(run->config, &ours);
        status = name_difference(path, vsh_text_string(&saved), vsh_text_string(&ours), err);
    }
    vsh_arena_free(&scratch);
    return status;
}

/* What is saved is only promised to go on as it would have in the same run. */
static vsh_status same_run(const vsh_run *run, const vsh_checkpoint_state *saved, const char *path,
                           vsh_error *err)
{
    if (saved->config_hash != run->state.config_hash)
        return another_configuration(run, path, err);
    if (saved->data_hash != run->state.data_hash)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: made with another training text or tokenizer; go on with that one, or "
                        "begin anew with --force",
                        path);
    return VSH_OK;
}

/* What is not in the position and the weights is this run's own: what it counts as its
 * configuration, and what computes. */
static void take_state(vsh_run *run, const char *path, const vsh_checkpoint_state *saved)
{
    const vsh_checkpoint_state ours = run->state;

    if (strcmp(saved->kernels, ours.kernels) != 0 && run->talk)
        fprintf(run->talk,
                "warning: %s was saved by %s, this machine has %s: the same bits are not "
                "promised\n",
                path, saved->kernels, ours.kernels);
    run->state = *saved;
    run->state.config_hash = ours.config_hash;
    run->state.kernels = ours.kernels;
}

/* The place in the data is one only in the same order of the same text. */
static vsh_status may_branch(const vsh_run *run, const vsh_checkpoint_state *saved,
                             const char *path, vsh_error *err)
{
    if (saved->data_hash != run->state.data_hash)
        return vsh_fail(err, VSH_EINPUT,
                        "from: %s: made with another training text or tokenizer; a branch goes on "
                        "with the same",
                        path);
    if (saved->seed != run->state.seed)
        return vsh_fail(err, VSH_EINPUT,
                        "from: %s: expected the seed %" PRIu64
                        " that it was made with, got %" PRIu64
                        ": the seed is the order of the text",
                        path, saved->seed, run->state.seed);
    if (saved->step >= run->config->steps)
        return vsh_fail(err, VSH_EINPUT,
                        "from: %s: expected more steps than the %" PRId64
                        " that are done there, got %" PRId64,
                        path, saved->step, run->config->steps);
    return VSH_OK;
}

typedef vsh_status check(const vsh_run *run, const vsh_checkpoint_state *saved, const char *path,
                         vsh_error *err);

static vsh_status read_into(vsh_run *run, const char *path, check *allowed, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_checkpoint_read_result read = {0};
    vsh_status status = vsh_checkpoint_read(&scratch, path, false, &read, err);

    if (status == VSH_OK)
        status = allowed(run, &read.state, path, err);
    if (status == VSH_OK)
        status = vsh_snapshot_restore(&read, path, run->trainer, err);
    if (status == VSH_OK)
        take_state(run, path, &read.state);
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    vsh_arena_free(&scratch);
    return status;
}

vsh_status vsh_run_load(vsh_run *run, const char *path, vsh_error *err)
{
    return read_into(run, path, same_run, err);
}

vsh_status vsh_run_branch(vsh_run *run, const char *path, vsh_error *err)
{
    return read_into(run, path, may_branch, err);
}
