#include "trainer/run/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/trainer/started.h"
#include "trainer/nn/linear.h"

const char vsh_suite[] = "trainer";

static vsh_error err;

/* What failed, for tables. */
static void claim(bool holds, const char *claimed, const char *model, int a, int b, int line)
{
    char what[200];

    snprintf(what, sizeof what, "%s: %.60s (%d, %d)", claimed, model, a, b);
    vsh_check(holds, __FILE__, line, what, false);
}

#define CLAIM(cond, model, a, b) claim((cond), #cond, (model), (a), (b), __LINE__)

#define DENSE                                                                                      \
    "name: dense\nlayers: 2\nhidden: 32\nheads: 4\nkv_heads: 2\nffn: 48\nvocab: 40\ncontext: 96\n"
#define LEARNED                                                                                    \
    "name: learned\nlayers: 2\nhidden: 32\nheads: 2\nffn: 64\nvocab: 40\ncontext: 96\nmlp: gelu\n" \
    "norm: layer\nposition: learned\nbias: all\ntied: true\n"
#define MIXTURE                                                                                    \
    "name: mixture\nlayers: 2\nhidden: 32\nheads: 4\nvocab: 40\ncontext: 96\n"                     \
    "experts: {count: 4, top_k: 2, hidden: 24}\n"
#define BALANCED                                                                                   \
    "name: balanced\nlayers: 3\nhidden: 32\nheads: 4\nffn: 40\nvocab: 40\ncontext: 96\n"           \
    "experts: {count: 4, top_k: 2, hidden: 24, first_dense: 1, shared: 1, correction_bias: "       \
    "true}\n"
#define EVERYTHING                                                                                 \
    "name: everything\nlayers: 4\nhidden: 32\nheads: 4\nkv_heads: 2\nffn: 40\nvocab: 40\n"         \
    "context: 96\nbias: attention\nnorm: layer\nwindow: 9\nfull_every: 3\ncross_layer: 2\n"        \
    "exits: [1, 3]\ntied: true\n"                                                                  \
    "experts: {count: 4, top_k: 2, hidden: 24, every: 2, capacity: 1.25, shared: 1}\n"

static const char *const kinds[] = {DENSE, LEARNED, MIXTURE, BALANCED, EVERYTHING};
enum { KINDS = sizeof kinds / sizeof kinds[0] };
static const char *const shipped[] = {"tiny-dense", "tiny-moe", "quick-moe"};
enum { SHIPPED = sizeof shipped / sizeof shipped[0] };
static const int precisions[] = {VSH_FP32, VSH_BF16, VSH_INT8};
static const int optimizers[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
enum { PRECISIONS = 3, OPTIMIZERS = 4, RECOMPUTES = 3 };

/* ---- memory -------------------------------------------------------------------------------- */

static void check_reserved(const setting *s, int line)
{
    started *r = open_of(s);
    const vsh_footprint *f = &r->plan.footprint;
    char what[200];

    snprintf(what, sizeof what,
             "%.20s, precision %d, optimizer %d, recompute %d, shards %d, threads %d: reserved "
             "%lld, planned %.0f",
             s->model, s->precision, s->optimizer, s->recompute, (int)s->shards, (int)s->threads,
             (long long)r->t.arena_bytes, f->total.v);
    vsh_check((double)r->t.arena_bytes == f->total.v, __FILE__, line, what, false);
    CHECK_NEAR((double)r->t.weights.bytes, f->weights.v, 0, 0);
    CHECK_NEAR((double)r->t.gradients.bytes, f->gradients.v, 0, 0);
    CHECK_NEAR((double)r->t.optimizer.bytes, f->optimizer.v, 0, 0);
    CHECK_NEAR((double)r->t.activations.bytes, f->activations.v, 0, 0);
    CHECK_NEAR((double)r->t.workspace.bytes, f->workspace.v + f->logits.v, 0, 0);
    stop(r);
}

static void check_every_reservation(const char *model)
{
    for (int p = 0; p < PRECISIONS; p++)
        for (int o = 0; o < OPTIMIZERS; o++)
            for (int recompute = 0; recompute < RECOMPUTES; recompute++)
                for (int64_t shards = 1; shards <= 4; shards *= 2)
                    check_reserved(&(setting){.model = model,
                                              .sequence = 64,
                                              .micro = 3,
                                              .accumulate = 4,
                                              .shards = shards,
                                              .threads = 1 + (o + shards) % 2,
                                              .precision = precisions[p],
                                              .optimizer = optimizers[o],
                                              .recompute = recompute,
                                              .jitter = shards == 2 ? 0.01 : 0},
                                   __LINE__);
}

static void a_shipped_model_reserves_what_was_planned_to_the_byte(void)
{
    for (int m = 0; m < SHIPPED; m++)
        check_every_reservation(shipped[m]);
}

static void every_kind_of_model_reserves_what_was_planned_to_the_byte(void)
{
    for (int k = 0; k < KINDS; k++)
        check_every_reservation(kinds[k]);
}

/* ---- a run learns -------------------------------------------------------------------------- */

/* The rate at which an optimizer learns this text in ten steps. */
static double rate_of(int optimizer)
{
    return optimizer == VSH_SGD ? 0.05 : optimizer == VSH_ADAFACTOR ? 3e-2 : 3e-3;
}

static void check_learns(const setting *s, double least)
{
    started *r = start_of(s);
    double first = gradient_at(r, 1, 0).report.loss, last;

    last = train(r, 11, rate_of(s->optimizer));
    CLAIM(first - last > least, s->model, s->precision, s->optimizer);
    CLAIM(vsh_trainer_finite(&r->t), s->model, s->precision, s->optimizer);
    CHECK_NEAR(first, log((double)r->config.model.vocab), 0.1, 0);
    stop(r);
}

/* Deep ones are cut to two layers, for time. */
static void every_shipped_model_learns_a_batch_in_ten_steps(void)
{
    check_learns(&(setting){.model = "quick-moe", .threads = 2, .clip = 1}, 1);
    check_learns(&(setting){.model = "tiny-dense", .layers = 2, .clip = 1}, 1);
    check_learns(&(setting){.model = "tiny-moe", .layers = 1, .clip = 1}, 1);
}

static void every_precision_and_optimizer_learns_a_batch_in_ten_steps(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int p = 0; p < PRECISIONS; p++)
            for (int o = 0; o < OPTIMIZERS; o++)
                check_learns(&(setting){.model = kinds[k],
                                        .precision = precisions[p],
                                        .optimizer = optimizers[o],
                                        .recompute = (k + p + o) % RECOMPUTES,
                                        .accumulate = 2,
                                        .clip = 1},
                             0.05);
}

static void the_seed_decides_where_a_run_begins(void)
{
    started *a = start_of(&(setting){.model = DENSE, .seed = 3});
    started *b = start_of(&(setting){.model = DENSE, .seed = 3, .threads = 2});
    started *c = start_of(&(setting){.model = DENSE, .seed = 4});

    CHECK(same_weights(a, b));
    CHECK(!same_weights(a, c));
    stop(a);
    stop(b);
    stop(c);
}

static void a_trainer_starts_anew_as_it_began(void)
{
    for (int o = 0; o < OPTIMIZERS; o++) {
        setting s = {.model = MIXTURE, .precision = VSH_BF16, .optimizer = optimizers[o]};
        started *used = start_of(&s), *fresh = start_of(&s);
        train(used, 2, 1e-2);
        CHECK(!same_weights(used, fresh));
        vsh_trainer_start(&used->t);
        CHECK(same_weights(used, fresh));
        CHECK(same_state(used, fresh));
        stop(used);
        stop(fresh);
    }
}

/* ---- the same bits ------------------------------------------------------------------------- */

static void check_threads(int kind, int p, int o)
{
    setting s = {.model = kinds[kind],
                 .precision = precisions[p],
                 .optimizer = optimizers[o],
                 .recompute = (kind + o) % RECOMPUTES,
                 .accumulate = 2,
                 .jitter = 0.05,
                 .clip = 1,
                 .threads = 1};
    started *one = start_of(&s), *two;

    s.threads = 2;
    two = start_of(&s);
    CLAIM(train(one, 3, 1e-2) == train(two, 3, 1e-2), kinds[kind], p, o);
    CLAIM(same_weights(one, two), kinds[kind], p, o);
    CLAIM(same_state(one, two), kinds[kind], p, o);
    stop(one);
    stop(two);
}

static void any_number_of_threads_gives_the_same_bits(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int p = 0; p < PRECISIONS; p++)
            check_threads(k, p, (k + p) % OPTIMIZERS);
    for (int o = 0; o < OPTIMIZERS; o++)
        check_threads(o, o % PRECISIONS, o);
}

static void recomputation_does_not_change_a_bit_of_the_weights(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int p = 0; p < PRECISIONS; p++) {
            setting s = {.model = kinds[k], .precision = precisions[p], .jitter = 0.05};
            started *none = start_of(&s);
            train(none, 3, 1e-2);
            for (int recompute = 1; recompute < RECOMPUTES; recompute++) {
                started *again;
                s.recompute = recompute;
                again = start_of(&s);
                train(again, 3, 1e-2);
                CLAIM(same_weights(none, again), kinds[k], p, recompute);
                stop(again);
            }
            stop(none);
        }
}

/* ---- micro-batches and shards -------------------------------------------------------------- */

/* Length of the difference of two fp32 gradients over that of the first. */
static double difference(const started *a, const started *b)
{
    const float *x = a->t.gradient[0], *y = b->t.gradient[0];
    double apart = 0, length = 0;

    for (int64_t i = 0; i < a->t.list.elements; i++) {
        apart += pow((double)x[i] - (double)y[i], 2);
        length += pow((double)x[i], 2);
    }
    return sqrt(apart / length);
}

static void shards_sum_to_the_same_gradient(void)
{
    for (int k = 0; k < KINDS; k++) {
        setting s = {.model = kinds[k], .accumulate = 4, .shards = 1, .jitter = 0.05};
        started *one = start_of(&s);
        vsh_step want = gradient_at(one, 1, 0);
        for (s.shards = 2; s.shards <= 4; s.shards *= 2) {
            started *more = start_of(&s);
            vsh_step got = gradient_at(more, 1, 0);
            CLAIM(difference(one, more) < 1e-6, kinds[k], (int)s.shards, 0);
            CHECK_NEAR(got.gradient_norm, want.gradient_norm, 1e-6, 0);
            CHECK(got.report.loss == want.report.loss);
            stop(more);
        }
        stop(one);
    }
}

static void shards_give_the_same_bits_for_any_number_of_threads(void)
{
    for (int k = 0; k < KINDS; k += 2)
        for (int p = 0; p < 2; p++) {
            setting s = {.model = kinds[k],
                         .precision = precisions[p],
                         .accumulate = 4,
                         .shards = 4,
                         .threads = 1};
            started *one = start_of(&s);
            gradient_at(one, 1, 0);
            for (s.threads = 2; s.threads <= 3; s.threads++) {
                started *more = start_of(&s);
                gradient_at(more, 1, 0);
                CLAIM(same_gradients(one, more), kinds[k], p, (int)s.threads);
                stop(more);
            }
            stop(one);
        }
}

/* A model without a router knows nothing of how its step is cut. */
static void micro_batches_sum_to_the_gradient_of_the_whole(void)
{
    static const char *const models[] = {DENSE, LEARNED};

    for (int m = 0; m < 2; m++) {
        started *whole = start_of(&(setting){.model = models[m], .micro = 8});
        started *parts =
            start_of(&(setting){.model = models[m], .micro = 2, .accumulate = 4, .shards = 2});
        vsh_step a = gradient_at(whole, 1, 0), b = gradient_at(parts, 1, 0);
        float *sum = parts->t.gradient[0];
        for (int64_t i = 0; i < parts->t.list.elements; i++)
            sum[i] /= 4;
        CHECK(difference(whole, parts) < 1e-5);
        CHECK_NEAR(b.report.loss, a.report.loss, 1e-6, 0);
        CHECK_NEAR(b.gradient_norm, a.gradient_norm, 1e-5, 0);
        CHECK_INT(b.report.tokens, a.report.tokens);
        stop(whole);
        stop(parts);
    }
}

static void a_report_is_the_mean_over_the_micro_batches(void)
{
    started *whole = start_of(&(setting){.model = EVERYTHING, .accumulate = 4});
    started *one = start_of(&(setting){.model = EVERYTHING});
    vsh_step all = gradient_at(whole, 1, 0);
    vsh_network_report sum = {0};

    for (int64_t i = 0; i < 4; i++) {
        vsh_network_report part = gradient_at(one, 1, i * 48).report;
        sum.loss += part.loss / 4;
        sum.joint += part.joint / 4;
        sum.balance += part.balance / 4;
        sum.entropy += part.entropy / 4;
        sum.exit_loss[1] += part.exit_loss[1] / 4;
        sum.load_max = fmax(sum.load_max, part.load_max);
        sum.dropped += part.dropped;
        sum.routed += part.routed;
        sum.tokens += part.tokens;
    }
    CHECK_NEAR(all.report.loss, sum.loss, 1e-12, 0);
    CHECK_NEAR(all.report.joint, sum.joint, 1e-12, 0);
    CHECK_NEAR(all.report.balance, sum.balance, 1e-12, 0);
    CHECK_NEAR(all.report.entropy, sum.entropy, 1e-12, 0);
    CHECK_NEAR(all.report.exit_loss[1], sum.exit_loss[1], 1e-12, 0);
    CHECK_NEAR(all.report.load_max, sum.load_max, 0, 0);
    CHECK_INT(all.report.dropped, sum.dropped);
    CHECK_INT(all.report.routed, sum.routed);
    CHECK_INT(all.report.tokens, 4 * 48);
    CHECK_INT(all.report.exits, 2);
    stop(whole);
    stop(one);
}

/* The same tokens, whatever is asked for. */
static void fill_alike(void *context, int64_t first, int64_t sequences, int64_t seq,
                       int32_t *inputs, int32_t *targets)
{
    (void)first;
    fill_text(context, 0, sequences, seq, inputs, targets);
}

static double loss_alike(started *r, int64_t step)
{
    vsh_batch_source source = {fill_alike, r};
    vsh_step result;

    REQUIRE_OK(vsh_trainer_gradient(&r->t, &source, step, 0, &result, &err), &err);
    return result.report.loss;
}

/* Without jitter a step is twice the same micro-batch, and its mean loss is exactly that of one. */
static void every_micro_batch_of_every_step_is_shaken_anew(void)
{
    for (int shaken = 0; shaken < 2; shaken++) {
        setting s = {.model = MIXTURE, .jitter = 0.3 * shaken};
        started *one = start_of(&s), *two;
        s.accumulate = 2;
        two = start_of(&s);
        CHECK((loss_alike(one, 1) == loss_alike(one, 2)) == !shaken);
        CHECK((loss_alike(one, 2) == loss_alike(two, 1)) == !shaken);
        CHECK((loss_alike(one, 3) == loss_alike(two, 1)) == !shaken);
        CHECK(loss_alike(one, 5) == loss_alike(one, 5));
        stop(one);
        stop(two);
    }
}

/* ---- the update ---------------------------------------------------------------------------- */

/* The first step of SGD is the gradient times the rate: clipped, its length is rate times clip. */
static void a_clipped_step_has_the_length_of_the_clip(void)
{
    started *r = start_of(&(setting){.model = DENSE, .optimizer = VSH_SGD, .clip = 0.01});
    size_t bytes = stored_bytes(r);
    float *before = vsh_alloc(vsh_test_arena(), 1, bytes), *after = r->t.arrays.weights;
    vsh_step result;
    double length = 0;

    REQUIRE(before != NULL);
    r->config.optimizer.weight_decay = 0;
    memcpy(before, after, bytes);
    result = gradient_at(r, 1, 0);
    CHECK(result.gradient_norm > 0.1);
    vsh_trainer_update(&r->t, 1, 10, &result);
    for (int64_t i = 0; i < r->t.list.elements; i++)
        length += pow((double)after[i] - (double)before[i], 2);
    CHECK_NEAR(sqrt(length), 10 * 0.01, 1e-4, 0);
    stop(r);
}

/* A clip above the norm, and none, do nothing. */
static void a_wide_clip_changes_nothing(void)
{
    started *none = start_of(&(setting){.model = DENSE});
    started *wide = start_of(&(setting){.model = DENSE, .clip = 1e6});

    train(none, 2, 1e-2);
    train(wide, 2, 1e-2);
    CHECK(same_weights(none, wide));
    stop(none);
    stop(wide);
}

static void weights_of_16_bits_are_the_master_copy_rounded(void)
{
    for (int o = 0; o < OPTIMIZERS; o++) {
        started *r = start_of(&(setting){.model = BALANCED,
                                         .precision = VSH_BF16,
                                         .optimizer = optimizers[o],
                                         .bias_rate = 0.003});
        const vsh_bf16 *weights = r->t.arrays.weights;
        int64_t wrong = 0;
        train(r, 3, 1e-2);
        for (int64_t i = 0; i < r->t.list.elements; i++)
            wrong += weights[i] != vsh_bf16_of_float(r->t.arrays.master[i]);
        CLAIM(wrong == 0, "balanced", optimizers[o], (int)wrong);
        memset(r->t.arrays.weights, 0, stored_bytes(r));
        vsh_trainer_round(&r->t);
        for (int64_t i = 0; i < r->t.list.elements; i++)
            wrong += weights[i] != vsh_bf16_of_float(r->t.arrays.master[i]);
        CLAIM(wrong == 0, "balanced", optimizers[o], (int)wrong);
        stop(r);
    }
}

static float bias_at(const started *r, int64_t layer, int64_t expert)
{
    const float *values = r->t.arrays.master ? r->t.arrays.master : r->t.arrays.weights;

    return values[r->t.offsets.layer[layer].correction + expert];
}

/* Wang et al. 2024: up by the rate where an expert had less than the mean, down where it had more,
 * over all micro-batches. */
static void balancing_moves_each_bias_by_the_load_of_its_expert(void)
{
    static const int narrow[] = {VSH_FP32, VSH_BF16};

    for (int p = 0; p < 2; p++) {
        started *r = start_of(&(setting){
            .model = BALANCED, .bias_rate = 0.25, .accumulate = 2, .precision = narrow[p]});
        int moved = 0;
        train(r, 1, 1e-3);
        for (int64_t l = 1; l < 3; l++) {
            int64_t rows = 0;
            for (int64_t e = 0; e < 4; e++) {
                int64_t load = r->t.load[l * 4 + e], mean = 2 * 48 * 2 / 4;
                CHECK_NEAR((double)bias_at(r, l, e),
                           load < mean   ? 0.25
                           : load > mean ? -0.25
                                         : 0,
                           0, 0);
                moved += load != mean;
                rows += load;
            }
            CHECK_INT(rows, 2 * 48 * 2);
        }
        CHECK(moved > 0);
        stop(r);
    }
}

static void biases_stay_without_a_rate(void)
{
    for (int o = 0; o < OPTIMIZERS; o++) {
        started *r = start_of(&(setting){.model = BALANCED, .optimizer = optimizers[o]});
        train(r, 3, 1e-2);
        for (int64_t l = 1; l < 3; l++)
            for (int64_t e = 0; e < 4; e++)
                CHECK_NEAR((double)bias_at(r, l, e), 0, 0, 0);
        stop(r);
    }
}

/* Steps that are small beside the spread of the scores of a new router, some hundredths. */
static void balancing_evens_the_load(void)
{
    started *r = start_of(&(setting){.model = BALANCED, .bias_rate = 1e-3, .micro = 4});
    double before = gradient_at(r, 1, 0).report.load_max, after;

    for (int64_t step = 1; step <= 40; step++) {
        vsh_step result = gradient_at(r, step, 0);
        vsh_trainer_update(&r->t, step, 0, &result);
    }
    after = gradient_at(r, 41, 0).report.load_max;
    CHECK(before > 1.25);
    CHECK(after < before - 0.15);
    stop(r);
}

static void what_is_not_finite_is_told(void)
{
    for (int p = 0; p < 2; p++) {
        started *r = start_of(&(setting){.model = DENSE, .precision = precisions[p]});
        int64_t at = r->t.offsets.layer[1].down + 5;
        CHECK(gradient_at(r, 1, 0).finite);
        if (p == 0)
            ((float *)r->t.arrays.weights)[at] = NAN;
        else
            ((vsh_bf16 *)r->t.arrays.weights)[at] = 0x7f80; /* infinity */
        CHECK(!vsh_trainer_finite(&r->t));
        CHECK(!gradient_at(r, 1, 0).finite);
        stop(r);
    }
}

/* A weight of 16 bits, its master copy and every moment of fp32 are looked at. */
static void a_state_that_is_not_finite_is_told(void)
{
    for (int o = 0; o < OPTIMIZERS; o++) {
        vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];
        started *r =
            start_of(&(setting){.model = DENSE, .precision = VSH_BF16, .optimizer = optimizers[o]});
        int count = vsh_optimizer_pieces(&r->t.list, optimizers[o], pieces), wide = 0;
        float *master = r->t.arrays.master;
        train(r, 1, 1e-3);
        CHECK(vsh_trainer_finite(&r->t));
        for (int i = 0; i < count; i++) {
            char *piece = (char *)r->t.arrays.state + pieces[i].offset_bytes;
            float *last = (float *)(void *)piece + pieces[i].elements - 1, before = *last;
            if (strcmp(pieces[i].dtype, "F32") != 0)
                continue;
            *last = i % 2 ? NAN : INFINITY;
            CLAIM(!vsh_trainer_finite(&r->t), pieces[i].name, optimizers[o], i);
            *last = before;
            wide++;
        }
        CHECK(wide >= 1 && vsh_trainer_finite(&r->t));
        master[r->t.list.elements - 1] = -INFINITY;
        CHECK(!vsh_trainer_finite(&r->t));
        stop(r);
    }
}

/* ---- other lengths ------------------------------------------------------------------------- */

/* While sequences warm up, a micro-batch has as many tokens in shorter ones. */
static void a_step_of_short_sequences_is_that_of_a_short_run(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int recompute = 0; recompute < RECOMPUTES; recompute++) {
            setting s = {.model = kinds[k],
                         .sequence = 24,
                         .micro = 4,
                         .accumulate = 2,
                         .jitter = 0.05,
                         .recompute = recompute,
                         .sequence_start = 6,
                         .sequence_warmup = 10};
            setting brief = {.model = kinds[k],
                             .sequence = 6,
                             .micro = 16,
                             .accumulate = 2,
                             .jitter = 0.05,
                             .recompute = recompute};
            started *warming = start_of(&s), *full = start_of(&s), *short_run = start_of(&brief);
            gradient_at(warming, 1, 100);
            gradient_at(short_run, 1, 100);
            CLAIM(same_gradients(warming, short_run), kinds[k], recompute, 0);
            gradient_at(warming, 11, 100);
            gradient_at(full, 11, 100);
            CLAIM(same_gradients(warming, full), kinds[k], recompute, 1);
            gradient_at(warming, 1, 100);
            CLAIM(same_gradients(warming, short_run), kinds[k], recompute, 2);
            stop(warming);
            stop(full);
            stop(short_run);
        }
}

/* Fewer tokens than were reserved for. */
static void a_smaller_micro_batch_is_that_of_a_smaller_network(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int p = 0; p < PRECISIONS; p++) {
            started *large = start_of(&(setting){
                .model = kinds[k], .sequence = 70, .micro = 3, .precision = precisions[p]});
            started *small = start_of(&(setting){
                .model = kinds[k], .sequence = 7, .micro = 5, .precision = precisions[p]});
            int32_t inputs[35], ids[35];
            vsh_targets targets = {.ids = ids};
            vsh_network_report a, b;
            fill_text(large, 11, 5, 7, inputs, ids);
            REQUIRE_OK(vsh_network_shape(large->t.net, 5, 7, &err), &err);
            a = vsh_network_train(large->t.net, inputs, &targets, large->t.gradient[0], false, 1,
                                  NULL);
            b = vsh_network_train(small->t.net, inputs, &targets, small->t.gradient[0], false, 1,
                                  NULL);
            CLAIM(a.joint == b.joint, kinds[k], p, 0);
            CLAIM(same_gradients(large, small), kinds[k], p, 0);
            stop(large);
            stop(small);
        }
}

/* ---- evaluation ---------------------------------------------------------------------------- */

/* Held-out text of so many tokens, from window `first` on. */
typedef struct {
    int64_t vocab, count, first;
} held_out;

static bool window_at(const void *context, int64_t window, int64_t seq, int32_t *inputs,
                      int32_t *targets)
{
    const held_out *text = context;
    int64_t begin = (text->first + window) * seq;

    if (begin >= text->count - 1)
        return false;
    for (int64_t i = 0; i < seq; i++) {
        bool there = begin + i + 1 < text->count;
        inputs[i] = begin + i < text->count ? token_at(text->vocab, begin + i) : 0;
        targets[i] = there ? token_at(text->vocab, begin + i + 1) : -1;
    }
    return true;
}

static vsh_evaluation evaluate(started *r, const held_out *text, int64_t tokens)
{
    vsh_window_source source = {window_at, text};
    vsh_evaluation e;

    REQUIRE_OK(vsh_trainer_evaluate(&r->t, &source, tokens, &e, &err), &err);
    return e;
}

/* Ten whole windows and the rest of an eleventh, three windows a time and one at a time. */
static void evaluation_is_the_mean_over_windows(void)
{
    static const char *const models[] = {DENSE, LEARNED, MIXTURE};

    for (int m = 0; m < 3; m++) {
        started *three = start_of(&(setting){.model = models[m], .sequence = 16, .micro = 3});
        started *one = start_of(&(setting){.model = models[m], .sequence = 16, .micro = 1});
        held_out text = {.vocab = 40, .count = 166};
        vsh_evaluation all = evaluate(three, &text, 1000000), each = evaluate(one, &text, 1000000);
        double sum = 0;
        for (text.first = 0; text.first < 11; text.first++) {
            vsh_evaluation window = evaluate(one, &text, 16);
            CHECK_INT(window.tokens, text.first < 10 ? 16 : 5);
            sum += window.loss * (double)window.tokens;
        }
        CHECK_INT(all.tokens, 165);
        CHECK_INT(each.tokens, 165);
        CHECK_NEAR(all.loss, sum / 165, 1e-6, 0);
        CHECK_NEAR(each.loss, sum / 165, 1e-12, 0);
        stop(three);
        stop(one);
    }
}

static void evaluation_reads_at_most_so_many_tokens(void)
{
    static const struct {
        int64_t asked, read;
    } expected[] = {{1, 16}, {16, 16}, {17, 32}, {48, 48}, {49, 64}, {64, 64}, {1000, 165}};
    started *r = start_of(&(setting){.model = DENSE, .sequence = 16, .micro = 3});
    held_out text = {.vocab = 40, .count = 166};

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        CHECK_INT(evaluate(r, &text, expected[i].asked).tokens, expected[i].read);
    text.count = 9; /* less than a window */
    CHECK_INT(evaluate(r, &text, 1000).tokens, 8);
    CHECK(isfinite(evaluate(r, &text, 1000).loss));
    stop(r);
}

static void evaluation_knows_the_loss_of_every_exit(void)
{
    started *r = start_of(&(setting){.model = EVERYTHING, .sequence = 16, .micro = 3});
    held_out text = {.vocab = 40, .count = 166};
    vsh_evaluation e = evaluate(r, &text, 1000);

    CHECK_INT(e.exits, 2);
    CHECK_NEAR(e.exit_loss[0], log(40), 0.1, 0);
    CHECK_NEAR(e.exit_loss[1], log(40), 0.1, 0);
    CHECK(e.exit_loss[0] != e.exit_loss[1] && e.exit_loss[1] != e.loss);
    stop(r);
}

/* Not even when sequences are still short. */
static void evaluation_changes_nothing_of_a_run(void)
{
    setting s = {.model = BALANCED,
                 .accumulate = 2,
                 .bias_rate = 0.01,
                 .sequence_start = 6,
                 .sequence_warmup = 2};
    started *quiet = start_of(&s), *asked = start_of(&s);
    held_out text = {.vocab = 40, .count = 166};

    for (int64_t step = 1; step <= 4; step++) {
        vsh_step a = gradient_at(quiet, step, step * 96), b = gradient_at(asked, step, step * 96);
        evaluate(asked, &text, 100);
        vsh_trainer_update(&quiet->t, step, 1e-2, &a);
        vsh_trainer_update(&asked->t, step, 1e-2, &b);
        evaluate(asked, &text, 1000);
    }
    CHECK(same_weights(quiet, asked));
    CHECK(same_state(quiet, asked));
    stop(quiet);
    stop(asked);
}

const vsh_test vsh_tests[] = {
    {"a_shipped_model_reserves_what_was_planned_to_the_byte",
     a_shipped_model_reserves_what_was_planned_to_the_byte},
    {"every_kind_of_model_reserves_what_was_planned_to_the_byte",
     every_kind_of_model_reserves_what_was_planned_to_the_byte},
    {"every_shipped_model_learns_a_batch_in_ten_steps",
     every_shipped_model_learns_a_batch_in_ten_steps},
    {"every_precision_and_optimizer_learns_a_batch_in_ten_steps",
     every_precision_and_optimizer_learns_a_batch_in_ten_steps},
    {"the_seed_decides_where_a_run_begins", the_seed_decides_where_a_run_begins},
    {"a_trainer_starts_anew_as_it_began", a_trainer_starts_anew_as_it_began},
    {"any_number_of_threads_gives_the_same_bits", any_number_of_threads_gives_the_same_bits},
    {"recomputation_does_not_change_a_bit_of_the_weights",
     recomputation_does_not_change_a_bit_of_the_weights},
    {"shards_sum_to_the_same_gradient", shards_sum_to_the_same_gradient},
    {"shards_give_the_same_bits_for_any_number_of_threads",
     shards_give_the_same_bits_for_any_number_of_threads},
    {"micro_batches_sum_to_the_gradient_of_the_whole",
     micro_batches_sum_to_the_gradient_of_the_whole},
    {"a_report_is_the_mean_over_the_micro_batches", a_report_is_the_mean_over_the_micro_batches},
    {"every_micro_batch_of_every_step_is_shaken_anew",
     every_micro_batch_of_every_step_is_shaken_anew},
    {"a_clipped_step_has_the_length_of_the_clip", a_clipped_step_has_the_length_of_the_clip},
    {"a_wide_clip_changes_nothing", a_wide_clip_changes_nothing},
    {"weights_of_16_bits_are_the_master_copy_rounded",
     weights_of_16_bits_are_the_master_copy_rounded},
    {"balancing_moves_each_bias_by_the_load_of_its_expert",
     balancing_moves_each_bias_by_the_load_of_its_expert},
    {"biases_stay_without_a_rate", biases_stay_without_a_rate},
    {"balancing_evens_the_load", balancing_evens_the_load},
    {"what_is_not_finite_is_told", what_is_not_finite_is_told},
    {"a_state_that_is_not_finite_is_told", a_state_that_is_not_finite_is_told},
    {"a_step_of_short_sequences_is_that_of_a_short_run",
     a_step_of_short_sequences_is_that_of_a_short_run},
    {"a_smaller_micro_batch_is_that_of_a_smaller_network",
     a_smaller_micro_batch_is_that_of_a_smaller_network},
    {"evaluation_is_the_mean_over_windows", evaluation_is_the_mean_over_windows},
    {"evaluation_reads_at_most_so_many_tokens", evaluation_reads_at_most_so_many_tokens},
    {"evaluation_knows_the_loss_of_every_exit", evaluation_knows_the_loss_of_every_exit},
    {"evaluation_changes_nothing_of_a_run", evaluation_changes_nothing_of_a_run},
    {NULL, NULL}};
