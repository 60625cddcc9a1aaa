#include <math.h>
#include <string.h>

#include "core/file.h"
#include "core/rng.h"
#include "trainer/build/build_inside.h"

/* Texts that are wanted once more, when it is known which documents are kept: what a tokenizer
 * learns from, chosen by hash, and the pairs of duplicates that the report shows. Spans without any
 * are not read again. */

/* Bytes that a tokenizer learns from: more makes its pieces no better at a vocabulary of
 * thousands, and takes longer. */
enum { SAMPLE_BYTES = 5000000 };

enum { PAIR_TEXTS = 2 * 2 * VSH_EARLIER_PAIRS };

typedef struct {
    vsh_arena *arena; /* of each thread */
    vsh_text *sample; /* of each span */
    double share;     /* of the training documents that are in the sample; 0: none is made */
    const char *pair_text[PAIR_TEXTS]; /* excerpts of pair [which][i][0: document, 1: earlier] */
} fetching;

/* ---- what is wanted ----------------------------------------------------------------------- */

static bool in_sample(const vsh_building *b, const fetching *f, const vsh_segment *s,
                      int64_t document, int64_t i)
{
    return f->share > 0 && !vsh_build_is_duplicate(b, document) &&
           !(b->parted && vsh_build_bit(s->held_bits, i)) &&
           vsh_random_uniform(b->o->seed, s->key[i], 0) < f->share;
}

/* Which of the texts of pairs a document is, beginning at `from`; PAIR_TEXTS: none more. */
static int find_pair(const vsh_building *b, int64_t document, int from)
{
    for (int i = from; i < PAIR_TEXTS; i++) {
        int which = i / (2 * VSH_EARLIER_PAIRS), number = i / 2 % VSH_EARLIER_PAIRS;
        const vsh_earlier_pair *pair = &b->pair[which][number];
        if (number < b->pairs[which] && document == (i % 2 ? pair->earlier : pair->document))
            return i;
    }
    return PAIR_TEXTS;
}

static bool is_wanted(const vsh_building *b, const fetching *f, const vsh_segment *s, int64_t i)
{
    int64_t document = vsh_build_first_passed(b, s) + i;

    return in_sample(b, f, s, document, i) || find_pair(b, document, 0) < PAIR_TEXTS;
}

/* In a whole span. */
static vsh_status count_wanted(const vsh_building *b, const fetching *f, int64_t span,
                               int64_t *count, vsh_error *err)
{
    int64_t parts = b->first_segment[span + 1] - b->first_segment[span];
    vsh_status status = VSH_OK;

    *count = 0;
    for (int64_t part = 0; status == VSH_OK && part < parts; part++) {
        vsh_arena room = {0};
        vsh_segment s;
        status = vsh_build_segment_read(b, &room, span, part, &s, err);
        for (int64_t i = 0; status == VSH_OK && i < s.head.passed; i++)
            *count += is_wanted(b, f, &s, i);
        vsh_arena_free(&room);
    }
    return status;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void take(vsh_building *b, fetching *f, vsh_arena *arena, const vsh_segment *s, int64_t i,
                 const char *path, const vsh_document *text)
{
    int64_t span = s->head.span;
    int64_t document = vsh_build_first_passed(b, s) + i;

    if (in_sample(b, f, s, document, i)) {
        vsh_text_put(&f->sample[span], text->text, (size_t)text->bytes);
        vsh_text_put(&f->sample[span], "\n\n", 2);
    }
    for (int p = find_pair(b, document, 0); p < PAIR_TEXTS; p = find_pair(b, document, p + 1)) {
        vsh_text excerpt = {.arena = arena};
        vsh_build_excerpt(&excerpt, path, (double)NAN, text);
        f->pair_text[p] = vsh_text_string(&excerpt);
    }
}

/* All documents of the segment: what is taken is of the text that was looked at, or of none. */
static vsh_status fetch_segment(vsh_building *b, fetching *f, vsh_arena *arena,
                                vsh_document_reader *reader, const vsh_segment *s, int64_t *taken,
                                vsh_error *err)
{
    vsh_document document;
    uint64_t hash = 0;
    int64_t i = 0;

    for (int64_t d = 0; d < s->head.documents; d++) {
        if (vsh_build_stopped(b))
            return vsh_build_say_stopped(err);
        VSH_TRY(vsh_document_reader_next(reader, &document, err));
        if (!document.text)
            return vsh_build_input_changed(b, s->head.span, err);
        hash = vsh_build_chain(hash, &document);
        if (!vsh_build_bit(s->passed_bits, d))
            continue;
        if (is_wanted(b, f, s, i)) {
            take(b, f, arena, s, i, vsh_document_reader_path(reader), &document);
            ++*taken;
        }
        i++;
    }
    return hash == s->head.text_hash ? VSH_OK : vsh_build_input_changed(b, s->head.span, err);
}

/* To the end of the last segment with one of so many that are wanted. */
static vsh_status fetch_segments(vsh_building *b, fetching *f, vsh_arena *arena,
                                 vsh_document_reader *reader, int64_t span, int64_t wanted,
                                 vsh_error *err)
{
    vsh_status status = VSH_OK;
    int64_t taken = 0;

    for (int64_t part = 0; status == VSH_OK && taken < wanted; part++) {
        vsh_arena room = {0};
        vsh_segment s;
        status = vsh_build_segment_read(b, &room, span, part, &s, err);
        if (status == VSH_OK)
            status = fetch_segment(b, f, arena, reader, &s, &taken, err);
        vsh_arena_free(&room);
    }
    return status;
}

static vsh_status fetch_from(vsh_building *b, fetching *f, vsh_arena *room, vsh_arena *arena,
                             int64_t span, vsh_error *err)
{
    vsh_document_reader *reader;
    vsh_status status;
    int64_t wanted;

    VSH_TRY(count_wanted(b, f, span, &wanted, err));
    if (wanted == 0)
        return VSH_OK;
    f->sample[span].arena = arena;
    VSH_TRY(vsh_document_reader_open(room, &b->sources, span, &reader, err));
    status = fetch_segments(b, f, arena, reader, span, wanted, err);
    vsh_document_reader_close(reader);
    return status;
}

static vsh_status fetch_span(vsh_building *b, void *context, int64_t span, int thread,
                             vsh_error *err)
{
    fetching *f = context;
    vsh_arena room = {0};
    vsh_status status = fetch_from(b, f, &room, &f->arena[thread], span, err);

    vsh_arena_free(&room);
    vsh_build_progress(b, vsh_build_span_bytes(b, span));
    return status;
}

/* ---- what comes of it --------------------------------------------------------------------- */

/* "FILE: text...  = FILE: earlier text..." */
static vsh_status note_pairs(vsh_building *b, const fetching *f, vsh_error *err)
{
    for (int i = 0; i < PAIR_TEXTS; i += 2) {
        int which = i / (2 * VSH_EARLIER_PAIRS);
        vsh_text line = {.arena = b->arena};
        if (!f->pair_text[i] || !f->pair_text[i + 1])
            continue;
        vsh_text_add(&line, "%s <- %s", f->pair_text[i], f->pair_text[i + 1]);
        if (line.failed)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        vsh_build_note_sample(b, VSH_DROP_EXACT + which, vsh_text_string(&line));
    }
    return VSH_OK;
}

static vsh_status write_sample(vsh_building *b, const fetching *f, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_text all = {.arena = &room};
    vsh_status status;

    for (int64_t span = 0; span < b->sources.spans; span++) {
        all.failed |= f->sample[span].failed;
        if (f->sample[span].length)
            vsh_text_put(&all, f->sample[span].data, f->sample[span].length);
    }
    status = all.failed ? vsh_fail(err, VSH_EMACHINE, "out of memory")
                        : vsh_file_write(vsh_build_part(b, "sample.txt").text, &all, err);
    vsh_arena_free(&room);
    return status;
}

static vsh_status fetch(vsh_building *b, fetching *f, vsh_error *err)
{
    VSH_TRY(vsh_build_each_span(b, "sampling", fetch_span, f, err));
    VSH_TRY(note_pairs(b, f, err));
    return f->share > 0 ? write_sample(b, f, err) : VSH_OK;
}

vsh_status vsh_build_fetch(vsh_building *b, vsh_error *err)
{
    fetching f = {.arena = vsh_alloc(b->arena, (size_t)b->threads, sizeof *f.arena),
                  .sample = vsh_alloc(b->arena, (size_t)b->sources.spans, sizeof *f.sample)};
    vsh_build_path there;
    vsh_status status;

    if (!f.arena || !f.sample)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (vsh_build_trains_tokenizer(b->o) && !vsh_build_find(b, "tokenizer.model", &there))
        f.share = b->train_bytes > SAMPLE_BYTES ? (double)SAMPLE_BYTES / (double)b->train_bytes : 1;
    if (f.share == 0 && b->pairs[0] + b->pairs[1] == 0)
        return VSH_OK;
    status = fetch(b, &f, err);
    for (int i = 0; i < b->threads; i++)
        vsh_arena_free(&f.arena[i]);
    return status;
}
