#include "sim/waterfall.h"

#include <math.h>

const char *const sim_cause_words[SIM_CAUSES] = {
    "useful",         "recompute",    "masked attention", "expert imbalance",
    "padding m",      "padding n",    "padding k",        "weight bubbles",
    "fill and drain", "idle units",   "dma head",         "dma tail",
    "memory bound",   "vector bound", "overhead",         "sustained rate"};

void sim_waterfall_add(sim_waterfall *w, const sim_machine *m, sim_unit_rate rate, int64_t cores,
                       const sim_counts *c, double times, const sim_op_macs *a)
{
    static const sim_cause idle[SIM_IDLE_CAUSES] = {
        [SIM_IDLE_BUBBLE] = SIM_WEIGHTS, [SIM_IDLE_HEAD] = SIM_DMA_HEAD,
        [SIM_IDLE_MEMORY] = SIM_MEMORY,  [SIM_IDLE_OVERHEAD] = SIM_OVERHEAD,
        [SIM_IDLE_VECTOR] = SIM_VECTOR,  [SIM_IDLE_WEIGHTS] = SIM_WEIGHTS,
        [SIM_IDLE_FILL] = SIM_FILL,      [SIM_IDLE_UNITS] = SIM_UNITS,
        [SIM_IDLE_TAIL] = SIM_DMA_TAIL};
    double run = sim_macs_a_cycle(m) / (double)m->units, alike = (double)cores * times;
    double entering = alike * (double)c->streaming;
    double streamed = entering * run;

    for (int i = 0; i < SIM_IDLE_CAUSES; i++)
        w->slots[i == SIM_IDLE_WEIGHTS && m->dataflow == SIM_OS ? SIM_FILL : idle[i]] +=
            alike * (double)c->idle[i] * rate.peak;
    w->slots[SIM_SUSTAINED] += entering * (rate.peak - rate.held);
    w->slots[SIM_MEMORY] += entering * (rate.held - run);
    if (c->streaming == 0)
        return;
    w->slots[a->recompute ? SIM_RECOMPUTE : SIM_USEFUL] +=
        a->recompute ? a->executed_macs : a->model_macs;
    if (!a->recompute)
        w->slots[a->attention ? SIM_MASKED : SIM_EXPERTS] += a->executed_macs - a->model_macs;
    w->slots[SIM_PADDING_N] += a->padded_n - a->run_macs;
    w->slots[SIM_PADDING_K] += a->padded_k - a->padded_n;
    w->slots[a->experts ? SIM_EXPERTS : SIM_PADDING_M] +=
        streamed - a->padded_k + a->run_macs - a->executed_macs;
}

vsh_bound sim_bound_of(double cycles, double matrix, double memory, double vector)
{
    double busiest = fmax(matrix, fmax(memory, vector));

    if (2 * busiest < cycles)
        return VSH_BOUND_FILL;
    return busiest == matrix   ? VSH_BOUND_MATRIX
           : busiest == memory ? VSH_BOUND_MEMORY
                               : VSH_BOUND_VECTOR;
}

void sim_waterfall_shares(const sim_waterfall *w, double shares[SIM_CAUSES])
{
    const double steps = 1099511627776.0; /* 2^40: sums of such fractions below 1 are exact */
    double total = 0, rest = 1;
    int largest = 0;

    for (int i = 0; i < SIM_CAUSES; i++) {
        total += w->slots[i];
        if (w->slots[i] > w->slots[largest])
            largest = i;
    }
    for (int i = 0; i < SIM_CAUSES; i++) {
        shares[i] = total > 0 ? round(w->slots[i] / total * steps) / steps : 0;
        rest -= shares[i];
    }
    shares[largest] += rest;
}
