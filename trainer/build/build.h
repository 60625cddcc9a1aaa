/* Raw text to a dataset (core/dataset.h): read, filter, deduplicate, train a tokenizer, augment,
 * encode. Streams in bounded memory; the same bytes come out for any number of threads, and after
 * any number of interruptions: what was finished lies in OUT/work until the manifest is written. */
#ifndef VSH_BUILD_H
#define VSH_BUILD_H

#include <signal.h>

#include "core/dataset.h"
#include "core/text.h"
#include "trainer/text/minhash.h"
#include "trainer/text/quality.h"
#include "trainer/text/sources.h"

/* More training text out of the text at hand: what stands in it already, said or asked otherwise.
 * None of it counts as unique, and nothing of it is held out. */
typedef enum { VSH_AUGMENT_NONE, VSH_AUGMENT_INFILL, VSH_AUGMENT_BACKTRANSLATE } vsh_augmentation;

extern const char *const vsh_augment_words[]; /* "none", "infill", "backtranslate" */

typedef struct {
    const char *const *in; /* files and folders; in_count 0: the default corpus */
    int in_count;
    const char *packages; /* folder with the unpacked files of the default corpus */
    const char *out;
    int documents_by; /* vsh_documents_by */
    bool filter;      /* --ngram-filter: quality, language, overlap */
    vsh_quality_limits limits;
    const char *language; /* only this one; NULL: any */
    const char *against;  /* texts that must not be trained on; NULL: none */
    int overlap_words;    /* n of the n-grams that must not be shared */
    bool tasks;           /* make qa.jsonl and nli.jsonl, and keep their texts out */
    const char *wordnet;  /* folder that they are made of */
    bool dedup;
    vsh_minhash_shape minhash;
    int augment;           /* vsh_augmentation */
    double augment_share;  /* of the training documents */
    const char *tokenizer; /* "unigram", "bpe", "bytes", or a model file */
    int64_t vocab;
    bool vocab_at_most;  /* fewer pieces where the text has no room for so many */
    int64_t held_out;    /* one document in so many */
    int64_t shard_bytes; /* of text; 0: what suits the files */
    uint64_t seed;
    int threads;
    bool force;                        /* over a dataset, or an unfinished build of other options */
    const volatile sig_atomic_t *stop; /* NULL: nobody asks */
    /* share of the stage that is done, bytes a second and seconds left (NaN: not known) */
    void (*progress)(void *context, const char *stage, double share, double bytes_per_s,
                     double seconds_left);
    void *context;
} vsh_build_options;

void vsh_build_default(vsh_build_options *options);
/* Members of a JSON object: everything that decides the bytes that come out. */
void vsh_build_options_write(vsh_json *json, const vsh_build_options *options);

typedef struct {
    int64_t documents, bytes;
} vsh_build_count;

enum { VSH_BUILD_SAMPLES = 3, VSH_BUILD_STAGES = 64, VSH_BUILD_TROUBLES = 12 };

/* What one reason has dropped, with the beginnings of the first few. */
typedef struct {
    const char *stage;  /* "quality", "language", "overlap", "exact", "near" */
    const char *reason; /* "duplicate-line-share" */
    vsh_build_count dropped;
    const char
        *sample[VSH_BUILD_SAMPLES]; /* "FILE-LIKE-PLACE: text...": one line each; NULL: none */
} vsh_build_drop;

/* Texts that must not be trained on. */
typedef struct {
    uint64_t against, tasks;    /* hashes: of the texts in --against, of qa.jsonl and nli.jsonl; 0:
                                   there are none */
    bool no_wordnet;            /* tasks were asked for and could not be made */
    int64_t texts, grams;       /* that are looked for */
    int64_t bad_lines, damaged; /* as in vsh_reading */
} vsh_build_forbidden;

/* One pass over the text, or what stands between two (docs/data.md). */
typedef struct {
    const char *name;
    double seconds, cpu_seconds; /* of this process; of all its threads, not of spm_train */
} vsh_build_pass;

enum { VSH_BUILD_PASSES = 7 };

typedef struct {
    vsh_dataset dataset;
    const char *missing; /* of the default corpus: "GCIDE 0.48"; NULL: nothing */
    vsh_build_count read, kept;
    vsh_build_forbidden forbidden;
    int64_t largest; /* bytes of the largest document that is kept */
    int64_t drawn;   /* of the kept documents, to be held out: none or all of them, and none is */
    vsh_build_drop drop[VSH_BUILD_STAGES];
    int drops;
    /* see sources and readings */
    int64_t files, passed_over, bad_lines, damaged, cut, malformed, nul, empty;
    const char *trouble[VSH_BUILD_TROUBLES]; /* the first few of them, a line each */
    int troubles_said;
    int64_t troubles;
    int64_t augmented_documents, augmented_tokens;
    int64_t untranslated; /* documents drawn for back translation that the translator failed on */
    double seconds;
    vsh_build_pass pass[VSH_BUILD_PASSES];
    int passes;
} vsh_build_report;

/* VSH_EINPUT: text, options, a folder that has something else in it; VSH_ENO: nothing was kept;
 * VSH_ESTOPPED: interrupted, and the same call goes on. */
vsh_status vsh_build(vsh_arena *arena, const vsh_build_options *options, vsh_build_report *report,
                     vsh_error *err);

/* Members of report.json: counts, reasons, samples; nothing of the time that it took. */
void vsh_build_report_write(vsh_json *json, const vsh_build_options *options,
                            const vsh_build_report *report);

/* Member "forbidden" of an object. */
void vsh_build_forbidden_write(vsh_json *json, const vsh_build_forbidden *forbidden);

/* The stages that drop documents, in their order, and what one has dropped. */
enum { VSH_BUILD_STAGE_NAMES = 5 };
extern const char *const vsh_build_stage_names[VSH_BUILD_STAGE_NAMES];
vsh_build_count vsh_build_dropped(const vsh_build_report *report, const char *stage);
/* Of what is kept; NaN before anything is encoded. */
double vsh_build_bytes_per_token(const vsh_build_report *report);

#endif
