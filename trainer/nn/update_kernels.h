/* Inner loops of the optimizers. Those with [VSH_ELEMENT_COUNT] read gradients of that type. */
#ifndef VSH_UPDATE_KERNELS_H
#define VSH_UPDATE_KERNELS_H

#include <stdint.h>

#include "trainer/nn/element.h"

/* Elements that lie together and are updated alike. */
typedef struct {
    float *weight;        /* the fp32 weights, or the master copy of bf16 ones */
    vsh_bf16 *rounded;    /* gradients are bf16: gets the new weight; else NULL */
    const void *gradient; /* of the element type */
    float *moment1, *moment2;
    int64_t count;
} vsh_update_run;

/* w = keep w - step m / (root sqrt(v) + epsilon), after m += new1 (g - m), v += new2 (g g - v),
 * where g is the gradient times scale. */
typedef struct {
    float scale;
    float new1, new2; /* 1 - beta */
    float step;       /* rate / (1 - beta1^t) */
    float root;       /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
    float keep; /* 1 - rate x decay */
} vsh_adamw_factors;

/* w = keep w - rate m, after m = momentum m + scale g. */
typedef struct {
    float scale, momentum, rate, keep;
} vsh_sgd_factors;

/* Rows of a matrix of gradients, some of its columns. */
typedef struct {
    const void *gradient; /* of the element type */
    int64_t rows, cols, stride;
} vsh_update_tile;

enum { VSH_UPDATE_TILE_COLS = 4096 }; /* at most */

typedef struct {
    void (*adamw[VSH_ELEMENT_COUNT])(const vsh_adamw_factors *factors, const vsh_update_run *run);
    void (*sgd[VSH_ELEMENT_COUNT])(const vsh_sgd_factors *factors, const vsh_update_run *run);

    /* Sum of squares in double; the same bits for every instruction set. */
    double (*squares[VSH_ELEMENT_COUNT])(const void *gradient, int64_t count);

    /* Adafactor. Sums of squares of a tile: added to row, written to col. */
    void (*tile_squares[VSH_ELEMENT_COUNT])(const vsh_update_tile *tile, double *row, double *col);
    /* The sum over rows and columns of (gradient x row[i] x col[j])^2. */
    double (*tile_update[VSH_ELEMENT_COUNT])(const vsh_update_tile *tile, const float *row,
                                             const float *col);
    /* w = keep w - step g moment1: moment1 is the factor of the column and is only read. */
    void (*scaled[VSH_ELEMENT_COUNT])(float keep, float step, const vsh_update_run *run);

    /* Codes of 8 bits (optimizer_8bit.c), [0] signed, [1] unsigned. Both work on whole vectors:
     * count is rounded up to a multiple of 16, for which codes and values have room. encode
     * returns the scale: the largest magnitude. */
    void (*decode[2])(const uint8_t *codes, float scale, int64_t count, float *values);
    float (*encode[2])(const float *values, int64_t count, uint8_t *codes);
} vsh_update_kernels;

#define VSH_UPDATE_TABLE                                                                           \
    {                                                                                              \
        .adamw = {update_adamw_f32, update_adamw_b16}, .sgd = {update_sgd_f32, update_sgd_b16},    \
        .squares = {update_squares_f32, update_squares_b16},                                       \
        .tile_squares = {update_tile_squares_f32, update_tile_squares_b16},                        \
        .tile_update = {update_tile_update_f32, update_tile_update_b16},                           \
        .scaled = {update_scaled_f32, update_scaled_b16},                                          \
        .decode = {update_decode_signed, update_decode_unsigned},                                  \
        .encode = {update_encode_signed, update_encode_unsigned},                                  \
    }

#endif
