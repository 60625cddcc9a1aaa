#define _GNU_SOURCE /* syscall */
#include "core/kernel_loop.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

typedef float lanes16 __attribute__((vector_size(16), may_alias)); /* by bytes */
typedef float lanes32 __attribute__((vector_size(32), may_alias));
typedef float lanes64 __attribute__((vector_size(64), may_alias));

/* Twelve chains of dependent steps cover the latency of two units of up to six clocks, and fit
 * the sixteen registers of AVX2 beside the operands x and y. All start from memory and end there,
 * so the compiler knows no value and drops no step. */
#define EACH(DO, argument)                                                                         \
    DO(0, argument)                                                                                \
    DO(1, argument)                                                                                \
    DO(2, argument) DO(3, argument) DO(4, argument) DO(5, argument) DO(6, argument)                \
        DO(7, argument) DO(8, argument) DO(9, argument) DO(10, argument) DO(11, argument)
#define REGISTER(i, vector) (*(vector *)(registers->bytes + VSH_REGISTER_BYTES * (i)))
#define LOAD(i, vector) vector r##i = REGISTER(i, const vector);
#define STORE(i, vector) REGISTER(i, vector) = r##i;

/* One step of chain i. The instruction is named: gcc 12 turns r * x + y into two under
 * -ffp-contract=off, and puts a register move beside every _mm512_dpbusd_epi32. */
#define STEP_IN_C(i, unused) r##i = r##i * x + y;
#if defined(__aarch64__)
#define STEP(i, instruction)                                                                       \
    __asm__(instruction " %0.4s, %1.4s, %2.4s" : "+w"(r##i) : "w"(x), "w"(y));
#else
#define STEP(i, instruction) __asm__(instruction " %2, %1, %0" : "+v"(r##i) : "v"(x), "v"(y));
#endif

/* A sanitizer would keep the chains in memory, and time that. */
#define UNSANITIZED __attribute__((no_sanitize("address", "undefined", "thread")))

#define LOOP(name, attribute, vector, step, instruction)                                           \
    UNSANITIZED attribute static void name(vsh_loop_registers *registers, int64_t iterations)      \
    {                                                                                              \
        EACH(LOAD, vector)                                                                         \
        vector x = REGISTER(VSH_LOOP_CHAINS, const vector);                                        \
        vector y = REGISTER(VSH_LOOP_CHAINS + 1, const vector);                                    \
                                                                                                   \
        for (; iterations > 0; iterations--) {                                                     \
            EACH(step, instruction)                                                                \
        }                                                                                          \
        EACH(STORE, vector)                                                                        \
    }

#define TRIAD(name, attribute, vector)                                                             \
    attribute static void name(float *a, const float *b, const float *c, int64_t count)            \
    {                                                                                              \
        for (; count > 0; count -= (int64_t)(sizeof(vector) / sizeof *a)) {                        \
            *(vector *)a = *(const vector *)b + 0.5f * *(const vector *)c;                         \
            a += sizeof(vector) / sizeof *a;                                                       \
            b += sizeof(vector) / sizeof *b;                                                       \
            c += sizeof(vector) / sizeof *c;                                                       \
        }                                                                                          \
    }

TRIAD(triad_16, , lanes16)
#if defined(__x86_64__)
#define TARGET(features) __attribute__((target(features)))
LOOP(loop_plain, , lanes16, STEP_IN_C, )
LOOP(loop_fma_32, TARGET("avx2"), lanes32, STEP, "vfmadd213ps")
LOOP(loop_fma_64, TARGET("avx512f"), lanes64, STEP, "vfmadd213ps")
LOOP(loop_bf16_64, TARGET("avx512f"), lanes64, STEP, "vdpbf16ps")
LOOP(loop_int8_64, TARGET("avx512f"), lanes64, STEP, "vpdpbusd")
LOOP(loop_int8_32, TARGET("avx2"), lanes32, STEP, "%{vex%} vpdpbusd")
TRIAD(triad_32, TARGET("avx2"), lanes32)
TRIAD(triad_64, TARGET("avx512f"), lanes64)

/* AVX-VNNI: CPUID leaf 7, subleaf 1, EAX bit 4. clang 14 has no word to ask for it. */
static bool has_avx_vnni(void)
{
    unsigned a, b, c, d;

    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1u << 4;
}

/* AMX multiplies tiles of 16 rows of 64 bytes: six sums, two operands, all eight tiles. The sums
 * begin at zero and the operands hold the registers' own bytes, so nothing is denormal. */
enum { TILE_SUMS = 6, TILE_ROWS = 16 };

static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes = {.palette = 1,
                 .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                 .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

#define TILE_LOOP(name, features, multiply)                                                        \
    UNSANITIZED TARGET(features) static void name(vsh_loop_registers *registers,                   \
                                                  int64_t iterations)                              \
    {                                                                                              \
        _tile_loadconfig(&tile_shapes);                                                            \
        _tile_zero(0);                                                                             \
        _tile_zero(1);                                                                             \
        _tile_zero(2);                                                                             \
        _tile_zero(3);                                                                             \
        _tile_zero(4);                                                                             \
        _tile_zero(5);                                                                             \
        _tile_loadd(6, registers->bytes + VSH_LOOP_CHAINS * VSH_REGISTER_BYTES, 0);                \
        _tile_loadd(7, registers->bytes + VSH_LOOP_CHAINS * VSH_REGISTER_BYTES, 0);                \
        for (; iterations > 0; iterations--) {                                                     \
            multiply(0, 6, 7);                                                                     \
            multiply(1, 6, 7);                                                                     \
            multiply(2, 6, 7);                                                                     \
            multiply(3, 6, 7);                                                                     \
            multiply(4, 6, 7);                                                                     \
            multiply(5, 6, 7);                                                                     \
        }                                                                                          \
        _tile_stored(0, registers->bytes, 0);                                                      \
        _tile_release();                                                                           \
    }

TILE_LOOP(loop_amx_bf16, "amx-tile,amx-bf16", _tile_dpbf16ps)
TILE_LOOP(loop_amx_int8, "amx-tile,amx-int8", _tile_dpbssd)

/* CPUID leaf 7, EDX bits 22 (bf16), 24 (tiles), 25 (int8); Linux lends the tiles' registers to a
 * process that asks (Documentation/arch/x86/xstate.rst). */
static bool has_amx(int bit)
{
    enum { TILES = 24, REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> TILES & 1) || !(d >> bit & 1))
        return false;
#if defined(__linux__) && defined(SYS_arch_prctl)
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
}
#elif defined(__aarch64__)
LOOP(loop_fma_16, , lanes16, STEP, "fmla")
#else
LOOP(loop_plain, , lanes16, STEP_IN_C, )
#endif

/* By the operations of one instruction; an iteration has one for each chain. */
#define KERNEL(run, operations, name)                                                              \
    ((vsh_kernel_loop){run, {VSH_LOOP_CHAINS * (operations)}, name})

#if defined(__x86_64__)
/* The same of a product of two tiles. */
#define TILE_KERNEL(run, operations, name)                                                         \
    ((vsh_kernel_loop){run, {TILE_SUMS * TILE_ROWS * TILE_ROWS * (operations)}, name})
#endif

vsh_kernel_loops vsh_kernel_loops_find(void)
{
    vsh_kernel_loops found = {.triad = triad_16};

#if defined(__x86_64__)
    found.loop[VSH_FP32] = KERNEL(loop_plain, 8, "SSE multiply and add");
    if (__builtin_cpu_supports("avx512f")) {
        found.loop[VSH_FP32] = KERNEL(loop_fma_64, 32, "AVX-512 FMA");
        found.triad = triad_64;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found.loop[VSH_FP32] = KERNEL(loop_fma_32, 16, "AVX2 FMA");
        found.triad = triad_32;
    }
    if (__builtin_cpu_supports("avx512bf16"))
        found.loop[VSH_BF16] = KERNEL(loop_bf16_64, 64, "AVX-512 VDPBF16PS");
    if (__builtin_cpu_supports("avx512vnni"))
        found.loop[VSH_INT8] = KERNEL(loop_int8_64, 128, "AVX-512 VPDPBUSD");
    else if (has_avx_vnni())
        found.loop[VSH_INT8] = KERNEL(loop_int8_32, 64, "AVX-VNNI VPDPBUSD");
    if (has_amx(22))
        found.loop[VSH_BF16] = TILE_KERNEL(loop_amx_bf16, 64, "AMX TDPBF16PS");
    if (has_amx(25))
        found.loop[VSH_INT8] = TILE_KERNEL(loop_amx_int8, 128, "AMX TDPBSSD");
#elif defined(__aarch64__)
    found.loop[VSH_FP32] = KERNEL(loop_fma_16, 8, "NEON FMLA");
#else
    found.loop[VSH_FP32] = KERNEL(loop_plain, 8, "multiply and add in C");
#endif
    return found;
}

/* x = 0.5 and y = 1: a float chain ends at 2 or stops growing at 2^23, never near a denormal; the
 * bf16 pairs inside are (0, 0.5) and (0, 1); the integer loop takes any bits and wraps. */
void vsh_loop_registers_fill(vsh_loop_registers *registers)
{
    for (size_t at = 0; at < sizeof registers->bytes; at += sizeof(float)) {
        size_t i = at / VSH_REGISTER_BYTES;
        float value = i == VSH_LOOP_CHAINS  ? 0.5f
                      : i > VSH_LOOP_CHAINS ? 1.0f
                                            : 1.0f + 0.0625f * (float)i;
        memcpy(registers->bytes + at, &value, sizeof value);
    }
}
