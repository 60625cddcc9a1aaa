#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trainer/build/build_inside.h"

/* ---- as drops ----------------------------------------------------------------------------- */

static const char *stage_of(int drop)
{
    return drop < VSH_DROP_LANGUAGE   ? "quality"
           : drop < VSH_DROP_OVERLAP  ? "language"
           : drop == VSH_DROP_OVERLAP ? "overlap"
           : drop == VSH_DROP_EXACT   ? "exact"
                                      : "near";
}

static const char *reason_of(int drop)
{
    return drop < VSH_DROP_LANGUAGE   ? vsh_quality_rules[drop].name
           : drop < VSH_DROP_OVERLAP  ? vsh_language_codes[drop - VSH_DROP_LANGUAGE]
           : drop == VSH_DROP_OVERLAP ? "words of an evaluation text"
           : drop == VSH_DROP_EXACT   ? "same words as an earlier document"
                                      : "nearly as an earlier document";
}

void vsh_build_report_fill(vsh_building *b)
{
    vsh_build_report *r = b->report;

    for (int i = 0; i < VSH_BUILD_STAGES; i++) {
        vsh_build_drop *d = &r->drop[r->drops];
        if (b->drop[i].count.documents == 0)
            continue;
        *d = (vsh_build_drop){stage_of(i), reason_of(i), b->drop[i].count, {NULL}};
        for (int s = 0; s < b->drop[i].samples; s++)
            d->sample[s] = b->drop[i].sample[s];
        r->drops++;
    }
}

void vsh_build_note_troubles(vsh_building *b, const vsh_reading *reading)
{
    vsh_build_report *r = b->report;

    for (int i = 0; i < VSH_TROUBLES_KEPT && i < reading->troubles; i++)
        if (r->troubles_said < VSH_BUILD_TROUBLES)
            r->trouble[r->troubles_said++] =
                vsh_copy_text(b->arena, reading->trouble[i].what, strlen(reading->trouble[i].what));
    r->troubles += reading->troubles;
}

/* ---- as JSON ------------------------------------------------------------------------------ */

static void write_count(vsh_json *json, const vsh_build_count *count)
{
    vsh_json_integer(json, "documents", count->documents);
    vsh_json_integer(json, "bytes", count->bytes);
}

static void write_drop(vsh_json *json, const vsh_build_drop *d)
{
    vsh_json_object(json, NULL);
    vsh_json_string(json, "stage", d->stage);
    vsh_json_string(json, "reason", d->reason);
    write_count(json, &d->dropped);
    vsh_json_array(json, "samples");
    for (int i = 0; i < VSH_BUILD_SAMPLES && d->sample[i]; i++)
        vsh_json_string(json, NULL, d->sample[i]);
    vsh_json_end(json);
    vsh_json_end(json);
}

/* What lies in every stage, in the order in which documents go through. */
static void write_stages(vsh_json *json, const vsh_build_report *r)
{
    vsh_build_count left = r->read;

    vsh_json_array(json, "stages");
    for (int i = 0; i < VSH_BUILD_STAGE_NAMES; i++) {
        vsh_build_count dropped = vsh_build_dropped(r, vsh_build_stage_names[i]);
        left.documents -= dropped.documents;
        left.bytes -= dropped.bytes;
        vsh_json_object(json, NULL);
        vsh_json_string(json, "stage", vsh_build_stage_names[i]);
        vsh_json_integer(json, "dropped_documents", dropped.documents);
        vsh_json_integer(json, "dropped_bytes", dropped.bytes);
        vsh_json_integer(json, "kept_documents", left.documents);
        vsh_json_integer(json, "kept_bytes", left.bytes);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_recall(vsh_json *json, const vsh_build_options *o)
{
    vsh_json_array(json, "near_duplicate_recall");
    for (int percent = 50; percent <= 95; percent += 5) {
        vsh_json_object(json, NULL);
        vsh_json_real(json, "similarity", percent / 100.0);
        vsh_json_real(json, "recall", vsh_minhash_recall(&o->minhash, percent / 100.0));
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_reading(vsh_json *json, const vsh_build_report *r)
{
    vsh_json_object(json, "reading");
    vsh_json_integer(json, "files", r->files);
    vsh_json_integer(json, "files_passed_over", r->passed_over);
    vsh_json_integer(json, "documents_cut", r->cut);
    vsh_json_integer(json, "documents_empty", r->empty);
    vsh_json_integer(json, "documents_not_utf8", r->malformed);
    vsh_json_integer(json, "documents_with_nul", r->nul);
    vsh_json_integer(json, "bad_lines", r->bad_lines);
    vsh_json_integer(json, "damaged_files", r->damaged);
    vsh_json_array(json, "troubles");
    for (int i = 0; i < r->troubles_said; i++)
        vsh_json_string(json, NULL, r->trouble[i]);
    vsh_json_end(json);
    vsh_json_end(json);
}

static void write_hash(vsh_json *json, const char *key, uint64_t hash)
{
    char digits[20];

    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)hash);
    vsh_json_string(json, key, hash ? digits : NULL);
}

void vsh_build_forbidden_write(vsh_json *json, const vsh_build_forbidden *f)
{
    vsh_json_object(json, "forbidden");
    write_hash(json, "against", f->against);
    write_hash(json, "tasks", f->tasks);
    vsh_json_integer(json, "texts", f->texts);
    vsh_json_integer(json, "overlap_grams", f->grams);
    vsh_json_integer(json, "bad_lines", f->bad_lines);
    vsh_json_integer(json, "damaged_files", f->damaged);
    vsh_json_end(json);
}

static void write_split(vsh_json *json, const char *key, const vsh_dataset_split *split)
{
    vsh_json_object(json, key);
    vsh_json_integer(json, "documents", split->documents);
    vsh_json_integer(json, "tokens", split->tokens);
    vsh_json_integer(json, "bytes", split->bytes);
    vsh_json_integer(json, "shards", split->shards);
    vsh_json_end(json);
}

static void write_dataset(vsh_json *json, const vsh_build_report *r)
{
    const vsh_dataset *d = &r->dataset;

    vsh_json_string(json, "description", d->description);
    vsh_json_string(json, "tokenizer", d->tokenizer);
    vsh_json_integer(json, "vocab", d->vocab);
    vsh_json_integer(json, "unique_tokens", d->unique_tokens);
    vsh_json_known(json, "bytes_per_token", vsh_build_bytes_per_token(r));
    write_split(json, "train", &d->train);
    write_split(json, "validation", &d->validation);
    vsh_json_integer(json, "largest_document_bytes", r->largest);
    vsh_json_integer(json, "held_out_drawn", r->drawn);
    vsh_json_integer(json, "augmented_documents", r->augmented_documents);
    vsh_json_integer(json, "augmented_tokens", r->augmented_tokens);
    vsh_json_integer(json, "untranslated_documents", r->untranslated);
}

void vsh_build_report_write(vsh_json *json, const vsh_build_options *o, const vsh_build_report *r)
{
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_object(json, "read");
    write_count(json, &r->read);
    vsh_json_end(json);
    vsh_json_object(json, "kept");
    write_count(json, &r->kept);
    vsh_json_end(json);
    write_stages(json, r);
    vsh_json_array(json, "drops");
    for (int i = 0; i < r->drops; i++)
        write_drop(json, &r->drop[i]);
    vsh_json_end(json);
    write_reading(json, r);
    vsh_build_forbidden_write(json, &r->forbidden);
    if (o->dedup)
        write_recall(json, o);
    if (r->dataset.vocab)
        write_dataset(json, r);
}

/* ---- figures of it ------------------------------------------------------------------------ */

const char *const vsh_build_stage_names[VSH_BUILD_STAGE_NAMES] = {"quality", "language", "overlap",
                                                                  "exact", "near"};

vsh_build_count vsh_build_dropped(const vsh_build_report *r, const char *stage)
{
    vsh_build_count sum = {0};

    for (int i = 0; i < r->drops; i++)
        if (strcmp(r->drop[i].stage, stage) == 0) {
            sum.documents += r->drop[i].dropped.documents;
            sum.bytes += r->drop[i].dropped.bytes;
        }
    return sum;
}

double vsh_build_bytes_per_token(const vsh_build_report *r)
{
    int64_t bytes = r->kept.bytes, tokens = r->dataset.unique_tokens + r->dataset.validation.tokens;

    return tokens > 0 ? (double)bytes / (double)tokens : (double)NAN;
}
