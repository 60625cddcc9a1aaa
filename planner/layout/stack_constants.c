#include "planner/layout/stack_constants.h"

#include <assert.h>
#include <string.h>

#define AT(field) offsetof(vsh_stack, field)

const vsh_stack_constant vsh_stack_constants[VSH_STACK_CONSTANTS] = {
    {"matrix", AT(matrix), 0.2, 1, "share of the peak that a long matrix product holds"},
    {"memory", AT(memory), 0.2, 1, "share of the memory's bandwidth that kernels reach"},
    {"attention", AT(attention), 0.02, 1, "share of the peak of attention, heads 128 wide"},
    {"dispatch", AT(dispatch), 0, 500e-6, "seconds of the host to begin an operation"},
    {"link_fast", AT(link_fast), 0.1, 1, "share of the fast links that collectives reach"},
    {"link_slow", AT(link_slow), 0.1, 1, "share of the links between domains"},
    {"overlap", AT(overlap), 0, 1, "share of overlappable communication that is hidden"},
    {"wait", AT(wait), 0, 2e-3, "seconds a collective waits for the last of its hosts"}};

/* What stands where a profile says nothing, by kind of machine: TPU, GPU, CPU. All assumed.
 *   matrix     the median of the best measured products (stas00/ml-engineering@744d01e18b
 *              compute/accelerator/README.md, bf16: 0.51 to 0.97) is 0.80; a systolic array's loss
 *              is in its bubbles and padding, XLA on TPU v5e holds 0.98 of what they leave
 *              (jax-ml/jax@1082251c docs/pallas/tpu/matmul.ipynb)
 *   memory     what TPU v4 and v7 (0.82, 0.87) and A100 and H100 (0.81, 0.87) were measured at
 *   attention  FlashAttention-2 (arXiv:2307.08691, section 4.1): 50-73 % of an A100's peak forward,
 *              less backward; no TPU's is published, the same is taken
 *   dispatch   a compiled program begins its operations by itself
 *   link_slow  what remains of the wire under headers, recalled
 *   overlap    a TPU's and a CPU's network runs by itself; NCCL takes a share of the SMs while it
 *              runs, 0.15 over NVLink (calculon-ai/calculon systems/a100_80e.json,
 *              processor_usage; from memory)
 *   wait       a step shows it, a kernel cannot */
static const vsh_stack usual[] = {
    [VSH_TPU] = {0.98, 0.85, 0.5, 0, 1, 0.9, 1, 0},
    [VSH_GPU] = {0.80, 0.82, 0.5, 23.3e-6, 0.783, 0.9, 0.85, 0},
    [VSH_CPU] = {0.80, 0.82, 0.5, 0, 0.9, 0.9, 1, 0},
};

/* A TPU's dispatch is of a whole program, not of an operation. */
static const vsh_figure *dispatch_of(const vsh_hardware *h)
{
    return h->kind == VSH_GPU ? &h->kernel_dispatch : NULL;
}

const vsh_figure *vsh_stack_origin(const vsh_hardware *h, int constant)
{
    const vsh_figure *figures[VSH_STACK_CONSTANTS] = {&h->matrix_efficiency,
                                                      &h->memory_efficiency,
                                                      &h->kernel_attention,
                                                      dispatch_of(h),
                                                      &h->link_efficiency,
                                                      &h->inter_efficiency,
                                                      NULL,
                                                      NULL};

    assert(constant >= 0 && constant < VSH_STACK_CONSTANTS);
    return figures[constant] && figures[constant]->known ? figures[constant] : NULL;
}

vsh_stack vsh_stack_pure(const vsh_hardware *hardware)
{
    vsh_stack stack = usual[hardware->kind];

    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_figure *figure = vsh_stack_origin(hardware, i);
        if (figure)
            *vsh_stack_value(&stack, &vsh_stack_constants[i]) = figure->value;
    }
    return stack;
}

vsh_stack vsh_stack_calibrated(const vsh_hardware *hardware, const vsh_stack_figures *figures)
{
    vsh_stack stack = vsh_stack_pure(hardware);

    for (int i = 0; figures && i < VSH_STACK_CONSTANTS; i++)
        if (figures->figure[i].known)
            *vsh_stack_value(&stack, &vsh_stack_constants[i]) = figures->figure[i].value;
    return stack;
}

vsh_status vsh_stack_find(const vsh_hardware *h, const char *name,
                          const vsh_stack_figures **figures, vsh_error *err)
{
    const char *names[VSH_STACKS_MAX + 1];
    char suggestion[160];

    *figures = NULL;
    if ((name && strcmp(name, "none") == 0) || (!name && h->stack_count == 0))
        return VSH_OK;
    for (int i = 0; i < h->stack_count; i++) {
        names[i] = h->stack[i].name;
        if (!name || strcmp(name, names[i]) == 0) {
            *figures = &h->stack[i];
            return VSH_OK;
        }
    }
    names[h->stack_count] = "none";
    vsh_suggest(suggestion, sizeof suggestion, name, names, (size_t)h->stack_count + 1);
    return vsh_fail(err, VSH_EINPUT, "--stack: %s has no stack \"%.60s\"%s", h->name, name,
                    suggestion);
}
