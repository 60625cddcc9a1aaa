/* The files that a build reads, and the spans of them that are read independently of each other.
 * Both depend on the files alone: never on threads or time. */
#ifndef VSH_SOURCES_H
#define VSH_SOURCES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

/* What a document is in a text file: auto is the whole file where it was found in a folder, and
 * what blank lines part where it was named. JSONL: a line always. */
typedef enum {
    VSH_DOCUMENTS_AUTO,
    VSH_DOCUMENTS_FILE,
    VSH_DOCUMENTS_PARAGRAPH,
    VSH_DOCUMENTS_LINE
} vsh_documents_by;

/* "auto", "file", "paragraph", "line", closed by NULL */
extern const char *const vsh_documents_words[];

typedef enum { VSH_UNPACKED, VSH_GZIP, VSH_ZSTD } vsh_packing;

typedef struct {
    const char *path;
    int64_t bytes;       /* on the disk */
    int64_t written_s;   /* when it was last written: seconds since 1970, */
    int64_t written_ns;  /* and nanoseconds more */
    vsh_packing packing; /* by its first bytes, whatever its name */
    bool jsonl;          /* .jsonl, .ndjson, .json, below .gz, .zst: an object a line, its "text" */
    vsh_documents_by by; /* never auto */
} vsh_source;

/* Of sources [first, first + count) the documents that begin in bytes [begin, end): all of them
 * (0, INT64_MAX) but where a source that is not packed is parted. A file that is one document is
 * longer than any may be then, and is cut near the spans' ends too. */
typedef struct {
    int64_t first, count;
    int64_t begin, end;
} vsh_span;

/* A file that is not read, and why: "binary", "not a regular file", "empty", ... */
typedef struct {
    const char *path, *why;
} vsh_passed_over;

typedef struct {
    const vsh_source *source;
    int64_t sources;
    const vsh_span *span;
    int64_t spans;
    int64_t bytes;         /* on the disk */
    int64_t segment_bytes; /* of text, after which a span's results are put away */
    const vsh_passed_over *passed_over;
    int64_t passed_over_count;
} vsh_sources;

/* Files as they are named; folders with all that is below them, in the order of their names' bytes,
 * but for what is hidden (.git) and folders that are datasets themselves.
 * Links to files are followed, and links to folders that are not among their own parents; no folder
 * is read twice. VSH_EINPUT for a path that is not there or cannot be read, and when no file is
 * left; VSH_ESTOPPED once *stop is set (NULL: nobody asks). */
vsh_status vsh_sources_find(vsh_arena *arena, const char *const *paths, int count,
                            vsh_documents_by by, const volatile sig_atomic_t *stop,
                            vsh_sources *sources, vsh_error *err);

/* Of paths and sizes, and of dates where they say something: not of files made anew each time. */
uint64_t vsh_sources_hash(const vsh_sources *sources, bool dates);

/* What suits the files: a thousandth of their text, 16 MiB or more, 64 MiB or less. */
int64_t vsh_sources_segment_bytes(const vsh_sources *sources);
/* The spans anew, for segments of so many bytes (2 or more): vsh_sources_find has taken what suits
 * the files. */
vsh_status vsh_sources_cut(vsh_arena *arena, int64_t segment_bytes, vsh_sources *sources,
                           vsh_error *err);

#endif
