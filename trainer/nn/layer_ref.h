/* One layer of the naive network (network_ref.h), forward and backward. */
#ifndef VSH_LAYER_REF_H
#define VSH_LAYER_REF_H

#include "trainer/nn/pass_ref.h"

/* out (T,C) of layer l from x (T,C), which is kept. */
void vsh_layer_forward_ref(vsh_pass_ref *pass, int64_t l, double *x, double *out);
/* dx (T,C): in, the gradient of out; after, of x. Layers above have had their turn. */
void vsh_layer_backward_ref(vsh_pass_ref *pass, int64_t l, double *dx);

#endif
