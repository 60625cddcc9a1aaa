/* Examples that were worked outside of this program, from papers, their authors' code and data, and
 * by hand, each at its own tolerance. A row that fails names its example. Further examples wait for
 * what they need: Abnar's law, Kumar's, Frantar's, collectives. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/footprint.h"
#include "core/hardware.h"
#include "core/lower.h"
#include "core/text.h"
#include "planner/laws/experts.h"
#include "planner/tuning/hyperparameters.h"
#include "planner/advice/serving.h"
#include "planner/laws/anchors.h"
#include "planner/laws/clark2022.h"
#include "planner/laws/krajewski2024.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/uncertainty.h"
#include "planner/money/bill.h"
#include "tests/harness.h"

const char vsh_suite[] = "worked";

typedef struct example example;
struct example {
    const char *name;
    double (*compute)(const example *e);
    double in[7];
    double want, rel;
    const char *text; /* a law, a model, a recipe, a region: what compute needs in words */
};

static void check_examples(const example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vsh_check_near(examples[i].compute(&examples[i]), examples[i].want, examples[i].rel, 0,
                       __FILE__, __LINE__, examples[i].name);
}
#define CHECK_EXAMPLES(table) check_examples(table, sizeof table / sizeof table[0])

static vsh_error err;

/* ---- compute --------------------------------------------------------------------------------- */

#define LLAMA                                                                                      \
    "layers: 24\nhidden: 1024\nheads: 16\nkv_heads: 4\nffn: 2816\nvocab: 32000\ncontext: 2048\n"   \
    "tied: true\n"
#define MOE_SIZES "layers: 12\nhidden: 768\nheads: 12\nvocab: 32000\ncontext: 1024\ntied: true\n"
#define MOE MOE_SIZES "experts: {count: 8, top_k: 2, hidden: 2048}\n"
#define MOE_CAPACITY MOE_SIZES "experts: {count: 8, top_k: 2, hidden: 2048, capacity: 1.25}\n"
#define GPT2 "models/gpt2-124m.yaml"

static vsh_model model;
static vsh_op_list ops;

/* The model of an example: the path of a file, or its text. */
static void read_model(const char *text)
{
    if (strchr(text, '\n'))
        model = vsh_test_model(text);
    else
        REQUIRE_OK(vsh_model_read(vsh_test_arena(), text, &model, &err), &err);
}

static void lower(int64_t seq, bool store_scores, vsh_recompute_mode recompute)
{
    vsh_work work = vsh_work_default(seq);

    work.store_scores = store_scores;
    work.recompute = recompute;
    REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
}

static double budget(const example *e)
{
    return vsh_work_done((vsh_flop_rate){e->in[0] * e->in[1]}, vsh_hours(e->in[2])).v;
}

static double share_of_peak(const example *e)
{
    return vsh_flop_rate_ratio((vsh_flop_rate){e->in[0]}, (vsh_flop_rate){e->in[1]});
}

/* The founding paper's N = C / (6 T E). */
static double rule_6nte(const example *e)
{
    vsh_flops work = vsh_work_done((vsh_flop_rate){e->in[0]}, vsh_hours(e->in[1]));

    return work.v / (6 * e->in[2] * e->in[3]);
}

static double train_flops_a_token(const example *e)
{
    read_model(e->text);
    lower((int64_t)e->in[0], false, VSH_RECOMPUTE_NONE);
    return vsh_ops_step_model_flops(&ops).v / e->in[0];
}

/* PaLM's convention: the whole T x T square of scores. */
static double train_flops_a_token_square(const example *e)
{
    read_model(e->text);
    lower((int64_t)e->in[0], true, VSH_RECOMPUTE_NONE);
    return vsh_ops_step_executed_flops(&ops).v / e->in[0];
}

/* Matrices of the blocks, without biases and norms. */
static double block_weights(void)
{
    static vsh_tensor_list list;
    double sum = 0;

    vsh_model_tensors(&model, &list);
    for (int i = 0; i < list.count; i++) {
        const vsh_tensor *t = &list.item[i];
        if ((t->group == VSH_GROUP_ATTENTION || t->group == VSH_GROUP_MLP) && t->cols > 1)
            sum += (double)(t->rows * t->cols * t->copies);
    }
    return sum;
}

static double six_n_of_blocks(const example *e)
{
    read_model(e->text);
    return 6 * block_weights();
}

static double six_n_of_blocks_and_table(const example *e)
{
    read_model(e->text);
    return 6 * (block_weights() + (double)(model.vocab * model.embedding_dim));
}

static vsh_parameters parameters_of(const char *text)
{
    vsh_parameters parameters = {0};

    read_model(text);
    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    return parameters;
}

static double total_parameters(const example *e) { return (double)parameters_of(e->text).total; }
static double active_parameters(const example *e) { return (double)parameters_of(e->text).active; }

static double padding_of_experts(const example *e)
{
    double executed = 0, wanted = 0;

    read_model(e->text);
    lower((int64_t)e->in[0], false, VSH_RECOMPUTE_NONE);
    for (int i = 0; i < ops.count; i++)
        if (strstr(ops.item[i].name, "expert.")) {
            executed += (double)ops.item[i].executed_macs;
            wanted += (double)ops.item[i].model_macs;
        }
    return executed / wanted;
}

static bool in_block(const vsh_op *op) { return strncmp(op->name, "layer.", 6) == 0; }

/* DeepSeek's M = 72 L d^2 + 12 L d T: training, blocks only, the whole square of scores. */
static double deepseek_m(const example *e)
{
    vsh_text text = {.arena = vsh_test_arena()};
    int d = (int)e->in[1];
    double macs = 0;

    vsh_text_add(&text,
                 "layers: %d\nhidden: %d\nheads: %d\nffn: %d\nmlp: gelu\nvocab: 9\n"
                 "context: 4096\n",
                 (int)e->in[0], d, d / 64, 4 * d);
    read_model(vsh_text_string(&text));
    lower((int64_t)e->in[2], true, VSH_RECOMPUTE_NONE);
    for (int i = 0; i < ops.count; i++)
        if (in_block(&ops.item[i]))
            macs += (double)ops.item[i].executed_macs;
    return 2 * macs / e->in[2];
}

/* HFU of the products of the blocks under full recomputation, from their MFU. */
static double hfu_of_blocks(const example *e)
{
    double executed = 0, wanted = 0;

    read_model(e->text);
    lower(1024, false, VSH_RECOMPUTE_FULL);
    for (int i = 0; i < ops.count; i++)
        if (in_block(&ops.item[i]) && ops.item[i].kind == VSH_OP_MATRIX) {
            executed += (double)ops.item[i].executed_macs;
            wanted += (double)ops.item[i].model_macs;
        }
    return e->in[0] * executed / wanted;
}

/* Training with exits after two layers over training without. */
static double exit_multiplier(const example *e)
{
    double plain;

    read_model(e->text);
    lower(1024, false, VSH_RECOMPUTE_NONE);
    plain = vsh_ops_step_model_flops(&ops).v;
    model.layer[(int)e->in[0] - 1].exit = model.layer[(int)e->in[1] - 1].exit = true;
    lower(1024, false, VSH_RECOMPUTE_NONE);
    return vsh_ops_step_model_flops(&ops).v / plain;
}

/* ---- dense laws ------------------------------------------------------------------------------ */

static vsh_chinchilla form_of(const example *e)
{
    return (vsh_chinchilla){
        .E = e->in[0], .A = e->in[1], .B = e->in[2], .alpha = e->in[3], .beta = e->in[4]};
}

static vsh_optimum form_optimum(const example *e)
{
    vsh_chinchilla form = form_of(e);

    return vsh_chinchilla_optimum(&form, e->in[5]);
}

static double form_optimum_params(const example *e) { return form_optimum(e).params; }
static double form_optimum_tokens(const example *e) { return form_optimum(e).tokens; }
static double form_optimum_loss(const example *e) { return form_optimum(e).loss; }
static double form_optimum_ratio(const example *e)
{
    return form_optimum(e).tokens / form_optimum(e).params;
}

static double form_loss(const example *e)
{
    vsh_chinchilla form = form_of(e);

    return vsh_chinchilla_loss(&form, e->in[5], e->in[6]);
}

static const vsh_law *law_of(const example *e)
{
    const vsh_law *law = vsh_law_find(e->text);

    REQUIRE(law != NULL);
    return law;
}

/* params, tokens, unique, experts */
static double law_loss(const example *e)
{
    return vsh_law_loss(law_of(e), &(vsh_point){e->in[0], e->in[1], e->in[2], e->in[3]});
}

static double optimum_params(const example *e)
{
    return vsh_law_optimum(law_of(e), e->in[0], NULL).params;
}
static double optimum_tokens(const example *e)
{
    return vsh_law_optimum(law_of(e), e->in[0], NULL).tokens;
}
static double optimum_loss(const example *e)
{
    return vsh_law_optimum(law_of(e), e->in[0], NULL).loss;
}
static double optimum_ratio(const example *e) { return optimum_tokens(e) / optimum_params(e); }

/* The compute-optimal run of so many parameters. */
static vsh_optimum optimum_of_params(const vsh_law *law, double params)
{
    double low = log(1e12), high = log(1e30);

    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (vsh_law_optimum(law, exp(middle), NULL).params < params)
            low = middle;
        else
            high = middle;
    }
    return vsh_law_optimum(law, exp(high), NULL);
}

static double serving_params(const example *e)
{
    return vsh_serving_optimum(law_of(e), optimum_of_params(law_of(e), e->in[0]), e->in[1]).params;
}

static double serving_data_ratio(const example *e)
{
    vsh_optimum start = optimum_of_params(law_of(e), e->in[0]);

    return vsh_serving_optimum(law_of(e), start, e->in[1]).tokens / start.tokens;
}

static double slope(const example *e)
{
    vsh_chinchilla form = vsh_chinchilla_of(vsh_law_default()->coefficient);

    return -vsh_chinchilla_slope(&form, vsh_chinchilla_optimum(&form, e->in[0]).loss);
}

/* A published sizing law N_0 C^a: what it sizes (parameters, FLOPs a token, or tokens) is its
 * paper's business. */
static double sized_by_power(const example *e)
{
    const double c[] = {e->in[1], e->in[2]};

    return vsh_form_optimum(&vsh_form_power, c, e->in[0], NULL).params;
}

/* The same through a row of a table: so many parameters were best at so much compute. */
static double sized_from_row(const example *e)
{
    const double c[] = {e->in[1] / pow(e->in[2], e->in[3]), e->in[3]};

    return vsh_form_optimum(&vsh_form_power, c, e->in[0], NULL).params;
}

/* What a share of its parameters costs a run in loss. */
static double loss_of_fewer_params(const example *e)
{
    vsh_point all = {e->in[0], e->in[1], 0, 1}, fewer = {e->in[0] * e->in[2], e->in[1], 0, 1};

    return vsh_law_loss(law_of(e), &fewer) - vsh_law_loss(law_of(e), &all);
}

static double steps_of(const example *e) { return e->in[0] / e->in[1]; }

/* ---- repeated data --------------------------------------------------------------------------- */

static vsh_optimum constrained(const example *e)
{
    return vsh_law_optimum(&vsh_muennighoff2023, e->in[0], &(vsh_point){.unique = e->in[1]});
}

static double constrained_params(const example *e) { return constrained(e).params; }
static double constrained_tokens(const example *e) { return constrained(e).tokens; }
static double constrained_epochs(const example *e) { return constrained(e).tokens / e->in[1]; }
static double constrained_loss(const example *e) { return constrained(e).loss; }

static double measured_loss(const example *e)
{
    const vsh_anchor *run = e->in[1] > e->in[2]
                                ? vsh_anchor_nearest_repeated(e->in[0], e->in[1], e->in[2])
                                : vsh_anchor_nearest_fresh(e->in[0], e->in[1], VSH_ANY_CORPUS);

    REQUIRE(run != NULL);
    return run->loss;
}

static double hours_of(const example *e)
{
    return vsh_in_hours(vsh_time_compute((vsh_flops){e->in[0]}, (vsh_flop_rate){e->in[1]}));
}

/* ---- experts --------------------------------------------------------------------------------- */

static double expert_form_E(const example *e) { return vsh_ludziejewski_form(e->in[0]).E; }
static double expert_form_A(const example *e) { return vsh_ludziejewski_form(e->in[0]).A; }
static double expert_form_B(const example *e) { return vsh_ludziejewski_form(e->in[0]).B; }
static double expert_form_alpha(const example *e) { return vsh_ludziejewski_form(e->in[0]).alpha; }
static double expert_form_beta(const example *e) { return vsh_ludziejewski_form(e->in[0]).beta; }

static vsh_optimum expert_optimum(const example *e)
{
    return vsh_law_optimum(&vsh_ludziejewski2025, e->in[0], &(vsh_point){.experts = e->in[1]});
}

static double expert_optimum_params(const example *e) { return expert_optimum(e).params; }
static double expert_optimum_tokens(const example *e) { return expert_optimum(e).tokens; }
static double expert_optimum_loss(const example *e) { return expert_optimum(e).loss; }
static double expert_saving(const example *e)
{
    return vsh_experts_saving(e->in[0], e->in[1], (vsh_expert_limits){0});
}

/* What experts lose against a dense model of the same active parameters and tokens. */
static double expert_penalty(const example *e)
{
    vsh_point dense = {e->in[0], e->in[1], 0, 1}, experts = {e->in[0], e->in[1], 0, e->in[2]};

    return vsh_law_loss(&vsh_ludziejewski2025, &experts) -
           vsh_law_loss(&vsh_ludziejewski2025, &dense);
}

static double dense_equivalent(const example *e)
{
    return vsh_clark_dense_equivalent(e->in[0], e->in[1]);
}

/* active parameters, tokens, granularity: the law's N is the total */
static double fine_grained_loss(const example *e)
{
    double total = e->in[0] * vsh_krajewski_total_per_active();

    return vsh_law_loss(&vsh_krajewski2024,
                        &(vsh_point){total, e->in[1], 0, VSH_KRAJEWSKI_EXPERTS, e->in[2]});
}

static double expert_crossover(const example *e)
{
    return vsh_ludziejewski_crossover(e->in[0], e->in[1]);
}

/* The examples took widths in steps of 32 of the paper's geometry (equations 9 and 10). */
static vsh_expert_run capped(const example *e)
{
    vsh_expert_run best = {.loss = INFINITY};
    double experts = e->in[1];

    for (double d = 64; d <= 32768; d += 32) {
        double block = d * d * d / 64, tables = 2 * d * 50257;
        vsh_expert_run at = {.params_active = tables + 13 * block,
                             .params_total = tables + (4 + 9 * experts) * block};
        if (at.params_total > e->in[2])
            break;
        at.tokens = e->in[0] / 6 / at.params_active;
        at.loss = vsh_law_loss(&vsh_ludziejewski2025,
                               &(vsh_point){at.params_active, at.tokens, 0, experts, 0});
        if (at.loss < best.loss)
            best = at;
    }
    return best;
}

static double capped_loss(const example *e) { return capped(e).loss; }
static double capped_active(const example *e) { return capped(e).params_active; }
static double capped_total(const example *e) { return capped(e).params_total; }
static double capped_tokens(const example *e) { return capped(e).tokens; }

/* ---- hyperparameters ------------------------------------------------------------------------- */

static double steplaw_batch(const example *e) { return vsh_steplaw_batch_tokens(e->in[0]); }
static double deepseek_rate(const example *e) { return vsh_deepseek_rate(e->in[0]); }
static double deepseek_batch(const example *e) { return vsh_deepseek_batch_tokens(e->in[0]); }
static double critical_batch(const example *e) { return vsh_kaplan_critical_batch(e->in[0]); }
static double overfit_tokens(const example *e) { return vsh_kaplan_overfit_tokens(e->in[0]); }

/* ---- memory ---------------------------------------------------------------------------------- */

static const vsh_recipe *recipe_of(const example *e)
{
    for (int i = 0; vsh_recipe_words[i]; i++)
        if (strcmp(vsh_recipe_words[i], e->text) == 0)
            return vsh_recipe_at(i);
    REQUIRE(!"a recipe of this name");
    return NULL;
}

/* What is left of a chip's memory for state. */
static double room(const example *e) { return e->in[0] * e->in[1] - e->in[2]; }

static double largest_params(const example *e) { return room(e) / vsh_recipe_bytes(recipe_of(e)); }

static double largest_inference(const example *e)
{
    int precision = 0;

    while (strcmp(vsh_precision_words[precision], e->text) != 0)
        precision++;
    return room(e) / (double)vsh_operand_bytes((vsh_precision)precision);
}

static double state_bytes(const example *e) { return e->in[0] * vsh_recipe_bytes(recipe_of(e)); }

static double zero_gigabytes(const example *e)
{
    return vsh_zero_state(e->in[0], (int)e->in[1], e->in[2]).v / 1e9;
}

static double korthikanti(const example *e)
{
    return vsh_korthikanti_layer(e->in[0], e->in[1], e->in[2], e->in[3], true).v;
}

static double logits_bytes(const example *e)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_work work = vsh_work_default((int64_t)e->in[1]);
    vsh_footprint footprint = {0};

    work.sequences = (int64_t)e->in[0];
    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    vsh_text_add(&text, "layers: 1\nhidden: 64\nheads: 1\nffn: 64\nvocab: %d\ncontext: 2048\n",
                 (int)e->in[2]);
    read_model(vsh_text_string(&text));
    REQUIRE_OK(vsh_footprint_of(&model, &work, 0, &footprint, &err), &err);
    return footprint.logits.v;
}

/* ---- money ----------------------------------------------------------------------------------- */

static double days_of(const example *e)
{
    return vsh_time_compute((vsh_flops){e->in[0]}, (vsh_flop_rate){e->in[1] * e->in[2]}).v / 86400;
}

static double megawatt_hours(const example *e)
{
    static const vsh_region anywhere = {.code = "x", .provider = VSH_GOOGLE};
    vsh_hardware chip = {.power_chip = {.known = true, .value = e->in[1]}};

    return vsh_bill_of(&chip, e->in[2], vsh_for_hours(e->in[0] * 24), &anywhere, 0).kwh / 1000;
}

/* The founding mission: one TPU v5e for 100 hours. */
static vsh_bill mission(const char *code)
{
    static vsh_hardware chip;
    const vsh_region *region = NULL;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &chip, &err), &err);
    REQUIRE_OK(vsh_region_find(code, &region, &err), &err);
    return vsh_bill_of(&chip, 1, vsh_for_hours(100), region, -1);
}

static double mission_kwh(const example *e)
{
    (void)e;
    return mission("us-central1").kwh;
}

static double mission_co2(const example *e) { return mission(e->text).co2_kg; }

static double mission_embodied(const example *e)
{
    (void)e;
    return mission("us-central1").embodied_kg;
}

static double mission_usd(const example *e)
{
    (void)e;
    return mission("us-central1").usd;
}

static double mission_usd_per_exaflop(const example *e)
{
    return mission_usd(e) / (vsh_work_done((vsh_flop_rate){e->in[0]}, vsh_hours(100)).v / 1e18);
}

/* ---- uncertainty ----------------------------------------------------------------------------- */

/* Of the fit alone: no spread of the throughput, no residual of a new run. */
static vsh_interval interval_of(const example *e, int which)
{
    vsh_draw_options options = {.flops = e->in[0], .seed = 1};
    vsh_interval interval[3];

    REQUIRE_OK(vsh_uncertain_optimum(vsh_law_default(), &options, &interval[0], &interval[1],
                                     &interval[2], &err),
               &err);
    return interval[which];
}

static double interval_params_low(const example *e) { return interval_of(e, 0).low; }
static double interval_params_high(const example *e) { return interval_of(e, 0).high; }
static double interval_tokens_low(const example *e) { return interval_of(e, 1).low; }
static double interval_tokens_high(const example *e) { return interval_of(e, 1).high; }
static double interval_loss_low(const example *e) { return interval_of(e, 2).low; }
static double interval_loss_high(const example *e) { return interval_of(e, 2).high; }

/* ---- the trainer's machine ------------------------------------------------------------------- */

static double cpu_hours(const example *e)
{
    vsh_flops work = {6 * e->in[0] * e->in[1]};

    return vsh_in_hours(vsh_time_compute(work, (vsh_flop_rate){e->in[2] * 1e9}));
}

/* ---- the examples ---------------------------------------------------------------------------- */

static const example compute[] = {
    {"alt_budget_flops_mfu40", budget, {1.97e14, 0.4, 100}, 2.8368e19, 1e-12},
    {"seed_mfu_implied", share_of_peak, {5e13, 1.97e14}, 0.25380710659898476, 1e-9},
    {"seed_N_from_6NTE", rule_6nte, {5e13, 100, 1e8, 3}, 1e10, 1e-12},
    {"flops_gpt2small_train_causal", train_flops_a_token, {1024}, 797870592.0, 1e-12, GPT2},
    {"flops_gpt2small_train_noncausal", train_flops_a_token_square, {1024}, 854438400, 1e-12, GPT2},
    {"gpt2small_6N_nonemb", six_n_of_blocks, {0}, 509607936, 1e-12, GPT2},
    {"gpt2small_6N_total_tied", six_n_of_blocks_and_table, {0}, 741192192, 1e-12, GPT2},
    {"params_llama350m_gqa_tied", total_parameters, {0}, 303350784, 1e-12, LLAMA},
    {"flops_llama350m_gqa_train", train_flops_a_token, {2048}, 2121940992.0, 1e-12, LLAMA},
    {"params_moe_8x_top2_total", total_parameters, {0}, 505965312, 1e-12, MOE},
    {"params_moe_8x_top2_active", active_parameters, {0}, 166226688, 1e-12, MOE},
    {"moe_capacity_factor_padding", padding_of_experts, {1024}, 1.25, 1e-12, MOE_CAPACITY},
    {"deepseek_M_L8_d512", deepseek_m, {8, 512, 4096}, 352321536, 1e-12},
    {"deepseek_M_L80_d8192", deepseek_m, {80, 8192, 4096}, 418759311360.0, 1e-12},
    {"hfu_from_mfu_full_remat", hfu_of_blocks, {0.4}, 0.5333333333333333, 1e-12, GPT2},
    {"early_exit_train_multiplier", exit_multiplier, {4, 8}, 1.5805058071372056, 1e-12, GPT2},
};

static const example dense[] = {
    {"opt_hoffmann_A3_rounded_C1.8e+19.N",
     form_optimum_params,
     {1.69, 406.4, 410.7, 0.34, 0.28, 1.8e19},
     297259138.7887153,
     1e-6},
    {"opt_hoffmann_A3_rounded_C1.8e+19.D",
     form_optimum_tokens,
     {1.69, 406.4, 410.7, 0.34, 0.28, 1.8e19},
     10092204438.943518,
     1e-6},
    {"opt_hoffmann_A3_rounded_C1.8e+19.D_over_N",
     form_optimum_ratio,
     {1.69, 406.4, 410.7, 0.34, 0.28, 1.8e19},
     33.95086347914375,
     1e-6},
    {"opt_hoffmann_A3_rounded_C1.8e+19.loss",
     form_optimum_loss,
     {1.69, 406.4, 410.7, 0.34, 0.28, 1.8e19},
     2.873917347746722,
     1e-6},
    {"opt_hoffmann_A3_rounded_C2.837e+19.N",
     form_optimum_params,
     {1.69, 406.4, 410.7, 0.34, 0.28, 2.8368e19},
     365051510.8465254,
     1e-6},
    {"opt_hoffmann_A3_rounded_C2.837e+19.D",
     form_optimum_tokens,
     {1.69, 406.4, 410.7, 0.34, 0.28, 2.8368e19},
     12951596855.567436,
     1e-6},
    {"opt_hoffmann_A3_rounded_C2.837e+19.D_over_N",
     form_optimum_ratio,
     {1.69, 406.4, 410.7, 0.34, 0.28, 2.8368e19},
     35.478820031544906,
     1e-6},
    {"opt_hoffmann_A3_rounded_C2.837e+19.loss",
     form_optimum_loss,
     {1.69, 406.4, 410.7, 0.34, 0.28, 2.8368e19},
     2.7940454349867663,
     1e-6},
    {"opt_hoffmann_A3_tex_C1.8e+19.N",
     optimum_params,
     {1.8e19},
     354195909.9928502,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C1.8e+19.D",
     optimum_tokens,
     {1.8e19},
     8469888881.722429,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C1.8e+19.D_over_N",
     optimum_ratio,
     {1.8e19},
     23.913005889575075,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C1.8e+19.loss",
     optimum_loss,
     {1.8e19},
     2.8149665468440914,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C2.837e+19.N",
     optimum_params,
     {2.8368e19},
     435946377.051388,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C2.837e+19.D",
     optimum_tokens,
     {2.8368e19},
     10845370552.173847,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C2.837e+19.D_over_N",
     optimum_ratio,
     {2.8368e19},
     24.87776277791025,
     1e-6,
     "hoffmann2022"},
    {"opt_hoffmann_A3_tex_C2.837e+19.loss",
     optimum_loss,
     {2.8368e19},
     2.7386848222471114,
     1e-6,
     "hoffmann2022"},
    {"opt_besiroglu2024_C1.8e+19.N",
     optimum_params,
     {1.8e19},
     354352602.34880966,
     1e-6,
     "besiroglu2024"},
    {"opt_besiroglu2024_C1.8e+19.D",
     optimum_tokens,
     {1.8e19},
     8466143553.383382,
     1e-6,
     "besiroglu2024"},
    {"opt_besiroglu2024_C1.8e+19.D_over_N",
     optimum_ratio,
     {1.8e19},
     23.891862222165,
     1e-6,
     "besiroglu2024"},
    {"opt_besiroglu2024_C1.8e+19.loss",
     optimum_loss,
     {1.8e19},
     2.8166785491748616,
     1e-6,
     "besiroglu2024"},
    {"opt_muennighoff_C4_C1.8e+19.N",
     optimum_params,
     {1.8e19},
     391100438.45663846,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C1.8e+19.D",
     optimum_tokens,
     {1.8e19},
     7670663862.813879,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C1.8e+19.D_over_N",
     optimum_ratio,
     {1.8e19},
     19.613028032092913,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C1.8e+19.loss",
     optimum_loss,
     {1.8e19},
     2.840925614444683,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C2.837e+19.N",
     optimum_params,
     {2.8368e19},
     490982948.2441283,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C2.837e+19.D",
     optimum_tokens,
     {2.8368e19},
     9629662327.191711,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C2.837e+19.D_over_N",
     optimum_ratio,
     {2.8368e19},
     19.613028032092913,
     1e-6,
     "muennighoff2023"},
    {"opt_muennighoff_C4_C2.837e+19.loss",
     optimum_loss,
     {2.8368e19},
     2.766022511202408,
     1e-6,
     "muennighoff2023"},
    {"opt_ludziejewski_dense_E1_C1.8e+19.N",
     form_optimum_params,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 1.8e19},
     706964737.7516221,
     1e-6},
    {"opt_ludziejewski_dense_E1_C1.8e+19.D",
     form_optimum_tokens,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 1.8e19},
     4243493118.9651356,
     1e-6},
    {"opt_ludziejewski_dense_E1_C1.8e+19.D_over_N",
     form_optimum_ratio,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 1.8e19},
     6.002411283568152,
     1e-6},
    {"opt_ludziejewski_dense_E1_C1.8e+19.loss",
     form_optimum_loss,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 1.8e19},
     2.8050929081270155,
     1e-6},
    {"opt_ludziejewski_dense_E1_C2.837e+19.N",
     form_optimum_params,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 2.8368e19},
     895449949.6702325,
     1e-6},
    {"opt_ludziejewski_dense_E1_C2.837e+19.D",
     form_optimum_tokens,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 2.8368e19},
     5280027098.936329,
     1e-6},
    {"opt_ludziejewski_dense_E1_C2.837e+19.D_over_N",
     form_optimum_ratio,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 2.8368e19},
     5.896507226206004,
     1e-6},
    {"opt_ludziejewski_dense_E1_C2.837e+19.loss",
     form_optimum_loss,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 2.8368e19},
     2.7445040282964586,
     1e-6},
    {"opt_krajewski_dense_C1.8e+19.N",
     form_optimum_params,
     {0.47, 16.3, 26.7, 0.126, 0.127, 1.8e19},
     259643666.56330967,
     1e-6},
    {"opt_krajewski_dense_C1.8e+19.D",
     form_optimum_tokens,
     {0.47, 16.3, 26.7, 0.126, 0.127, 1.8e19},
     11554296855.026506,
     1e-6},
    {"opt_krajewski_dense_C1.8e+19.D_over_N",
     form_optimum_ratio,
     {0.47, 16.3, 26.7, 0.126, 0.127, 1.8e19},
     44.500591938025146,
     1e-6},
    {"opt_krajewski_dense_C1.8e+19.loss",
     form_optimum_loss,
     {0.47, 16.3, 26.7, 0.126, 0.127, 1.8e19},
     3.2967852089282292,
     1e-6},
    {"opt_krajewski_dense_C2.837e+19.N",
     form_optimum_params,
     {0.47, 16.3, 26.7, 0.126, 0.127, 2.8368e19},
     326246805.03117645,
     1e-6},
    {"opt_krajewski_dense_C2.837e+19.D",
     form_optimum_tokens,
     {0.47, 16.3, 26.7, 0.126, 0.127, 2.8368e19},
     14492095944.198404,
     1e-6},
    {"opt_krajewski_dense_C2.837e+19.D_over_N",
     form_optimum_ratio,
     {0.47, 16.3, 26.7, 0.126, 0.127, 2.8368e19},
     44.42065246528169,
     1e-6},
    {"opt_krajewski_dense_C2.837e+19.loss",
     form_optimum_loss,
     {0.47, 16.3, 26.7, 0.126, 0.127, 2.8368e19},
     3.2166136555822673,
     1e-6},
    {"loss_hoffmann_A3_tex_70B_1.4T",
     law_loss,
     {7e10, 1.4e12, 0, 1},
     1.9208460265656064,
     1e-9,
     "hoffmann2022"},
    {"loss_besiroglu2024_70B_1.4T",
     law_loss,
     {7e10, 1.4e12, 0, 1},
     1.9738818631585637,
     1e-9,
     "besiroglu2024"},
    {"loss_muennighoff_C4_70B_1.4T",
     law_loss,
     {7e10, 1.4e12, 0, 1},
     2.024597069050916,
     1e-9,
     "muennighoff2023"},
    {"loss_ludziejewski_dense_E1_70B_1.4T",
     form_loss,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 7e10, 1.4e12},
     1.9102306757521053,
     1e-9},
    {"kaplan_LND_N1e8_D1e8", law_loss, {1e8, 1e8, 0, 1}, 3.514272631710317, 1e-9, "kaplan2020"},
    {"gadre_form_equivalence",
     law_loss,
     {4e8, 8e9, 0, 1},
     2.829935062909968,
     1e-9,
     "muennighoff2023"},
    {"sardana_7B_Dinf1e11.N",
     serving_params,
     {7e9, 1e11},
     6054802756.898621,
     0.005,
     "hoffmann2022"},
    {"sardana_7B_Dinf1e11.D_ratio",
     serving_data_ratio,
     {7e9, 1e11},
     1.164075458366204,
     0.005,
     "hoffmann2022"},
    {"dL_dlnC_at_mission", slope, {1.8e19}, -0.1781935233935308, 1e-6},
    {"plan_10B_3e8_hoffmann_A3_tex",
     law_loss,
     {1e10, 3e8, 0, 1},
     3.4371544042227864,
     1e-9,
     "hoffmann2022"},
    {"plan_10B_3e8_muennighoff_C4",
     form_loss,
     {1.8691436784054858, 520.8249516599187, 1487.716093782861, 0.3526596, 0.3526596, 1e10, 3e8},
     3.54804863596682,
     1e-9},
    {"plan_10B_3e8_ludziejewski_dense_E1",
     form_loss,
     {1.3637, 30.364, 53.9838, 0.1817, 0.1965, 1e10, 3e8},
     2.991954918005991,
     1e-9},
    {"besiroglu_at_trainer_scale",
     law_loss,
     {1e6, 2e7, 0, 1},
     10.215317114691464,
     1e-9,
     "besiroglu2024"},
};

static const example sizing[] = {
    {"hoffmann_A1_N_1.8e19", sized_from_row, {1.8e19, 4e8, 1.92e19, 0.5}, 387298334.6207417, 1e-9},
    {"hoffmann_A2_N_1.8e19", sized_from_row, {1.8e19, 4e8, 1.84e19, 0.49}, 395715248.3655281, 1e-9},
    {"hoffmann_A3table_N_1.8e19",
     sized_from_row,
     {1.8e19, 4e8, 2.21e19, 0.46},
     363969420.9829735,
     1e-9},
    {"deepseek_Mopt_1.8e19", sized_by_power, {1.8e19, 0.1715, 0.5243}, 2136994964.4376893, 1e-9},
    {"llama3_Dopt_1.8e19", sized_by_power, {1.8e19, 0.299, 0.537}, 6542632453.6687565, 1e-9},
    {"int8_weights_loss_delta_at_mission",
     loss_of_fewer_params,
     {354352602.34880966, 8466143553.383382, 0.9521755912952763},
     0.008807363236633423,
     1e-6,
     "besiroglu2024"},
    {"steps_for_seed_plan_0.5M_batch", steps_of, {3e8, 524288}, 572.20458984375, 1e-9},
};

static const example data[] = {
    {"muennighoff_readme_1",
     law_loss,
     {6.34e9, 2.42e11, 2.5e10, 1},
     2.2256440889984477,
     1e-12,
     "muennighoff2023"},
    {"muennighoff_readme_2",
     law_loss,
     {8.67e9, 1.78e11, 2.5e10, 1},
     2.2269634075087867,
     1e-12,
     "muennighoff2023"},
    {"datablations_measured_2b8100m100m", measured_loss, {2.81e9, 1e8, 1e8}, 7.518863, 0.001},
    {"datablations_measured_146m5b9100m", measured_loss, {1.465e8, 5.9e9, 1e8}, 3.718068, 0.001},
    {"datablations_measured_220m3b9100m", measured_loss, {2.205e8, 3.9e9, 1e8}, 3.721901, 0.001},
    {"datablations_measured_280m2b7100m", measured_loss, {2.81e8, 2.7e9, 1e8}, 3.72759, 0.001},
    {"dc_opt_U3e+08_1.8e19.N", constrained_params, {1.8e19, 3e8}, 249976768.7267142, 0.003},
    {"dc_opt_U3e+08_1.8e19.T", constrained_tokens, {1.8e19, 3e8}, 12001115204.748224, 0.003},
    {"dc_opt_U3e+08_1.8e19.epochs", constrained_epochs, {1.8e19, 3e8}, 40.003717349160745, 0.003},
    {"dc_opt_U3e+08_1.8e19.loss", constrained_loss, {1.8e19, 3e8}, 3.2627347871055377, 0.0001},
    {"dc_opt_U1e+09_1.8e19.N", constrained_params, {1.8e19, 1e9}, 295287484.95837927, 0.003},
    {"dc_opt_U1e+09_1.8e19.T", constrained_tokens, {1.8e19, 1e9}, 10159590747.379116, 0.003},
    {"dc_opt_U1e+09_1.8e19.epochs", constrained_epochs, {1.8e19, 1e9}, 10.159590747379116, 0.003},
    {"dc_opt_U1e+09_1.8e19.loss", constrained_loss, {1.8e19, 1e9}, 2.9530682181669166, 0.0001},
    {"dc_opt_U4e+09_1.8e19.N", constrained_params, {1.8e19, 4e9}, 360240689.7209899, 0.003},
    {"dc_opt_U4e+09_1.8e19.T", constrained_tokens, {1.8e19, 4e9}, 8327765534.547279, 0.003},
    {"dc_opt_U4e+09_1.8e19.epochs", constrained_epochs, {1.8e19, 4e9}, 2.0819413836368197, 0.003},
    {"dc_opt_U4e+09_1.8e19.loss", constrained_loss, {1.8e19, 4e9}, 2.8497166892808736, 0.0001},
    {"dc_opt_U7.67e+09_1.8e19.N", constrained_params, {1.8e19, 7.67e9}, 391004747.3157689, 0.003},
    {"dc_opt_U7.67e+09_1.8e19.T", constrained_tokens, {1.8e19, 7.67e9}, 7672541115.1523695, 0.003},
    {"dc_opt_U7.67e+09_1.8e19.epochs",
     constrained_epochs,
     {1.8e19, 7.67e9},
     1.000331305756502,
     0.003},
    {"dc_opt_U7.67e+09_1.8e19.loss",
     constrained_loss,
     {1.8e19, 7.67e9},
     2.8409256186740293,
     0.0001},
    {"mu_epochs_1_at_optimum",
     law_loss,
     {3.911e8, 7.67e9, 7.67e9, 1},
     2.840940637491351,
     1e-6,
     "muennighoff2023"},
    {"mu_epochs_2_at_optimum",
     law_loss,
     {3.911e8, 7.67e9, 3.835e9, 1},
     2.8515166032945327,
     1e-6,
     "muennighoff2023"},
    {"mu_epochs_4_at_optimum",
     law_loss,
     {3.911e8, 7.67e9, 1.9175e9, 1},
     2.8878326401332397,
     1e-6,
     "muennighoff2023"},
    {"mu_epochs_8_at_optimum",
     law_loss,
     {3.911e8, 7.67e9, 9.5875e8, 1},
     2.9665471489430484,
     1e-6,
     "muennighoff2023"},
    {"mu_epochs_16_at_optimum",
     law_loss,
     {3.911e8, 7.67e9, 4.79375e8, 1},
     3.1182285610739013,
     1e-6,
     "muennighoff2023"},
    {"mu_E3_T1e8_N3e+07", law_loss, {3e7, 3e8, 1e8, 1}, 4.770320884001508, 1e-9, "muennighoff2023"},
    {"mu_E3_T1e8_N1e+10",
     law_loss,
     {1e10, 3e8, 1e8, 1},
     4.588584291755749,
     1e-9,
     "muennighoff2023"},
    {"hours_to_exhaust_1e8_tokens", hours_of, {5.187e18, 5e13}, 28.816666666666666, 0.001},
};

static const example experts[] = {
    {"lj_coef_E8.A", expert_form_A, {8}, 21.84045692962509, 0.003},
    {"lj_coef_E8.al", expert_form_alpha, {8}, 0.16757366734458945, 0.003},
    {"lj_coef_E8.B", expert_form_B, {8}, 119.84030902814501, 0.003},
    {"lj_coef_E8.be", expert_form_beta, {8}, 0.23386245058929936, 0.003},
    {"lj_coef_E8.E", expert_form_E, {8}, 1.3637, 0.003},
    {"lj_coef_E32.A", expert_form_A, {32}, 16.5453689793716, 0.003},
    {"lj_coef_E32.al", expert_form_alpha, {32}, 0.15566536655411847, 0.003},
    {"lj_coef_E32.B", expert_form_B, {32}, 234.6293387270978, 0.003},
    {"lj_coef_E32.be", expert_form_beta, {32}, 0.2653343883926869, 0.003},
    {"lj_coef_E32.E", expert_form_E, {32}, 1.3637, 0.003},
    {"lj_opt_1e20_E1.N_act", expert_optimum_params, {1e20, 1}, 1726907057.311952, 0.01},
    {"lj_opt_1e20_E1.D", expert_optimum_tokens, {1e20, 1}, 9651165994.196272, 0.01},
    {"lj_opt_1e20_E8.N_act", expert_optimum_params, {1e20, 8}, 9.9e8, 0.01},
    {"lj_opt_1e20_E8.D", expert_optimum_tokens, {1e20, 8}, 1.7e10, 0.01},
    {"lj_saving_E2_1.8e19.N_act", expert_optimum_params, {1.8e19, 2}, 584691308.3627554, 0.001},
    {"lj_saving_E2_1.8e19.D", expert_optimum_tokens, {1.8e19, 2}, 5130912597.966538, 0.001},
    {"lj_saving_E2_1.8e19.loss", expert_optimum_loss, {1.8e19, 2}, 2.790149831460987, 0.001},
    {"lj_saving_E2_1.8e19.dense_loss", expert_optimum_loss, {1.8e19, 1}, 2.8051083417489306, 0.001},
    {"lj_saving_E2_1.8e19.saving", expert_saving, {1.8e19, 2}, 0.1034100144358745, 0.001},
    {"lj_saving_E4_1.8e19.N_act", expert_optimum_params, {1.8e19, 4}, 465217997.4340564, 0.001},
    {"lj_saving_E4_1.8e19.D", expert_optimum_tokens, {1.8e19, 4}, 6448589729.00171, 0.001},
    {"lj_saving_E4_1.8e19.loss", expert_optimum_loss, {1.8e19, 4}, 2.768802345274093, 0.001},
    {"lj_saving_E4_1.8e19.dense_loss", expert_optimum_loss, {1.8e19, 1}, 2.8051083417489306, 0.001},
    {"lj_saving_E4_1.8e19.saving", expert_saving, {1.8e19, 4}, 0.23182579112595747, 0.001},
    {"lj_saving_E8_1.8e19.N_act", expert_optimum_params, {1.8e19, 8}, 364571748.0336584, 0.001},
    {"lj_saving_E8_1.8e19.D", expert_optimum_tokens, {1.8e19, 8}, 8228832914.729944, 0.001},
    {"lj_saving_E8_1.8e19.loss", expert_optimum_loss, {1.8e19, 8}, 2.7415066925099247, 0.001},
    {"lj_saving_E8_1.8e19.dense_loss", expert_optimum_loss, {1.8e19, 1}, 2.8051083417489306, 0.001},
    {"lj_saving_E8_1.8e19.saving", expert_saving, {1.8e19, 8}, 0.37014662303040935, 0.001},
    {"lj_moe_penalty_D3e8_E8", expert_penalty, {3.5e8, 3e8, 8}, 0.03978272377836367, 0.001},
    {"lj_capped_775M_E1.loss", capped_loss, {1.8e19, 1, 7.75e8}, 2.8051083450244145, 0.001},
    {"lj_capped_775M_E1.N_act", capped_active, {1.8e19, 1, 7.75e8}, 708508416.0, 0.001},
    {"lj_capped_775M_E1.N_total", capped_total, {1.8e19, 1, 7.75e8}, 708508416.0, 0.001},
    {"lj_capped_775M_E1.D", capped_tokens, {1.8e19, 1, 7.75e8}, 4234247515.2758102, 0.001},
    {"lj_capped_775M_E2.loss", capped_loss, {1.8e19, 2, 7.75e8}, 2.7910152336460405, 0.001},
    {"lj_capped_775M_E2.N_act", capped_active, {1.8e19, 2, 7.75e8}, 487453056.0, 0.001},
    {"lj_capped_775M_E2.N_total", capped_total, {1.8e19, 2, 7.75e8}, 740303232.0, 0.001},
    {"lj_capped_775M_E2.D", capped_tokens, {1.8e19, 2, 7.75e8}, 6154438797.897289, 0.001},
    {"lj_capped_775M_E4.loss", capped_loss, {1.8e19, 4, 7.75e8}, 2.772452029301243, 0.001},
    {"lj_capped_775M_E4.N_act", capped_active, {1.8e19, 4, 7.75e8}, 321030144.0, 0.001},
    {"lj_capped_775M_E4.N_total", capped_total, {1.8e19, 4, 7.75e8}, 774014976.0, 0.001},
    {"lj_capped_775M_E4.D", capped_tokens, {1.8e19, 4, 7.75e8}, 9344916843.696772, 0.001},
    {"lj_capped_775M_E8.loss", capped_loss, {1.8e19, 8, 7.75e8}, 2.7510250863482573, 0.001},
    {"lj_capped_775M_E8.N_act", capped_active, {1.8e19, 8, 7.75e8}, 200613504.0, 0.001},
    {"lj_capped_775M_E8.N_total", capped_total, {1.8e19, 8, 7.75e8}, 767544960.0, 0.001},
    {"lj_capped_775M_E8.D", capped_tokens, {1.8e19, 8, 7.75e8}, 14954127913.54265, 0.001},
    {"lj_crossover_E8_N1e+06", expert_crossover, {1e6, 8}, 29068160.62253377, 0.001},
    {"lj_crossover_E8_N3.5e+08", expert_crossover, {3.5e8, 8}, 616947553.2804989, 0.001},
    {"lj_crossover_E8_N1e+10", expert_crossover, {1e10, 8}, 1755352155.762498, 0.001},
    {"clark_epc_5M_E128_sbase", dense_equivalent, {5e6, 128}, 51828431.87412641, 0.001},
    {"clark_epc_350M_E8_sbase", dense_equivalent, {3.5e8, 8}, 638841947.6836286, 0.001},
    {"krajewski_N_is_total_check", fine_grained_loss, {1e8, 4.37e9, 8}, 3.1097178380380734, 1e-9},
};

/* Krajewski et al. 2024, table 2, from the paper's own text: what the printed, rounded coefficients
 * leave of the printed losses is 0.7 to 0.9 percent. */
static const example krajewski[] = {
    {"64x100M", fine_grained_loss, {1e8, 4.37e9, 8}, 3.133, 0.01},
    {"64x1B", fine_grained_loss, {1e9, 28.94e9, 16}, 2.491, 0.01},
    {"64x3B", fine_grained_loss, {3e9, 72.9e9, 16}, 2.245, 0.01},
    {"64x7B", fine_grained_loss, {7e9, 137.6e9, 32}, 2.076, 0.01},
    {"64x70B", fine_grained_loss, {7e10, 941e9, 32}, 1.694, 0.01},
    {"64x300B", fine_grained_loss, {3e11, 2.96e12, 64}, 1.503, 0.01},
    {"64x1T", fine_grained_loss, {1e12, 7.94e12, 64}, 1.367, 0.01},
};

static const example hyper[] = {
    {"steplaw_bs_tokens", steplaw_batch, {8.5e9}, 271097.92916293815, 1e-9},
    {"deepseek_lr", deepseek_rate, {1.8e19}, 0.0012217069590944524, 1e-9},
    {"deepseek_bs_tokens", deepseek_batch, {1.8e19}, 580473.6201857213, 1e-9},
    {"kaplan_Bcrit_L2.8", critical_batch, {2.8}, 1484930.189814132, 1e-9},
    {"kaplan_overfit_D_for_1e10", overfit_tokens, {1e10}, 125594321575.47899, 1e-9},
};

static const example memory[] = {
    {"maxN_16GB_adam_mixed_bf16w_g_fp32master_mv",
     largest_params,
     {1.6e10, 0.9, 2e9},
     7.75e8,
     1e-9,
     "mixed-adamw"},
    {"maxN_16GB_adam_mixed_fp32grad",
     largest_params,
     {1.6e10, 0.9, 2e9},
     688888888.8888888,
     1e-9,
     "mixed-adamw-fp32-grads"},
    {"maxN_16GB_adam_mixed_fp32grad_plus_bf16grad",
     largest_params,
     {1.6e10, 0.9, 2e9},
     6.2e8,
     1e-9,
     "mixed-adamw-both-grads"},
    {"maxN_16GB_scalingbook_bf16w_fp32mv",
     largest_params,
     {1.6e10, 0.9, 2e9},
     1.24e9,
     1e-9,
     "bf16-weights-fp32-adamw"},
    {"maxN_16GB_adam8bit_no_master",
     largest_params,
     {1.6e10, 0.9, 2e9},
     2066666666.6666667,
     1e-9,
     "adamw8bit-no-master"},
    {"maxN_16GB_muon_mixed",
     largest_params,
     {1.6e10, 0.9, 2e9},
     1033333333.3333334,
     1e-9,
     "mixed-muon"},
    {"maxN_16GB_lion_fp32",
     largest_params,
     {1.6e10, 0.9, 2e9},
     1033333333.3333334,
     1e-9,
     "fp32-lion"},
    {"maxN_16GB_adafactor_mixed",
     largest_params,
     {1.6e10, 0.9, 2e9},
     1.55e9,
     1e-9,
     "mixed-adafactor"},
    {"maxN_16GB_sgdm_fp32",
     largest_params,
     {1.6e10, 0.9, 2e9},
     1033333333.3333334,
     1e-9,
     "fp32-sgd"},
    {"maxN_16GB_infer_bf16", largest_inference, {1.6e10, 0.9, 2e9}, 6.2e9, 1e-9, "bf16"},
    {"maxN_16GB_infer_int8", largest_inference, {1.6e10, 0.9, 2e9}, 1.24e10, 1e-9, "int8"},
    {"seed_10B_adam_bytes", state_bytes, {1e10}, 1.6e11, 1e-12, "mixed-adamw"},
    {"zero_dp_7.5B_64", zero_gigabytes, {7.5e9, 0, 64}, 120, 0.001},
    {"zero_z1_7.5B_64", zero_gigabytes, {7.5e9, 1, 64}, 31.40625, 0.001},
    {"zero_z2_7.5B_64", zero_gigabytes, {7.5e9, 2, 64}, 16.640625, 0.001},
    {"korthikanti_layer_full", korthikanti, {2048, 1, 1024, 16}, 406847488.0, 1e-12},
    {"korthikanti_check_4096", korthikanti, {4096, 1, 4096, 32}, 3254779904.0, 1e-12},
    {"logits_bytes_fp32_8x2048_32k", logits_bytes, {8, 2048, 32000}, 4194304000.0, 1e-12},
};

static const example money[] = {
    {"llmcarbon_gpt3_days", days_of, {3.14e23, 10000, 2.46e13}, 14.773411623005119, 0.005},
    {"llmcarbon_gpt3_MWh",
     megawatt_hours,
     {14.773411623005119, 330, 10000},
     1287.059620596206,
     0.005},
    {"mission_co2_us-central1", mission_co2, {0}, 11.803792000000001, 1e-9, "us-central1"},
    {"mission_co2_europe-west4", mission_co2, {0}, 5.971966, 1e-9, "europe-west4"},
    {"mission_co2_asia-southeast1", mission_co2, {0}, 10.491910000000003, 1e-9, "asia-southeast1"},
    {"mission_kwh", mission_kwh, {0}, 28.6, 1e-9},
    {"mission_embodied_kg", mission_embodied, {0}, 0.8153946510110893, 1e-9},
    {"mission_cost_usd", mission_usd, {0}, 120, 1e-12},
    {"usd_per_exaflop_at_50T", mission_usd_per_exaflop, {5e13}, 6.666666666666667, 1e-9},
};

static const example uncertainty[] = {
    {"epoch_boot_intervals_C=1.8000e+19.N.low",
     interval_params_low,
     {1.8e19},
     336167397.1682855,
     0.03},
    {"epoch_boot_intervals_C=1.8000e+19.N.high",
     interval_params_high,
     {1.8e19},
     367147898.08589345,
     0.03},
    {"epoch_boot_intervals_C=1.8000e+19.D.low",
     interval_tokens_low,
     {1.8e19},
     8171094040.951393,
     0.03},
    {"epoch_boot_intervals_C=1.8000e+19.D.high",
     interval_tokens_high,
     {1.8e19},
     8924125420.153603,
     0.03},
    {"epoch_boot_intervals_C=1.8000e+19.L.low",
     interval_loss_low,
     {1.8e19},
     2.8116269464553856,
     0.03},
    {"epoch_boot_intervals_C=1.8000e+19.L.high",
     interval_loss_high,
     {1.8e19},
     2.8177257735648844,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.N.low",
     interval_params_low,
     {2.8368e19},
     424811999.6667897,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.N.high",
     interval_params_high,
     {2.8368e19},
     464596549.39421475,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.D.low",
     interval_tokens_low,
     {2.8368e19},
     10176571512.796946,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.D.high",
     interval_tokens_high,
     {2.8368e19},
     11129630664.747658,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.L.low",
     interval_loss_low,
     {2.8368e19},
     2.7335448116552734,
     0.03},
    {"epoch_boot_intervals_C=2.8368e+19.L.high",
     interval_loss_high,
     {2.8368e19},
     2.740005378009693,
     0.03},
};

static const example cpu[] = {
    {"cpu_hours_20tpp_N100000", cpu_hours, {100000, 2e6, 15}, 0.022222222222222223, 1e-9},
    {"cpu_hours_20tpp_N300000", cpu_hours, {300000, 6e6, 15}, 0.2, 1e-9},
    {"cpu_hours_20tpp_N3e+06", cpu_hours, {3e6, 6e7, 15}, 20, 1e-9},
    {"cpu_hours_20tpp_N1e+07", cpu_hours, {1e7, 2e8, 15}, 222.22222222222223, 1e-9},
    {"cpu_hours_20tpp_N5e+07", cpu_hours, {5e7, 1e9, 15}, 5555.555555555556, 1e-9},
};

static void examples_of_compute_hold(void) { CHECK_EXAMPLES(compute); }
static void examples_of_dense_laws_hold(void) { CHECK_EXAMPLES(dense); }
static void examples_of_sizing_laws_hold(void) { CHECK_EXAMPLES(sizing); }
static void the_table_of_fine_grained_experts_holds(void) { CHECK_EXAMPLES(krajewski); }

/* The 77 B that figure 1 of Porian et al. 2024 extrapolates to. */
static void the_sizes_of_the_tuned_recipe_hold(void)
{
    CHECK_NEAR(vsh_law_optimum(&vsh_porian2024, 5.88e23, NULL).params, 77e9, 0.01, 0);
    CHECK_NEAR(vsh_law_optimum(&vsh_porian2024, 1.8e19, NULL).params, 440e6, 0.01, 0);
}

/* In the order E, A, B, alpha, beta, of which the first three are logarithms. */
static void the_covariance_of_the_bootstrap_is_shipped(void)
{
    static const double variance[] = {0.00019517453013834384, 0.06325310261134852,
                                      0.17811677640108717, 0.00022367819803950032,
                                      0.00042683756737779796};
    const double *c = vsh_besiroglu2024.covariance;

    for (int i = 0; i < 5; i++)
        CHECK_NEAR(c[6 * i], variance[i], 1e-12, 0);
    CHECK_NEAR(c[5 + 3] / sqrt(c[6] * c[18]), 0.9992, 1e-4, 0);
    CHECK_NEAR(c[10 + 4] / sqrt(c[12] * c[24]), 0.9997, 1e-4, 0);
}

static void examples_of_repeated_data_hold(void) { CHECK_EXAMPLES(data); }
static void examples_of_experts_hold(void) { CHECK_EXAMPLES(experts); }

/* The program's own search takes any width: a little better, never worse. */
static void the_best_capped_model_is_no_worse_than_in_the_examples(void)
{
    for (double count = 1; count <= 8; count *= 2) {
        const example e = {.in = {1.8e19, count, 7.75e8}};
        double ours =
            vsh_experts_best(1.8e19, count, (vsh_expert_limits){.total_max = 7.75e8}).loss;
        CHECK(ours <= capped(&e).loss + 1e-9);
        CHECK_NEAR(ours, capped(&e).loss, 0.001, 0);
    }
}
static void examples_of_hyperparameters_hold(void) { CHECK_EXAMPLES(hyper); }
static void examples_of_memory_hold(void) { CHECK_EXAMPLES(memory); }
static void examples_of_energy_carbon_and_cost_hold(void) { CHECK_EXAMPLES(money); }
static void examples_of_intervals_hold(void) { CHECK_EXAMPLES(uncertainty); }
static void examples_of_the_trainers_hours_hold(void) { CHECK_EXAMPLES(cpu); }

const vsh_test vsh_tests[] = {
    {"examples_of_compute_hold", examples_of_compute_hold},
    {"examples_of_dense_laws_hold", examples_of_dense_laws_hold},
    {"examples_of_sizing_laws_hold", examples_of_sizing_laws_hold},
    {"the_table_of_fine_grained_experts_holds", the_table_of_fine_grained_experts_holds},
    {"the_sizes_of_the_tuned_recipe_hold", the_sizes_of_the_tuned_recipe_hold},
    {"the_covariance_of_the_bootstrap_is_shipped", the_covariance_of_the_bootstrap_is_shipped},
    {"examples_of_repeated_data_hold", examples_of_repeated_data_hold},
    {"examples_of_experts_hold", examples_of_experts_hold},
    {"the_best_capped_model_is_no_worse_than_in_the_examples",
     the_best_capped_model_is_no_worse_than_in_the_examples},
    {"examples_of_hyperparameters_hold", examples_of_hyperparameters_hold},
    {"examples_of_memory_hold", examples_of_memory_hold},
    {"examples_of_energy_carbon_and_cost_hold", examples_of_energy_carbon_and_cost_hold},
    {"examples_of_intervals_hold", examples_of_intervals_hold},
    {"examples_of_the_trainers_hours_hold", examples_of_the_trainers_hours_hold},
    {NULL, NULL}};
