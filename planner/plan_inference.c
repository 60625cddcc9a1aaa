#include "planner/plan_estimate.h"

#include <math.h>

#include "core/named.h"
#include "planner/plan_commands.h"

/* What serving a batch of sequences takes of one replica: tp x pp chips, a stage after the other.
 */
typedef struct {
    double weights_bytes, cache_bytes, total_bytes; /* a chip */
    double prefill_s, decode_s;                     /* of all sequences; of one token of each */
    vsh_bound prefill_bound, decode_bound;
    bool fits;
} served;

/* Keys and values of every token so far: of all heads that are kept, or the compressed vector. */
static double cache_bytes(const plan_estimate *e)
{
    const vsh_model *m = &e->model;
    double own = 0, width;

    for (int64_t l = 0; l < m->layers; l++) {
        double reach = (double)e->run.laid.seq, window = (double)m->layer[l].window;
        if (m->layer[l].own_kv)
            own += window > 0 ? fmin(window, reach) : reach;
    }
    width = m->latent.kv_rank
                ? (double)(m->latent.kv_rank + m->latent.rope_dim)
                : 2 * (double)(vsh_split_kv_heads(m, &e->run.layout.split) * m->head_dim);
    return own * width * (double)e->run.laid.batch *
           (double)vsh_activation_bytes(e->run.precision) / (double)e->run.layout.pp;
}

/* Forward operations of the list and their collectives: the queue, and what bounds most of it. */
static double forward_time(const plan_estimate *e, const vsh_op_list *ops, vsh_bound *bound)
{
    vsh_mesh mesh = vsh_step_mesh(&e->platform, &e->run.layout);
    double by[VSH_BOUND_COUNT] = {0}, sum = 0;
    vsh_queue queue = {{0}, 0};

    for (int i = 0; i < ops->count; i++) {
        const vsh_op *op = &ops->item[i];
        bool network = op->kind == VSH_OP_COLLECTIVE;
        vsh_op_price p;
        if ((network ? op->during : op->phase) != VSH_FORWARD || op->roles & VSH_ROLE_ONCE)
            continue;
        p = vsh_step_op_price(&e->run, &e->platform, &mesh, op,
                              op->roles & VSH_ROLE_LAYER ? e->model.layers : 1);
        vsh_queue_add(&queue, &p);
        by[p.bound] += p.chip.v;
    }
    by[VSH_BOUND_LATENCY] += fmax(0, vsh_queue_time(&e->platform.rate, &queue).v - queue.chip.v);
    *bound = VSH_BOUND_MATRIX;
    for (int b = 0; b < VSH_BOUND_COUNT; b++) {
        sum += by[b];
        if (by[b] > by[*bound])
            *bound = (vsh_bound)b;
    }
    return sum;
}

/* A token of every sequence: products with as many rows as sequences, and the cache read once. */
static vsh_status decode(plan_estimate *e, served *s, vsh_error *err)
{
    vsh_work work = vsh_step_work(&e->run);
    double cache;

    work.recipe = NULL;
    work.sequences = e->run.laid.batch;
    work.seq = 1;
    VSH_TRY(vsh_lower(&e->model, &work, &e->list, err));
    s->decode_s = forward_time(e, &e->list, &s->decode_bound);
    cache = s->cache_bytes * (double)e->run.layout.pp / e->platform.rate.memory;
    if (cache > s->decode_s)
        s->decode_bound = VSH_BOUND_MEMORY;
    s->decode_s += cache;
    return VSH_OK;
}

static vsh_status prefill(plan_estimate *e, served *s, vsh_error *err)
{
    vsh_work work = vsh_step_work(&e->run);

    work.recipe = NULL;
    work.sequences = e->run.laid.batch;
    VSH_TRY(vsh_lower(&e->model, &work, &e->list, err));
    s->prefill_s = forward_time(e, &e->list, &s->prefill_bound);
    return VSH_OK;
}

static void print(const plan_estimate *e, const served *s, vsh_text *out)
{
    vsh_text_add(out, "\n  Serving %s on %lld x %s: %lld sequences of %s tokens\n", e->model.name,
                 (long long)e->chips, e->hardware.name, (long long)e->run.laid.batch,
                 vsh_show_integer(e->run.laid.seq).text);
    vsh_text_add(out, "    weights       %10s a chip\n", vsh_show_bytes(s->weights_bytes).text);
    vsh_text_add(out, "    keys, values  %10s a chip, all sequences full\n",
                 vsh_show_bytes(s->cache_bytes).text);
    vsh_text_add(out, "    in all        %10s of %s: %s\n", vsh_show_bytes(s->total_bytes).text,
                 vsh_show_bytes(e->hardware.memory_bytes.value).text,
                 s->fits ? "fits" : "DOES NOT FIT");
    vsh_text_add(out, "    prefill       %10s, bound by %s\n", vsh_show_time(s->prefill_s).text,
                 vsh_bound_names[s->prefill_bound]);
    vsh_text_add(out, "    decode        %10s a token of every sequence, bound by %s\n",
                 vsh_show_time(s->decode_s).text, vsh_bound_names[s->decode_bound]);
    vsh_text_add(
        out, "                  %10s tokens/s; one after the other through %lld stages\n\n",
        vsh_show_amount((double)e->run.laid.batch / s->decode_s).text, (long long)e->run.layout.pp);
}

static void write_json(const plan_estimate *e, const served *s, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "model", e->model.name);
    vsh_json_string(json, "hardware", e->hardware.name);
    vsh_json_integer(json, "params_total", e->parameters.total);
    vsh_json_integer(json, "params_active", e->parameters.active);
    vsh_layout_write(&e->run.layout, json);
    vsh_json_real(json, "weights_bytes", s->weights_bytes);
    vsh_json_real(json, "kv_cache_bytes", s->cache_bytes);
    vsh_json_real(json, "total_bytes", s->total_bytes);
    vsh_json_bool(json, "fits", s->fits);
    vsh_json_real(json, "prefill_time_s", s->prefill_s);
    vsh_json_string(json, "prefill_bound", vsh_bound_names[s->prefill_bound]);
    vsh_json_real(json, "decode_time_s", s->decode_s);
    vsh_json_string(json, "decode_bound", vsh_bound_names[s->decode_bound]);
    vsh_json_real(json, "decode_tokens_per_s", (double)e->run.laid.batch / s->decode_s);
    vsh_json_end(json);
}

vsh_status plan_inference(vsh_session *s, plan_estimate *e, vsh_error *err)
{
    vsh_share share;
    served v = {0};

    e->run.recompute = VSH_RECOMPUTE_NONE;
    share = vsh_share_stage(&e->model, &e->run.layout.split, &(vsh_stage){0});
    v.weights_bytes = (double)(vsh_share_dense(share) + share.experts) *
                      (double)vsh_operand_bytes(e->run.precision) / (double)e->run.layout.pp;
    v.cache_bytes = cache_bytes(e);
    v.total_bytes = v.weights_bytes + v.cache_bytes;
    v.fits = v.total_bytes <= e->hardware.memory_bytes.value;
    VSH_TRY(prefill(e, &v, err));
    VSH_TRY(decode(e, &v, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(e, &v, &json);
    } else {
        print(e, &v, &s->out);
    }
    if (!v.fits)
        return vsh_fail(err, VSH_ENO, "this does not fit: %s of %s a chip",
                        vsh_show_bytes(v.total_bytes).text,
                        vsh_show_bytes(e->hardware.memory_bytes.value).text);
    return VSH_OK;
}
