#include "trainer/text/earlier.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* All keys of a column whose values are in one range go into tables, in the order of documents;
 * those of which the value stands there already mark their document. Each thread has one table, of
 * a part of the range's values: in one round every thread reads a chunk of the keys and sorts it by
 * tables, in the next every thread takes what is its table's out of all chunks. So a key is read
 * once for each range, and there are as many ranges as the memory of all threads together asks for.
 * A range that turns out too full for a table is done again in two halves; what was marked before
 * is true all the same. */
enum {
    CHUNK = 1 << 15,    /* keys of a thread and a round: enough to be worth waking the others */
    AHEAD = 16,         /* slots that are asked for before they are needed */
    SLOTS_MIN = 16,     /* of a table, however small the memory */
    SLOT_BYTES = 12,    /* a value and a document */
    RANGE_BITS_MAX = 40 /* ranges planned; they are halved further when need be */
};
/* Expected filling of a table, and the one that it must not pass. */
static const double FILLED = 0.7, FULL = 0.875;

typedef struct {
    uint64_t value;
    int64_t document;
} entry;

/* Keys that follow each other, sorted by tables: entries [begin[t], begin[t + 1]) are table t's. */
typedef struct {
    uint64_t *keys;
    entry *entries;
    int64_t *begin;
    vsh_status status;
    vsh_error error;
} chunk;

/* Open addressing, values in any slot from their own on. */
typedef struct {
    uint64_t *value;    /* 0: free */
    uint32_t *document; /* that brought the value */
    int64_t filled;
    int64_t zero; /* the document that brought the value 0; -1: none */
    int shown;
} table;

/* Values whose first bits are those of number. */
typedef struct {
    int column, bits;
    uint64_t number;
} range;

typedef struct {
    const vsh_earlier_question *question;
    vsh_earlier *earlier;
    vsh_pool *pool;
    int tables; /* and chunks */
    table *table;
    chunk *chunk;
    int64_t slots; /* of a table */
    int64_t full;  /* filled slots that are too many */
    int range_bits;
    range at;
    int64_t first, chunk_keys, chunks; /* of the round */
    pthread_mutex_t gate;              /* of earlier's pairs */
} search;

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

static void mark(search *s, table *t, int64_t document, int64_t earlier)
{
    __atomic_fetch_or(&s->earlier->bits[document / 64], (uint64_t)1 << document % 64,
                      __ATOMIC_RELAXED);
    if (t->shown == VSH_EARLIER_PAIRS)
        return; /* those before it in this table come first */
    t->shown++;
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

/* The table of a value in the range, and its place there: by the order of its other bits. */
static inline int64_t table_of(const search *s, uint64_t value)
{
    return (int64_t)((value << s->at.bits >> 32) * (uint64_t)s->tables >> 32);
}

static inline int64_t slot_of(const search *s, uint64_t value)
{
    const uint64_t rest = (value << s->at.bits >> 32) * (uint64_t)s->tables & UINT32_MAX;

    return (int64_t)(rest * (uint64_t)s->slots >> 32);
}

static inline bool is_inside(const range *r, uint64_t value)
{
    return r->bits == 0 || value >> (64 - r->bits) == r->number;
}

/* In the range, and none of those that are passed over. */
static inline bool is_wanted(const search *s, uint64_t value, int64_t document)
{
    const uint64_t *passed_over = s->question->passed_over;

    return is_inside(&s->at, value) &&
           !(passed_over && (passed_over[document / 64] >> document % 64 & 1));
}

/* By counting: begin[t + 2] counts, then begin[t + 1] is where the next one of t goes, and in the
 * end t's end. */
static void sort_by_table(const search *s, chunk *c, int64_t first, int64_t count)
{
    memset(c->begin, 0, (size_t)(s->tables + 2) * sizeof *c->begin);
    for (int64_t i = 0; i < count; i++) {
        c->keys[i] = value_of(c->keys[i]);
        if (is_wanted(s, c->keys[i], first + i))
            c->begin[table_of(s, c->keys[i]) + 2]++;
    }
    for (int t = 0; t < s->tables; t++)
        c->begin[t + 2] += c->begin[t + 1];
    for (int64_t i = 0; i < count; i++)
        if (is_wanted(s, c->keys[i], first + i))
            c->entries[c->begin[table_of(s, c->keys[i]) + 1]++] = (entry){c->keys[i], first + i};
}

static void read_chunk(void *context, int64_t part, int thread)
{
    const search *s = context;
    const vsh_earlier_question *q = s->question;
    const int64_t first = s->first + part * s->chunk_keys, left = q->documents - first;
    const int64_t count = left < s->chunk_keys ? left : s->chunk_keys;
    chunk *c = &s->chunk[part];

    (void)thread;
    c->status = q->read(q->context, s->at.column, first, count, c->keys, &c->error);
    if (c->status == VSH_OK)
        sort_by_table(s, c, first, count);
}

static void clear_table(void *context, int64_t part, int thread)
{
    const search *s = context;
    table *t = &s->table[part];

    (void)thread;
    memset(t->value, 0, (size_t)s->slots * sizeof *t->value);
    t->filled = 0;
    t->zero = -1;
    t->shown = 0;
}

/* The document that brought the value; -1 and the value is there from now on when none did. */
static inline int64_t bring(const search *s, table *t, const entry *e)
{
    int64_t slot = slot_of(s, e->value), before = t->zero;

    if (e->value == 0) {
        if (before < 0)
            t->zero = e->document;
        return before;
    }
    while (t->value[slot] != 0) {
        if (t->value[slot] == e->value)
            return (int64_t)t->document[slot];
        slot = slot + 1 == s->slots ? 0 : slot + 1;
    }
    t->value[slot] = e->value;
    t->document[slot] = (uint32_t)e->document;
    t->filled++;
    return -1;
}

/* Ends when the table is too full. */
static void fill_table(void *context, int64_t part, int thread)
{
    search *s = context;
    table *t = &s->table[part];

    (void)thread;
    for (int64_t i = 0; i < s->chunks; i++) {
        const entry *e = s->chunk[i].entries + s->chunk[i].begin[part];
        const entry *end = s->chunk[i].entries + s->chunk[i].begin[part + 1];
        for (; e < end && t->filled <= s->full; e++) {
            int64_t before;
            if (end - e > AHEAD) {
                int64_t slot = slot_of(s, e[AHEAD].value);
                __builtin_prefetch(&t->value[slot], 1);
                __builtin_prefetch(&t->document[slot], 1);
            }
            before = bring(s, t, e);
            if (before >= 0)
                mark(s, t, e->document, before);
        }
    }
}

/* The next chunks, one a thread. */
static vsh_status look_at_round(search *s, vsh_error *err)
{
    const int64_t left = s->question->documents - s->first;
    const int64_t chunks = (left + s->chunk_keys - 1) / s->chunk_keys;

    s->chunks = chunks < s->tables ? chunks : s->tables;
    vsh_pool_run(s->pool, read_chunk, s, s->chunks);
    for (int64_t i = 0; i < s->chunks; i++)
        if (s->chunk[i].status != VSH_OK) {
            if (err)
                *err = s->chunk[i].error;
            return s->chunk[i].status;
        }
    vsh_pool_run(s->pool, fill_table, s, s->tables);
    return VSH_OK;
}

/* *fits: the tables were large enough. */
static vsh_status look_at(search *s, const range *r, bool *fits, vsh_error *err)
{
    *fits = true;
    s->at = *r;
    vsh_pool_run(s->pool, clear_table, s, s->tables);
    for (s->first = 0; *fits && s->first < s->question->documents;
         s->first += s->chunks * s->chunk_keys) {
        VSH_TRY(look_at_round(s, err));
        for (int t = 0; t < s->tables; t++)
            *fits &= s->table[t].filled <= s->full;
    }
    return VSH_OK;
}

/* One value fills one slot, so halving ends. */
static vsh_status search_range(search *s, const range *r, vsh_error *err)
{
    bool fits;

    VSH_TRY(look_at(s, r, &fits, err));
    for (uint64_t half = 0; !fits && half < 2; half++)
        VSH_TRY(search_range(s, &(range){r->column, r->bits + 1, 2 * r->number + half}, err));
    return VSH_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Slots of each table, and ranges of each column: few of them, for each reads all keys. */
static void plan(search *s)
{
    const vsh_earlier_question *q = s->question;
    const int64_t share = q->documents / s->tables + 1;
    const int64_t useful = (int64_t)((double)share / FILLED) + SLOTS_MIN;
    const int64_t room = q->memory_bytes / s->tables / SLOT_BYTES;

    s->slots = room < useful ? room : useful;
    if (s->slots < SLOTS_MIN)
        s->slots = SLOTS_MIN;
    if (s->slots > UINT32_MAX) /* what slot_of can multiply by */
        s->slots = UINT32_MAX;
    s->full = (int64_t)(FULL * (double)s->slots);
    s->chunk_keys = share < CHUNK ? share : CHUNK;
    while (s->range_bits < RANGE_BITS_MAX &&
           (double)s->slots * FILLED * (double)((int64_t)1 << s->range_bits) < (double)share)
        s->range_bits++;
}

static vsh_status make_tables(vsh_arena *arena, search *s, vsh_error *err)
{
    const size_t count = (size_t)s->tables, keys = (size_t)s->chunk_keys;
    bool failed = !(s->table = vsh_alloc(arena, count, sizeof *s->table)) ||
                  !(s->chunk = vsh_alloc(arena, count, sizeof *s->chunk));

    for (size_t i = 0; i < count && !failed; i++) {
        table *t = &s->table[i];
        chunk *c = &s->chunk[i];
        failed = !(t->value = vsh_alloc(arena, (size_t)s->slots, sizeof *t->value)) ||
                 !(t->document = vsh_alloc(arena, (size_t)s->slots, sizeof *t->document)) ||
                 !(c->keys = vsh_alloc(arena, keys, sizeof *c->keys)) ||
                 !(c->entries = vsh_alloc(arena, keys, sizeof *c->entries)) ||
                 !(c->begin = vsh_alloc(arena, count + 2, sizeof *c->begin));
    }
    return failed ? vsh_fail(err, VSH_EMACHINE, "duplicates: out of memory") : VSH_OK;
}

static vsh_status search_columns(search *s, vsh_error *err)
{
    const vsh_earlier_question *q = s->question;

    for (int c = q->first_column; c < q->first_column + q->columns; c++)
        for (uint64_t number = 0; number < (uint64_t)1 << s->range_bits; number++)
            VSH_TRY(search_range(s, &(range){c, s->range_bits, number}, err));
    return VSH_OK;
}

vsh_status vsh_earlier_find(vsh_arena *arena, vsh_pool *pool, const vsh_earlier_question *question,
                            vsh_earlier *earlier, vsh_error *err)
{
    const int64_t words = question->documents / 64 + 1;
    vsh_arena scratch = {0};
    search s = {
        .question = question, .earlier = earlier, .pool = pool, .tables = vsh_pool_threads(pool)};
    vsh_status status;

    assert(question->documents >= 0 && question->columns >= 0 && question->memory_bytes > 0);
    *earlier = (vsh_earlier){.bits = vsh_alloc(arena, (size_t)words, sizeof *earlier->bits)};
    if (!earlier->bits)
        return vsh_fail(err, VSH_EMACHINE, "duplicates: out of memory");
    if (question->documents > UINT32_MAX)
        return vsh_fail(err, VSH_EINPUT, "duplicates: expected fewer than 2^32 documents, got %lld",
                        (long long)question->documents);
    plan(&s);
    status = make_tables(&scratch, &s, err);
    if (status == VSH_OK) {
        pthread_mutex_init(&s.gate, NULL);
        status = search_columns(&s, err);
        pthread_mutex_destroy(&s.gate);
    }
    vsh_arena_free(&scratch);
    for (int64_t i = 0; i < words; i++)
        earlier->count += __builtin_popcountll(earlier->bits[i]);
    return status;
}
