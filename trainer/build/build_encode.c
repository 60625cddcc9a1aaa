#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rng.h"
#include "trainer/base/hash64.h"
#include "trainer/base/mapped_file.h"
#include "trainer/build/build_inside.h"
#include "trainer/data/infill.h"
#include "trainer/data/shard.h"
#include "trainer/text/back_translation.h"

/* A segment gives up to three shards, and a record of them that says they are done. */
static const char *const kinds[VSH_BUILD_KINDS] = {"train", "validation", "augmented"};

typedef struct {
    int64_t documents, tokens, bytes;
    uint64_t hash; /* of the file; no documents: no file */
} shard_facts;

static const char record_mark[8] = "vshenc2";

typedef struct {
    char mark[8];
    uint64_t key; /* of all that decides the shards */
    shard_facts shard[VSH_BUILD_KINDS];
    int64_t untranslated; /* documents that the translator failed on */
    uint64_t hash;        /* of the fields before */
} record;

/* Documents of one kind, growing. */
typedef struct {
    vsh_ids ids;
    int64_t *start, documents, capacity, bytes;
} output;

/* One segment being encoded. */
typedef struct {
    vsh_building *b;
    vsh_arena *room;
    const vsh_built_segment *at;
    vsh_segment body;
    uint64_t key;
    output out[VSH_BUILD_KINDS];
    vsh_document *chosen; /* copies, to be translated */
    int64_t chosen_count, chosen_capacity;
    int64_t untranslated; /* of them */
} encoding;

/* ---- what is there already ---------------------------------------------------------------- */

static vsh_build_name shard_name(const vsh_built_segment *s, int kind)
{
    return vsh_build_name_of(kinds[kind], s->span, s->part, ".safetensors");
}

static vsh_build_path record_path(const vsh_building *b, const vsh_built_segment *s)
{
    return vsh_build_part(b, vsh_build_name_of("encoded", s->span, s->part, "").text);
}

/* Duplicates and what is held out depend on all the other segments. */
static uint64_t record_key(const vsh_building *b, const vsh_built_segment *s)
{
    uint64_t facts[] = {b->key, vsh_tokenizer_hash(b->tokenizer), s->text_hash, b->parted, 0, 0};

    for (int64_t d = s->first_passed; d < s->first_passed + s->passed; d++) {
        facts[4] = facts[4] << 1 | vsh_build_is_duplicate(b, d);
        if (d % 64 == 63)
            facts[5] = vsh_hash64(&facts[4], 2 * sizeof *facts);
    }
    return vsh_hash64(facts, sizeof facts);
}

static uint64_t record_hash(const record *r) { return vsh_hash64(r, offsetof(record, hash)); }

static bool shard_holds(const vsh_building *b, const vsh_built_segment *s, int kind,
                        const shard_facts *facts)
{
    vsh_build_path path;
    vsh_mapped_file file;
    bool holds;

    if (facts->documents == 0)
        return true;
    if (!vsh_build_find(b, shard_name(s, kind).text, &path) ||
        vsh_mapped_file_open(path.text, &file, NULL) != VSH_OK)
        return false;
    holds = vsh_hash64(file.data, (size_t)file.bytes) == facts->hash;
    vsh_mapped_file_close(&file);
    return holds;
}

static bool read_record(const vsh_building *b, const vsh_built_segment *s, uint64_t key, record *r)
{
    vsh_arena room = {0};
    vsh_text text = {.arena = &room};
    vsh_build_path path = record_path(b, s);
    bool holds = vsh_file_read_bounded(path.text, sizeof *r, &text) == VSH_READ_DONE &&
                 text.length == sizeof *r;

    if (holds) {
        memcpy(r, text.data, sizeof *r);
        holds = memcmp(r->mark, record_mark, sizeof record_mark) == 0 && r->key == key &&
                r->hash == record_hash(r);
    }
    vsh_arena_free(&room);
    return holds;
}

/* By an earlier call, and its shards are whole. */
static bool is_encoded(const vsh_building *b, const vsh_built_segment *s, uint64_t key)
{
    record r;
    bool holds = read_record(b, s, key, &r);

    for (int i = 0; holds && i < VSH_BUILD_KINDS; i++)
        holds = shard_holds(b, s, i, &r.shard[i]);
    return holds;
}

/* ---- documents ---------------------------------------------------------------------------- */

/* Where the next document begins, or the last one ends. */
static vsh_status mark_place(encoding *e, output *o, vsh_error *err)
{
    int64_t *start = vsh_grow(e->room, o->start, o->documents, &o->capacity, sizeof *start);

    if (!start)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    o->start = start;
    o->start[o->documents] = o->ids.count;
    return VSH_OK;
}

static vsh_status begin_document(encoding *e, output *o, int64_t bytes, vsh_error *err)
{
    VSH_TRY(mark_place(e, o, err));
    o->documents++;
    o->bytes += bytes;
    return VSH_OK;
}

static vsh_status add_text(encoding *e, output *o, const vsh_document *document, vsh_error *err)
{
    const int32_t end = vsh_tokenizer_end(e->b->tokenizer);

    VSH_TRY(begin_document(e, o, document->bytes, err));
    VSH_TRY(vsh_tokenizer_encode(e->b->tokenizer, document->text, (size_t)document->bytes, &o->ids,
                                 err));
    return vsh_ids_add(&o->ids, &end, 1, err);
}

/* The ids of the training document that was added last, with spans moved. */
static vsh_status add_infilled(encoding *e, uint64_t hash, int64_t bytes, vsh_error *err)
{
    const output *train = &e->out[VSH_BUILD_TRAIN];
    output *o = &e->out[VSH_BUILD_AUGMENTED];
    int64_t from = train->start[train->documents - 1], before = o->ids.count;
    const int32_t end = vsh_tokenizer_end(e->b->tokenizer);

    VSH_TRY(vsh_infill(e->b->tokenizer, train->ids.id + from, train->ids.count - 1 - from,
                       e->b->o->seed, hash, &o->ids, err));
    if (o->ids.count == before)
        return VSH_OK;
    /* where it begins is known now */
    VSH_TRY(begin_document(e, o, bytes, err));
    o->start[o->documents - 1] = before;
    return vsh_ids_add(&o->ids, &end, 1, err);
}

static vsh_status choose(encoding *e, const vsh_document *document, vsh_error *err)
{
    vsh_document *larger =
        vsh_grow(e->room, e->chosen, e->chosen_count, &e->chosen_capacity, sizeof *larger);

    if (!larger)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    e->chosen = larger;
    larger = &e->chosen[e->chosen_count++];
    *larger = *document;
    larger->text = vsh_copy_text(e->room, document->text, (size_t)document->bytes);
    return larger->text ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* Passed document i of the segment. */
static vsh_status encode_document(encoding *e, int64_t i, const vsh_document *document,
                                  vsh_error *err)
{
    const vsh_building *b = e->b;
    uint64_t hash = e->body.key[i];

    if (vsh_build_is_duplicate(b, e->at->first_passed + i))
        return VSH_OK;
    if (b->parted && vsh_build_bit(e->body.held_bits, i))
        return add_text(e, &e->out[VSH_BUILD_VALIDATION], document, err);
    VSH_TRY(add_text(e, &e->out[VSH_BUILD_TRAIN], document, err));
    if (b->o->augment == VSH_AUGMENT_NONE ||
        vsh_random_uniform(b->o->seed, hash, 1) >= b->o->augment_share)
        return VSH_OK;
    return b->o->augment == VSH_AUGMENT_INFILL ? add_infilled(e, hash, document->bytes, err)
                                               : choose(e, document, err);
}

static vsh_status add_translated(encoding *e, vsh_error *err)
{
    vsh_document *back = vsh_alloc(e->room, (size_t)e->chosen_count, sizeof *back);

    if (!back)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    if (e->chosen_count == 0)
        return VSH_OK;
    VSH_TRY(vsh_back_translate(e->room, vsh_build_part(e->b, "").text, e->chosen, e->chosen_count,
                               e->b->o->stop, back, &e->untranslated, err));
    for (int64_t i = 0; i < e->chosen_count; i++)
        if (back[i].text)
            VSH_TRY(add_text(e, &e->out[VSH_BUILD_AUGMENTED], &back[i], err));
    return VSH_OK;
}

/* Room for the ids of what is expected, so that they are not copied as they grow: the arena keeps
 * what they had before. Four bytes a token is what 8,192 pieces give for English. */
static vsh_status reserve(encoding *e, vsh_error *err)
{
    int64_t bytes = 0, documents = 0, capacity;
    vsh_ids *ids = &e->out[VSH_BUILD_TRAIN].ids;

    for (int64_t i = 0; i < e->body.head.passed; i++)
        if (!vsh_build_is_duplicate(e->b, e->at->first_passed + i)) {
            bytes += e->body.bytes[i];
            documents++;
        }
    capacity = documents + (vsh_tokenizer_path(e->b->tokenizer) ? bytes / 3 : bytes);
    ids->id = vsh_alloc(e->room, (size_t)capacity, sizeof *ids->id);
    ids->capacity = capacity;
    return ids->id ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory for the ids of a segment");
}

/* ---- a segment ---------------------------------------------------------------------------- */

static vsh_status write_shard(encoding *e, int kind, shard_facts *facts, vsh_error *err)
{
    output *o = &e->out[kind];
    vsh_build_path path = vsh_build_part(e->b, shard_name(e->at, kind).text);

    if (o->documents == 0)
        return VSH_OK;
    VSH_TRY(mark_place(e, o, err));
    *facts = (shard_facts){o->documents, o->ids.count, o->bytes, 0};
    unlink(path.text); /* of another try */
    return vsh_shard_write(path.text, &o->ids, o->start, o->documents,
                           vsh_tokenizer_vocab(e->b->tokenizer), &facts->hash, err);
}

static vsh_status write_shards(encoding *e, vsh_error *err)
{
    record r;
    const vsh_text text = {.data = (char *)&r, .length = sizeof r};

    memset(&r, 0, sizeof r);
    memcpy(r.mark, record_mark, sizeof record_mark);
    r.key = e->key;
    r.untranslated = e->untranslated;
    for (int i = 0; i < VSH_BUILD_KINDS; i++)
        VSH_TRY(write_shard(e, i, &r.shard[i], err));
    r.hash = record_hash(&r);
    return vsh_file_write(record_path(e->b, e->at).text, &text, err);
}

static vsh_status encode_documents(encoding *e, vsh_document_reader *reader, bool skip,
                                   vsh_error *err)
{
    uint64_t hash = 0;
    int64_t i = 0, told = vsh_document_reader_so_far(reader)->disk_bytes, now;
    vsh_document document;

    for (int64_t d = 0; d < e->at->documents; d++) {
        if (vsh_build_stopped(e->b))
            return vsh_build_say_stopped(err);
        VSH_TRY(vsh_document_reader_next(reader, &document, err));
        if (!document.text)
            return vsh_build_input_changed(e->b, e->at->span, err);
        hash = vsh_build_chain(hash, &document);
        now = vsh_document_reader_so_far(reader)->disk_bytes;
        if (now > told)
            (skip ? vsh_build_progress_skip : vsh_build_progress)(e->b, now - told);
        told = now;
        if (!skip && vsh_build_bit(e->body.passed_bits, d))
            VSH_TRY(encode_document(e, i++, &document, err));
    }
    return hash == e->at->text_hash ? VSH_OK : vsh_build_input_changed(e->b, e->at->span, err);
}

static vsh_status encode_segment(vsh_building *b, vsh_document_reader *reader,
                                 const vsh_built_segment *at, vsh_error *err)
{
    vsh_arena room = {0};
    encoding e = {.b = b, .room = &room, .at = at, .key = record_key(b, at)};
    bool skip = is_encoded(b, at, e.key);
    vsh_status status =
        skip ? VSH_OK : vsh_build_segment_read(b, &room, at->span, at->part, &e.body, err);

    for (int i = 0; i < VSH_BUILD_KINDS; i++)
        e.out[i].ids.arena = &room;
    if (status == VSH_OK && !skip)
        status = reserve(&e, err);
    if (status == VSH_OK)
        status = encode_documents(&e, reader, skip, err);
    if (status == VSH_OK && !skip && b->o->augment == VSH_AUGMENT_BACKTRANSLATE)
        status = add_translated(&e, err);
    if (status == VSH_OK && !skip)
        status = write_shards(&e, err);
    vsh_arena_free(&room);
    return status;
}

/* ---- a span ------------------------------------------------------------------------------- */

static bool is_done(const vsh_building *b, int64_t span)
{
    for (int64_t i = b->first_segment[span]; i < b->first_segment[span + 1]; i++)
        if (!is_encoded(b, &b->segment[i], record_key(b, &b->segment[i])))
            return false;
    return true;
}

static vsh_status encode_span(vsh_building *b, void *context, int64_t span, int thread,
                              vsh_error *err)
{
    vsh_arena room = {0};
    vsh_document_reader *reader;
    vsh_status status;

    (void)context, (void)thread;
    if (is_done(b, span)) {
        vsh_build_progress_skip(b, vsh_build_span_bytes(b, span));
        return VSH_OK;
    }
    status = vsh_document_reader_open(&room, &b->sources, span, &reader, err);
    if (status == VSH_OK) {
        for (int64_t i = b->first_segment[span]; status == VSH_OK && i < b->first_segment[span + 1];
             i++)
            status = encode_segment(b, reader, &b->segment[i], err);
        vsh_document_reader_close(reader);
    }
    vsh_arena_free(&room);
    return status;
}

/* ---- all of them -------------------------------------------------------------------------- */

/* Its shards were written by this call, or looked at: they are not read once more. */
static vsh_status list_segment(vsh_building *b, const vsh_built_segment *s, vsh_error *err)
{
    record r;

    if (!read_record(b, s, record_key(b, s), &r))
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot be read", record_path(b, s).text);
    b->report->untranslated += r.untranslated;
    for (int i = 0; i < VSH_BUILD_KINDS; i++) {
        const shard_facts *f = &r.shard[i];
        vsh_build_name name = shard_name(s, i);
        if (f->documents == 0)
            continue;
        b->shard[i][b->shards[i]++] =
            (vsh_dataset_shard){vsh_copy_text(b->arena, name.text, strlen(name.text)), f->documents,
                                f->tokens, f->bytes, f->hash};
    }
    return VSH_OK;
}

vsh_status vsh_build_encode(vsh_building *b, vsh_error *err)
{
    VSH_TRY(vsh_build_each_span(b, "encoding", encode_span, NULL, err));
    for (int i = 0; i < VSH_BUILD_KINDS; i++) {
        b->shard[i] = vsh_alloc(b->arena, (size_t)b->segments, sizeof *b->shard[i]);
        if (!b->shard[i])
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
    }
    for (int64_t i = 0; i < b->segments; i++)
        VSH_TRY(list_segment(b, &b->segment[i], err));
    return VSH_OK;
}
