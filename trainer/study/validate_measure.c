#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/sort.h"
#include "trainer/run/energy.h"
#include "trainer/base/folder.h"
#include "trainer/base/memory.h"
#include "trainer/run/random_source.h"
#include "trainer/run/snapshot.h"
#include "trainer/study/validate.h"

/* A run while it is measured. */
typedef struct {
    const vsh_run_config *config;
    const vsh_validate_settings *settings;
    vsh_arena arena;
    vsh_trainer trainer;
    double seconds[VSH_VALIDATE_STEPS_MAX]; /* of the timed steps */
    vsh_validate_measured *to;
} measuring;

/* ---- steps ----------------------------------------------------------------------------------- */

/* FLOPs of the model itself among what ran: each operation's calls, less its padding and without
 * what only ran again. */
static double model_flops(const vsh_meter *meter)
{
    double macs = 0;

    for (int i = 0; i < meter->ops.count; i++)
        if (meter->row[i].macs)
            macs += (double)meter->row[i].macs * ((double)meter->ops.item[i].model_macs /
                                                  (double)meter->ops.item[i].executed_macs);
    return 2 * macs;
}

static double products(const vsh_meter *meter)
{
    int count = 0;

    for (int i = 0; i < meter->ops.count; i++)
        count += meter->row[i].macs > 0;
    return count;
}

static void count_work(measuring *m)
{
    const vsh_meter *meter = vsh_network_meter(m->trainer.net);

    m->to->figures.executed_flops = 2 * (double)vsh_meter_counted(meter);
    m->to->figures.model_flops = model_flops(meter);
    m->to->figures.products = products(meter);
}

static void keep_clocks(measuring *m, double gradient_s, double update_s, double waited_s)
{
    const vsh_meter *meter = vsh_network_meter(m->trainer.net);
    vsh_validate_clocks *c = &m->to->clocks;

    *c =
        (vsh_validate_clocks){.gradient_s = gradient_s, .update_s = update_s, .waited_s = waited_s};
    memcpy(c->row, meter->row, sizeof c->row);
    for (int i = 0; i < meter->ops.count; i++)
        c->parts.s[vsh_step_kind_of(&meter->ops.item[i])][meter->ops.item[i].phase] +=
            meter->row[i].seconds;
    c->parts.s[VSH_STEP_BETWEEN][VSH_WGRAD] = gradient_s - vsh_step_parts_sum(&c->parts);
    c->parts.s[VSH_STEP_VECTOR][VSH_OPTIMIZER] = update_s;
}

static vsh_status run_step(measuring *m, int64_t step, double *seconds, vsh_error *err)
{
    int64_t vocab = m->config->model.vocab;
    vsh_batch_source source = {vsh_random_fill, &vocab};
    double waited = vsh_machine_waited(), start = vsh_clock_now().v, between, end;
    vsh_step result;

    if (m->settings->stop && *m->settings->stop)
        return vsh_fail(err, VSH_ESTOPPED, "stopped");
    VSH_TRY(vsh_trainer_gradient(&m->trainer, &source, step + 1, step * m->config->batch.tokens,
                                 &result, err));
    between = vsh_clock_now().v;
    vsh_trainer_update(&m->trainer, step + 1, m->config->schedule.peak, &result);
    end = vsh_clock_now().v;
    *seconds = end - start;
    if (step > 0 && *seconds < m->to->figures.step_time_s)
        keep_clocks(m, between - start, end - between, vsh_machine_waited() - waited);
    if (!result.finite)
        return vsh_fail(err, VSH_ENO, "%s: the loss is not finite", m->config->path);
    return VSH_OK;
}

static vsh_status run_steps(measuring *m, vsh_error *err)
{
    vsh_validate_figures *f = &m->to->figures;
    int64_t steps = m->settings->steps;
    vsh_energy_meter energy;
    double first;

    VSH_TRY(run_step(m, 0, &first, err)); /* touches memory for the first time */
    f->step_time_s = INFINITY;
    m->to->energy_measured = vsh_energy_open(&energy, NULL);
    for (int64_t i = 0; i < steps; i++) {
        VSH_TRY(run_step(m, i + 1, &m->seconds[i], err));
        f->step_time_s = fmin(f->step_time_s, m->seconds[i]);
    }
    if (m->to->energy_measured)
        f->energy_j = vsh_energy_read(&energy).v / (double)steps;
    f->tokens_per_s = (double)m->config->batch.tokens / f->step_time_s;
    vsh_sort_reals(m->seconds, steps);
    m->to->clocks.median_s = m->seconds[steps / 2];
    count_work(m);
    return VSH_OK;
}

/* ---- a checkpoint ---------------------------------------------------------------------------- */

static vsh_status write_checkpoint(measuring *m, const char *folder, vsh_error *err)
{
    vsh_checkpoint_file files[VSH_SNAPSHOT_FILES];
    vsh_text json = {.arena = &m->arena}, yaml = {.arena = &m->arena};
    vsh_checkpoint checkpoint = {.files = files, .file_count = VSH_SNAPSHOT_FILES};

    vsh_snapshot_config_json(&m->config->model, (vsh_precision)m->config->precision, &json);
    vsh_run_config_write(m->config, &yaml);
    if (json.failed || yaml.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    checkpoint.config_json = vsh_text_string(&json);
    checkpoint.run_yaml = vsh_text_string(&yaml);
    checkpoint.state.step = m->settings->steps + 1;
    VSH_TRY(vsh_snapshot_files(&m->arena, &m->trainer, files, err));
    return vsh_checkpoint_write(&m->arena, folder, &checkpoint, 1, err);
}

/* What the file of weights says: its tensors and their elements; the payload is of both files. */
static vsh_status read_checkpoint(measuring *m, const char *folder, vsh_error *err)
{
    vsh_validate_figures *f = &m->to->figures;
    vsh_checkpoint_read_result read = {0};
    const char *path, *warning;
    vsh_status status = vsh_checkpoint_newest(&m->arena, folder, &path, &warning, err);

    if (status == VSH_OK && !path)
        status = vsh_fail(err, VSH_EMACHINE, "%s: no checkpoint: %s", folder, warning);
    if (status == VSH_OK)
        status = vsh_checkpoint_read(&m->arena, path, false, &read, err);
    if (status == VSH_OK) {
        f->tensors = (double)read.files[0].count;
        f->parameters = f->checkpoint_bytes = 0;
        for (int64_t i = 0; i < read.files[0].count; i++) {
            const vsh_safetensor *t = &read.files[0].item[i];
            f->parameters += (double)(t->bytes / vsh_dtype_bytes(t->dtype));
        }
        for (int i = 0; i < 2; i++)
            f->checkpoint_bytes += (double)(read.files[i].map_bytes - read.files[i].head_bytes);
    }
    vsh_safetensors_close(&read.files[0]);
    vsh_safetensors_close(&read.files[1]);
    return status;
}

static vsh_status weigh_checkpoint(measuring *m, vsh_error *err)
{
    const char *folder = vsh_path_join(&m->arena, m->settings->folder, "checkpoints");
    vsh_status status;

    if (!folder)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    status = write_checkpoint(m, folder, err);
    if (status == VSH_OK)
        status = read_checkpoint(m, folder, err);
    vsh_folder_remove(folder, NULL);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A sanitizer keeps memory of its own, which is not the program's. */
static double resident_above(int64_t idle)
{
#ifdef __SANITIZE_ADDRESS__
    (void)idle;
    return NAN;
#else
    return (double)(vsh_memory_resident() - idle);
#endif
}

static vsh_status train(measuring *m, const vsh_run_plan *plan, vsh_error *err)
{
    int64_t idle = vsh_memory_resident();
    vsh_status status =
        vsh_trainer_open(&m->arena, m->config, plan, m->settings->gemm, &m->trainer, err);

    if (status == VSH_OK) {
        vsh_trainer_start(&m->trainer);
        vsh_network_meter(m->trainer.net)->clocked = true;
        m->to->figures.arena_bytes = (double)m->trainer.arena_bytes;
        snprintf(m->to->products, sizeof m->to->products, "%s",
                 vsh_gemm_describe(m->trainer.nn.gemm));
        status = run_steps(m, err);
    }
    if (status == VSH_OK) {
        m->to->figures.resident_bytes = resident_above(idle);
        status = weigh_checkpoint(m, err);
    }
    vsh_trainer_close(&m->trainer);
    return status;
}

bool vsh_validate_disturbed(const vsh_validate_measured *m)
{
    return m->spread > VSH_PROBE_SPREAD_MAX ||
           m->clocks.waited_s > VSH_WAITED_MAX * m->figures.step_time_s;
}

bool vsh_validate_again(const vsh_validate_measured *m, int tries, double retried_s, bool quick)
{
    return vsh_validate_disturbed(m) && tries < VSH_VALIDATE_TRIES &&
           retried_s < (quick ? VSH_RETRY_QUICK_S : VSH_RETRY_FULL_S);
}

vsh_status vsh_validate_measure(const vsh_run_config *config, const vsh_run_plan *plan,
                                const vsh_validate_settings *settings, vsh_validate_measured *to,
                                vsh_error *err)
{
    measuring m = {.config = config, .settings = settings, .to = to};
    vsh_status status;

    *to = (vsh_validate_measured){.figures = vsh_validate_unknown};
    VSH_TRY(vsh_machine_probe_take(plan->threads, &to->before, err));
    status = train(&m, plan, err);
    vsh_arena_free(&m.arena);
    VSH_TRY(status);
    VSH_TRY(vsh_machine_probe_take(plan->threads, &to->after, err));
    to->spread = vsh_machine_probe_spread(&to->before, &to->after);
    return VSH_OK;
}
