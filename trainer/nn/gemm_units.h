/* Instructions that multiply 16- and 8-bit operands, where the processor has them; found at run
 * time. AMX multiplies tiles; AVX-512 has dot products of pairs (BF16) and fours (VNNI). */
#ifndef VSH_GEMM_UNITS_H
#define VSH_GEMM_UNITS_H

#include "trainer/nn/gemm_kernels.h"

typedef struct {
    const char *name;    /* "amx-bf16", "avx512-bf16", ...; "" without */
    vsh_strip_dot *dot;  /* NULL: without */
    void (*begin)(void); /* on a thread, before strips; may be NULL */
    void (*end)(void);   /* after them */
} vsh_units;

/* The best of a kind, or of those whose name begins so; without when the processor has none. The
 * kernel is asked once for the right to use AMX; when it refuses, the next best is given. */
vsh_units vsh_units_bf16(const char *name);
vsh_units vsh_units_int8(const char *name);

#if defined(__x86_64__)
vsh_strip_dot vsh_amx_dot_bf16, vsh_amx_dot_int8, vsh_avx512_dot_bf16, vsh_avx512_dot_int8;
void vsh_amx_begin(void);
void vsh_amx_end(void);
#endif

#endif
