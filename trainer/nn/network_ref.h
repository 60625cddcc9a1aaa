/* The whole model once more, naive and in double: the twin that judges the network. It is composed
 * of the twins of the parts and knows everything that vsh_trainable accepts. */
#ifndef VSH_NETWORK_REF_H
#define VSH_NETWORK_REF_H

#include <stdint.h>

#include "core/model.h"
#include "trainer/nn/parameters.h"

typedef struct {
    double balance, z; /* coefficients of every router's two losses */
    double jitter;     /* of every router's input; 0: none */
    uint64_t jitter_seed;
    uint64_t jitter_stream; /* of layer 0; layer l has jitter_stream + l */
    double exit_scale;      /* of early exits in the loss; 0: they do not count */
} vsh_network_ref_options;

/* What the loss is made of, for comparisons. logits (tokens, V) of the final head, or NULL. */
typedef struct {
    double last;       /* mean cross-entropy of the final head */
    double joint;      /* of all heads: sum of w CE over sum of w; w is exit_scale (l + 1) after
                        * layer l, and the number of layers at the end */
    double balance, z; /* summed over layers, with their coefficients */
    int64_t dropped;   /* assignments beyond the capacity, all layers */
    double *logits;
} vsh_network_ref_report;

/* inputs (sequences, seq) token ids; weights and gradients (list->elements) at offsets. Returns
 * joint + balance + z. gradients, unless NULL, are written: zero for what is not trained. report
 * may be NULL. Memory that is not there ends the program: this is for tests. */
double vsh_network_ref(const vsh_model *model, const vsh_network_ref_options *options,
                       const vsh_parameter_list *list, const vsh_offsets *offsets,
                       const double *weights, int64_t sequences, int64_t seq, const int32_t *inputs,
                       const int32_t *targets, double *gradients, vsh_network_ref_report *report);

#endif
