#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/sort.h"
#include "trainer/run/random_source.h"
#include "trainer/run/trainer.h"
#include "trainer/train_commands.h"

enum { TIMES_MAX = 4096 };

/* What was timed: the step, and every product of the list by its own clock. */
typedef struct {
    vsh_run_config config;
    vsh_run_plan plan;
    vsh_trainer trainer;
    double seconds[TIMES_MAX], fastest, median;
    int64_t steps;
    double first_loss, last_loss;
    double gemm_peak; /* FLOP/s of the best product, measured around the steps */
    vsh_meter meter;  /* of the fastest step */
} bench;

/* ---- the best product ---------------------------------------------------------------------- */

enum { PEAK_SIDE = 1536 };

/* FLOP/s of one square product large enough to show what the library reaches. */
static double time_product(vsh_gemm_engine *engine, const float *a, const float *b, float *c)
{
    vsh_gemm_call call = {.form = VSH_GEMM_NN,
                          .element = VSH_F32,
                          .m = PEAK_SIDE,
                          .n = PEAK_SIDE,
                          .k = PEAK_SIDE,
                          .a = a,
                          .b = b,
                          .c = c,
                          .lda = PEAK_SIDE,
                          .ldb = PEAK_SIDE,
                          .ldc = PEAK_SIDE};
    double start = vsh_clock_now().v, side = PEAK_SIDE;

    vsh_gemm(engine, &call);
    return 2 * side * side * side / (vsh_clock_now().v - start);
}

static vsh_status measure_peak(bench *b, vsh_error *err)
{
    int64_t count = (int64_t)PEAK_SIDE * PEAK_SIDE;
    vsh_block block;
    float *at;

    VSH_TRY(vsh_block_reserve("the measured product", 3 * 4 * count, VSH_PLACE_LOCAL, &block, err));
    at = block.data;
    for (int64_t i = 0; i < 2 * count; i++)
        at[i] = (float)(i % 7) - 3;
    for (int i = 0; i < 4; i++)
        b->gemm_peak =
            fmax(b->gemm_peak, time_product(b->trainer.nn.gemm, at, at + count, at + 2 * count));
    vsh_block_release(&block);
    return VSH_OK;
}

/* ---- the step ------------------------------------------------------------------------------ */

static vsh_status run_steps(bench *b, vsh_error *err)
{
    int64_t vocab = b->config.model.vocab;
    vsh_batch_source source = {vsh_random_fill, &vocab};
    vsh_step result;

    b->fastest = INFINITY;
    for (int64_t step = 0; step <= b->steps; step++) {
        double start = vsh_clock_now().v, seconds;
        VSH_TRY(vsh_trainer_gradient(&b->trainer, &source, step + 1, step * b->config.batch.tokens,
                                     &result, err));
        vsh_trainer_update(&b->trainer, step + 1, 1e-3, &result);
        seconds = vsh_clock_now().v - start;
        if (step == 0)
            b->first_loss = result.report.loss;
        else /* the first one touches memory for the first time */
            b->seconds[step - 1] = seconds;
        if (step > 0 && seconds < b->fastest) {
            b->fastest = seconds;
            b->meter = *vsh_network_meter(b->trainer.net);
        }
    }
    b->last_loss = result.report.loss;
    vsh_sort_reals(b->seconds, b->steps);
    b->median = b->seconds[b->steps / 2];
    return VSH_OK;
}

/* ---- showing ------------------------------------------------------------------------------- */

static double rate_of(const bench *b, int op)
{
    const vsh_meter_row *row = &b->meter.row[op];

    return row->seconds > 0 ? 2 * (double)row->macs / row->seconds : 0;
}

static void print_json(const bench *b, vsh_text *out)
{
    double executed = 2 * (double)vsh_meter_counted(&b->meter);
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "model", b->config.model.name);
    vsh_json_string(&json, "precision", vsh_precision_words[b->config.precision]);
    vsh_json_string(&json, "products", vsh_gemm_describe(b->trainer.nn.gemm));
    vsh_json_integer(&json, "threads", b->plan.threads);
    vsh_json_integer(&json, "params", b->plan.parameters.total);
    vsh_json_real(&json, "step_time_s", b->fastest);
    vsh_json_real(&json, "step_time_median_s", b->median);
    vsh_json_real(&json, "tokens_per_s", (double)b->config.batch.tokens / b->fastest);
    vsh_json_real(&json, "flops_per_step", executed);
    vsh_json_real(&json, "model_flops_per_step", b->plan.model_flops.v);
    vsh_json_real(&json, "gemm_peak_flops_per_s", b->gemm_peak);
    vsh_json_real(&json, "share_of_gemm_peak", b->plan.model_flops.v / b->fastest / b->gemm_peak);
    vsh_json_integer(&json, "peak_rss_bytes", vsh_memory_resident_peak());
    vsh_json_integer(&json, "arena_bytes", b->trainer.arena_bytes);
    vsh_json_real(&json, "predicted_bytes", b->plan.footprint.total.v);
    vsh_json_real(&json, "first_loss", b->first_loss);
    vsh_json_real(&json, "last_loss", b->last_loss);
    vsh_json_array(&json, "kernels");
    for (int i = 0; i < b->meter.ops.count; i++) {
        const vsh_op *op = &b->meter.ops.item[i];
        if (b->meter.row[i].macs == 0)
            continue;
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "name", op->name);
        vsh_json_string(&json, "phase", vsh_phase_names[op->phase]);
        vsh_json_integer(&json, "m", op->m);
        vsh_json_integer(&json, "n", op->n);
        vsh_json_integer(&json, "k", op->k);
        vsh_json_integer(&json, "count", op->count);
        vsh_json_real(&json, "time_s", b->meter.row[i].seconds);
        vsh_json_real(&json, "flops_per_s", rate_of(b, i));
        vsh_json_real(&json, "share_of_gemm_peak", rate_of(b, i) / b->gemm_peak);
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
}

static void print_screen(const bench *b, vsh_text *out)
{
    double products = 0;

    vsh_text_add(out, "\n  %s, %s, %" PRId64 " thread%s\n  ", b->config.model.name,
                 vsh_precision_words[b->config.precision], b->plan.threads,
                 b->plan.threads == 1 ? "" : "s");
    vsh_text_wrap(out, vsh_gemm_describe(b->trainer.nn.gemm), 2, 80);
    vsh_text_put(out, "\n", 1);
    vsh_text_add(out, "  %-23s %-9s %17s %8s %11s %5s\n", "product", "phase", "m x n x k", "time",
                 "FLOP/s", "peak");
    for (int i = 0; i < b->meter.ops.count; i++) {
        const vsh_op *op = &b->meter.ops.item[i];
        char shape[64];
        if (b->meter.row[i].macs == 0)
            continue;
        products += b->meter.row[i].seconds;
        snprintf(shape, sizeof shape, "%" PRId64 "x%" PRId64 "x%" PRId64, op->m, op->n, op->k);
        vsh_text_add(out, "  %-23.23s %-9s %17.17s %8s %11s %3.0f %%\n", op->name,
                     vsh_phase_names[op->phase], shape, vsh_show_time(b->meter.row[i].seconds).text,
                     vsh_show_si(rate_of(b, i)).text, 100 * rate_of(b, i) / b->gemm_peak);
    }
    vsh_text_add(out, "\n  Step      %s (median %s), %s tokens a second; products %.0f %% of it\n",
                 vsh_show_time(b->fastest).text, vsh_show_time(b->median).text,
                 vsh_show_amount((double)b->config.batch.tokens / b->fastest).text,
                 100 * products / b->fastest);
    vsh_text_add(out, "  Rate      %sFLOP/s of the model, %.0f %% of the best product's %sFLOP/s\n",
                 vsh_show_si(b->plan.model_flops.v / b->fastest).text,
                 100 * b->plan.model_flops.v / b->fastest / b->gemm_peak,
                 vsh_show_si(b->gemm_peak).text);
    vsh_text_add(out, "  Memory    %s resident at most, %s reserved, %s predicted\n\n",
                 vsh_show_bytes((double)vsh_memory_resident_peak()).text,
                 vsh_show_bytes((double)b->trainer.arena_bytes).text,
                 vsh_show_bytes(b->plan.footprint.total.v).text);
}

/* ---- the call ------------------------------------------------------------------------------ */

/* The options as a configuration. */
static vsh_status configure(vsh_session *s, bench *b, vsh_error *err)
{
    const train_config *c = s->config;
    const char *path;

    VSH_TRY(vsh_library_find(s->arena, &s->library, "models", "--model: no model",
                             c->model ? c->model : "tiny-moe", &path, err));
    VSH_TRY(vsh_model_read(s->arena, path, &b->config.model, err));
    VSH_TRY(vsh_trainable(&b->config.model, err));
    if (c->seq > b->config.model.context)
        return vsh_fail(err, VSH_EINPUT,
                        "--seq: expected at most the context of %" PRId64 ", got %" PRId64,
                        b->config.model.context, c->seq);
    b->config.path = path;
    b->config.precision = c->precision;
    b->config.recompute = c->recompute;
    b->config.optimizer = (vsh_optimizer_options){.kind = c->optimizer,
                                                  .beta1 = 0.9,
                                                  .beta2 = 0.95,
                                                  .epsilon = 1e-8,
                                                  .weight_decay = 0.1,
                                                  .clip = 1};
    b->config.network.balance = 0.01;
    b->config.batch.sequence = c->seq ? c->seq : b->config.model.context;
    b->config.batch.micro = c->batch;
    b->config.batch.accumulate = 1;
    b->config.batch.tokens = c->batch * b->config.batch.sequence;
    b->config.seed = train_seed(s);
    b->steps = c->steps ? c->steps : 5;
    return vsh_run_plan_make(&b->config, train_threads(s), vsh_memory_available(), &b->plan, err);
}

static vsh_status refuse_words(const train_config *c, vsh_error *err)
{
    if (c->precision == VSH_FP16 || c->precision == VSH_FP8)
        return vsh_fail(err, VSH_EINPUT,
                        "--precision: vishwa-train has fp32, bf16 and int8, not %s",
                        vsh_precision_words[c->precision]);
    if (c->optimizer == VSH_LION || c->optimizer == VSH_MUON)
        return vsh_fail(err, VSH_EINPUT,
                        "--optimizer: vishwa-train has adamw, adamw8bit, adafactor and sgd, not %s",
                        vsh_optimizer_words[c->optimizer]);
    if (c->steps > TIMES_MAX)
        return vsh_fail(err, VSH_EINPUT, "--steps: expected at most %d", TIMES_MAX);
    return VSH_OK;
}

vsh_status train_run_bench(vsh_session *s, vsh_error *err)
{
    bench *b = vsh_alloc(s->arena, 1, sizeof *b);
    vsh_gemm_options gemm = {.table_path = train_gemm_table(s)};
    vsh_status status;

    if (!b)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(refuse_words(s->config, err));
    VSH_TRY(configure(s, b, err));
    VSH_TRY(vsh_trainer_open(s->arena, &b->config, &b->plan, &gemm, &b->trainer, err));
    vsh_trainer_start(&b->trainer);
    status = measure_peak(b, err);
    if (status == VSH_OK)
        status = run_steps(b, err);
    if (status == VSH_OK)
        status = measure_peak(b, err); /* the machine may have been busy the first time */
    if (status == VSH_OK) {
        if (s->common->json)
            print_json(b, &s->out);
        else
            print_screen(b, &s->out);
    }
    vsh_trainer_close(&b->trainer);
    return status;
}
