/* Which documents stood before: those that have, in one of several columns of keys, the key of an
 * earlier document. Memory is bounded whatever their number; the answer depends on the keys alone.
 */
#ifndef VSH_EARLIER_H
#define VSH_EARLIER_H

#include "core/arena.h"
#include "core/status.h"
#include "trainer/base/pool.h"

/* Keys of documents [first, first + count) in a column. Threads call it together. */
typedef vsh_status vsh_keys_read(void *context, int column, int64_t first, int64_t count,
                                 uint64_t *keys, vsh_error *err);

typedef struct {
    int64_t documents;
    int first_column, columns;
    vsh_keys_read *read;
    void *context;
    int64_t memory_bytes; /* of the tables, for all threads together; chunks are 0.8 MB a thread */
    /* bits as those of the answer: documents that are looked at no more, and stand in no pair;
     * NULL: none. Each has an earlier one with all of its keys, so that the others' answer is the
     * same. */
    const uint64_t *passed_over;
} vsh_earlier_question;

/* Document and the earlier one that it resembles. */
typedef struct {
    int64_t document, earlier;
} vsh_earlier_pair;

enum { VSH_EARLIER_PAIRS = 8 };

typedef struct {
    uint64_t *bits; /* document d: bits[d / 64] >> (d % 64) & 1, set when one stood before */
    int64_t count;  /* of set bits */
    vsh_earlier_pair pair[VSH_EARLIER_PAIRS]; /* the first documents that are set */
    int pairs;
} vsh_earlier;

vsh_status vsh_earlier_find(vsh_arena *arena, vsh_pool *pool, const vsh_earlier_question *question,
                            vsh_earlier *earlier, vsh_error *err);

#endif
