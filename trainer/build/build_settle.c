#include "trainer/build/build_inside.h"

/* For all threads together; the rest of a build needs less. */
enum { SEARCH_BYTES = 192000000 };

/* ---- which documents stood before --------------------------------------------------------- */

/* The segment of a passed document. */
static int64_t find_segment(const vsh_building *b, int64_t document)
{
    int64_t low = 0, high = b->segments - 1;

    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (b->segment[middle].first_passed <= document)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Across segments. */
static vsh_status read_keys(void *context, int column, int64_t first, int64_t count, uint64_t *keys,
                            vsh_error *err)
{
    const vsh_building *b = context;
    int64_t i = find_segment(b, first);

    for (; count > 0; i++) {
        const vsh_built_segment *s = &b->segment[i];
        int64_t from = first - s->first_passed, there = s->passed - from;
        int64_t now = count < there ? count : there;
        if (vsh_build_stopped(b))
            return vsh_build_say_stopped(err);
        if (now > 0)
            VSH_TRY(vsh_segment_keys(vsh_build_segment_path(b, s->span, s->part).text, b->key,
                                     column, from, now, keys, err));
        keys += now > 0 ? now : 0;
        first += now > 0 ? now : 0;
        count -= now > 0 ? now : 0;
    }
    return VSH_OK;
}

/* Exact duplicates have all the bands of the first of them: the second question is about the
 * others.
 */
static vsh_status find_earlier(vsh_building *b, int which, int first_column, int columns,
                               const uint64_t **bits, vsh_error *err)
{
    const vsh_earlier_question question = {.documents = b->passed,
                                           .first_column = first_column,
                                           .columns = columns,
                                           .read = read_keys,
                                           .context = b,
                                           .memory_bytes = SEARCH_BYTES,
                                           .passed_over = b->exact};
    vsh_earlier found = {0};

    VSH_TRY(vsh_earlier_find(b->arena, b->pool, &question, &found, err));
    *bits = found.bits;
    b->pairs[which] = found.pairs;
    for (int i = 0; i < found.pairs; i++)
        b->pair[which][i] = found.pair[i];
    return VSH_OK;
}

/* ---- what is kept, and on which side ------------------------------------------------------ */

typedef struct {
    int64_t held, held_bytes;
} held_out;

static vsh_status settle_segment(vsh_building *b, const vsh_built_segment *s, held_out *held,
                                 vsh_error *err)
{
    vsh_arena room = {0};
    vsh_segment body;
    vsh_status status = vsh_build_segment_read(b, &room, s->span, s->part, &body, err);

    for (int64_t i = 0; status == VSH_OK && i < s->passed; i++) {
        int64_t document = s->first_passed + i;
        vsh_build_count *count = vsh_build_bit(b->exact, document)  ? &b->drop[VSH_DROP_EXACT].count
                                 : vsh_build_bit(b->near, document) ? &b->drop[VSH_DROP_NEAR].count
                                                                    : &b->report->kept;
        count->documents++;
        count->bytes += body.bytes[i];
        if (count == &b->report->kept && vsh_build_bit(body.held_bits, i)) {
            held->held++;
            held->held_bytes += body.bytes[i];
        }
    }
    vsh_arena_free(&room);
    return status;
}

vsh_status vsh_build_settle(vsh_building *b, vsh_error *err)
{
    held_out held = {0};

    vsh_build_progress_stage(b, "looking for duplicates");
    if (b->o->dedup && b->passed > 0) {
        VSH_TRY(find_earlier(b, 0, 0, 1, &b->exact, err));
        VSH_TRY(find_earlier(b, 1, 1, b->o->minhash.bands, &b->near, err));
    }
    for (int64_t i = 0; i < b->segments; i++)
        VSH_TRY(settle_segment(b, &b->segment[i], &held, err));
    /* a text of few documents may have none on one side: then all of it is trained on */
    b->parted = held.held > 0 && held.held < b->report->kept.documents;
    b->train_bytes = b->report->kept.bytes - (b->parted ? held.held_bytes : 0);
    return VSH_OK;
}
