#include "planner/layout/op_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/lower.h"
#include "tests/harness.h"

const char vsh_suite[] = "op time";

static vsh_error err;

static vsh_hardware profile(const char *name)
{
    char path[96];
    vsh_hardware hardware;

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", name);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &hardware, &err), &err);
    return hardware;
}

static vsh_chip_rate rate_of(const char *name, bool flash)
{
    vsh_hardware hardware = profile(name);
    vsh_stack stack = vsh_stack_pure(&hardware);
    vsh_chip_rate rate;

    REQUIRE_OK(vsh_chip_rate_of(&hardware, &stack, VSH_BF16, flash, &rate, &err), &err);
    return rate;
}

static double product(const vsh_chip_rate *rate, int64_t m, int64_t n, int64_t k)
{
    return vsh_matrix_time(rate, (vsh_product){m, n, k, 1}).time.v;
}

static const char *const chips[] = {"a100-80gb", "h100-sxm", "mi300x",
                                    "tpu-v5e",   "tpu-v6e",  "laptop"};
static const int64_t sides[] = {1, 63, 64, 129, 500, 1024, 2304, 4097, 8192, 51200};
enum { CHIPS = sizeof chips / sizeof chips[0], SIDES = sizeof sides / sizeof sides[0] };

/* ---- products ------------------------------------------------------------------------------ */

static void no_product_is_faster_than_the_roofline(void)
{
    for (int c = 0; c < CHIPS; c++) {
        vsh_hardware hardware = profile(chips[c]);
        vsh_chip_rate rate = rate_of(chips[c], true);
        for (int i = 0; i < SIDES; i++)
            for (int j = 0; j < SIDES; j++)
                for (int l = 0; l < SIDES; l++) {
                    double m = (double)sides[i], n = (double)sides[j], k = (double)sides[l];
                    double time = product(&rate, sides[i], sides[j], sides[l]);
                    CHECK(time >= 2 * m * n * k / rate.peak * 0.999);
                    CHECK(time >= 2 * (m * k + n * k) / hardware.memory_rate.value * 0.999);
                    CHECK(isfinite(time));
                }
    }
}

static void a_larger_product_takes_no_less(void)
{
    for (int c = 0; c < CHIPS; c++) {
        vsh_chip_rate rate = rate_of(chips[c], true);
        for (int i = 0; i + 1 < SIDES; i++)
            for (int j = 0; j < SIDES; j++)
                for (int l = 0; l < SIDES; l++) {
                    int64_t a = sides[i], b = sides[i + 1], d = sides[j], e = sides[l];
                    CHECK(product(&rate, a, d, e) <= product(&rate, b, d, e) * 1.000001);
                    CHECK(product(&rate, d, a, e) <= product(&rate, d, b, e) * 1.000001);
                    CHECK(product(&rate, d, e, a) <= product(&rate, d, e, b) * 1.000001);
                }
    }
}

static void one_tile_more_than_a_wave_holds_costs_more_than_its_share(void)
{
    vsh_chip_rate rate = rate_of("a100-80gb", true);
    int64_t side = 108 * 128;
    double full = product(&rate, 256, side, 4096);

    CHECK(product(&rate, 256, side + 128, 4096) > full * 1.05);
    CHECK(product(&rate, 256, 2 * side, 4096) <= full * 2.01);
}

static void a_systolic_array_is_paid_whole(void)
{
    vsh_chip_rate rate = rate_of("tpu-v5e", true);

    CHECK_NEAR(product(&rate, 8192, 2048, 8192 - 100), product(&rate, 8192, 2048, 8192), 1e-9, 0);
    CHECK(product(&rate, 8192, 8192, 8192) < 1.1 * 2 * pow(8192, 3) / 197e12);
}

static void products_side_by_side_fill_the_waves_together(void)
{
    vsh_chip_rate rate = rate_of("a100-80gb", true);
    double together = vsh_matrix_time(&rate, (vsh_product){128, 128, 2048, 64}).time.v;

    CHECK(together < 64 * product(&rate, 128, 128, 2048) / 8);
    CHECK(together > product(&rate, 128, 128, 2048));
}

/* ---- operations ---------------------------------------------------------------------------- */

static vsh_op_list listed(bool flash, vsh_recompute_mode recompute, int64_t seq)
{
    vsh_model model = vsh_test_model("name: t\nlayers: 4\nhidden: 2048\nheads: 16\nffn: 8192\n"
                                     "vocab: 32000\ncontext: 4096\n");
    vsh_work work = vsh_work_default(seq);
    vsh_op_list ops;

    work.store_scores = !flash;
    work.recompute = recompute;
    REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
    return ops;
}

static int64_t layers_of(const vsh_op *op) { return strncmp(op->name, "layer.", 6) == 0 ? 4 : 1; }

static vsh_queue priced(const vsh_chip_rate *rate, const vsh_op_list *ops)
{
    vsh_queue queue = {{0}};

    for (int i = 0; i < ops->count; i++) {
        const vsh_op *op = &ops->item[i];
        vsh_op_price price = vsh_op_time(rate, op, vsh_op_kernels(op, layers_of(op)));
        vsh_queue_add(&queue, &price);
    }
    return queue;
}

static void no_operation_is_faster_than_the_roofline(void)
{
    for (int c = 0; c < CHIPS; c++)
        for (int flash = 0; flash < 2; flash++) {
            vsh_hardware hardware = profile(chips[c]);
            vsh_chip_rate rate = rate_of(chips[c], flash != 0);
            vsh_op_list ops = listed(flash != 0, VSH_RECOMPUTE_FULL, 2048);
            for (int i = 0; i < ops.count; i++) {
                const vsh_op *op = &ops.item[i];
                vsh_op_price price = vsh_op_time(&rate, op, vsh_op_kernels(op, layers_of(op)));
                double matrix = 2 * (double)op->executed_macs / rate.peak;
                CHECK(price.chip.v >= matrix * 0.999);
                CHECK(isfinite(price.chip.v) && price.launches >= 0);
                CHECK(op->kind == VSH_OP_ATTENTION ||
                      price.chip.v >= 0.6 * op->bytes.v / hardware.memory_rate.value);
            }
        }
}

static void tiled_attention_is_faster_than_stored_scores(void)
{
    vsh_chip_rate tiled = rate_of("a100-80gb", true), stored = rate_of("a100-80gb", false);

    for (int64_t seq = 1024; seq <= 8192; seq *= 2) {
        vsh_op_list a = listed(true, VSH_RECOMPUTE_NONE, seq);
        vsh_op_list b = listed(false, VSH_RECOMPUTE_NONE, seq);
        CHECK(priced(&tiled, &a).chip.v < priced(&stored, &b).chip.v);
        CHECK(priced(&tiled, &a).launches < priced(&stored, &b).launches);
    }
}

static void the_softmax_of_tiled_attention_is_inside_of_its_kernel(void)
{
    vsh_chip_rate tiled = rate_of("h100-sxm", true), stored = rate_of("h100-sxm", false);
    vsh_op_list ops = listed(true, VSH_RECOMPUTE_NONE, 2048);
    vsh_op_list more = listed(false, VSH_RECOMPUTE_NONE, 2048);
    int found = 0;

    for (int i = 0; i < ops.count; i++)
        if (strstr(ops.item[i].name, "softmax")) {
            vsh_op_price price = vsh_op_time(&tiled, &ops.item[i], 4);
            CHECK_NEAR(price.chip.v, 0, 0, 0);
            CHECK_NEAR(price.launches, 0, 0, 0);
            found++;
        }
    CHECK_INT(found, 2);
    for (int i = 0; i < more.count; i++)
        if (strstr(more.item[i].name, "softmax"))
            CHECK(vsh_op_time(&stored, &more.item[i], 4).chip.v > 0);
}

/* FlashAttention-2 (arXiv:2307.08691) figure 4: TFLOP/s of forward and backward on an A100,
 * counting half of causal scores; as remembered. */
static void attention_runs_as_fast_as_was_published(void)
{
    static const struct {
        int64_t seq, width;
        double tflops;
    } rows[] = {{512, 64, 88},   {1024, 64, 119}, {2048, 64, 140},
                {4096, 64, 156}, {8192, 64, 165}, {16384, 64, 171}};
    vsh_chip_rate rate = rate_of("a100-80gb", true);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t heads = 2048 / rows[i].width, s = rows[i].seq, d = rows[i].width, macs, count;
        double time = 0;
        count = heads * 16384 / s;
        macs = vsh_tiled_pairs(s, 0, 128) * d * count;
        vsh_op op = {.name = "a",
                     .kind = VSH_OP_ATTENTION,
                     .m = s,
                     .n = s,
                     .k = d,
                     .count = count,
                     .executed_macs = macs};
        time += 2 * vsh_op_time(&rate, &op, 1).chip.v;
        op.phase = VSH_RECOMPUTE;
        time += vsh_op_time(&rate, &op, 1).chip.v;
        op.phase = VSH_DGRAD;
        time += 4 * vsh_op_time(&rate, &op, 1).chip.v;
        CHECK_NEAR(3.5 * 4 * (double)(s * s / 2 * d * count) / time / 1e12, rows[i].tflops, 0.05,
                   0);
    }
}

static void small_work_waits_for_the_host_and_large_work_does_not(void)
{
    vsh_chip_rate rate = rate_of("a100-80gb", true);
    vsh_op_list small = listed(true, VSH_RECOMPUTE_NONE, 64);
    vsh_op_list large = listed(true, VSH_RECOMPUTE_NONE, 4096);
    vsh_queue a = priced(&rate, &small), b = priced(&rate, &large);

    CHECK_NEAR(a.launches, b.launches, 0, 0);
    CHECK_NEAR(vsh_queue_time(&rate, &a).v, a.launches * rate.dispatch, 1e-12, 0);
    CHECK_NEAR(vsh_queue_time(&rate, &b).v, b.chip.v, 1e-12, 0);
}

static void chip_and_host_blend_between_the_longer_and_the_sum(void)
{
    vsh_chip_rate rate = rate_of("a100-80gb", true);
    double before = 0;

    for (int i = 0; i <= 10; i++) {
        vsh_queue even = {{100 * rate.dispatch}, 100}, long_kernels = {{1}, 1};
        double time;
        rate.blend = 0.1 * i;
        time = vsh_queue_time(&rate, &even).v / even.chip.v;
        CHECK_NEAR(time, pow(2, rate.blend), 1e-9, 0);
        CHECK(time >= before);
        CHECK_NEAR(vsh_queue_time(&rate, &long_kernels).v, 1, 1e-4, 0);
        before = time;
    }
}

static void constants_of_a_stack_say_where_they_come_from(void)
{
    vsh_hardware a100 = profile("a100-80gb"), v5e = profile("tpu-v5e");
    vsh_stack stack = vsh_stack_pure(&a100);

    CHECK_NEAR(stack.matrix, a100.matrix_efficiency.value, 0, 0);
    CHECK_NEAR(stack.dispatch, a100.kernel_dispatch.value, 0, 0);
    CHECK(vsh_stack_figure(&a100, 0).source == a100.matrix_efficiency.source);
    CHECK_INT(vsh_stack_figure(&a100, VSH_STACK_CONSTANTS - 1).tag, VSH_TAG_ASSUMED);
    CHECK_NEAR(vsh_stack_pure(&v5e).dispatch, 0, 0, 0);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        double value = *vsh_stack_value(&stack, &vsh_stack_constants[i]);
        CHECK(vsh_stack_figure(&v5e, i).source != NULL);
        CHECK(value >= vsh_stack_constants[i].least && value <= vsh_stack_constants[i].most);
    }
}

/* ---- silicon ------------------------------------------------------------------------------- */

enum { FIELDS = 16, ROWS_MAX = 512 };

typedef struct {
    double error[ROWS_MAX]; /* priced / measured - 1 */
    int count;
} errors;

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

    return (x > y) - (x < y);
}

static void check_errors(errors *e, int count, double median, double ninety, double worst)
{
    qsort(e->error, (size_t)e->count, sizeof e->error[0], by_size);
    CHECK_INT(e->count, count);
    if (e->count != count)
        return;
    CHECK(fabs(e->error[count / 2]) < median);
    CHECK(fabs(e->error[count * 9 / 10]) < ninety);
    CHECK(fabs(e->error[count - 1]) < worst);
}

/* Cuts the next line at its commas; 0 at the end. No field here has a comma inside. */
static int next_row(char **at, char *field[FIELDS])
{
    char *line = *at, *end = line ? strchr(line, '\n') : NULL;
    int count = 0;

    if (!end)
        return 0;
    *end = '\0';
    *at = end + 1;
    for (char *cell = line; cell && count < FIELDS; count++) {
        field[count] = cell;
        cell = strchr(cell, ',');
        if (cell)
            *cell++ = '\0';
    }
    return count;
}

static char *table(const char *name)
{
    vsh_text text = {.arena = vsh_test_arena()};
    char path[128];

    snprintf(path, sizeof path, "../shared/reference/%s", name);
    return vsh_file_read(path, &text, &err) == VSH_OK ? text.data : NULL;
}

/* Linear layers of microsoft/vidur longer than 20 us: its clock has steps of 1 us. */
static void vidur_products(const char *gpu, const char *chip, errors *e)
{
    char *at = table("kernel_a100_h100_transformer_ops.csv"), *f[FIELDS];
    vsh_chip_rate rate = rate_of(chip, true);

    while (at && next_row(&at, f) > 8) {
        double ms = atof(f[8]);
        if (strcmp(f[0], gpu) == 0 && *f[5] && ms > 0.02 && e->count < ROWS_MAX)
            e->error[e->count++] =
                product(&rate, atoll(f[5]), atoll(f[7]), atoll(f[6])) / (ms * 1e-3) - 1;
    }
}

static void linear_layers_are_within_ten_percent_of_silicon(void)
{
    errors a100 = {{0}}, h100 = {{0}};

    vidur_products("A100", "a100-80gb", &a100);
    vidur_products("H100", "h100-sxm", &h100);
    if (!a100.count) {
        vsh_skip("no measured kernels here");
        return;
    }
    check_errors(&a100, 162, 0.10, 0.2, 0.35);
    check_errors(&h100, 100, 0.10, 0.2, 0.35);
}

/* LLMCompass: wall times of single products, the host's call in them. */
static void products_on_an_a100_are_within_ten_percent_of_silicon(void)
{
    char *at = table("kernel_a100_mi210.csv"), *f[FIELDS];
    vsh_chip_rate rate = rate_of("a100-80gb", true);
    errors e = {{0}};

    while (at && next_row(&at, f) > 6)
        if (strcmp(f[0], "A100") == 0 && strcmp(f[1], "matmul") == 0)
            e.error[e.count++] =
                (product(&rate, atoll(f[2]), atoll(f[3]), atoll(f[4])) + rate.dispatch) /
                    (atof(f[5]) * 1e-3) -
                1;
    if (!at) {
        vsh_skip("no measured products here");
        return;
    }
    check_errors(&e, 11, 0.10, 0.2, 0.3);
}

/* ---- streams ------------------------------------------------------------------------------- */

/* Widths of microsoft/vidur's models, and what its kernels move an element of 2 bytes. */
static const struct {
    const char *model;
    double hidden, ffn;
} widths[] = {{"Qwen-72B", 8192, 24576},        {"CodeLlama-34b-Instruct-hf", 8192, 22016},
              {"internlm-20b", 5120, 13824},    {"Llama-2-70b-hf", 8192, 28672},
              {"Llama-2-7b-hf", 4096, 11008},   {"Meta-Llama-3-70B", 8192, 28672},
              {"Meta-Llama-3-8B", 4096, 14336}, {"phi-2", 2560, 10240}};
enum { MODELS = sizeof widths / sizeof widths[0] };

static const struct {
    const char *kernel, *name;
    double moved;
    bool of_ffn;
} stream_kernels[] = {{"add", "layer.residual", 3, false},
                      {"input_layernorm", "layer.norm", 2, false},
                      {"mlp_act", "layer.mlp.act", 3, true},
                      {"emb", "embed", 2, false}};
enum { STREAMS = sizeof stream_kernels / sizeof stream_kernels[0] };

static double stream_seconds(const vsh_chip_rate *rate, int kernel, double elements)
{
    vsh_op op = {.kind = VSH_OP_VECTOR, .m = 1, .n = 1, .k = 1, .count = 1};

    snprintf(op.name, sizeof op.name, "%s", stream_kernels[kernel].name);
    op.bytes.v = 2 * stream_kernels[kernel].moved * elements;
    return vsh_op_time(rate, &op, 1).chip.v;
}

static void vidur_streams(const char *gpu, const char *chip, int kernel, errors *e)
{
    char *at = table("kernel_a100_h100_transformer_ops.csv"), *f[FIELDS];
    vsh_chip_rate rate = rate_of(chip, true);

    while (at && next_row(&at, f) > 8)
        for (int i = 0; i < MODELS; i++) {
            double width =
                stream_kernels[kernel].of_ffn ? widths[i].ffn / atof(f[4]) : widths[i].hidden;
            if (strcmp(f[0], gpu) == 0 && strcmp(f[1], widths[i].model) == 0 &&
                strcmp(f[2], stream_kernels[kernel].kernel) == 0 && atof(f[8]) > 0.02)
                e->error[e->count++] =
                    stream_seconds(&rate, kernel, atof(f[3]) * width) / (atof(f[8]) * 1e-3) - 1;
        }
}

static void streams_are_as_near_to_silicon_as_one_share_a_kind_can_be(void)
{
    static const double median[STREAMS] = {0.2, 0.4, 0.3, 0.15};

    for (int k = 0; k < STREAMS; k++) {
        errors a100 = {{0}}, h100 = {{0}};
        vidur_streams("A100", "a100-80gb", k, &a100);
        vidur_streams("H100", "h100-sxm", k, &h100);
        if (!a100.count) {
            vsh_skip("no measured kernels here");
            return;
        }
        check_errors(&a100, a100.count, median[k], 0.5, 0.9);
        check_errors(&h100, h100.count, median[k], 0.5, 0.9);
    }
}

/* ---- TPU ----------------------------------------------------------------------------------- */

/* jax-ml/jax@1082251c docs/pallas/tpu/matmul.ipynb, XLA on TPU v5e as shares of 197 TFLOP/s; the
 * host's 100 us are in them. */
static void products_on_tpu_v5e_are_within_three_percent(void)
{
    static const struct {
        int64_t side;
        double share;
    } rows[] = {{4096, 0.843}, {8192, 0.923}};
    vsh_hardware v5e = profile("tpu-v5e");
    vsh_chip_rate rate = rate_of("tpu-v5e", true);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t s = rows[i].side;
        CHECK_NEAR(product(&rate, s, s, s) + v5e.kernel_dispatch.value,
                   2 * pow((double)s, 3) / (rows[i].share * 197e12), 0.03, 0);
    }
}

const vsh_test vsh_tests[] = {
    {"no_product_is_faster_than_the_roofline", no_product_is_faster_than_the_roofline},
    {"a_larger_product_takes_no_less", a_larger_product_takes_no_less},
    {"one_tile_more_than_a_wave_holds_costs_more_than_its_share",
     one_tile_more_than_a_wave_holds_costs_more_than_its_share},
    {"a_systolic_array_is_paid_whole", a_systolic_array_is_paid_whole},
    {"products_side_by_side_fill_the_waves_together",
     products_side_by_side_fill_the_waves_together},
    {"no_operation_is_faster_than_the_roofline", no_operation_is_faster_than_the_roofline},
    {"tiled_attention_is_faster_than_stored_scores", tiled_attention_is_faster_than_stored_scores},
    {"the_softmax_of_tiled_attention_is_inside_of_its_kernel",
     the_softmax_of_tiled_attention_is_inside_of_its_kernel},
    {"attention_runs_as_fast_as_was_published", attention_runs_as_fast_as_was_published},
    {"small_work_waits_for_the_host_and_large_work_does_not",
     small_work_waits_for_the_host_and_large_work_does_not},
    {"chip_and_host_blend_between_the_longer_and_the_sum",
     chip_and_host_blend_between_the_longer_and_the_sum},
    {"constants_of_a_stack_say_where_they_come_from",
     constants_of_a_stack_say_where_they_come_from},
    {"linear_layers_are_within_ten_percent_of_silicon",
     linear_layers_are_within_ten_percent_of_silicon},
    {"products_on_an_a100_are_within_ten_percent_of_silicon",
     products_on_an_a100_are_within_ten_percent_of_silicon},
    {"streams_are_as_near_to_silicon_as_one_share_a_kind_can_be",
     streams_are_as_near_to_silicon_as_one_share_a_kind_can_be},
    {"products_on_tpu_v5e_are_within_three_percent", products_on_tpu_v5e_are_within_three_percent},
    {NULL, NULL}};
