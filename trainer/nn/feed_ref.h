/* What follows attention in a layer of the naive network (network_ref.h): its MLP, or its experts
 * with their router. */
#ifndef VSH_FEED_REF_H
#define VSH_FEED_REF_H

#include "trainer/nn/pass_ref.h"

/* out (T,C), zeroed, of n2 of layer l. */
void vsh_feed_forward_ref(vsh_pass_ref *pass, int64_t l, double *out);
/* dn2 (T,C) is added to, from the gradient of out and the router's losses. */
void vsh_feed_backward_ref(vsh_pass_ref *pass, int64_t l, const double *dout, double *dn2);

#endif
