#include "trainer/nn/kernels.h"

#include <stdbool.h>
#include <string.h>

#include "trainer/nn/isa.h"

/* Best first. */
static const vsh_kernels *const all[] = {
#if defined(__x86_64__)
    &vsh_kernels_avx512, &vsh_kernels_avx2,
#endif
    &vsh_kernels_plain};

static bool runs_here(const vsh_kernels *kernels)
{
#if defined(__x86_64__)
    if (kernels == &vsh_kernels_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
    if (kernels == &vsh_kernels_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return true;
}

const vsh_kernels *vsh_kernels_find(void)
{
    size_t i = 0;

    while (!runs_here(all[i]))
        i++;
    return all[i];
}

const vsh_kernels *vsh_kernels_named(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0 && runs_here(all[i]))
            return all[i];
    return NULL;
}
