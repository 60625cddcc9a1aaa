#include "trainer/run/run_config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/precision.h"
#include "tests/same_model.h"

const char vsh_suite[] = "run_config";

static vsh_error err;
static vsh_run_config config, again;

static const vsh_library library = {{"."}};

/* ---- a configuration of a test ------------------------------------------------------------- */

/* Reads text as a file; sets is closed by NULL, or NULL. */
static vsh_status read_text(const char *text, const char *const *sets, vsh_run_config *read)
{
    static char path[64];
    int count = 0, file;
    vsh_status status;

    snprintf(path, sizeof path, "/tmp/vsh-run-config-XXXXXX");
    file = mkstemp(path);
    REQUIRE(file >= 0);
    REQUIRE(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    while (sets && sets[count])
        count++;
    status = vsh_run_config_read(vsh_test_arena(), &library, path, sets, count, read, &err);
    unlink(path);
    return status;
}

#define SIZES "layers: 2, hidden: 8, heads: 2, vocab: 300, context: 64"
#define DENSE "model: {" SIZES ", ffn: 16}\n"
#define MIXTURE "model: {" SIZES ", experts: {count: 4, top_k: 2, hidden: 8}}\n"

static const vsh_run_config *of(const char *text)
{
    REQUIRE_OK(read_text(text, NULL, &config), &err);
    return &config;
}

static const vsh_run_config *of_set(const char *set)
{
    const char *sets[] = {set, NULL};

    REQUIRE_OK(read_text(DENSE, sets, &config), &err);
    return &config;
}

/* A file that is refused, and what the message says. */
typedef struct {
    const char *text, *message;
} refusal;

static void check_refused(const refusal *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_FAILS(read_text(list[i].text, NULL, &config), &err, VSH_EINPUT, list[i].message);
}

#define CHECK_REFUSED(list) check_refused((list), sizeof(list) / sizeof(list)[0])

/* ---- reading ------------------------------------------------------------------------------- */

static const char every_key[] =
    "model: {name: \"it's one\", " SIZES ", ffn: 16, exits: [1], experts: {count: 4, top_k: 2, "
    "hidden: 6, every: 2, granularity: 2, capacity: 1.25, correction_bias: true}}\n"
    "data: /data/it's here\n"
    "text: 'a file, \"quoted\".txt'\n"
    "tokenizer: bytes\n"
    "from: runs/it's there\n"
    "unique_tokens: 12345\n"
    "distill: {teacher: 'runs/it''s, wise', weight: 0.3, temperature: 2.5}\n"
    "batch: {tokens: 3072, sequence: 32, micro: 12, accumulate: 8, shards: 4, sequence_start: 8, "
    "sequence_warmup: 90}\n"
    "optimizer: {name: adafactor, lr: 0.0123, betas: [0.8, 0.97], eps: 1.5e-7, weight_decay: 0.05, "
    "clip: 0.7}\n"
    "schedule: {name: cosine, warmup: 17, cooldown: 0.35, final: 0.04}\n"
    "losses: {balance: 0.03, z: 0.004, jitter: 0.02, exit_scale: 0.6, bias_rate: 0.001}\n"
    "steps: 777\n"
    "precision: bf16\n"
    "recompute: selective\n"
    "seed: 8123456789012345\n"
    "checkpoint: {every: 33, keep: 5}\n"
    "evaluate: {every: 44, tokens: 5555}\n"
    "spike: {action: rollback, deviations: 4.5, limit: 9}\n";

static void every_key_is_read(void)
{
    const vsh_run_config *c = of(every_key);

    CHECK_TEXT(c->model.name, "it's one");
    CHECK_INT(c->model.experts.count, 8);
    CHECK(c->model.layer[0].exit && c->model.layer[1].experts && !c->model.layer[0].experts);
    CHECK_TEXT(c->data, "/data/it's here");
    CHECK_TEXT(c->text, "a file, \"quoted\".txt");
    CHECK_TEXT(c->tokenizer, "bytes");
    CHECK_TEXT(c->from, "runs/it's there");
    CHECK_INT(c->unique_tokens, 12345);
    CHECK_TEXT(c->distill.teacher, "runs/it's, wise");
    CHECK_NEAR(c->distill.weight, 0.3, 0, 0);
    CHECK_NEAR(c->distill.temperature, 2.5, 0, 0);
    CHECK_INT(c->batch.tokens, 3072);
    CHECK_INT(c->batch.sequence, 32);
    CHECK_INT(c->batch.micro, 12);
    CHECK_INT(c->batch.accumulate, 8);
    CHECK_INT(c->batch.shards, 4);
    CHECK_INT(c->batch.sequence_start, 8);
    CHECK_INT(c->batch.sequence_warmup, 90);
    CHECK_INT(c->steps, 777);
    CHECK_INT(c->precision, VSH_BF16);
    CHECK_INT(c->recompute, VSH_RECOMPUTE_SELECTIVE);
    CHECK_INT((int64_t)c->seed, 8123456789012345);
    CHECK_INT(c->checkpoint_every, 33);
    CHECK_INT(c->checkpoint_keep, 5);
    CHECK_INT(c->evaluate_every, 44);
    CHECK_INT(c->evaluate_tokens, 5555);
    CHECK_INT(c->spike, VSH_SPIKE_ROLLBACK);
    CHECK_NEAR(c->spike_deviations, 4.5, 0, 0);
    CHECK_INT(c->spike_limit, 9);
}

static void every_key_of_the_optimizer_and_the_losses_is_read(void)
{
    const vsh_run_config *c = of(every_key);

    CHECK_INT(c->optimizer.kind, VSH_ADAFACTOR);
    CHECK_NEAR(c->schedule.peak, 0.0123, 0, 0);
    CHECK_NEAR(c->optimizer.beta1, 0.8, 0, 0);
    CHECK_NEAR(c->optimizer.beta2, 0.97, 0, 0);
    CHECK_NEAR(c->optimizer.epsilon, 1.5e-7, 0, 0);
    CHECK_NEAR(c->optimizer.weight_decay, 0.05, 0, 0);
    CHECK_NEAR(c->optimizer.clip, 0.7, 0, 0);
    CHECK_INT(c->schedule.kind, VSH_SCHEDULE_COSINE);
    CHECK_INT(c->schedule.steps, 777);
    CHECK_INT(c->schedule.warmup, 17);
    CHECK_NEAR(c->schedule.cooldown, 0.35, 0, 0);
    CHECK_NEAR(c->schedule.final, 0.04, 0, 0);
    CHECK_NEAR(c->network.balance, 0.03, 0, 0);
    CHECK_NEAR(c->network.z, 0.004, 0, 0);
    CHECK_NEAR(c->network.jitter, 0.02, 0, 0);
    CHECK_NEAR(c->network.exit_scale, 0.6, 0, 0);
    CHECK(c->network.seed == c->seed);
    CHECK_NEAR(c->bias_rate, 0.001, 0, 0);
}

static void a_model_alone_is_a_run(void)
{
    const vsh_run_config *c = of(DENSE);

    CHECK_TEXT(c->data, "runs/default-corpus");
    CHECK(c->text == NULL);
    CHECK(c->tokenizer == NULL);
    CHECK_INT(c->batch.sequence, 64);
    CHECK_INT(c->batch.tokens, 8 * 64);
    CHECK_INT(c->batch.micro + c->batch.accumulate + c->batch.shards, 0);
    CHECK_INT(c->batch.sequence_start + c->batch.sequence_warmup, 0);
    CHECK_INT(c->optimizer.kind, VSH_ADAMW);
    CHECK_NEAR(c->schedule.peak, 1e-3, 0, 0);
    CHECK_NEAR(c->optimizer.beta1, 0.9, 0, 0);
    CHECK_NEAR(c->optimizer.beta2, 0.95, 0, 0);
    CHECK_NEAR(c->optimizer.epsilon, 1e-8, 0, 0);
    CHECK_NEAR(c->optimizer.weight_decay, 0.1, 0, 0);
    CHECK_NEAR(c->optimizer.clip, 1, 0, 0);
    CHECK_INT(c->steps, 1000);
    CHECK_INT(c->precision, VSH_FP32);
    CHECK_INT(c->recompute, VSH_RECOMPUTE_NONE);
    CHECK_INT((int64_t)c->seed, 1);
    CHECK_INT(c->checkpoint_every, 500);
    CHECK_INT(c->checkpoint_keep, 2);
    CHECK_INT(c->evaluate_every, 250);
    CHECK_INT(c->evaluate_tokens, 65536);
    CHECK_INT(c->spike, VSH_SPIKE_SKIP);
    CHECK_NEAR(c->bias_rate, 0, 0, 0);
}

static void the_schedule_follows_the_steps(void)
{
    CHECK_INT(of(DENSE)->schedule.kind, VSH_SCHEDULE_WSD);
    CHECK_NEAR(config.schedule.cooldown, 0.2, 0, 0);
    CHECK_NEAR(config.schedule.final, 0, 0, 0);
    CHECK_INT(config.schedule.warmup, 100);
    CHECK_INT(of(DENSE "steps: 300\n")->schedule.warmup, 30);
    CHECK_INT(of(DENSE "steps: 9\n")->schedule.warmup, 0);
    CHECK_INT(of(DENSE "steps: 100000\n")->schedule.warmup, 100);
    CHECK_INT(of(DENSE "steps: 20\nschedule: {warmup: 50}\n")->schedule.warmup, 20);
    CHECK_NEAR(of(DENSE "schedule: {name: cosine}\n")->schedule.final, 0.1, 0, 0);
    CHECK_NEAR(of(DENSE "schedule: {name: cosine, final: 0}\n")->schedule.final, 0, 0, 0);
}

static void words_stand_for_what_they_say(void)
{
    CHECK_INT(of(DENSE "optimizer: {name: adamw}\n")->optimizer.kind, VSH_ADAMW);
    CHECK_INT(of(DENSE "optimizer: {name: adamw8bit}\n")->optimizer.kind, VSH_ADAMW8BIT);
    CHECK_INT(of(DENSE "optimizer: {name: sgd}\n")->optimizer.kind, VSH_SGD);
    CHECK_INT(of(DENSE "precision: int8\n")->precision, VSH_INT8);
    CHECK_INT(of(DENSE "precision: fp32\n")->precision, VSH_FP32);
    CHECK_INT(of(DENSE "recompute: full\n")->recompute, VSH_RECOMPUTE_FULL);
    CHECK_INT(of(DENSE "schedule: {name: constant}\n")->schedule.kind, VSH_SCHEDULE_CONSTANT);
    CHECK_INT(of(DENSE "spike: {action: ignore}\n")->spike, VSH_SPIKE_IGNORE);
}

static void a_key_without_a_value_is_left_alone(void)
{
    const vsh_run_config *c = of(DENSE "steps:\nbatch: null\noptimizer: {lr: ~}\ntext: null\n");

    CHECK_INT(c->steps, 1000);
    CHECK_NEAR(c->schedule.peak, 1e-3, 0, 0);
    CHECK(c->text == NULL);
}

/* ---- the model ----------------------------------------------------------------------------- */

static void a_model_comes_from_its_name_a_file_or_a_map(void)
{
    CHECK_TEXT(of("model: quick-moe\n")->model.name, "quick-moe");
    CHECK_TEXT(of("model: models/tiny-dense.yaml\n")->model.name, "tiny-dense");
    CHECK_TEXT(of("model: {name: mine, " SIZES ", ffn: 16}\n")->model.name, "mine");
}

static void a_model_that_is_not_there_or_not_built_is_refused(void)
{
    static const refusal refused[] = {
        {"steps: 5\n", "the key \"model\" is missing"},
        {"model:\n", "the key \"model\" is missing"},
        {"model: quick-mo\n", "model: no model \"quick-mo\"; did you mean quick-moe"},
        {"model: /nowhere/at-all.yaml\n", "/nowhere/at-all.yaml"},
        {"model: [quick-moe]\n", "model: expected a model's name, a file, or a map of its keys"},
        {"model: {" SIZES "}\n", "the key \"ffn\" is missing"},
        {"model: {" SIZES ", ffn: 16, fnn: 3}\n", "unknown key \"fnn\"; did you mean ffn"},
        {"model: {" SIZES ", ffn: 16, position: alibi}\n", "ALiBi"},
        {"model: {" SIZES ", experts: {count: 2000, top_k: 1, hidden: 4}}\n",
         "at most 1024 experts"},
        {"model: deepseek-v3\n", "does not build latent attention"},
    };

    CHECK_REFUSED(refused);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void unknown_keys_are_refused_at_every_level(void)
{
    static const refusal refused[] = {
        {DENSE "step: 5\n", ":2:1: unknown key \"step\"; did you mean steps"},
        {DENSE "zzzzzz: 5\n", "unknown key \"zzzzzz\""},
        {DENSE "batch: {token: 64}\n", ":2:9: unknown key \"token\"; did you mean tokens"},
        {DENSE "optimizer: {beta: [0, 0]}\n", "unknown key \"beta\"; did you mean betas"},
        {DENSE "schedule: {warm_up: 1}\n", "unknown key \"warm_up\"; did you mean warmup"},
        {DENSE "losses: {balanse: 1}\n", "unknown key \"balanse\"; did you mean balance"},
        {DENSE "checkpoint: {evry: 1}\n", "unknown key \"evry\"; did you mean every"},
        {DENSE "evaluate: {token: 1}\n", "unknown key \"token\"; did you mean tokens"},
        {DENSE "spike: {actoin: skip}\n", "unknown key \"actoin\"; did you mean action"},
        {DENSE "steps: 3\nsteps: 4\n", "steps: given twice"},
    };

    CHECK_REFUSED(refused);
}

static void wrong_types_are_refused(void)
{
    static const refusal refused[] = {
        {"[1, 2]\n", "expected a run: a map of keys"},
        {DENSE "steps: ten\n", "steps: expected a whole number from 1 to 1000000000, got \"ten\""},
        {DENSE "steps: 1.5\n", "steps: expected a whole number"},
        {DENSE "steps: '5'\n", "steps: expected a whole number"},
        {DENSE "steps: [5]\n", "steps: expected a whole number"},
        {DENSE "data: [a]\n", "data: expected a text, got a list"},
        {DENSE "batch: 4096\n", "batch: expected a map of keys such as tokens and sequence"},
        {DENSE "optimizer: adamw\n", "optimizer: expected a map of keys such as name and lr"},
        {DENSE "schedule: wsd\n", "schedule: expected a map of keys such as name and warmup"},
        {DENSE "losses: [1]\n", "losses: expected a map of keys such as balance and z"},
        {DENSE "checkpoint: 5\n", "checkpoint: expected a map of keys such as every and keep"},
        {DENSE "evaluate: 5\n", "evaluate: expected a map of keys such as every and tokens"},
        {DENSE "spike: skip\n", "spike: expected a map of keys such as action and limit"},
        {DENSE "optimizer: {lr: fast}\n", "lr: expected a number from 0 to 1000"},
        {DENSE "optimizer: {lr: nan}\n", "lr: expected a number from 0 to 1000"},
        {DENSE "optimizer: {name: adam}\n", "got \"adam\"; did you mean adamw"},
        {DENSE "optimizer: {name: lion}\n", "adamw, adamw8bit, adafactor, sgd"},
        {DENSE "precision: fp16\n", "expected one of fp32, bf16, int8"},
        {DENSE "recompute: some\n", "expected one of"},
        {DENSE "schedule: {name: linear}\n", "expected one of constant, cosine, wsd"},
        {DENSE "spike: {action: stop}\n", "expected one of skip, rollback, ignore"},
    };

    CHECK_REFUSED(refused);
}

static void figures_out_of_range_are_refused(void)
{
    static const refusal refused[] = {
        {DENSE "steps: 0\n", "from 1 to 1000000000"},
        {DENSE "steps: 1000000001\n", "from 1 to 1000000000"},
        {DENSE "seed: -1\n", "seed"},
        {DENSE "batch: {tokens: 0}\n", "tokens"},
        {DENSE "batch: {tokens: 2000000000000}\n", "tokens"},
        {DENSE "batch: {sequence: 0}\n", "sequence"},
        {DENSE "batch: {micro: 0}\n", "micro"},
        {DENSE "batch: {accumulate: -2}\n", "accumulate"},
        {DENSE "batch: {shards: 4097}\n", "shards"},
        {DENSE "batch: {sequence_start: 0}\n", "sequence_start"},
        {DENSE "batch: {sequence_warmup: -1}\n", "sequence_warmup"},
        {DENSE "optimizer: {lr: -1e-3}\n", "lr"},
        {DENSE "optimizer: {eps: 2}\n", "eps"},
        {DENSE "optimizer: {weight_decay: -0.1}\n", "weight_decay"},
        {DENSE "optimizer: {clip: -1}\n", "clip"},
        {DENSE "schedule: {warmup: -1}\n", "warmup"},
        {DENSE "schedule: {cooldown: 1.5}\n", "cooldown"},
        {DENSE "schedule: {final: -0.5}\n", "final"},
        {DENSE "losses: {balance: -1}\n", "balance"},
        {DENSE "losses: {z: 101}\n", "z"},
        {DENSE "losses: {jitter: 0.6}\n", "jitter"},
        {DENSE "losses: {exit_scale: -1}\n", "exit_scale"},
        {DENSE "losses: {bias_rate: 2}\n", "bias_rate"},
        {DENSE "losses: {bias_rate: 0.1}\n", "the model has no balancing bias"},
        {DENSE "distill: {weight: 1.5}\n", "weight"},
        {DENSE "distill: {temperature: 0}\n", "temperature"},
        {DENSE "checkpoint: {every: -1}\n", "every"},
        {DENSE "checkpoint: {keep: 0}\n", "keep"},
        {DENSE "evaluate: {every: -1}\n", "every"},
        {DENSE "evaluate: {tokens: 0}\n", "tokens"},
        {DENSE "spike: {deviations: 0.5}\n", "deviations"},
        {DENSE "spike: {limit: 0}\n", "limit"},
    };

    CHECK_REFUSED(refused);
}

static void betas_are_two_numbers_below_one(void)
{
    static const refusal refused[] = {
        {DENSE "optimizer: {betas: 0.9}\n", "betas: expected two numbers such as [0.9, 0.95]"},
        {DENSE "optimizer: {betas: [0.9]}\n", "betas: expected two numbers"},
        {DENSE "optimizer: {betas: [0.9, 0.9, 0.9]}\n", "betas: expected two numbers"},
        {DENSE "optimizer: {betas: {a: 0.9, b: 0.9}}\n", "betas: expected two numbers"},
        {DENSE "optimizer: {betas: [0.9, 1]}\n", "from 0 to 0.999999"},
        {DENSE "optimizer: {betas: [-0.1, 0.9]}\n", "from 0 to 0.999999"},
        {DENSE "optimizer: {betas: [a, 0.9]}\n", "from 0 to 0.999999"},
    };

    CHECK_REFUSED(refused);
    CHECK_NEAR(of(DENSE "optimizer: {betas: [0, 0.999999]}\n")->optimizer.beta1, 0, 0, 0);
    CHECK_NEAR(config.optimizer.beta2, 0.999999, 0, 0);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void a_batch_is_as_given(void)
{
    CHECK_INT(of(DENSE "batch: {tokens: 320, sequence: 32}\n")->batch.tokens, 320);
    CHECK_INT(of(DENSE "batch: {sequence: 16}\n")->batch.tokens, 8 * 16);
    CHECK_INT(of(DENSE "batch: {micro: 3, sequence: 16}\n")->batch.tokens, 3 * 16);
    CHECK_INT(of(DENSE "batch: {micro: 3, accumulate: 5}\n")->batch.tokens, 3 * 5 * 64);
    CHECK_INT(of(DENSE "batch: {accumulate: 5}\n")->batch.tokens, 8 * 5 * 64);
    CHECK_INT(of(DENSE "batch: {sequence_warmup: 10}\n")->batch.sequence_start, 16);
    CHECK_INT(of(DENSE "batch: {sequence: 3, sequence_warmup: 1}\n")->batch.sequence_start, 1);
}

static void impossible_batches_are_refused(void)
{
    static const refusal refused[] = {
        {DENSE "batch: {sequence: 65}\n",
         "sequence: expected at most the model's context 64, got 65"},
        {DENSE "batch: {tokens: 100, sequence: 32}\n",
         "tokens: expected a multiple of sequence 32"},
        {DENSE "batch: {tokens: 32}\n", "tokens: expected a multiple of sequence 64"},
        {DENSE "batch: {tokens: 640, micro: 2, accumulate: 4}\n",
         "expected micro x accumulate to be the 10 sequences of a step, got 2 x 4"},
        {DENSE "batch: {tokens: 640, micro: 3}\n",
         "micro: expected a divisor of 10 sequences, got 3"},
        {DENSE "batch: {tokens: 640, micro: 20}\n", "micro: expected a divisor of 10 sequences"},
        {DENSE "batch: {tokens: 640, accumulate: 4}\n",
         "accumulate: expected a divisor of 10 sequences, got 4"},
        {DENSE "batch: {sequence: 32, sequence_start: 33}\n",
         "sequence_start: expected at most sequence 32, got 33"},
        {DENSE "batch: {micro: 16777216, accumulate: 16777216}\n", "at most 1e+09 tokens"},
    };

    CHECK_REFUSED(refused);
}

/* Products of three counts that each may be: 2^72 is not 0. */
static void a_batch_too_large_to_count_is_not_taken_for_another(void)
{
    static const refusal refused[] = {
        {"model: {layers: 1, hidden: 8, heads: 2, ffn: 8, vocab: 9, context: 16777216}\n"
         "batch: {micro: 16777216, accumulate: 16777216}\n",
         "at most 1e+09 tokens"},
        {"model: {layers: 1, hidden: 8, heads: 2, ffn: 8, vocab: 9, context: 16777216}\n"
         "batch: {tokens: 16777216, micro: 16777216, accumulate: 16777216}\n",
         "expected micro x accumulate to be the 1 sequences"},
    };

    CHECK_REFUSED(refused);
}

/* ---- --set --------------------------------------------------------------------------------- */

static void a_set_says_one_key_anew(void)
{
    CHECK_INT(of_set("steps=7")->steps, 7);
    CHECK_NEAR(of_set("optimizer.lr=3e-4")->schedule.peak, 3e-4, 0, 0);
    CHECK_NEAR(of_set("optimizer.betas=[0.5, 0.75]")->optimizer.beta1, 0.5, 0, 0);
    CHECK_NEAR(config.optimizer.beta2, 0.75, 0, 0);
    CHECK_INT(of_set("optimizer={name: sgd, clip: 0}")->optimizer.kind, VSH_SGD);
    CHECK_NEAR(config.optimizer.clip, 0, 0, 0);
    CHECK_TEXT(of_set("model=tiny-dense")->model.name, "tiny-dense");
    CHECK_INT(config.batch.sequence, 256);
    CHECK_TEXT(of_set("text=a/b c.txt")->text, "a/b c.txt");
    CHECK_TEXT(of_set("text='a, b=c.txt'")->text, "a, b=c.txt");
    CHECK_TEXT(of_set("data=runs/a#b")->data, "runs/a#b");
    CHECK_INT(of_set("precision= bf16")->precision, VSH_BF16);
}

static void later_sets_win_and_earlier_ones_stay(void)
{
    static const char *const sets[] = {"steps=5",
                                       "optimizer.betas=[0.5, 0.6]",
                                       "optimizer.name=sgd",
                                       "steps=6",
                                       "precision=bf16",
                                       "batch.sequence=32",
                                       NULL};

    REQUIRE_OK(read_text(DENSE "optimizer: {lr: 0.5, weight_decay: 0.25}\nbatch: {tokens: 128}\n",
                         sets, &config),
               &err);
    CHECK_INT(config.steps, 6);
    CHECK_NEAR(config.optimizer.beta1, 0.5, 0, 0);
    CHECK_INT(config.optimizer.kind, VSH_SGD);
    CHECK_INT(config.precision, VSH_BF16);
    CHECK_NEAR(config.schedule.peak, 0.5, 0, 0);
    CHECK_NEAR(config.optimizer.weight_decay, 0.25, 0, 0);
    CHECK_INT(config.batch.tokens, 128);
    CHECK_INT(config.batch.sequence, 32);
}

/* The file is judged with the sets over it, not before. */
static void a_set_can_mend_what_the_file_has_wrong(void)
{
    static const char *const sets[] = {"model=quick-moe", "batch.sequence=128", NULL};

    REQUIRE_OK(read_text("batch: {tokens: 4096, sequence: 100}\n", sets, &config), &err);
    CHECK_INT(config.batch.sequence, 128);
}

static void sets_that_say_nothing_or_more_are_refused(void)
{
    static const struct {
        const char *set, *message;
    } refused[] = {
        {"steps", "--set: expected KEY=VALUE such as optimizer.lr=3e-4, got \"steps\""},
        {"=5", "expected KEY=VALUE"},
        {"", "expected KEY=VALUE"},
        {"steps=", "expected KEY=VALUE"},
        {"steps= ", "expected KEY=VALUE"},
        {".steps=5", "expected KEY=VALUE"},
        {"optimizer.=5", "expected KEY=VALUE"},
        {"optimizer..lr=5", "expected KEY=VALUE"},
        {"a b=5", "expected KEY=VALUE"},
        {"steps: 1, seed=5", "expected KEY=VALUE"},
        {"steps=5, seed: 3", "expected one value"},
        {"text=a, b", "expected one value"},
        {"optimizer.lr=1}, batch: {tokens: 64", "expected one value"},
        {"optimizer.lr=1, clip: 3", "expected one value"},
        {"steps=5}", "--set steps=5}"},
        {"steps=[5", "--set steps=[5"},
        {"steps=five", "steps: expected a whole number"},
        {"stesp=5", "unknown key \"stesp\"; did you mean steps"},
        {"optimizer.rl=5", "unknown key \"rl\"; did you mean lr"},
        {"optimizer.lr.x=5", "lr: expected a number"},
        {"steps.x=5", "steps: expected a whole number"},
        {"optimizer.betas=0.9", "betas: expected two numbers"},
        {"model=tiny-dens", "no model \"tiny-dens\"; did you mean tiny-dense"},
        {"model.layers=3", "is missing"},
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *sets[] = {refused[i].set, NULL};
        CHECK_FAILS(read_text(DENSE, sets, &config), &err, VSH_EINPUT, refused[i].message);
    }
}

static void a_file_that_is_not_there_is_named(void)
{
    CHECK_FAILS(vsh_run_config_read(vsh_test_arena(), &library, "/nowhere/run.yaml", NULL, 0,
                                    &config, &err),
                &err, VSH_EINPUT, "/nowhere/run.yaml");
}

/* ---- writing ------------------------------------------------------------------------------- */

static void check_same_batch(const vsh_batch_config *a, const vsh_batch_config *b)
{
    CHECK_INT(a->tokens, b->tokens);
    CHECK_INT(a->sequence, b->sequence);
    CHECK_INT(a->micro, b->micro);
    CHECK_INT(a->accumulate, b->accumulate);
    CHECK_INT(a->shards, b->shards);
    CHECK_INT(a->sequence_start, b->sequence_start);
    CHECK_INT(a->sequence_warmup, b->sequence_warmup);
}

static void check_same_learning(const vsh_run_config *a, const vsh_run_config *b)
{
    CHECK_INT(a->optimizer.kind, b->optimizer.kind);
    CHECK_NEAR(a->optimizer.beta1, b->optimizer.beta1, 0, 0);
    CHECK_NEAR(a->optimizer.beta2, b->optimizer.beta2, 0, 0);
    CHECK_NEAR(a->optimizer.epsilon, b->optimizer.epsilon, 0, 0);
    CHECK_NEAR(a->optimizer.weight_decay, b->optimizer.weight_decay, 0, 0);
    CHECK_NEAR(a->optimizer.clip, b->optimizer.clip, 0, 0);
    CHECK_INT(a->schedule.kind, b->schedule.kind);
    CHECK_NEAR(a->schedule.peak, b->schedule.peak, 0, 0);
    CHECK_INT(a->schedule.steps, b->schedule.steps);
    CHECK_INT(a->schedule.warmup, b->schedule.warmup);
    CHECK_INT(a->warmup_given, b->warmup_given);
    CHECK_NEAR(a->schedule.cooldown, b->schedule.cooldown, 0, 0);
    CHECK_NEAR(a->schedule.final, b->schedule.final, 0, 0);
    CHECK_NEAR(a->network.balance, b->network.balance, 0, 0);
    CHECK_NEAR(a->network.z, b->network.z, 0, 0);
    CHECK_NEAR(a->network.jitter, b->network.jitter, 0, 0);
    CHECK_NEAR(a->network.exit_scale, b->network.exit_scale, 0, 0);
    CHECK(a->network.seed == b->network.seed);
    CHECK_NEAR(a->bias_rate, b->bias_rate, 0, 0);
}

/* Everything but the path of the file. */
static void check_same_run(const vsh_run_config *a, const vsh_run_config *b)
{
    check_same_model(&a->model, &b->model);
    CHECK_TEXT(a->data, b->data);
    CHECK(same_text(a->text, b->text));
    CHECK(same_text(a->tokenizer, b->tokenizer));
    CHECK(same_text(a->from, b->from));
    CHECK_INT(a->unique_tokens, b->unique_tokens);
    CHECK(same_text(a->distill.teacher, b->distill.teacher));
    CHECK_NEAR(a->distill.weight, b->distill.weight, 0, 0);
    CHECK_NEAR(a->distill.temperature, b->distill.temperature, 0, 0);
    check_same_batch(&a->batch, &b->batch);
    check_same_learning(a, b);
    CHECK_INT(a->steps, b->steps);
    CHECK_INT(a->precision, b->precision);
    CHECK_INT(a->recompute, b->recompute);
    CHECK(a->seed == b->seed);
    CHECK_INT(a->checkpoint_every, b->checkpoint_every);
    CHECK_INT(a->checkpoint_keep, b->checkpoint_keep);
    CHECK_INT(a->evaluate_every, b->evaluate_every);
    CHECK_INT(a->evaluate_tokens, b->evaluate_tokens);
    CHECK_INT(a->spike, b->spike);
    CHECK_NEAR(a->spike_deviations, b->spike_deviations, 0, 0);
    CHECK_INT(a->spike_limit, b->spike_limit);
}

static void check_round_trip(const vsh_run_config *c)
{
    vsh_text out = {.arena = vsh_test_arena()}, twice = {.arena = vsh_test_arena()};

    vsh_run_config_write(c, &out);
    REQUIRE(!out.failed);
    REQUIRE_OK(read_text(vsh_text_string(&out), NULL, &again), &err);
    check_same_run(c, &again);
    vsh_run_config_write(&again, &twice);
    CHECK_TEXT(vsh_text_string(&twice), vsh_text_string(&out));
}

static void every_key_reads_back_as_it_was_written(void) { check_round_trip(of(every_key)); }

static void every_shipped_configuration_reads_back_as_it_was_written(void)
{
    DIR *shelf = opendir("trainer/configs");
    int configs = 0;

    REQUIRE(shelf != NULL);
    for (struct dirent *entry; (entry = readdir(shelf)) != NULL;) {
        char path[300];
        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof path, "trainer/configs/%.255s", entry->d_name);
        REQUIRE_OK(vsh_run_config_read(vsh_test_arena(), &library, path, NULL, 0, &config, &err),
                   &err);
        check_round_trip(&config);
        configs++;
    }
    closedir(shelf);
    CHECK(configs >= 1);
}

static void what_was_not_given_reads_back_as_it_was_written(void)
{
    static const char *const texts[] = {
        DENSE,
        MIXTURE,
        DENSE "batch: {accumulate: 5}\n",
        DENSE "batch: {micro: 5, shards: 2}\n",
        DENSE "batch: {shards: 16}\n",
        DENSE "batch: {sequence_start: 8}\n",
        DENSE "batch: {sequence_warmup: 20}\n",
        DENSE "schedule: {warmup: 0, final: 1}\n",
        DENSE "optimizer: {lr: 0.1, eps: 0, clip: 0}\n",
        DENSE "data: ''\ntokenizer: \"'\"\ntext: ' a''b '\n",
        DENSE "seed: 0\nprecision: int8\nrecompute: full\ncheckpoint: {every: 0}\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_round_trip(of(texts[i]));
}

/* A third and a tenth have no end in binary. */
static void figures_keep_every_bit(void)
{
    of(DENSE);
    config.schedule.peak = 1.0 / 3;
    config.optimizer.epsilon = 1e-8 / 7;
    config.optimizer.beta2 = 0.999 / 1.1;
    config.network.z = 1e-300 / 3;
    config.spike_deviations = 1e6 / 3;
    config.seed = config.network.seed = 8999999999999999;
    check_round_trip(&config);
}

/* ---- what decides the weights -------------------------------------------------------------- */

static const char *deciding(const char *text)
{
    vsh_text out = {.arena = vsh_test_arena()};

    vsh_run_config_deciding(of(text), &out);
    REQUIRE(!out.failed);
    return vsh_text_string(&out);
}

static void what_decides_no_weight_does_not_make_another_run(void)
{
    static const char *const same[] = {
        DENSE "data: elsewhere\n",
        DENSE "text: a.txt\n",
        DENSE "tokenizer: bytes\n",
        DENSE "from: runs/trunk\n",
        DENSE "checkpoint: {every: 7, keep: 9}\n",
        DENSE "evaluate: {every: 3, tokens: 5}\n",
        DENSE "steps: 4711\n",
    };
    const char *plain = deciding(DENSE);

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        CHECK_TEXT(deciding(same[i]), plain);
}

static void what_decides_the_weights_makes_another_run(void)
{
    static const char *const others[] = {
        MIXTURE,
        DENSE "batch: {tokens: 640}\n",
        DENSE "batch: {sequence: 32}\n",
        DENSE "batch: {micro: 4}\n",
        DENSE "batch: {shards: 2}\n",
        DENSE "batch: {sequence_warmup: 5}\n",
        DENSE "optimizer: {name: sgd}\n",
        DENSE "optimizer: {lr: 1.0000000000000002e-3}\n",
        DENSE "optimizer: {betas: [0.9, 0.96]}\n",
        DENSE "optimizer: {eps: 1e-9}\n",
        DENSE "optimizer: {weight_decay: 0}\n",
        DENSE "optimizer: {clip: 2}\n",
        DENSE "schedule: {name: constant}\n",
        DENSE "schedule: {warmup: 3}\n",
        DENSE "schedule: {cooldown: 0.5}\n",
        DENSE "schedule: {final: 0.5}\n",
        DENSE "losses: {balance: 0.5}\n",
        DENSE "losses: {z: 0.5}\n",
        DENSE "losses: {jitter: 0.5}\n",
        DENSE "losses: {exit_scale: 0.5}\n",
        DENSE "precision: bf16\n",
        DENSE "recompute: full\n",
        DENSE "seed: 2\n",
        DENSE "unique_tokens: 1000\n",
        DENSE "distill: {teacher: runs/t}\n",
        DENSE "spike: {action: ignore}\n",
        DENSE "spike: {deviations: 7}\n",
    };
    const char *plain = deciding(DENSE);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(strcmp(deciding(others[i]), plain) != 0);
}

/* Its weights do, and a run keeps their hash beside. */
static void where_a_teacher_lies_decides_nothing(void)
{
    const char *one = deciding(DENSE "distill: {teacher: runs/a}\n");

    CHECK_TEXT(deciding(DENSE "distill: {teacher: /other/b}\n"), one);
    CHECK(strcmp(deciding(DENSE "distill: {teacher: runs/a, temperature: 3}\n"), one) != 0);
    CHECK(strcmp(deciding(DENSE "distill: {teacher: runs/a, weight: 0.25}\n"), one) != 0);
}

const vsh_test vsh_tests[] = {
    {"every_key_is_read", every_key_is_read},
    {"every_key_of_the_optimizer_and_the_losses_is_read",
     every_key_of_the_optimizer_and_the_losses_is_read},
    {"a_model_alone_is_a_run", a_model_alone_is_a_run},
    {"the_schedule_follows_the_steps", the_schedule_follows_the_steps},
    {"words_stand_for_what_they_say", words_stand_for_what_they_say},
    {"a_key_without_a_value_is_left_alone", a_key_without_a_value_is_left_alone},
    {"a_model_comes_from_its_name_a_file_or_a_map", a_model_comes_from_its_name_a_file_or_a_map},
    {"a_model_that_is_not_there_or_not_built_is_refused",
     a_model_that_is_not_there_or_not_built_is_refused},
    {"unknown_keys_are_refused_at_every_level", unknown_keys_are_refused_at_every_level},
    {"wrong_types_are_refused", wrong_types_are_refused},
    {"figures_out_of_range_are_refused", figures_out_of_range_are_refused},
    {"betas_are_two_numbers_below_one", betas_are_two_numbers_below_one},
    {"a_batch_is_as_given", a_batch_is_as_given},
    {"impossible_batches_are_refused", impossible_batches_are_refused},
    {"a_batch_too_large_to_count_is_not_taken_for_another",
     a_batch_too_large_to_count_is_not_taken_for_another},
    {"a_set_says_one_key_anew", a_set_says_one_key_anew},
    {"later_sets_win_and_earlier_ones_stay", later_sets_win_and_earlier_ones_stay},
    {"a_set_can_mend_what_the_file_has_wrong", a_set_can_mend_what_the_file_has_wrong},
    {"sets_that_say_nothing_or_more_are_refused", sets_that_say_nothing_or_more_are_refused},
    {"a_file_that_is_not_there_is_named", a_file_that_is_not_there_is_named},
    {"every_key_reads_back_as_it_was_written", every_key_reads_back_as_it_was_written},
    {"every_shipped_configuration_reads_back_as_it_was_written",
     every_shipped_configuration_reads_back_as_it_was_written},
    {"what_was_not_given_reads_back_as_it_was_written",
     what_was_not_given_reads_back_as_it_was_written},
    {"figures_keep_every_bit", figures_keep_every_bit},
    {"what_decides_no_weight_does_not_make_another_run",
     what_decides_no_weight_does_not_make_another_run},
    {"where_a_teacher_lies_decides_nothing", where_a_teacher_lies_decides_nothing},
    {"what_decides_the_weights_makes_another_run", what_decides_the_weights_makes_another_run},
    {NULL, NULL}};
