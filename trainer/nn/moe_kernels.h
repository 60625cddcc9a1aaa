/* Inner loops of the router and of the rows that its experts take and give back. */
#ifndef VSH_MOE_KERNELS_H
#define VSH_MOE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/* Floats of room a gate needs: four columns of as many experts for the widest vector. */
enum { VSH_EXPERTS_MAX = 1024, VSH_GATE_ROOM = 4 * VSH_EXPERTS_MAX * 16 };

/* Some rows of a router on their way forward; names and layouts as in moe.h. */
typedef struct {
    int64_t rows, experts, top_k;
    bool sigmoid, normalize;
    const float *logits, *bias; /* bias (E) or NULL */
    float *probability, *weight;
    int32_t *choice;
    double *share;  /* (E) += probabilities that sum to 1 a row; NULL: not wanted */
    double *square; /* += squares of log sum exp of the logits; NULL: not wanted */
    float *room;    /* VSH_GATE_ROOM, aligned to 64 bytes */
} vsh_gate_rows;

/* And back. */
typedef struct {
    int64_t rows, experts, top_k;
    bool sigmoid, normalize;
    const float *logits, *probability, *weight, *dweight;
    const int32_t *choice;
    const float *pull; /* (E): gradient of the balance loss with respect to a row's share */
    float z;           /* gradient of the z-loss with respect to log sum exp, over log sum exp */
    float *dlogits;
    float *room;
} vsh_gate_back_rows;

typedef struct {
    void (*gate)(const vsh_gate_rows *rows);
    void (*gate_back)(const vsh_gate_back_rows *rows);
    /* One token: out (C) (+)= sum over k of weight rows[slot], skipping slots of -1; weight NULL:
     * 1. */
    void (*combine)(int64_t width, int64_t k, const int32_t *slot, const float *weight, bool add,
                    const void *rows, void *out);
    /* out = x (1 - amount + 2 amount u), u the leading 23 bits of
     * vsh_random_uniform(seed, stream, first + i). */
    void (*jitter)(int64_t count, float amount, uint64_t seed, uint64_t stream, uint64_t first,
                   const void *x, void *out);
} vsh_moe_kernels;

#define VSH_MOE_TABLE(suffix)                                                                      \
    {                                                                                              \
        .gate = gate_rows, .gate_back = gate_back_rows, .combine = combine_row##suffix,            \
        .jitter = jitter_row##suffix                                                               \
    }

#endif
