/* Tokens from a trained model, a few at a time: the keys and values of what was fed are kept, and a
 * token may leave early, after the first exit whose head is sure enough (CALM, Schuster et al.
 * 2022, arXiv:2207.07061). The layers above then make their keys and values from the state it left
 * with, so that later tokens can attend to it.
 *
 * Tokens fed together give what they give one by one, exits included: whether a token leaves
 * depends only on itself and on tokens before it. Experts are dropless here whatever the capacity
 * they were trained with, and their router's input is not shaken. Nothing is allocated while it
 * runs. */
#ifndef VSH_GENERATE_H
#define VSH_GENERATE_H

#include "core/units.h"
#include "trainer/nn/nn.h"
#include "trainer/nn/parameters.h"

/* A token leaves when the two most likely next tokens lie at least lambda apart in probability. */
typedef struct {
    double threshold; /* lambda; above 1: nothing leaves, and no exit is asked */
    int64_t decay;    /* T of the decaying lambda, CALM eq. 5; 0: lambda is constant */
    int64_t start;    /* position at which the decay begins */
} vsh_exit_rule;

/* lambda at a position: threshold, or with a decay
 * clip(0.9 threshold + 0.1 exp(-4 (position - start) / decay), 0, 1). */
double vsh_exit_threshold(const vsh_exit_rule *rule, int64_t position);

typedef struct {
    int64_t sequences; /* B, most that run side by side */
    int64_t capacity;  /* tokens that a sequence can have */
    int64_t chunk;     /* tokens of a sequence that pass through the layers together, at most */
} vsh_generator_shape;

typedef struct vsh_generator vsh_generator;

/* Bytes of the generator's memory: cache, and what a chunk needs. */
int64_t vsh_generator_bytes(const vsh_model *model, vsh_element element,
                            const vsh_generator_shape *shape);

/* memory is aligned to 64 bytes. Everything handed over must outlive the generator. VSH_EINPUT for
 * what cannot be built, and for more positions than the model has. */
vsh_status vsh_generator_open(vsh_arena *arena, const vsh_model *model, vsh_element element,
                              const vsh_generator_shape *shape, const vsh_nn *nn,
                              const vsh_offsets *offsets, const void *weights, void *memory,
                              vsh_generator **generator, vsh_error *err);

/* Forgets everything; from now on so many sequences, at most those of the shape. */
void vsh_generator_restart(vsh_generator *generator, int64_t sequences);
/* Forgets what came after the first length tokens. */
void vsh_generator_rewind(vsh_generator *generator, int64_t length);
/* Tokens that each sequence has. */
int64_t vsh_generator_length(const vsh_generator *generator);

/* What feeding gave. Work is that of the products that ran, two a multiply-add; full is what the
 * same call without exits would have executed. */
typedef struct {
    const float *logits; /* (B,V) after the last token of each sequence; until it is fed again */
    vsh_flops executed, full;
} vsh_fed;

/* Appends count tokens to each sequence: tokens (B, count), of any count that the capacity has room
 * for. rule NULL: full depth. layers (B, count) receives how many layers ran for each token, or
 * NULL. */
vsh_fed vsh_generator_feed(vsh_generator *generator, const int32_t *tokens, int64_t count,
                           const vsh_exit_rule *rule, int32_t *layers);

/* What exits cost and save on given text. Means are over the tokens that count. */
typedef struct {
    double loss;     /* natural log a token, of the head by which each token left */
    double accuracy; /* share of tokens whose most likely successor is the right one */
    double layers;   /* that ran */
    int64_t tokens;  /* that counted */
    vsh_flops executed, full;
    int64_t left[VSH_LAYERS_MAX + 1]; /* tokens for which so many layers ran */
} vsh_exit_report;

/* Teacher forcing: inputs and targets (sequences, seq), target -1: the token does not count. seq is
 * at most the capacity; sequences are any number. losses (sequences) receives the sum over each
 * one's tokens that count, or NULL. Restarts the generator. */
vsh_exit_report vsh_exit_evaluation(vsh_generator *generator, const vsh_exit_rule *rule,
                                    int64_t sequences, int64_t seq, const int32_t *inputs,
                                    const int32_t *targets, double *losses);

#endif
