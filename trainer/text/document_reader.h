/* Documents of a span one after the other, in bounded memory: files are unpacked and cut as they
 * are read. What is wrong with a file is counted and named, and reading goes on behind it.
 *
 * A document's bytes are those of the file but for the breaks around a paragraph or a line, and for
 * a byte order mark at the begin of the file. Pieces of one that is cut join to all of it. Of a
 * line of JSON the string "text" is decoded; memory is 1.5 MiB, an unpacker's window (zstd: 128 MiB
 * at most) and, while a longer line of JSON is read, that line (64 MiB at most). */
#ifndef VSH_DOCUMENT_READER_H
#define VSH_DOCUMENT_READER_H

#include "trainer/text/document.h"
#include "trainer/text/sources.h"

enum { VSH_TROUBLES_KEPT = 4 };

/* "FILE: line 12, byte 1: expected an object with a \"text\"", and in a span that begins in the
 * middle "FILE: byte 16777220: ..."; "FILE: gzip: damaged behind byte 1000" (of the unpacked text)
 */
typedef struct {
    char what[256];
} vsh_trouble;

/* Of what was read so far. */
typedef struct {
    int64_t disk_bytes; /* of the files, for progress */
    int64_t bytes;      /* unpacked */
    int64_t documents;
    int64_t cut;       /* documents longer than VSH_DOCUMENT_BYTES_MAX */
    int64_t empty;     /* without a character that is not white space */
    int64_t malformed; /* documents with bytes that are not UTF-8 */
    int64_t nul;       /* documents with NUL bytes */
    int64_t bad_lines; /* of JSONL: no object, no "text", no JSON in UTF-8, longer than 64 MiB */
    int64_t damaged;   /* packed files that end early or are broken; what came before is kept */
    int64_t troubles;  /* bad lines and damaged files; the first few are kept */
    vsh_trouble trouble[VSH_TROUBLES_KEPT];
} vsh_reading;

typedef struct vsh_document_reader vsh_document_reader;

/* The reader lies in the arena; what it needs to read is given back when it is closed. */
vsh_status vsh_document_reader_open(vsh_arena *arena, const vsh_sources *sources, int64_t span,
                                    vsh_document_reader **reader, vsh_error *err);
/* The next document, whose text stays until the next call; text NULL at the end. VSH_EMACHINE when
 * reading fails. */
vsh_status vsh_document_reader_next(vsh_document_reader *reader, vsh_document *document,
                                    vsh_error *err);
const vsh_reading *vsh_document_reader_so_far(const vsh_document_reader *reader);
/* The file of the document that was given last. */
const char *vsh_document_reader_path(const vsh_document_reader *reader);
void vsh_document_reader_close(vsh_document_reader *reader);

#endif
