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
    {"wait", AT(wait), 0, 2e-3, "seconds a collective waits for the last of its hosts"},
    {"blend", AT(blend), 0, 1, "chip and host: 0 the longer of the two, 1 their sum"}};

/* What stands where a profile says nothing: by kind of machine (TPU, GPU, CPU), all assumed. */
static const struct {
    double value[3];
    const char *source;
} usual[VSH_STACK_CONSTANTS] = {
    {{0.98, 0.80, 0.80},
     "the median of the best measured products of stas00/ml-engineering@744d01e18b "
     "compute/accelerator/README.md is 0.80; of a TPU, beside its bubbles and padding, XLA on v5e "
     "(jax-ml/jax@1082251c docs/pallas/tpu/matmul.ipynb)"},
    {{0.85, 0.82, 0.82}, "what TPU v4 and v7 (0.82, 0.87), A100 and H100 (0.81, 0.87) measure"},
    {{0.5, 0.5, 0.5},
     "FlashAttention-2 (arXiv:2307.08691) section 4.1: 0.50 to 0.73 of an A100; no TPU's is known"},
    {{0, 23.3e-6, 0}, "the A100's product of LLMCompass; a compiled program begins by itself"},
    {{1, 0.783, 0.9}, "the A100's NCCL rings; a TPU's links are given as they are reached"},
    {{0.9, 0.9, 0.9}, "the wire less headers and congestion, recalled"},
    {{1, 0.85, 1},
     "NCCL takes a share of the SMs while it runs, 0.15 over NVLink (calculon-ai/calculon "
     "systems/a100_80e.json, processor_usage; from memory); other networks run by themselves"},
    {{0, 0, 0}, "all hosts are equally fast: only a step can tell otherwise"},
    {{0, 0, 0}, "a queue never empties: only a step can tell otherwise"}};

/* A TPU's dispatch is of a whole program, not of an operation. */
static const vsh_figure *known_figure(const vsh_hardware *h, int constant)
{
    const vsh_figure *figures[VSH_STACK_CONSTANTS] = {&h->matrix_efficiency,
                                                      &h->memory_efficiency,
                                                      &h->kernel_attention,
                                                      h->kind == VSH_GPU ? &h->kernel_dispatch
                                                                         : NULL,
                                                      &h->link_efficiency,
                                                      &h->inter_efficiency,
                                                      NULL,
                                                      NULL};

    return figures[constant] && figures[constant]->known ? figures[constant] : NULL;
}

vsh_figure vsh_stack_figure(const vsh_hardware *h, int constant)
{
    const vsh_figure *known;
    double value;

    assert(constant >= 0 && constant < VSH_STACK_CONSTANTS);
    known = known_figure(h, constant);
    value = usual[constant].value[h->kind];
    return known ? *known
                 : (vsh_figure){.known = true,
                                .value = value,
                                .low = value,
                                .high = value,
                                .source = usual[constant].source,
                                .date = "2026",
                                .tag = VSH_TAG_ASSUMED};
}

vsh_stack vsh_stack_pure(const vsh_hardware *hardware)
{
    vsh_stack stack;

    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        *vsh_stack_value(&stack, &vsh_stack_constants[i]) = vsh_stack_figure(hardware, i).value;
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
