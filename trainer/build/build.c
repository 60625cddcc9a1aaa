#include "trainer/build/build.h"

#include <string.h>

#include "core/clock.h"
#include "trainer/build/build_inside.h"

/* ---- before the first pass ---------------------------------------------------------------- */

/* A document is a line in the default corpus. */
static vsh_status extract_default(vsh_building *b, vsh_error *err)
{
    vsh_default_corpus corpus;

    vsh_build_progress_stage(b, "extracting the default corpus");
    VSH_TRY(vsh_default_corpus_write(b->arena, b->o->packages, vsh_build_part(b, "").text, &corpus,
                                     err));
    b->description = corpus.description;
    b->report->missing = corpus.missing;
    return vsh_sources_find(b->arena, corpus.path, corpus.paths, VSH_DOCUMENTS_LINE, b->o->stop,
                            &b->sources, err);
}

static vsh_status find_sources(vsh_building *b, vsh_error *err)
{
    const vsh_build_options *o = b->o;

    if (o->in_count == 0)
        VSH_TRY(extract_default(b, err));
    else
        VSH_TRY(vsh_sources_find(b->arena, o->in, o->in_count, (vsh_documents_by)o->documents_by,
                                 b->o->stop, &b->sources, err));
    if (o->shard_bytes > 0)
        VSH_TRY(vsh_sources_cut(b->arena, o->shard_bytes, &b->sources, err));
    b->report->files = b->sources.sources;
    b->report->passed_over = b->sources.passed_over_count;
    return VSH_OK;
}

/* ---- the passes --------------------------------------------------------------------------- */

static vsh_status prepare(vsh_building *b, vsh_error *err)
{
    VSH_TRY(find_sources(b, err));
    VSH_TRY(vsh_build_forbid(b, err));
    return vsh_build_folder_claim(b, err);
}

/* Then the report is as full as it can be before anything is encoded. */
static vsh_status fetch(vsh_building *b, vsh_error *err)
{
    vsh_build_report *r = b->report;

    VSH_TRY(vsh_build_fetch(b, err));
    vsh_build_report_fill(b);
    return r->kept.documents > 0 ? VSH_OK
                                 : vsh_fail(err, VSH_ENO, "nothing was kept of %s document%s",
                                            vsh_show_integer(r->read.documents).text,
                                            r->read.documents == 1 ? "" : "s");
}

static const struct {
    const char *name;
    vsh_status (*run)(vsh_building *b, vsh_error *err);
} passes[] = {
    {"prepare", prepare},
    {"look", vsh_build_look},
    {"settle", vsh_build_settle},
    {"fetch", fetch},
    {"tokenize", vsh_build_tokenize},
    {"encode", vsh_build_encode},
    {"finish", vsh_build_finish},
};

_Static_assert(sizeof passes / sizeof *passes == VSH_BUILD_PASSES, "every pass has its time");

static vsh_status pass_through(vsh_building *b, vsh_error *err)
{
    vsh_build_report *r = b->report;
    vsh_status status = VSH_OK;

    while (r->passes < VSH_BUILD_PASSES && status == VSH_OK) {
        const double began = vsh_clock_now().v, cpu = vsh_clock_cpu().v;
        status = passes[r->passes].run(b, err);
        r->pass[r->passes] = (vsh_build_pass){passes[r->passes].name, vsh_clock_now().v - began,
                                              vsh_clock_cpu().v - cpu};
        r->passes++;
    }
    return status;
}

static vsh_status build_in_folder(vsh_building *b, vsh_error *err)
{
    vsh_status status;

    VSH_TRY(vsh_build_folder_take(b, err));
    VSH_TRY(vsh_pool_start(b->arena, b->threads, NULL, 0, &b->pool, err));
    status = pass_through(b, err);
    vsh_pool_stop(b->pool);
    if (b->tokenizer)
        vsh_tokenizer_close(b->tokenizer);
    if (status == VSH_ENO || (status != VSH_OK && !vsh_build_folder_is_claimed(b)))
        vsh_build_folder_forget(b);
    /* the signal of a terminal ends the programs that we wait for, too: theirs is no failure */
    return status != VSH_OK && vsh_build_stopped(b) ? vsh_build_say_stopped(err) : status;
}

vsh_status vsh_build(vsh_arena *arena, const vsh_build_options *options, vsh_build_report *report,
                     vsh_error *err)
{
    vsh_building b = {.o = options,
                      .arena = arena,
                      .report = report,
                      .threads = options->threads > 0 ? options->threads : 1,
                      .lock = -1};
    double began = vsh_clock_now().v;
    vsh_status status;

    *report = (vsh_build_report){0};
    VSH_TRY(vsh_build_options_check(options, err));
    pthread_mutex_init(&b.progress.gate, NULL);
    status = build_in_folder(&b, err);
    vsh_build_folder_leave(&b);
    pthread_mutex_destroy(&b.progress.gate);
    report->seconds = vsh_clock_now().v - began;
    return status;
}
