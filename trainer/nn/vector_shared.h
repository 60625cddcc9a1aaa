/* What the vector bodies of both stored types share. */
#ifndef VSH_VECTOR_SHARED_H
#define VSH_VECTOR_SHARED_H

#include <math.h>
#include <stdbool.h>

#include "trainer/nn/norm.h"
#include "trainer/nn/simd.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Sums (or maxima) that a long row is folded into side by side: an addition takes four clocks. */
enum { SUMS = 4 };
static inline vf fold_sums(const vf sums[SUMS])
{
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Floats, whole vectors or what is left of a row. A loop's one step knows when it is compiled that
 * its vector is whole: then lanes is LANES. */
ALWAYS vf load_floats(const float *from, int64_t lanes)
{
    return lanes == LANES ? vf_load(from) : vf_load_part(from, lanes, 0.0F);
}
ALWAYS void store_floats(float *to, vf value, int64_t lanes)
{
    if (lanes == LANES)
        vf_store(to, value);
    else
        vf_store_part(to, value, lanes);
}

/* Rows whose gradients of a norm go to memory together. */
enum { NORM_ROWS = 4 };

/* Logits are read from memory once, for their maximum, and again from the nearest cache. */
enum { LOSS_CHUNK = 2048 };

/* GELU's tanh form is x sigmoid(2 u) with u = sqrt(2/pi) (x + 0.044715 x^3), so every smooth
 * activation is x s with s = sigmoid(z(x)), and its slope is s + x s (1 - s) z'(x). */
typedef enum { GELU, RELU, SILU } curve;

typedef struct {
    vf value, slope;
} curve_point;

#define GELU_LINEAR 1.595769122F  /* 2 sqrt(2/pi) */
#define GELU_CUBIC 0.0713548163F  /* 0.044715 of it */
#define GELU_SQUARE 0.2140644488F /* three times that */

ALWAYS vf curve_sigmoid(curve kind, vf x, vf *rest)
{
    return vf_sigmoid_of_minus(kind == SILU ? -x : x * (-GELU_LINEAR - GELU_CUBIC * (x * x)), rest);
}

ALWAYS vf curve_value(curve kind, vf x)
{
    vf rest;

    return kind == RELU ? vf_max(vf_all(0.0F), x) : x * curve_sigmoid(kind, x, &rest);
}

ALWAYS curve_point curve_at(curve kind, vf x)
{
    vf s, rest, bend;

    if (kind == RELU)
        return (curve_point){vf_max(vf_all(0.0F), x),
                             vf_choose(x > 0.0F, vf_all(1.0F), vf_all(0.0F))};
    s = curve_sigmoid(kind, x, &rest);
    bend = x * s * rest;
    return (curve_point){x * s,
                         s + (kind == SILU ? bend : bend * (GELU_LINEAR + GELU_SQUARE * (x * x)))};
}

#endif
