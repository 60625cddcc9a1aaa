/* The elementwise middle of an MLP: GELU (tanh form, Hendrycks and Gimpel, arXiv:1606.08415), ReLU,
 * and the gated SwiGLU and GEGLU (Shazeer 2020, arXiv:2002.05202). */
#ifndef VSH_ACTIVATION_H
#define VSH_ACTIVATION_H

#include "core/model.h"
#include "trainer/nn/nn.h"

/* pre (rows, F) or, gated, (rows, 2F): gate, then value; out (rows, F) = act(pre), or
 * act(gate) value. */
void vsh_activation_forward(const vsh_nn *nn, vsh_mlp mlp, vsh_element element, int64_t rows,
                            int64_t width, const void *pre, void *out);

/* In: pre as above, out_grad (rows, F) the gradient of out. After: pre holds its own gradient and
 * out_grad holds out, made again. weight (rows) or NULL: out counted weight[row] times, as an
 * expert's does; then out_grad holds weight out, and dweight[row] = sum over F of gradient out. */
void vsh_activation_backward(const vsh_nn *nn, vsh_mlp mlp, vsh_element element, int64_t rows,
                             int64_t width, void *pre, void *out_grad, const float *weight,
                             float *dweight);

/* The naive twins, in double; not in place: dpre is written. */
void vsh_activation_forward_ref(vsh_mlp mlp, int64_t rows, int64_t width, const double *pre,
                                double *out);
void vsh_activation_backward_ref(vsh_mlp mlp, int64_t rows, int64_t width, const double *pre,
                                 const double *dout, double *dpre);

#endif
