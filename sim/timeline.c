#include "sim/timeline.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "sim/whole.h"

/* Instants that the rules of sim/machine.h compare, in one array, so that a repetition can be
 * recognized: when every instant has moved by the same number of cycles (or not at all), all
 * relations between them, and so all that follows, are as they were. */
enum {
    CHANNEL, /* the channel is free */
    VECTOR,  /* the vector unit is free */
    DONE,    /* all folds so far are done */
    LAST_MAC,
    STREAMED,      /* all streams of earlier steps have ended */
    STEP_STREAMED, /* those of this step so far */
    OPERANDS,      /* the step's operands have arrived and its out buffer is free */
    READY,
    ARRIVED_LHS,
    ARRIVED_RHS,
    TRANSPOSER, /* the transpose unit is free */
    WRITTEN,    /* all write-backs so far have arrived */
    BARRIER,    /* lhs may be fetched */
    INSTANTS
};
/* Then rings of `buffers` instants, the latest first ... */
enum { RELEASED_LHS, RELEASED_RHS, OUT_LEFT, PENDING, RINGS };
/* ... and for every unit, followed by a ring of the ends of its vector work: */
enum { LOADED, STREAM_BEGIN, STREAM_END, MAC_END, RESULTS_OUT, ACCOUNTED, UNIT_INSTANTS };

/* Loops that may be cut short, outermost first. */
enum { LOOP_BODY, LOOP_TIMES, LOOP_OUTER, LOOP_INNER, LOOP_K, LOOP_FOLDS, LOOPS };

/* The state after an earlier iteration, and the period after which it may come again (0: none). */
typedef struct {
    int64_t *instants, *moved, *now; /* at the mark; in the last period; scratch */
    sim_counts counts;
    int64_t *pending_bytes;
    int64_t unwritten;
    bool marked;
    int64_t since, bound, period; /* iterations since the mark; when to mark anew */
} loop;

struct sim_timeline {
    const sim_machine *m;
    const sim_watcher *watcher;
    bool exhaustive;
    int64_t *at; /* all instants */
    int64_t instant_count, ring_at, unit_at, unit_stride;
    int64_t *pending_bytes; /* of the ring PENDING; 0: the step had no write-back */
    int64_t unwritten;      /* blocks of out begun whose write-back has not left */
    bool *begun;            /* the unit has had a fold of this product */
    sim_counts c;
    loop loops[LOOPS];
    /* of the product at hand */
    const sim_product *p;
    int64_t last[3]; /* coordinates of the last step */
    bool depends;    /* the next step is the first to need what earlier work made */
    bool fresh;      /* the next step is an execution's first: it has no blocks yet */
};

static inline int64_t *ring(const sim_timeline *t, int which)
{
    return t->at + t->ring_at + which * t->m->buffers;
}

static inline int64_t *unit(const sim_timeline *t, int64_t u)
{
    return t->at + t->unit_at + u * t->unit_stride;
}

static void push(int64_t *values, int64_t count, int64_t value)
{
    memmove(values + 1, values, (size_t)(count - 1) * sizeof *values);
    values[0] = value;
}

static void watch(const sim_timeline *t, int lane, int64_t begin, int64_t end)
{
    if (t->watcher && end > begin)
        t->watcher->span(t->watcher->context, lane, begin, end, 1);
}

/* ---- loops that repeat --------------------------------------------------------------------- */

enum { COUNTS = sizeof(sim_counts) / sizeof(int64_t) };

static void loop_begin(sim_timeline *t, int which)
{
    loop *l = &t->loops[which];

    l->marked = false;
    l->period = 0;
    l->bound = 1;
}

static void loop_mark(const sim_timeline *t, loop *l)
{
    memcpy(l->instants, t->at, (size_t)t->instant_count * sizeof(int64_t));
    memcpy(l->pending_bytes, t->pending_bytes, (size_t)t->m->buffers * sizeof(int64_t));
    l->counts = t->c;
    l->unwritten = t->unwritten;
    l->marked = true;
    l->since = 0;
}

/* Whether all instants moved by one step, or not at all, since the mark; what moved is in now. */
static bool moved_together(const sim_timeline *t, const loop *l)
{
    int64_t shift = 0;

    for (int64_t i = 0; i < t->instant_count; i++) {
        int64_t by = t->at[i] - l->instants[i];
        if (by && shift && by != shift)
            return false;
        shift = by ? by : shift;
        l->now[i] = by;
    }
    return shift > 0 && l->unwritten == t->unwritten &&
           memcmp(l->pending_bytes, t->pending_bytes, (size_t)t->m->buffers * sizeof(int64_t)) == 0;
}

/* The last period again, times times. */
static void loop_jump(sim_timeline *t, const loop *l, int64_t times)
{
    int64_t *count = (int64_t *)&t->c, before = sim_max(t->at[DONE], t->at[CHANNEL]);
    const int64_t *marked = (const int64_t *)&l->counts;

    for (int64_t i = 0; i < t->instant_count; i++)
        t->at[i] += times * l->moved[i];
    for (int i = 0; i < COUNTS; i++)
        count[i] += times * (count[i] - marked[i]);
    if (t->watcher)
        t->watcher->span(t->watcher->context, SIM_LANE_SKIPPED, before,
                         sim_max(t->at[DONE], t->at[CHANNEL]), times * l->period);
}

/* After an iteration with rest more to come: how many of them need not be run, because two periods
 * in a row moved everything alike. Two are needed: a wait for something that no longer moves may
 * end in the first, but not go on unseen into the second. Periods are found as Brent (1980, BIT
 * 20:176) finds cycles. The caller continues behind what was skipped. Bodies are skipped only when
 * each is like the one before: their caller counts the rest by the last (sim_timeline_repeat). */
static int64_t loop_skip(sim_timeline *t, int which, int64_t rest)
{
    loop *l = &t->loops[which];
    int64_t times;

    if (t->exhaustive || rest <= 0)
        return 0;
    if (!l->marked) {
        loop_mark(t, l);
        return 0;
    }
    l->since++;
    if (moved_together(t, l)) {
        bool again = l->since == l->period &&
                     memcmp(l->now, l->moved, (size_t)t->instant_count * sizeof(int64_t)) == 0;
        times = again && (which != LOOP_BODY || l->period == 1) ? rest / l->period : 0;
        if (times)
            loop_jump(t, l, times);
        memcpy(l->moved, l->now, (size_t)t->instant_count * sizeof(int64_t));
        l->period = l->since;
        loop_mark(t, l);
        return times * l->period;
    }
    if (l->since >= l->bound) {
        l->bound *= 2;
        l->period = 0;
        loop_mark(t, l);
    }
    return 0;
}

/* ---- idle units ---------------------------------------------------------------------------- */

/* A unit's cycles up to an instant, as far as they are not accounted for, have this cause. */
static inline void account(sim_timeline *t, int64_t *u, sim_idle cause, int64_t until)
{
    if (until > u[ACCOUNTED]) {
        t->c.idle[cause] += until - u[ACCOUNTED];
        u[ACCOUNTED] = until;
    }
}

/* After the last fold of a product. */
static void account_end(sim_timeline *t)
{
    for (int64_t i = 0; i < t->m->units; i++) {
        account(t, unit(t, i), SIM_IDLE_UNITS, t->at[STREAMED]);
        account(t, unit(t, i), SIM_IDLE_FILL, t->at[DONE]);
    }
}

static void account_all(sim_timeline *t, sim_idle cause, int64_t until)
{
    for (int64_t i = 0; i < t->m->units; i++)
        account(t, unit(t, i), cause, until);
}

/* ---- memory (rules 2 to 4) ----------------------------------------------------------------- */

/* Occupies the channel; returns when the transfer leaves it. */
static int64_t transfer(sim_timeline *t, int lane, int64_t requested, int64_t bytes)
{
    const sim_machine *m = t->m;
    int64_t begin = sim_max(t->at[CHANNEL], requested);
    int64_t cycles = sim_ceil_div(bytes * m->bytes_den, m->bytes_num);

    *(lane == SIM_LANE_READ ? &t->c.read : &t->c.write) += cycles;
    watch(t, lane, begin, begin + cycles);
    return t->at[CHANNEL] = begin + cycles;
}

/* The oldest step whose write-back may be waiting: writes it, and moves the ring on. */
static void write_oldest(sim_timeline *t)
{
    int64_t oldest = t->m->buffers - 1, left;

    if (t->pending_bytes[oldest]) {
        left = transfer(t, SIM_LANE_WRITE, ring(t, PENDING)[oldest], t->pending_bytes[oldest]);
        t->at[WRITTEN] = sim_max(t->at[WRITTEN], left + t->m->memory_latency);
        push(ring(t, OUT_LEFT), t->m->buffers, left);
        t->unwritten--;
    }
    push(ring(t, PENDING), t->m->buffers, 0);
    push(t->pending_bytes, t->m->buffers, 0);
}

static void write_all(sim_timeline *t)
{
    for (int64_t i = 0; i < t->m->buffers; i++)
        write_oldest(t);
}

/* Returns when a block that arrived has passed the transpose unit. */
static int64_t transpose(sim_timeline *t, int64_t arrived, int64_t rows, int64_t cols)
{
    const sim_machine *m = t->m;
    int64_t begin = sim_max(t->at[TRANSPOSER], arrived);
    int64_t cycles = sim_ceil_div(rows, m->rows) * sim_ceil_div(cols, m->rows) * m->transpose;

    t->c.transposing += cycles;
    watch(t, SIM_LANE_TRANSPOSE, begin, begin + cycles);
    return t->at[TRANSPOSER] = begin + cycles;
}

static void fetch(sim_timeline *t, sim_operand operand, int64_t rows, int64_t cols)
{
    int64_t bytes = rows * cols * t->p->element_bytes[operand], arrived;
    int which = operand == SIM_LHS ? RELEASED_LHS : RELEASED_RHS;
    int64_t *released = ring(t, which);
    int64_t request = released[t->m->buffers - 1];

    t->c.bytes_read += bytes;
    if (!t->m->bytes_num)
        return;
    if (operand == SIM_LHS)
        request = sim_max(request, t->at[BARRIER]);
    push(released, t->m->buffers, 0);
    arrived = transfer(t, SIM_LANE_READ, request, bytes) + t->m->memory_latency;
    if (operand == SIM_LHS && t->p->transposed)
        arrived = transpose(t, arrived, rows, cols);
    t->at[operand == SIM_LHS ? ARRIVED_LHS : ARRIVED_RHS] = arrived;
}

/* ---- folds (rules 6 to 8) ------------------------------------------------------------------ */

static void keep_result(sim_timeline *t, int64_t *u, int64_t first_out, int64_t cost)
{
    int64_t begin = sim_max(t->at[VECTOR], first_out), done = sim_max(begin + cost, u[RESULTS_OUT]);

    t->at[VECTOR] = begin + cost;
    t->c.vector += cost;
    watch(t, SIM_LANE_VECTOR, begin, begin + cost);
    push(u + UNIT_INSTANTS, t->m->result_buffers, done);
    t->at[DONE] = sim_max(t->at[DONE], done);
}

/* When the unit's registers and port let the stream begin. */
static inline int64_t array_free(sim_timeline *t, int64_t *u, int64_t own, int64_t index)
{
    const sim_machine *m = t->m;
    int64_t begin;

    if (m->dataflow == SIM_OS) {
        if (m->policy == SIM_SERIAL)
            return u[RESULTS_OUT];
        return u[STREAM_END] - own + (m->policy == SIM_DOUBLE ? m->rows : 2 * m->rows - 1);
    }
    begin = m->policy == SIM_SERIAL  ? u[MAC_END]
            : m->policy == SIM_SHIFT ? u[STREAM_BEGIN] + m->load - 1
                                     : u[STREAM_BEGIN];
    begin = sim_max(sim_max(begin, u[LOADED]), t->at[READY]);
    u[LOADED] = begin + m->load;
    t->c.loading += m->load;
    watch(t, (int)(SIM_LANE_UNITS + 2 * index), begin, u[LOADED]);
    return u[LOADED];
}

/* own: cycles of streaming; cost: of the vector unit. */
static void fold(sim_timeline *t, int64_t index, int64_t own, int64_t cost)
{
    const sim_machine *m = t->m;
    int64_t *u = unit(t, index), free = array_free(t, u, own, index);
    int64_t result = cost ? u[UNIT_INSTANTS + m->result_buffers - 1] : 0;
    int64_t bubble = u[STREAM_END] + m->bubble;
    int64_t begin = sim_max(sim_max(free, bubble), sim_max(t->at[READY], result)),
            end = begin + own;

    if (begin > u[ACCOUNTED]) {
        bool first = !t->begun[index];
        account(t, u, SIM_IDLE_BUBBLE, bubble);
        account(t, u, first ? SIM_IDLE_HEAD : SIM_IDLE_MEMORY, t->at[OPERANDS]);
        account(t, u, SIM_IDLE_OVERHEAD, t->at[READY]);
        account(t, u, SIM_IDLE_VECTOR, result);
        account(t, u, first ? SIM_IDLE_FILL : SIM_IDLE_WEIGHTS, begin);
    }
    t->begun[index] = true;
    u[STREAM_BEGIN] = begin;
    u[STREAM_END] = u[ACCOUNTED] = end;
    u[MAC_END] = end + m->mac_latency;
    u[RESULTS_OUT] = end + m->latency;
    t->at[STEP_STREAMED] = sim_max(t->at[STEP_STREAMED], end);
    t->at[LAST_MAC] = sim_max(t->at[LAST_MAC], u[MAC_END]);
    t->c.streaming += own;
    t->c.folds++;
    watch(t, (int)(SIM_LANE_UNITS + 2 * index + 1), begin, end);
    if (cost)
        keep_result(t, u, (m->dataflow == SIM_OS ? end : begin) + m->latency, cost);
    else
        t->at[DONE] = sim_max(t->at[DONE], u[RESULTS_OUT]);
}

/* Cycles to stream this many rows (or k). */
static inline int64_t streaming(const sim_machine *m, int64_t rows)
{
    return sim_ceil_div(rows * m->pace_num, m->pace_den);
}

static inline int64_t vector_cost(const sim_timeline *t, int64_t elements)
{
    return t->m->vector_rate ? sim_ceil_div(elements * t->p->result_work, t->m->vector_rate) : 0;
}

static inline int64_t grouped(const sim_machine *m, int64_t rows)
{
    return sim_round_up(rows, m->row_group);
}

/* Whether fold number f over tiles of k has work for the vector unit. */
static inline bool has_work(const sim_timeline *t, int64_t f, int64_t tiles_k, bool last_k)
{
    return !t->m->accumulators || (last_k && f % tiles_k == tiles_k - 1);
}

/* count folds that stream as long, to the units in turn; returns the next unit. */
static int64_t folds_in_turn(sim_timeline *t, int64_t next, int64_t count, int64_t own,
                             int64_t cost, int64_t tiles_k, bool last_k)
{
    bool uniform = !t->m->accumulators || !last_k || tiles_k == 1 || !cost;
    int64_t in_round = 0;

    if (uniform && !has_work(t, 0, tiles_k, last_k))
        cost = 0;
    loop_begin(t, LOOP_FOLDS);
    for (int64_t f = 0; f < count; f++) {
        fold(t, next, own, uniform || has_work(t, f, tiles_k, last_k) ? cost : 0);
        next = next + 1 == t->m->units ? 0 : next + 1;
        if (uniform && ++in_round == t->m->units) {
            in_round = 0;
            f += t->m->units * loop_skip(t, LOOP_FOLDS, (count - f - 1) / t->m->units);
        }
    }
    return next;
}

/* Every fold on all units, each with its part of the rows. */
static void folds_split(sim_timeline *t, int64_t count, int64_t rows, int64_t tiles_k, bool last_k)
{
    const sim_machine *m = t->m;
    int64_t part = sim_ceil_div(rows, m->units);

    loop_begin(t, LOOP_FOLDS);
    for (int64_t f = 0; f < count; f++) {
        bool work = has_work(t, f, tiles_k, last_k);
        for (int64_t u = 0; u * part < rows; u++) {
            int64_t streamed = grouped(m, sim_min(part, rows - u * part));
            fold(t, u, streaming(m, streamed), work ? vector_cost(t, streamed * m->cols) : 0);
        }
        if (!m->accumulators || !last_k || tiles_k == 1)
            f += loop_skip(t, LOOP_FOLDS, count - f - 1);
    }
}

static void folds_ws(sim_timeline *t, const int64_t side[3], bool last_k)
{
    const sim_machine *m = t->m;
    int64_t tiles_k = sim_ceil_div(side[2], m->rows),
            count = tiles_k * sim_ceil_div(side[1], m->cols);
    int64_t chunk = t->p->stream_rows ? sim_min(t->p->stream_rows, side[0]) : side[0], next = 0;

    for (int64_t row = 0; row < side[0]; row += chunk) {
        int64_t rows = sim_min(chunk, side[0] - row), streamed = grouped(m, rows);
        if (t->p->split == SIM_SPLIT_ROWS)
            folds_split(t, count, rows, tiles_k, last_k);
        else
            next = folds_in_turn(t, next, count, streaming(m, streamed),
                                 vector_cost(t, streamed * m->cols), tiles_k, last_k);
    }
}

static void folds_os(sim_timeline *t, const int64_t side[3], bool last_k)
{
    const sim_machine *m = t->m;
    int64_t count = sim_ceil_div(side[0], m->rows) * sim_ceil_div(side[1], m->cols);

    folds_in_turn(t, 0, count, streaming(m, side[2]), vector_cost(t, m->rows * m->cols), 1, last_k);
}

/* ---- grid steps (rules 1 and 5) ------------------------------------------------------------ */

/* Block sides m, n, k of the step at coordinates (i, j, l). */
static void block_sides(const sim_product *p, const int64_t at[3], int64_t side[3])
{
    side[0] = sim_min(p->block_m, p->m - at[0] * p->block_m);
    side[1] = sim_min(p->block_n, p->n - at[1] * p->block_n);
    side[2] = sim_min(p->block_k, p->k - at[2] * p->block_k);
}

/* Fetches what the step needs and sets when its operands are there. */
static void get_operands(sim_timeline *t, const int64_t at[3], const int64_t side[3])
{
    const sim_product *p = t->p;
    bool lhs = !p->resident[SIM_LHS] && (t->fresh || at[0] != t->last[0] || at[2] != t->last[2]);
    bool rhs = !p->resident[SIM_RHS] && (t->fresh || at[1] != t->last[1] || at[2] != t->last[2]);

    if (t->m->bytes_num && !t->depends)
        write_oldest(t);
    if (rhs)
        fetch(t, SIM_RHS, side[2], side[1]);
    if (t->depends) { /* lhs is what earlier work made */
        t->at[OPERANDS] = sim_max(t->at[OPERANDS], t->at[DONE]);
        if (t->m->bytes_num)
            write_all(t);
        t->at[BARRIER] = sim_max(t->at[WRITTEN], t->at[DONE]);
    }
    if (lhs)
        fetch(t, SIM_LHS, side[0], side[2]);
    if (!t->m->bytes_num)
        return;
    t->at[OPERANDS] = sim_max(t->at[OPERANDS], sim_max(t->at[ARRIVED_LHS], t->at[ARRIVED_RHS]));
    if (at[2] == 0 && !p->resident[SIM_OUT]) {
        if (t->unwritten < t->m->buffers) /* written-backs that left: the latest first */
            t->at[OPERANDS] =
                sim_max(t->at[OPERANDS], ring(t, OUT_LEFT)[t->m->buffers - 1 - t->unwritten]);
        t->unwritten++;
    }
}

static void step(sim_timeline *t, int64_t i, int64_t j, int64_t l)
{
    const sim_product *p = t->p;
    int64_t at[3] = {i, j, l}, side[3], bytes;
    bool last_k = (l + 1) * p->block_k >= p->k;

    block_sides(p, at, side);
    get_operands(t, at, side);
    t->depends = t->fresh = false;
    t->at[READY] = sim_max(t->at[READY], t->at[OPERANDS]);
    if (t->m->step_overhead)
        t->at[READY] = sim_max(t->at[READY], t->at[STREAMED] + t->m->step_overhead);
    t->at[STEP_STREAMED] = 0;
    if (t->m->dataflow == SIM_OS)
        folds_os(t, side, last_k);
    else
        folds_ws(t, side, last_k);
    t->at[STREAMED] = sim_max(t->at[STREAMED], t->at[STEP_STREAMED]);
    ring(t, RELEASED_LHS)[0] = ring(t, RELEASED_RHS)[0] = t->at[STEP_STREAMED];
    if (last_k && !p->resident[SIM_OUT]) {
        bytes = side[0] * side[1] * p->element_bytes[SIM_OUT];
        t->c.bytes_written += bytes;
        if (t->m->bytes_num) {
            ring(t, PENDING)[0] = t->at[DONE];
            t->pending_bytes[0] = bytes;
        }
    }
    t->c.steps++;
    t->c.macs += side[0] * side[1] * side[2];
    memcpy(t->last, at, sizeof t->last);
}

static void over_k(sim_timeline *t, int64_t i, int64_t j)
{
    int64_t count = sim_ceil_div(t->p->k, t->p->block_k), inner = count - 2, skipped;

    step(t, i, j, 0);
    loop_begin(t, LOOP_K);
    for (int64_t l = 1; l < count; l++) {
        step(t, i, j, l);
        skipped = loop_skip(t, LOOP_K, inner - l);
        if (skipped > 0)
            t->last[2] = l += skipped;
    }
}

/* Blocks 0 to count - 1 of the inner dimension; the last, which may be smaller, is always run. */
static void over_inner(sim_timeline *t, int64_t outer)
{
    const sim_product *p = t->p;
    int64_t count = p->n_outer ? sim_ceil_div(p->m, p->block_m) : sim_ceil_div(p->n, p->block_n);

    loop_begin(t, LOOP_INNER);
    for (int64_t inner = 0; inner < count; inner++) {
        int64_t skipped;
        over_k(t, p->n_outer ? inner : outer, p->n_outer ? outer : inner);
        skipped = loop_skip(t, LOOP_INNER, count - 2 - inner);
        inner += skipped;
        t->last[p->n_outer ? 0 : 1] += skipped;
    }
}

static void product_once(sim_timeline *t)
{
    const sim_product *p = t->p;
    int64_t count = p->n_outer ? sim_ceil_div(p->n, p->block_n) : sim_ceil_div(p->m, p->block_m);

    t->fresh = true;
    loop_begin(t, LOOP_OUTER);
    for (int64_t outer = 0; outer < count; outer++) {
        int64_t skipped;
        over_inner(t, outer);
        skipped = loop_skip(t, LOOP_OUTER, count - 2 - outer);
        outer += skipped;
        t->last[p->n_outer ? 1 : 0] += skipped;
    }
}

void sim_timeline_product(sim_timeline *t, const sim_product *product, int64_t times)
{
    t->p = product;
    t->depends = true;
    memset(t->begun, 0, (size_t)t->m->units * sizeof *t->begun);
    loop_begin(t, LOOP_TIMES);
    for (int64_t i = 0; i < times; i++) {
        product_once(t);
        i += loop_skip(t, LOOP_TIMES, times - i - 1);
    }
    account_end(t);
}

/* ---- vector work --------------------------------------------------------------------------- */

/* Part number of a whole cut into equal parts, the first ones larger by one. */
static int64_t part(int64_t whole, int64_t parts, int64_t number)
{
    return whole / parts + (number < whole % parts);
}

static void vector_once(sim_timeline *t, const sim_vector_work *w)
{
    bool ideal = !t->m->bytes_num;
    int64_t busy = t->c.read + t->c.write, before = t->c.vector;

    if (!ideal)
        write_all(t);
    t->at[BARRIER] = sim_max(t->at[WRITTEN], t->at[DONE]);
    for (int64_t i = 0; i < w->chunks; i++) {
        int64_t read = part(w->read_bytes, w->chunks, i), cost = part(w->cycles, w->chunks, i);
        int64_t write = part(w->write_bytes, w->chunks, i), begin = t->at[BARRIER];
        t->c.bytes_read += read;
        t->c.bytes_written += write;
        if (!ideal && read)
            begin = transfer(t, SIM_LANE_READ, begin, read) + t->m->memory_latency;
        if (!ideal && i > 0)
            write_oldest(t);
        begin = sim_max(begin, t->at[VECTOR]);
        watch(t, SIM_LANE_VECTOR, begin, begin + cost);
        t->at[DONE] = t->at[VECTOR] = begin + cost;
        t->c.vector += cost;
        if (!ideal && write) {
            ring(t, PENDING)[0] = t->at[DONE];
            t->pending_bytes[0] = write;
            t->unwritten++;
        }
    }
    busy = t->c.read + t->c.write - busy;
    account_all(t, t->c.vector - before >= busy ? SIM_IDLE_VECTOR : SIM_IDLE_MEMORY, t->at[DONE]);
}

void sim_timeline_vector(sim_timeline *t, const sim_vector_work *work, int64_t times)
{
    loop_begin(t, LOOP_TIMES);
    for (int64_t i = 0; i < times; i++) {
        vector_once(t, work);
        i += loop_skip(t, LOOP_TIMES, times - i - 1);
    }
}

int64_t sim_timeline_repeat(sim_timeline *t, sim_timeline_body *body, void *context, int64_t times)
{
    int64_t skipped = 0;

    loop_begin(t, LOOP_BODY);
    for (int64_t i = 0; i < times - skipped; i++) {
        body(t, context);
        skipped += loop_skip(t, LOOP_BODY, times - skipped - i - 1);
    }
    return skipped;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool reserve(vsh_arena *arena, sim_timeline *t)
{
    size_t instants = (size_t)t->instant_count, buffers = (size_t)t->m->buffers;

    t->at = vsh_alloc(arena, instants, sizeof *t->at);
    t->pending_bytes = vsh_alloc(arena, buffers, sizeof *t->pending_bytes);
    t->begun = vsh_alloc(arena, (size_t)t->m->units, sizeof *t->begun);
    if (!t->at || !t->pending_bytes || !t->begun)
        return false;
    for (int i = 0; i < LOOPS; i++) {
        loop *l = &t->loops[i];
        l->instants = vsh_alloc(arena, instants, sizeof *l->instants);
        l->moved = vsh_alloc(arena, instants, sizeof *l->moved);
        l->now = vsh_alloc(arena, instants, sizeof *l->now);
        l->pending_bytes = vsh_alloc(arena, buffers, sizeof *l->pending_bytes);
        if (!l->instants || !l->moved || !l->now || !l->pending_bytes)
            return false;
    }
    return true;
}

vsh_status sim_timeline_open(vsh_arena *arena, const sim_machine *machine,
                             const sim_watcher *watcher, bool exhaustive, sim_timeline **timeline,
                             vsh_error *err)
{
    sim_timeline *t = vsh_alloc(arena, 1, sizeof *t);

    if (!t)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    t->m = machine;
    t->watcher = watcher;
    t->exhaustive = exhaustive;
    t->ring_at = INSTANTS;
    t->unit_at = t->ring_at + RINGS * machine->buffers;
    t->unit_stride = UNIT_INSTANTS + machine->result_buffers;
    t->instant_count = t->unit_at + machine->units * t->unit_stride;
    if (!reserve(arena, t))
        return vsh_fail(err, VSH_EMACHINE, "out of memory for %lld matrix units",
                        (long long)machine->units);
    for (int64_t i = 0; i < machine->units; i++) { /* nothing of an earlier fold binds the first */
        unit(t, i)[STREAM_BEGIN] = -machine->load;
        unit(t, i)[STREAM_END] = -machine->bubble - 2 * machine->rows;
    }
    *timeline = t;
    return VSH_OK;
}

sim_counts sim_timeline_counts(const sim_timeline *t)
{
    sim_counts counts = t->c;

    counts.cycles = t->at[DONE];
    counts.last_mac = t->at[LAST_MAC];
    return counts;
}

sim_counts sim_timeline_close(sim_timeline *t)
{
    sim_counts counts;

    if (t->m->bytes_num)
        write_all(t);
    account_all(t, SIM_IDLE_TAIL, sim_max(t->at[DONE], t->at[WRITTEN]));
    counts = sim_timeline_counts(t);
    counts.cycles = sim_max(t->at[DONE], t->at[WRITTEN]);
    return counts;
}
