/* What the first pass keeps of a stretch of text in one work file: counts, which documents passed
 * the filter, and their keys. Appears whole or not at all; a hash finds damage. A span of the
 * sources is cut into parts 0, 1, ... by the text alone. */
#ifndef VSH_SEGMENT_H
#define VSH_SEGMENT_H

#include "trainer/build/build.h"
#include "trainer/text/document_reader.h"

/* Documents of a segment: bounds its memory where they are tiny. */
enum { VSH_SEGMENT_DOCUMENTS = 1 << 18, VSH_SEGMENT_SAMPLE_BYTES = 244 };

/* The beginning of one that was dropped, closed by a NUL. */
typedef struct {
    int32_t drop; /* which count */
    char text[VSH_SEGMENT_SAMPLE_BYTES];
} vsh_segment_sample;

typedef struct {
    int64_t span, part;
    int64_t last;         /* of its span; only then reading is filled: of the whole span */
    int64_t documents;    /* read */
    int64_t passed, held; /* the filter; of them, those that are drawn to be held out */
    int64_t columns;      /* of keys */
    int64_t samples;
    uint64_t text_hash; /* of its documents, each after the other */
    vsh_build_count drop[VSH_BUILD_STAGES];
    vsh_build_count read;
    vsh_reading reading;
} vsh_segment_head;

/* One that is being filled: arrays that grow, and stay for the next. */
typedef struct {
    vsh_arena *arena;
    vsh_segment_head head;
    uint64_t *passed_bits; /* by document */
    uint64_t *held_bits;   /* by passed document, as all that follows */
    uint32_t *bytes;
    uint64_t *keys; /* (passed, columns) */
    int64_t capacity;
    vsh_segment_sample sample[VSH_BUILD_STAGES * VSH_BUILD_SAMPLES];
} vsh_segment_draft;

/* Begins part p of a span; columns and arena stay as they are. */
void vsh_segment_begin(vsh_segment_draft *draft, int64_t span, int64_t part);
/* Room for one document more. VSH_EMACHINE. */
vsh_status vsh_segment_reserve(vsh_segment_draft *draft, vsh_error *err);
/* key names the build that it is of. */
vsh_status vsh_segment_write(const char *path, uint64_t key, vsh_segment_draft *draft,
                             vsh_error *err);

/* false: not there, of another build, or damaged; body: the whole file is looked at. */
bool vsh_segment_head_read(const char *path, uint64_t key, bool body, vsh_segment_head *head);

/* Everything but the keys after the first column, in memory. */
typedef struct {
    vsh_segment_head head;
    const uint64_t *passed_bits, *held_bits;
    const uint32_t *bytes;
    const uint64_t *key; /* column 0 */
    const vsh_segment_sample *sample;
} vsh_segment;

/* Of a file whose body was looked at before (vsh_segment_head_read): here only its first bytes are
 * held against their hash. VSH_EMACHINE when they are others, or it is too short. */
vsh_status vsh_segment_read(vsh_arena *arena, const char *path, uint64_t key, vsh_segment *segment,
                            vsh_error *err);
/* Keys of passed documents [first, first + count) in a column. VSH_EMACHINE as above. */
vsh_status vsh_segment_keys(const char *path, uint64_t key, int column, int64_t first,
                            int64_t count, uint64_t *keys, vsh_error *err);

#endif
