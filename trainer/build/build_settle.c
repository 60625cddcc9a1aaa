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

/* Documents and bytes that would be held out, and segments that have some to keep, to train on, to
 * hold out: what shards there will be. */
typedef struct {
    int64_t held, held_bytes;
    int64_t kept_in, trained_in, held_in;
} held_out;

static vsh_status settle_segment(vsh_building *b, const vsh_built_segment *s, held_out *all,
                                 vsh_error *err)
{
    vsh_arena room = {0};
    vsh_segment body;
    vsh_status status = vsh_build_segment_read(b, &room, s->span, s->part, &body, err);
    int64_t kept = 0, held = 0;

    for (int64_t i = 0; status == VSH_OK && i < s->passed; i++) {
        int64_t document = s->first_passed + i;
        vsh_build_count *count = vsh_build_bit(b->exact, document)  ? &b->drop[VSH_DROP_EXACT].count
                                 : vsh_build_bit(b->near, document) ? &b->drop[VSH_DROP_NEAR].count
                                                                    : &b->report->kept;
        count->documents++;
        count->bytes += body.bytes[i];
        if (count != &b->report->kept)
            continue;
        kept++;
        if (body.bytes[i] > b->report->largest)
            b->report->largest = body.bytes[i];
        if (vsh_build_bit(body.held_bits, i)) {
            held++;
            all->held_bytes += body.bytes[i];
        }
    }
    all->held += held;
    all->kept_in += kept > 0;
    all->trained_in += kept > held;
    all->held_in += held > 0;
    vsh_arena_free(&room);
    return status;
}

/* Before anything is encoded; the same options never give fewer. */
static vsh_status check_shards(vsh_building *b, const held_out *all, vsh_error *err)
{
    int64_t trained = b->parted ? all->trained_in : all->kept_in;
    int64_t shards = trained + (b->parted ? all->held_in : 0) +
                     (b->o->augment != VSH_AUGMENT_NONE ? trained : 0);
    int64_t enough = b->sources.segment_bytes * (shards / VSH_DATASET_SHARDS_MAX + 1);

    if (shards <= VSH_DATASET_SHARDS_MAX)
        return VSH_OK;
    vsh_build_folder_forget(b);
    return vsh_fail(err, VSH_EINPUT,
                    "expected at most %s shards, got %s of %s of text each: --shard-bytes %lld "
                    "makes fewer",
                    vsh_show_integer(VSH_DATASET_SHARDS_MAX).text, vsh_show_integer(shards).text,
                    vsh_show_bytes((double)b->sources.segment_bytes).text, (long long)enough);
}

vsh_status vsh_build_settle(vsh_building *b, vsh_error *err)
{
    held_out all = {0};

    vsh_build_progress_stage(b, "looking for duplicates");
    if (b->o->dedup && b->passed > 0) {
        VSH_TRY(find_earlier(b, 0, 0, 1, &b->exact, err));
        VSH_TRY(find_earlier(b, 1, 1, b->o->minhash.bands, &b->near, err));
    }
    for (int64_t i = 0; i < b->segments; i++)
        VSH_TRY(settle_segment(b, &b->segment[i], &all, err));
    /* where all fall on one side, all are trained on */
    b->parted = all.held > 0 && all.held < b->report->kept.documents;
    b->report->drawn = all.held;
    b->train_bytes = b->report->kept.bytes - (b->parted ? all.held_bytes : 0);
    return check_shards(b, &all, err);
}
