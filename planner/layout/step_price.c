#include "planner/layout/step_price.h"

#include <assert.h>
#include <string.h>

vsh_status vsh_platform_of(const vsh_hardware *hardware, const vsh_stack *stack,
                           vsh_precision precision, bool flash, int64_t chips, int64_t slice,
                           vsh_platform *platform, vsh_error *err)
{
    vsh_precision sixteen_bit;

    platform->stack = *stack;
    platform->node = (int64_t)vsh_figure_or(&hardware->group, 1);
    VSH_TRY(vsh_chip_rate_of(hardware, stack, precision, flash, &platform->rate, err));
    if (vsh_operand_bytes(precision) == 1) /* only weights' products are of 8 bits */
        platform->rate.attention =
            vsh_hardware_peak(hardware, VSH_BF16, &sixteen_bit)->value * stack->attention;
    return vsh_fabric_of(hardware, stack, chips, slice, &platform->fabric, err);
}

vsh_work vsh_step_work(const vsh_step_run *run)
{
    vsh_work work = vsh_work_default(run->laid.seq);

    work.sequences = run->laid.micro;
    work.precision = run->precision;
    work.recompute = run->recompute;
    work.recipe = run->recipe;
    work.store_scores = !run->flash;
    work.dropout = run->dropout;
    work.every_second = run->framework && run->framework->every_second;
    work.split = run->layout.split;
    work.imbalance = run->imbalance;
    return work;
}

/* ---- parts --------------------------------------------------------------------------------- */

typedef struct {
    const vsh_step_run *run;
    const vsh_platform *platform;
    const vsh_mesh *mesh;
    vsh_list_price *price;
    char prefix[VSH_KINDS_MAX][VSH_PREFIX];
    int64_t layers[VSH_KINDS_MAX];
} pricing;

static void find_kinds(pricing *p)
{
    const vsh_model *m = p->run->laid.model;
    vsh_list_price *price = p->price;
    int64_t first[VSH_KINDS_MAX];

    price->kinds = vsh_layer_kinds(m, price->kind, first);
    for (int k = 0; k < price->kinds; k++) {
        vsh_layer_prefix(m, first[k], p->prefix[k]);
        p->layers[k] = 0;
        price->layer_share[k] = vsh_share_layer(m, &p->run->layout.split, first[k]);
    }
    for (int64_t l = 0; l < m->layers; l++)
        p->layers[price->kind[l]]++;
}

/* The part an operation belongs to, and over how many alike it is; NULL: to the step or a border.
 */
static vsh_part_price *part_of(pricing *p, const vsh_op *op, int64_t *alike)
{
    *alike = 1;
    if (op->phase == VSH_OPTIMIZER || op->roles & VSH_ROLE_ONCE ||
        (op->kind == VSH_OP_COLLECTIVE && op->axis == VSH_MESH_PIPELINE))
        return NULL;
    for (int k = 0; k < p->price->kinds; k++)
        if (strncmp(op->name, p->prefix[k], strlen(p->prefix[k])) == 0) {
            *alike = p->layers[k];
            return &p->price->layer[k];
        }
    return strncmp(op->name, "embed", 5) == 0 ? &p->price->embedding : &p->price->head;
}

/* Weights of more bytes than products read: torch's autocast casts them each time, and gathers them
 * as they are held. */
static bool autocast(const vsh_step_run *run)
{
    return run->recipe && run->recipe->weights > (double)vsh_activation_bytes(run->precision);
}

static double gathered_over_lowered(const vsh_step_run *run, const vsh_op *op)
{
    if (op->axis != VSH_MESH_DATA || op->collective != VSH_ALL_GATHER || !autocast(run))
        return 1;
    return run->recipe->weights / (double)vsh_activation_bytes(run->precision);
}

/* FlashAttention-2 is around twice as fast as the first (arXiv:2307.08691, abstract). */
static const double first_flash = 2;

/* What a software does not run, or runs slower: shares of an operation's time. */
static double software_share(const vsh_step_run *run, const vsh_op *op)
{
    const vsh_software *s = &run->software;
    bool tail = strstr(op->name, "mlp.down") || strstr(op->name, "expert.down") ||
                strstr(op->name, "combine");

    if (s->early_stop && op->phase == VSH_RECOMPUTE && tail)
        return 0;
    return s->first_flash && run->flash && op->kind == VSH_OP_ATTENTION ? first_flash : 1;
}

static vsh_eager_run eager_run(const vsh_step_run *run)
{
    double held = run->recipe ? run->recipe->gradients : 0;
    double act = (double)vsh_activation_bytes(run->precision);

    return (vsh_eager_run){.dropout = run->dropout,
                           .biases = run->laid.model->bias == VSH_BIAS_ALL,
                           .flash = run->flash,
                           .eight_bit = vsh_operand_bytes(run->precision) == 1,
                           .sharded = run->layout.split.zero >= 2 &&
                                      vsh_split_replicas(&run->layout.split) > 1,
                           .autocast = autocast(run),
                           .fused_loss = run->software.fused_loss,
                           .accumulates = run->layout.split.zero < 2 &&
                                          vsh_micro_batches(&run->layout, &run->laid) > 1,
                           .gradient = held == 0 ? act : held,
                           .act = act,
                           .numbers = run->numbers ? run->numbers : &vsh_eager_usual};
}

vsh_op_price vsh_step_op_price(const vsh_step_run *run, const vsh_platform *platform,
                               const vsh_mesh *mesh, const vsh_op *op, int64_t layers)
{
    vsh_eager_run eager = eager_run(run);
    vsh_op_price price;
    vsh_eager e;
    vsh_op whole = *op;
    double share = software_share(run, op);

    if (op->kind == VSH_OP_COLLECTIVE) {
        whole.bytes.v *= platform->rate.kind == VSH_GPU ? gathered_over_lowered(run, op) : 1;
        return (vsh_op_price){vsh_mesh_time(mesh, &whole), (double)op->count, VSH_BOUND_NETWORK};
    }
    if (platform->rate.kind != VSH_GPU || op->phase == VSH_OPTIMIZER) {
        price = vsh_op_time(&platform->rate, op, vsh_op_kernels(op, layers));
        price.chip.v *= share;
        return price;
    }
    e = vsh_eager_of(op, &eager);
    whole.bytes.v *= e.bytes;
    price = vsh_op_time(&platform->rate, &whole, vsh_op_kernels(op, layers));
    price.chip.v = share * (price.chip.v + e.more / platform->rate.memory);
    price.launches *= share > 0 ? e.calls : 0;
    price.chip.v +=
        price.launches * eager.numbers->gap * platform->rate.overhead / platform->rate.clock;
    return price;
}

static void add_op(pricing *p, const vsh_op *op)
{
    int64_t alike;
    vsh_part_price *part = part_of(p, op, &alike);
    bool network = op->kind == VSH_OP_COLLECTIVE;
    vsh_op_price price;
    vsh_span *span;
    double seconds;

    if (!part)
        return;
    price = vsh_step_op_price(p->run, p->platform, p->mesh, op, alike);
    seconds = price.chip.v / (double)alike;
    span = (network ? op->during : op->phase) == VSH_FORWARD ? &part->forward : &part->backward;
    *(!network ? &span->chip : op->roles & VSH_ROLE_AHEAD ? &span->hides : &span->waits) += seconds;
    span->launches += price.launches / (double)alike;
    if (network && !(op->roles & VSH_ROLE_ONCE) && op->ranks >= p->platform->node)
        span->late += p->platform->stack.wait * (double)op->count / (double)alike;
}

vsh_status vsh_list_price_of(const vsh_step_run *run, const vsh_platform *platform,
                             const vsh_mesh *mesh, vsh_list_price *price, vsh_error *err)
{
    vsh_work work = vsh_step_work(run);
    double chips =
        (double)vsh_ways(run->layout.split.tensor) * (double)vsh_ways(run->layout.split.context);
    double spread = (double)run->laid.micro * (double)run->laid.seq /
                    (double)vsh_ways(run->layout.split.context);
    pricing p = {.run = run, .platform = platform, .mesh = mesh, .price = price};
    vsh_op_list ops;

    assert(run && platform && mesh && price && run->recipe);
    *price = (vsh_list_price){.kinds = 0};
    VSH_TRY(vsh_lower(run->laid.model, &work, &ops, err));
    find_kinds(&p);
    for (int i = 0; i < ops.count; i++) {
        add_op(&p, &ops.item[i]);
        if (software_share(run, &ops.item[i]) > 0)
            price->executed_flops += 2 * (double)ops.item[i].executed_macs;
    }
    price->embedding_share = vsh_share_embedding(run->laid.model, &run->layout.split);
    for (int both = 0; both < 2; both++)
        price->head_share[both] = vsh_share_head(run->laid.model, &run->layout.split, both);
    if (run->layout.split.sequence)
        spread /= (double)vsh_ways(run->layout.split.tensor);
    price->border_bytes =
        (double)vsh_activation_bytes(run->precision) * spread * (double)run->laid.model->hidden;
    price->model_flops = vsh_ops_step_model_flops(&ops).v * chips;
    price->executed_flops *= chips;
    return VSH_OK;
}
