#include "trainer/nn/network.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/workspace.h"
#include "trainer/nn/attention.h"
#include "trainer/nn/embedding.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/network_inside.h"
#include "trainer/nn/rotary.h"

_Static_assert((int)VSH_LEAN_TILE == (int)VSH_ATTENTION_TILE, "the list counts the tiles that run");

/* ---- memory -------------------------------------------------------------------------------- */

/* Carves the activations block, front to back. */
typedef struct {
    char *next;
} carver;

static void *carve(carver *c, double bytes)
{
    char *place = c->next;

    assert(bytes >= 0);
    if (bytes == 0)
        return NULL;
    c->next += ((int64_t)bytes + VSH_LEAN_ALIGNMENT - 1) & ~(int64_t)(VSH_LEAN_ALIGNMENT - 1);
    return place;
}

/* What a layer keeps of one operation while it runs backward, or 0. */
static double kept(const vsh_network *net, const vsh_network_layer *layer, vsh_site site)
{
    int op = layer->sites.at[site][VSH_FORWARD];

    return op < 0
               ? 0
               : net->live->item[op].saved.v / (double)vsh_layers_alike(net->model, layer->index);
}

/* Routing: logits, probabilities, weight, choice, row, first row. */
static void carve_route(const vsh_network *net, vsh_layer_room *room, char *at)
{
    int64_t experts = net->model->experts.count, scores = net->tokens * experts;
    int64_t choices = net->tokens * net->model->experts.top_k;

    room->logits = (float *)(void *)at;
    room->route.probability = room->logits + scores;
    room->route.weight = room->route.probability + scores;
    room->route.choice = (int32_t *)(void *)(room->route.weight + choices);
    room->route.slot = room->route.choice + choices;
    room->route.first = room->route.slot + choices;
}

static void carve_layer(const vsh_network *net, vsh_network_layer *layer, carver *c)
{
    vsh_layer_room *room = &layer->room;
    char *route;

    room->x = carve(c, kept(net, layer, VSH_SITE_NORM));
    room->x1 = (char *)room->x + vsh_stored(net, net->tokens * net->model->hidden);
    room->qkv = carve(c, kept(net, layer, VSH_SITE_SCORES) + kept(net, layer, VSH_SITE_VALUES));
    room->lse = carve(c, kept(net, layer, VSH_SITE_SOFTMAX));
    room->out = carve(c, kept(net, layer, VSH_SITE_OUT));
    room->pre =
        carve(c, kept(net, layer, layer->what.experts ? VSH_SITE_EXPERT_ACT : VSH_SITE_ACT));
    room->shared_pre = carve(c, kept(net, layer, VSH_SITE_SHARED_ACT));
    route = carve(c, kept(net, layer, VSH_SITE_ROUTE));
    if (route)
        carve_route(net, room, route);
}

/* Under full recomputation a layer has its input, and keys and values that others read; the set of
 * the rest begins at the same place for all. */
static void carve_full(vsh_network *net, carver *c)
{
    int64_t stream = vsh_stored(net, net->tokens * net->model->hidden);

    for (int64_t l = 0; l < net->model->layers; l++) {
        vsh_network_layer *layer = &net->layer[l];
        int op = layer->sites.at[VSH_SITE_RESIDUAL][VSH_FORWARD];
        char *own =
            carve(c, net->meter.ops.item[op].saved.v / (double)vsh_layers_alike(net->model, l));
        layer->room.kept_kv = layer->followers ? own + stream : NULL;
        layer->own_input = own;
    }
    for (int64_t l = 0; l < net->model->layers; l++) {
        carver set = *c;
        carve_layer(net, &net->layer[l], &set);
        net->layer[l].room.x = net->layer[l].own_input;
    }
    carve(c, net->live_bytes.v);
}

/* The activations block, front to back; returns its bytes. */
static int64_t carve_all(vsh_network *net)
{
    carver c = {net->memory.activations};
    int head = net->head_sites.at[VSH_SITE_NORM][VSH_FORWARD];
    int exit = net->exit_sites.at[VSH_SITE_NORM][VSH_FORWARD];

    if (net->work.recompute == VSH_RECOMPUTE_FULL)
        carve_full(net, &c);
    else
        for (int64_t l = 0; l < net->model->layers; l++)
            carve_layer(net, &net->layer[l], &c);
    net->final_x = carve(&c, net->live->item[head].saved.v);
    for (int i = 0; i < net->exits; i++)
        net->exit_dx[i] = carve(&c, net->live->item[exit].saved.v / net->exits);
    return c.next - (char *)net->memory.activations;
}

int64_t vsh_network_activation_bytes(vsh_network *net)
{
    net->memory.activations = net; /* a place to count from; nothing is read or written */
    return carve_all(net);
}

static void carve_workspace(vsh_network *net)
{
    vsh_workspace need = vsh_workspace_of(net->model, &net->work, net->options.jitter > 0);
    char *base = net->memory.workspace;

    net->logits = base;
    net->stack.base = base + need.logits;
    net->stack.capacity = net->memory.workspace_bytes - need.logits;
    net->stack.used = 0;
    net->dx = vsh_push_elements(net, net->tokens * net->model->hidden);
    if (net->sharing)
        net->dkv = vsh_push_elements(net, net->tokens * 2 * net->kv_width);
    if (net->model->position == VSH_POSITION_ROTARY) {
        net->rotary = vsh_push(&net->stack, 4 * net->work.seq * net->model->head_dim);
        vsh_rotary_table(net->work.seq, net->model->head_dim, net->rotary);
    }
}

/* ---- the list ------------------------------------------------------------------------------ */

/* The operations of a micro-batch of this shape, and what they keep. */
static vsh_status lower(vsh_network *net, int64_t sequences, int64_t seq, vsh_error *err)
{
    vsh_work live;

    net->work = net->most;
    net->work.sequences = sequences;
    net->work.seq = seq;
    net->tokens = sequences * seq;
    VSH_TRY(vsh_lower(net->model, &net->work, &net->meter.ops, err));
    live = net->work;
    if (live.recompute == VSH_RECOMPUTE_FULL)
        live.recompute = VSH_RECOMPUTE_NONE;
    /* forward operations come first and in the same order in both lists */
    VSH_TRY(vsh_lower(net->model, &live, net->live, err));
    VSH_TRY(vsh_lower_live_layer(net->model, &net->work, &net->live_bytes, err));
    vsh_meter_clear(&net->meter);
    vsh_sites_find(&net->meter.ops, "", &net->plain_sites);
    vsh_sites_find(&net->meter.ops, "head.", &net->head_sites);
    vsh_sites_find(&net->meter.ops, "exit.", &net->exit_sites);
    for (int64_t l = 0; l < net->model->layers; l++) {
        char prefix[VSH_PREFIX];
        vsh_layer_prefix(net->model, l, prefix);
        vsh_sites_find(&net->meter.ops, prefix, &net->layer[l].sites);
    }
    if (net->model->experts.count) {
        const vsh_experts *e = &net->model->experts;
        net->rows = net->tokens * e->top_k;
        if (e->capacity > 0)
            net->rows =
                (int64_t)ceil(e->capacity * (double)net->rows / (double)e->count) * e->count;
    }
    return VSH_OK;
}

static void describe_layers(vsh_network *net)
{
    const vsh_model *m = net->model;
    int64_t owner = 0;

    for (int64_t l = 0; l < m->layers; l++) {
        vsh_network_layer *layer = &net->layer[l];
        layer->index = l;
        layer->what = m->layer[l];
        layer->at = &net->offsets->layer[l];
        layer->followers = layer->what.own_kv && l + 1 < m->layers && !m->layer[l + 1].own_kv;
        owner = layer->what.own_kv ? l : owner;
        layer->owner = owner;
        net->sharing |= !layer->what.own_kv;
        net->exits += layer->what.exit;
    }
}

vsh_status vsh_network_open(vsh_arena *arena, const vsh_model *model, const vsh_work *work,
                            const vsh_network_options *options, const vsh_nn *nn,
                            const vsh_parameter_list *list, const vsh_offsets *offsets,
                            vsh_network **opened, vsh_error *err)
{
    vsh_network *net = vsh_alloc(arena, 1, sizeof *net);

    assert(work->lean && work->attention_tile == VSH_LEAN_TILE);
    if (!net || !(net->live = vsh_alloc(arena, 1, sizeof *net->live)) ||
        !(net->layer = vsh_alloc(arena, (size_t)model->layers, sizeof *net->layer)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    net->model = model;
    net->most = *work;
    net->options = *options;
    net->element = work->precision == VSH_FP32 ? VSH_F32 : VSH_B16;
    net->int8 = work->precision == VSH_INT8;
    net->nn = *nn;
    net->list = list;
    net->offsets = offsets;
    net->ups = vsh_model_gated(model) ? 2 : 1;
    net->q_width = model->heads * model->head_dim;
    net->kv_width = model->kv_heads * model->head_dim;
    describe_layers(net);
    if (net->exits > VSH_EXITS_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s: vishwa-train builds at most %d exits", model->name,
                        VSH_EXITS_MAX);
    *opened = net;
    return lower(net, work->sequences, work->seq, err);
}

void vsh_network_use(vsh_network *net, const vsh_network_memory *memory)
{
    int64_t carved;

    net->memory = *memory;
    carved = carve_all(net);
    assert(carved <= memory->activation_bytes);
    (void)carved;
    carve_workspace(net);
}

vsh_status vsh_network_shape(vsh_network *net, int64_t sequences, int64_t seq, vsh_error *err)
{
    assert(sequences * seq <= net->most.sequences * net->most.seq && seq <= net->most.seq);
    if (sequences == net->work.sequences && seq == net->work.seq)
        return VSH_OK;
    VSH_TRY(lower(net, sequences, seq, err));
    carve_all(net);
    carve_workspace(net);
    return VSH_OK;
}

/* ---- a micro-batch ------------------------------------------------------------------------- */

static double exit_weight(const vsh_network *net, int64_t layer)
{
    return net->options.exit_scale * (double)(layer + 1);
}

/* Shares of the heads in the joint loss sum to one (LayerSkip, Elhoushi et al. 2024,
 * arXiv:2404.16710, section 4.1). */
static double weight_sum(const vsh_network *net)
{
    double sum = (double)net->model->layers;

    for (int64_t l = 0; l < net->model->layers; l++)
        if (net->layer[l].what.exit)
            sum += exit_weight(net, l);
    return sum;
}

static void run_layer(vsh_network *net, vsh_network_layer *layer, vsh_phase phase, void *next)
{
    vsh_attention_part(net, layer, phase);
    if (layer->what.experts)
        vsh_experts_part(net, layer, phase, next);
    else
        vsh_mlp_part(net, layer, phase, next);
}

static void run_layer_backward(vsh_network *net, vsh_network_layer *layer)
{
    if (net->work.recompute == VSH_RECOMPUTE_FULL)
        run_layer(net, layer, VSH_RECOMPUTE, NULL);
    if (layer->what.experts)
        vsh_experts_part_backward(net, layer);
    else
        vsh_mlp_part_backward(net, layer);
    vsh_attention_part_backward(net, layer);
}

/* The stream after a layer is the input of the next, or of the last head. */
static void *stream_after(vsh_network *net, int64_t layer)
{
    return layer + 1 < net->model->layers ? net->layer[layer + 1].room.x : net->final_x;
}

static void run_exit(vsh_network *net, int64_t layer, int exit, const vsh_targets *targets,
                     bool first_head)
{
    double share = exit_weight(net, layer) / weight_sum(net), loss;
    vsh_targets untaught = {.ids = targets->ids};

    if (net->training)
        vsh_zero(&net->nn, net->element, net->tokens * net->model->hidden, net->exit_dx[exit]);
    loss = vsh_head_part(net, &net->exit_sites, share, &untaught, stream_after(net, layer),
                         net->exit_dx[exit], NULL, first_head);
    net->report->exit_loss[exit] = loss;
    net->report->joint += share * loss;
}

/* Up to the last head; exits are run when there are targets for them. */
static void forward_body(vsh_network *net, const int32_t *inputs, const vsh_targets *targets)
{
    vsh_network_report *report = net->report;

    VSH_TIMED(net, net->plain_sites.at[VSH_SITE_EMBED][VSH_FORWARD],
              vsh_embedding_forward(&net->nn, net->element, net->tokens, net->work.seq, 0,
                                    net->model->hidden, inputs,
                                    vsh_weight(net, net->offsets->embed),
                                    vsh_weight(net, net->offsets->position), net->layer[0].room.x));
    for (int64_t l = 0; l < net->model->layers; l++) {
        run_layer(net, &net->layer[l], VSH_FORWARD, stream_after(net, l));
        if (net->layer[l].what.exit && targets) {
            run_exit(net, l, report->exits, targets, report->exits == 0);
            report->exits++;
        }
    }
}

/* Of the right tokens, where the last head learns a lesson instead. */
static double text_loss(const vsh_network *net, const vsh_lesson *lesson)
{
    double sum = 0;

    for (int64_t i = 0; i < net->tokens && net->report->tokens; i++)
        sum += lesson->text_losses[i];
    return net->report->tokens ? sum / (double)net->report->tokens : 0;
}

/* Returns after the last head; in training net->dx is the gradient of the stream there. */
static void forward(vsh_network *net, const int32_t *inputs, const vsh_targets *targets,
                    double *losses)
{
    double share = (double)net->model->layers / weight_sum(net), learnt;
    int64_t stream = net->tokens * net->model->hidden;
    vsh_network_report *report = net->report;

    forward_body(net, inputs, targets);
    if (net->training)
        vsh_zero(&net->nn, net->element, stream, net->dx);
    learnt = vsh_head_part(net, &net->head_sites, share, targets, net->final_x, net->dx, losses,
                           report->exits == 0);
    report->loss = net->training && targets->lesson ? text_loss(net, targets->lesson) : learnt;
    report->joint += share * learnt;
}

static void backward(vsh_network *net, const int32_t *inputs)
{
    int64_t stream = net->tokens * net->model->hidden;
    int exit = net->exits;

    net->dkv_begun = false;
    for (int64_t l = net->model->layers - 1; l >= 0; l--) {
        if (net->layer[l].what.exit)
            vsh_add(&net->nn, net->element, stream, net->exit_dx[--exit], net->dx);
        run_layer_backward(net, &net->layer[l]);
    }
    VSH_TIMED(net, net->plain_sites.at[VSH_SITE_EMBED][VSH_DGRAD],
              vsh_embedding_backward(&net->nn, net->element, net->tokens, net->work.seq,
                                     net->model->hidden, inputs, net->dx,
                                     vsh_gradient(net, net->offsets->embed),
                                     vsh_gradient(net, net->offsets->position)));
}

/* What is only ever added to begins at zero: vectors, tables of positions, and the token table
 * unless the output head writes it whole first. */
static void zero_gradients(vsh_network *net)
{
    for (int64_t i = 0; i < net->list->count; i++) {
        const vsh_parameter *p = &net->list->item[i];
        bool table = p->group == VSH_GROUP_POSITION ||
                     (p->group == VSH_GROUP_EMBEDDING && !net->model->tied);
        if (table || p->cols == 1)
            vsh_zero(&net->nn, net->element, p->rows * p->cols, vsh_gradient(net, p->offset));
    }
}

static void mean_over_layers(vsh_network *net)
{
    int64_t layers = 0;

    for (int64_t l = 0; l < net->model->layers; l++)
        layers += net->layer[l].what.experts;
    if (layers)
        net->report->entropy /= (double)layers;
}

vsh_network_report vsh_network_train(vsh_network *net, const int32_t *inputs,
                                     const vsh_targets *targets, void *gradients, bool add,
                                     uint64_t step, int64_t *load)
{
    vsh_network_report report = {0};

    net->report = &report;
    net->training = true;
    net->add = add;
    net->gradients = gradients;
    net->step = step;
    net->load = load;
    if (!add)
        zero_gradients(net);
    forward(net, inputs, targets, NULL);
    backward(net, inputs);
    mean_over_layers(net);
    return report;
}

vsh_network_report vsh_network_evaluate(vsh_network *net, const int32_t *inputs,
                                        const vsh_targets *targets, double *losses)
{
    vsh_network_report report = {0};

    net->report = &report;
    net->training = false;
    net->load = NULL;
    forward(net, inputs, targets, losses);
    mean_over_layers(net);
    return report;
}

void vsh_network_body(vsh_network *net, const int32_t *inputs)
{
    vsh_network_report report = {0};

    net->report = &report;
    net->training = false;
    net->load = NULL;
    forward_body(net, inputs, NULL);
    net->report = NULL;
}

float *vsh_network_logits(vsh_network *net, int64_t row, int64_t rows)
{
    return vsh_head_logits(net, rows, vsh_at(net->final_x, net->element, row * net->model->hidden));
}

vsh_meter *vsh_network_meter(vsh_network *net) { return &net->meter; }

int64_t vsh_network_workspace_peak(const vsh_network *net) { return net->stack.peak; }
