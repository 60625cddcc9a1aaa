#include "planner/export/export_feature.h"

#include <assert.h>
#include <inttypes.h>

_Static_assert(VSH_EXPORT_FEATURE_COUNT <= 64, "a bit each");

#define TITLE(id, title) title,
static const char *const titles[] = {VSH_EXPORT_FEATURES(TITLE)};

static int64_t expert_layers(const vsh_model *m)
{
    int64_t count = 0;

    for (int64_t l = 0; l < m->layers; l++)
        count += m->layer[l].experts;
    return count;
}

static uint64_t of_attention(const vsh_model *m)
{
    uint64_t has = 0;

    for (int64_t l = 0; l < m->layers; l++) {
        has |= m->layer[l].own_kv ? 0 : VSH_CAN(CROSS_LAYER);
        has |= m->layer[l].exit ? VSH_CAN(EXITS) : 0;
        has |= m->layer[l].window ? VSH_CAN(WINDOW) : 0;
    }
    has |= m->latent.kv_rank ? VSH_CAN(LATENT) : 0;
    has |= m->sinks ? VSH_CAN(SINKS) : 0;
    has |= !m->latent.kv_rank && m->heads * m->head_dim != m->hidden ? VSH_CAN(HEAD_DIM) : 0;
    has |= m->qk_norm == VSH_QK_NORM_HEAD ? VSH_CAN(QK_NORM_HEAD) : 0;
    has |= m->qk_norm == VSH_QK_NORM_FULL ? VSH_CAN(QK_NORM_FULL) : 0;
    return has;
}

static uint64_t of_body(const vsh_model *m)
{
    static const uint64_t position[] = {[VSH_POSITION_LEARNED] = VSH_CAN(LEARNED),
                                        [VSH_POSITION_ALIBI] = VSH_CAN(ALIBI),
                                        [VSH_POSITION_NONE] = VSH_CAN(NO_POSITION)};
    static const uint64_t mlp[] = {[VSH_MLP_GELU] = VSH_CAN(GELU),
                                   [VSH_MLP_RELU] = VSH_CAN(RELU),
                                   [VSH_MLP_GEGLU] = VSH_CAN(GEGLU)};
    static const uint64_t norm[] = {
        [VSH_NORM_LAYER] = VSH_CAN(LAYER_NORM), [VSH_NORM_LAYER_NO_BIAS] = VSH_CAN(NORM_NO_BIAS)};
    static const uint64_t bias[] = {[VSH_BIAS_QKV] = VSH_CAN(QKV_BIAS),
                                    [VSH_BIAS_ATTENTION] = VSH_CAN(ATTENTION_BIAS),
                                    [VSH_BIAS_ALL] = VSH_CAN(ALL_BIAS)};
    uint64_t has = position[m->position] | mlp[m->mlp] | norm[m->norm] | bias[m->bias];

    has |= m->position_offset ? VSH_CAN(POSITION_OFFSET) : 0;
    has |= m->norms_per_layer != 2 ? VSH_CAN(NORMS) : 0;
    has |= m->final_norm ? 0 : VSH_CAN(NO_FINAL_NORM);
    has |= m->embedding_norm ? VSH_CAN(EMBEDDING_NORM) : 0;
    has |= m->embedding_dim != m->hidden ? VSH_CAN(EMBEDDING_DIM) : 0;
    has |= m->tied ? VSH_CAN(TIED) : 0;
    return has;
}

static uint64_t of_experts(const vsh_model *m)
{
    const vsh_experts *e = &m->experts;
    int64_t layers = expert_layers(m);
    uint64_t has = VSH_CAN(EXPERTS);

    if (!layers)
        return 0;
    has |= layers < m->layers ? VSH_CAN(SOME_EXPERTS) : 0;
    has |= e->capacity > 0 ? VSH_CAN(CAPACITY) : 0;
    has |= e->shared ? VSH_CAN(SHARED) : 0;
    has |= e->shared_gate ? VSH_CAN(SHARED_GATE) : 0;
    has |= e->router_bias ? VSH_CAN(ROUTER_BIAS) : 0;
    has |= e->correction_bias ? VSH_CAN(CORRECTION_BIAS) : 0;
    has |= e->expert_bias != (m->bias == VSH_BIAS_ALL) ? VSH_CAN(EXPERT_BIAS) : 0;
    return has;
}

static uint64_t of_layout(const vsh_layout *l)
{
    static const uint64_t zero[] = {VSH_CAN(ZERO_0), VSH_CAN(ZERO_1), VSH_CAN(ZERO_2),
                                    VSH_CAN(ZERO_3)};
    const vsh_split *s = &l->split;
    uint64_t has = 0;

    if (s->tensor > 1)
        has |= VSH_CAN(TENSOR) | (s->sequence ? 0 : VSH_CAN(TENSOR_ALONE));
    has |= l->pp > 1 ? VSH_CAN(PIPELINE) : 0;
    has |= s->context > 1 ? VSH_CAN(CONTEXT) : 0;
    has |= s->expert > 1 ? VSH_CAN(EXPERT_WAYS) : 0;
    if (vsh_split_replicas(s) > 1) /* one replica has nothing to shard */
        has |= zero[s->zero];
    return has;
}

static uint64_t of_training(const vsh_export_run *r)
{
    static const uint64_t precision[VSH_PRECISION_COUNT] = {[VSH_FP32] = VSH_CAN(FP32),
                                                            [VSH_FP16] = VSH_CAN(FP16),
                                                            [VSH_FP8] = VSH_CAN(FP8),
                                                            [VSH_INT8] = VSH_CAN(INT8)};
    static const uint64_t optimizer[VSH_OPTIMIZER_COUNT] = {[VSH_ADAMW8BIT] = VSH_CAN(ADAMW8BIT),
                                                            [VSH_ADAFACTOR] = VSH_CAN(ADAFACTOR),
                                                            [VSH_LION] = VSH_CAN(LION),
                                                            [VSH_MUON] = VSH_CAN(MUON),
                                                            [VSH_SGD] = VSH_CAN(SGD)};
    uint64_t has = precision[r->precision] | optimizer[r->optimizer];

    has |= r->recompute == VSH_RECOMPUTE_SELECTIVE ? VSH_CAN(SELECTIVE) : 0;
    has |= r->flash ? 0 : VSH_CAN(SCORES);
    return has;
}

static uint64_t features_of(const vsh_export_run *r)
{
    return of_attention(r->model) | of_body(r->model) | of_experts(r->model) |
           of_layout(&r->layout) | of_training(r);
}

bool vsh_export_has(const vsh_export_run *run, int feature)
{
    assert(feature >= 0 && feature < VSH_EXPORT_FEATURE_COUNT);
    return features_of(run) >> feature & 1;
}

vsh_status vsh_export_refuse(const vsh_export_target *target, const vsh_export_run *run,
                             vsh_error *err)
{
    uint64_t cannot = features_of(run) & ~target->can;

    for (int i = 0; i < VSH_EXPORT_FEATURE_COUNT; i++)
        if (cannot >> i & 1)
            return vsh_fail(err, VSH_EINPUT,
                            "--to %s: expected what this export can tell %s, got %s", target->name,
                            target->system, titles[i]);
    return VSH_OK;
}

vsh_status vsh_export_even_stages(const vsh_export_target *target, const vsh_export_run *run,
                                  vsh_error *err)
{
    int64_t stages = run->layout.pp * run->layout.interleave;

    if (run->model->layers % stages == 0)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "--to %s: pp x interleave: expected a divisor of %" PRId64
                    " layers, got %" PRId64,
                    target->name, run->model->layers, stages);
}
