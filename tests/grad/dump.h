/* One pass of a network as two files for an independent implementation: NAME.json says what was
 * computed, NAME.raw holds its numbers (double, native order). tests/grad/torch_check.py reads
 * them; the twin and the fast network write them alike. */
#ifndef VSH_TEST_DUMP_H
#define VSH_TEST_DUMP_H

#include <stdio.h>

#include "core/json.h"
#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/nn/network_ref.h"
#include "trainer/nn/parameters.h"

typedef struct {
    const char *name;
    const vsh_model *model;
    const vsh_network_ref_options *options;
    const vsh_parameter_list *list;
    const double *weights, *gradients; /* an fp32 network's numbers are widened */
    int64_t sequences, seq;
    const int32_t *inputs;
    const int32_t *ids;
    double loss;                               /* joint + balance + z */
    double loss_tolerance, gradient_tolerance; /* relative; of gradients: to a tensor's largest */
    double gradient_floor; /* or to this share of the model's largest: a tiny one is rounding */
} network_dump;

static inline void dump_words(vsh_json *json, const vsh_model *m)
{
    vsh_json_string(json, "mlp", vsh_mlp_words[m->mlp]);
    vsh_json_string(json, "norm", vsh_norm_words[m->norm]);
    vsh_json_string(json, "position", vsh_position_words[m->position]);
    vsh_json_string(json, "bias", vsh_bias_words[m->bias]);
    vsh_json_bool(json, "tied", m->tied);
}

static inline void dump_model(vsh_json *json, const vsh_model *m)
{
    const struct {
        const char *key;
        int64_t value;
    } sizes[] = {
        {"layers", m->layers},         {"hidden", m->hidden},       {"heads", m->heads},
        {"kv_heads", m->kv_heads},     {"head_dim", m->head_dim},   {"vocab", m->vocab},
        {"experts", m->experts.count}, {"top_k", m->experts.top_k}, {"shared", m->experts.shared}};

    vsh_json_object(json, "model");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        vsh_json_integer(json, sizes[i].key, sizes[i].value);
    vsh_json_real(json, "capacity", m->experts.capacity);
    vsh_json_bool(json, "correction_bias", m->experts.correction_bias);
    dump_words(json, m);
    vsh_json_array(json, "layer");
    for (int64_t l = 0; l < m->layers; l++) {
        vsh_json_object(json, NULL);
        vsh_json_bool(json, "experts", m->layer[l].experts);
        vsh_json_bool(json, "own_kv", m->layer[l].own_kv);
        vsh_json_bool(json, "exit", m->layer[l].exit);
        vsh_json_integer(json, "window", m->layer[l].window);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_end(json);
}

static inline void dump_tensors(vsh_json *json, const vsh_parameter_list *list)
{
    vsh_json_array(json, "tensors");
    for (int64_t i = 0; i < list->count; i++) {
        const vsh_parameter *p = &list->item[i];
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", p->name);
        vsh_json_integer(json, "rows", p->rows);
        vsh_json_integer(json, "cols", p->cols);
        vsh_json_integer(json, "offset", p->offset);
        vsh_json_bool(json, "trained", p->trained);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static inline void dump_ids(vsh_json *json, const char *key, int64_t count, const int32_t *ids)
{
    if (!ids) {
        vsh_json_null(json, key);
        return;
    }
    vsh_json_array(json, key);
    for (int64_t i = 0; i < count; i++)
        vsh_json_integer(json, NULL, ids[i]);
    vsh_json_end(json);
}

static inline void dump_options(vsh_json *json, const network_dump *d)
{
    vsh_json_real(json, "balance", d->options->balance);
    vsh_json_real(json, "z", d->options->z);
    vsh_json_real(json, "exit_scale", d->options->exit_scale);
    vsh_json_integer(json, "elements", d->list->elements);
    vsh_json_integer(json, "sequences", d->sequences);
    vsh_json_integer(json, "seq", d->seq);
    vsh_json_real(json, "loss", d->loss);
    vsh_json_real(json, "loss_tolerance", d->loss_tolerance);
    vsh_json_real(json, "gradient_tolerance", d->gradient_tolerance);
    vsh_json_real(json, "gradient_floor", d->gradient_floor);
}

static inline FILE *dump_open(const char *folder, const char *name, const char *ending)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    file = fopen(path, "wb");
    REQUIRE(file != NULL);
    return file;
}

static inline void dump_doubles(FILE *file, int64_t count, const double *values)
{
    REQUIRE(fwrite(values, sizeof *values, (size_t)count, file) == (size_t)count);
}

/* Weights, gradients, what the router's input of each layer is multiplied by. */
static inline void dump_raw(FILE *file, const network_dump *d)
{
    const vsh_network_ref_options *o = d->options;
    int64_t tokens = d->sequences * d->seq;

    dump_doubles(file, d->list->elements, d->weights);
    dump_doubles(file, d->list->elements, d->gradients);
    for (int64_t l = 0; l < d->model->layers; l++)
        for (int64_t i = 0; i < tokens * d->model->hidden; i++) {
            double u =
                vsh_random_uniform(o->jitter_seed, o->jitter_stream + (uint64_t)l, (uint64_t)i);
            double factor = 1 + o->jitter * (2 * u - 1);
            dump_doubles(file, 1, &factor);
        }
}

static inline void dump_network(const char *folder, const network_dump *d)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_json json = {.out = &text};
    FILE *file;

    vsh_json_object(&json, NULL);
    vsh_json_string(&json, "name", d->name);
    dump_model(&json, d->model);
    dump_options(&json, d);
    dump_ids(&json, "inputs", d->sequences * d->seq, d->inputs);
    dump_ids(&json, "ids", d->sequences * d->seq, d->ids);
    dump_tensors(&json, d->list);
    vsh_json_end(&json);
    REQUIRE(!text.failed && !json.refused);
    file = dump_open(folder, d->name, "json");
    REQUIRE(fputs(vsh_text_string(&text), file) >= 0);
    REQUIRE(fclose(file) == 0);
    file = dump_open(folder, d->name, "raw");
    dump_raw(file, d);
    REQUIRE(fclose(file) == 0);
}

#endif
