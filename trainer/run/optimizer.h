/* Clipping and one step of the optimizer, in one pass over the flat parameter array. */
#ifndef VSH_OPTIMIZER_H
#define VSH_OPTIMIZER_H

#include <stdbool.h>

#include "core/precision.h"
#include "trainer/nn/nn.h"
#include "trainer/nn/parameters.h"

typedef struct {
    int kind; /* VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR or VSH_SGD; others are not built */
    double beta1, beta2; /* SGD: beta1 is the momentum */
    double epsilon;
    double weight_decay; /* decoupled: Loshchilov and Hutter 2019, arXiv:1711.05101 */
    double clip;         /* global norm; 0: none */
} vsh_optimizer_options;

/* Everything has the offsets of the parameter list. The blocks are the caller's, state is
 * vsh_optimizer_state_bytes long and starts zeroed. */
typedef struct {
    vsh_element element; /* of weights and gradients */
    void *weights;
    float *master; /* fp32 copy when element is bf16; NULL: the weights are fp32 */
    const void *gradients;
    void *state;
} vsh_optimizer_arrays;

/* Named pieces of the state, for checkpoints: flat arrays of this element size. A checkpoint holds
 * them whole. */
typedef struct {
    const char *name;  /* "moment1", "moment2", "moment1.scale", ... */
    const char *dtype; /* "F32", "U8", "I8" */
    int64_t offset_bytes, elements;
} vsh_optimizer_piece;

enum { VSH_OPTIMIZER_PIECES = 8 };

/* Bytes of state: AdamW 8 a parameter; SGD 4; 8-bit AdamW 2 and two fp32 scales for each block of
 * VSH_MOMENT_BLOCK (Dettmers et al. 2022, arXiv:2110.02861; its dynamic code, signed for the first
 * moment and unsigned for the second, which is never rounded to 0); Adafactor (Shazeer and Stern
 * 2018, arXiv:1804.04235) a row and a column of fp32 for each matrix, a whole second moment for
 * vectors, no first moment. Each piece is rounded up to 64 bytes. */
enum { VSH_MOMENT_BLOCK = 2048 };
int64_t vsh_optimizer_state_bytes(const vsh_parameter_list *list, int kind);
int vsh_optimizer_pieces(const vsh_parameter_list *list, int kind,
                         vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES]);

/* Square root of the sum of squares of all trained gradients times scale, in double over fixed
 * blocks in order: the same bits for any number of threads. NaN or infinity when one is not finite.
 */
double vsh_gradient_norm(const vsh_nn *nn, const vsh_parameter_list *list,
                         const vsh_optimizer_arrays *arrays, double scale, double *block_sums);
/* Doubles of room that the norm (and Adafactor) needs. */
int64_t vsh_optimizer_room(const vsh_parameter_list *list);

/* gradients count scale times (1/shards, and the clip). step is 1, 2, ... room as above.
 * Gradients are not changed. */
void vsh_optimizer_step(const vsh_nn *nn, const vsh_parameter_list *list,
                        const vsh_optimizer_options *options, const vsh_optimizer_arrays *arrays,
                        int64_t step, double rate, double scale, double *room);

/* The naive twin, in double, of AdamW, SGD and Adafactor on one tensor (rows, cols; cols 1: a
 * vector): state as AdamW m then v (2 rows cols), SGD momentum, Adafactor rows, cols (or v). */
void vsh_optimizer_step_ref(const vsh_optimizer_options *options, bool decay, int64_t rows,
                            int64_t cols, int64_t step, double rate, const double *gradient,
                            double *weight, double *state);

#endif
