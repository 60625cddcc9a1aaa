/* Causal attention of query groups on shared keys and values (grouped-query, Ainslie et al. 2023,
 * arXiv:2305.13245), full or over a sliding window, in tiles: scores of a tile live in a thread's
 * scratch only (Dao et al. 2022, arXiv:2205.14135). */
#ifndef VSH_ATTENTION_H
#define VSH_ATTENTION_H

#include <stdbool.h>

#include "trainer/nn/nn.h"

/* Rows and columns of a tile; core/lower.h counts with the same (work.attention_tile). */
enum { VSH_ATTENTION_TILE = 64, VSH_HEAD_DIM_MAX = 256 };

/* B sequences of S tokens; rows are tokens. q (B S, q_stride): H heads of D at the row's start;
 * k and v (B S, kv_stride): K heads of D each. Query head h reads key head h / (H/K). Position t
 * sees keys [max(0, t - window + 1), t]; window 0: all. Scores are scaled by 1/sqrt(D). */
typedef struct {
    vsh_element element;
    int64_t sequences, seq, heads, kv_heads, head_dim, window;
    int64_t q_stride, kv_stride, out_stride;
} vsh_attention_shape;

/* Query-key pairs that one head of one sequence computes: a pair of tiles runs whole as soon as one
 * of its pairs is needed, clipped at the end of the sequence; every other one is skipped. Each
 * product of the op list executes D times as many multiply-adds. */
int64_t vsh_attention_tiled_pairs(int64_t seq, int64_t window);

/* out (B S, H D) and lse (B, H, S), the log of the sum of exponentials a row needs later. */
void vsh_attention_forward(const vsh_nn *nn, const vsh_attention_shape *shape, const void *q,
                           const void *k, const void *v, void *out, float *lse);

/* dq (B S, dq_stride) is written; dk, dv (B S, dkv_stride) are written, or with add, added to.
 * dout has out_stride; delta (B, H, S) is room for the row sums of dout out. Threads share the B K
 * pairs of a sequence and a key head. Sums are fp32; where the keys of a head exceed a thread's
 * scratch (D 64: 1,920 keys, D 128: 768), dq rests in dq between two such panels, so in bf16 it is
 * rounded once for each. */
void vsh_attention_backward(const vsh_nn *nn, const vsh_attention_shape *shape, const void *q,
                            const void *k, const void *v, const void *out, const float *lse,
                            const void *dout, void *dq, void *dk, void *dv, int64_t dq_stride,
                            int64_t dkv_stride, bool add, float *delta);

/* Queries at consecutive positions of one sequence, none of which is a multiple of the tile but the
 * first: rows [row, row + rows) of q and of out. */
typedef struct {
    int64_t sequence, position, row, rows;
} vsh_attention_run;

/* New tokens against a cache, which holds the keys and values of every position up to their own:
 * k and v (B, seq, kv_stride), seq is the room of a sequence. Rows of q and out have q_stride and
 * out_stride. */
void vsh_attention_cached(const vsh_nn *nn, const vsh_attention_shape *shape,
                          const vsh_attention_run *runs, int64_t count, const void *q,
                          const void *k, const void *v, void *out);
/* Query-key pairs that one head computes for a run. */
int64_t vsh_attention_run_pairs(const vsh_attention_shape *shape, const vsh_attention_run *run);

/* Naive twins in double; the same layout with strides H D and K D. */
void vsh_attention_forward_ref(int64_t sequences, int64_t seq, int64_t heads, int64_t kv_heads,
                               int64_t head_dim, int64_t window, const double *q, const double *k,
                               const double *v, double *out);
/* dq, dk, dv are added to. */
void vsh_attention_backward_ref(int64_t sequences, int64_t seq, int64_t heads, int64_t kv_heads,
                                int64_t head_dim, int64_t window, const double *q, const double *k,
                                const double *v, const double *dout, double *dq, double *dk,
                                double *dv);

#endif
