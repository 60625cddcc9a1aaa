/* The project's own matrix products on one thread, and what prepares operands of 16 and 8 bits for
 * the instructions that multiply them. */
#ifndef VSH_GEMM_KERNELS_H
#define VSH_GEMM_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "trainer/nn/element.h"

/* What is transposed; c is always (m,n), the sum runs over k.
 *   forward  NT   Y (T,N)  = X (T,K) W (N,K)^T       m=T n=N k=K
 *   dgrad    NN   dX (T,K) = dY (T,N) W (N,K)        m=T n=K k=N
 *   wgrad    TN   dW (N,K) = dY (T,N)^T X (T,K)      m=N n=K k=T */
typedef enum { VSH_GEMM_NT, VSH_GEMM_NN, VSH_GEMM_TN, VSH_GEMM_FORMS } vsh_gemm_form;

/* c = alpha product, or with add c += alpha product; fp32, row-major as stored. */
typedef struct {
    vsh_gemm_form form;
    bool add;
    float alpha;
    int64_t m, n, k;
    const float *a, *b;
    float *c;
    int64_t lda, ldb, ldc;
} vsh_product;

/* Bytes of scratch, aligned to 64, that multiply wants, and how few it can do with. */
enum { VSH_PRODUCT_SCRATCH = 400 << 10, VSH_PRODUCT_SCRATCH_LEAST = 112 << 10 };

/* Units are 32 bits: two bf16 or four int8, neighbours along k. A step is the 16 units that the
 * instructions take at once; a panel is 16 columns of b, step after step, rows of 16 units:
 *
 *   panel [step][unit of the step][column]
 *
 * What lies beyond the operand's edge is zero. */
enum { VSH_UNITS = 16, VSH_PANEL_COLS = 16, VSH_STEP_BYTES = 64, VSH_STRIP_ROWS = 32 };

/* c (rows, 16 panels) = or += the dot products of rows with columns of panels: fp32 sums of bf16,
 * or int32 of int8. There are at most VSH_STRIP_ROWS rows, but rows and c have room for 16 or 32,
 * and what is beyond row_count may be computed too. */
typedef struct {
    const void *rows;
    int64_t row_bytes, row_count;
    const void *next; /* rows of the next strip, as far apart, wanted soon; NULL: none */
    const void *panels;
    int64_t panel_count, steps;
    void *c;
    int64_t ldc;
    bool add;
} vsh_strip;

typedef void vsh_strip_dot(const vsh_strip *strip);

/* A finished part of c, fp32: where it goes. turned: out(col,row). */
typedef struct {
    const float *c;
    int64_t ldc, rows, cols;
    vsh_element element;
    void *out;
    int64_t ldout;
    bool add, turned;
} vsh_gemm_store;

typedef struct {
    void (*multiply)(const vsh_product *product, void *scratch, int64_t scratch_bytes);

    /* to (rows, cols) fp32, rows ldto apart */
    void (*widen)(const vsh_bf16 *from, int64_t ld, int64_t rows, int64_t cols, float *to,
                  int64_t ldto);
    void (*store)(const vsh_gemm_store *store);

    /* One panel from at most 16 rows of units (NT), bytes long. */
    void (*panel_of_rows)(const void *rows, int64_t row_bytes, int64_t count, int64_t bytes,
                          void *panel);
    /* All panels from count columns of a matrix (k, columns) of bf16 (NN, TN). */
    void (*panels_of_columns)(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k,
                              void *panels);
    /* Rows of units from at most 32 columns of a matrix (k, columns) of bf16 (TN), padded with
     * zeros to whole steps; all 32 rows are written. */
    void (*rows_of_columns)(const vsh_bf16 *from, int64_t ld, int64_t count, int64_t k, void *rows,
                            int64_t row_bytes);

    /* Largest magnitude of a row; NaN when there is one. */
    float (*largest)(vsh_element element, const void *row, int64_t count);
    /* Nearest integers of row x factor, all within 127, the rest of capacity zero. */
    void (*quantize)(vsh_element element, const void *row, int64_t count, float factor, int8_t *to,
                     int64_t capacity);
    /* c (rows, cols), integers, become c row_scale col_scale as fp32, in place. */
    void (*dequantize)(void *c, int64_t ldc, int64_t rows, int64_t cols, const float *row_scale,
                       const float *col_scale);
    vsh_strip_dot *dot_int8;
} vsh_gemm_kernels;

#define VSH_GEMM_TABLE                                                                             \
    {                                                                                              \
        .multiply = gemm_multiply, .widen = gemm_widen, .store = gemm_store,                       \
        .panel_of_rows = panel_of_rows, .panels_of_columns = panels_of_columns,                    \
        .rows_of_columns = rows_of_columns, .largest = largest_of, .quantize = quantize_row,       \
        .dequantize = dequantize_strip, .dot_int8 = dot_int8_strip,                                \
    }

#endif
