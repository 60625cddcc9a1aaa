#include <string.h>

#include "sim/engine.h"
#include "sim/whole.h"

/* A product on ideal memory is decided by one unit: unit 0 has at least as many folds as any other,
 * none shorter, so it is the last to end. Its folds begin one interval after another, and an
 * interval depends on two neighbouring folds only; so sums over classes of equal steps are exact.
 * With work for the vector unit, or finite bandwidth, the busiest resource is added to what nothing
 * can overlap with: an estimate. */

/* One of the (up to two) block sides along a dimension, and how many blocks have it. */
typedef struct {
    int64_t side, count;
} side_class;

static int side_classes(int64_t whole, int64_t block, side_class classes[2])
{
    int count = 0;

    if (whole / block)
        classes[count++] = (side_class){block, whole / block};
    if (whole % block)
        classes[count++] = (side_class){whole % block, 1};
    return count;
}

/* Folds of unit 0 in a step (in the order they run: whole chunks, then the last) and of all. */
typedef struct {
    int64_t count[2], own[2];         /* of unit 0: how many, and cycles of streaming of each */
    int64_t all, streaming, elements; /* over all units; elements: with work for the vector unit */
} step_folds;

static int64_t own_cycles(const sim_machine *m, int64_t rows)
{
    int64_t streamed = m->dataflow == SIM_OS ? rows : sim_round_up(rows, m->row_group);

    return sim_ceil_div(streamed * m->pace_num, m->pace_den);
}

static int64_t vector_cycles(const sim_machine *m, const sim_product *p, int64_t rows)
{
    int64_t streamed = m->dataflow == SIM_OS ? m->rows : sim_round_up(rows, m->row_group);

    return m->vector_rate ? sim_ceil_div(streamed * m->cols * p->result_work, m->vector_rate) : 0;
}

static void add_chunks(const sim_machine *m, const sim_product *p, step_folds *f, int which,
                       int64_t rows, int64_t chunks, int64_t tiles, int64_t with_work)
{
    int64_t before = f->all;

    if (p->split == SIM_SPLIT_ROWS && m->dataflow == SIM_WS) {
        int64_t each = sim_ceil_div(rows, m->units), parts = sim_ceil_div(rows, each);
        int64_t rest = rows - (parts - 1) * each;
        f->own[which] = own_cycles(m, each);
        f->count[which] = chunks * tiles;
        f->all += chunks * tiles * parts;
        f->streaming += chunks * tiles * ((parts - 1) * own_cycles(m, each) + own_cycles(m, rest));
        f->elements += chunks * with_work *
                       ((parts - 1) * vector_cycles(m, p, each) + vector_cycles(m, p, rest));
        return;
    }
    f->own[which] = own_cycles(m, rows);
    f->all += chunks * tiles;
    f->count[which] = sim_ceil_div(f->all, m->units) - sim_ceil_div(before, m->units);
    f->streaming += chunks * tiles * f->own[which];
    f->elements += chunks * with_work * vector_cycles(m, p, rows);
}

static step_folds folds_of(const sim_machine *m, const sim_product *p, int64_t bm, int64_t bn,
                           int64_t bk, bool last_k)
{
    int64_t tiles_k = sim_ceil_div(bk, m->rows), tiles_n = sim_ceil_div(bn, m->cols);
    int64_t chunk = p->stream_rows ? sim_min(p->stream_rows, bm) : bm;
    step_folds f = {{0}};

    if (m->dataflow == SIM_OS) {
        add_chunks(m, p, &f, 0, bk, 1, sim_ceil_div(bm, m->rows) * tiles_n,
                   m->accumulators && !last_k ? 0 : sim_ceil_div(bm, m->rows) * tiles_n);
        return f;
    }
    int64_t work = !m->accumulators ? tiles_k * tiles_n : last_k ? tiles_n : 0;
    add_chunks(m, p, &f, 0, chunk, bm / chunk, tiles_k * tiles_n, work);
    if (bm % chunk)
        add_chunks(m, p, &f, 1, bm % chunk, 1, tiles_k * tiles_n, work);
    return f;
}

/* From the begin of a fold's stream to that of the next on its unit. between: they are of different
 * steps. */
static int64_t interval(const sim_machine *m, int64_t own, int64_t next, bool between)
{
    int64_t least = own + m->bubble, load = m->dataflow == SIM_OS ? 0 : m->load;

    if (m->dataflow == SIM_OS)
        least = sim_max(least, m->policy == SIM_SERIAL  ? own + m->latency
                               : m->policy == SIM_SHIFT ? own + 2 * m->rows - 1 - next
                                                        : own + m->rows - next);
    else
        least = sim_max(least, m->policy == SIM_SERIAL  ? own + m->mac_latency + load
                               : m->policy == SIM_SHIFT ? sim_max(load, 2 * load - 1)
                                                        : load);
    if (between && m->step_overhead)
        least = sim_max(least, own + m->step_overhead + load);
    return least;
}

static int64_t first_own(const step_folds *f) { return f->own[f->count[0] ? 0 : 1]; }
static int64_t last_own(const step_folds *f) { return f->own[f->count[1] ? 1 : 0]; }

/* From the begin of the first stream of a step to that of its last, on unit 0. */
static int64_t within(const sim_machine *m, const step_folds *f)
{
    int64_t sum = 0;

    for (int i = 0; i < 2; i++)
        if (f->count[i] > 1)
            sum += (f->count[i] - 1) * interval(m, f->own[i], f->own[i], false);
    if (f->count[0] && f->count[1])
        sum += interval(m, f->own[0], f->own[1], false);
    return sum;
}

/* The steps of one block of out: over k. Returns from its first stream's begin to its last's. */
static int64_t along_k(const sim_machine *m, const sim_product *p, int64_t bm, int64_t bn,
                       int64_t times, step_folds *first, step_folds *last, sim_counts *c)
{
    side_class sides[2];
    int classes = side_classes(p->k, p->block_k, sides);
    int64_t sum = 0;

    for (int i = 0; i < classes; i++) {
        bool ends = i == classes - 1;
        step_folds f = folds_of(m, p, bm, bn, sides[i].side, false);
        step_folds final = folds_of(m, p, bm, bn, sides[i].side, ends);
        if (i == 0)
            *first = f;
        else
            sum += interval(m, last_own(last), first_own(&f), true);
        sum += sides[i].count * within(m, &f) +
               (sides[i].count - 1) * interval(m, last_own(&f), first_own(&f), true);
        *last = final;
        c->steps += times * sides[i].count;
        c->folds += times * sides[i].count * f.all;
        c->streaming += times * sides[i].count * f.streaming;
        c->vector += times * ((sides[i].count - 1) * f.elements + final.elements);
    }
    return sum;
}

/* Cycles of the transpose unit on a block of lhs. */
static int64_t turning(const sim_machine *m, const sim_product *p, int64_t rows, int64_t cols)
{
    if (!m->bytes_num || !p->transposed || p->resident[SIM_LHS])
        return 0;
    return sim_ceil_div(rows, m->rows) * sim_ceil_div(cols, m->rows) * m->transpose;
}

/* Bytes fetched and written, and the cycles each transfer takes of the channel. */
static void transfers(const sim_machine *m, const sim_product *p, sim_counts *c, int64_t *head,
                      int64_t *tail)
{
    side_class sm[2], sn[2], sk[2];
    int nm = side_classes(p->m, p->block_m, sm), nn = side_classes(p->n, p->block_n, sn);
    int nk = side_classes(p->k, p->block_k, sk);
    int64_t blocks_m = sim_ceil_div(p->m, p->block_m), blocks_n = sim_ceil_div(p->n, p->block_n);
    bool whole_k = p->block_k >= p->k;
    /* a block that the next step needs again stays */
    int64_t lhs_times = whole_k && (!p->n_outer || blocks_m == 1) ? 1 : blocks_n;
    int64_t rhs_times = whole_k && (p->n_outer || blocks_n == 1) ? 1 : blocks_m;
    int64_t num = m->bytes_num, den = m->bytes_den;

#define MOVE(operand, times, rows, cols, number, bytes_sum, cycles_sum)                            \
    do {                                                                                           \
        int64_t bytes = (rows) * (cols)*p->element_bytes[operand], n_ = (times) * (number);        \
        if (!p->resident[operand]) {                                                               \
            c->bytes_sum += n_ * bytes;                                                            \
            c->cycles_sum += num ? n_ * sim_ceil_div(bytes * den, num) : 0;                        \
        }                                                                                          \
    } while (0)
    for (int i = 0; i < nm; i++)
        for (int l = 0; l < nk; l++) {
            int64_t count = sm[i].count * sk[l].count;
            MOVE(SIM_LHS, lhs_times, sm[i].side, sk[l].side, count, bytes_read, read);
            c->transposing += lhs_times * count * turning(m, p, sm[i].side, sk[l].side);
        }
    for (int l = 0; l < nk; l++)
        for (int j = 0; j < nn; j++)
            MOVE(SIM_RHS, rhs_times, sk[l].side, sn[j].side, sk[l].count * sn[j].count, bytes_read,
                 read);
    for (int i = 0; i < nm; i++)
        for (int j = 0; j < nn; j++)
            MOVE(SIM_OUT, 1, sm[i].side, sn[j].side, sm[i].count * sn[j].count, bytes_written,
                 write);
#undef MOVE
    *head = *tail = 0;
    if (!num)
        return;
    for (sim_operand operand = SIM_LHS; operand <= SIM_RHS; operand++)
        if (!p->resident[operand])
            *head += sim_ceil_div((operand == SIM_LHS ? p->block_m : p->block_n) * p->block_k *
                                      p->element_bytes[operand] * den,
                                  num);
    if (*head)
        *head += m->memory_latency + turning(m, p, p->block_m, p->block_k);
    if (!p->resident[SIM_OUT])
        *tail =
            sim_ceil_div(sm[nm - 1].side * sn[nn - 1].side * p->element_bytes[SIM_OUT] * den, num) +
            m->memory_latency;
}

/* Streams of unit 0, from the begin of its first to the begin of its last; *last_own of that. */
static int64_t streams(const sim_machine *m, const sim_product *p, sim_counts *c, int64_t *own)
{
    side_class sm[2], sn[2];
    int nm = side_classes(p->m, p->block_m, sm), nn = side_classes(p->n, p->block_n, sn);
    int outer_count = p->n_outer ? nn : nm, inner_count = p->n_outer ? nm : nn;
    step_folds first, last, before = {{0}};
    int64_t sum = 0;

    for (int o = 0; o < outer_count; o++) {
        int64_t turns = (p->n_outer ? sn : sm)[o].count, inner_sum = 0;
        step_folds row_first = {{0}};
        for (int i = 0; i < inner_count; i++) {
            const side_class *bm = p->n_outer ? &sm[i] : &sm[o], *bn = p->n_outer ? &sn[o] : &sn[i];
            int64_t count = (p->n_outer ? sm : sn)[i].count;
            int64_t one = along_k(m, p, bm->side, bn->side, turns * count, &first, &last, c);
            if (i == 0)
                row_first = first;
            else
                inner_sum += interval(m, last_own(&before), first_own(&first), true);
            inner_sum +=
                count * one + (count - 1) * interval(m, last_own(&last), first_own(&first), true);
            if (o > 0 && i == 0)
                sum += interval(m, *own, first_own(&row_first), true);
            before = last;
        }
        sum += turns * inner_sum +
               (turns - 1) * interval(m, last_own(&before), first_own(&row_first), true);
        *own = last_own(&before);
    }
    return sum;
}

/* One after another: the first operands in, the array, its results, the last of them out. */
typedef struct {
    int64_t head, array, tail;
} stages;

static stages count(const sim_machine *m, const sim_product *p, sim_counts *c)
{
    int64_t own = 0, load = m->dataflow == SIM_OS ? 0 : m->load, begin;
    stages s;

    *c = (sim_counts){.macs = p->m * p->n * p->k};
    transfers(m, p, c, &s.head, &s.tail);
    begin = sim_max(0, m->step_overhead - s.head) + load; /* the first overhead runs beside */
    s.array = begin + streams(m, p, c, &own) + own;
    c->loading = c->folds * load;
    s.array = sim_max(s.array, begin + c->vector);
    c->last_mac = s.head + s.array + m->mac_latency;
    c->cycles = s.head + s.array + m->latency + s.tail;
    return s;
}

/* With finite bandwidth, where something moves: the channel or the transpose unit is never idle; or
 * buffers go round: fetch, latency, transpose, compute, release. */
static int64_t moving_cycles(const sim_machine *m, const sim_counts *c, int64_t array)
{
    int64_t moved = c->read + c->write, turned = c->transposing;
    int64_t rounds = (moved + turned + array + c->steps * m->memory_latency) / m->buffers;
    int64_t waits = (c->read > 0) + (c->write > 0);

    return moved ? sim_max(moved, sim_max(turned, rounds)) + waits * m->memory_latency : 0;
}

vsh_status sim_closed_run(vsh_arena *arena, const sim_machine *machine, const sim_product *product,
                          sim_counts *counts, vsh_error *err)
{
    const sim_machine *m = machine;
    sim_counts *c = counts;
    stages s = count(m, product, c);

    (void)arena, (void)err;
    c->cycles = sim_max(c->cycles, moving_cycles(m, c, s.array));
    c->idle[SIM_IDLE_HEAD] = m->units * s.head;
    c->idle[SIM_IDLE_TAIL] = m->units * s.tail;
    c->idle[SIM_IDLE_MEMORY] = m->units * (c->cycles - s.head - s.tail - s.array - m->latency);
    c->idle[SIM_IDLE_FILL] = m->units * (s.array + m->latency) - c->streaming;
    return VSH_OK;
}

/* Before its last transfer arrives the channel has served them all; and no stage can begin before
 * the one before it ends. */
int64_t sim_closed_least(const sim_machine *m, const sim_product *p, sim_counts *c)
{
    stages s = count(m, p, c);
    int64_t moved = sim_max(c->read + c->write, c->transposing), least = c->cycles;

    c->cycles = sim_max(least, moving_cycles(m, c, s.array));
    return sim_max(least, moved ? moved + m->memory_latency : 0);
}
