#include "sim/reference_array.h"

#include <assert.h>
#include <string.h>

#include "sim/whole.h"

/* Whether a stream's first and last values take the times that hops from element to element take.
 */
static bool is_mesh(const sim_machine *m)
{
    bool os = m->dataflow == SIM_OS;

    return (os || m->load == m->rows) && m->mac_latency == m->rows + m->cols - 2 &&
           m->latency == (os ? 2 * m->rows : m->rows + 1) + m->cols - 2 &&
           m->pace_num >= m->pace_den;
}

static bool init_lines(sim_array *a, vsh_arena *arena)
{
    const sim_machine *m = a->machine;

    a->depth = sim_max(m->latency, a->skewed ? a->rows + a->cols : 0) + 1;
    a->weights_depth = a->cols;
    a->waves = vsh_alloc(arena, (size_t)a->depth, sizeof *a->waves);
    a->weights = vsh_alloc(arena, (size_t)a->weights_depth, sizeof *a->weights);
    if (!a->waves || !a->weights)
        return false;
    for (int64_t i = 0; i < a->depth; i++) {
        a->waves[i].fold = a->waves[i].begins = -1;
        a->waves[i].left = vsh_alloc(arena, (size_t)(a->row_room * a->rows), sizeof(int32_t));
        a->waves[i].top = vsh_alloc(arena, (size_t)(a->row_room * a->cols), sizeof(int32_t));
        if (!a->waves[i].left || !a->waves[i].top)
            return false;
    }
    for (int64_t i = 0; i < a->weights_depth; i++) {
        a->weights[i].row = -1;
        a->weights[i].values = vsh_alloc(arena, (size_t)a->cols, sizeof(int32_t));
        if (!a->weights[i].values)
            return false;
    }
    return true;
}

bool sim_array_init(sim_array *a, vsh_arena *arena, const sim_machine *machine,
                    sim_fold_state *folds)
{
    size_t elements = (size_t)(machine->rows * machine->cols), cols = (size_t)machine->cols;

    *a = (sim_array){.machine = machine,
                     .folds = folds,
                     .skewed = is_mesh(machine),
                     .rows = machine->rows,
                     .cols = machine->cols,
                     .row_room = (machine->pace_num - 1 + machine->pace_den) / machine->pace_num};
    int32_t **registers[] = {&a->act, &a->weight, &a->shadow, &a->coming, &a->tag};
    int64_t **sums[] = {&a->sum, &a->held, &a->leaving};
    int64_t **columns[] = {&a->drain_left, &a->drain_fold, &a->enabled, &a->zeros};

    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        if (!(*registers[i] = vsh_alloc(arena, elements, sizeof(int32_t))))
            return false;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!(*sums[i] = vsh_alloc(arena, elements, sizeof(int64_t))))
            return false;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (!(*columns[i] = vsh_alloc(arena, cols, sizeof(int64_t))))
            return false;
    for (size_t i = 0; i < elements; i++)
        a->tag[i] = -1;
    return init_lines(a, arena);
}

/* ---- the lines ----------------------------------------------------------------------------- */

/* What entered d cycles ago; d is below the line's depth. */
static sim_wave *entered(const sim_array *a, int64_t d)
{
    int64_t at = a->head + d;

    return &a->waves[at < a->depth ? at : at - a->depth];
}

static const sim_weights *weights_entered(const sim_array *a, int64_t d)
{
    int64_t at = a->weights_head + d;

    return &a->weights[at < a->weights_depth ? at : at - a->weights_depth];
}

/* Until everything that is in the array has left it: also the last weights, R + C cycles. */
static void wake(sim_array *a) { a->busy = sim_max(a->depth, a->rows + a->cols); }

void sim_array_begin(sim_array *a, int64_t fold)
{
    size_t elements = (size_t)(a->rows * a->cols);

    entered(a, 0)->begins = fold;
    wake(a);
    if (a->skewed)
        return;
    if (a->machine->dataflow == SIM_OS)
        memset(a->sum, 0, elements * sizeof *a->sum);
    else
        memcpy(a->weight, a->shadow, elements * sizeof *a->weight);
}

void sim_array_look(sim_array *a)
{
    int64_t fold = entered(a, a->machine->latency)->begins;

    if (fold >= 0 && a->machine->dataflow != SIM_OS)
        a->folds[fold].coming = true;
}

sim_wave *sim_array_wave(sim_array *a, int64_t fold)
{
    sim_wave *wave = entered(a, 0);

    wake(a);
    wave->fold = fold;
    memset(wave->left, 0, (size_t)(a->row_room * a->rows) * sizeof *wave->left);
    memset(wave->top, 0, (size_t)(a->row_room * a->cols) * sizeof *wave->top);
    return wave;
}

int32_t *sim_array_weights(sim_array *a, int64_t row)
{
    sim_weights *weights = &a->weights[a->weights_head];

    if (!a->skewed)
        return a->shadow + row * a->cols;
    wake(a);
    weights->row = row;
    return weights->values;
}

static void advance(sim_array *a)
{
    sim_wave *wave;

    a->head = (a->head > 0 ? a->head : a->depth) - 1;
    wave = entered(a, 0);
    wave->fold = wave->begins = -1;
    wave->ends = false;
    a->weights_head = (a->weights_head > 0 ? a->weights_head : a->weights_depth) - 1;
    a->weights[a->weights_head].row = -1;
    a->busy--;
}

static void show(sim_array *a, int64_t fold, int64_t at, int64_t value)
{
    sim_fold_state *state = &a->folds[fold];

    state->values[at] = value;
    state->left--;
    state->out = state->left == 0;
    state->coming |= state->out;
}

/* ---- elements that both dataflows have ----------------------------------------------------- */

/* Every activation goes to the element on the right; row r takes what entered r cycles ago. */
static void move_right(sim_array *a)
{
    memmove(a->act + 1, a->act, (size_t)(a->rows * a->cols - 1) * sizeof *a->act);
    for (int64_t r = 0; r < a->rows; r++) {
        const sim_wave *wave = entered(a, r);
        a->act[r * a->cols] = wave->fold >= 0 ? wave->left[r] : 0;
    }
}

/* ---- ws ------------------------------------------------------------------------------------ */

/* Below column c is what entered R + c cycles ago. */
static void show_bottom(sim_array *a)
{
    for (int64_t c = 0; c < a->cols; c++) {
        const sim_wave *wave = entered(a, a->rows + c);
        if (wave->fold >= 0)
            show(a, wave->fold, wave->row * a->cols + c, a->sum[(a->rows - 1) * a->cols + c]);
    }
}

/* The swap is at the elements (r,c) with r + c = d, d cycles after the stream began. */
static void swap_weights(sim_array *a)
{
    for (int64_t d = 0; d < a->rows + a->cols - 1; d++)
        if (entered(a, d)->begins >= 0)
            for (int64_t r = sim_max(0, d - a->cols + 1); r < a->rows && r <= d; r++)
                a->weight[r * a->cols + d - r] = a->shadow[r * a->cols + d - r];
}

static void multiply_row(int64_t *restrict sum, const int64_t *restrict above,
                         const int32_t *restrict weight, const int32_t *restrict act, int64_t cols)
{
    for (int64_t c = 0; c < cols; c++)
        sum[c] = above[c] + (int64_t)weight[c] * act[c];
}

/* Rows from the bottom up: each reads what the row above computed in the cycle before. */
static void multiply_and_pass_down(sim_array *a)
{
    for (int64_t r = a->rows - 1; r >= 0; r--) {
        int64_t at = r * a->cols;
        multiply_row(a->sum + at, r > 0 ? a->sum + at - a->cols : a->zeros, a->weight + at,
                     a->act + at, a->cols);
    }
}

/* Weights with tags go down; where the tag is the row, they stay. */
static void weights_down_tagged(sim_array *a, int32_t *stay)
{
    size_t moved = (size_t)((a->rows - 1) * a->cols);

    memmove(a->coming + a->cols, a->coming, moved * sizeof *a->coming);
    memmove(a->tag + a->cols, a->tag, moved * sizeof *a->tag);
    for (int64_t c = 0; c < a->cols; c++) {
        const sim_weights *weights = weights_entered(a, c);
        a->coming[c] = weights->values[c];
        a->tag[c] = (int32_t)weights->row;
    }
    for (int32_t r = 0; r < (int32_t)a->rows; r++)
        for (int64_t at = r * a->cols; at < (r + 1) * a->cols; at++)
            stay[at] = a->tag[at] == r ? a->coming[at] : stay[at];
}

/* The shadow registers of a column are one chain, which moves when a weight comes in at its top. */
static void weights_down_chained(sim_array *a)
{
    for (int64_t c = 0; c < a->cols; c++)
        a->enabled[c] = weights_entered(a, c)->row >= 0;
    for (int64_t r = a->rows - 1; r > 0; r--)
        for (int64_t c = 0; c < a->cols; c++) {
            int32_t *at = a->shadow + r * a->cols + c;
            *at = a->enabled[c] ? *(at - a->cols) : *at;
        }
    for (int64_t c = 0; c < a->cols; c++)
        if (a->enabled[c])
            a->shadow[c] = weights_entered(a, c)->values[c];
}

static void cycle_ws(sim_array *a)
{
    sim_policy policy = a->machine->policy;

    show_bottom(a);
    move_right(a);
    if (policy != SIM_SERIAL)
        swap_weights(a);
    multiply_and_pass_down(a);
    if (policy == SIM_SHIFT)
        weights_down_chained(a);
    else
        weights_down_tagged(a, policy == SIM_SERIAL ? a->weight : a->shadow);
}

/* ---- os ------------------------------------------------------------------------------------ */

/* The bottom of a column shows its results one a cycle, row R - 1 first. */
static void show_drains(sim_array *a)
{
    for (int64_t c = 0; c < a->cols; c++)
        if (a->drain_left[c] > 0)
            show(a, a->drain_fold[c], (a->drain_left[c] - 1) * a->cols + c,
                 a->leaving[(a->rows - 1) * a->cols + c]);
}

static void move_down(sim_array *a)
{
    memmove(a->weight + a->cols, a->weight, (size_t)((a->rows - 1) * a->cols) * sizeof *a->weight);
    for (int64_t c = 0; c < a->cols; c++) {
        const sim_wave *wave = entered(a, c);
        a->weight[c] = wave->fold >= 0 ? wave->top[c] : 0;
    }
}

/* A new tile begins at the elements (r,c) with r + c = d, d cycles after its stream. */
static void clear_sums(sim_array *a)
{
    for (int64_t d = 0; d < a->rows + a->cols - 1; d++)
        if (entered(a, d)->begins >= 0)
            for (int64_t r = sim_max(0, d - a->cols + 1); r < a->rows && r <= d; r++)
                a->sum[r * a->cols + d - r] = 0;
}

static void accumulate(int64_t *restrict sum, const int32_t *restrict left,
                       const int32_t *restrict top, int64_t elements)
{
    for (int64_t i = 0; i < elements; i++)
        sum[i] += (int64_t)left[i] * top[i];
}

/* Columns that have more to show move down. */
static void drain(sim_array *a)
{
    bool any = false;

    for (int64_t c = 0; c < a->cols; c++) {
        a->enabled[c] = a->drain_left[c] > 1;
        a->drain_left[c] -= a->drain_left[c] > 0;
        any |= a->enabled[c];
    }
    for (int64_t r = a->rows - 1; any && r > 0; r--)
        for (int64_t c = 0; c < a->cols; c++) {
            int64_t *at = a->leaving + r * a->cols + c;
            *at = a->enabled[c] ? *(at - a->cols) : *at;
        }
}

/* The last element of column c has finished: its results begin to leave. */
static void begin_drain(sim_array *a, int64_t c, int64_t fold)
{
    assert(a->drain_left[c] == 0);
    a->drain_left[c] = a->rows;
    a->drain_fold[c] = fold;
    if (a->machine->policy == SIM_DOUBLE)
        for (int64_t at = c; at < a->rows * a->cols; at += a->cols)
            a->leaving[at] = a->held[at];
}

/* Elements that have just finished a tile put its result aside. */
static void take_results(sim_array *a)
{
    bool twice = a->machine->policy == SIM_DOUBLE;

    for (int64_t d = 0; d < a->rows + a->cols - 1; d++) {
        const sim_wave *wave = entered(a, d);

        for (int64_t r = sim_max(0, d - a->cols + 1); wave->ends && r < a->rows && r <= d; r++) {
            int64_t c = d - r, at = r * a->cols + c;

            assert(twice || !a->enabled[c]);
            (twice ? a->held : a->leaving)[at] = a->sum[at];
            if (r == a->rows - 1)
                begin_drain(a, c, wave->fold);
        }
    }
}

static void cycle_os(sim_array *a)
{
    show_drains(a);
    move_right(a);
    move_down(a);
    clear_sums(a);
    accumulate(a->sum, a->act, a->weight, a->rows * a->cols);
    drain(a);
    take_results(a);
}

/* ---- without skew -------------------------------------------------------------------------- */

static void multiply_tile(sim_array *a, const sim_wave *wave)
{
    int64_t rows = a->rows, cols = a->cols;

    for (int64_t i = 0; i < wave->count; i++) {
        int64_t *sum = a->folds[wave->fold].values + (wave->row + i) * cols;

        memset(sum, 0, (size_t)cols * sizeof *sum);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < cols; c++)
                sum[c] += (int64_t)wave->left[i * rows + r] * a->weight[r * cols + c];
    }
}

static void add_outer_product(sim_array *a, const sim_wave *wave)
{
    int64_t rows = a->rows, cols = a->cols;

    for (int64_t i = 0; i < wave->count; i++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < cols; c++)
                a->sum[r * cols + c] += (int64_t)wave->left[i * rows + r] * wave->top[i * cols + c];
    if (wave->ends)
        memcpy(a->folds[wave->fold].values, a->sum, (size_t)(rows * cols) * sizeof *a->sum);
}

static void cycle_unskewed(sim_array *a)
{
    const sim_wave *now = entered(a, 0), *leaves = entered(a, a->machine->latency);
    bool os = a->machine->dataflow == SIM_OS;

    if (now->fold >= 0)
        (os ? add_outer_product : multiply_tile)(a, now);
    if (leaves->fold >= 0) {
        sim_fold_state *state = &a->folds[leaves->fold];

        state->left -= os ? (leaves->ends ? state->left : 0) : leaves->count * a->cols;
        state->out = state->left == 0;
        state->coming |= state->out;
    }
}

bool sim_array_cycle(sim_array *a)
{
    const sim_wave *last;
    bool multiplied;

    if (a->busy == 0)
        return false;
    if (!a->skewed)
        cycle_unskewed(a);
    else if (a->machine->dataflow == SIM_OS)
        cycle_os(a);
    else
        cycle_ws(a);
    last = entered(a, a->machine->mac_latency);
    multiplied = last->fold >= 0;
    if (multiplied && last->ends)
        a->folds[last->fold].macs_ended = true;
    advance(a);
    return multiplied;
}
