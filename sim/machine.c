#include "sim/machine.h"

#include <assert.h>
#include <stddef.h>

const char *const sim_dataflow_words[] = {"ws", "os", "is", NULL};
const char *const sim_policy_words[] = {"serial", "shift", "double", NULL};
const char *const sim_split_words[] = {"tiles", "rows", NULL};
const char *const sim_idle_words[SIM_IDLE_CAUSES] = {
    "bubble", "head", "memory", "overhead", "vector", "weights", "fill", "units", "tail"};

sim_machine sim_mesh(int64_t rows, int64_t cols, sim_dataflow dataflow, sim_policy policy)
{
    bool os = dataflow == SIM_OS;

    return (sim_machine){.rows = rows,
                         .cols = cols,
                         .units = 1,
                         .dataflow = dataflow,
                         .policy = policy,
                         .load = rows,
                         .pace_num = 1,
                         .pace_den = 1,
                         .mac_latency = rows + cols - 2,
                         .latency = os ? 2 * rows + cols - 2 : rows + cols - 1,
                         .row_group = 1,
                         .result_buffers = 1,
                         .buffers = 2};
}

double sim_macs_a_cycle(const sim_machine *m)
{
    return (double)(m->units * m->rows * m->cols) * (double)m->pace_den / (double)m->pace_num;
}

sim_product sim_whole_product(int64_t m, int64_t n, int64_t k)
{
    return (sim_product){.m = m,
                         .n = n,
                         .k = k,
                         .block_m = m,
                         .block_n = n,
                         .block_k = k,
                         .result_work = 1,
                         .element_bytes = {4, 4, 4}};
}

sim_product sim_product_oriented(const sim_product *p, sim_machine *machine)
{
    sim_product turned = *p;

    if (machine->dataflow != SIM_IS)
        return turned;
    machine->dataflow = SIM_WS;
    turned.m = p->n;
    turned.n = p->m;
    turned.block_m = p->block_n;
    turned.block_n = p->block_m;
    turned.n_outer = !p->n_outer;
    turned.element_bytes[SIM_LHS] = p->element_bytes[SIM_RHS];
    turned.element_bytes[SIM_RHS] = p->element_bytes[SIM_LHS];
    turned.transposed = false; /* the weight port takes either order */
    turned.resident[SIM_LHS] = p->resident[SIM_RHS];
    turned.resident[SIM_RHS] = p->resident[SIM_LHS];
    return turned;
}

/* What an array side and a product side may be. */
enum { SIDE_MAX = 65536 };

vsh_status sim_check(const sim_machine *machine, const sim_product *p, vsh_error *err)
{
    const struct {
        const char *name;
        int64_t value, most;
    } sides[] = {{"M", p->m, INT64_MAX},
                 {"N", p->n, INT64_MAX},
                 {"K", p->k, INT64_MAX},
                 {"rows of the array", machine->rows, SIDE_MAX},
                 {"columns of the array", machine->cols, SIDE_MAX},
                 {"matrix units", machine->units, SIDE_MAX}};
    int64_t macs;

    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
        if (sides[i].value < 1 || sides[i].value > sides[i].most)
            return vsh_fail(err, VSH_EINPUT, "%s: expected at least 1%s, got %lld", sides[i].name,
                            sides[i].most == SIDE_MAX ? " and at most 65,536" : "",
                            (long long)sides[i].value);
    if (__builtin_mul_overflow(p->m, p->n, &macs) || __builtin_mul_overflow(macs, p->k, &macs))
        return vsh_fail(err, VSH_EINPUT,
                        "%lld x %lld x %lld: the multiply-adds of this product pass 63 bits",
                        (long long)p->m, (long long)p->n, (long long)p->k);
    assert(machine->mac_latency <= machine->latency && p->result_work >= 1);
    assert(p->block_m >= 1 && p->block_m <= p->m && p->block_n >= 1 && p->block_n <= p->n &&
           p->block_k >= 1 && p->block_k <= p->k);
    return VSH_OK;
}
