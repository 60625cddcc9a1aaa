#include <inttypes.h>
#include <string.h>

#include "trainer/run/run_loop.h"
#include "trainer/run/snapshot.h"

uint64_t vsh_run_config_hash(vsh_arena *arena, const vsh_run_config *config)
{
    vsh_run_config decides = *config;
    vsh_text text = {.arena = arena};

    /* where text lies, how often the run saves and how long it is do not decide a step */
    decides.data = decides.text = NULL;
    decides.checkpoint_every = decides.checkpoint_keep = 0;
    decides.evaluate_every = decides.evaluate_tokens = 0;
    decides.steps = decides.schedule.steps = 0;
    vsh_run_config_write(&decides, &text);
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
    if (status == VSH_OK && !vsh_trainer_weights_finite(run->trainer))
        status = vsh_fail(err, VSH_ENO,
                          "step %" PRId64 ": the weights are not finite; the last "
                          "checkpoint stands",
                          run->state.step);
    if (status == VSH_OK)
        status = vsh_snapshot_files(&scratch, run->trainer, files, err);
    if (status == VSH_OK)
        status = vsh_checkpoint_write(&scratch, run->checkpoints, &checkpoint,
                                      (int)run->config->checkpoint_keep, err);
    vsh_arena_free(&scratch);
    return status;
}

/* What is saved is only promised to go on as it would have in the same run. */
static vsh_status same_run(const vsh_run *run, const vsh_checkpoint_state *saved, const char *path,
                           vsh_error *err)
{
    if (saved->config_hash != run->state.config_hash)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: made with another configuration (its config.yaml); go on with that "
                        "one, or begin anew with --force",
                        path);
    if (saved->data_hash != run->state.data_hash)
        return vsh_fail(err, VSH_EINPUT, "%s: made with another training text or tokenizer", path);
    return VSH_OK;
}

vsh_status vsh_run_load(vsh_run *run, const char *path, vsh_error *err)
{
    vsh_arena scratch = {0};
    vsh_checkpoint_read_result read = {0};
    vsh_status status = vsh_checkpoint_read(&scratch, path, false, &read, err);

    if (status == VSH_OK)
        status = same_run(run, &read.state, path, err);
    if (status == VSH_OK)
        status = vsh_snapshot_restore(&read, path, run->trainer, err);
    if (status == VSH_OK) {
        const char *kernels = run->state.kernels;
        if (strcmp(read.state.kernels, kernels) != 0 && run->talk)
            fprintf(run->talk,
                    "warning: saved by %s, this machine has %s: the same bits are not "
                    "promised\n",
                    read.state.kernels, kernels);
        run->state = read.state;
        run->state.kernels = kernels;
    }
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    vsh_arena_free(&scratch);
    return status;
}
