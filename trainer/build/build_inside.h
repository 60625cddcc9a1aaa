/* What the passes of a build share. In their order:
 *
 *   folder     OUT is taken, what lies in it is known            build_folder.c
 *   forbid     texts that must not be trained on                build_forbid.c
 *   look       read, filter, keys of each document               build_look.c
 *   settle     which stood before, which are held out            build_settle.c
 *   fetch      texts that are wanted once more                   build_fetch.c
 *   tokenize   the tokenizer is trained, or taken as it is       build_tokenize.c
 *   encode     token ids to shards                               build_encode.c
 *   finish     manifest, lists, everything in its place          build_finish.c
 *
 * Documents are counted twice: as they are read, and, "passed", those that the filter let through,
 * whose number among all passed ones (in the order of the input) is how they are known later. */
#ifndef VSH_BUILD_INSIDE_H
#define VSH_BUILD_INSIDE_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/json.h"
#include "trainer/base/pool.h"
#include "trainer/build/build.h"
#include "trainer/build/segment.h"
#include "trainer/data/tokenizer.h"
#include "trainer/text/default_corpus.h"
#include "trainer/text/earlier.h"
#include "trainer/text/language.h"
#include "trainer/text/overlap.h"

/* Reasons to drop a document, as they are counted: rules of quality by their number, languages by
 * theirs, and the rest at the end. */
enum {
    VSH_DROP_LANGUAGE = VSH_QUALITY_RULES,
    VSH_DROP_OVERLAP = VSH_BUILD_STAGES - 3,
    VSH_DROP_EXACT,
    VSH_DROP_NEAR
};

/* Of shards. */
enum { VSH_BUILD_TRAIN, VSH_BUILD_VALIDATION, VSH_BUILD_AUGMENTED, VSH_BUILD_KINDS };

/* What is known of a segment when all are there. */
typedef struct {
    int64_t span, part;
    int64_t documents, passed;
    int64_t first_passed; /* of the documents before it */
    uint64_t text_hash;
    bool last; /* of its span */
} vsh_built_segment;

typedef struct {
    const vsh_build_options *o;
    vsh_arena *arena;
    vsh_build_report *report;
    vsh_pool *pool;
    int threads;
    int lock; /* OUT, open */

    vsh_sources sources;
    const char *description; /* of the default corpus; NULL */
    bool tasks;              /* qa.jsonl and nli.jsonl are there */
    vsh_overlap *overlap;    /* NULL: nothing is forbidden */
    uint64_t key;            /* of options and inputs: what work is worth keeping for */

    vsh_built_segment *segment; /* of all spans in their order */
    int64_t segments;
    int64_t *first_segment; /* (spans + 1) */
    int64_t passed;

    const uint64_t *exact, *near; /* bits by passed document; NULL: not asked */
    vsh_earlier_pair pair[2][VSH_EARLIER_PAIRS];
    int pairs[2];
    struct {
        vsh_build_count count;
        const char *sample[VSH_BUILD_SAMPLES];
        int samples;
    } drop[VSH_BUILD_STAGES];
    bool parted;         /* some are held out */
    int64_t train_bytes; /* of the kept documents that are trained on */

    vsh_tokenizer *tokenizer;

    vsh_dataset_shard *shard[VSH_BUILD_KINDS]; /* in the order of segments */
    int64_t shards[VSH_BUILD_KINDS];

    struct {
        const char *stage;
        int64_t total; /* bytes on the disk */
        atomic_llong done, skipped;
        double began, told;
        pthread_mutex_t gate;
    } progress;
} vsh_building;

/* ---- build_options.c ---- */

vsh_status vsh_build_options_check(const vsh_build_options *o, vsh_error *err);
/* --tokenizer names a model file. */
bool vsh_build_tokenizer_is_file(const vsh_build_options *o);
/* It is trained on the text. */
bool vsh_build_trains_tokenizer(const vsh_build_options *o);

/* ---- build_folder.c ---- */

/* Makes OUT, locks it, and sees to it that work may begin or go on. */
vsh_status vsh_build_folder_take(vsh_building *b, vsh_error *err);
void vsh_build_folder_leave(vsh_building *b);
/* Whether what lies in OUT/work is of these options and inputs; notes them there when it is new. */
vsh_status vsh_build_folder_claim(vsh_building *b, vsh_error *err);
/* Room for a path below OUT, whose own length vsh_build_folder_take has seen. */
typedef struct {
    char text[PATH_MAX];
} vsh_build_path;

vsh_build_path vsh_build_out(const vsh_building *b, const char *name);  /* OUT/NAME */
vsh_build_path vsh_build_part(const vsh_building *b, const char *name); /* OUT/work/parts/NAME */
/* "segment-00012-00000", and with an extension. */
typedef struct {
    char text[64];
} vsh_build_name;
vsh_build_name vsh_build_name_of(const char *kind, int64_t span, int64_t part,
                                 const char *extension);
/* Of the first pass. */
vsh_build_path vsh_build_segment_path(const vsh_building *b, int64_t span, int64_t part);
/* Where a file is that is moved out of parts in the end; false: nowhere. */
bool vsh_build_find(const vsh_building *b, const char *name, vsh_build_path *path);
/* Out of parts, when it is there. */
vsh_status vsh_build_move(const vsh_building *b, const char *name, vsh_error *err);
/* Removes OUT/work. */
vsh_status vsh_build_folder_clean(vsh_building *b, vsh_error *err);
/* The same, and OUT when it is empty: of a build that no call can finish. */
void vsh_build_folder_forget(vsh_building *b);
bool vsh_build_folder_is_claimed(const vsh_building *b);

/* ---- build_spans.c ---- */

/* On any thread; the error of the first span that has one is what the pass ends with. */
typedef vsh_status vsh_build_span_work(vsh_building *b, void *context, int64_t span, int thread,
                                       vsh_error *err);
vsh_status vsh_build_each_span(vsh_building *b, const char *stage, vsh_build_span_work *work,
                               void *context, vsh_error *err);
/* By a worker: so many bytes on the disk more are behind it, or were before this call began. */
void vsh_build_progress(vsh_building *b, int64_t bytes);
void vsh_build_progress_skip(vsh_building *b, int64_t bytes);
/* A stage that is no pass over spans. */
void vsh_build_progress_stage(vsh_building *b, const char *stage);
bool vsh_build_stopped(const vsh_building *b);
vsh_status vsh_build_say_stopped(vsh_error *err);
int64_t vsh_build_span_bytes(const vsh_building *b, int64_t span);

vsh_status vsh_build_segment_read(const vsh_building *b, vsh_arena *arena, int64_t span,
                                  int64_t part, vsh_segment *segment, vsh_error *err);
/* VSH_EINPUT, naming the file of the span that seems to be another, or all of them. */
vsh_status vsh_build_input_changed(const vsh_building *b, int64_t span, vsh_error *err);

/* ---- build_excerpt.c ---- */

/* "FILE (0.43): the beginning of the text...": one line without control characters; a figure that
 * is NaN is left out. */
void vsh_build_excerpt(vsh_text *text, const char *path, double figure,
                       const vsh_document *document);

/* One of the first samples of a reason is kept. */
void vsh_build_note_sample(vsh_building *b, int drop, const char *text);
/* The hash of a segment's documents, and one more. */
uint64_t vsh_build_chain(uint64_t hash, const vsh_document *document);

/* ---- build_report.c ---- */

/* Figures of a report that are known when everything is encoded. */
void vsh_build_report_fill(vsh_building *b);

/* A few of what was wrong with files. */
void vsh_build_note_troubles(vsh_building *b, const vsh_reading *reading);

/* ---- build_forbid.c ---- */

/* Makes the tasks, and reads all texts that must not be trained on; they are part of what a build's
 * work is of. */
vsh_status vsh_build_forbid(vsh_building *b, vsh_error *err);

/* ---- the passes ---- */

vsh_status vsh_build_look(vsh_building *b, vsh_error *err);     /* build_look.c */
vsh_status vsh_build_settle(vsh_building *b, vsh_error *err);   /* build_settle.c */
vsh_status vsh_build_fetch(vsh_building *b, vsh_error *err);    /* build_fetch.c */
vsh_status vsh_build_tokenize(vsh_building *b, vsh_error *err); /* build_tokenize.c */
vsh_status vsh_build_encode(vsh_building *b, vsh_error *err);   /* build_encode.c */
vsh_status vsh_build_finish(vsh_building *b, vsh_error *err);   /* build_finish.c */

/* Of keys: the exact one, and the bands. */
static inline int vsh_build_columns(const vsh_build_options *o)
{
    return 1 + (o->dedup ? o->minhash.bands : 0);
}

static inline bool vsh_build_bit(const uint64_t *bits, int64_t i)
{
    return bits && (bits[i / 64] >> (i % 64) & 1);
}

/* The number of its first passed document. */
static inline int64_t vsh_build_first_passed(const vsh_building *b, const vsh_segment *s)
{
    return b->segment[b->first_segment[s->head.span] + s->head.part].first_passed;
}

/* Passed document d stood before. */
static inline bool vsh_build_is_duplicate(const vsh_building *b, int64_t d)
{
    return vsh_build_bit(b->exact, d) || vsh_build_bit(b->near, d);
}

#endif
