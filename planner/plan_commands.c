#include "planner/plan_commands.h"

#include <math.h>
#include <stddef.h>

#include "core/footprint.h"
#include "core/lower.h"
#include "core/precision.h"
#include "planner/export/export.h"
#include "planner/fit/fit.h"
#include "planner/layout/search.h"

#define AT(field) offsetof(plan_config, field)

/* Rows that several commands take in the same words and the same range. */
/* clang-format off */
#define HW_ROW                                                                                     \
    {VSH_OPT_TEXT, 0, "hw", "P", "profile: a name, a file, or auto for this machine",              \
     AT(hw)}
#define CHIPS_ROW                                                                                  \
    {VSH_OPT_INTEGER, 0, "chips", "N", "chips (default 1)", AT(chips), 1, 1e7}
#define BUDGET_ROWS                                                                                \
    HW_ROW,                                                                                        \
    {VSH_OPT_REAL, 0, "hours", "H", "wall-clock hours", AT(hours), 1e-3, 1e7},                     \
    {VSH_OPT_REAL, 0, "days", "D", "instead of hours", AT(days), 1e-4, 5e5},                       \
    CHIPS_ROW,                                                                                     \
    {VSH_OPT_REAL, 0, "tokens", "T", "unique tokens at hand (default: unlimited)",                 \
     AT(tokens), 1, 1e18},                                                                         \
    {VSH_OPT_TEXT, 0, "data", "DIR", "or those of a dataset (vishwa-train data build)",            \
     AT(data)}
#define MODEL_ROWS                                                                                 \
    {VSH_OPT_TEXT, 0, "model", "M", "a preset, a YAML file or a config.json", AT(model)},          \
    {VSH_OPT_INTEGER, 0, "seq", "S", "tokens of a sequence (default: the model's context)",        \
     AT(seq), 1, 1073741824}
#define BATCH_ROW                                                                                  \
    {VSH_OPT_INTEGER, 0, "batch", "SEQS", "sequences of a step over all chips", AT(batch),         \
     1, 1e9}
#define SEEN_ROWS                                                                                  \
    {VSH_OPT_REAL, 0, "tokens", "D", "tokens seen", AT(tokens), 1, 1e18},                          \
    {VSH_OPT_REAL, 0, "unique", "U", "unique tokens among them (default: all)", AT(unique),        \
     1, 1e18},                                                                                     \
    {VSH_OPT_REAL, 0, "experts", "E", "experts (default: dense)", AT(experts), 1, 65536}
#define MFU_ROW                                                                                    \
    {VSH_OPT_REAL, 0, "mfu", "F", "the same as a share of the peak", AT(mfu), 1e-4, 1}
#define BYTES_ROWS                                                                                 \
    {VSH_OPT_WORD, 0, "precision", "W", "fp32, bf16, fp16, fp8 or int8 (default: 16-bit)",         \
     AT(precision), 0, 0, vsh_precision_words},                                                    \
    {VSH_OPT_WORD, 0, "optimizer", "W", "adamw, adamw8bit, adafactor, lion, muon or sgd",          \
     AT(optimizer), 0, 0, vsh_optimizer_words},                                                    \
    {VSH_OPT_WORD, 0, "recipe", "R", "bytes a parameter by name (docs/model.md lists them)",       \
     AT(recipe), 0, 0, vsh_recipe_words}
#define STACK_ROWS                                                                                 \
    {VSH_OPT_TEXT, 0, "stack", "S",                                                                \
     "software whose calibrated constants hold; none: specifications only", AT(stack)},            \
    {VSH_OPT_WORD, 0, "framework", "W",                                                            \
     "whose memory is counted (docs/model.md; default: that of the stack)", AT(framework),         \
     0, 0, vsh_framework_words}
#define PRICE_ROW                                                                                  \
    {VSH_OPT_REAL, 0, "price", "USD", "price of one chip for one hour", AT(price_usd), 0,          \
     1e6}
#define WHERE_ROW                                                                                  \
    {VSH_OPT_LIST, 0, "where", "COLUMN=VALUE,...",                                                 \
     "rows with one of these values (!=: with none); again: and", AT(where)}
#define REPORT_ROW                                                                                 \
    {VSH_OPT_TEXT, 0, "report", "DIR", "write DIR/index.html and its figures", AT(report)}
#define REFRESH_ROW                                                                                \
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure --hw auto again", AT(refresh)}

/* What a plan is made from. */
#define PLAN_OPTIONS                                                                               \
    BUDGET_ROWS,                                                                                   \
    {VSH_OPT_REAL, 0, "epochs", "E", "epochs of the paper's rule (default 3)", AT(epochs),         \
     1e-3, 1e9},                                                                                   \
    {VSH_OPT_TEXT, 0, "model", "M", "train this model instead of a recommended one",               \
     AT(model)},                                                                                   \
    {VSH_OPT_INTEGER, 0, "seq", "S",                                                               \
     "tokens of a sequence (default: the context, at most 4096)", AT(seq), 1, 1073741824},         \
    {VSH_OPT_REAL, 0, "effective-tflops", "X", "TFLOP/s a chip that training reaches",             \
     AT(effective_tflops), 1e-6, 1e7},                                                             \
    MFU_ROW,                                                                                       \
    BYTES_ROWS,                                                                                    \
    {VSH_OPT_REAL, 0, "serve-tokens", "T", "tokens that will be served: sizes for both",           \
     AT(serve_tokens), 1, 1e18},                                                                   \
    {VSH_OPT_TEXT, 0, "region", "CODE",                                                            \
     "cloud region, country or US state (default us-central1)", AT(region)},                       \
    PRICE_ROW,                                                                                     \
    {VSH_OPT_TEXT, 0, "law", "NAME",                                                               \
     "law that sizes the run, or its file (default besiroglu2024)", AT(law)},                      \
    {VSH_OPT_FLAG, 0, "check-throughput", NULL,                                                    \
     "plan with what vishwa-sim says the recommended run reaches", AT(check_throughput)},          \
    REFRESH_ROW
/* clang-format on */

static const vsh_opt main_options[] = {PLAN_OPTIONS,
                                       {VSH_OPT_REAL, 0, "target-loss", "L",
                                        "also: what this loss needs, and whether the hours do",
                                        AT(target_loss), 1e-3, 10},
                                       REPORT_ROW,
                                       VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt advice_options[] = {PLAN_OPTIONS,
                                         {VSH_OPT_TEXT, 0, "with", "LIST",
                                          "techniques together, such as experts-8,int8,recompute",
                                          AT(with)},
                                         VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt experts_options[] = {
    BUDGET_ROWS,
    {VSH_OPT_REAL, 0, "effective-tflops", "X", "TFLOP/s a chip that dense training reaches",
     AT(effective_tflops), 1e-6, 1e7},
    MFU_ROW,
    BYTES_ROWS,
    {VSH_OPT_TEXT, 0, "law", "FILE",
     "another joint law (fit --law joint-experts --n-counts active)", AT(law)},
    REFRESH_ROW,
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt count_options[] = {MODEL_ROWS, VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt loss_options[] = {
    {VSH_OPT_TEXT, 0, "law", "NAME", "the law (vishwa-plan laws lists them), or a law file",
     AT(law)},
    {VSH_OPT_REAL, 0, "params", "N", "parameters as this law counts them", AT(params), 1, 1e18},
    {VSH_OPT_TEXT, 0, "model", "M", "instead of N: a model, counted as the law does", AT(model)},
    {VSH_OPT_REAL, 0, "flops", "C", "instead of N and D: the law's best use of a budget", AT(flops),
     1e9, 1e30},
    SEEN_ROWS,
    {VSH_OPT_REAL, 0, "granularity", "G", "width of the MLP over that of an expert",
     AT(granularity), 1, 65536},
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt hyperparameters_options[] = {
    {VSH_OPT_REAL, 0, "params", "N", "parameters, active ones of a model with experts", AT(params),
     1, 1e18},
    {VSH_OPT_TEXT, 0, "model", "M", "a model instead: each law then counts its own N", AT(model)},
    SEEN_ROWS,
    {VSH_OPT_REAL, 0, "flops", "C", "compute of the run (default: 6 N D)", AT(flops), 1, 1e40},
    {VSH_OPT_INTEGER, 0, "seq", "S", "tokens of a sequence (default: 2048, or the model's)",
     AT(seq), 1, 1073741824},
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt hw_options[] = {
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure again", AT(refresh)},
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt laws_options[] = {
    {VSH_OPT_TEXT, 0, "law", "NAME", "only this one, or the law in a file", AT(law)},
    VSH_COMMON_OPTIONS(plan_config)};
static const char *const objective_words[] = {"huber", "least-squares", NULL};

static const vsh_opt fit_options[] = {
    {VSH_OPT_TEXT, 0, "law", "FORM",
     "chinchilla (default), tied, repeated, bounded, routed, kaplan or joint-experts", AT(law)},
    {VSH_OPT_INTEGER, 0, "bootstrap", "K", "fits to runs drawn again (default 200; 0: none)",
     AT(bootstraps), 0, 1e6},
    {VSH_OPT_TEXT, 0, "columns", "KEY=NAME,...",
     "columns that are not named params, tokens, loss, unique_tokens, experts, granularity",
     AT(columns)},
    WHERE_ROW,
    {VSH_OPT_REAL, 0, "flops", "C", "budget of the optimum (default: the largest of the runs)",
     AT(flops), 1, 1e30},
    {VSH_OPT_REAL, 0, "hold-out", "X",
     "predict the largest models from the others: a share below 1, or how many sizes", AT(hold_out),
     1e-6, 1e6},
    {VSH_OPT_WORD, 0, "resample", "WHAT",
     "runs (default), budgets (runs of one compute) or groups (--columns group=NAME)", AT(resample),
     0, 0, vsh_resample_words},
    {VSH_OPT_WORD, 0, "objective", "W", "huber (default, of log loss) or least-squares",
     AT(objective), 0, 0, objective_words},
    {VSH_OPT_REAL, 0, "delta", "X", "where Huber's loss turns straight (default 1e-3)", AT(delta),
     1e-9, 1e3},
    {VSH_OPT_REAL, 0, "vocab", "V", "the bounded form's L0 is ln V (default: fitted)", AT(vocab), 2,
     1e9},
    {VSH_OPT_TEXT, 0, "out", "FILE", "write the law, for --law FILE", AT(out)},
    REPORT_ROW,
    {VSH_OPT_TEXT, 0, "corpus", "TEXT", "corpus and tokenizer, for the law (default: the file)",
     AT(corpus)},
    {VSH_OPT_WORD, 0, "n-counts", "W", "what params counts, for the law (default total)",
     AT(n_counts), 0, 0, vsh_n_counts_names},
    VSH_COMMON_OPTIONS(plan_config)};

static const char *const attention_words[] = {"flash", "full", NULL};

static const char *const dropout_words[] = {"off", "on", NULL};
/* flash: the kernel of the stack; flash2: FlashAttention-2 whatever the stack had */
static const char *const estimate_attention_words[] = {"flash", "full", "flash2", NULL};

static const vsh_opt estimate_options[] = {
    HW_ROW,
    CHIPS_ROW,
    MODEL_ROWS,
    BATCH_ROW,
    {VSH_OPT_INTEGER, 0, "micro-batch", "SEQS", "sequences a replica runs at a time (default 1)",
     AT(micro_batch), 1, 1e9},
    {VSH_OPT_TEXT, 0, "layout", "KEY=N,...",
     "tp, pp, dp, ep, cp, sp, zero, interleave (default: all chips to dp)", AT(layout)},
    {VSH_OPT_WORD, 0, "recompute", "W", "none (default), selective or full", AT(recompute), 0, 0,
     vsh_recompute_words},
    BYTES_ROWS,
    {VSH_OPT_WORD, 0, "attention", "W", "flash (default: tiled in one kernel), flash2 or full",
     AT(attention), 0, 0, estimate_attention_words},
    STACK_ROWS,
    {VSH_OPT_WORD, 0, "dropout", "W", "on or off (default: as the stack does)", AT(dropout), 0, 0,
     dropout_words},
    {VSH_OPT_REAL, 0, "imbalance", "X",
     "rows of the fullest chip's experts over the mean (default 1)", AT(imbalance), 1, 1e4},
    {VSH_OPT_FLAG, 0, "inference", NULL, "weights, keys and values, prefill and decode instead",
     AT(inference)},
    REFRESH_ROW,
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt export_options[] = {
    {VSH_OPT_WORD, 0, "to", "SYSTEM", "maxtext, megatron, torchtitan, slurm or vishwa-train",
     AT(to), 0, 0, vsh_export_words},
    {VSH_OPT_WORD, 0, "for", "SYSTEM", "of slurm: what the job starts (default: by the hardware)",
     AT(launch), 0, 0, vsh_export_words},
    {VSH_OPT_TEXT, 0, "out", "DIR", "write the files there (default: show the first)", AT(out)},
    {VSH_OPT_INTEGER, 0, "batch", "SEQS", "sequences of a step: exactly this run of --model",
     AT(batch), 1, 1e12},
    {VSH_OPT_INTEGER, 0, "micro-batch", "SEQS", "of them at a time a replica (default 1)",
     AT(micro_batch), 1, 1e9},
    {VSH_OPT_TEXT, 0, "layout", "KEY=N,...", "tp, pp, dp, ep, cp, sp, zero, interleave",
     AT(layout)},
    {VSH_OPT_WORD, 0, "recompute", "W", "none, selective or full", AT(recompute), 0, 0,
     vsh_recompute_words},
    {VSH_OPT_WORD, 0, "attention", "W", "flash or full", AT(attention), 0, 0, attention_words},
    PLAN_OPTIONS,
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt search_options[] = {
    HW_ROW,
    {VSH_OPT_INTEGER, 0, "chips", "N", "chips (default 1)", AT(chips), 1, 1e6},
    MODEL_ROWS,
    BATCH_ROW,
    {VSH_OPT_INTEGER, 0, "top", "K", "layouts shown (default 10)", AT(top), 1, 1000},
    {VSH_OPT_WORD, 0, "rank", "W",
     "time (default), money (fewer chips too) or memory: what the best is best in", AT(rank), 0, 0,
     vsh_rank_words},
    PRICE_ROW,
    BYTES_ROWS,
    {VSH_OPT_WORD, 0, "attention", "W", "flash (default: tiled in one kernel) or full",
     AT(attention), 0, 0, attention_words},
    STACK_ROWS,
    REFRESH_ROW,
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt calibrate_options[] = {
    HW_ROW,
    {VSH_OPT_TEXT, 0, "out", "FILE", "write the profile with the calibrated stack, for --hw FILE",
     AT(out)},
    {VSH_OPT_TEXT, 0, "stack", "NAME", "what the stack is called (default mine)", AT(stack)},
    {VSH_OPT_TEXT, 0, "columns", "KEY=NAME,...", "columns of other names than docs/formats.md says",
     AT(columns)},
    {VSH_OPT_TEXT, 0, "set", "KEY=VALUE,...",
     "what every row has where the file has no such column: recompute=full", AT(set)},
    WHERE_ROW,
    REFRESH_ROW,
    VSH_COMMON_OPTIONS(plan_config)};

static const vsh_opt validate_options[] = {
    {VSH_OPT_FLAG, 0, "quick", NULL, "the small models only, in under two minutes", AT(quick)},
    {VSH_OPT_LIST, 0, "only", "NAME", "this configuration only; may be given again", AT(only)},
    {VSH_OPT_TEXT, 0, "report", "DIR", "write index.html with the table and parity plots",
     AT(report)},
    {VSH_OPT_INTEGER, 0, "steps", "K", "timed steps of each", AT(steps), 1, 64},
    REFRESH_ROW,
    VSH_COMMON_OPTIONS(plan_config)};

const vsh_program_command plan_commands[] = {
    {{"", "--hw P --hours H [options]", "what can be trained with this hardware in so many hours",
      "  vishwa-plan --hw tpu-v5e --hours 100\n"
      "  vishwa-plan --hw tpu-v5e --hours 100 --tokens 100M --epochs 3\n"
      "  vishwa-plan --hw a100-80gb --chips 8 --days 4 --mfu 0.45 --report out/\n"
      "  vishwa-plan --hw auto --hours 12 --json\n",
      main_options, 0},
     plan_run_main_job},
    {{"count", "--model M [--seq S] [--json]", "parameters and FLOPs of a model",
      "  vishwa-plan count --model llama3-8b\n"
      "  vishwa-plan count --model path/to/config.json --seq 4096 --json\n",
      count_options, 0},
     plan_run_count},
    {{"loss", "--params N --tokens D [--law NAME] [options]", "one prediction of one law",
      "  vishwa-plan loss --law besiroglu2024 --params 350M --tokens 8B\n"
      "  vishwa-plan loss --law muennighoff2023 --params 146M --tokens 6B --unique 100M\n"
      "  vishwa-plan loss --law krajewski2024 --params 4B --tokens 16B --granularity 8\n"
      "  vishwa-plan loss --law porian2024 --flops 1.8e19\n",
      loss_options, 0},
     plan_run_loss},
    {{"laws", "[NAME] [--json]",
      "the laws: formula, coefficients, what N counts, fitted range, source",
      "  vishwa-plan laws\n  vishwa-plan laws krajewski2024\n", laws_options, 1},
     plan_run_laws},
    {{"hyperparameters", "--params N | --model M  --tokens D [options]",
      "learning rate, batch and schedule by the published laws",
      "  vishwa-plan hyperparameters --params 350M --tokens 8B\n"
      "  vishwa-plan hyperparameters --model gpt2-124m --tokens 2.5B --json\n",
      hyperparameters_options, 0},
     plan_run_hyperparameters},
    {{"advice", "[NAME...] --hw P --hours H [--with LIST] [options]",
      "what each technique saves in this budget, and several together",
      "  vishwa-plan advice --hw tpu-v5e --hours 100\n"
      "  vishwa-plan advice experts-8 early-exit --hw tpu-v5e --hours 100\n"
      "  vishwa-plan advice --hw tpu-v5e --hours 100 --with experts-8,int8,early-exit-3\n",
      advice_options, 4},
     plan_run_advice},
    {{"experts", "--hw P --hours H [--tokens T] [options]",
      "whether a Mixture-of-Experts pays in this budget",
      "  vishwa-plan experts --hw tpu-v5e --hours 100\n"
      "  vishwa-plan experts --hw tpu-v5e --hours 100 --tokens 1B --json\n",
      experts_options, 0},
     plan_run_experts},
    {{"hw", "[list | show NAME | probe]", "hardware profiles",
      "  vishwa-plan hw list\n  vishwa-plan hw show tpu-v5e\n  vishwa-plan hw probe\n", hw_options,
      2},
     plan_run_hw},
    {{"estimate", "--hw P --chips N --model M --batch SEQS [--layout tp=8,pp=8] [options]",
      "step time, MFU and memory of exactly one run",
      "  vishwa-plan estimate --hw a100-80gb --chips 1024 --model gpt3-175b --batch 1536 \\\n"
      "      --layout tp=8,pp=16,zero=1 --recompute full\n"
      "  vishwa-plan estimate --hw h100-sxm --model llama3-8b --inference --batch 16\n"
      "Not modelled: CPU offload, int8, hybrid sharding but over a TPU's slices.\n",
      estimate_options, 0},
     plan_run_estimate},
    {{"search", "--hw P --chips N --model M --batch SEQS [--top K] [--rank W] [options]",
      "the layouts that fit, best first",
      "  vishwa-plan search --hw a100-80gb --chips 64 --model gpt3-175b --batch 512\n"
      "  vishwa-plan search --hw h100-sxm --chips 64 --model mixtral-8x7b --batch 256 --rank "
      "money\n",
      search_options, 0},
     plan_run_search},
    {{"fit", "RUNS.csv [--law FORM] [--bootstrap K] [options]", "fit a law to runs",
      "  vishwa-plan fit runs.csv\n"
      "  vishwa-plan fit runs.csv --law bounded --vocab 256 --bootstrap 1000\n",
      fit_options, 1},
     plan_run_fit},
    {{"calibrate", "RUNS.csv --hw P [--out FILE] [options]",
      "hardware constants fitted to measured steps",
      "  vishwa-plan calibrate runs.csv --hw a100-80gb\n"
      "  vishwa-plan calibrate runs.csv --hw a100-80gb --out mine.yaml\n"
      "  vishwa-plan calibrate log.csv --hw h100-sxm --columns chips=gpus,step_time_ms=ms\n",
      calibrate_options, 1},
     plan_run_calibrate},
    {{"validate", "[--quick] [--report DIR] [--json]",
      "predicted against simulated against measured, by vishwa-train",
      "  vishwa-plan validate --quick\n", validate_options, 0},
     plan_run_validate},
    {{"export", "--to SYSTEM --hw P (--hours H | --model M --batch B)",
      "a plan as the configuration of the system that will run it",
      "  vishwa-plan export --to maxtext --hw tpu-v5e --hours 100\n"
      "  vishwa-plan export --to slurm --for torchtitan --hw h100-sxm --chips 16 \\\n"
      "    --hours 100 --out run/\n"
      "  vishwa-plan export --to megatron --hw a100-80gb --chips 64 --model llama3-8b \\\n"
      "    --seq 8192 --batch 128 --layout tp=4,sp=1,pp=2,zero=1 --tokens 160G\n",
      export_options, 0},
     plan_run_export},
    {{NULL}, NULL}};

void plan_config_default(plan_config *config)
{
    *config = (plan_config){.common = {.seed = 1},
                            .hours = NAN,
                            .days = NAN,
                            .tokens = NAN,
                            .epochs = NAN,
                            .serve_tokens = NAN,
                            .params = NAN,
                            .unique = NAN,
                            .effective_tflops = NAN,
                            .mfu = NAN,
                            .price_usd = NAN,
                            .experts = NAN,
                            .granularity = NAN,
                            .flops = NAN,
                            .target_loss = NAN,
                            .imbalance = NAN,
                            .chips = 1,
                            .precision = -1,
                            .optimizer = -1,
                            .recipe = -1,
                            .bootstraps = -1,
                            .delta = 1e-3, /* Hoffmann et al. 2022, section 3.3 */
                            .hold_out = NAN,
                            .to = -1,
                            .launch = -1,
                            .recompute = -1,
                            .attention = -1,
                            .framework = -1,
                            .dropout = -1,
                            .top = 10};
}
