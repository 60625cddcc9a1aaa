#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trainer/base/hash64.h"
#include "trainer/build/build_inside.h"

/* What a thread works with; opened when it does its first span. */
typedef struct {
    vsh_arena arena;
    bool ready;
    vsh_words words;
    vsh_quality *quality;
    vsh_minhash *minhash;
    vsh_segment_draft draft;
} looker;

typedef struct {
    looker *of_thread;
    int language; /* that alone; -1: any */
} looking;

/* One span being read. */
typedef struct {
    vsh_building *b;
    const looking *all;
    looker *l;
    vsh_document_reader *reader;
    int64_t span, part;
    int64_t told; /* bytes on the disk that progress knows of */
    bool known;   /* the segment is there already: documents are only counted */
    vsh_segment_head there;
} look;

/* ---- one document ------------------------------------------------------------------------- */

static int language_number(const char *code)
{
    for (int i = 0; code && i < vsh_language_count; i++)
        if (strcmp(code, vsh_language_codes[i]) == 0)
            return i;
    return -1;
}

/* Why a document is dropped, the figure of the rule (NaN: it has none), and the text that shows it.
 */
typedef struct {
    int drop; /* the count; -1: it passes */
    double figure;
    vsh_document shown;
} verdict;

/* A text too short to say its language is of any. */
static int judge_language(const look *k, const vsh_document *document)
{
    int language = k->all->language >= 0 ? vsh_language_of(document) : -1;

    return language >= 0 && language != k->all->language ? VSH_DROP_LANGUAGE + language : -1;
}

static int judge_overlap(const look *k, const vsh_document *document, vsh_document *shown)
{
    const vsh_words *words = &k->l->words;
    int64_t word = k->b->overlap ? vsh_overlap_meets(k->b->overlap, words) : -1;

    if (word < 0)
        return -1;
    shown->text = document->text + words->word[word].begin;
    shown->bytes = document->bytes - words->word[word].begin;
    return VSH_DROP_OVERLAP;
}

static verdict judge(look *k, const vsh_document *document)
{
    verdict v = {-1, (double)NAN, *document};

    if (!k->b->o->filter)
        return v;
    v.drop = vsh_quality_judge(k->l->quality, document, &k->l->words, &v.figure);
    if (v.drop < 0) {
        v.figure = (double)NAN;
        v.drop = judge_language(k, document);
    }
    if (v.drop < 0)
        v.drop = judge_overlap(k, document, &v.shown);
    return v;
}

static void drop(look *k, const vsh_document *document, const verdict *v)
{
    vsh_segment_draft *d = &k->l->draft;
    vsh_build_count *count = &d->head.drop[v->drop];
    vsh_segment_sample *sample;
    vsh_arena room = {0};
    vsh_text text = {.arena = &room};

    count->bytes += document->bytes;
    if (++count->documents > VSH_BUILD_SAMPLES)
        return;
    sample = &d->sample[d->head.samples++];
    memset(sample, 0, sizeof *sample);
    sample->drop = v->drop;
    vsh_build_excerpt(&text, vsh_document_reader_path(k->reader), v->figure, &v->shown);
    snprintf(sample->text, sizeof sample->text, "%s", vsh_text_string(&text));
    vsh_arena_free(&room);
}

static void keep(look *k, const vsh_document *document)
{
    const vsh_build_options *o = k->b->o;
    vsh_segment_draft *d = &k->l->draft;
    int64_t i = d->head.passed++, document_number = d->head.documents;
    uint64_t *key = d->keys + i * d->head.columns;
    bool held = o->held_out > 0 && document->beginning % (uint64_t)o->held_out == 0;

    d->passed_bits[document_number / 64] |= (uint64_t)1 << (document_number % 64);
    d->held_bits[i / 64] |= (uint64_t)held << (i % 64);
    d->head.held += held;
    d->bytes[i] = (uint32_t)document->bytes;
    key[0] = vsh_words_hash(&k->l->words, document);
    if (o->dedup)
        vsh_minhash_bands(k->l->minhash, &k->l->words, key[0], key + 1);
}

static vsh_status look_at(look *k, const vsh_document *document, vsh_error *err)
{
    vsh_segment_draft *d = &k->l->draft;
    verdict v;

    VSH_TRY(vsh_segment_reserve(d, err));
    vsh_words_find(document, &k->l->words);
    v = judge(k, document);
    if (v.drop >= 0)
        drop(k, document, &v);
    else
        keep(k, document);
    return VSH_OK;
}

/* ---- one segment -------------------------------------------------------------------------- */

static void begin_segment(look *k)
{
    k->known = vsh_segment_head_read(vsh_build_segment_path(k->b, k->span, k->part).text, k->b->key,
                                     true, &k->there);
    vsh_segment_begin(&k->l->draft, k->span, k->part);
}

static vsh_status end_segment(look *k, bool last, vsh_error *err)
{
    vsh_segment_draft *d = &k->l->draft;

    if (k->known) {
        if (k->there.text_hash != d->head.text_hash || k->there.last != last)
            return vsh_build_input_changed(k->b, k->span, err);
    } else {
        d->head.last = last;
        if (last)
            d->head.reading = *vsh_document_reader_so_far(k->reader);
        VSH_TRY(vsh_segment_write(vsh_build_segment_path(k->b, k->span, k->part).text, k->b->key, d,
                                  err));
    }
    k->part++;
    return VSH_OK;
}

/* The segment that is open has as much as one may have, or as was found in it. */
static bool is_full(const look *k)
{
    const vsh_segment_head *h = &k->l->draft.head;

    if (k->known)
        return h->documents == k->there.documents;
    return h->documents == VSH_SEGMENT_DOCUMENTS || h->read.bytes >= k->b->sources.segment_bytes;
}

/* ---- one span ----------------------------------------------------------------------------- */

static void tell_progress(look *k)
{
    int64_t behind = vsh_document_reader_so_far(k->reader)->disk_bytes;

    if (behind == k->told)
        return;
    if (k->known)
        vsh_build_progress_skip(k->b, behind - k->told);
    else
        vsh_build_progress(k->b, behind - k->told);
    k->told = behind;
}

static vsh_status look_through(look *k, vsh_error *err)
{
    vsh_segment_head *h = &k->l->draft.head;
    vsh_document document;

    for (begin_segment(k);; h->documents++) {
        if (vsh_build_stopped(k->b))
            return vsh_build_say_stopped(err);
        VSH_TRY(vsh_document_reader_next(k->reader, &document, err));
        tell_progress(k);
        if (!document.text)
            return end_segment(k, true, err);
        if (is_full(k)) {
            VSH_TRY(end_segment(k, false, err));
            begin_segment(k);
        }
        h->text_hash = vsh_build_chain(h->text_hash, &document);
        h->read.documents++;
        h->read.bytes += document.bytes;
        if (!k->known)
            VSH_TRY(look_at(k, &document, err));
    }
}

/* All segments of it are there and whole. */
static bool is_done(const vsh_building *b, int64_t span)
{
    vsh_segment_head head = {0};

    for (int64_t part = 0; !head.last; part++)
        if (!vsh_segment_head_read(vsh_build_segment_path(b, span, part).text, b->key, true, &head))
            return false;
    return true;
}

static vsh_status make_ready(vsh_building *b, looker *l, vsh_error *err)
{
    if (l->ready)
        return VSH_OK;
    VSH_TRY(vsh_words_open(&l->arena, &l->words, err));
    VSH_TRY(vsh_quality_open(&l->arena, &b->o->limits, &l->quality, err));
    VSH_TRY(vsh_minhash_open(&l->arena, &b->o->minhash, &l->minhash, err));
    l->draft.arena = &l->arena;
    l->draft.head.columns = vsh_build_columns(b->o);
    l->ready = true;
    return VSH_OK;
}

static vsh_status look_span(vsh_building *b, void *context, int64_t span, int thread,
                            vsh_error *err)
{
    const looking *all = context;
    look k = {.b = b, .all = all, .l = &all->of_thread[thread], .span = span};
    vsh_arena room = {0};
    vsh_status status;

    if (is_done(b, span)) {
        vsh_build_progress_skip(b, vsh_build_span_bytes(b, span));
        return VSH_OK;
    }
    VSH_TRY(make_ready(b, k.l, err));
    status = vsh_document_reader_open(&room, &b->sources, span, &k.reader, err);
    if (status == VSH_OK) {
        status = look_through(&k, err);
        vsh_document_reader_close(k.reader);
    }
    vsh_arena_free(&room);
    return status;
}

/* ---- all together ------------------------------------------------------------------------- */

static vsh_status count_segments(vsh_building *b, vsh_error *err)
{
    vsh_segment_head head;

    for (int64_t span = 0; span < b->sources.spans; span++) {
        head.last = false;
        for (int64_t part = 0; !head.last; part++, b->segments++)
            if (!vsh_segment_head_read(vsh_build_segment_path(b, span, part).text, b->key, false,
                                       &head))
                return vsh_fail(err, VSH_EMACHINE, "%s: cannot be read",
                                vsh_build_segment_path(b, span, part).text);
    }
    return VSH_OK;
}

static void add_reading(vsh_building *b, const vsh_reading *r)
{
    vsh_build_report *report = b->report;

    report->bad_lines += r->bad_lines;
    report->damaged += r->damaged;
    report->cut += r->cut;
    report->malformed += r->malformed;
    report->nul += r->nul;
    report->empty += r->empty;
    vsh_build_note_troubles(b, r);
}

static vsh_status note_segment(vsh_building *b, int64_t span, int64_t part, bool *last,
                               vsh_error *err)
{
    vsh_arena room = {0};
    vsh_segment s;
    vsh_status status = vsh_build_segment_read(b, &room, span, part, &s, err);
    const vsh_segment_head *h = &s.head;

    if (status == VSH_OK) {
        b->segment[b->segments++] = (vsh_built_segment){
            span, part, h->documents, h->passed, b->passed, h->text_hash, h->last};
        b->passed += h->passed;
        b->report->read.documents += h->read.documents;
        b->report->read.bytes += h->read.bytes;
        for (int i = 0; i < VSH_BUILD_STAGES; i++) {
            b->drop[i].count.documents += h->drop[i].documents;
            b->drop[i].count.bytes += h->drop[i].bytes;
        }
        for (int64_t i = 0; i < h->samples; i++)
            vsh_build_note_sample(b, s.sample[i].drop, s.sample[i].text);
        if (h->last)
            add_reading(b, &h->reading);
        *last = h->last;
    }
    vsh_arena_free(&room);
    return status;
}

static vsh_status collect(vsh_building *b, vsh_error *err)
{
    bool last;

    VSH_TRY(count_segments(b, err));
    b->segment = vsh_alloc(b->arena, (size_t)b->segments, sizeof *b->segment);
    b->first_segment = vsh_alloc(b->arena, (size_t)b->sources.spans + 1, sizeof *b->first_segment);
    if (!b->segment || !b->first_segment)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    b->segments = 0;
    for (int64_t span = 0; span < b->sources.spans; span++) {
        b->first_segment[span] = b->segments;
        last = false;
        for (int64_t part = 0; !last; part++)
            VSH_TRY(note_segment(b, span, part, &last, err));
    }
    b->first_segment[b->sources.spans] = b->segments;
    return VSH_OK;
}

vsh_status vsh_build_look(vsh_building *b, vsh_error *err)
{
    looking all = {.language = language_number(b->o->language)};
    vsh_status status;

    assert(VSH_DROP_LANGUAGE + vsh_language_count <= VSH_DROP_OVERLAP);
    all.of_thread = vsh_alloc(b->arena, (size_t)b->threads, sizeof *all.of_thread);
    if (!all.of_thread)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    status = vsh_build_each_span(b, b->o->filter ? "reading and filtering" : "reading", look_span,
                                 &all, err);
    for (int i = 0; i < b->threads; i++)
        vsh_arena_free(&all.of_thread[i].arena);
    return status == VSH_OK ? collect(b, err) : status;
}
