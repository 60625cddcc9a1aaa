#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "trainer/nn/generate.h"
#include "trainer/nn/pick.h"
#include "trainer/run/loaded.h"
#include "trainer/train_commands.h"

enum { DEFAULT_TOKENS = 100, CHUNK = 64 };

/* One text being written. */
typedef struct {
    vsh_session *session;
    train_config *asked; /* what the command line said */
    vsh_loaded model;
    vsh_block memory;
    vsh_generator *generator;
    vsh_ids ids; /* prompt and what was added */
    int64_t prompt_count, capacity;
    vsh_exit_rule rule;
    bool exits; /* a threshold was given */
    vsh_flops executed, full;
    double layers; /* summed over added tokens */
    double seconds;
} writing;

static vsh_status read_prompt(writing *w, vsh_error *err)
{
    const char *prompt = w->asked->prompt;
    int32_t end = vsh_tokenizer_end(w->model.tokenizer);

    w->ids = (vsh_ids){.arena = w->session->arena};
    /* a text begins where another ended */
    VSH_TRY(vsh_ids_add(&w->ids, &end, 1, err));
    if (prompt)
        VSH_TRY(vsh_tokenizer_encode(w->model.tokenizer, prompt, strlen(prompt), &w->ids, err));
    w->prompt_count = w->ids.count;
    if (w->prompt_count >= w->model.config.model.context)
        return vsh_fail(err, VSH_EINPUT,
                        "--prompt: expected fewer tokens than the model's context of %" PRId64
                        ", got %" PRId64,
                        w->model.config.model.context, w->prompt_count);
    return VSH_OK;
}

static vsh_status open_generator(writing *w, vsh_error *err)
{
    const vsh_model *m = &w->model.config.model;
    int64_t wanted = w->asked->tokens ? w->asked->tokens : DEFAULT_TOKENS;
    vsh_generator_shape shape = {.sequences = 1};
    int64_t bytes;

    shape.capacity = w->prompt_count + wanted < m->context ? w->prompt_count + wanted : m->context;
    shape.chunk = shape.capacity < CHUNK ? shape.capacity : CHUNK;
    w->capacity = shape.capacity;
    bytes = vsh_generator_bytes(m, w->model.element, &shape);
    VSH_TRY(
        vsh_block_reserve("the cache of keys and values", bytes, VSH_PLACE_LOCAL, &w->memory, err));
    return vsh_generator_open(w->session->arena, m, w->model.element, &shape, &w->model.nn,
                              &w->model.offsets, w->model.weights.data, w->memory.data,
                              &w->generator, err);
}

static vsh_status write_text(writing *w, vsh_error *err)
{
    const train_config *c = w->asked;
    vsh_pick_rule rule = {.temperature = c->temperature,
                          .top_k = c->top_k,
                          .top_p = c->top_p,
                          .seed = train_seed(w->session)};
    int64_t vocab = w->model.config.model.vocab, fed = 0;
    void *room = vsh_alloc(w->session->arena, (size_t)vsh_pick_bytes(vocab), 1);
    double start = vsh_clock_now().v;

    if (!room)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    while (w->ids.count < w->capacity && !*c->stop) {
        int32_t next, layers[1] = {0};
        int64_t count = w->ids.count - fed;
        vsh_fed got = vsh_generator_feed(w->generator, w->ids.id + fed, count,
                                         w->exits && fed ? &w->rule : NULL, fed ? layers : NULL);
        next = vsh_pick(w->model.nn.kernels, &rule, vocab, got.logits, 0, w->ids.count, room);
        if (next < 0)
            return vsh_fail(err, VSH_ENO, "the model's logits are not finite");
        if (fed) { /* the prompt itself runs at full depth */
            w->layers += layers[0];
            w->executed.v += got.executed.v;
            w->full.v += got.full.v;
        }
        fed = w->ids.count;
        if (next == vsh_tokenizer_end(w->model.tokenizer))
            break;
        VSH_TRY(vsh_ids_add(&w->ids, &next, 1, err));
    }
    w->seconds = vsh_clock_now().v - start;
    return VSH_OK;
}

static vsh_status show(const writing *w, vsh_error *err)
{
    vsh_session *s = w->session;
    vsh_text text = {.arena = s->arena};
    int64_t added = w->ids.count - w->prompt_count;
    double passes = added > 1 ? (double)(added - 1) : 1;
    vsh_json json = {.out = &s->out};

    VSH_TRY(vsh_tokenizer_decode(w->model.tokenizer, w->ids.id + 1, w->ids.count - 1, &text, err));
    if (!s->common->json) {
        vsh_text_put(&s->out, vsh_text_string(&text), text.length);
        vsh_text_put(&s->out, "\n", 1);
        if (!s->common->quiet && w->exits)
            fprintf(stderr, "  %.2f of %" PRId64 " layers a token, %.0f %% of the work\n",
                    w->layers / passes, w->model.config.model.layers,
                    w->full.v > 0 ? 100 * w->executed.v / w->full.v : 100.0);
        return VSH_OK;
    }
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "checkpoint", w->model.path);
    vsh_json_string(&json, "text", vsh_text_string(&text));
    vsh_json_integer(&json, "prompt_tokens", w->prompt_count);
    vsh_json_integer(&json, "tokens", added);
    vsh_json_real(&json, "tokens_per_s", (double)added / w->seconds);
    vsh_json_real(&json, "layers_per_token",
                  w->exits ? w->layers / passes : (double)w->model.config.model.layers);
    vsh_json_real(&json, "executed_flops", w->executed.v);
    vsh_json_real(&json, "full_flops", w->full.v);
    vsh_json_end(&json);
    return VSH_OK;
}

static vsh_status sample(writing *w, vsh_error *err)
{
    VSH_TRY(read_prompt(w, err));
    VSH_TRY(open_generator(w, err));
    VSH_TRY(write_text(w, err));
    return show(w, err);
}

vsh_status train_run_sample(vsh_session *s, vsh_error *err)
{
    vsh_gemm_options gemm = {.table_path = train_gemm_table(s)};
    train_config *asked = s->config;
    writing w = {.session = s, .asked = asked, .rule = {.threshold = asked->exit_threshold}};
    const char *warning = "";
    vsh_status status;

    if (!asked->checkpoint)
        return vsh_fail(err, VSH_EINPUT, "sample: expected --checkpoint DIR");
    w.exits = isfinite(asked->exit_threshold);
    status = vsh_loaded_open(s->arena, &s->library, asked->checkpoint, (int)train_threads(s), &gemm,
                             &w.model, &warning, err);
    if (*warning && !s->common->quiet)
        fprintf(stderr, "warning: %s\n", warning);
    if (status == VSH_OK)
        status = sample(&w, err);
    vsh_block_release(&w.memory);
    vsh_loaded_close(&w.model);
    return status;
}
