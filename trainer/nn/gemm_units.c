#define _GNU_SOURCE
#include "trainer/nn/gemm_units.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__)

/* Intel SDM volume 2, CPUID leaf 7: sub-leaf 0 EDX and ECX, sub-leaf 1 EAX. */
static bool cpuid_bit(unsigned subleaf, char which, int bit)
{
    unsigned eax, ebx, ecx, edx, value;

    if (!__get_cpuid_count(7, subleaf, &eax, &ebx, &ecx, &edx))
        return false;
    value = which == 'a' ? eax : which == 'c' ? ecx : edx;
    return (value >> bit & 1) != 0;
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

/* Linux gives the registers of AMX to a process that asks: arch_prctl ARCH_REQ_XCOMP_PERM of the
 * state component XTILEDATA (Documentation/arch/x86/xstate.rst). Asking again does no harm. */
static bool amx_is_given(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };

    return has_avx512() && cpuid_bit(0, 'd', 24) &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool has_amx_bf16(void) { return cpuid_bit(0, 'd', 22) && amx_is_given(); }
static bool has_amx_int8(void) { return cpuid_bit(0, 'd', 25) && amx_is_given(); }
static bool has_avx512_bf16(void) { return has_avx512() && cpuid_bit(1, 'a', 5); }
static bool has_avx512_vnni(void) { return has_avx512() && cpuid_bit(0, 'c', 11); }

typedef struct {
    vsh_units units;
    bool (*present)(void);
} candidate;

/* Best first. */
static const candidate bf16[] = {
    {{"amx-bf16", vsh_amx_dot_bf16, vsh_amx_begin, vsh_amx_end}, has_amx_bf16},
    {{"avx512-bf16", vsh_avx512_dot_bf16, NULL, NULL}, has_avx512_bf16},
    {{NULL}, NULL}};
static const candidate int8[] = {
    {{"amx-int8", vsh_amx_dot_int8, vsh_amx_begin, vsh_amx_end}, has_amx_int8},
    {{"avx512-vnni", vsh_avx512_dot_int8, NULL, NULL}, has_avx512_vnni},
    {{NULL}, NULL}};

static vsh_units find(const candidate *list, const char *name)
{
    for (; list->present; list++)
        if ((!name || strncmp(name, list->units.name, strlen(name)) == 0) && list->present())
            return list->units;
    return (vsh_units){.name = ""};
}

vsh_units vsh_units_bf16(const char *name) { return find(bf16, name); }
vsh_units vsh_units_int8(const char *name) { return find(int8, name); }

#else

vsh_units vsh_units_bf16(const char *name) { return (void)name, (vsh_units){.name = ""}; }
vsh_units vsh_units_int8(const char *name) { return (void)name, (vsh_units){.name = ""}; }

#endif
