/* What a tensor is stored as between operations. Arithmetic is always fp32 or wider. */
#ifndef VSH_ELEMENT_H
#define VSH_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum { VSH_F32, VSH_B16, VSH_ELEMENT_COUNT } vsh_element; /* float, or bfloat16 */

/* The upper half of a float. */
typedef uint16_t vsh_bf16;

static inline size_t vsh_element_bytes(vsh_element element) { return element == VSH_F32 ? 4 : 2; }

/* Stored elements: float or vsh_bf16, as the vsh_element beside the pointer says. */
static inline void *vsh_at(void *data, vsh_element element, int64_t index)
{
    return (char *)data + (size_t)index * vsh_element_bytes(element);
}
static inline const void *vsh_at_const(const void *data, vsh_element element, int64_t index)
{
    return (const char *)data + (size_t)index * vsh_element_bytes(element);
}

static inline float vsh_float_of_bf16(vsh_bf16 stored)
{
    uint32_t bits = (uint32_t)stored << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To the nearest, ties to even; a NaN stays one. */
static inline vsh_bf16 vsh_bf16_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffU) > 0x7f800000U)
        return (vsh_bf16)(bits >> 16 | 0x40);
    return (vsh_bf16)((bits + 0x7fffU + (bits >> 16 & 1)) >> 16);
}

/* One stored element, and back with one rounding. */
static inline float vsh_element_get(vsh_element element, const void *data, int64_t index)
{
    return element == VSH_F32 ? ((const float *)data)[index]
                              : vsh_float_of_bf16(((const vsh_bf16 *)data)[index]);
}
static inline void vsh_element_put(vsh_element element, void *data, int64_t index, float value)
{
    if (element == VSH_F32)
        ((float *)data)[index] = value;
    else
        ((vsh_bf16 *)data)[index] = vsh_bf16_of_float(value);
}

#endif
