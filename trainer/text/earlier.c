#include "trainer/text/earlier.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* A part of the work is one column and one range of key values: all keys of the column are read,
 * those of the range go into a table in their order, and a key that stands there already marks its
 * document. A range that turns out too full for the table is done again in two halves; what was
 * marked before is true all the same. */
enum {
    TOGETHER = 4096,    /* keys read and fetched ahead together */
    SLOTS_MIN = 16,     /* of a table, however small the memory */
    SLOT_BYTES = 12,    /* a value and a document */
    RANGE_BITS_MAX = 40 /* ranges planned; they are halved further when need be */
};
/* Expected filling of a table, and the one that it must not pass. */
static const double FILLED = 0.7, FULL = 0.875;

/* What one thread has: open addressing, values in any slot from their own on. */
typedef struct {
    uint64_t *value;    /* 0: free */
    uint32_t *document; /* that brought the value */
    int64_t filled;
    int64_t zero; /* the document that brought the value 0; -1: none */
    uint64_t *keys;
    struct waiting {
        uint64_t value;
        int64_t slot, document;
    } * waiting;
} table;

typedef struct {
    const vsh_earlier_question *question;
    vsh_earlier *earlier;
    int64_t slots;
    int64_t full; /* filled slots that are too many */
    int range_bits;
    table *tables;
    atomic_bool stopped;
    pthread_mutex_t gate; /* of what follows, and of earlier's pairs */
    vsh_status status;
    vsh_error error;
} search;

/* Values whose first bits are those of number. */
typedef struct {
    int column, bits;
    uint64_t number;
} range;

/* ---- pairs ----------------------------------------------------------------------------------- */

/* Keeps the first documents in their order, each with its earliest partner, whatever the order in
 * which pairs come. */
static void keep_pair(vsh_earlier *earlier, vsh_earlier_pair pair)
{
    vsh_earlier_pair *p = earlier->pair;
    int at = 0;

    while (at < earlier->pairs && p[at].document < pair.document)
        at++;
    if (at < earlier->pairs && p[at].document == pair.document) {
        if (pair.earlier < p[at].earlier)
            p[at].earlier = pair.earlier;
        return;
    }
    if (at == VSH_EARLIER_PAIRS)
        return;
    if (earlier->pairs < VSH_EARLIER_PAIRS)
        earlier->pairs++;
    memmove(p + at + 1, p + at, (size_t)(earlier->pairs - 1 - at) * sizeof *p);
    p[at] = pair;
}

static void mark(search *s, int64_t document, int64_t earlier, int *shown)
{
    __atomic_fetch_or(&s->earlier->bits[document / 64], (uint64_t)1 << document % 64,
                      __ATOMIC_RELAXED);
    if (*shown == VSH_EARLIER_PAIRS)
        return; /* those before it in this range come first */
    (*shown)++;
    pthread_mutex_lock(&s->gate);
    keep_pair(s->earlier, (vsh_earlier_pair){document, earlier});
    pthread_mutex_unlock(&s->gate);
}

/* ---- one range ------------------------------------------------------------------------------- */

/* Keys are hashes, but nothing is lost where they are not: a bijection. */
static inline uint64_t value_of(uint64_t key)
{
    key = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    return key ^ key >> 32;
}

/* The place of bits among so many slots, by their order. */
static inline int64_t place(uint64_t bits, int64_t slots)
{
    return (int64_t)((bits >> 32) * (uint64_t)slots >> 32);
}

static inline bool is_passed_over(const vsh_earlier_question *q, int64_t document)
{
    return q->passed_over && (q->passed_over[document / 64] >> document % 64 & 1);
}

/* Those of the keys that are in the range, their slots asked for. */
static int64_t pick(const search *s, table *t, const range *r, int64_t first, int64_t count)
{
    int64_t waiting = 0;

    for (int64_t i = 0; i < count; i++) {
        const uint64_t value = value_of(t->keys[i]);
        const bool inside = r->bits == 0 || value >> (64 - r->bits) == r->number;
        t->waiting[waiting] = (struct waiting){value, place(value << r->bits, s->slots), first + i};
        waiting += inside && !is_passed_over(s->question, first + i);
    }
    for (int64_t i = 0; i < waiting; i++)
        __builtin_prefetch(&t->value[t->waiting[i].slot], 1);
    return waiting;
}

/* The document that brought the value; -1 and the value is there from now on when none did. */
static inline int64_t bring(table *t, int64_t slots, const struct waiting *w)
{
    int64_t slot = w->slot, before = t->zero;

    if (w->value == 0) {
        if (before < 0)
            t->zero = w->document;
        return before;
    }
    while (t->value[slot] != 0) {
        if (t->value[slot] == w->value)
            return (int64_t)t->document[slot];
        slot = slot + 1 == slots ? 0 : slot + 1;
    }
    t->value[slot] = w->value;
    t->document[slot] = (uint32_t)w->document;
    t->filled++;
    return -1;
}

/* *fits: the table was large enough. */
static vsh_status look_at(search *s, table *t, const range *r, bool *fits, vsh_error *err)
{
    const vsh_earlier_question *q = s->question;
    int shown = 0;

    memset(t->value, 0, (size_t)s->slots * sizeof *t->value);
    t->filled = 0;
    t->zero = -1;
    *fits = true;
    for (int64_t first = 0; first < q->documents && !atomic_load(&s->stopped); first += TOGETHER) {
        const int64_t left = q->documents - first, count = left < TOGETHER ? left : TOGETHER;
        int64_t waiting;
        VSH_TRY(q->read(q->context, r->column, first, count, t->keys, err));
        waiting = pick(s, t, r, first, count);
        for (int64_t i = 0; i < waiting; i++) {
            int64_t before = bring(t, s->slots, &t->waiting[i]);
            if (before >= 0)
                mark(s, t->waiting[i].document, before, &shown);
            else if (t->filled > s->full)
                return *fits = false, VSH_OK;
        }
    }
    return VSH_OK;
}

/* One value fills one slot, so halving ends. */
static vsh_status search_range(search *s, table *t, const range *r, vsh_error *err)
{
    bool fits;

    VSH_TRY(look_at(s, t, r, &fits, err));
    for (uint64_t half = 0; !fits && half < 2; half++)
        VSH_TRY(search_range(s, t, &(range){r->column, r->bits + 1, 2 * r->number + half}, err));
    return VSH_OK;
}

static void search_part(void *context, int64_t part, int thread)
{
    search *s = context;
    const uint64_t number = (uint64_t)part & (((uint64_t)1 << s->range_bits) - 1);
    const range r = {s->question->first_column + (int)(part >> s->range_bits), s->range_bits,
                     number};
    vsh_error error;
    vsh_status status;

    if (atomic_load(&s->stopped))
        return;
    status = search_range(s, &s->tables[thread], &r, &error);
    if (status == VSH_OK)
        return;
    pthread_mutex_lock(&s->gate);
    if (s->status == VSH_OK) {
        s->status = status;
        s->error = error;
    }
    pthread_mutex_unlock(&s->gate);
    atomic_store(&s->stopped, true);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Slots of each thread's table, and ranges of each column: few of them, for each reads all keys,
 * but work for every thread. */
static void plan(search *s, int threads)
{
    const vsh_earlier_question *q = s->question;
    const int64_t useful = (int64_t)((double)q->documents / FILLED) + 1;
    const int64_t room = q->memory_bytes / threads / SLOT_BYTES;

    s->slots = room < useful ? room : useful;
    if (s->slots < SLOTS_MIN)
        s->slots = SLOTS_MIN;
    if (s->slots > UINT32_MAX) /* what place() can multiply by */
        s->slots = UINT32_MAX;
    s->full = (int64_t)(FULL * (double)s->slots);
    while (
        s->range_bits < RANGE_BITS_MAX &&
        ((double)s->slots * FILLED * (double)((int64_t)1 << s->range_bits) < (double)q->documents ||
         (int64_t)q->columns << s->range_bits < threads))
        s->range_bits++;
}

static vsh_status make_tables(vsh_arena *arena, search *s, int threads, vsh_error *err)
{
    bool failed = !(s->tables = vsh_alloc(arena, (size_t)threads, sizeof *s->tables));

    for (int i = 0; i < threads && !failed; i++) {
        table *t = &s->tables[i];
        failed = !(t->value = vsh_alloc(arena, (size_t)s->slots, sizeof *t->value)) ||
                 !(t->document = vsh_alloc(arena, (size_t)s->slots, sizeof *t->document)) ||
                 !(t->keys = vsh_alloc(arena, TOGETHER, sizeof *t->keys)) ||
                 !(t->waiting = vsh_alloc(arena, TOGETHER + 1, sizeof *t->waiting));
    }
    return failed ? vsh_fail(err, VSH_EMACHINE, "duplicates: out of memory") : VSH_OK;
}

vsh_status vsh_earlier_find(vsh_arena *arena, vsh_pool *pool, const vsh_earlier_question *question,
                            vsh_earlier *earlier, vsh_error *err)
{
    const int threads = vsh_pool_threads(pool);
    const int64_t words = question->documents / 64 + 1;
    vsh_arena scratch = {0};
    search s = {.question = question, .earlier = earlier};
    vsh_status status;

    assert(question->documents >= 0 && question->columns >= 0 && question->memory_bytes > 0);
    *earlier = (vsh_earlier){.bits = vsh_alloc(arena, (size_t)words, sizeof *earlier->bits)};
    if (!earlier->bits)
        return vsh_fail(err, VSH_EMACHINE, "duplicates: out of memory");
    if (question->documents > UINT32_MAX)
        return vsh_fail(err, VSH_EINPUT, "duplicates: expected fewer than 2^32 documents, got %lld",
                        (long long)question->documents);
    plan(&s, threads);
    status = make_tables(&scratch, &s, threads, err);
    if (status == VSH_OK) {
        pthread_mutex_init(&s.gate, NULL);
        vsh_pool_run(pool, search_part, &s, (int64_t)question->columns << s.range_bits);
        pthread_mutex_destroy(&s.gate);
        status = s.status;
        if (status != VSH_OK && err)
            *err = s.error;
    }
    vsh_arena_free(&scratch);
    for (int64_t i = 0; i < words; i++)
        earlier->count += __builtin_popcountll(earlier->bits[i]);
    return status;
}
