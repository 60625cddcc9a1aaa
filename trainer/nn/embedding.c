#include "trainer/nn/embedding.h"

#include <assert.h>
#include <string.h>

typedef struct {
    const vsh_nn *nn;
    vsh_element element;
    int64_t rows, seq, start, width;
    const int32_t *tokens;
    const void *table, *position;
    void *out;
} forward_job;

static void forward_part(void *context, int64_t part, int thread)
{
    const forward_job *j = context;
    const vsh_vector_kernels *kernels = &j->nn->kernels->vector[j->element];
    int64_t row = part * VSH_ROW_BLOCK, end = row + VSH_ROW_BLOCK;

    (void)thread;
    for (; row < end && row < j->rows; row++) {
        const void *token = vsh_at_const(j->table, j->element, j->tokens[row] * j->width);
        void *out = vsh_at(j->out, j->element, row * j->width);
        int64_t at = j->start + row % j->seq;
        if (j->position)
            kernels->add(j->width, token, vsh_at_const(j->position, j->element, at * j->width),
                         out);
        else
            memcpy(out, token, (size_t)j->width * vsh_element_bytes(j->element));
    }
}

void vsh_embedding_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq,
                           int64_t start, int64_t width, const int32_t *tokens, const void *table,
                           const void *position, void *out)
{
    forward_job job = {nn, element, rows, seq, start, width, tokens, table, position, out};

    assert(rows >= 0 && seq > 0 && width > 0);
    vsh_pool_run(nn->pool, forward_part, &job, vsh_row_blocks(rows));
}

/* ---- backward ------------------------------------------------------------------------------ */

/* Columns that go to a thread together, and rows that are sorted together. */
enum { COLUMNS = 64, ROWS = 1 << 16 };

/* Rows are sorted by token, equal ones in order: all rows of a token are added up in fp32 before
 * they meet the stored type, in which many small steps onto a large sum would be lost. */
typedef struct {
    int32_t token, row;
} occurrence;

/* Lies in the caller's scratch, of which parts of this work use nothing. */
typedef struct {
    occurrence lists[2][ROWS];
    int32_t rows[ROWS];
} room;

_Static_assert(sizeof(room) <= VSH_SCRATCH_BYTES, "the lists fit");

typedef struct {
    const vsh_vector_kernels *kernels;
    vsh_element element;
    int64_t count, seq, width;
    const occurrence *sorted;
    const int32_t *rows; /* of sorted */
    const void *dout;
    void *dtable, *dposition;
} backward_job;

/* By digits of 8 bits, the lowest first; returns the list that the last pass wrote. */
static const occurrence *sort_by_token(int64_t count, occurrence *list, occurrence *other)
{
    int32_t all = 0;

    for (int64_t i = 0; i < count; i++)
        all |= list[i].token;
    for (int shift = 0; shift < 32 && all >> shift; shift += 8) {
        occurrence *written = other;
        int64_t first[257] = {0};
        for (int64_t i = 0; i < count; i++)
            first[((list[i].token >> shift) & 255) + 1]++;
        for (int digit = 0; digit < 256; digit++)
            first[digit + 1] += first[digit];
        for (int64_t i = 0; i < count; i++)
            other[first[(list[i].token >> shift) & 255]++] = list[i];
        other = list;
        list = written;
    }
    return list;
}

static void sort_rows(backward_job *j, int64_t row, const int32_t *tokens, room *r)
{
    for (int64_t i = 0; i < j->count; i++)
        r->lists[0][i] = (occurrence){tokens[row + i], (int32_t)(row + i)};
    j->sorted = sort_by_token(j->count, r->lists[0], r->lists[1]);
    for (int64_t i = 0; i < j->count; i++)
        r->rows[i] = j->sorted[i].row;
    j->rows = r->rows;
}

static int64_t columns_at(const backward_job *j, int64_t column)
{
    return j->width - column < COLUMNS ? j->width - column : COLUMNS;
}

static void token_columns(void *context, int64_t part, int thread)
{
    const backward_job *j = context;
    int64_t column = part * COLUMNS, columns = columns_at(j, column), end;
    const void *dout = vsh_at_const(j->dout, j->element, column);
    float sums[COLUMNS];

    (void)thread;
    for (int64_t i = 0; i < j->count; i = end) {
        int32_t token = j->sorted[i].token;
        for (end = i + 1; end < j->count && j->sorted[end].token == token;)
            end++;
        j->kernels->sum_listed(end - i, j->rows + i, columns, j->width, dout, sums);
        j->kernels->add_sums(columns, sums,
                             vsh_at(j->dtable, j->element, token * j->width + column));
    }
}

static void position_columns(void *context, int64_t part, int thread)
{
    const backward_job *j = context;
    int64_t column = part * COLUMNS, columns = columns_at(j, column);
    float sums[COLUMNS];

    (void)thread;
    for (int64_t p = 0; p < j->seq && p < j->count; p++) {
        int64_t at = p * j->width + column, sequences = (j->count - p + j->seq - 1) / j->seq;
        j->kernels->sum_rows(sequences, columns, j->seq * j->width,
                             vsh_at_const(j->dout, j->element, at), sums);
        j->kernels->add_sums(columns, sums, vsh_at(j->dposition, j->element, at));
    }
}

void vsh_embedding_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t seq,
                            int64_t width, const int32_t *tokens, const void *dout, void *dtable,
                            void *dposition)
{
    int64_t parts = (width + COLUMNS - 1) / COLUMNS;
    backward_job job = {.kernels = &nn->kernels->vector[element],
                        .element = element,
                        .seq = seq,
                        .width = width,
                        .dout = dout,
                        .dtable = dtable,
                        .dposition = dposition};

    assert(rows >= 0 && rows <= INT32_MAX && seq > 0 && width > 0);
    for (int64_t row = 0; row < rows; row += ROWS) {
        job.count = rows - row < ROWS ? rows - row : ROWS;
        sort_rows(&job, row, tokens, vsh_pool_scratch(nn->pool, 0));
        vsh_pool_run(nn->pool, token_columns, &job, parts);
    }
    job.count = rows;
    if (dposition)
        vsh_pool_run(nn->pool, position_columns, &job, parts);
}
