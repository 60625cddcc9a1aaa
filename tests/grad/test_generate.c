/* Generation against the naive twin of the network in double, token by token and in chunks, and
 * the early exits against what they must equal. */
#include "trainer/nn/generate.h"

#include <math.h>
#include <string.h>

#include "tests/grad/models.h"
#include "tests/harness.h"

const char vsh_suite[] = "generate";

/* A generator ready to run. */
typedef struct {
    vsh_pool *pool;
    vsh_gemm_engine *engine;
    vsh_generator *generator;
    unsigned char *memory;
    int64_t bytes;
} running;

/* How it runs. */
typedef struct {
    int64_t sequences, capacity, chunk;
    int threads;
    vsh_element element;
    const char *isa; /* NULL: the best */
} manner;

enum { GUARD = 64, MARK = 0xA5 };

static void *room(int64_t bytes)
{
    void *place = vsh_alloc(vsh_test_arena(), (size_t)bytes + 1, 1);

    REQUIRE(place != NULL);
    return place;
}

static void *stored_weights(const ready_case *c, vsh_element element)
{
    void *weights = room(c->list.elements * 4);

    for (int64_t i = 0; i < c->list.elements; i++)
        if (element == VSH_F32)
            ((float *)weights)[i] = (float)c->weights[i];
        else
            ((vsh_bf16 *)weights)[i] = vsh_bf16_of_float((float)c->weights[i]);
    return weights;
}

static running start(const ready_case *c, const manner *how)
{
    vsh_generator_shape shape = {how->sequences, how->capacity, how->chunk};
    vsh_gemm_options blas = {0};
    vsh_nn nn = {.kernels = how->isa ? vsh_kernels_named(how->isa) : vsh_kernels_find()};
    running r;
    vsh_error err;

    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), how->threads,
                              room((int64_t)how->threads * VSH_SCRATCH_BYTES), VSH_SCRATCH_BYTES,
                              &r.pool, &err),
               &err);
    REQUIRE_OK(vsh_gemm_open(vsh_test_arena(), r.pool, nn.kernels, &blas, &r.engine, &err), &err);
    nn.pool = r.pool;
    nn.gemm = r.engine;
    r.bytes = vsh_generator_bytes(c->model, how->element, &shape);
    r.memory = room(r.bytes + GUARD);
    memset(r.memory, MARK, (size_t)(r.bytes + GUARD));
    REQUIRE_OK(vsh_generator_open(vsh_test_arena(), c->model, how->element, &shape, &nn,
                                  &c->offsets, stored_weights(c, how->element), r.memory,
                                  &r.generator, &err),
               &err);
    return r;
}

/* Nothing was written behind the memory. */
static void stop(running *r)
{
    for (int i = 0; i < GUARD; i++)
        CHECK_INT(r->memory[r->bytes + i], MARK);
    vsh_gemm_close(r->engine);
    vsh_pool_stop(r->pool);
}

/* Dropless and unshaken, as generation is; exits count in the twin's joint loss. */
static ready_case *calm(int which)
{
    ready_case *c = case_ready(&network_cases[which]);

    c->model->experts.capacity = 0;
    c->options.jitter = 0;
    c->options.balance = c->options.z = 0;
    c->options.exit_scale = 0.5;
    return c;
}

static const ready_case *by_name(const char *name)
{
    for (int i = 0; i < NETWORK_CASES; i++)
        if (strcmp(network_cases[i].name, name) == 0)
            return calm(i);
    REQUIRE(false);
    return NULL;
}

static double *twin_logits(ready_case *c)
{
    vsh_network_ref_report report = {.logits = room(8 * CASE_TOKENS * c->model->vocab)};

    case_loss(c, NULL, &report);
    return report.logits;
}

/* Logits after every token of a text (sequences, seq), fed in steps of so many. */
static float *fed_logits(running *r, const vsh_model *m, int64_t sequences, int64_t seq,
                         const int32_t *inputs, int64_t step, const vsh_exit_rule *rule,
                         int32_t *layers)
{
    float *all = room(4 * sequences * seq * m->vocab);
    int32_t *some = room(4 * sequences * step), *ran = room(4 * sequences * step);

    vsh_generator_restart(r->generator, sequences);
    for (int64_t at = 0; at < seq; at += step) {
        int64_t count = seq - at < step ? seq - at : step;
        vsh_fed fed;
        for (int64_t i = 0; i < sequences * count; i++)
            some[i] = inputs[i / count * seq + at + i % count];
        fed = vsh_generator_feed(r->generator, some, count, rule, ran);
        for (int64_t b = 0; b < sequences; b++)
            memcpy(all + (b * seq + at + count - 1) * m->vocab, fed.logits + b * m->vocab,
                   (size_t)m->vocab * sizeof *all);
        for (int64_t i = 0; layers && i < sequences * count; i++)
            layers[i / count * seq + at + i % count] = ran[i];
    }
    CHECK_INT(vsh_generator_length(r->generator), seq);
    return all;
}

/* Largest difference of the logits after tokens at the ends of steps, over the largest logit. */
static double step_error(const vsh_model *m, int64_t sequences, int64_t seq, int64_t step,
                         const float *got, const double *want)
{
    double worst = 0, scale = 1e-6;

    for (int64_t t = 0; t < sequences * seq; t++)
        for (int64_t v = 0; v < m->vocab && ((t % seq + 1) % step == 0 || t % seq == seq - 1);
             v++) {
            worst = fmax(worst, fabs((double)got[t * m->vocab + v] - want[t * m->vocab + v]));
            scale = fmax(scale, fabs(want[t * m->vocab + v]));
        }
    return worst / scale;
}

static void check_error(double error, double bound, const char *name, int64_t step)
{
    char what[120];

    snprintf(what, sizeof what, "%s, %lld at a time: relative error %.2g", name, (long long)step,
             error);
    vsh_check(error <= bound, __FILE__, __LINE__, what, false);
}

/* ---- the whole depth ----------------------------------------------------------------------- */

static void agree(int which, const manner *how, int64_t step, double bound)
{
    ready_case *c = calm(which);
    double *want = twin_logits(c);
    running r = start(c, how);
    float *got = fed_logits(&r, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, step, NULL, NULL);

    check_error(step_error(c->model, CASE_SEQUENCES, CASE_SEQ, step, got, want), bound,
                network_cases[which].name, step);
    stop(&r);
}

static void tokens_one_by_one_give_the_logits_of_the_whole_text(void)
{
    for (int which = 0; which < NETWORK_CASES; which++)
        agree(which, &(manner){CASE_SEQUENCES, CASE_SEQ, 1, 2}, 1, 1e-5);
}

/* Steps longer than a chunk pass in several. */
static void tokens_together_give_the_same(void)
{
    for (int which = 0; which < NETWORK_CASES; which++)
        for (int64_t step = 2; step <= CASE_SEQ; step++)
            agree(which, &(manner){CASE_SEQUENCES + 1, CASE_SEQ + 1, 4, 1}, step, 1e-5);
}

static void every_instruction_set_agrees(void)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (int which = 0; which < NETWORK_CASES && vsh_kernels_named(names[i]); which += 5)
            agree(which, &(manner){CASE_SEQUENCES, CASE_SEQ, 3, 1, .isa = names[i]}, 3, 1e-5);
}

/* A choice of experts may fall otherwise in 16 bits: only models without experts are held to it, by
 * their worst logit. */
static void sixteen_bits_stay_near(void)
{
    for (int which = 0; which < NETWORK_CASES; which++)
        if (!strstr(network_cases[which].yaml, "experts"))
            agree(which, &(manner){CASE_SEQUENCES, CASE_SEQ, 2, 1, .element = VSH_B16}, 2, 0.15);
}

/* Texts over several tiles of attention, of groups smaller and larger than what is fed, of windows
 * within a tile and over two, and of a model with every option. */
static void long_texts_cross_tiles(void)
{
    enum { SEQ = 150 };
    static const network_case cases[] = {
        {.name = "long", .yaml = "layers: 2\nheads: 2\nffn: 8\n"},
        {.name = "long-grouped", .yaml = "layers: 2\nheads: 8\nkv_heads: 2\nhead_dim: 2\nffn: 8\n"},
        {.name = "long-window",
         .yaml = "layers: 3\nheads: 4\nkv_heads: 2\nffn: 8\nwindow: 70\nfull_every: 3\n"},
        {.name = "short-window",
         .yaml = "layers: 2\nheads: 2\nffn: 8\nwindow: 5\ncross_layer: 2\n"},
        {.name = "long-experts",
         .yaml = "layers: 2\nheads: 2\nexperts: {count: 4, top_k: 2, hidden: 6}\n"},
    };
    static const int64_t steps[] = {1, 7, 64, 130, SEQ};
    static int32_t inputs[2 * SEQ];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ready_case *c = case_ready(&cases[i]);
        vsh_network_ref_report report = {.logits = room(8 * 2 * SEQ * c->model->vocab)};
        for (int t = 0; t < 2 * SEQ; t++)
            inputs[t] = (int32_t)(11 * vsh_random_uniform(8, i, (uint64_t)t));
        vsh_network_ref(c->model, &c->options, &c->list, &c->offsets, c->weights, 2, SEQ, inputs,
                        inputs, NULL, &report);
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            running r = start(c, &(manner){2, SEQ, steps[s] < 100 ? steps[s] : 100, 2});
            float *got = fed_logits(&r, c->model, 2, SEQ, inputs, steps[s], NULL, NULL);
            check_error(step_error(c->model, 2, SEQ, steps[s], got, report.logits), 2e-5,
                        cases[i].name, steps[s]);
            stop(&r);
        }
    }
}

/* ---- exits --------------------------------------------------------------------------------- */

static bool has_exits(const vsh_model *m)
{
    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].exit)
            return true;
    return false;
}

/* The executed products are counted call by call, those of full depth from the model. */
static void a_threshold_above_one_is_full_depth(void)
{
    static const vsh_exit_rule never = {.threshold = 1.01, .decay = 5};

    for (int which = 0; which < NETWORK_CASES; which++) {
        ready_case *c = calm(which);
        running r = start(c, &(manner){CASE_SEQUENCES, CASE_SEQ, 4, 1});
        int32_t layers[CASE_TOKENS];
        vsh_fed whole = vsh_generator_feed(r.generator, c->inputs, CASE_SEQ, NULL, NULL), same;
        size_t bytes = (size_t)(CASE_SEQUENCES * c->model->vocab) * sizeof(float);
        float *logits = room((int64_t)bytes);
        memcpy(logits, whole.logits, bytes);
        vsh_generator_restart(r.generator, CASE_SEQUENCES);
        same = vsh_generator_feed(r.generator, c->inputs, CASE_SEQ, &never, layers);
        CHECK(memcmp(logits, same.logits, bytes) == 0);
        CHECK(whole.executed.v > 0);
        CHECK_NEAR(whole.executed.v, whole.full.v, 0, 0);
        CHECK_NEAR(same.executed.v, whole.full.v, 0, 0);
        CHECK_NEAR(same.full.v, whole.full.v, 0, 0);
        for (int t = 0; t < CASE_TOKENS; t++)
            CHECK_INT(layers[t], c->model->layers);
        stop(&r);
    }
}

/* Only the exit after this layer stays. */
static void keep_exit(vsh_model *m, int64_t layer)
{
    for (int64_t l = 0; l < m->layers; l++)
        m->layer[l].exit = l == layer;
}

/* All tokens leave at one exit: their mean loss is that of its head in the joint loss, and upper
 * layers make keys only. */
static void check_first_exit(int which, int64_t layer)
{
    static const vsh_exit_rule always = {.threshold = 0};
    ready_case *c = calm(which);
    vsh_network_ref_report twin = {0};
    running r = start(c, &(manner){CASE_SEQUENCES, CASE_SEQ, 4, 2});
    double head = c->options.exit_scale * (double)(layer + 1), last = (double)c->model->layers;
    vsh_exit_report got;

    keep_exit(c->model, layer);
    c->ids[3] = -1;
    case_loss(c, NULL, &twin);
    got = vsh_exit_evaluation(r.generator, &always, CASE_SEQUENCES, CASE_SEQ, c->inputs, c->ids,
                              NULL);
    CHECK_NEAR(got.loss, (twin.joint * (head + last) - twin.last * last) / head, 1e-5, 1e-6);
    CHECK_NEAR(got.layers, (double)layer + 1, 0, 0);
    CHECK(got.tokens < CASE_TOKENS);
    CHECK_INT(got.left[layer + 1], got.tokens);
    CHECK(got.executed.v < got.full.v);
    got = vsh_exit_evaluation(r.generator, NULL, CASE_SEQUENCES, CASE_SEQ, c->inputs, c->ids, NULL);
    CHECK_NEAR(got.loss, twin.last, 1e-5, 1e-6);
    CHECK_INT(got.left[c->model->layers], got.tokens);
    stop(&r);
}

static void a_threshold_of_zero_leaves_at_the_first_exit(void)
{
    for (int which = 0; which < NETWORK_CASES; which++) {
        const vsh_model *m = calm(which)->model;
        for (int64_t l = 0; l < m->layers; l++)
            if (m->layer[l].exit)
                check_first_exit(which, l);
    }
}

/* The middle layer adds nothing, so a token that leaves before it has the state it would have had:
 * those who climb on must not notice. */
static void later_tokens_see_those_that_left(void)
{
    static const network_case made = {
        .name = "idle-middle",
        .yaml = "layers: 3\nheads: 4\nkv_heads: 2\nffn: 8\nbias: qkv\nexits: [1]\n"};
    static const vsh_exit_rule rule = {.threshold = 0.25};
    ready_case *c = case_ready(&made);
    const vsh_layer_offsets *idle = &c->offsets.layer[1];
    double *want;
    int32_t layers[CASE_TOKENS];
    int left = 0, before = 0;

    for (int64_t i = 0; i < 8 * 8; i++)
        c->weights[idle->out + i] = c->weights[idle->down + i] = 0;
    want = twin_logits(c);
    for (int64_t step = 1; step <= 3; step += 2) {
        running r = start(c, &(manner){CASE_SEQUENCES, CASE_SEQ, step, 1});
        float *got =
            fed_logits(&r, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, step, &rule, layers);
        for (int t = 0; t < CASE_TOKENS; t++) {
            before = t % CASE_SEQ ? before : 0;
            if (layers[t] == 3 && t % CASE_SEQ % step == step - 1)
                for (int64_t v = 0; v < 11; v++)
                    CHECK_NEAR((double)got[t * 11 + v], want[t * 11 + v], 1e-5, 1e-5);
            left += layers[t] == 3 && before;
            before += layers[t] == 1;
        }
        stop(&r);
    }
    CHECK(left >= 4);
}

/* With exits on, feeding together decides as feeding one by one does. */
static void exits_do_not_depend_on_what_is_fed_together(void)
{
    static const vsh_exit_rule rule = {.threshold = 0.3, .decay = 4};
    int64_t early = 0, late = 0;

    for (int which = 0; which < NETWORK_CASES; which++) {
        ready_case *c = calm(which);
        running one = start(c, &(manner){CASE_SEQUENCES, CASE_SEQ, 1, 1});
        running many = start(c, &(manner){CASE_SEQUENCES, CASE_SEQ, CASE_SEQ, 1});
        int32_t by_one[CASE_TOKENS], by_many[CASE_TOKENS];
        float *a, *b;
        if (!has_exits(c->model))
            continue;
        a = fed_logits(&one, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, 1, &rule, by_one);
        b = fed_logits(&many, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, CASE_SEQ, &rule,
                       by_many);
        for (int t = 0; t < CASE_TOKENS; t++) {
            CHECK_INT(by_many[t], by_one[t]);
            early += by_one[t] < c->model->layers;
            late += by_one[t] == c->model->layers;
        }
        for (int64_t t = CASE_SEQ - 1; t < CASE_TOKENS; t += CASE_SEQ)
            for (int64_t i = t * c->model->vocab; i < (t + 1) * c->model->vocab; i++)
                CHECK_NEAR((double)b[i], (double)a[i], 1e-5, 1e-5);
        stop(&one);
        stop(&many);
    }
    CHECK(early > 10 && late > 10);
}

/* The evaluation of a text is what feeding it gives: layers, losses, work. */
static void the_evaluation_is_what_feeding_gives(void)
{
    static const vsh_exit_rule rule = {.threshold = 0.3};
    const ready_case *c = by_name("exits");
    running r = start(c, &(manner){1, CASE_SEQ, 1, 1});
    int32_t layers[CASE_TOKENS];
    double loss = 0, ran = 0, right = 0, work = 0;
    vsh_exit_report got;

    for (int t = 0; t < CASE_TOKENS; t++) {
        double sum = 0, most = 0;
        vsh_fed fed;
        if (t % CASE_SEQ == 0)
            vsh_generator_restart(r.generator, 1);
        fed = vsh_generator_feed(r.generator, c->inputs + t, 1, &rule, layers);
        for (int64_t v = 0; v < 11; v++) {
            sum += exp((double)fed.logits[v]);
            most = fmax(most, exp((double)fed.logits[v]));
        }
        work += fed.executed.v;
        ran += layers[0];
        loss += log(sum) - (double)fed.logits[c->ids[t] < 0 ? 0 : c->ids[t]];
        right += exp((double)fed.logits[c->ids[t] < 0 ? 0 : c->ids[t]]) == most;
    }
    for (int64_t t = 0; t < CASE_TOKENS; t++) /* every token counts */
        layers[t] = c->ids[t] < 0 ? 0 : c->ids[t];
    got =
        vsh_exit_evaluation(r.generator, &rule, CASE_SEQUENCES, CASE_SEQ, c->inputs, layers, NULL);
    CHECK_INT(got.tokens, CASE_TOKENS);
    CHECK_NEAR(got.loss, loss / CASE_TOKENS, 1e-6, 0);
    CHECK_NEAR(got.layers, ran / CASE_TOKENS, 1e-12, 0);
    CHECK_NEAR(got.accuracy, right / CASE_TOKENS, 1e-12, 0);
    CHECK_NEAR(got.executed.v, work, 0, 0);
    CHECK(ran > CASE_TOKENS && ran < 3 * CASE_TOKENS);
    stop(&r);
}

/* Three sequences through a generator of two, in chunks that do not divide them. */
static void evaluation_takes_any_number_of_sequences(void)
{
    static const vsh_exit_rule rule = {.threshold = 0.3};
    const ready_case *c = by_name("everything");
    running two = start(c, &(manner){2, 4, 3, 1}), one = start(c, &(manner){1, 4, 4, 1});
    vsh_exit_report a = vsh_exit_evaluation(two.generator, &rule, 3, 4, c->inputs, c->ids, NULL);
    vsh_exit_report b = vsh_exit_evaluation(one.generator, &rule, 3, 4, c->inputs, c->ids, NULL);

    CHECK_INT(a.tokens, b.tokens);
    CHECK(a.tokens > 0);
    CHECK_NEAR(a.loss, b.loss, 1e-6, 0);
    CHECK_NEAR(a.layers, b.layers, 1e-12, 0);
    stop(&two);
    stop(&one);
}

/* CALM, equation 5, at both ends and in the middle. */
static void the_threshold_decays(void)
{
    vsh_exit_rule rule = {.threshold = 0.8, .decay = 100, .start = 50}, plain = {.threshold = 0.8};
    vsh_exit_rule one = {.threshold = 1, .decay = 100}, above = {.threshold = 2, .decay = 100};

    CHECK_NEAR(vsh_exit_threshold(&rule, 50), 0.82, 1e-12, 0);
    CHECK_NEAR(vsh_exit_threshold(&rule, 75), 0.72 + 0.1 * 0.36787944117, 1e-9, 0);
    CHECK_NEAR(vsh_exit_threshold(&rule, 1000000), 0.72, 1e-12, 0);
    CHECK_NEAR(vsh_exit_threshold(&plain, 7), 0.8, 0, 0);
    CHECK_NEAR(vsh_exit_threshold(&one, 0), 1, 0, 0);
    CHECK(vsh_exit_threshold(&above, 1000) > 1);
}

/* ---- repeatable ---------------------------------------------------------------------------- */

static void bits_do_not_depend_on_the_number_of_threads(void)
{
    static const vsh_exit_rule rule = {.threshold = 0.3};

    for (int which = 0; which < NETWORK_CASES; which++)
        for (int element = 0; element < VSH_ELEMENT_COUNT; element++) {
            ready_case *c = calm(which);
            manner how = {CASE_SEQUENCES, CASE_SEQ, 3, 1, .element = (vsh_element)element};
            int32_t by_one[CASE_TOKENS], by_two[CASE_TOKENS];
            running one = start(c, &how), two = (how.threads = 2, start(c, &how));
            float *a =
                fed_logits(&one, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, 2, &rule, by_one);
            float *b =
                fed_logits(&two, c->model, CASE_SEQUENCES, CASE_SEQ, c->inputs, 2, &rule, by_two);
            CHECK(memcmp(a, b, (size_t)(CASE_TOKENS * c->model->vocab) * sizeof *a) == 0);
            CHECK(memcmp(by_one, by_two, sizeof by_one) == 0);
            stop(&one);
            stop(&two);
        }
}

/* Other tokens in between leave no trace. */
static void a_rewound_generator_repeats_itself(void)
{
    const ready_case *c = by_name("everything");
    running r = start(c, &(manner){1, CASE_SEQ, 2, 1});
    size_t bytes = (size_t)c->model->vocab * sizeof(float);
    float *first = room((int64_t)bytes);
    vsh_fed again;

    memcpy(first, vsh_generator_feed(r.generator, c->inputs, 4, NULL, NULL).logits, bytes);
    vsh_generator_rewind(r.generator, 2);
    vsh_generator_feed(r.generator, c->inputs + 6, 4, NULL, NULL);
    vsh_generator_rewind(r.generator, 2);
    again = vsh_generator_feed(r.generator, c->inputs + 2, 2, NULL, NULL);
    CHECK(memcmp(first, again.logits, bytes) == 0);
    stop(&r);
}

static void more_positions_than_were_learned_are_refused(void)
{
    const ready_case *c = by_name("gpt");
    vsh_generator_shape shape = {1, 8, 1};
    vsh_generator *generator;
    vsh_nn nn = {0};
    vsh_error err;

    CHECK_FAILS(vsh_generator_open(vsh_test_arena(), c->model, VSH_F32, &shape, &nn, &c->offsets,
                                   NULL, NULL, &generator, &err),
                &err, VSH_EINPUT, "gpt: expected at most 7 tokens");
}

const vsh_test vsh_tests[] = {
    {"tokens_one_by_one_give_the_logits_of_the_whole_text",
     tokens_one_by_one_give_the_logits_of_the_whole_text},
    {"tokens_together_give_the_same", tokens_together_give_the_same},
    {"every_instruction_set_agrees", every_instruction_set_agrees},
    {"sixteen_bits_stay_near", sixteen_bits_stay_near},
    {"long_texts_cross_tiles", long_texts_cross_tiles},
    {"a_threshold_above_one_is_full_depth", a_threshold_above_one_is_full_depth},
    {"a_threshold_of_zero_leaves_at_the_first_exit", a_threshold_of_zero_leaves_at_the_first_exit},
    {"later_tokens_see_those_that_left", later_tokens_see_those_that_left},
    {"exits_do_not_depend_on_what_is_fed_together", exits_do_not_depend_on_what_is_fed_together},
    {"the_evaluation_is_what_feeding_gives", the_evaluation_is_what_feeding_gives},
    {"evaluation_takes_any_number_of_sequences", evaluation_takes_any_number_of_sequences},
    {"the_threshold_decays", the_threshold_decays},
    {"bits_do_not_depend_on_the_number_of_threads", bits_do_not_depend_on_the_number_of_threads},
    {"a_rewound_generator_repeats_itself", a_rewound_generator_repeats_itself},
    {"more_positions_than_were_learned_are_refused", more_positions_than_were_learned_are_refused},
    {NULL, NULL}};
