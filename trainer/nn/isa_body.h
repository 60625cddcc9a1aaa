/* All kernel bodies, for the instruction set of the including file. ISA names the table. Bodies of
 * parts that store elements are read twice: E is the stored type, L and S load and store it, and
 * OF(name) gives each function its own name. */
#include "trainer/nn/isa.h"
#include "trainer/nn/simd.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define E float
#define OF(name) name##_f32
#define LOAD vf_load
#define LOAD_PART vf_load_part
#define STORE vf_store
#define STORE_PART vf_store_part
#include "trainer/nn/element_bodies.h"
#undef E
#undef OF
#undef LOAD
#undef LOAD_PART
#undef STORE
#undef STORE_PART

#define E vsh_bf16
#define OF(name) name##_b16
#define LOAD vf_load_bf16
#define LOAD_PART vf_load_bf16_part
#define STORE vf_store_bf16
#define STORE_PART vf_store_bf16_part
#include "trainer/nn/element_bodies.h"

#include "trainer/nn/gemm_body.h"
#include "trainer/nn/update_body.h"

#define QUOTE_(name) #name
#define QUOTE(name) QUOTE_(name)

const vsh_kernels JOIN(vsh_kernels_, ISA) = {
    .name = QUOTE(ISA),
    .vector = {VSH_VECTOR_TABLE(_f32), VSH_VECTOR_TABLE(_b16)},
    .attention = {VSH_ATTENTION_TABLE(_f32), VSH_ATTENTION_TABLE(_b16)},
    .moe = {VSH_MOE_TABLE(_f32), VSH_MOE_TABLE(_b16)},
    .update = VSH_UPDATE_TABLE,
    .gemm = VSH_GEMM_TABLE,
};
