#include "trainer/run/teacher.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/cost.h"
#include "core/text.h"
#include "core/workspace.h"
#include "trainer/base/hash64.h"

/* ---- what is read ------------------------------------------------------------------------- */

static vsh_status check_fits(const vsh_teacher *t, const vsh_run_config *c, vsh_error *err)
{
    const vsh_model *teacher = &t->model.config.model;

    if (teacher->vocab != c->model.vocab)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: distill: expected a teacher with the student's vocabulary of %" PRId64
                        ", got %" PRId64 " in %s",
                        c->path, c->model.vocab, teacher->vocab, t->model.path);
    if (teacher->context < c->batch.sequence)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: batch: sequence: expected at most the teacher's context of %" PRId64
                        ", got %" PRId64,
                        c->path, teacher->context, c->batch.sequence);
    return VSH_OK;
}

vsh_status vsh_teacher_read(vsh_arena *arena, const vsh_library *library, const vsh_run_config *c,
                            vsh_teacher *t, const char **warning, vsh_error *err)
{
    *t = (vsh_teacher){.lesson = {c->distill.weight, c->distill.temperature}};
    VSH_TRY(vsh_loaded_read(arena, library, c->distill.teacher, &t->model, warning, err));
    t->hash = vsh_hash64(t->model.weights.data, (size_t)t->model.weights.bytes);
    return check_fits(t, c, err);
}

vsh_status vsh_teacher_speaks(const vsh_teacher *t, const vsh_tokenizer *tokenizer, vsh_error *err)
{
    if (vsh_tokenizer_hash(t->model.tokenizer) == vsh_tokenizer_hash(tokenizer))
        return VSH_OK;
    return vsh_fail(
        err, VSH_EINPUT,
        "%s: distill: the teacher was trained with another tokenizer than the student's "
        "text has: the same ids mean other pieces",
        t->model.path);
}

/* ---- what it will take --------------------------------------------------------------------- */

/* What runs of a list: the forward pass, exits left out. */
static bool runs(const vsh_op *op)
{
    return op->phase == VSH_FORWARD && strncmp(op->name, "exit.", 5) != 0;
}

static int64_t forward_macs(const vsh_op_list *ops)
{
    int64_t macs = 0;

    for (int i = 0; i < ops->count; i++)
        if (runs(&ops->item[i]))
            macs += ops->item[i].executed_macs;
    return macs;
}

vsh_seconds vsh_teacher_time(const vsh_teacher *t, const vsh_hardware *hardware)
{
    vsh_seconds time = {0};
    vsh_op_list ops;

    if (vsh_lower(&t->model.config.model, &t->work, &ops, NULL) != VSH_OK)
        return time;
    for (int i = 0; i < ops.count; i++)
        if (runs(&ops.item[i]))
            time.v += vsh_cost_op(&ops.item[i], hardware, t->work.precision).time.v;
    return time;
}

int64_t vsh_teacher_bytes(const vsh_teacher *t)
{
    return t->model.weights.bytes + t->activation_bytes + t->workspace_bytes;
}

/* Under full recomputation the network keeps the least: a layer's input, and one layer's rest. */
vsh_status vsh_teacher_plan(const vsh_run_config *c, const vsh_run_plan *plan, int64_t available,
                            vsh_teacher *t, vsh_error *err)
{
    const vsh_lean_runtime runtime = {.gradient_buffers = 1, .threads = 1};
    const vsh_model *model = &t->model.config.model;
    vsh_footprint footprint;
    vsh_workspace need;
    vsh_op_list ops;

    t->work = vsh_work_lean(plan->work.sequences, plan->work.seq,
                            (vsh_precision)t->model.config.precision, VSH_RECOMPUTE_FULL);
    VSH_TRY(vsh_footprint_lean(model, &t->work, &runtime, &footprint, err));
    VSH_TRY(vsh_lower(model, &t->work, &ops, err));
    need = vsh_workspace_of(model, &t->work, false);
    t->activation_bytes = (int64_t)footprint.activations.v;
    t->workspace_bytes = need.logits + need.transient;
    t->forward = (vsh_flops){2.0 * (double)forward_macs(&ops)};
    if (plan->footprint.total.v + (double)(t->activation_bytes + t->workspace_bytes) <=
        (double)available)
        return VSH_OK;
    return vsh_fail(err, VSH_ENO,
                    "%s: the student needs %s and its teacher %s, this machine has %s free (a "
                    "smaller batch: micro, or precision: bf16)",
                    c->path, vsh_show_bytes(plan->footprint.total.v).text,
                    vsh_show_bytes((double)vsh_teacher_bytes(t)).text,
                    vsh_show_bytes((double)(available + t->model.weights.bytes)).text);
}

/* ---- running ------------------------------------------------------------------------------ */

static float *logits_of(void *context, int64_t row, int64_t rows)
{
    vsh_teacher *t = context;

    return vsh_network_logits(t->net, row, rows);
}

vsh_status vsh_teacher_open(vsh_arena *arena, const vsh_nn *nn, vsh_teacher *t, vsh_error *err)
{
    vsh_network_memory memory;

    t->options = t->model.config.network;
    t->options.jitter = 0;
    t->lesson.logits = logits_of;
    t->lesson.context = t;
    t->lesson.text_losses =
        vsh_alloc(arena, (size_t)(t->work.sequences * t->work.seq), sizeof(double));
    if (!t->lesson.text_losses)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_network_open(arena, &t->model.config.model, &t->work, &t->options, nn,
                             &t->model.list, &t->model.offsets, &t->net, err));
    assert(vsh_network_activation_bytes(t->net) == t->activation_bytes);
    VSH_TRY(vsh_block_reserve("the teacher's activations", t->activation_bytes, VSH_PLACE_LOCAL,
                              &t->activations, err));
    VSH_TRY(vsh_block_reserve("the teacher's workspace", t->workspace_bytes, VSH_PLACE_LOCAL,
                              &t->workspace, err));
    memory = (vsh_network_memory){.weights = t->model.weights.data,
                                  .activations = t->activations.data,
                                  .workspace = t->workspace.data,
                                  .activation_bytes = t->activations.bytes,
                                  .workspace_bytes = t->workspace.bytes};
    vsh_network_use(t->net, &memory);
    return VSH_OK;
}

void vsh_teacher_close(vsh_teacher *t)
{
    vsh_loaded_close(&t->model);
    vsh_block_release(&t->activations);
    vsh_block_release(&t->workspace);
}

vsh_status vsh_teacher_shape(vsh_teacher *t, int64_t sequences, int64_t seq, vsh_error *err)
{
    VSH_TRY(vsh_network_shape(t->net, sequences, seq, err));
    vsh_meter_clear(vsh_network_meter(t->net));
    return VSH_OK;
}

const vsh_lesson *vsh_teacher_teach(vsh_teacher *t, const int32_t *inputs)
{
    vsh_network_body(t->net, inputs);
    return &t->lesson;
}

int64_t vsh_teacher_macs(const vsh_teacher *t, int64_t micro_batches)
{
    const vsh_meter *meter = vsh_network_meter(t->net);
    int64_t counted = vsh_meter_counted(meter);

    /* what ran is what was planned */
    assert(counted == micro_batches * forward_macs(&meter->ops));
    (void)micro_batches;
    return counted;
}
