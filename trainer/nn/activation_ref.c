#include "trainer/nn/activation.h"

#include <math.h>
#include <stdbool.h>

/* A function and its derivative at one point. */
typedef struct {
    double value, slope;
} point;

/* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
static point gelu(double x)
{
    const double root = 0.79788456080286535588; /* sqrt(2/pi) */
    double t = tanh(root * (x + 0.044715 * x * x * x));

    return (point){0.5 * x * (1 + t),
                   0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)};
}

static point relu(double x) { return x > 0 ? (point){x, 1} : (point){0, 0}; }

/* x sigmoid(x), also called swish */
static point silu(double x)
{
    double s = 1 / (1 + exp(-x));

    return (point){x * s, s + x * s * (1 - s)};
}

typedef point function(double x);
static function *const functions[] = {
    [VSH_MLP_GELU] = gelu, [VSH_MLP_RELU] = relu, [VSH_MLP_SWIGLU] = silu, [VSH_MLP_GEGLU] = gelu};

static bool gated(vsh_mlp mlp) { return mlp == VSH_MLP_SWIGLU || mlp == VSH_MLP_GEGLU; }

void vsh_activation_forward_ref(vsh_mlp mlp, int64_t rows, int64_t width, const double *pre,
                                double *out)
{
    int64_t stride = gated(mlp) ? 2 * width : width;

    for (int64_t r = 0; r < rows; r++)
        for (int64_t f = 0; f < width; f++) {
            double act = functions[mlp](pre[r * stride + f]).value;
            out[r * width + f] = gated(mlp) ? act * pre[r * stride + width + f] : act;
        }
}

void vsh_activation_backward_ref(vsh_mlp mlp, int64_t rows, int64_t width, const double *pre,
                                 const double *dout, double *dpre)
{
    int64_t stride = gated(mlp) ? 2 * width : width;

    for (int64_t r = 0; r < rows; r++)
        for (int64_t f = 0; f < width; f++) {
            point act = functions[mlp](pre[r * stride + f]);
            double g = dout[r * width + f];
            if (gated(mlp)) {
                dpre[r * stride + f] = g * act.slope * pre[r * stride + width + f];
                dpre[r * stride + width + f] = g * act.value;
            } else {
                dpre[r * stride + f] = g * act.slope;
            }
        }
}
