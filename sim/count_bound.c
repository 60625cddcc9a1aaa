#include "sim/count_bound.h"

#include <math.h>

/* Streams of one execution, at most: every block may end in a partial tile, and every chunk of rows
 * streams its tiles again. */
static double folds_most(const sim_machine *m, const sim_product *p)
{
    double tiles_m = ceil((double)p->m / (double)p->block_m);
    double tiles_n = ceil((double)p->n / (double)p->block_n);
    double tiles_k = ceil((double)p->k / (double)p->block_k);
    double across = (double)p->n / (double)m->cols + tiles_n;

    if (m->dataflow == SIM_OS)
        return ((double)p->m / (double)m->rows + tiles_m) * across * tiles_k;
    if (p->stream_rows)
        tiles_m += (double)p->m / (double)p->stream_rows;
    return tiles_m * across * ((double)p->k / (double)m->rows + tiles_k);
}

/* Bytes of one execution, at most. */
static double bytes_most(const sim_product *p, double steps)
{
    double lhs = (double)p->block_m * (double)p->block_k * (double)p->element_bytes[SIM_LHS];
    double rhs = (double)p->block_k * (double)p->block_n * (double)p->element_bytes[SIM_RHS];
    double out = (double)p->m * (double)p->n * (double)p->element_bytes[SIM_OUT];

    return steps * (lhs + rhs) + out;
}

/* At least what any counter of one execution reaches, and any product on the way to one. */
double sim_largest_count(const sim_machine *m, const sim_product *p)
{
    double steps = ceil((double)p->m / (double)p->block_m) *
                   ceil((double)p->n / (double)p->block_n) *
                   ceil((double)p->k / (double)p->block_k);
    double rows = (double)(p->stream_rows ? p->stream_rows : p->block_m) + (double)m->row_group;
    double streamed = m->dataflow == SIM_OS ? (double)p->block_k : rows;
    double fold = streamed * (double)m->pace_num + 2 * (double)m->rows + (double)m->load +
                  (double)m->bubble + (double)m->latency + (double)m->mac_latency;
    double bytes = bytes_most(p, steps), count = bytes;

    if (m->vector_rate)
        fold += (streamed + (double)m->rows) * (double)m->cols;
    count += folds_most(m, p) * fold + steps * (double)m->step_overhead;
    if (m->bytes_num) /* a transfer takes at most as many cycles as it has bytes_den bytes */
        count += bytes * (double)m->bytes_den + 3 * steps * ((double)m->memory_latency + 1);
    if (p->transposed)
        count += steps * ((double)p->block_m / (double)m->rows + 1) *
                 ((double)p->block_k / (double)m->rows + 1) * (double)m->transpose;
    return (double)m->units * count;
}
