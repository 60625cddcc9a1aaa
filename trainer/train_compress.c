#include "trainer/train_compress.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"

/* ---- what was asked ----------------------------------------------------------------------- */

static vsh_status check_asked(const train_config *c, vsh_error *err)
{
    int ways = isfinite(c->prune) + (c->quantize >= 0) + (c->distill_into != NULL);

    if (!c->checkpoint)
        return vsh_fail(err, VSH_EINPUT, "compress: expected --checkpoint DIR");
    if (ways != 1)
        return vsh_fail(err, VSH_EINPUT,
                        "compress: expected one of --prune F, --quantize int8 and "
                        "--distill-into CONFIG, got %s",
                        ways == 0   ? "none"
                        : ways == 2 ? "two"
                                    : "three");
    if (!c->out)
        return vsh_fail(err, VSH_EINPUT, "compress: expected --out DIR");
    if (isfinite(c->prune) && c->prune >= 1)
        return vsh_fail(err, VSH_EINPUT,
                        "--prune: expected a share of the weights from 0 to less than 1, got %g",
                        c->prune);
    return VSH_OK;
}

/* Options that only the other way of compressing has. */
static vsh_status check_ways(const train_config *c, vsh_error *err)
{
    const struct {
        bool given;
        const char *name;
    } of_runs[] = {{c->steps != 0, "steps"},
                   {c->set.count != 0, "set"},
                   {isfinite(c->hours) != 0, "hours"},
                   {c->resume, "resume"},
                   {c->dry_run, "dry-run"}};

    if (c->distill_into && c->tokens)
        return vsh_fail(err, VSH_EINPUT,
                        "--tokens: expected with --prune and --quantize; a distilled run has "
                        "--set evaluate.tokens=N");
    for (size_t i = 0; !c->distill_into && i < sizeof of_runs / sizeof of_runs[0]; i++)
        if (of_runs[i].given)
            return vsh_fail(err, VSH_EINPUT, "--%s: expected with --distill-into only",
                            of_runs[i].name);
    return VSH_OK;
}

/* A folder that is missing or empty. */
static vsh_status check_out(const char *out, vsh_error *err)
{
    DIR *directory = opendir(out);
    const struct dirent *found;
    int count = 0;

    if (!directory && errno == ENOENT)
        return VSH_OK;
    if (!directory)
        return vsh_fail(err, errno == ENOTDIR ? VSH_EINPUT : VSH_EMACHINE, "--out: %s: %s", out,
                        strerror(errno));
    while ((found = readdir(directory)))
        count += strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0;
    closedir(directory);
    return count ? vsh_fail(err, VSH_EINPUT, "--out: %s: expected a new or an empty folder", out)
                 : VSH_OK;
}

/* ---- the loss ----------------------------------------------------------------------------- */

/* Tells how far it is; false when a signal asked for the end. */
static bool goes_on(void *context, double share)
{
    compression *c = context;
    double spent = vsh_clock_now().v - c->stage_start;

    vsh_progress_show(&c->progress, c->stage, share, (double)NAN,
                      share > 0 ? spent * (1 - share) / share : (double)NAN);
    return !(c->asked->stop && *c->asked->stop);
}

static vsh_status measure(compression *c, const char *stage, vsh_exit_report *report,
                          vsh_error *err)
{
    vsh_generator_shape shape = {VSH_HELD_OUT_SIDE_BY_SIDE, c->windows.seq, c->windows.seq};
    const vsh_loaded *l = &c->model;
    vsh_held_out_pass pass = {.goes_on = goes_on, .context = c};
    vsh_block memory = {0};
    vsh_status status;

    c->stage = stage;
    c->stage_start = vsh_clock_now().v;
    VSH_TRY(vsh_block_reserve("the evaluation",
                              vsh_generator_bytes(&l->config.model, l->element, &shape),
                              VSH_PLACE_LOCAL, &memory, err));
    status = vsh_generator_open(c->session->arena, &l->config.model, l->element, &shape, &l->nn,
                                &l->offsets, l->weights.data, memory.data, &pass.generator, err);
    if (status == VSH_OK)
        status = vsh_held_out_run(&c->windows, &pass, l->path, report, err);
    vsh_block_release(&memory);
    return status;
}

/* ---- both ways ---------------------------------------------------------------------------- */

static vsh_status open_text(compression *c, vsh_error *err)
{
    vsh_session *s = c->session;
    vsh_prepare_options options = {
        .packages = train_data_folder(s), .threads = (int)train_threads(s), .stop = c->asked->stop};

    VSH_TRY(vsh_held_out_open(s->arena, &c->model, &options, &c->data, err));
    return vsh_held_out_take(s->arena, &c->model, &c->data, c->asked->tokens, &c->windows, err);
}

/* A failure leaves no folder behind that was not there. */
static vsh_status write_out(compression *c, const vsh_int8_model *narrow, vsh_error *err)
{
    bool made = access(c->asked->out, F_OK) != 0;
    vsh_status status = vsh_compress_write(c->session->arena, &c->model, narrow, c->checkpoints,
                                           c->asked->stop, err);

    if (status != VSH_OK) {
        rmdir(c->checkpoints); /* go only when nothing is in them */
        if (made)
            rmdir(c->asked->out);
    }
    return status;
}

static vsh_status compress(compression *c, vsh_error *err)
{
    vsh_arena *arena = c->session->arena;
    vsh_int8_model narrow;

    if (c->model.quantized)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: is in 8 bits already; prune first and quantize what came of it",
                        c->model.path);
    VSH_TRY(open_text(c, err));
    VSH_TRY(measure(c, "text, before", &c->before, err));
    if (c->prunes)
        vsh_compress_prune(&c->model, c->asked->prune, &c->result);
    else
        VSH_TRY(vsh_compress_int8(arena, &c->model, &narrow, &c->result, err));
    VSH_TRY(measure(c, "text, after", &c->after, err));
    VSH_TRY(write_out(c, c->prunes ? NULL : &narrow, err));
    train_show_compression(c);
    return VSH_OK;
}

static vsh_status compress_loaded(compression *c, vsh_error *err)
{
    vsh_session *s = c->session;
    vsh_gemm_options gemm = {.table_path = train_gemm_table(s)};
    const char *warning = "";
    vsh_status status = vsh_loaded_open(s->arena, &s->library, c->asked->checkpoint,
                                        (int)train_threads(s), &gemm, &c->model, &warning, err);

    if (*warning && !s->common->quiet)
        fprintf(stderr, "warning: %s\n", warning);
    if (status == VSH_OK)
        status = compress(c, err);
    vsh_progress_clear(&c->progress);
    vsh_prepared_close(&c->data);
    vsh_loaded_close(&c->model);
    return status;
}

/* A run of the student's configuration with the checkpoint as its teacher. */
static vsh_status distill(vsh_session *s, vsh_error *err)
{
    const train_config *asked = s->config;

    s->operands[0] = asked->distill_into;
    s->operand_count = 1;
    return train_run_run(s, err);
}

vsh_status train_run_compress(vsh_session *s, vsh_error *err)
{
    compression *c = vsh_alloc(s->arena, 1, sizeof *c);

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    c->session = s;
    c->asked = s->config;
    c->prunes = isfinite(c->asked->prune);
    c->progress =
        (vsh_progress){.stream = s->common->quiet ? NULL : stderr, .redraws = s->talk_is_terminal};
    VSH_TRY(check_asked(c->asked, err));
    VSH_TRY(check_ways(c->asked, err));
    if (c->asked->distill_into)
        return distill(s, err);
    VSH_TRY(check_out(c->asked->out, err));
    if (!(c->checkpoints = vsh_path_join(s->arena, c->asked->out, "checkpoints")))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return compress_loaded(c, err);
}
