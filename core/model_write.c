#include "core/model_write.h"

#include <inttypes.h>

static void integer(vsh_text *out, const char *indent, const char *key, int64_t value)
{
    vsh_text_add(out, "%s%s: %" PRId64 "\n", indent, key, value);
}
static void word(vsh_text *out, const char *indent, const char *key, const char *value)
{
    vsh_text_add(out, "%s%s: %s\n", indent, key, value);
}
static void yes_no(vsh_text *out, const char *indent, const char *key, bool value)
{
    word(out, indent, key, value ? "true" : "false");
}

/* A text in single quotes, as YAML doubles them inside. */
static void quoted(vsh_text *out, const char *indent, const char *key, const char *text)
{
    vsh_text_add(out, "%s%s: '", indent, key);
    for (; *text; text++)
        vsh_text_add(out, *text == '\'' ? "''" : "%c", *text);
    vsh_text_add(out, "'\n");
}

/* As they were described, before the granularity made more and narrower ones of them. */
static void write_experts(const vsh_experts *e, const char *indent, vsh_text *out)
{
    int64_t g = e->granularity;

    vsh_text_add(out,
                 "%sexperts: {count: %" PRId64 ", top_k: %" PRId64 ", hidden: %" PRId64
                 ", granularity: %" PRId64 ", shared: %" PRId64 ", shared_hidden: %" PRId64,
                 indent, e->count / g, e->top_k / g, e->hidden * g, g, e->shared, e->shared_hidden);
    vsh_text_add(out, ", every: %" PRId64 ", first_dense: %" PRId64, e->every, e->first_dense);
    vsh_text_add(out, ", shared_gate: %s, router_bias: %s, correction_bias: %s, expert_bias: %s",
                 e->shared_gate ? "true" : "false", e->router_bias ? "true" : "false",
                 e->correction_bias ? "true" : "false", e->expert_bias ? "true" : "false");
    if (e->capacity > 0)
        vsh_text_add(out, ", capacity: %.17g}\n", e->capacity);
    else
        vsh_text_add(out, ", capacity: dropless}\n");
}

static void write_exits(const vsh_model *m, const char *indent, vsh_text *out)
{
    const char *before = "";

    vsh_text_add(out, "%sexits: [", indent);
    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].exit) {
            vsh_text_add(out, "%s%" PRId64, before, l + 1);
            before = ", ";
        }
    vsh_text_add(out, "]\n");
}

void vsh_model_write(const vsh_model *m, const char *indent, vsh_text *out)
{
    const vsh_latent *l = &m->latent;

    quoted(out, indent, "name", m->name);
    if (m->source)
        quoted(out, indent, "source", m->source);
    if (m->published_parameters)
        integer(out, indent, "published_parameters", m->published_parameters);
    integer(out, indent, "layers", m->layers);
    integer(out, indent, "hidden", m->hidden);
    integer(out, indent, "heads", m->heads);
    integer(out, indent, "kv_heads", m->kv_heads);
    integer(out, indent, "head_dim", m->head_dim);
    if (m->ffn)
        integer(out, indent, "ffn", m->ffn);
    word(out, indent, "mlp", vsh_mlp_words[m->mlp]);
    word(out, indent, "norm", vsh_norm_words[m->norm]);
    integer(out, indent, "norms_per_layer", m->norms_per_layer);
    word(out, indent, "qk_norm", vsh_qk_norm_words[m->qk_norm]);
    word(out, indent, "bias", vsh_bias_words[m->bias]);
    word(out, indent, "position", vsh_position_words[m->position]);
    integer(out, indent, "position_offset", m->position_offset);
    yes_no(out, indent, "embedding_norm", m->embedding_norm);
    integer(out, indent, "embedding_dim", m->embedding_dim);
    yes_no(out, indent, "final_norm", m->final_norm);
    yes_no(out, indent, "sinks", m->sinks);
    integer(out, indent, "vocab", m->vocab);
    integer(out, indent, "context", m->context);
    yes_no(out, indent, "tied", m->tied);
    integer(out, indent, "window", m->window);
    integer(out, indent, "full_every", m->full_every);
    integer(out, indent, "cross_layer", m->cross_layer);
    if (l->kv_rank)
        vsh_text_add(out,
                     "%slatent: {q_rank: %" PRId64 ", kv_rank: %" PRId64 ", nope_dim: %" PRId64
                     ", rope_dim: %" PRId64 ", v_dim: %" PRId64 "}\n",
                     indent, l->q_rank, l->kv_rank, l->nope_dim, l->rope_dim, l->v_dim);
    if (m->experts.count)
        write_experts(&m->experts, indent, out);
    write_exits(m, indent, out);
}
