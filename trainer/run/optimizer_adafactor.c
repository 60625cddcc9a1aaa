/* Adafactor: Shazeer and Stern 2018, arXiv:1804.04235, algorithms 4 and 5 with the rate from
 * outside. The second moment of a matrix is the product of its row means and its column means over
 * the mean of all. A vector is one row whose columns are its elements, and has no row mean.
 *
 * A tensor at a time, in blocks of its rows: sums of squares, the size of the update, the update.
 */
#include "trainer/run/optimizer_update.h"

#include <math.h>

typedef struct {
    const vsh_update *update;
    const vsh_parameter *parameter;
    int64_t rows, cols, blocks;
    float *row, *col;   /* their second moments; a vector has no row */
    double decay;       /* beta2 of this step */
    double mean;        /* of row */
    double step;        /* of the clipped update */
    double *block_sums; /* (blocks) */
    double *col_sums;   /* (blocks, cols) */
} job;

static const double tiny = 1e-30; /* epsilon_1 of the paper */

static int64_t rows_of(const vsh_parameter *p) { return p->cols > 1 ? p->rows : 1; }
static int64_t cols_of(const vsh_parameter *p) { return p->cols > 1 ? p->cols : p->rows; }

int64_t vsh_adafactor_room(const vsh_parameter_list *list)
{
    int64_t most = 0;

    for (int64_t i = 0; i < list->count; i++) {
        const vsh_parameter *p = &list->item[i];
        int64_t room = vsh_row_blocks(rows_of(p)) * (1 + cols_of(p));
        if (p->trained && room > most)
            most = room;
    }
    return most;
}

void vsh_adafactor_sizes(const vsh_parameter_list *list, int64_t *rows, int64_t *cols,
                         int64_t *whole)
{
    *rows = *cols = *whole = 0;
    for (int64_t i = 0; i < list->count; i++) {
        const vsh_parameter *p = &list->item[i];
        if (!p->trained)
            continue;
        if (p->cols > 1) {
            *rows += p->rows;
            *cols += p->cols;
        } else {
            *whole += p->rows;
        }
    }
}

/* A block of rows, VSH_UPDATE_TILE_COLS of its columns from col on. */
static vsh_update_tile tile_at(const job *j, int64_t block, int64_t col)
{
    const vsh_optimizer_arrays *a = j->update->arrays;
    int64_t row = block * VSH_ROW_BLOCK, rows = j->rows - row, cols = j->cols - col;

    return (vsh_update_tile){
        .gradient =
            vsh_at_const(a->gradients, a->element, j->parameter->offset + row * j->cols + col),
        .rows = rows < VSH_ROW_BLOCK ? rows : VSH_ROW_BLOCK,
        .cols = cols < VSH_UPDATE_TILE_COLS ? cols : VSH_UPDATE_TILE_COLS,
        .stride = j->cols,
    };
}

/* The moment after a mean of squares. */
static float moved(const job *j, float moment, double mean)
{
    mean = mean * j->update->scale * j->update->scale + tiny;
    return (float)(j->decay * (double)moment + (1 - j->decay) * mean);
}

static void sum_block(void *context, int64_t block, int thread)
{
    job *j = context;
    const vsh_update_kernels *kernels = &j->update->nn->kernels->update;
    double sums[VSH_ROW_BLOCK] = {0};
    int64_t row = block * VSH_ROW_BLOCK;

    (void)thread;
    for (int64_t col = 0; col < j->cols; col += VSH_UPDATE_TILE_COLS) {
        vsh_update_tile tile = tile_at(j, block, col);
        kernels->tile_squares[j->update->arrays->element](&tile, sums,
                                                          j->col_sums + block * j->cols + col);
    }
    for (int64_t r = 0; j->row && r < VSH_ROW_BLOCK && row + r < j->rows; r++)
        j->row[row + r] = moved(j, j->row[row + r], sums[r] / (double)j->cols);
}

enum { COLS_TOGETHER = 512 };

static void sum_cols(void *context, int64_t part, int thread)
{
    job *j = context;
    int64_t begin = part * COLS_TOGETHER, end = begin + COLS_TOGETHER;

    (void)thread;
    for (int64_t b = 1; b < j->blocks; b++)
        for (int64_t c = begin; c < end && c < j->cols; c++)
            j->col_sums[c] += j->col_sums[b * j->cols + c];
    for (int64_t c = begin; c < end && c < j->cols; c++)
        j->col[c] = moved(j, j->col[c], j->col_sums[c] / (double)j->rows);
}

/* The inverse roots that make an update of the tile's gradients: of rows, scale included, of
 * columns. */
typedef struct {
    float row[VSH_ROW_BLOCK], col[VSH_UPDATE_TILE_COLS];
} factors;

static void find_factors(const job *j, const vsh_update_tile *tile, int64_t block, int64_t col,
                         factors *f)
{
    int64_t row = block * VSH_ROW_BLOCK;

    for (int64_t r = 0; r < tile->rows; r++)
        f->row[r] =
            (float)(j->update->scale * (j->row ? sqrt(j->mean / (double)j->row[row + r]) : 1));
    for (int64_t c = 0; c < tile->cols; c++)
        f->col[c] = 1 / sqrtf(j->col[col + c]);
}

static void measure_block(void *context, int64_t block, int thread)
{
    job *j = context;
    factors *f = vsh_pool_scratch(j->update->nn->pool, thread);
    double sum = 0;

    for (int64_t col = 0; col < j->cols; col += VSH_UPDATE_TILE_COLS) {
        vsh_update_tile tile = tile_at(j, block, col);
        find_factors(j, &tile, block, col, f);
        sum += j->update->nn->kernels->update.tile_update[j->update->arrays->element](&tile, f->row,
                                                                                      f->col);
    }
    j->block_sums[block] = sum;
}

static void apply_block(void *context, int64_t block, int thread)
{
    job *j = context;
    const vsh_update *u = j->update;
    factors *f = vsh_pool_scratch(u->nn->pool, thread);
    float keep = vsh_update_keep(u, j->parameter);

    for (int64_t col = 0; col < j->cols; col += VSH_UPDATE_TILE_COLS) {
        vsh_update_tile tile = tile_at(j, block, col);
        find_factors(j, &tile, block, col, f);
        for (int64_t r = 0; r < tile.rows; r++) {
            int64_t at = j->parameter->offset + (block * VSH_ROW_BLOCK + r) * j->cols + col;
            vsh_update_run run = vsh_update_at(u, at, tile.cols);
            run.moment1 = f->col;
            u->nn->kernels->update.scaled[u->arrays->element](
                keep, (float)(j->step * (double)f->row[r]), &run);
        }
    }
}

/* The update is made smaller where its root mean square is over 1. */
static double clipped_step(const job *j)
{
    double sum = 0;

    for (int64_t b = 0; b < j->blocks; b++)
        sum += j->block_sums[b];
    return j->update->rate / fmax(1, sqrt(sum / ((double)j->rows * (double)j->cols)));
}

static void update_tensor(job *j)
{
    vsh_pool *pool = j->update->nn->pool;

    vsh_pool_run(pool, sum_block, j, j->blocks);
    vsh_pool_run(pool, sum_cols, j, vsh_update_parts(j->cols, COLS_TOGETHER));
    j->mean = 0;
    for (int64_t r = 0; j->row && r < j->rows; r++)
        j->mean += (double)j->row[r] / (double)j->rows;
    vsh_pool_run(pool, measure_block, j, j->blocks);
    j->step = clipped_step(j);
    vsh_pool_run(pool, apply_block, j, j->blocks);
}

void vsh_update_adafactor(vsh_update *u)
{
    float *rows = vsh_update_state(u, "moment2.rows");
    float *cols = vsh_update_state(u, "moment2.cols");
    float *whole = vsh_update_state(u, "moment2");
    double decay = 1 - pow((double)u->step, -0.8);

    for (int64_t i = 0; i < u->list->count; i++) {
        const vsh_parameter *p = &u->list->item[i];
        bool matrix = p->cols > 1;
        job j = {.update = u, .parameter = p, .rows = rows_of(p), .cols = cols_of(p)};
        if (!p->trained)
            continue;
        j.blocks = vsh_row_blocks(j.rows);
        j.row = matrix ? rows : NULL;
        j.col = matrix ? cols : whole;
        j.decay = decay;
        j.block_sums = u->room;
        j.col_sums = u->room + j.blocks;
        update_tensor(&j);
        rows += matrix ? p->rows : 0;
        cols += matrix ? p->cols : 0;
        whole += matrix ? 0 : p->rows;
    }
}
