#include <string.h>

#include "core/file.h"
#include "trainer/build/build_inside.h"
#include "trainer/base/hash64.h"
#include "trainer/tasks/wordnet_tasks.h"

static const char *const task_files[] = {"nli.jsonl", "qa.jsonl"};
enum { TASK_FILES = 2 };

/* ---- texts -------------------------------------------------------------------------------- */

static vsh_status add_documents(vsh_building *b, vsh_document_reader *reader, uint64_t *hash,
                                vsh_error *err)
{
    vsh_document document;

    for (;;) {
        if (vsh_build_stopped(b))
            return vsh_build_say_stopped(err);
        VSH_TRY(vsh_document_reader_next(reader, &document, err));
        if (!document.text)
            return VSH_OK;
        *hash = vsh_build_chain(*hash, &document);
        b->report->forbidden.texts++;
        VSH_TRY(vsh_overlap_add(b->overlap, document.text, document.bytes, err));
    }
}

static vsh_status add_span(vsh_building *b, const vsh_sources *sources, int64_t span,
                           uint64_t *hash, vsh_error *err)
{
    vsh_build_forbidden *f = &b->report->forbidden;
    vsh_arena room = {0};
    vsh_document_reader *reader;
    vsh_status status = vsh_document_reader_open(&room, sources, span, &reader, err);

    if (status == VSH_OK) {
        const vsh_reading *reading = vsh_document_reader_so_far(reader);
        status = add_documents(b, reader, hash, err);
        f->bad_lines += reading->bad_lines;
        f->damaged += reading->damaged;
        vsh_build_note_troubles(b, reading);
        vsh_document_reader_close(reader);
    }
    vsh_arena_free(&room);
    return status;
}

/* Texts of a file or of a folder's files, streamed; without a filter it is looked for only. */
static vsh_status add_texts(vsh_building *b, const char *path, uint64_t *hash, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_sources sources = {0};
    vsh_status status =
        vsh_sources_find(&room, &path, 1, VSH_DOCUMENTS_AUTO, b->o->stop, &sources, err);

    for (int64_t i = 0; b->overlap && status == VSH_OK && i < sources.spans; i++)
        status = add_span(b, &sources, i, hash, err);
    vsh_arena_free(&room);
    return status;
}

/* Texts that forbid nothing were meant to: a file of other members than "text", most likely. */
static vsh_status add_against(vsh_building *b, vsh_error *err)
{
    vsh_build_report *r = b->report;
    int least = b->o->overlap_words < VSH_OVERLAP_WORDS ? b->o->overlap_words : VSH_OVERLAP_WORDS;

    VSH_TRY(add_texts(b, b->o->against, &r->forbidden.against, err));
    if (!b->overlap || vsh_overlap_grams(b->overlap) > 0)
        return VSH_OK;
    return vsh_fail(
        err, VSH_EINPUT, "--against %s: expected texts of %d words or more, found none%s%s",
        b->o->against, least, r->troubles_said ? "; " : "", r->troubles_said ? r->trouble[0] : "");
}

/* ---- tasks -------------------------------------------------------------------------------- */

static vsh_status hash_tasks(vsh_building *b, vsh_error *err)
{
    uint64_t *hash = &b->report->forbidden.tasks;

    for (int i = 0; i < TASK_FILES; i++) {
        vsh_arena room = {0};
        vsh_text text = {.arena = &room};
        vsh_status status = vsh_file_read(vsh_build_part(b, task_files[i]).text, &text, err);
        uint64_t both[] = {*hash, status == VSH_OK ? vsh_hash64(text.data, text.length) : 0};
        vsh_arena_free(&room);
        if (status != VSH_OK)
            return status;
        *hash = vsh_hash64(both, sizeof both);
    }
    return VSH_OK;
}

static vsh_status make_tasks(vsh_building *b, vsh_error *err)
{
    if (!b->o->tasks)
        return VSH_OK;
    vsh_build_progress_stage(b, "making evaluation tasks");
    VSH_TRY(vsh_wordnet_tasks_write(b->o->wordnet, vsh_build_part(b, "").text, &b->tasks, err));
    b->report->forbidden.no_wordnet = !b->tasks;
    return b->tasks ? hash_tasks(b, err) : VSH_OK;
}

vsh_status vsh_build_forbid(vsh_building *b, vsh_error *err)
{
    const vsh_build_options *o = b->o;
    uint64_t ignored = 0; /* the files' own is known */

    VSH_TRY(make_tasks(b, err));
    vsh_build_progress_stage(b, "reading evaluation texts");
    if (o->filter && (b->tasks || o->against))
        VSH_TRY(vsh_overlap_open(b->arena, o->overlap_words, &b->overlap, err));
    if (o->against)
        VSH_TRY(add_against(b, err));
    for (int i = 0; b->overlap && b->tasks && i < TASK_FILES; i++)
        VSH_TRY(add_texts(b, vsh_build_part(b, task_files[i]).text, &ignored, err));
    b->report->forbidden.grams = b->overlap ? vsh_overlap_grams(b->overlap) : 0;
    return VSH_OK;
}
