/* A training run as CONFIG.yaml describes it (docs/formats.md): one plain struct, filled from
 * tables and then constant. */
#ifndef VSH_RUN_CONFIG_H
#define VSH_RUN_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/library.h"
#include "core/lower.h"
#include "core/model.h"
#include "core/text.h"
#include "trainer/nn/network.h"
#include "trainer/run/optimizer.h"
#include "trainer/run/schedule.h"

/* What happens when a step's loss or gradient is not finite, or its loss is a spike: more than
 * deviations standard deviations above its running mean. */
typedef enum { VSH_SPIKE_SKIP, VSH_SPIKE_ROLLBACK, VSH_SPIKE_IGNORE } vsh_spike_action;

extern const char *const vsh_spike_words[];

/* tokens = micro x accumulate x sequence; what is 0 is chosen (run_plan.h). */
typedef struct {
    int64_t tokens, sequence;
    int64_t micro;      /* sequences of a micro-batch */
    int64_t accumulate; /* micro-batches of a step */
    int64_t shards;     /* groups of micro-batches whose gradients are summed in a fixed tree */
    int64_t sequence_start, sequence_warmup; /* length at step 1, steps until it is sequence */
} vsh_batch_config;

/* Learning from a teacher (nn/lesson.h). */
typedef struct {
    const char *teacher; /* a checkpoint, or a run directory; NULL: none */
    double weight, temperature;
    bool given; /* the configuration says something of it */
} vsh_distill_config;

typedef struct {
    const char *path; /* of the file, for messages */
    vsh_model model;
    const char *data; /* a dataset, or where those of the text are made (prepared.h) */
    bool data_named;  /* as no configuration does that leaves it to its default */
    const char *text; /* a file or folder of text; NULL: the default corpus, or the dataset's */
    const char *tokenizer; /* a word or a model file; NULL: unigram, or the dataset's */
    const char *from; /* a checkpoint, or a run directory, that this run branches off; NULL: none */
    vsh_distill_config distill;
    int64_t unique_tokens; /* train on documents of so many tokens only; 0: on all */
    vsh_batch_config batch;
    vsh_optimizer_options optimizer;
    vsh_schedule schedule; /* schedule.peak is optimizer.lr */
    int64_t warmup_given;  /* schedule.warmup as it was asked for; -1: it follows the steps */
    vsh_network_options network;
    double bias_rate; /* of the balancing bias; 0: it stays */
    int64_t steps;
    int precision; /* VSH_FP32, VSH_BF16 or VSH_INT8 */
    int recompute;
    uint64_t seed;
    int64_t checkpoint_every, checkpoint_keep;
    int64_t evaluate_every, evaluate_tokens;
    int spike;
    double spike_deviations;
    int64_t spike_limit; /* skips or roll-backs in a row before the run fails */
} vsh_run_config;

/* Reads path, then each of sets ("optimizer.lr=3e-4") over it. VSH_EINPUT. */
vsh_status vsh_run_config_read(vsh_arena *arena, const vsh_library *library, const char *path,
                               const char *const *sets, int set_count, vsh_run_config *config,
                               vsh_error *err);

/* The same of text; path is for messages. */
vsh_status vsh_run_config_parse(vsh_arena *arena, const vsh_library *library, const char *path,
                                const vsh_text *text, const char *const *sets, int set_count,
                                vsh_run_config *config, vsh_error *err);

/* The part of a configuration that decides the weights of a step, as text: where text lies, how
 * often the run saves and how long it is do not. */
void vsh_run_config_deciding(const vsh_run_config *config, vsh_text *out);

/* The same run as a file that vsh_run_config_read takes: every figure, the model written out. */
void vsh_run_config_write(const vsh_run_config *config, vsh_text *out);

#endif
